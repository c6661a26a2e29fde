package ui

import (
	"strconv"

	"popmark/message"
	"popmark/triage"
)

// columns is how wide each column of the list is; 0 leaves one out. The subject takes what is left and stands
// last, so that a terminal which counts its cells otherwise disturbs nothing behind it.
type columns struct {
	lead   int // cursor and mark
	number int
	size   int
	bar    int
	date   int
	tag    int
	from   int
}

// columnsFor chooses the columns for a width. What tells a message apart goes last: its size and its subject.
func columnsFor(width, highest int) columns {
	c := columns{lead: 2}
	if width >= 30 {
		c.lead = 4
	}
	if width >= 16 {
		c.size = 5
	}
	if width >= 48 {
		c.number = max(len(strconv.Itoa(highest)), 3)
	}
	switch {
	case width >= 120:
		c.bar = 10
	case width >= 70:
		c.bar = 6
	}
	switch {
	case width >= 100:
		c.date = 16
	case width >= 64:
		c.date = 8
	}
	if width >= 92 {
		c.tag = 5
	}
	if width >= 34 {
		c.from = min(max(width*22/100, 10), 28)
	}
	return c
}

// drawList draws the rows in view, and the preview beside or below them.
func (m *model) drawList(c *canvas, f frame) {
	if m.preview.open && f.preview > 0 {
		m.layPreview(f)
		m.preview.resize(f.preview - 1)
	}
	cols := m.columns(f.listWidth)
	for row := range f.body {
		y := f.bodyTop + row
		l := c.line(f.width, style{})
		if m.preview.open && !f.beside && y >= f.previewTop {
			m.drawPreview(l, y-f.previewTop, f)
			continue
		}
		part := l
		if f.beside {
			part = l.part(f.listWidth, style{})
		}
		if y < f.listTop {
			m.drawHeads(part, cols)
		} else {
			m.drawRow(part, m.rows.top+y-f.listTop, cols)
		}
		if f.beside {
			part.end()
			l.gap(1).put(m.theme.quiet, message.Safe(m.glyphs.column))
			m.drawPreview(l, row, f)
		}
	}
}

func (m *model) columns(width int) columns {
	highest := 0
	if n := len(m.rows.list.Messages); n > 0 {
		highest = m.rows.list.Messages[n-1].Number
	}
	return columnsFor(width, highest)
}

// drawHeads draws the columns' names, with the way in which the list is sorted.
func (m *model) drawHeads(l *line, c columns) {
	l.base = m.theme.head
	l.gap(c.lead)
	head := func(by triage.Column, name message.Safe, cells int, right bool) {
		if cells == 0 {
			return
		}
		if by == m.rows.column {
			arrow := m.glyphs.up
			if m.rows.descending {
				arrow = m.glyphs.down
			}
			if right {
				name = message.Safe(arrow) + name
			} else {
				name += message.Safe(arrow)
			}
		}
		if right {
			l.right(style{}, name, cells).gap(1)
		} else {
			l.cell(style{}, name, cells).gap(1)
		}
	}
	head(triage.ByNumber, "#", c.number, true)
	head(triage.ByOctets, "size", c.size, true)
	if c.bar > 0 {
		l.gap(c.bar + 1)
	}
	head(triage.ByDate, "date", c.date, false)
	if c.tag > 0 {
		l.gap(c.tag + 1)
	}
	head(triage.ByFrom, "sender", c.from, false)
	head(triage.BySubject, "subject", l.left, false)
	l.end()
}

// drawRow draws the message at a place of the list.
func (m *model) drawRow(l *line, place int, c columns) {
	if place >= len(m.rows.shown) {
		if place == 0 {
			l.gap(c.lead).put(m.theme.quiet, m.nothingThere())
		}
		l.end()
		return
	}
	i := m.rows.shown[place]
	msg := &m.rows.list.Messages[i]
	mark := m.marks.Get(msg.ID)
	l.base = m.markStyle(mark)
	atCursor := place == m.rows.cursor
	if atCursor {
		l.base = m.theme.strong.over(l.base)
	}
	switch {
	case atCursor:
		l.put(m.theme.accent, ">")
	case m.rows.isSelected(place):
		l.put(m.theme.accent, message.Safe(m.glyphs.inRange))
	default:
		l.gap(1)
	}
	if c.lead > 2 {
		l.gap(1)
	}
	if mark == triage.Skip {
		l.gap(1)
	} else {
		l.put(m.theme.strong, message.Safe(mark.Letter()))
	}
	l.gap(c.lead/2 - 1)
	if c.number > 0 {
		l.right(m.theme.quiet, message.Safe(strconv.Itoa(msg.Number)), c.number).gap(1)
	}
	if c.size > 0 {
		l.right(style{}, octets(msg.Octets), c.size).gap(1)
	}
	if c.bar > 0 {
		share := 0.0
		if m.rows.largest > 0 {
			share = float64(msg.Octets) / float64(m.rows.largest)
		}
		s := m.theme.bar
		if share >= 0.5 {
			s = m.theme.barFull
		}
		l.cell(s, message.Safe(m.glyphs.bar(share, c.bar)), c.bar).gap(1)
	}
	m.drawEnvelope(l, i, c)
	l.end()
}

// drawEnvelope draws what the header tells, or that it is not there.
func (m *model) drawEnvelope(l *line, i int32, c columns) {
	e := m.rows.envelope(i)
	if e == nil {
		if err := m.rows.failed[i]; err != nil {
			l.put(m.theme.quiet, "no header: "+errorText(err))
			return
		}
		l.put(m.theme.quiet, message.Safe(m.glyphs.ellipsis))
		return
	}
	now := m.cfg.Now()
	if c.date > 0 {
		var date message.Safe
		switch {
		case !e.HasDate:
		case c.date >= 16:
			date = longDate(e.Date, now)
		default:
			date = shortDate(e.Date, now)
		}
		l.cell(m.theme.quiet, date, c.date).gap(1)
	}
	if c.tag > 0 {
		text, s := m.tag(e)
		l.cell(s, text, c.tag).gap(1)
	}
	if c.from > 0 {
		name := e.From.Name
		if name == "" {
			name = e.From.Shown()
		}
		if name == "" {
			l.cell(m.theme.quiet, "(no sender)", c.from).gap(1)
		} else {
			l.cell(style{}, name, c.from).gap(1)
		}
	}
	if e.Subject == "" {
		l.put(m.theme.quiet, "(no subject)")
		return
	}
	l.put(style{}, e.Subject)
}

// tag is the one word that matters most of what a header says of its message.
func (m *model) tag(e *message.Envelope) (message.Safe, style) {
	switch j := e.Judgement; {
	case j.Spam == message.SpamYes:
		return "spam", m.theme.bad
	case j.DMARC == message.Fail:
		return "dmarc", m.theme.bad
	case j.NameHoldsAddress:
		return "name", m.theme.bad
	case j.List:
		return "list", m.theme.quiet
	case j.Bulk:
		return "bulk", m.theme.quiet
	case e.HasAttachment:
		return "file", m.theme.quiet
	}
	return "", style{}
}

func (m *model) markStyle(mark triage.Mark) style {
	switch mark {
	case triage.Delete:
		return m.theme.remove
	case triage.Fetch:
		return m.theme.fetch
	case triage.Move:
		return m.theme.move
	}
	return style{}
}
