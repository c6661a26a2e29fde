package ui

import (
	"context"
	"iter"
	"maps"

	tea "charm.land/bubbletea/v2"

	"popmark/ledger"
	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

// total is how many messages bear a mark, and their octets.
type total struct {
	messages int
	octets   int64
}

// marks is the marks with their totals, which are kept up rather than counted at each key, and what of them the
// ledger does not know yet.
type marks struct {
	triage.Marks
	list   *mailbox.List
	totals [triage.Move + 1]total
	change int // counts changes, for those who keep what they made of the marks

	ledger  Ledger
	account string
	unsaved map[string]ledger.Mark
	pending map[string]ledger.Mark // on its way to the ledger, or not taken by it: sent again with the next
	saving  bool
}

// setList takes a new list over. Marks on messages that it lacks stay: they may come back.
func (m *marks) setList(list *mailbox.List) {
	m.list = list
	m.recount()
}

func (m *marks) recount() {
	m.change++
	m.totals = [len(m.totals)]total{}
	for id, mark := range m.All() {
		m.add(id, mark, +1)
	}
}

func (m *marks) add(id mailbox.ID, mark triage.Mark, sign int) {
	if m.list == nil || mark == triage.Skip {
		return
	}
	if i, ok := m.list.Find(id); ok {
		m.totals[mark].messages += sign
		m.totals[mark].octets += int64(sign) * max(m.list.Messages[i].Octets, 0)
	}
}

// set marks messages as one step, and tells how many changed.
func (m *marks) set(mark triage.Mark, ids ...mailbox.ID) int {
	for _, id := range ids {
		m.add(id, m.Get(id), -1)
	}
	m.change++
	changed := m.Set(mark, ids...)
	for _, id := range ids {
		m.add(id, mark, +1)
		m.remember(id)
	}
	return changed
}

// touched brings totals and ledger up to what an undo or redo did.
func (m *marks) touched(ids []mailbox.ID) {
	m.recount()
	for _, id := range ids {
		m.remember(id)
	}
}

// remember notes a mark for the ledger. Where the server gives no unique UIDL there is nothing to keep it by.
func (m *marks) remember(id mailbox.ID) {
	if m.ledger == nil || !id.Unique() {
		return
	}
	if m.unsaved == nil {
		m.unsaved = make(map[string]ledger.Mark)
	}
	mark := ledger.Mark{Kind: byte(m.Get(id)), Octets: -1}
	if m.list != nil {
		if i, ok := m.list.Find(id); ok {
			mark.Octets = m.list.Messages[i].Octets
		}
	}
	m.unsaved[string(id)] = mark
}

// keep drops the marks of messages for which there is false, here and in the ledger.
func (m *marks) keep(there func(mailbox.ID) bool) {
	var gone []mailbox.ID
	for id := range m.All() {
		if !there(id) {
			gone = append(gone, id)
		}
	}
	m.Keep(there)
	m.touched(gone)
}

type marksSavedMsg struct{ err error }

// save gives the command that brings the ledger up to date; nil where it is, or where one is under way.
func (m *marks) save(ctx context.Context) tea.Cmd {
	if m.saving || len(m.unsaved) == 0 || m.ledger == nil {
		return nil
	}
	batch, store, account := m.toSave(), m.ledger, m.account
	m.unsaved, m.pending, m.saving = nil, batch, true
	return func() tea.Msg { return marksSavedMsg{store.PutMarks(ctx, account, batch)} }
}

// toSave is all that the ledger may not know.
func (m *marks) toSave() map[string]ledger.Mark {
	all := maps.Clone(m.pending)
	if all == nil {
		return m.unsaved
	}
	maps.Copy(all, m.unsaved)
	return all
}

// saved ends a save. What the ledger did not take goes with the next one: trying at once would try for ever.
func (m *marks) saved(err error) {
	m.saving = false
	if err == nil {
		m.pending = nil
	}
}

// marksLoadedMsg is what the ledger knew: marks, and those of commits that were broken off.
type marksLoadedMsg struct {
	marks  map[string]ledger.Mark
	broken int // messages of broken commits
	err    error
}

func loadMarks(ctx context.Context, store Ledger, account string) tea.Cmd {
	if store == nil {
		return nil
	}
	return func() tea.Msg {
		marks, err := store.Marks(ctx, account)
		if err != nil {
			return marksLoadedMsg{err: err}
		}
		runs, err := store.Runs(ctx, account)
		loaded := marksLoadedMsg{marks: maps.Clone(marks), err: err}
		if loaded.marks == nil {
			loaded.marks = make(map[string]ledger.Mark)
		}
		for _, run := range runs {
			shared := make(map[string]bool) // which of those that share a UIDL was meant can't be told
			for _, step := range run.Steps {
				shared[step.UID] = shared[step.UID] || !step.Certain
			}
			for _, step := range run.Steps {
				if unfinished(step) && !shared[step.UID] {
					loaded.marks[step.UID] = ledger.Mark{Kind: step.Mark, Octets: step.Octets}
					loaded.broken++
				}
			}
		}
		return loaded
	}
}

// unfinished tells whether a step of a broken commit is still to be done.
func unfinished(s ledger.Step) bool {
	switch s.State {
	case ledger.StepPlanned, ledger.StepAsked:
		return true
	case ledger.StepFetched:
		return triage.Mark(s.Mark).Deletes()
	}
	return false
}

// restored goes through the kept marks whose messages are in the list, with the size that
// they had, and not marked yet.
func (m *marks) restored(kept map[string]ledger.Mark) iter.Seq2[mailbox.ID, triage.Mark] {
	return func(yield func(mailbox.ID, triage.Mark) bool) {
		for uid, kept := range kept {
			id, mark := mailbox.ID(uid), triage.Mark(kept.Kind)
			i, there := m.list.Find(id)
			if there && kept.Octets >= 0 && kept.Octets != m.list.Messages[i].Octets {
				continue // the UIDL names another message now
			}
			if !there || mark == triage.Skip || mark > triage.Move || m.Get(id) != triage.Skip {
				continue
			}
			if !yield(id, mark) {
				return
			}
		}
	}
}

// freed and downloaded are the octets that the marks would take off the server and bring down.
func (m *marks) freed() int64 {
	return m.totals[triage.Delete].octets + m.totals[triage.Move].octets
}

func (m *marks) downloaded() int64 {
	return m.totals[triage.Fetch].octets + m.totals[triage.Move].octets
}

// here is how many messages of the list are marked.
func (m *marks) here() int {
	return m.totals[triage.Delete].messages + m.totals[triage.Fetch].messages + m.totals[triage.Move].messages
}

// sentence says how many messages bear which mark: "2 to delete, 1 to move".
func (m *marks) sentence() message.Safe {
	var text message.Safe
	for mark := triage.Delete; mark <= triage.Move; mark++ {
		if n := m.totals[mark].messages; n > 0 {
			if text != "" {
				text += ", "
			}
			text += count(n) + " to " + message.Safe(mark.String())
		}
	}
	return text
}
