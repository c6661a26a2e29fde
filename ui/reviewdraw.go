package ui

import (
	"strconv"

	"popmark/keymap"
	"popmark/message"
	"popmark/triage"
)

// reviewText is the plan: what happens to how many messages, its octets, and its commands in their order.
func (m *model) reviewText() page {
	head, commands := m.review.head, m.review.commands
	return page{len(head) + len(commands), func(i int, l *line) {
		if i < len(head) {
			for _, r := range head[i] {
				l.put(r.style, r.text)
			}
			return
		}
		m.drawCommand(l, commands[i-len(head)])
	}}
}

// reviewHead is what stands over the plan's commands. It goes through the whole plan, and so is made once.
func (m *model) reviewHead() prose {
	plan := m.review.plan
	var head prose
	head.add(run{m.theme.accent, "What will be done"})
	for mark := triage.Delete; mark <= triage.Move; mark++ {
		n, size := plan.Count(mark)
		if n == 0 {
			continue
		}
		s := m.theme.strong.over(m.markStyle(mark))
		head.add(run{s, message.Safe(mark.Letter()) + " "},
			run{m.theme.strong, m.method.Fit(message.Safe(mark.String()), 8)},
			run{style{}, m.method.Fit(plural(n, "message")+", "+longOctets(size), 30)},
			run{m.theme.quiet, m.planWords(mark)})
	}
	head.add()
	if n := plan.Download(); n > 0 {
		head.add(run{m.theme.quiet, "downloads  "}, run{m.theme.strong, longOctets(n)},
			run{m.theme.quiet, " to "}, run{style{}, message.MakeSafe(m.cfg.Destination)})
	}
	if n := plan.Freed(); n > 0 {
		head.add(run{m.theme.quiet, "frees      "}, run{m.theme.strong, longOctets(n)},
			run{m.theme.quiet, " of "}, run{style{}, longOctets(m.rows.list.Octets)})
	}
	m.wayBack(&head)
	head.add()
	head.add(run{m.theme.accent, "Commands, in this order"}, run{m.theme.quiet, " (" + message.Safe(plan.Order.String()) + ")"})
	return head
}

func (m *model) planWords(mark triage.Mark) message.Safe {
	switch mark {
	case triage.Delete:
		if m.cfg.KeepDeleted > 0 {
			return "gone"
		}
		return "gone, never downloaded"
	case triage.Fetch:
		return "downloaded, stays there"
	}
	return "downloaded, then gone"
}

// wayBack says what of the deleted can be had back.
func (m *model) wayBack(p *prose) {
	_, kept, lost := m.review.plan.WithCopies(m.cfg.KeepDeleted)
	if kept > 0 {
		p.add(run{m.theme.quiet, "kept       "}, run{style{}, "a copy of " + plural(kept, "deleted message")})
	}
	if lost > 0 {
		p.add(run{m.theme.quiet, "no way back "}, run{m.theme.warn, "for " + plural(lost, "deleted message")})
	}
}

// drawReviewQuestion asks whether to carry the plan out. No is what it stands on.
func (m *model) drawReviewQuestion(l *line) {
	l.put(m.theme.strong, "Carry this plan out?").gap(2)
	l.put(m.theme.chosen, " "+m.hintKey(keymap.Decline)+" no ").gap(2)
	l.put(m.theme.strong, m.hintKey(keymap.Confirm)).put(m.theme.quiet, " yes").gap(2)
	l.put(m.theme.strong, m.hintKey(keymap.Help)).put(m.theme.quiet, " help")
}

// drawCommand draws one command with the message that it is about.
func (m *model) drawCommand(l *line, c planned) {
	if c.step < 0 {
		l.gap(2).put(m.theme.strong, c.verb)
		return
	}
	s := &m.review.plan.Steps[c.step]
	verb := m.theme.fetch
	if c.verb == "DELE" {
		verb = m.theme.remove
	}
	l.gap(2).put(verb, c.verb+" ").cell(m.theme.strong, message.Safe(strconv.Itoa(s.Message.Number)), 6)
	l.gap(1).right(m.theme.quiet, octets(s.Message.Octets), 5).gap(2)
	m.drawAbout(l, s.Message.ID)
}
