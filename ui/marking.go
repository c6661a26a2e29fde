package ui

import (
	tea "charm.land/bubbletea/v2"

	"popmark/keymap"
	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

// mark gives the row under the cursor, or all that is selected, a mark, and goes on to the next row.
func (m *model) mark(mark triage.Mark) tea.Cmd {
	ids := m.rows.targets()
	if len(ids) == 0 {
		m.say(m.nothingThere())
		return nil
	}
	changed := m.marks.set(mark, ids...)
	if m.rows.selected.on {
		_, last := m.rows.bounds()
		all := m.rows.selected.all
		m.rows.selected = selection{}
		m.say(markedWords(mark, changed, len(ids)))
		if all {
			return nil
		}
		m.rows.move(last)
	}
	m.warnUncertain(mark, ids)
	m.rows.move(m.rows.cursor + 1)
	return m.showPreview()
}

func markedWords(mark triage.Mark, changed, of int) message.Safe {
	text := plural(changed, "message")
	if mark == triage.Skip {
		text += " skipped"
	} else {
		text += " marked " + message.Safe(mark.String())
	}
	if same := of - changed; same > 0 {
		text += "; " + count(same) + " already so"
	}
	return text
}

// warnUncertain says it where a message marked to go has no name of its own.
func (m *model) warnUncertain(mark triage.Mark, ids []mailbox.ID) {
	if !mark.Deletes() {
		return
	}
	for _, id := range ids {
		if i, ok := m.rows.list.Find(id); ok && !m.rows.list.Messages[i].Certain {
			m.warn("The server gives this message no UIDL of its own: it is deleted only while it is certain which one it is")
			return
		}
	}
}

// nextMark goes round the marks of the row under the cursor, and stays.
func (m *model) nextMark() {
	msg, ok := m.rows.at()
	if !ok {
		m.say(m.nothingThere())
		return
	}
	mark := m.marks.Get(msg.ID).Next()
	m.marks.set(mark, msg.ID)
	m.warnUncertain(mark, []mailbox.ID{msg.ID})
}

func (m *model) nothingThere() message.Safe {
	if m.rows.filtered() {
		return "No message fits the filter; " + message.Safe(m.keys.Key(keymap.List, keymap.Close)) + " takes it off"
	}
	return "The mailbox is empty"
}

// selectRange starts a range, then ends it, then lets it go.
func (m *model) selectRange() {
	s := &m.rows.selected
	switch {
	case len(m.rows.shown) == 0:
		m.say(m.nothingThere())
	case !s.on || s.all:
		*s = selection{on: true, open: true, from: m.rows.cursor, to: m.rows.cursor}
		m.say("A range begins here: move, then " + m.markKeys() + " for all of it")
	case s.open:
		s.open = false
		first, last := m.rows.bounds()
		m.say(plural(last-first+1, "row") + " selected: " + m.markKeys() + " marks them")
	default:
		m.dropSelection()
	}
}

// selectAll selects every row that the filter shows, or lets them go.
func (m *model) selectAll() {
	switch {
	case m.rows.selected.all:
		m.dropSelection()
	case len(m.rows.shown) == 0:
		m.say(m.nothingThere())
	default:
		m.rows.selected = selection{on: true, all: true}
		m.say("All " + plural(len(m.rows.shown), "row") + " selected: " + m.markKeys() + " marks them")
	}
}

// dropSelection ends a selection. Places on the screen are about to mean other messages.
func (m *model) dropSelection() {
	if m.rows.selected.on {
		m.rows.selected = selection{}
		m.say("The selection is off")
	}
}

// markKeys names the keys that mark: "d f m s".
func (m *model) markKeys() message.Safe {
	var text message.Safe
	for _, a := range []keymap.Action{keymap.MarkDelete, keymap.MarkFetch, keymap.MarkMove, keymap.Skip} {
		if key := m.keys.Key(keymap.List, a); key != "" {
			if text != "" {
				text += " "
			}
			text += message.Safe(key)
		}
	}
	return text
}

// shiftMarks finishes an undo or a redo.
func (m *model) shiftMarks(ids []mailbox.ID, done, nothing message.Safe) {
	if len(ids) == 0 {
		m.say(nothing)
		return
	}
	m.marks.touched(ids)
	m.say(done + ": the marks of " + plural(len(ids), "message"))
	if len(ids) == 1 {
		if i, ok := m.rows.list.Find(ids[0]); ok {
			m.rows.follow(int32(i))
			m.rows.settle()
		}
	}
}

// restoreMarks puts what the ledger kept on the list, once both are there.
func (m *model) restoreMarks() {
	if m.kept == nil || m.rows.list == nil {
		return
	}
	kept := m.kept
	m.kept = nil
	if kept.err != nil {
		m.fail("reading the marks kept", kept.err)
		return
	}
	m.marks.Restore(m.marks.restored(kept.marks))
	m.marks.recount()
	n := m.marks.here()
	switch {
	case n == 0:
	case kept.broken > 0:
		m.warn("A commit was broken off. " + m.marks.sentence() + ": marked again; " + message.Safe(m.keys.Key(keymap.List, keymap.Review)) + " takes it up")
	default:
		m.say("Marks from last time: " + m.marks.sentence())
	}
}
