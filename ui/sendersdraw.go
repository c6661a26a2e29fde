package ui

import (
	"popmark/message"
	"popmark/triage"
)

// drawSenders draws the groups in view: mark, messages, octets, a bar of the largest, and who it is.
func (m *model) drawSenders(c *canvas, f frame) {
	s := &m.senders
	wide := f.width >= 60
	bar := 0
	if f.width >= 34 {
		bar = min(max(f.width/6, 6), 24)
	}
	if f.heads {
		l := c.line(f.width, m.theme.head)
		l.gap(4)
		if wide {
			l.right(style{}, "count", 6).gap(1)
		}
		l.right(style{}, "total", 6).gap(1)
		if bar > 0 {
			l.gap(bar + 1)
		}
		what := message.Safe("sender")
		if s.by == triage.ByDomain {
			what = "domain"
		}
		if m.rows.filtered() {
			what += " (of the filter's messages)"
		}
		l.put(style{}, what)
		l.end()
	}
	for row := range f.list {
		m.drawGroup(c.line(f.width, style{}), s.top+row, wide, bar)
	}
}

func (m *model) drawGroup(l *line, place int, wide bool, bar int) {
	s := &m.senders
	if place >= len(s.groups) {
		if place == 0 {
			l.gap(4).put(m.theme.quiet, m.nothingThere())
		}
		l.end()
		return
	}
	g := s.groups[place]
	mark, mixed := m.groupMark(g)
	l.base = m.markStyle(mark)
	letter := message.Safe(mark.Letter())
	if mixed {
		letter = message.Safe(m.glyphs.half)
	}
	if place == s.cursor {
		l.base = m.theme.strong.over(l.base)
		l.put(m.theme.accent, "> ")
	} else {
		l.gap(2)
	}
	l.put(m.theme.strong, letter).gap(1)
	if wide {
		l.right(m.theme.quiet, count(len(g.IDs)), 6).gap(1)
	}
	l.right(style{}, octets(g.Octets), 6).gap(1)
	if bar > 0 {
		share := 0.0
		if s.largest > 0 {
			share = float64(g.Octets) / float64(s.largest)
		}
		barStyle := m.theme.bar
		if share >= 0.5 {
			barStyle = m.theme.barFull
		}
		l.cell(barStyle, message.Safe(m.glyphs.bar(share, bar)), bar).gap(1)
	}
	if g.Name == "" {
		l.put(m.theme.quiet, "(no sender known yet)")
		l.end()
		return
	}
	l.put(style{}, g.Name)
	if name := m.groupName(g); wide && name != "" && s.by == triage.BySender {
		l.gap(2).put(m.theme.quiet, name)
	}
	l.end()
}
