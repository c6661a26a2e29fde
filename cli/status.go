package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"popmark/account"
	"popmark/commit"
	"popmark/delivery"
	"popmark/mailbox"
	"popmark/triage"
)

// The exit statuses: those of sysexits.h where there is one.
const (
	exitOK          = 0
	exitSome        = 1  // some messages failed
	exitUsage       = 64 // EX_USAGE
	exitUnavailable = 69 // EX_UNAVAILABLE
	exitCantCreate  = 73 // EX_CANTCREAT
	exitIO          = 74 // EX_IOERR
	exitTryLater    = 75 // EX_TEMPFAIL
	exitProtocol    = 76 // EX_PROTOCOL
	exitRefused     = 77 // EX_NOPERM
	exitConfig      = 78 // EX_CONFIG
	exitSignal      = 128
)

// usageError is a mistake on the command line.
type usageError struct{ doing, what, next string }

func (e *usageError) Error() string { return e.doing + ": " + e.what + ": " + e.next }

// statusError is an error whose status is known where it is made.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

// signalError is the end of a run by a signal.
type signalError struct{ signal os.Signal }

func (e *signalError) Error() string { return fmt.Sprintf("stopped by a signal (%v)", e.signal) }

// number is the status that a shell would give for a process that the signal ended.
func (e *signalError) number() int {
	if s, ok := e.signal.(syscall.Signal); ok {
		return exitSignal + int(s)
	}
	return exitSignal + int(syscall.SIGTERM)
}

// stoppedBy names the signal in an error that is only the end of the context.
func stoppedBy(ctx context.Context, err error) error {
	var signal *signalError
	if errors.As(context.Cause(ctx), &signal) && !errors.As(err, new(*signalError)) {
		return &stopError{signal: signal, err: err}
	}
	return err
}

// stopError is what a signal made of a run.
type stopError struct {
	signal *signalError
	err    error
}

func (e *stopError) Error() string {
	if errors.Is(e.err, context.Canceled) {
		return e.signal.Error()
	}
	return e.signal.Error() + ": " + e.err.Error()
}

func (e *stopError) Unwrap() error { return e.signal }

// quiet is the end of a run that was meant to be ended by a signal: its status without a word.
func quiet(ctx context.Context) error {
	var signal *signalError
	if errors.As(context.Cause(ctx), &signal) {
		return &quietError{signal}
	}
	return nil
}

type quietError struct{ signal *signalError }

func (e *quietError) Error() string { return e.signal.Error() }
func (e *quietError) Unwrap() error { return e.signal }

// statusOf is the one place where an error becomes an exit status.
func statusOf(err error) int {
	var (
		signal  *signalError
		known   *statusError
		own     *account.Error
		usage   *usageError
		query   *triage.QueryError
		missing *triage.MissingError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &signal):
		return signal.number()
	case errors.As(err, &known):
		return known.status
	case errors.Is(err, commit.ErrUIDLMissing):
		return exitTryLater
	case errors.As(err, &usage), errors.As(err, &query), errors.As(err, &missing):
		return exitUsage
	case errors.As(err, &own) && own.Kind != account.Wire:
		switch own.Kind {
		case account.Usage:
			return exitUsage
		case account.Configuration:
			return exitConfig
		default:
			return exitUnavailable
		}
	}
	if status := delivery.ExitStatus(err); status > exitSome {
		return status
	}
	switch mailbox.ClassOf(err) {
	case mailbox.Refused:
		return exitRefused
	case mailbox.TryLater:
		return exitTryLater
	case mailbox.Permanent, mailbox.Unavailable, mailbox.Cancelled:
		return exitUnavailable
	case mailbox.Protocol:
		return exitProtocol
	case mailbox.Unsafe:
		return exitConfig
	}
	if mailbox.IsRefusal(err) || errors.Is(err, commit.ErrNoUIDL) {
		return exitUnavailable // the server does not do what the run can't do without
	}
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		return exitCantCreate
	}
	return exitIO
}
