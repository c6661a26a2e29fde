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

// MaildropStat is STAT's answer.
type MaildropStat struct {
	Messages int
	// Octets is the maildrop's size as the server counts it; not to be relied on.
	Octets int64
}

// ListEntry is one line of LIST.
type ListEntry struct {
	Number int
	// Octets is the size as the server counts it. Servers count differently and some guess, so it
	// is good for showing and for estimating only. It is -1 where no number stands there.
	Octets int64
}

// Listing is LIST's answer, in the server's order. Numbers may have gaps.
type Listing struct {
	Entries []ListEntry
	// Odd are the first lines, up to MaxOddLines, that are not as RFC 1939 has them.
	Odd []OddLine
	// OddLines counts all of them.
	OddLines int
}

// UidlEntry is one line of UIDL.
type UidlEntry struct {
	Number int
	// UID is as the server gave it, whatever octets it has; see [CheckUID]. It is not safe to print.
	UID string
}

// UIDListing is UIDL's answer, in the server's order. Two messages may bear the same UID: RFC 1939
// allows it, and it is for the caller to see. A number that was listed twice with different UIDs is
// left out and told in Odd.
type UIDListing struct {
	Entries []UidlEntry
	// Odd are the first lines, up to MaxOddLines, that are not as RFC 1939 has them.
	Odd []OddLine
	// OddLines counts all of them.
	OddLines int
}

// MaxOddLines is how many odd lines a listing keeps.
const MaxOddLines = 16

// OddLine is a line of LIST or UIDL that is not as RFC 1939 has it. It spoils nothing else.
type OddLine struct {
	// Number is the message's number, 0 where none could be read.
	Number int
	// Line is the server's line, shortened; it is not safe to print.
	Line    string
	Problem string
}
