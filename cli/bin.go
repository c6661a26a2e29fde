package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"popmark/commit"
	"popmark/delivery"
	"popmark/ledger"
	"popmark/message"
	"popmark/triage"
)

// binOptions say what is kept of messages that are deleted without being fetched.
type binOptions struct {
	size string // of the largest message that is kept; "" keeps none
	age  string // how long copies stay
}

func (o *binOptions) register(f *pflag.FlagSet) {
	f.StringVar(&o.size, "keep-deleted", "", "before its DELE keep a copy of each message up to SIZE, such as 1M, for popmark history restore (default: none)")
	f.StringVar(&o.age, "keep-deleted-for", "30d", "throw these copies away after such an age: 12h, 30d, 2w")
}

// parse gives the bin, nil where nothing is kept. Nothing is made on the disk yet.
func (o *binOptions) parse(state *stateOptions) (*commit.Bin, error) {
	if o.size == "" {
		return nil, nil
	}
	octets, ok := triage.ParseOctets(o.size)
	if !ok {
		return nil, &usageError{"reading --keep-deleted", fmt.Sprintf("%q is no size", o.size), "write one such as 100k or 1M"}
	}
	age, ok := parseAge(o.age)
	if !ok {
		return nil, &usageError{"reading --keep-deleted-for", fmt.Sprintf("%q is no age", o.age), "write one such as 12h, 30d or 2w"}
	}
	if octets == 0 {
		return nil, nil
	}
	if state.none {
		return nil, &usageError{"reading --keep-deleted", "--no-state forgets where the copies are", "leave one of them out, or write --keep-deleted 0"}
	}
	path, err := dataFolder("bin")
	if err != nil {
		return nil, err
	}
	return commit.NewBin(path, octets, age), nil
}

// parseAge reads a time above zero in hours, days or weeks.
func parseAge(s string) (time.Duration, bool) {
	if len(s) < 2 {
		return 0, false
	}
	unit, ok := map[byte]time.Duration{'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}[s[len(s)-1]]
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 32)
	if !ok || err != nil || n == 0 || n > 10_000 {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// emptyBin throws away what was kept for long enough. That it can't is no reason not to go on.
func (a *app) emptyBin(ctx context.Context, bin *commit.Bin, l *ledger.Ledger) {
	if bin == nil {
		return
	}
	if _, err := bin.Empty(ctx, l, time.Now()); err != nil && ctx.Err() == nil {
		a.warn(message.MakeSafe(err.Error()))
	}
}

// closeBin is for nil too.
func closeBin(bin *commit.Bin) error {
	if bin == nil {
		return nil
	}
	return bin.Destination.Close()
}

// restore puts the copy of a deleted message into the destination.
func (a *app) restore(ctx context.Context, l *ledger.Ledger, id string, to *destinationOptions, state *stateOptions, asJSON bool) error {
	dest, err := to.destination()
	if err != nil {
		return err
	}
	delivery.Tell(dest, func(w string) { a.warn(message.MakeSafe(w)) })
	state.noteIn(dest)
	receipt, err := commit.Restore(ctx, l, id, dest)
	if err := errors.Join(restoreError(err), dest.Close()); err != nil {
		return err
	}
	if asJSON {
		var o object
		o.begin()
		o.text("event", "restored")
		o.text("id", message.MakeSafe(id))
		o.int("octets", receipt.Octets)
		o.exact("path", receipt.Path)
		_, err = a.out.Write(o.end())
		return err
	}
	where := dest.String()
	if receipt.Path != "" {
		where = receipt.Path
	}
	_, err = fmt.Fprintf(a.out, "%s: restored, %s → %s\n", message.MakeSafe(id), size(receipt.Octets), message.MakeSafe(where))
	return err
}

func restoreError(err error) error {
	switch {
	case errors.Is(err, ledger.ErrNoEntry):
		return &statusError{exitUsage, fmt.Errorf("restoring: %w", err)}
	case errors.Is(err, commit.ErrNotDeleted):
		return &statusError{exitUsage, err}
	case errors.Is(err, commit.ErrNoCopy):
		return &statusError{exitUsage, fmt.Errorf("%w: \"popmark history\" shows of which messages there is a copy", err)}
	}
	return err
}
