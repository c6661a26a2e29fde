package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"popmark/delivery"
	"popmark/triage"
)

// destinationOptions say where fetched mail goes and in which order a plan is carried out.
type destinationOptions struct {
	to         []string
	order      string
	checkpoint int
}

func (o *destinationOptions) register(f *pflag.FlagSet) {
	o.registerTo(f)
	f.StringVar(&o.order, "order", triage.AsReceived.String(), "let each DELE follow its own RETR (as-received), or all of them the last (at-end)")
	f.IntVar(&o.checkpoint, "checkpoint", 0, "QUIT and come back after every N deletions")
}

func (o *destinationOptions) registerTo(f *pflag.FlagSet) {
	f.StringArrayVar(&o.to, "to", nil, "where fetched mail goes: maildir:PATH, mbox:PATH, eml:DIR or pipe:COMMAND (default: popmark/Maildir in the XDG data folder)")
}

// parse checks the options; nothing is made on the disk yet.
func (o *destinationOptions) parse() (delivery.Destination, triage.Order, error) {
	order, err := triage.ParseOrder(o.order)
	if err != nil {
		return nil, 0, &statusError{exitUsage, errors.New("reading --order: " + err.Error())}
	}
	if o.checkpoint < 0 {
		return nil, 0, &usageError{"reading --checkpoint", "it is negative", "write a number from 0 up"}
	}
	dest, err := o.destination()
	return dest, order, err
}

// destination is where mail goes; nothing is made on the disk yet.
func (o *destinationOptions) destination() (delivery.Destination, error) {
	if len(o.to) == 0 {
		path, err := dataFolder("Maildir")
		if err != nil {
			return nil, err
		}
		return delivery.NewMaildir(delivery.OS(), path), nil
	}
	all := make([]delivery.Destination, len(o.to))
	for i, s := range o.to {
		var err error
		if all[i], err = delivery.Parse(s); err != nil {
			return nil, &statusError{exitUsage, errors.New("reading --to: " + err.Error())}
		}
		if bin, err := dataFolder("bin"); err == nil && all[i].String() == "maildir:"+bin {
			return nil, &usageError{"reading --to", fmt.Sprintf("%q is the bin, which is emptied", s), "name another folder"}
		}
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return delivery.Multi(all...), nil
}

// dataFolder is a folder of popmark's in the XDG data folder.
func dataFolder(name string) (string, error) {
	data := os.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(data) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", &statusError{exitCantCreate, errors.New("finding the data folder: " + err.Error() + ": set XDG_DATA_HOME, or say where mail goes with --to")}
		}
		data = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(data, "popmark", name), nil
}
