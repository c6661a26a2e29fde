package ui

import (
	tea "charm.land/bubbletea/v2"

	"popmark/keymap"
	"popmark/message"
	"popmark/triage"
)

// review is the plan as it is shown before it is carried out.
type review struct {
	plan     triage.Plan
	commands []planned
	head     prose
	// generation is the list's that the plan was made from.
	generation int
}

// planned is one command of the plan: its step's index, or -1 for QUIT.
type planned struct {
	verb message.Safe
	step int
}

// commandsOf lists a plan's commands with their steps, each session's QUIT included.
func commandsOf(plan triage.Plan) []planned {
	var all []planned
	first := 0
	for _, part := range plan.Parts() {
		for _, c := range plan.Order.Commands(part) {
			all = append(all, planned{message.Safe(c.Verb), first + c.Step})
		}
		all = append(all, planned{"QUIT", -1})
		first += len(part)
	}
	return all
}

// openReview makes the plan of what is marked. It opens on No: only the key for yes carries it out.
func (m *model) openReview() {
	m.dropSelection()
	switch {
	case m.marks.here() == 0:
		m.say("Nothing is marked: " + m.markKeys() + " mark messages")
		return
	case m.server.opening:
		m.warn("The mailbox is being opened; review the plan when its list is there")
		return
	}
	list := m.rows.list
	plan := triage.NewPlan(list, func(i int) triage.Mark { return m.marks.Get(list.Messages[i].ID) }, m.cfg.Order)
	plan.Checkpoint = m.cfg.Checkpoint
	seen, _, _ := plan.WithCopies(m.cfg.KeepDeleted)
	m.review = review{plan: plan, commands: commandsOf(seen), generation: m.rows.list.Generation}
	m.review.head = m.reviewHead()
	m.push(modeReview)
}

func (m *model) reviewAction(a keymap.Action) tea.Cmd {
	switch a {
	case keymap.Confirm:
		if m.rows.list.Generation != m.review.generation {
			m.pop()
			m.warn("The mailbox was listed anew meanwhile: review the plan again")
			return nil
		}
		m.pop()
		return m.startRun(m.review.plan)
	case keymap.Decline:
		m.pop()
		m.say("Nothing was done; the marks stay")
		return nil
	}
	return m.textAction(a)
}

// question is what is asked at the foot of the screen.
type question struct {
	text, short message.Safe
	yes         func() tea.Cmd
}

// quit leaves, and asks first where marks would be left behind.
func (m *model) quit() tea.Cmd {
	if m.marks.here() == 0 {
		return tea.Quit
	}
	text := "Leave without carrying out the marks (" + m.marks.sentence() + ")?"
	if m.cfg.Ledger != nil && m.cfg.Ledger.Dir() != "" {
		text += " They are kept."
	} else {
		text += " They are forgotten."
	}
	m.question = question{text, "Leave? " + count(m.marks.here()) + " marked", func() tea.Cmd { return tea.Quit }}
	m.push(modeConfirm)
	return nil
}

func (m *model) confirmAction(a keymap.Action) tea.Cmd {
	switch a {
	case keymap.Confirm:
		m.pop()
		return m.question.yes()
	case keymap.Decline:
		m.pop()
	}
	return nil
}
