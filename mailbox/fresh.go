package mailbox

// bits is a set of small numbers.
type bits []uint64

func newBits(n int) bits { return make(bits, (n+63)/64) }

func (b bits) has(i int) bool { return b[i/64]>>(i%64)&1 != 0 }
func (b bits) set(i int)      { b[i/64] |= 1 << (i % 64) }

// noteFresh notes that a message's header was read in the session that is open; it is looked for at index
// first before anywhere else. The lock is held.
func (m *Mailbox) noteFresh(id ID, first int) {
	if at, ok := m.list.FindNext(id, max(first, 0)); ok {
		m.fresh.set(at)
	}
}
