package mailbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"strconv"
	"time"

	"popmark/message"
	"popmark/pop3client"
)

// fingerprint tells messages without a UIDL of their own apart: by the UIDL that
// they share, by octets, and by the header's hash.
type fingerprint struct {
	uid    string
	octets int64
	header [sha256.Size]byte
}

// volatile are the header fields that servers write into a message between two sessions.
var volatile = [][]byte{
	[]byte("status:"), []byte("x-status:"), []byte("x-keywords:"), []byte("x-uid:"), []byte("x-uidl:"), []byte("x-imap:"),
	[]byte("x-imapbase:"), []byte("x-mozilla-status:"), []byte("x-mozilla-status2:"), []byte("content-length:"), []byte("lines:"),
}

// HashHeader hashes a header section, up to the first empty line, without the
// fields that change by themselves and whatever the line ends. It says false
// where nothing is left to tell a message by.
func HashHeader(header []byte) (sum [sha256.Size]byte, ok bool) {
	h := sha256.New()
	for line := range LastingLines(header) {
		ok = true
		h.Write(line)
		h.Write([]byte{'\n'})
	}
	h.Sum(sum[:0])
	return sum, ok
}

// LastingLines gives the lines of a header section, up to the first empty one, without their ends and
// without the fields that servers change by themselves.
func LastingLines(header []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		skip := false
		for line := range bytes.Lines(header) {
			line = bytes.TrimRight(line, "\r\n")
			if len(line) == 0 {
				return
			}
			if line[0] != ' ' && line[0] != '\t' {
				skip = isVolatile(line)
			}
			if !skip && !yield(line) {
				return
			}
		}
	}
}

// Imprint is what a message is known by under its UIDL from one session to another, and between TOP and RETR, on servers and
// scanners that stamp headers: its Message-ID and date, else its date, sender and subject, else all of its header
// but what changes by itself. The first octet says which; it is zero where nothing tells. header may be nil,
// where no more than the envelope is known.
func Imprint(env *message.Envelope, header []byte) (sum [sha256.Size]byte) {
	date := ""
	if env.HasDate {
		date = env.Date.UTC().Format(time.RFC3339)
	}
	var kind byte
	switch {
	case env.MessageID != "":
		kind, sum = imprintID, sha256.Sum256([]byte(string(env.MessageID)+"\n"+date))
	case env.HasDate:
		kind, sum = ImprintFields, sha256.Sum256([]byte(date+"\n"+string(env.From.Address)+"\n"+string(env.Subject)))
	default:
		var tells bool
		if sum, tells = HashHeader(header); !tells {
			return [sha256.Size]byte{}
		}
		kind = ImprintHeader
	}
	sum[0] = kind
	return sum
}

// The kinds of [Imprint], its first octet.
const (
	imprintID     byte = iota + 1 // by Message-ID and date
	ImprintFields                 // by date, sender and subject, which a scanner may change on the way
	ImprintHeader                 // by the header, which one may change as well
)

func isVolatile(line []byte) bool { return volatileName(line) != "" }

// volatileName is the name of the field that a line begins, with its colon, if it is one that changes by itself; else "".
func volatileName(line []byte) string {
	for _, name := range volatile {
		if len(line) >= len(name) && bytes.EqualFold(line[:len(name)], name) {
			return string(name)
		}
	}
	return ""
}

// identify gives each message its ID: its UIDL where nothing speaks against it,
// else the ID that it had in an earlier session where octets and header are the
// same, and the same for no other, else a new one. The turn is held, a session is open.
func (m *Mailbox) identify(ctx context.Context, messages []Message, last *List) (*List, error) {
	shared := m.nameByUIDL(messages)
	if shared > 0 {
		m.warn(message.MakeSafe(fmt.Sprintf("%d messages share a UIDL with another: they are told apart by size and header", shared)))
	}
	lasts, err := m.doubtNumbered(ctx, messages, last)
	if err != nil {
		return nil, err
	}
	if err := m.doubtChanged(ctx, messages, last); err != nil {
		return nil, err
	}
	if err := m.follow(ctx, messages, last); err != nil {
		return nil, err
	}
	m.mu.Lock()
	for i := range messages {
		if messages[i].ID == "" {
			m.tokens++
			messages[i].ID = ID(string(rune(tokenMark)) + strconv.Itoa(m.tokens))
		}
	}
	m.mu.Unlock()
	m.markNew(ctx, messages, last)
	m.departed = departure{}
	list := newList(messages, last.Generation+1)
	list.Lasts = lasts
	return list, nil
}

// nameByUIDL makes the UIDL the ID of each message that alone bears it, now and ever
// since the Mailbox was made, and counts those that share one.
func (m *Mailbox) nameByUIDL(messages []Message) (shared int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	seen := newTable(len(messages), func(i int32) string { return messages[i].UID })
	for i := range messages {
		msg := &messages[i]
		if msg.UID == "" || msg.UID[0] == tokenMark {
			continue
		}
		if other, taken := seen.add(int32(i)); taken {
			m.doubtful[msg.UID] = struct{}{}
			if messages[other].Certain {
				shared++
				messages[other].Certain = false
			}
			shared++
			continue
		}
		msg.Certain = true
	}
	for i := range messages {
		msg := &messages[i]
		if _, doubted := m.doubtful[msg.UID]; doubted {
			msg.Certain = false
		}
		if msg.Certain {
			msg.ID = ID(msg.UID)
		}
	}
	return shared
}

