package account

import (
	"errors"
	"fmt"

	"popmark/pop3client"
)

// Kind says who has to do something about an error, which is what a program's exit
// status tells.
type Kind uint8

// The kinds of error that this package makes.
const (
	// Wire: an error of the line or of the server, which Err holds, says who.
	Wire Kind = iota
	// Usage: what was typed is wrong: a TARGET, an option's value, two options that
	// exclude each other.
	Usage
	// Configuration: a file, a command or a password that was named or needed is not
	// there or does not work.
	Configuration
	// Unavailable: the server can't be reached or lacks what was asked of it.
	Unavailable
)

// Error is an error of this package: what was being done, what happened, what to do
// next. Texts from a server or a command in it are not made safe for a terminal.
type Error struct {
	Kind  Kind   // who has to do something about it
	Doing string // what was being done: "reading the TARGET"
	Err   error  // what happened
	Next  string // what to do next; may be empty
}

// Error is one line: what was being done, what happened, what to do next.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s: %v", e.Doing, e.Err)
	if e.Next != "" {
		s += ": " + e.Next
	}
	return s
}

// Unwrap is what happened.
func (e *Error) Unwrap() error { return e.Err }

// ErrNoPassword is wrapped by the error of [Account.Password] when no source had one.
var ErrNoPassword = errors.New("no password was found")

// ErrNoSTLS is wrapped by the error of [Account.Connect] when STARTTLS was asked for
// or a certificate was named, and the server does not offer it.
var ErrNoSTLS = errors.New("the server does not offer STLS")

// TunnelEnded says whether an error, of the connection made too, is the end of the command of --tunnel.
func TunnelEnded(err error) bool { return errors.As(err, new(*pop3client.TunnelError)) }

func usageError(doing, next, format string, args ...any) error {
	return &Error{Kind: Usage, Doing: doing, Err: fmt.Errorf(format, args...), Next: next}
}

func configError(doing, next, format string, args ...any) error {
	return &Error{Kind: Configuration, Doing: doing, Err: fmt.Errorf(format, args...), Next: next}
}
