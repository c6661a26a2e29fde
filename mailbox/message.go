package mailbox

import (
	"strconv"

	"popmark/message"
)

// ID is a message's identity for as long as a [Mailbox] lives, across sessions.
//
// It is the message's UIDL (RFC 1939 section 7) where the server gives one that no
// other message bears. Otherwise it is a token of the Mailbox's own, which never
// equals a UIDL, and which follows the message into another session only where
// its octets and its header leave no doubt (P3).
type ID string

// Unique says whether the ID is a UIDL, and so good beyond this Mailbox's life.
func (id ID) Unique() bool { return id != "" && id[0] != tokenMark }

// tokenMark begins the IDs that are not UIDLs; a UIDL has no control characters.
const tokenMark = '\x00'

// Message is one message as LIST and UIDL give it.
type Message struct {
	// ID is what the message is called in marks and plans.
	ID ID
	// Number is the message's number in the session that made the [List].
	Number int
	// UID is the UIDL exactly as the server gave it, not safe to show; "" where there is none.
	UID string
	// Octets is the size that LIST gives, -1 where it gives none that can be read. Servers get it wrong: it is never used to find a message's end.
	Octets int64
	// Certain is true where UID is there and no other message bears it.
	Certain bool
	// New is true where no earlier run has listed the message.
	New bool
}

// List is what a session found: an immutable snapshot, in number order.
type List struct {
	// Messages are in the order of their numbers, which may have gaps.
	Messages []Message
	// Octets is the sum of the messages' octets.
	Octets int64
	// Generation counts the lists of a Mailbox from 1.
	Generation int
	// Lasts is true where some UIDL was seen to outlive a session: the last one that an earlier run left in the
	// maildrop is there, or one of the list before.
	Lasts bool

	byID table
}

// newList indexes messages, which must be in number order.
func newList(messages []Message, generation int) *List {
	l := &List{Messages: messages, Generation: generation}
	l.byID = newTable(len(messages), func(i int32) string { return string(messages[i].ID) })
	for i := range messages {
		l.Octets += max(messages[i].Octets, 0)
		l.byID.add(int32(i))
	}
	return l
}

// NewList makes a list of messages in number order, for tests and for screens without a server.
func NewList(messages []Message) *List { return newList(messages, 1) }

// Find gives the index in Messages of the message with an ID.
func (l *List) Find(id ID) (int, bool) {
	i, ok := l.byID.find(string(id))
	return int(i), ok
}

// FindNext is Find for who goes through the list: the message is looked for at index first before anywhere else.
func (l *List) FindNext(id ID, first int) (int, bool) {
	if first < len(l.Messages) && l.Messages[first].ID == id {
		return first, true
	}
	return l.Find(id)
}

// Number gives the index in Messages of the message with a number.
func (l *List) Number(n int) (int, bool) { return numbered(l.Messages, n) }

// Counted says whether every message's UIDL is its number: such a server may count anew once one is deleted.
func (l *List) Counted() bool {
	for i := range l.Messages {
		if l.Messages[i].UID != strconv.Itoa(l.Messages[i].Number) {
			return false
		}
	}
	return len(l.Messages) > 0
}

// numbered is Number among messages in the order of their numbers.
func numbered(messages []Message, n int) (int, bool) {
	low, high := 0, len(messages)
	for low < high {
		mid := int(uint(low+high) >> 1)
		if messages[mid].Number < n {
			low = mid + 1
		} else {
			high = mid
		}
	}
	if low < len(messages) && messages[low].Number == n {
		return low, true
	}
	return 0, false
}

// Header is what the header scan found for one message.
type Header struct {
	// ID is the message's.
	ID ID
	// Envelope is never changed once it is published. It is nil where Err is set.
	Envelope *message.Envelope
	// Lent is true where the background scan had no room to keep the envelope: it is to be let go, and is read
	// again, when a later [Mailbox.Want] does not name the message.
	Lent bool
	// Err says why this one message has no header; the scan goes on.
	Err error
}