// doubtChanged takes the name from messages whose UIDL had other octets in an
// earlier session, unless the header is the one that was seen with it, or, where none
// was, what servers add to it accounts for the difference: some servers
// use a UIDL again, and others guess at sizes. What was marked under the name must
// not be carried out on another message.
func (m *Mailbox) doubtChanged(ctx context.Context, messages []Message, last *List) error {
	var ask []item
	before := make(map[int]*message.Envelope) // by index; the ledger may forget it meanwhile
	octets := make(map[int]int64)
	doubt := func(i int) {
		m.mu.Lock()
		m.doubtful[messages[i].UID] = struct{}{}
		m.mu.Unlock()
		messages[i].ID, messages[i].Certain = "", false
	}
	doubted := 0
	for i := range messages {
		was, known := m.octetsBefore(messages[i].ID, last)
		if !known || was == messages[i].Octets {
			continue
		}
		before[i], octets[i] = m.Envelope(messages[i].ID), was
		if huge(messages[i]) || before[i] == nil && was > messages[i].Octets {
			doubted++
			doubt(i)
			continue
		}
		ask = append(ask, item{msg: messages[i], index: i})
	}
	err := m.askFor(ctx, ask, func(it item) {
		same := false
		switch known := before[it.index]; {
		case it.err != nil:
		case known == nil:
			same = HasGrown(it.raw, it.msg.UID, octets[it.index], it.msg.Octets)
		default:
			envelope := m.cfg.Decoder.Envelope(it.raw)
			same = sameEnvelope(known, &envelope)
		}
		it.recycle()
		if same {
			return
		}
		doubted++
		doubt(it.index)
	})
	if err != nil {
		return fmt.Errorf("looking again at messages whose size changed: %w", err)
	}
	if doubted > 0 {
		text := fmt.Sprintf("%d messages have another size than before under the same UIDL: they are taken for other messages, and their marks are off", doubted)
		if doubted == 1 {
			text = "1 message has another size than before under the same UIDL: it is taken for another message, and its mark is off"
		}
		m.warn(message.MakeSafe(text))
	}
	return nil
}

// askFor is fetchHeaders for messages that may be none: the list is not to wait for anything then.
func (m *Mailbox) askFor(ctx context.Context, ask []item, got func(item)) error {
	if len(ask) == 0 {
		return nil
	}
	return m.fetchHeaders(ctx, sliceSource(ask), fullSpeed, got)
}

// octetsBefore gives the octets that an ID had when it was last listed.
func (m *Mailbox) octetsBefore(id ID, last *List) (int64, bool) {
	if id == "" {
		return 0, false
	}
	if at, ok := last.Find(id); ok {
		return last.Messages[at].Octets, true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	octets, ok := m.gone[id]
	return octets, ok
}

// sameEnvelope says whether two headers are certainly one message's.
func sameEnvelope(a, b *message.Envelope) bool {
	telling := a.MessageID != "" || a.HasDate
	return telling && a.MessageID == b.MessageID && a.From == b.From && a.Subject == b.Subject &&
		a.HasDate == b.HasDate && a.Date.Equal(b.Date)
}

// kin are messages that only a header can tell apart.
type kin struct {
	uid    string
	octets int64
}

// follow finds earlier sessions' anonymous messages among those of this one.
func (m *Mailbox) follow(ctx context.Context, messages []Message, last *List) error {
	known := make(map[fingerprint][]ID)
	// unclear is, by kin, how many earlier messages cannot be followed whatever is found: where
	// one's header was never seen, it may be the twin of any other.
	before, unclear := make(map[kin][]ID), make(map[kin]bool)
	m.mu.Lock()
	for i := range last.Messages {
		old := &last.Messages[i]
		if old.Certain {
			continue
		}
		k := kin{old.UID, old.Octets}
		before[k] = append(before[k], old.ID)
		if mark, ok := m.prints[old.ID]; ok {
			known[mark] = append(known[mark], old.ID)
		} else {
			unclear[k] = true
		}
	}
	m.mu.Unlock()
	if len(before) == 0 {
		return nil
	}
	var ask []item
	for i := range messages {
		k := kin{messages[i].UID, messages[i].Octets}
		switch {
		case messages[i].ID != "" || len(before[k]) == 0 || unclear[k]:
		case k.octets > pop3client.DefaultTopOctets:
			unclear[k] = true // a server that answers TOP with everything would end the session
		default:
			ask = append(ask, item{msg: messages[i], index: i})
		}
	}
	found := make(map[fingerprint][]int, len(ask))
	err := m.askFor(ctx, ask, func(it item) {
		mark, ok := printOf(it.msg, it.raw)
		if it.err == nil && ok {
			found[mark] = append(found[mark], it.index)
		} else {
			unclear[kin{it.msg.UID, it.msg.Octets}] = true
		}
		it.recycle()
	})
	if err != nil {
		return fmt.Errorf("telling messages without a UIDL apart: %w", err)
	}
	lost := 0
	for k, ids := range before {
		if unclear[k] {
			lost += len(ids)
		}
	}
	for mark, at := range found {
		ids := known[mark]
		switch {
		case unclear[kin{mark.uid, mark.octets}]:
		case len(ids) == 1 && len(at) == 1:
			messages[at[0]].ID = ids[0]
		default:
			lost += len(ids)
		}
	}
	if lost > 0 {
		m.warn("some messages without a UIDL of their own could not be told apart in the new session: where they were marked, they are not any more")
	}
	return nil
}

// printOf says false where the header tells nothing.
func printOf(msg Message, header []byte) (fingerprint, bool) {
	sum, ok := HashHeader(header)
	return fingerprint{msg.UID, msg.Octets, sum}, ok
}
