package mailbox

import (
	"slices"

	"popmark/message"
)

const (
	// scanOctets bounds the memory for envelopes that a scan by [Mailbox.Headers] leaves behind.
	scanOctets = 16 << 20
	// screenOctets bounds the memory for a list and its envelopes together under the background scan; the
	// envelopes may take a fifth of it at least. An entry of the list takes about listOctets.
	screenOctets = 120 << 20
	listOctets   = 150
	// entryOctets is what an envelope takes besides itself.
	entryOctets = 64
)

const crowdedWarning message.Safe = "there is memory for a part of the headers only: the list is sorted and filtered by that part, the others are shown while they are in view; popmark list finds in all"

// kept are the envelopes in memory, and what they take.
type kept struct {
	by     map[ID]*message.Envelope
	octets int
}

func (k *kept) put(id ID, envelope *message.Envelope) {
	k.drop(id)
	if k.by == nil {
		k.by = make(map[ID]*message.Envelope)
	}
	k.by[id] = envelope
	k.octets += envelope.Octets() + entryOctets
}

func (k *kept) drop(id ID) {
	if old := k.by[id]; old != nil {
		k.octets -= old.Octets() + entryOctets
		delete(k.by, id)
	}
}

// room is how many envelopes may be kept, and how many octets they may take.
type room struct{ envelopes, octets int }

func (k *kept) fits(r room, envelope *message.Envelope) bool {
	return len(k.by) < r.envelopes && k.octets+envelope.Octets()+entryOctets <= r.octets
}

// screenRoom is the background scan's. The lock is held.
func (m *Mailbox) screenRoom() room {
	n := len(m.list.Messages)
	return room{n, max(m.screenOctets-listOctets*n, m.screenOctets/5)}
}

// lend publishes an envelope for which there is no room, for as long as its message is wanted: what was
// asked for before that is not held. From the first on the scan asks for no others, small as they may
// be. The lock is held.
func (m *Mailbox) lend(id ID, envelope *message.Envelope) {
	m.crowded = true
	if !slices.Contains(m.wanted, id) {
		return
	}
	if m.lent == nil {
		m.lent = make(map[ID]*message.Envelope)
	}
	m.lent[id] = envelope
}

// takeBack ends the loan of what is not wanted any more. The lock is held.
func (m *Mailbox) takeBack() {
	if len(m.lent) == 0 {
		return
	}
	still := make(map[ID]*message.Envelope, len(m.wanted))
	for _, id := range m.wanted {
		if envelope := m.lent[id]; envelope != nil {
			still[id] = envelope
		}
	}
	m.lent = still
}
