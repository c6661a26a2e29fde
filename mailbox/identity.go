package mailbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"strconv"

	"popmark/message"
)

// fingerprint tells messages without a UIDL of their own apart: by the UIDL that
// they share, by octets, and by the header's hash.
type fingerprint struct {
	uid    string
	octets int64
	header [sha256.Size]byte
}

// volatile are the header fields that servers write into a message between two sessions.
var volatile = [][]byte{[]byte("status:"), []byte("x-status:"), []byte("x-uidl:")}

// hashHeader hashes a header section, up to the first empty line, without the
// fields that change by themselves and whatever the line ends.
func hashHeader(header []byte) (sum [sha256.Size]byte) {
	h := sha256.New()
	skip := false
	for line := range bytes.Lines(header) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if line[0] != ' ' && line[0] != '\t' {
			skip = isVolatile(line)
		}
		if !skip {
			h.Write(line)
			h.Write([]byte{'\n'})
		}
	}
	h.Sum(sum[:0])
	return sum
}

func isVolatile(line []byte) bool {
	for _, name := range volatile {
		if len(line) >= len(name) && bytes.EqualFold(line[:len(name)], name) {
			return true
		}
	}
	return false
}

// identify gives each message its ID. Messages without a UIDL of their own keep
// the ID that they had in an earlier session only where octets and header are the
// same, and the same for no other. The turn is held, a session is open.
func (m *Mailbox) identify(ctx context.Context, messages []Message) (*List, error) {
	bearers := make(map[string]int32, len(messages))
	for i := range messages {
		if uid := messages[i].UID; uid != "" {
			bearers[uid]++
		}
	}
	var anonymous []int
	shared := 0
	for i := range messages {
		msg := &messages[i]
		if msg.UID != "" && bearers[msg.UID] == 1 && msg.UID[0] != tokenMark {
			msg.ID, msg.Certain = ID(msg.UID), true
			continue
		}
		if msg.UID != "" {
			shared++
		}
		anonymous = append(anonymous, i)
	}
	if shared > 0 {
		m.warn(message.MakeSafe(fmt.Sprintf("%d messages share a UIDL with another: they are told apart by size and header", shared)))
	}
	if err := m.follow(ctx, messages, anonymous); err != nil {
		return nil, err
	}
	m.markNew(ctx, messages)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, i := range anonymous {
		if messages[i].ID == "" {
			m.tokens++
			messages[i].ID = ID(string(rune(tokenMark)) + strconv.Itoa(m.tokens))
		}
	}
	return newList(messages, m.list.Generation+1), nil
}

// follow finds earlier sessions' anonymous messages among those of this one.
func (m *Mailbox) follow(ctx context.Context, messages []Message, anonymous []int) error {
	m.mu.Lock()
	known := make(map[fingerprint][]ID, len(m.prints))
	sizes := make(map[int64]bool, len(m.prints))
	for _, old := range m.list.Messages {
		if print, ok := m.prints[old.ID]; ok && !old.Certain {
			known[print] = append(known[print], old.ID)
			sizes[print.octets] = true
		}
	}
	lost := 0
	for _, old := range m.list.Messages {
		if _, ok := m.prints[old.ID]; !ok && !old.Certain {
			lost++
		}
	}
	m.mu.Unlock()

	var ask []item
	for _, i := range anonymous {
		if sizes[messages[i].Octets] {
			ask = append(ask, item{msg: messages[i], index: i})
		}
	}
	found := make(map[fingerprint][]int, len(ask))
	err := m.fetchHeaders(ctx, sliceSource(ask), fullSpeed, func(it item) {
		if it.err == nil {
			print := printOf(it.msg, it.raw)
			found[print] = append(found[print], it.index)
		}
		it.recycle()
	})
	if err != nil {
		return fmt.Errorf("telling messages without a UIDL apart: %w", err)
	}
	for print, at := range found {
		ids := known[print]
		if len(ids) == 1 && len(at) == 1 {
			messages[at[0]].ID = ids[0]
			continue
		}
		lost += len(ids)
	}
	if lost > 0 {
		m.warn("some messages without a UIDL of their own could not be told apart in the new session: their marks are off")
	}
	return nil
}

func printOf(msg Message, header []byte) fingerprint {
	return fingerprint{msg.UID, msg.Octets, hashHeader(header)}
}
