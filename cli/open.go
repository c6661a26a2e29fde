package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"popmark/account"
	"popmark/ledger"
	"popmark/mailbox"
	"popmark/message"
)

// opened is a mailbox and what stands around it for the length of one command.
type opened struct {
	account  *account.Account
	wait     time.Duration // for how long a server that asks to come back is asked again
	retries  int           // how often a broken line is taken up again
	sessions int           // that were begun
	anew     bool          // what earlier runs know of the server's offer does not count
	box      *mailbox.Mailbox
	ledger   *ledger.Ledger // nil where nothing is kept and no journal needed
	last     func() error   // left to app.last, with closing the ledger
	decoder  message.Decoder
	warn     func(message.Safe)

	transcript *transcript // nil where there is none
}

// uses is what a command wants of a mailbox besides its list; each may be zero.
type uses struct {
	guess   mailbox.Guess // whose headers are wanted with the list
	shows   bool          // the whole list is shown as soon as it is there
	journal bool          // it needs a ledger even where nothing is kept on disk
	soon    bool          // a new ledger may be made afterwards
	idle    time.Duration // after how long without use the mailbox's lock is let go; 0 is never
	judges  bool          // a query asks for headers: that there are none is then told as its error
	release bool          // it is let go as soon as nothing is asked
	anew    bool          // what the server offers is asked, not remembered

	// Told what happens while the mailbox is used.
	notify   func(mailbox.Event)
	dialogue func(string)
	waiting  func(account.Wait)
}

// prepare makes everything ready to connect: the TARGET and the options are checked,
// the ledger and the transcript are open. Nothing is connected yet.
func (a *app) prepare(target string, o *targetOptions, want uses) (*opened, error) {
	t, err := account.ParseTarget(target)
	if err != nil {
		return nil, err
	}
	settings, err := o.settings(a.streams)
	if err != nil {
		return nil, err
	}
	settings.Dialogue, settings.Waiting = want.dialogue, want.waiting
	if settings.Waiting == nil {
		settings.Waiting = func(w account.Wait) {
			a.warn(message.MakeSafe(fmt.Sprintf("%v: trying again in %v", w.Err, w.Pause.Round(time.Second))))
		}
	}
	b := &opened{decoder: message.Decoder{DefaultCharset: o.charset}, warn: a.warn, wait: o.wait, anew: want.anew}
	if !want.anew {
		b.retries = o.retries
	}
	if o.transcript != "" {
		b.transcript = new(transcript)
		settings.Transcript = b.transcript
	}
	if b.account, err = account.New(t, settings); err != nil {
		return nil, err
	}
	// Only now: a mistake in an option leaves no file behind.
	if err := b.transcript.open(o.transcript); err != nil {
		return nil, err
	}
	if want.journal || !o.state.none {
		open := a.openLedger
		if want.soon {
			open = a.beginLedger
		}
		if b.ledger, err = open(&o.state); err != nil {
			return nil, errors.Join(err, b.close())
		}
	}
	notify := want.notify
	if notify == nil {
		notify = func(e mailbox.Event) {
			// Minor ones are left to the check command: a script that lists its mailbox every hour need not hear
			// every hour what its server is like.
			if w, ok := e.(mailbox.WarningEvent); ok && !w.Minor && !(w.NoTOP && want.judges) {
				a.warn(w.Text)
			}
		}
	}
	retries := o.retries
	if retries == 0 {
		retries = -1 // mailbox takes 0 for its default
	}
	b.box = mailbox.New(mailbox.Config{
		Account: t.Key(),
		Connect: b.connect,
		Ledger:  b.ledger,
		Decoder: b.decoder,
		Notify:  notify,
		Retries: retries,

		IdleRelease: want.idle,
		Release:     want.release,
		Shows:       want.shows,
		Guess:       want.guess,
	})
	return b, nil
}

func (b *opened) connect(ctx context.Context, hints mailbox.Hints) (mailbox.Connection, error) {
	if b.anew {
		hints.Capabilities = nil
	}
	b.sessions++
	client, login, err := b.account.Connect(ctx, account.Hints(hints))
	return mailbox.Connection{
		Client: client, Mechanism: login.Mechanism, Capabilities: login.Capabilities, STLS: login.STLS,
	}, err
}

func (b *opened) name() string { return b.account.Target().Name() }

// The pauses before a mailbox that could not be listed is opened anew.
const (
	firstPause = time.Second
	maxPause   = time.Minute
)

