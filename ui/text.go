package ui

import (
	"popmark/message"
)

// page is a screen of text that can be scrolled: so many lines, of which only those in view are drawn.
type page struct {
	lines int
	draw  func(i int, l *line)
}

// run is a piece of a line in one style.
type run struct {
	style style
	text  message.Safe
}

// prose is a page of lines that are few enough to be made at once.
type prose [][]run

func (p *prose) add(runs ...run) { *p = append(*p, runs) }

// wrapped adds text in as many lines as it needs.
func (p *prose) wrapped(m *model, s style, text message.Safe) {
	for _, part := range wrap(m.method, text, m.textWidth()) {
		p.add(run{s, part})
	}
}

func (p prose) page() page {
	return page{len(p), func(i int, l *line) {
		for _, r := range p[i] {
			l.put(r.style, r.text)
		}
	}}
}

// textMargin is the space left and right of a page, where there is room for it.
func (m *model) textMargin() int {
	if m.width >= 30 {
		return 2
	}
	return 0
}

func (m *model) textWidth() int { return max(m.width-2*m.textMargin(), 1) }

// text gives the page of a mode; one without lines for modes that draw otherwise.
func (m *model) text(of mode) page {
	switch of {
	case modeReview:
		return m.reviewText()
	case modeCommitting:
		return m.runText()
	case modeSummary:
		return m.summaryText()
	case modeHelp:
		return m.helpText()
	case modeDialogue:
		return m.dialogueText()
	case modeAccounts:
		return m.accountsText()
	}
	return page{}
}

// textLines is how many lines the page on top has.
func (m *model) textLines() int { return m.text(m.top()).lines }

// drawText draws a page from where it is scrolled to.
func (m *model) drawText(c *canvas, f frame, p page) {
	margin := m.textMargin()
	first := m.scroll[m.top()]
	for row := range f.body {
		l := c.line(f.width, style{}).gap(margin)
		if i := first + row - f.pad; row >= f.pad && i < p.lines {
			inner := l.part(l.left-margin, style{})
			p.draw(i, inner)
			inner.end()
		}
		l.end()
	}
}
