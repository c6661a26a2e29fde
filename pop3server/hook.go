package pop3server

import (
	"io"
	"strings"
	"sync/atomic"
	"time"
)

// A Kind says what an [Event] is about.
type Kind int

// The kinds of events.
const (
	// Greeting: a connection stands and the greeting is due.
	Greeting Kind = iota
	// Command: a command line came. Lines within AUTH are not commands.
	Command
	// Drop: the connection ended in the TRANSACTION state without QUIT.
	Drop
)

// An Event is one occasion to misbehave.
type Event struct {
	Kind Kind // greeting, command or drop
	// Session counts the server's connections, from 1.
	Session int
	// Verb is a command's keyword in upper case, Arg what followed it.
	Verb, Arg string
	// Count says how often this session has sent this verb, now included.
	Count int
	// Pipelined: the client sent it before it could have the answer to what
	// went before.
	Pipelined bool
	// TLS: the connection is encrypted.
	TLS bool
	// User is who is logged in, empty before.
	User string
}

// An End says how a connection is ended.
type End int

// The ways in which a connection ends.
const (
	// GoOn does not end it.
	GoOn End = iota
	// Close ends it in good order: close_notify if there is TLS, then FIN.
	Close
	// Truncate sends FIN without TLS's close_notify.
	Truncate
	// Reset sends RST.
	Reset
	// Hang leaves it open and says nothing more until the client leaves or the
	// server is closed.
	Hang
)

// An Action is what a [Hook] wants done at an event; the zero value changes
// nothing. In the order of the fields: the session waits, carries out the
// command or skips it, sends an answer through the filter, and ends or goes on.
type Action struct {
	// Wait goes before everything else.
	Wait time.Duration
	// Skip leaves the command undone.
	Skip bool
	// Answer, if not nil, is sent in place of the command's own answer, octet
	// by octet as it is. It may be endless.
	Answer io.Reader
	// Filter stands between the answer and the connection. A filter with a
	// Close method has it called at the answer's end, unless it is lasting.
	Filter func(Output) io.Writer
	// Lasting keeps Filter in place for the rest of the session.
	Lasting bool
	// Swallow throws away the commands that have come in behind this one.
	Swallow bool
	// Commit, at a [Drop], removes the messages marked deleted, against RFC
	// 1939 and as some servers do.
	Commit bool
	// Then ends the connection.
	Then End
}

// An Output is where a filter writes.
type Output interface {
	io.Writer
	// Flush sends what is buffered.
	Flush() error
	// Pause sends what is buffered and waits; it gives an error at once when
	// the server closes.
	Pause(time.Duration) error
	// End sends what is buffered. A filter that returns End's error ends the
	// connection in this way.
	End(End) error
}

// A Hook looks at an event and says what to do. It is called from the sessions'
// own goroutines, and must be safe for concurrent use; it may block.
type Hook func(*Event) Action

// with joins two actions at one event: waits add up, filters stand in line,
// for the rest the later one counts where it says something.
func (a Action) with(b Action) Action {
	a.Wait += b.Wait
	a.Skip = a.Skip || b.Skip
	a.Swallow = a.Swallow || b.Swallow
	a.Commit = a.Commit || b.Commit
	if b.Answer != nil {
		a.Answer = b.Answer
	}
	if b.Then != GoOn {
		a.Then = b.Then
	}
	return a
}

// A Match picks events.
type Match func(*Event) bool

// On matches a command by its verb, or by its verb and the first words of its
// argument: "RETR", "RETR 2", "AUTH PLAIN". "" matches the greeting, "*" every
// command.
func On(command string) Match {
	verb, arg, _ := strings.Cut(command, " ")
	verb = strings.ToUpper(verb)
	return func(e *Event) bool {
		switch {
		case verb == "":
			return e.Kind == Greeting
		case e.Kind != Command:
			return false
		case verb == "*":
			return true
		case e.Verb != verb:
			return false
		}
		rest, ok := strings.CutPrefix(e.Arg, arg)
		return ok && (arg == "" || rest == "" || rest[0] == ' ')
	}
}

// Nth matches only the kth event that m matches, over all sessions.
func (m Match) Nth(k int) Match {
	var seen atomic.Int64
	return func(e *Event) bool { return m(e) && seen.Add(1) == int64(k) }
}

// From matches the kth event that m matches and all that follow.
func (m Match) From(k int) Match {
	var seen atomic.Int64
	return func(e *Event) bool { return m(e) && seen.Add(1) >= int64(k) }
}

// InSession matches only in the server's nth connection.
func (m Match) InSession(n int) Match {
	return func(e *Event) bool { return e.Session == n && m(e) }
}

// Do is the hook that takes the action that do makes at each event that m
// matches.
func (m Match) Do(do func(*Event) Action) Hook {
	return func(e *Event) Action {
		if !m(e) {
			return Action{}
		}
		return do(e)
	}
}

// InSession confines a hook to the server's nth connection.
func InSession(n int, h Hook) Hook {
	return func(e *Event) Action {
		if e.Session != n {
			return Action{}
		}
		return h(e)
	}
}
