package triage

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"popmark/message"
)

// Column is what a list is sorted by.
type Column uint8

// The columns, in the order in which the screen goes through them.
const (
	ByNumber Column = iota
	ByOctets
	ByDate
	ByFrom
	BySubject
	ByMark
	columnCount
)

// String names the column.
func (c Column) String() string {
	return [...]string{"number", "size", "date", "sender", "subject", "mark"}[c%columnCount]
}

// Next is the column behind this one, in a round.
func (c Column) Next() Column { return (c + 1) % columnCount }

// sortKey is what a row is compared by: the number where the words are equal.
type sortKey struct {
	index   int32
	missing bool
	number  int64
	word    string
}

// Sort puts indexes in the order of a column, ascending or descending. Rows that
// lack what is compared come last either way; equal rows stay in message order,
// which descending turns round with the rest.
func Sort(indexes []int32, by Column, descending bool, row func(int32) Row) {
	keys := make([]sortKey, len(indexes))
	for i, index := range indexes {
		keys[i] = keyOf(index, row(index), by)
	}
	slices.SortFunc(keys, func(a, b sortKey) int {
		if a.missing != b.missing {
			if a.missing {
				return 1
			}
			return -1
		}
		c := cmp.Or(cmp.Compare(a.number, b.number), strings.Compare(a.word, b.word), cmp.Compare(a.index, b.index))
		if descending {
			return -c
		}
		return c
	})
	for i, k := range keys {
		indexes[i] = k.index
	}
}

func keyOf(index int32, r Row, by Column) sortKey {
	k := sortKey{index: index}
	switch by {
	case ByNumber:
		k.number = int64(r.Message.Number)
		return k
	case ByOctets:
		k.number = r.Message.Octets
		return k
	case ByMark:
		k.number = -int64(r.Mark)
		return k
	}
	if r.Envelope == nil {
		k.missing = true
		return k
	}
	switch by {
	case ByDate:
		k.missing = !r.Envelope.HasDate
		if r.Envelope.HasDate {
			k.number = unixNano(r.Envelope.Date)
		}
	case ByFrom:
		k.word = strings.ToLower(string(senderName(r.Envelope)))
	case BySubject:
		k.word = strings.ToLower(string(bareSubject(r.Envelope.Subject)))
	}
	return k
}

// unixNano orders dates; years that nanoseconds cannot bear are ordered by seconds beyond them.
func unixNano(t time.Time) int64 { return t.Unix()<<10 | int64(t.Nanosecond()>>20) }

// bareSubject takes the signs of answers off, so that a thread stays together.
func bareSubject(subject message.Safe) message.Safe {
	s := string(subject)
	for {
		s = strings.TrimLeft(s, " ")
		cut := s
		for _, prefix := range []string{"re:", "fwd:", "fw:", "aw:", "sv:", "答复:", "回复:", "转发:", "回复：", "答复：", "转发："} {
			if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
				cut = s[len(prefix):]
			}
		}
		if cut == s {
			return message.Safe(s)
		}
		s = cut
	}
}
