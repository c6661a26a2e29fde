package pop3client

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Errors to be asked for with errors.Is.
var (
	// ErrClosed is given by whatever is waited for after Close.
	ErrClosed = errors.New("the connection is closed")
	// ErrBodyDiscarded is given by the handle and the reader of a RETR or TOP whose text was thrown
	// away, because an answer behind it was waited for first.
	ErrBodyDiscarded = errors.New("the message's text was discarded: a later answer was asked for first")
	// ErrInjection means that octets stood behind STLS's +OK before the TLS handshake: somebody on
	// the way put words into the server's mouth. The connection is closed.
	ErrInjection = errors.New("octets stood in clear behind the answer to STLS")
	// ErrPlaintextRefused means that a password was about to go over a line that is not encrypted.
	// Nothing was sent.
	ErrPlaintextRefused = errors.New("the connection is not encrypted and the server's address is not loopback")
	// ErrNoMechanism means that client and server share no way to log in. No password was refused.
	ErrNoMechanism = errors.New("no login mechanism in common")
	// ErrPipeliningBroken means that the server says PIPELINING in CAPA and stalled on, garbled or
	// lost commands that were sent together. It comes as a [*PipeliningError].
	ErrPipeliningBroken = errors.New("the server does not stand the pipelining it advertises")
	// ErrAmbiguousEnd means that a text has what may be its end or a line of its own, while other answers
	// were to follow: only asked alone it shows which. It comes in a [*PipeliningError].
	ErrAmbiguousEnd = errors.New("where the text ends cannot be told")
	// ErrServerUnverified means that a SCRAM login was answered +OK by a server which did not prove
	// that it knows the password. The connection is closed.
	ErrServerUnverified = errors.New("the server did not prove that it knows the password")
	// ErrNoTLS means that STLS makes no sense, since the connection is encrypted already. Nothing was sent.
	ErrNoTLS = errors.New("STLS cannot be used")
)

// ServerError is a -ERR. Its Text is the server's and not safe to print on a terminal: callers
// make it safe first.
type ServerError struct {
	// Command is what was refused, without secrets: "RETR 3", "PASS", "AUTH PLAIN"; "" for the
	// greeting. An -ERR that nobody asked for is a [*CutError].
	Command string
	// Code is the response code in capitals, without brackets: "AUTH", "IN-USE", "LOGIN-DELAY",
	// "SYS/TEMP", "SYS/PERM", "UTF8" (RFC 2449, 3206, 6856) or another; "" where there is none.
	Code string
	// Text is everything behind -ERR, code included: UTF-8 as it came, other octets read as
	// GB 18030 where they can be. Secrets that the server repeated are ***.
	Text string
	// Detail is what the server told in a SASL challenge before it refused: the JSON of
	// XOAUTH2 and OAUTHBEARER (RFC 7628, section 3.2.2), decoded. "" elsewhere.
	Detail string

	heard   *heard // nil where Text is as the server wrote it
	unbound bool   // the server does not know the kind of channel binding: no password was judged
}

func (e *ServerError) Error() string {
	if e.Command == "" {
		return "the server refused the session: " + e.words()
	}
	return e.Command + " was refused: " + e.words()
}

func (e *ServerError) words() string {
	text := e.Text
	if text == "" {
		text = "-ERR, without a reason"
	}
	if e.Detail != "" {
		text += " (" + e.Detail + ")"
	}
	return text
}

// ProtocolError is an answer that is not POP3.
type ProtocolError struct {
	// Command is what had been asked, "" for the greeting.
	Command string
	// Problem says what is wrong with the answer.
	Problem string
	// Line is the answer's line, shortened; it is the server's and not safe to print. It may be "".
	Line string
}

func (e *ProtocolError) Error() string {
	s := "the server broke the protocol"
	if e.Command != "" {
		s += " in its answer to " + e.Command
	} else {
		s += " in its greeting"
	}
	s += ": " + e.Problem
	if e.Line != "" {
		s += fmt.Sprintf(": %q", e.Line)
	}
	return s
}

// LimitError means that the server sent more than a [Limits] field allows. The connection is closed.
type LimitError struct {
	// Limit is the field's name, such as "ListEntries".
	Limit string
	// Max is the limit's value.
	Max int64
	// Command is what had been asked, "" for the greeting.
	Command string
}

func (e *LimitError) Error() string {
	of := "the greeting"
	if e.Command != "" {
		of = "the answer to " + e.Command
	}
	return fmt.Sprintf("%s passes the limit %s of %d", of, e.Limit, e.Max)
}

