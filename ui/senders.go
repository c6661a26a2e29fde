package ui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"popmark/keymap"
	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

// senders is the mailbox by sender or domain: who fills it.
type senders struct {
	groups  []triage.Group
	by      triage.Grouping
	unknown int // messages whose header is not known yet
	largest int64
	byCount bool // sorted by number of messages, not by octets
	turned  bool // the order is turned round

	cursor, top, height int

	marks  map[message.Safe]groupMark // of the groups that were drawn, as of the marks' change
	change int
}

// groupMark is the mark that all of a group bear, or that they differ.
type groupMark struct {
	mark  triage.Mark
	mixed bool
}

// openSenders shows the senders of the rows that the filter shows. Coming back, the cursor is where it was.
func (m *model) openSenders() {
	m.dropSelection()
	m.mode = modeSenders
	m.showAllGroups()
	m.senders.fill(&m.rows)
}

// showAllGroups ends the look at one group.
func (m *model) showAllGroups() {
	if m.rows.group != nil {
		m.rows.group = nil
		m.rows.arrange()
	}
}

// fill groups anew; the cursor stays with its group.
func (s *senders) fill(r *rows) {
	var at message.Safe
	had := s.cursor > 0 && s.cursor < len(s.groups)
	if had {
		at = s.groups[s.cursor].Name
	}
	s.groups, s.marks = triage.Groups(r.shown, s.by, r.row), nil
	s.order()
	s.unknown, s.largest = 0, 0
	for i, g := range s.groups {
		s.largest = max(s.largest, g.Octets)
		if g.Name == "" {
			s.unknown = len(g.IDs)
		}
		if had && g.Name == at {
			s.cursor = i
		}
	}
	s.settle()
}

// order sorts the groups, which come largest first.
func (s *senders) order() {
	if s.byCount {
		slices.SortStableFunc(s.groups, func(a, b triage.Group) int { return len(b.IDs) - len(a.IDs) })
	}
	if s.turned {
		slices.Reverse(s.groups)
	}
}

func (s *senders) resize(height int) {
	s.height = max(height, 1)
	s.settle()
}

func (s *senders) settle() {
	n := len(s.groups)
	s.cursor = min(max(s.cursor, 0), max(n-1, 0))
	s.top = max(min(s.top, s.cursor), s.cursor-s.height+1)
	s.top = max(min(s.top, n-s.height), 0)
}

// sendersAction does what keys do in the senders view.
func (m *model) sendersAction(a keymap.Action) tea.Cmd {
	s := &m.senders
	if to, ok := scrolled(a, s.cursor, len(s.groups), s.height); ok {
		s.cursor = to
		s.settle()
		return nil
	}
	switch a {
	case keymap.MarkDelete:
		m.markGroup(triage.Delete)
	case keymap.MarkFetch:
		m.markGroup(triage.Fetch)
	case keymap.MarkMove:
		m.markGroup(triage.Move)
	case keymap.Skip:
		m.markGroup(triage.Skip)
	case keymap.NextMark:
		if s.cursor < len(s.groups) {
			mark, mixed := m.groupMark(s.groups[s.cursor])
			if mixed {
				mark = triage.Skip
			}
			m.setGroup(mark.Next())
		}
	case keymap.Undo:
		m.shiftMarks(m.marks.Undo(), "Undone", "Nothing to undo")
	case keymap.Redo:
		m.shiftMarks(m.marks.Redo(), "Done again", "Nothing to redo")
	case keymap.GroupBy:
		s.by = triage.ByDomain - s.by
		s.cursor = 0
		s.fill(&m.rows)
	case keymap.Sort:
		s.byCount = !s.byCount
		s.fill(&m.rows)
	case keymap.Reverse:
		s.turned = !s.turned
		s.fill(&m.rows)
	case keymap.ShowGroup:
		return m.showGroup()
	case keymap.Review:
		m.openReview()
	case keymap.Mouse:
		m.toggleMouse()
	case keymap.Senders, keymap.Close:
		m.mode = modeList
	case keymap.Quit:
		return m.quit()
	}
	return nil
}

// markGroup marks every message of the group under the cursor, and goes on.
func (m *model) markGroup(mark triage.Mark) {
	if m.setGroup(mark) {
		m.senders.cursor++
		m.senders.settle()
	}
}

func (m *model) setGroup(mark triage.Mark) bool {
	s := &m.senders
	if s.cursor >= len(s.groups) {
		m.say(m.nothingThere())
		return false
	}
	g := s.groups[s.cursor]
	if g.Name == "" && mark != triage.Skip {
		m.warn("These have no known sender yet: mark them one by one in the list, or wait for their headers")
		return false
	}
	changed := m.marks.set(mark, g.IDs...)
	m.say(markedWords(mark, changed, len(g.IDs)) + " (" + g.Name + ")")
	m.warnUncertain(mark, g.IDs)
	return true
}

// groupMark gives the mark that all of a group bear, or says that they differ. It is looked up once for each
// change of the marks: a group may have a hundred thousand messages.
func (m *model) groupMark(g triage.Group) (mark triage.Mark, mixed bool) {
	s := &m.senders
	if s.marks == nil || s.change != m.marks.change {
		s.marks, s.change = make(map[message.Safe]groupMark), m.marks.change
	}
	found, ok := s.marks[g.Name]
	if !ok {
		found.mark, found.mixed = m.lookUpGroup(g)
		s.marks[g.Name] = found
	}
	return found.mark, found.mixed
}

func (m *model) lookUpGroup(g triage.Group) (mark triage.Mark, mixed bool) {
	for i, id := range g.IDs {
		k := m.marks.Get(id)
		if i == 0 {
			mark = k
		}
		if k != mark {
			return triage.Skip, true
		}
	}
	return mark, false
}

// showGroup goes to the list with just the messages of the group under the cursor.
func (m *model) showGroup() tea.Cmd {
	s := &m.senders
	if s.cursor >= len(s.groups) {
		m.say(m.nothingThere())
		return nil
	}
	g := s.groups[s.cursor]
	if g.Name == "" {
		m.warn("These have no known sender yet")
		return nil
	}
	m.mode = modeList
	m.rows.group = &shownGroup{name: g.Name, ids: make(map[mailbox.ID]bool, len(g.IDs))}
	for _, id := range g.IDs {
		m.rows.group.ids[id] = true
	}
	m.rows.arrange()
	m.rows.move(0)
	m.say("The messages of " + g.Name + "; " + m.hintKey(keymap.Close) + " shows all again")
	return m.showPreview()
}

// name gives a group's sender as people know it: the name of its first message that has one.
func (m *model) groupName(g triage.Group) message.Safe {
	const look = 5
	for _, id := range g.IDs[:min(len(g.IDs), look)] {
		if e := m.envelope(id); e != nil && e.From.Name != "" {
			return e.From.Name
		}
	}
	return ""
}

func (m *model) envelope(id mailbox.ID) *message.Envelope {
	if i, ok := m.rows.list.Find(id); ok {
		return m.rows.envelope(int32(i))
	}
	return nil
}
