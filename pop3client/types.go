package pop3client

// State is a session's state (RFC 1939, section 3).
type State int

const (
	// StateAuthorization is from the greeting to a successful login.
	StateAuthorization State = iota
	// StateTransaction is from the login to QUIT.
	StateTransaction
	// StateUpdate is after a QUIT in the transaction state was sent and until it is answered.
	StateUpdate
	// StateClosed is after QUIT's answer, Close, or a fault.
	StateClosed
)

// String names the state.
func (s State) String() string {
	switch s {
	case StateAuthorization:
		return "authorization"
	case StateTransaction:
		return "transaction"
	case StateUpdate:
		return "update"
	}
	return "closed"
}

// MaildropStat is STAT's answer (RFC 1939, section 5).
type MaildropStat struct {
	// Messages is how many there are, those marked deleted in this session not counted.
	Messages int
	// Octets is the maildrop's size as the server counts it; not to be relied on.
	Octets int64
}

// ListEntry is one line of LIST (RFC 1939, section 5).
type ListEntry struct {
	// Number is the message's number in this session, 1 or more.
	Number int
	// Octets is the size as the server counts it. Servers count differently and some guess, so it
	// is good for showing and for estimating only. It is -1 where no number stands there.
	Octets int64
}

// Listing is LIST's answer, in the server's order. Numbers may have gaps.
type Listing struct {
	// Entries has one for each number. Where a number was listed twice the first counts.
	Entries []ListEntry
	// Odd are the first lines, up to MaxOddLines, that are not as RFC 1939 has them.
	Odd []OddLine
	// OddLines counts all of them.
	OddLines int
	// Extra counts those others that hold more words or spaces than RFC 1939 has.
	Extra int
}

// UidlEntry is one line of UIDL (RFC 1939, section 7).
type UidlEntry struct {
	// Number is the message's number in this session, 1 or more.
	Number int
	// UID is as the server gave it, whatever octets it has; see [CheckUID]. It is not safe to print.
	UID string
}

// UIDListing is UIDL's answer, in the server's order. Two messages may bear the same UID: RFC 1939
// allows it, and it is for the caller to see. A number that was listed twice with different UIDs is
// left out and told in Odd.
type UIDListing struct {
	// Entries has at most one for each number.
	Entries []UidlEntry
	// Odd are the first lines, up to MaxOddLines, that are not as RFC 1939 has them.
	Odd []OddLine
	// OddLines counts all of them.
	OddLines int
	// Extra counts those others that hold more words or spaces than RFC 1939 has.
	Extra int
}

// MaxOddLines is how many odd lines a listing keeps.
const MaxOddLines = 16

// OddLine is a line of LIST or UIDL that is not as RFC 1939 has it. It spoils nothing else.
type OddLine struct {
	// Number is the message's number, 0 where none could be read.
	Number int
	// Line is the server's line, shortened; it is not safe to print.
	Line string
	// Problem says what is wrong with it.
	Problem string
}
