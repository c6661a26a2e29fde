package mailbox

import (
	"context"

	"popmark/message"
	"popmark/pop3client"
)

// Some servers make UIDLs of the messages' numbers: "7", "00000007", "msg7". Once something is deleted they name other
// messages from there on, which may have the octets of those before. A UIDL that is a message's own moves to a smaller
// number then.

// Deletion is the handle of a DELE.
type Deletion struct {
	s       *Session
	at      int // in the list; -1 where it is not there
	pending *pop3client.Pending[string]
}

// Wait is [pop3client.Pending.Wait].
func (d *Deletion) Wait(ctx context.Context) (string, error) {
	text, err := d.pending.Wait(ctx)
	if err == nil && d.at >= 0 && d.s.deles != nil {
		d.s.deles[d.at] = promised
	}
	return text, err
}

// dele is what became of a message's DELE in a session.
type dele uint8

const (
	notAsked dele = iota
	asked
	promised // it was answered +OK
)

// departure is what a session did to its list.
type departure struct {
	list      *List
	deles     []dele // by index in the list; nil where nothing was to be deleted
	committed bool   // QUIT was answered +OK
}

// staysFrom gives the first number behind which UIDLs are seen to stay with the numbers though a message
// before them is gone, or 0.
func (d *departure) staysFrom(messages []Message) int {
	if d.deles == nil {
		return 0
	}
	there := make([]int, len(d.list.Messages)) // the number that each has now
	for i := range messages {
		if at, ok := d.list.Find(ID(messages[i].UID)); ok && messages[i].Certain {
			there[at] = messages[i].Number
		}
	}
	least := promised
	if !d.committed {
		// What was asked for may be gone, which shows where something is that nobody asked for.
		least = asked
		othersGone := false
		for at := range there {
			othersGone = othersGone || there[at] == 0 && d.deles[at] == notAsked && d.list.Messages[at].Certain
		}
		if !othersGone {
			return 0
		}
	}
	first := 0
	for at := range there {
		number := d.list.Messages[at].Number
		switch {
		case first == 0 && d.deles[at] >= least:
			first = number
		case first != 0 && d.deles[at] < least && there[at] == number:
			return first
		}
	}
	return 0
}

// doubtNumbered takes the name from messages whose UIDLs have stayed with the numbers though messages before them were
// deleted: what was marked under the name is another one now.
func (m *Mailbox) doubtNumbered(messages []Message) {
	first := m.departed.staysFrom(messages)
	if first == 0 {
		return
	}
	m.mu.Lock()
	for i := range messages {
		if msg := &messages[i]; msg.Number >= first && msg.Certain {
			m.doubtful[msg.UID] = struct{}{}
			msg.ID, msg.Certain = "", false
		}
	}
	m.mu.Unlock()
	m.warn(message.Safe("the server's UIDLs stay with the numbers when messages before them are deleted: from there on they are taken for other messages, and their marks are off"))
}

// Disowned tells whether an ID is a UIDL that has named more than one message in this Mailbox's life, so that what is
// known by it is of none of those that bear it now.
func (m *Mailbox) Disowned(id ID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, doubted := m.doubtful[string(id)]
	return doubted
}
