package mailbox

import "hash/maphash"

// table finds the index of a message by a text of it. It holds four octets or
// eight a message where a map of a million would hold fifty.
type table struct {
	seed  maphash.Seed
	slots []int32 // an index plus one, 0 for none; a power of two, at most half full
	text  func(int32) string
}

func newTable(n int, text func(int32) string) table {
	size := 2
	for size < 2*n {
		size *= 2
	}
	return table{seed: maphash.MakeSeed(), slots: make([]int32, size), text: text}
}

// slot gives the place of a text: where it stands, or where it would.
func (t *table) slot(text string) int {
	mask := len(t.slots) - 1
	at := int(maphash.String(t.seed, text)) & mask
	for t.slots[at] != 0 && t.text(t.slots[at]-1) != text {
		at = (at + 1) & mask
	}
	return at
}

// add takes an index in, and gives the one that has the same text already, if one has.
func (t *table) add(i int32) (other int32, taken bool) {
	at := t.slot(t.text(i))
	if t.slots[at] != 0 {
		return t.slots[at] - 1, true
	}
	t.slots[at] = i + 1
	return 0, false
}

func (t *table) find(text string) (int32, bool) {
	if len(t.slots) == 0 {
		return 0, false
	}
	at := t.slot(text)
	return t.slots[at] - 1, t.slots[at] != 0
}
