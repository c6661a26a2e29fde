package commit

import (
	"slices"

	"popmark/mailbox"
)

// mostWitnesses is how many messages are witnesses.
const mostWitnesses = 64

// witnessesOf gives some of a list's messages that have a UIDL of their own and are there still, by which it shows whether
// the next session gives the same UIDLs: of those that the plan leaves there, if any.
func (e *engine) witnessesOf(list *mailbox.List) (some []mailbox.Message) {
	goes, gone := make([]bool, len(list.Messages)), make([]bool, len(list.Messages))
	for _, st := range e.steps {
		if at, there := list.Find(st.Message.ID); there {
			goes[at], gone[at] = st.Mark.Deletes(), st.fate == deleted
		}
	}
	for _, going := range []bool{false, true} {
		for i := range list.Messages {
			if m := &list.Messages[i]; len(some) < mostWitnesses && m.Certain && goes[i] == going && !gone[i] {
				some = append(some, *m)
			}
		}
		if len(some) > 0 {
			break
		}
	}
	return some
}

// namesAnew tells whether a list has none of the UIDLs of before though it has messages of the same octets: some servers
// make new ones for each session, and nothing is gone then.
func (e *engine) namesAnew(list *mailbox.List) bool {
	octets := make(map[int64]bool, len(e.witnesses))
	for i := range e.witnesses {
		if _, there := list.Find(e.witnesses[i].ID); there {
			return false
		}
		octets[e.witnesses[i].Octets] = true
	}
	return slices.ContainsFunc(list.Messages, func(m mailbox.Message) bool { return octets[m.Octets] })
}

// countedAnew tells whether a session's UIDLs may be numbers that were given anew.
func (e *engine) countedAnew(s session) bool { return e.counted && e.shifted && s.list().Counted() }
