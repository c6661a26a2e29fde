package cli

import (
	"errors"
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
	f.StringArrayVar(&o.to, "to", nil, "where fetched mail goes: maildir:PATH, mbox:PATH, eml:DIR or pipe:COMMAND (default: popmark/Maildir in the XDG data folder)")
	f.StringVar(&o.order, "order", triage.AsReceived.String(), "let each DELE follow its own RETR (as-received), or all of them the last (at-end)")
	f.IntVar(&o.checkpoint, "checkpoint", 0, "QUIT and come back after every N deletions")
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
	if len(o.to) == 0 {
		path, err := defaultMaildir()
		if err != nil {
			return nil, 0, err
		}
		return delivery.NewMaildir(delivery.OS(), path), order, nil
	}
	all := make([]delivery.Destination, len(o.to))
	for i, s := range o.to {
		if all[i], err = delivery.Parse(s); err != nil {
			return nil, 0, &statusError{exitUsage, errors.New("reading --to: " + err.Error())}
		}
	}
	if len(all) == 1 {
		return all[0], order, nil
	}
	return delivery.Multi(all...), order, nil
}

// defaultMaildir is popmark/Maildir in the XDG data folder.
func defaultMaildir() (string, error) {
	data := os.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(data) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", &statusError{exitCantCreate, errors.New("finding the data folder: " + err.Error() + ": say where mail goes with --to")}
		}
		data = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(data, "popmark", "Maildir"), nil
}