// StateError means that a command does not belong in the session's state (RFC 1939, section 3), or
// that its argument cannot be sent. Nothing was sent.
type StateError struct {
	// Command is what was not sent, without secrets.
	Command string
	// State is the state that the session was in.
	State State
	// Problem is set where the state alone does not explain it.
	Problem string
}

func (e *StateError) Error() string {
	if e.Problem != "" {
		return e.Command + " was not sent: " + e.Problem
	}
	return fmt.Sprintf("%s was not sent: it does not belong in the %s state", e.Command, e.State)
}

// TimeoutError means that one of the limits in [Options] passed. The connection is closed.
// It is a [net.Error] whose Timeout is true, and errors.Is finds os.ErrDeadlineExceeded in it. Where
// the caller's own context ended there is no TimeoutError, but that context's error.
type TimeoutError struct {
	// Command is what had been asked, "" for the greeting.
	Command string
	// Step is what took too long as a whole: "connecting", "the TLS handshake" or "the login"; ""
	// where one answer did not come.
	Step string
	// After is the limit that passed.
	After time.Duration
	// Err is what the network said, nil for mere silence.
	Err error
}

func (e *TimeoutError) Error() string {
	switch {
	case e.Step != "":
		return fmt.Sprintf("%s took longer than %s", e.Step, e.After)
	case e.Command != "":
		return fmt.Sprintf("no answer to %s within %s", e.Command, e.After)
	}
	return fmt.Sprintf("no greeting within %s", e.After)
}

func (e *TimeoutError) Unwrap() []error {
	if e.Err == nil {
		return []error{os.ErrDeadlineExceeded}
	}
	return []error{os.ErrDeadlineExceeded, e.Err}
}

// Timeout is true.
func (e *TimeoutError) Timeout() bool { return true }

// Temporary is false: the connection is gone.
func (e *TimeoutError) Temporary() bool { return false }

// CutError means that the connection ended before an answer was whole. errors.Is finds
// io.ErrUnexpectedEOF in it, whether the end was a FIN, a reset or a TLS stream with or without
// close_notify, and the network's own error where there is one. It never finds io.EOF, which would
// make a cut text look like a whole one.
type CutError struct {
	// Command is what had been asked, "" for the greeting.
	Command string
	// Last is the -ERR, answering nothing, with which the server ended the session; nil where it went
	// without a word. As it refuses no command errors.As does not find it.
	Last *ServerError
	// Err is the network's error, nil for a mere end.
	Err error
}

func (e *CutError) Error() string {
	if e.Last != nil {
		return "the server ended the session: " + e.Last.words()
	}
	of := "the greeting"
	if e.Command != "" {
		of = "the answer to " + e.Command
	}
	s := "the connection was cut before " + of + " was complete"
	if e.Err != nil && !errors.Is(e.Err, io.ErrUnexpectedEOF) {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *CutError) Unwrap() []error {
	if e.Err == nil {
		return []error{io.ErrUnexpectedEOF}
	}
	return []error{io.ErrUnexpectedEOF, e.Err}
}

// PipeliningFault is how a server failed at pipelining.
type PipeliningFault int

const (
	// PipeliningStall means that it fell silent with commands unanswered.
	PipeliningStall PipeliningFault = iota
	// PipeliningGarble means that its answers are not what was asked for.
	PipeliningGarble
	// PipeliningCut means that it dropped the connection. This may be chance, so it should not be remembered
	// for the account the first time.
	PipeliningCut
)

// String says what the server did, as in "stalled".
func (f PipeliningFault) String() string {
	switch f {
	case PipeliningStall:
		return "stalled"
	case PipeliningGarble:
		return "garbled its answers"
	}
	return "closed the connection"
}

// PipeliningError is the fault that ended a connection on which several commands were under way
// and on which pipelining had not been seen to work before (see [Client.PipeliningTrusted]).
// errors.Is finds [ErrPipeliningBroken] in it and, through Err, whatever else applies.
// The way on is to dial again with Options.Pipelining set to PipeliningNever.
type PipeliningError struct {
	// Fault is how the server failed.
	Fault PipeliningFault
	// Err is the fault itself, as it would have come without pipelining: a [*TimeoutError], a
	// [*ProtocolError] or a [*CutError].
	Err error
}

func (e *PipeliningError) Error() string {
	return fmt.Sprintf("the server advertises PIPELINING and %s: %v", e.Fault, e.Err)
}

func (e *PipeliningError) Unwrap() []error { return []error{ErrPipeliningBroken, e.Err} }