// open lists the mailbox. Behind a login that went well the server may still ask to come back, which is waited for as before it,
// and the line may break, which is taken up again: so many sessions are opened at the most as retries says, and one.
func (b *opened) open(ctx context.Context) (*mailbox.List, error) {
	deadline := time.Now().Add(b.wait)
	var cause error // that the line broke
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		err := b.box.Open(ctx)
		if err == nil {
			return b.box.List(), nil
		}
		// An account's error is of connecting or of the login, where it was waited for already.
		_, before := errors.AsType[*account.Error](err)
		class, left := mailbox.ClassOf(err), time.Until(deadline)
		broke := !before && class == mailbox.Unavailable && mailbox.IsCut(err)
		if broke {
			cause = err
		}
		// The server may hold the lock of the session that broke off a little longer.
		held := before && cause != nil && b.wait == 0 && mailbox.IsLocked(err)
		switch {
		case class == mailbox.TryLater && !before && left > 0:
			pause = min(pause, left)
			b.warn(message.MakeSafe(fmt.Sprintf("opening the mailbox of %s: %v: trying again in %v", b.name(), err, pause.Round(time.Second))))
		case (broke || held) && b.sessions <= b.retries:
			b.warn(message.MakeSafe(fmt.Sprintf("opening the mailbox of %s: %v: taking it up again", b.name(), err)))
		case held, cause != nil && errors.Is(err, syscall.ECONNREFUSED):
			return nil, b.fault("opening", cause)
		default:
			return nil, b.fault("opening", err)
		}
		if err := sleep(ctx, pause); err != nil {
			return nil, b.fault("opening", err)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// finish ends the session with QUIT and nothing deleted, and closes everything; err is
// how the command ended until here.
func (b *opened) finish(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, errReaderGone) {
		switch released := b.box.Release(ctx); {
		case released == nil || err != nil || b.last != nil && ctx.Err() != nil:
		case ctx.Err() == nil && (b.last != nil || mailbox.ClassOf(released) != mailbox.Protocol):
			// Nothing depends on this QUIT. Where its answer is none, those before it may be others' as well.
			b.warn(message.MakeSafe(fmt.Sprintf("leaving the mailbox of %s: %v: everything was done all the same", b.name(), released)))
		default:
			err = b.fault("leaving", released)
		}
		if b.ledger != nil && err == nil {
			err = ledgerFault(b.ledger.Ready(ctx)) // what was shown did not wait for it
		}
	}
	return errors.Join(err, b.close())
}

func (b *opened) close() error {
	var errs []error
	if b.box != nil {
		errs = append(errs, b.box.Close())
	}
	switch {
	case b.last != nil:
		// So that nothing that takes long is left for then, which would try it again.
		_ = b.ledger.Checkpoint(context.Background())
	case b.ledger != nil:
		errs = append(errs, b.ledger.Close())
	}
	if err := b.transcript.lost(); err != nil {
		b.warn(message.MakeSafe(fmt.Sprintf("writing --transcript: %v: some of the dialogue is missing in it", err)))
	}
	return errors.Join(append(errs, b.transcript.close())...)
}

// fault adds to an error of the line or the server what was being done and what can be
// done about it.
func (b *opened) fault(doing string, err error) error {
	what := fmt.Sprintf("%s the mailbox of %s: %v", doing, b.name(), err)
	if own, ok := errors.AsType[*account.Error](err); ok {
		if own.Next != "" {
			return err // it says both
		}
		what = err.Error()
	}
	class := mailbox.ClassOf(err)
	next := map[mailbox.Class]string{
		mailbox.Refused:     "see that the user name and the password are right, and that POP3 is switched on for the mailbox; one login was tried",
		mailbox.TryLater:    "try again in some minutes, or let --wait 10m do so",
		mailbox.Permanent:   "the server has to be asked why; see its dialogue with --transcript FILE",
		mailbox.Unavailable: b.account.Unreachable() + ", then run the same command again",
		mailbox.Protocol:    "see the dialogue with --transcript FILE",
	}[class]
	if class == mailbox.TryLater && b.wait > 0 {
		next = "try again later"
	}
	if account.TunnelEnded(err) {
		next = "see that the command of --tunnel works by itself, then run the same command again"
	}
	if next == "" {
		next = "see the dialogue with --transcript FILE"
	}
	told := &toldError{strings.TrimSuffix(what, ".") + ": " + next, err}
	if class == mailbox.Other {
		return &statusError{exitUnavailable, told}
	}
	return told
}

// toldError is an error with the words to tell it in.
type toldError struct {
	text string
	err  error
}

func (e *toldError) Error() string { return e.text }
func (e *toldError) Unwrap() error { return e.err }
