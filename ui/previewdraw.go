package ui

import (
	"strings"

	"popmark/message"
)

// previewLine is one line of the pane: a label in its own style before the text, where it has one.
type previewLine struct {
	label message.Safe
	text  message.Safe
	style style
}

// drawPreview draws the pane's title and as much of its lines as fit.
func (m *model) drawPreview(l *line, row int, f frame) {
	p := &m.preview
	if row == 0 {
		m.drawPreviewTitle(l, f)
		return
	}
	c := p.find(p.shown)
	if c == nil {
		if waiting := wrap(m.method, m.previewWaiting(), f.previewWidth-2); row >= 2 && row-2 < len(waiting) {
			l.gap(1).put(m.theme.quiet, waiting[row-2])
		}
		l.end()
		return
	}
	if i := p.offset + row - 1; i < len(p.laid) {
		l.gap(1).put(m.theme.quiet, p.laid[i].label).put(p.laid[i].style, p.laid[i].text)
	}
	l.end()
}

func (m *model) previewWaiting() message.Safe {
	if m.preview.err != nil && m.preview.errID == m.preview.shown {
		return errorText(m.preview.err)
	}
	return "asking the server…"
}

// drawPreviewTitle says what the pane shows, that it is a part, and how big the whole is.
func (m *model) drawPreviewTitle(l *line, f frame) {
	if f.beside {
		l.gap(1)
	} else {
		l.put(m.theme.quiet, message.Safe(strings.Repeat(m.glyphs.rule, 2))+" ")
	}
	l.put(m.theme.strong, m.previewName()).gap(1)
	l.put(m.theme.quiet, message.Safe(strings.Repeat(m.glyphs.rule, max(l.left, 0))))
	l.end()
}

func (m *model) previewName() message.Safe {
	p := &m.preview
	msg, ok := m.rows.at()
	if !ok {
		return "no message"
	}
	name := "message " + count(msg.Number)
	switch p.face {
	case faceHeaders:
		name += ", all headers"
	case faceRaw:
		name += ", as received"
	}
	c := p.find(p.shown)
	switch {
	case c == nil:
		return name + ", " + longOctets(msg.Octets)
	case c.whole:
		return name + ", whole: " + longOctets(msg.Octets)
	}
	return name + ", the first " + longOctets(c.preview.Octets) + " of " + longOctets(msg.Octets)
}

// layPreview lays the lines out anew where the message, the face or the width changed. It works on the one
// message shown, whose size Top bounds.
func (m *model) layPreview(f frame) {
	p := &m.preview
	c := p.find(p.shown)
	width := max(f.previewWidth-2, 1)
	if c == p.laidFor && width == p.laidWidth && p.face == p.laidFace {
		return
	}
	p.laidFor, p.laidWidth, p.laidFace, p.laid = c, width, p.face, nil
	if c == nil {
		return
	}
	add := func(label, text message.Safe, s style) {
		indent := m.method.Width(label)
		for i, part := range wrap(m.method, text, width-indent) {
			if i > 0 {
				label = message.Safe(strings.Repeat(" ", indent))
			}
			p.laid = append(p.laid, previewLine{label, part, s})
		}
	}
	switch p.face {
	case faceRaw:
		for _, text := range c.raw {
			add("", text, m.theme.plain)
		}
	case faceHeaders:
		for _, field := range c.fields {
			add(field.Name+": ", field.Value, m.theme.plain)
		}
	default:
		m.layText(c, add)
	}
	if msg, ok := m.rows.at(); ok && !c.whole {
		add("", "", m.theme.plain)
		add("", m.moreWords(msg.Octets-c.preview.Octets), m.theme.quiet)
	}
}

func (m *model) moreWords(rest int64) message.Safe {
	text := message.Safe(m.glyphs.ellipsis) + " and more"
	if rest > 0 {
		text = message.Safe(m.glyphs.ellipsis) + " and " + longOctets(rest) + " more"
	}
	return text + " (" + m.hintKey("more-lines") + " shows more lines)"
}

// layText lays out what a person reads: the headers that matter, what is said of the message, its text, its files.
func (m *model) layText(c *content, add func(label, text message.Safe, s style)) {
	for _, field := range c.preview.Headers {
		s := m.theme.plain
		if field.Name == "Subject" {
			s = m.theme.strong
		}
		add(message.Wcwidth.Fit(field.Name+":", 9)+" ", field.Value, s)
	}
	unsigned := message.Safe("") // under signs, what has none is set in
	for _, finding := range c.preview.Findings {
		if finding.Weight == message.Good || finding.Weight == message.Bad {
			unsigned = "  "
		}
	}
	for i, finding := range c.preview.Findings {
		label := message.Safe("")
		if i == 0 {
			label = "Checks:"
		}
		s, sign := m.theme.plain, unsigned
		switch finding.Weight {
		case message.Good:
			s, sign = m.theme.good, message.Safe(m.glyphs.yes)+" "
		case message.Bad:
			s, sign = m.theme.bad, message.Safe(m.glyphs.no)+" "
		}
		text := sign + finding.Word
		if finding.Reason != "" {
			text += " (" + finding.Reason + ")"
		}
		add(message.Wcwidth.Fit(label, 9)+" ", text, s)
	}
	for i, a := range c.preview.Attachments {
		label := message.Safe("")
		if i == 0 {
			label = "Files:"
		}
		add(message.Wcwidth.Fit(label, 9)+" ", attachmentWords(a), m.theme.plain)
	}
	add("", "", m.theme.plain)
	for _, text := range c.preview.Text {
		s := m.theme.plain
		if strings.HasPrefix(string(text), ">") {
			s = m.theme.quiet
		}
		add("", text, s)
	}
	if len(c.preview.Text) == 0 {
		add("", "no text in what came so far", m.theme.quiet)
	}
}

func attachmentWords(a message.Attachment) message.Safe {
	name := a.Name
	if name == "" {
		name = "(no name)"
	}
	size := longOctets(a.Octets)
	if !a.Complete {
		size += " so far"
	}
	return name + ", " + a.Type + ", " + size
}
