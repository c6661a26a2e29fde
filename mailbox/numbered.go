package mailbox

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"popmark/message"
	"popmark/pop3client"
)

// Some servers make UIDLs of the messages' numbers: "7", "00000007", "msg7". Once something is deleted they name other
// messages from there on, which may have the octets of those before. A UIDL that is a message's own moves to a smaller
// number then.

// Deletion is the handle of a DELE.
type Deletion struct {
	made    *dele // nil where the list does not have the message; nobody looks at it any more behind RSET
	pending *pop3client.Pending[string]
}

// Wait is [pop3client.Pending.Wait]. It must not be under way when the session ends.
func (d *Deletion) Wait(ctx context.Context) (string, error) {
	text, err := d.pending.Wait(ctx)
	if err == nil && d.made != nil {
		*d.made = promised
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

// staysFrom gives the first number from which UIDLs seem to stay with the numbers though messages were deleted, or 0.
// Then each UIDL of before stands at its number, and the octets are not rather those of before as well.
func (d *departure) staysFrom(messages []Message) int {
	if d.deles == nil || !closeUp(d.list.Messages) || !closeUp(messages) {
		return 0
	}
	before, goes := d.list.Messages, promised
	if !d.committed {
		goes = asked
	}
	first := slices.IndexFunc(d.deles, func(d dele) bool { return d >= goes })
	if first < 0 {
		return 0
	}
	gone := 0
	for _, made := range d.deles {
		if made >= goes {
			gone++
		}
	}
	all := len(messages) == len(before)-gone // so that the first of them can't have been left
	behind := false
	for i := range messages {
		msg := &messages[i]
		at, known := d.list.Find(ID(msg.UID))
		switch {
		case !msg.Certain:
		case known && at != i:
			return 0
		case !known && (i < first || i < len(before) && msg.Octets == before[i].Octets): // it has nothing to do with the number
			return 0
		case known && (at > first || all && at == first):
			behind = true
		}
	}
	if !behind {
		return 0
	}
	moved, stayed := 0, 0 // messages that have not the octets of what is there if all have moved, or if all have stayed
	for i, at := first, first; i < len(messages); i, at = i+1, at+1 {
		for at < len(before) && d.deles[at] >= goes {
			at++
		}
		if at >= len(before) {
			break
		}
		if messages[i].Octets != before[at].Octets {
			moved++
		}
		if messages[i].Octets != before[i].Octets {
			stayed++
		}
	}
	fewer := len(messages) < len(before)
	switch {
	case moved > stayed && (stayed == 0 || !fewer): // where some are gone, one that has other octets than what stood there is another message
		return 0
	case moved == stayed && !d.committed && !fewer: // without QUIT's answer octets have to show then that something is gone
		return 0
	}
	return before[first].Number
}

// closeUp tells whether messages have the numbers from 1 on.
func closeUp(messages []Message) bool {
	return len(messages) > 0 && messages[0].Number == 1 && messages[len(messages)-1].Number == len(messages)
}

// doubtNumbered takes the name from messages whose UIDLs have stayed with the numbers though messages before them were
// deleted: what was marked under the name is another one now. It tells whether UIDLs were seen to last.
// The error is the ledger's.
func (m *Mailbox) doubtNumbered(ctx context.Context, messages []Message, last *List) (lasts bool, err error) {
	first, lacks := m.departed.staysFrom(messages), false
	if last.Generation == 0 {
		lasts, lacks = m.comparesTail(ctx, messages)
	} else {
		lasts = slices.ContainsFunc(messages, func(msg Message) bool {
			_, known := last.Find(ID(msg.UID))
			return known
		})
	}
	if first != 0 || lacks {
		if err := m.doubtRuns(ctx); err != nil {
			return false, err
		}
	}
	if first == 0 {
		return lasts, nil
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
	return lasts, nil
}

// comparesTail tells whether the last message that an earlier run has left in the maildrop is there, or lacks though as many
// are there as it left, as where UIDLs are others than they were. It is not missed where the one before it is there and UIDLs are not made of
// numbers: then another client has deleted it, and others have come.
func (m *Mailbox) comparesTail(ctx context.Context, messages []Message) (has, lacks bool) {
	if !m.keeps() || m.cfg.Ledger.Making() {
		return false, false
	}
	tail, err := m.cfg.Ledger.Tail(ctx, m.cfg.Account)
	if err != nil || len(tail.UIDs) == 0 || slices.ContainsFunc(messages, func(msg Message) bool { return msg.UID == "" }) {
		return false, false
	}
	isThere := func(uid string) bool {
		return slices.ContainsFunc(messages, func(msg Message) bool { return msg.UID == uid })
	}
	if isThere(tail.UIDs[0]) {
		return true, false
	}
	deleted := len(tail.UIDs) > 1 && isThere(tail.UIDs[1]) && !maybeNumbers(messages)
	return false, len(messages) >= tail.Messages && !deleted
}

// maybeNumbers tells whether UIDLs may be made of the messages' numbers, from 1 on or from 0, whatever else is in them: each has
// its own at the same place.
func maybeNumbers(messages []Message) bool {
	for _, base := range []int{10, 16} {
		for _, first := range []int{1, 0} {
			if haveNumbers(messages, first, base) {
				return true
			}
		}
	}
	return false
}

// haveNumbers tells whether each UIDL is what stands before the number in all of them, or behind it, and its own number.
func haveNumbers(messages []Message, first, base int) bool {
	var before, behind map[string]bool
	for i := range messages {
		uid, n := strings.ToLower(messages[i].UID), strconv.FormatInt(int64(messages[i].Number-1+first), base)
		heads, tails := make(map[string]bool), make(map[string]bool)
		for at := 0; at+len(n) <= len(uid); at++ {
			if uid[at:at+len(n)] != n {
				continue
			}
			head, tail := strings.TrimRight(uid[:at], "0"), uid[at+len(n):]
			padded := len(head) < at
			if head != "" && isDigit(head[len(head)-1], base) || tail != "" && !padded && isDigit(tail[0], base) {
				continue // of a longer number
			}
			if before == nil || before[head] {
				heads[head] = true
			}
			if behind == nil || behind[tail] {
				tails[tail] = true
			}
		}
		if before, behind = heads, tails; len(before)+len(behind) == 0 {
			return false
		}
	}
	return len(messages) > 0
}

func isDigit(c byte, base int) bool {
	return c >= '0' && c <= '9' || base == 16 && c >= 'a' && c <= 'f'
}

// doubtRuns has the journal know that what runs which were broken off call by a UIDL may be another message by now. Where it
// can't, nothing must be taken up.
func (m *Mailbox) doubtRuns(ctx context.Context) error {
	if m.cfg.Ledger == nil {
		return nil
	}
	if runs, err := m.cfg.Ledger.Runs(ctx, m.cfg.Account); err == nil && len(runs) == 0 {
		return nil
	}
	if err := m.cfg.Ledger.DoubtRuns(ctx, m.cfg.Account); err != nil {
		return fmt.Errorf("keeping that UIDLs may name other messages now: %w", err)
	}
	return nil
}

// Disowned tells whether an ID is a UIDL that has named more than one message in this Mailbox's life, or seems to have:
// what is known by it is of none of those that bear it now.
func (m *Mailbox) Disowned(id ID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, doubted := m.doubtful[string(id)]
	return doubted
}
