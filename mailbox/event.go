package mailbox

import "popmark/message"

// State says how a Mailbox stands towards its server.
type State int

// The states. Only Open and Opening may hold the maildrop's lock.
const (
	Closed   State = iota // never opened, or closed for good
	Opening               // connecting and logging in
	Open                  // a session is open: the maildrop is locked by it
	Released              // let go with nothing deleted; opens again by itself
	Lost                  // the connection broke, or a session could not be opened
)

// String names the state.
func (s State) String() string {
	switch s {
	case Opening:
		return "opening"
	case Open:
		return "open"
	case Released:
		return "released"
	case Lost:
		return "lost"
	default:
		return "closed"
	}
}

// Event is something that happened to a Mailbox: one of the types below.
type Event interface{ mailboxEvent() }

type (
	// ListEvent is a new list, after a session was opened. IDs that it lacks are gone.
	ListEvent struct{ List *List }
	// HeadersEvent is a batch of headers from the background scan, at most some ten a second.
	HeadersEvent struct{ Headers []Header }
	// StateEvent is a change of state; Err says why it is Lost.
	StateEvent struct {
		State State
		Err   error
	}
	// WarningEvent is something odd about the server that does not stop the work. A minor one takes
	// nothing from what was asked for: it is for who looks at the server itself.
	WarningEvent struct {
		Text  message.Safe
		Minor bool
		NoTOP bool // it is [ErrNoTOP]
	}
	// ScanDoneEvent says that the background scan has asked for every header.
	ScanDoneEvent struct{}
)

func (ListEvent) mailboxEvent()     {}
func (HeadersEvent) mailboxEvent()  {}
func (StateEvent) mailboxEvent()    {}
func (WarningEvent) mailboxEvent()  {}
func (ScanDoneEvent) mailboxEvent() {}
