package cli

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/pflag"

	"popmark/account"
	"popmark/commit"
	"popmark/delivery"
	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
	"popmark/ui"
)

// screenOptions are those of the screen alone.
type screenOptions struct {
	release bool
	idle    time.Duration
}

// idleRelease is after how long without use the screen lets the mailbox's lock go.
const idleRelease = time.Minute

func (o *screenOptions) register(f *pflag.FlagSet) {
	f.BoolVar(&o.release, "release", false, "leave the mailbox free for others as soon as nothing is asked of it")
	f.DurationVar(&o.idle, "idle-release", idleRelease, "leave it free after so long without a key that needs it; 0s: never")
}

func (o *screenOptions) check() error {
	if o.idle < 0 {
		return &usageError{"reading --idle-release", "it is negative", "write a duration such as 90s, or 0s to hold the mailbox until you leave"}
	}
	return nil
}

// screen opens the triage screen on a mailbox.
func (a *app) screen(ctx context.Context, target string, o *targetOptions, to *destinationOptions, keep *binOptions, how *screenOptions) error {
	target, err := o.configure(a, target)
	if err != nil {
		return err
	}
	if err := how.check(); err != nil {
		return err
	}
	keys, err := readKeys()
	if err != nil {
		return err
	}
	bin, err := keep.parse(&o.state)
	if err != nil {
		return err
	}
	dest, order, err := to.parse()
	if err != nil {
		return errors.Join(err, closeBin(bin))
	}
	feed := ui.NewFeed()
	warn := func(w string) { feed.Event(mailbox.WarningEvent{Text: message.MakeSafe(w)}) }
	delivery.Tell(dest, warn)
	o.state.noteIn(dest)
	b, err := a.prepare(target, o, uses{
		journal:  true,
		shows:    true,
		guess:    mailbox.GuessFirst,
		idle:     how.idle,
		release:  how.release,
		notify:   feed.Event,
		dialogue: func(s string) { feed.Line(message.MakeSafe(s)) },
		waiting:  func(w account.Wait) { feed.Waiting(w.Err, w.Pause) },
	})
	if err != nil {
		return errors.Join(err, dest.Close(), closeBin(bin))
	}
	if b.ledger != nil {
		// Standard error is not to be written on while the screen has the terminal.
		b.ledger.Tell(warn)
	}
	var keepDeleted int64
	if bin != nil {
		keepDeleted = bin.MaxOctets
	}
	a.emptyBin(ctx, bin, b.ledger)
	err = a.runScreen(ctx, b, ui.Config{
		Mailbox: b.box, Feed: feed,
		Commit: func(ctx context.Context, plan triage.Plan) ui.CommitRun {
			return commit.Start(ctx, b.box, plan, commit.Options{
				Destination: dest, Ledger: b.ledger, Account: b.account.Target().Key(),
				Checkpoint: to.checkpoint, Retries: o.retries, Bin: bin, Lines: feed.Shown,
				Turn: func(ctx context.Context) (func(), error) {
					return b.ledger.Turn(ctx, b.account.Target().Key(), 0, func() { warn(turnWait) })
				},
			})
		},
		Title: string(message.MakeSafe(b.name())), Account: b.account.Target().Key(), Ledger: b.ledger,
		Destination: dest.String(), Order: order, Checkpoint: to.checkpoint, Decoder: b.decoder,
		KeepDeleted: keepDeleted, Keys: keys,
	})
	return errors.Join(err, b.close(), dest.Close(), closeBin(bin))
}

// runScreen asks for the password first, where it has to be typed: the screen has the
// terminal afterwards.
func (a *app) runScreen(ctx context.Context, b *opened, config ui.Config) error {
	if err := ui.Supported(); err != nil {
		return &statusError{exitUsage, err}
	}
	if _, err := b.account.Password(ctx); err != nil {
		return err
	}
	// The screen sees to signals itself, so that the terminal is left as it was found.
	a.releaseSignals()
	result, err := ui.Run(context.WithoutCancel(ctx), config)
	if err != nil {
		return err
	}
	if signal, ok := errors.AsType[*ui.SignalError](result.Signal); ok {
		return &quietError{&signalError{signal.Signal}}
	}
	return result.Err
}
