package triage

import (
	"fmt"
	"iter"
	"maps"

	"popmark/mailbox"
)

// Mark is what is to be done with a message.
type Mark uint8

// The marks, as Foxmail's remote mailbox management has them.
const (
	Skip   Mark = iota // leave it alone: no RETR, no DELE (P1)
	Delete             // DELE, never downloaded
	Fetch              // RETR, and left on the server
	Move               // RETR, and DELE once it is safe on disk (P2)
)

// markCount is the number of marks.
const markCount = 4

// String names the mark as the command line does.
func (m Mark) String() string {
	switch m {
	case Delete:
		return "delete"
	case Fetch:
		return "fetch"
	case Move:
		return "move"
	default:
		return "skip"
	}
}

// ParseMark is the inverse of [Mark.String].
func ParseMark(s string) (Mark, error) {
	for m := Skip; m < markCount; m++ {
		if m.String() == s {
			return m, nil
		}
	}
	return Skip, fmt.Errorf("%q is no mark: write skip, delete, fetch or move", s)
}

// Letter is the mark's sign in a row: D, F, M, or a blank for skip.
func (m Mark) Letter() string {
	switch m {
	case Delete:
		return "D"
	case Fetch:
		return "F"
	case Move:
		return "M"
	default:
		return " "
	}
}

// Next is the mark that follows in the round skip, delete, fetch, move.
func (m Mark) Next() Mark { return (m + 1) % markCount }

// Deletes says whether the message leaves the server.
func (m Mark) Deletes() bool { return m == Delete || m == Move }

// Downloads says whether the message is fetched.
func (m Mark) Downloads() bool { return m == Fetch || m == Move }

// change is one message's mark before and after.
type change struct {
	id       mailbox.ID
	from, to Mark
}

// Marks holds the marks of a mailbox, and their history. The zero value is ready
// to use. It is not safe for concurrent use.
type Marks struct {
	marks map[mailbox.ID]Mark
	done  [][]change // what Undo takes back, newest last
	taken [][]change // what Redo does again, newest last
}

// Get gives a message's mark.
func (m *Marks) Get(id mailbox.ID) Mark { return m.marks[id] }

// Len is the number of messages that bear a mark other than skip.
func (m *Marks) Len() int { return len(m.marks) }

// All goes through the marked messages, in no order.
func (m *Marks) All() iter.Seq2[mailbox.ID, Mark] { return maps.All(m.marks) }

// Set marks messages, as one step for Undo. It gives the number of messages whose mark changed.
func (m *Marks) Set(mark Mark, ids ...mailbox.ID) int {
	return m.SetEach(func(yield func(mailbox.ID, Mark) bool) {
		for _, id := range ids {
			if !yield(id, mark) {
				return
			}
		}
	})
}

// SetEach gives each message its own mark, as one step for Undo.
func (m *Marks) SetEach(marks iter.Seq2[mailbox.ID, Mark]) int {
	var step []change
	for id, mark := range marks {
		if from := m.marks[id]; from != mark {
			step = append(step, change{id, from, mark})
			m.put(id, mark)
		}
	}
	if len(step) > 0 {
		m.done = append(m.done, step)
		m.taken = nil
	}
	return len(step)
}

// Restore sets marks that outlived a run; it is no step, and forgets the history.
func (m *Marks) Restore(marks iter.Seq2[mailbox.ID, Mark]) {
	for id, mark := range marks {
		m.put(id, mark)
	}
	m.done, m.taken = nil, nil
}

// Keep drops the marks of messages for which there is false, such as those that a
// commit carried out. Their place in the history goes too, so that no Undo brings
// back a mark on a message that is no more. It gives the number of marks dropped.
func (m *Marks) Keep(there func(mailbox.ID) bool) int {
	before := len(m.marks)
	maps.DeleteFunc(m.marks, func(id mailbox.ID, _ Mark) bool { return !there(id) })
	m.done = keepChanges(m.done, there)
	m.taken = keepChanges(m.taken, there)
	return before - len(m.marks)
}

func keepChanges(steps [][]change, there func(mailbox.ID) bool) [][]change {
	kept := steps[:0]
	for _, step := range steps {
		left := make([]change, 0, len(step))
		for _, c := range step {
			if there(c.id) {
				left = append(left, c)
			}
		}
		if len(left) > 0 {
			kept = append(kept, left)
		}
	}
	return kept
}

// Undo takes back the last step and gives the IDs that it touched; nil where there is none.
func (m *Marks) Undo() []mailbox.ID {
	return m.shift(&m.done, &m.taken, func(c change) Mark { return c.from })
}

// Redo does again what Undo last took back and gives the IDs that it touched.
func (m *Marks) Redo() []mailbox.ID {
	return m.shift(&m.taken, &m.done, func(c change) Mark { return c.to })
}

func (m *Marks) shift(from, to *[][]change, mark func(change) Mark) []mailbox.ID {
	if len(*from) == 0 {
		return nil
	}
	step := (*from)[len(*from)-1]
	*from = (*from)[:len(*from)-1]
	*to = append(*to, step)
	ids := make([]mailbox.ID, len(step))
	for i, c := range step {
		ids[i] = c.id
		m.put(c.id, mark(c))
	}
	return ids
}

func (m *Marks) put(id mailbox.ID, mark Mark) {
	if mark == Skip {
		delete(m.marks, id)
		return
	}
	if m.marks == nil {
		m.marks = make(map[mailbox.ID]Mark)
	}
	m.marks[id] = mark
}
