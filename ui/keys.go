package ui

import (
	"context"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"popmark/keymap"
	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

// key looks a key up and hands its action to the mode on top.
func (m *model) key(msg tea.KeyPressMsg) tea.Cmd {
	m.note = note{}
	name := msg.String()
	action, ok := m.keys.Lookup(m.context(), name)
	switch {
	case ok && action == keymap.Leave:
		return m.leave()
	case ok && action == keymap.Suspend:
		return m.suspend()
	case m.top() == modeFilter:
		return m.filterKey(action, msg)
	case !ok:
		m.unbound(name)
		return nil
	}
	switch action {
	case keymap.Help:
		m.push(modeHelp)
		return nil
	case keymap.Dialogue:
		m.push(modeDialogue)
		m.dialogue.still = false
		return nil
	case keymap.Accounts:
		m.push(modeAccounts)
		return nil
	case keymap.LookAgain:
		return m.lookAgain()
	}
	switch m.top() {
	case modeList:
		return m.listAction(action)
	case modeSenders:
		return m.sendersAction(action)
	case modeReview:
		return m.reviewAction(action)
	case modeCommitting:
		return m.committingAction(action)
	case modeSummary:
		return m.summaryAction(action)
	case modeConfirm:
		return m.confirmAction(action)
	}
	return m.textAction(action)
}

// unbound says why a key does nothing, and where it would do something.
func (m *model) unbound(name string) {
	shown := message.MakeSafe(keymap.Shown(name))
	in, words := m.keys.Anywhere(name)
	text := shown + " does nothing here"
	if where := in.String() + ": "; words != "" {
		text += " (" + message.Safe(where+strings.TrimPrefix(words, where)) + ")"
	}
	if help := m.keys.Key(m.context(), keymap.Help); help != "" {
		text += "; " + message.Safe(help) + " lists the keys"
	}
	m.warn(text)
}

// leave ends the screen. A commit under way is stopped first; it commits nothing by being left.
func (m *model) leave() tea.Cmd {
	m.interrupted = m.run.active()
	if m.run.active() && !m.run.stopping {
		m.run.leave = true
		return m.stopRun()
	}
	return tea.Quit
}

// stopMsg is SIGTSTP from outside: it does what the key does.
type stopMsg struct{}

// mailboxFreeMsg says that the lock was let go, so that the process can be stopped; continuedMsg, that it goes on.
type (
	mailboxFreeMsg struct{}
	continuedMsg   struct{ err error }
)

// suspend lets the mailbox's lock go and then stops the process: nobody's mailbox is held by a stopped program.
func (m *model) suspend() tea.Cmd {
	if m.run.active() {
		m.warn("A commit is under way: esc stops it")
		return nil
	}
	if !m.canStop() {
		m.warn("No shell is there to come back from: popmark was started without one")
		return nil
	}
	held := m.server.state == mailbox.Open
	return func() tea.Msg {
		if held {
			ctx, cancel := context.WithTimeout(m.ctx, time.Second)
			defer cancel()
			// Where QUIT gets no answer the socket is closed, which frees the mailbox too.
			_ = m.cfg.Mailbox.Release(ctx)
		}
		return mailboxFreeMsg{}
	}
}

// listAction does what keys do in the list and beside the preview.
func (m *model) listAction(a keymap.Action) tea.Cmd {
	if m.rows.list == nil {
		return m.openingAction(a)
	}
	if to, ok := scrolled(a, m.rows.cursor, len(m.rows.shown), m.rows.height); ok {
		m.rows.move(to)
		return m.showPreview()
	}
	switch a {
	case keymap.MarkDelete:
		return m.mark(triage.Delete)
	case keymap.MarkFetch:
		return m.mark(triage.Fetch)
	case keymap.MarkMove:
		return m.mark(triage.Move)
	case keymap.Skip:
		return m.mark(triage.Skip)
	case keymap.NextMark:
		m.nextMark()
	case keymap.Range:
		m.selectRange()
	case keymap.SelectAll:
		m.selectAll()
	case keymap.Undo:
		m.shiftMarks(m.marks.Undo(), "Undone", "Nothing to undo")
	case keymap.Redo:
		m.shiftMarks(m.marks.Redo(), "Done again", "Nothing to redo")
	case keymap.Filter:
		m.startFilter()
	case keymap.Sort:
		m.rows.column, m.rows.descending = m.rows.column.Next(), firstDescending(m.rows.column.Next())
		return m.reorder()
	case keymap.Reverse:
		m.rows.descending = !m.rows.descending
		return m.reorder()
	case keymap.Senders:
		m.openSenders()
	case keymap.Preview:
		return m.togglePreview()
	case keymap.ScrollDown, keymap.ScrollUp, keymap.ScrollPageDown, keymap.ScrollPageUp,
		keymap.AllHeaders, keymap.AsReceived, keymap.MoreLines:
		return m.previewAction(a)
	case keymap.Review:
		m.openReview()
	case keymap.Mouse:
		m.toggleMouse()
	case keymap.Close:
		m.closeList()
	case keymap.Quit:
		return m.quit()
	}
	return nil
}

// scrolled gives the place that a moving action leads to from a place among n, of which height are in view.
func scrolled(a keymap.Action, at, n, height int) (int, bool) {
	half := max(height/2, 1)
	switch a {
	case keymap.Down:
		at++
	case keymap.Up:
		at--
	case keymap.First:
		at = 0
	case keymap.Last:
		at = n - 1
	case keymap.HalfDown:
		at += half
	case keymap.HalfUp:
		at -= half
	case keymap.PageDown:
		at += max(height-1, 1)
	case keymap.PageUp:
		at -= max(height-1, 1)
	default:
		return at, false
	}
	return max(min(at, n-1), 0), true
}

// firstDescending is the way round in which a column is sorted at first: the newest, largest and marked on top.
func firstDescending(c triage.Column) bool {
	return c == triage.ByNumber || c == triage.ByOctets || c == triage.ByDate
}

// reorder sorts anew and keeps the cursor on its message.
func (m *model) reorder() tea.Cmd {
	m.dropSelection()
	m.rows.arrange()
	m.say("Sorted by " + message.Safe(m.rows.column.String()) + ", " + direction(m.rows.column, m.rows.descending))
	return nil
}

func direction(c triage.Column, descending bool) message.Safe {
	up, down := message.Safe("upwards"), message.Safe("downwards")
	switch c {
	case triage.ByOctets:
		up, down = "smallest first", "largest first"
	case triage.ByNumber, triage.ByDate:
		up, down = "oldest first", "newest first"
	case triage.ByFrom, triage.BySubject:
		up, down = "A to Z", "Z to A"
	case triage.ByMark:
		up, down = "marked first", "marked last"
	}
	if descending {
		return down
	}
	return up
}

// closeList takes one thing off the list at a time: the selection, the preview, the filter.
func (m *model) closeList() {
	switch {
	case m.rows.selected.on:
		m.dropSelection()
	case m.preview.open:
		m.preview.open = false
	case m.rows.group != nil:
		m.say("No longer just the messages of " + m.rows.group.name)
		m.showAllGroups()
	case m.rows.query != nil:
		m.setQuery(nil)
		m.say("The filter is off")
	case m.stopOpening():
	default:
		m.say("Nothing to close here; " + message.Safe(m.keys.Key(keymap.List, keymap.Quit)) + " leaves")
	}
}

// textAction scrolls and closes screens of text.
func (m *model) textAction(a keymap.Action) tea.Cmd {
	top := m.top()
	if to, ok := scrolled(a, m.scroll[top], m.textLines(), m.textHeight()); ok {
		last := m.textLines() - m.textHeight()
		if a == keymap.Last {
			to = last
		}
		m.scroll[top] = to
		m.dialogue.still = to < last
		return nil
	}
	if a == keymap.Close {
		m.pop()
	}
	return nil
}
