package delivery

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// The classes of errors, one of which every *Error wraps.
var (
	// ErrCannotCreate means that the destination can't be made or written:
	// permissions, a read-only file system, something else of that name.
	// EX_CANTCREAT, 73.
	ErrCannotCreate = errors.New("destination cannot be written")
	// ErrIO means that the disk failed or is full. EX_IOERR, 74.
	ErrIO = errors.New("input/output error")
	// ErrTemporary means that trying again later may help: a lock held by
	// another program, a command that said so. EX_TEMPFAIL, 75.
	ErrTemporary = errors.New("temporary failure")
	// ErrRejected means that a command refused this one message; other
	// messages may well be accepted.
	ErrRejected = errors.New("message rejected")
)

// ErrClosed is what a delivery returns that is used after it ended.
var ErrClosed = errors.New("delivery has ended")

// Error says in one line what was being done, what happened and what to do next.
type Error struct {
	Dest  string // the destination, as Destination.String gives it
	Doing string // "writing the message"
	Class error  // ErrCannotCreate, ErrIO, ErrTemporary or ErrRejected
	Err   error  // what happened
	Next  string // "free some space, then run the same command again"
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s: %s: %v", e.Dest, e.Doing, reason(e.Err))
	if e.Next != "" {
		s += "; " + e.Next
	}
	return s
}

// Unwrap makes errors.Is find both the class and the cause.
func (e *Error) Unwrap() []error { return []error{e.Class, e.Err} }

// ExitStatus is the status of sysexits.h that stands for an error of this package:
// 73, 74 or 75; 0 for nil and 1 for an error that ends one message only or is
// none of this package's.
func ExitStatus(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, ErrCannotCreate):
		return 73
	case errors.Is(err, ErrIO):
		return 74
	case errors.Is(err, ErrTemporary):
		return 75
	default:
		return 1
	}
}

// stop is the end of a context. It is no failure of the destination.
type stop struct{ cause error }

func (s *stop) Error() string { return "interrupted: " + s.cause.Error() }
func (s *stop) Unwrap() error { return s.cause }

// stopped is nil while the context has not ended.
func stopped(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return &stop{err}
	}
	return nil
}

// failed wraps an error of the file system. An *Error and the end of a context
// pass unchanged.
func failed(dest, doing string, err error) error {
	if err == nil {
		return nil
	}
	var done *Error
	var stop *stop
	if errors.As(err, &done) || errors.As(err, &stop) {
		return err
	}
	next, class := classify(err)
	return &Error{Dest: dest, Doing: doing, Class: class, Err: err, Next: next}
}

// reason leaves away the path and the system call's name, which the line has
// already or which help nobody.
func reason(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("%s: %w", pe.Path, pe.Err)
	}
	return err
}

// errNoFile is why a device, a pipe or a socket is no mbox.
var errNoFile = errors.New("it is no regular file")

func classify(err error) (next string, class error) {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "free some space, then run the same command again", ErrIO
	case errors.Is(err, syscall.EROFS):
		return "it is on a read-only file system: choose another place with --to", ErrCannotCreate
	case errors.Is(err, fs.ErrPermission):
		return "change its permissions or choose another place with --to", ErrCannotCreate
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EISDIR), errors.Is(err, fs.ErrExist), errors.Is(err, errNoFile):
		return "something else has that name: choose another place with --to", ErrCannotCreate
	case errors.Is(err, fs.ErrNotExist):
		return "a folder is missing: see whether its disk is mounted, then run the same command again", ErrCannotCreate
	case errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.EILSEQ):
		return "choose another place with --to", ErrCannotCreate
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ENOMEM),
		errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.ESTALE), errors.Is(err, syscall.ETIMEDOUT):
		return "run the same command again later", ErrTemporary
	default:
		return "look after the disk, then run the same command again", ErrIO
	}
}
