package mailbox

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"maps"
	"strings"

	"popmark/message"
)

// HasGrown says whether a message of this UIDL can have had fewer octets before, with the same text but
// for some of the fields that servers write into it: mailutils adds several when a message's first
// session ends. It is believed only of a message that bears its UIDL itself, as mailutils' do, which
// has not come by a number that was used before.
func HasGrown(header []byte, uid string, before, now int64) bool {
	if uid == "" || before < 0 || now <= before || ownUIDL(header) != uid {
		return false
	}
	for _, eol := range []int64{2, 1} { // some servers count line ends as one octet
		sums := map[int64]struct{}{0: {}}
		fields := 0
		for name, octets := range volatileFields(header, eol) {
			if fields++; fields > mostAdded {
				return false
			}
			grew := []int64{octets}
			if strings.HasSuffix(name, "status:") {
				grew = append(grew, 1, 2) // of a letter more, as for what has been read
			}
			for sum := range maps.Clone(sums) {
				for _, more := range grew {
					sums[sum+more] = struct{}{}
				}
			}
		}
		if _, ok := sums[now-before]; ok {
			return true
		}
	}
	return false
}

// ownUIDL is what a header's only X-UIDL says, else "".
func ownUIDL(header []byte) (uid string) {
	for _, f := range (message.Decoder{}).Fields(header) {
		if !strings.EqualFold(string(f.Name), "X-UIDL") {
			continue
		}
		if uid != "" {
			return ""
		}
		uid = string(f.Value)
	}
	return uid
}

// mostAdded bounds the fields that may have been added: of many some sum fits every difference.
const mostAdded = 5

// volatileFields gives a header section's fields that change by themselves, and the octets of each.
func volatileFields(header []byte, eol int64) iter.Seq2[string, int64] {
	return func(yield func(string, int64) bool) {
		name, octets := "", int64(0)
		for line := range bytes.Lines(header) {
			line = bytes.TrimRight(line, "\r\n")
			if len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
				octets += int64(len(line)) + eol
				continue
			}
			if name != "" && !yield(name, octets) {
				return
			}
			if len(line) == 0 {
				return
			}
			name = volatileName(line)
			octets = int64(len(line)) + eol
		}
		if name != "" {
			yield(name, octets)
		}
	}
}

// GrownFrom tells which of the messages that are listed by an ID of their own may be taken for those that
// had other octets before: where what servers write into a header accounts for the difference. It
// gives who they are from, about what and when, as their headers say now, to be compared with what is known of then.
func (m *Mailbox) GrownFrom(ctx context.Context, before map[ID]int64) (map[ID]*message.Envelope, error) {
	grown := make(map[ID]*message.Envelope)
	err := m.use(ctx, func(ctx context.Context) error {
		if err := m.ensureOpen(ctx); err != nil {
			return err
		}
		var ask []item
		for _, msg := range m.List().Messages {
			if was, ok := before[msg.ID]; ok && msg.Certain && msg.Octets > was && !huge(msg) {
				ask = append(ask, item{msg: msg})
			}
		}
		err := m.fetchHeaders(ctx, sliceSource(ask), fullSpeed, func(it item) {
			if it.err == nil && !it.overlong && HasGrown(it.raw, it.msg.UID, before[it.msg.ID], it.msg.Octets) {
				grown[it.msg.ID] = essence(m.cfg.Decoder.Envelope(it.raw))
			}
			it.recycle()
		})
		if err != nil {
			m.lose(ctx, err)
		}
		if errors.Is(err, errOverlong) && ctx.Err() == nil {
			return nil // what was not seen stays in doubt
		}
		return err
	})
	return grown, err
}

// essence is of an envelope what people know a message by, in memory of its own.
func essence(e message.Envelope) *message.Envelope {
	clone := func(s message.Safe) message.Safe { return message.Safe(strings.Clone(string(s))) }
	return &message.Envelope{
		From: message.Address{Name: clone(e.From.Name), Address: clone(e.From.Address)}, Subject: clone(e.Subject),
		Date: e.Date, HasDate: e.HasDate,
	}
}
