package ui

import (
	"strings"

	"popmark/message"
)

// canvas collects the lines of a frame. All that is ever written on the terminal goes through line.put, which
// takes nothing but [message.Safe].
type canvas struct {
	b      strings.Builder
	method message.WidthMethod
	lines  int
}

// line is a line of exactly so many cells, or a part of one beside other parts.
type line struct {
	c     *canvas
	base  style
	shown style // what the terminal shows now
	left  int   // cells still free
}

// line begins a new line of the frame.
func (c *canvas) line(cells int, base style) *line {
	if c.lines > 0 {
		c.b.WriteByte('\n')
	}
	c.lines++
	return &line{c: c, base: base, left: max(cells, 0)}
}

// part begins a part of l that is so many cells wide; end it before going on with l.
func (l *line) part(cells int, base style) *line {
	cells = min(max(cells, 0), l.left)
	l.left -= cells
	l.use(style{})
	return &line{c: l.c, base: base, left: cells}
}

func (l *line) use(s style) {
	if s == l.shown {
		return
	}
	if l.shown.pen != nil {
		l.c.b.WriteString(l.shown.off)
	}
	if s.pen != nil {
		l.c.b.WriteString(s.on)
	}
	l.shown = s
}

// put writes text, cut where the line ends. It returns the line for chaining.
func (l *line) put(s style, text message.Safe) *line {
	if l.left <= 0 || text == "" {
		return l
	}
	text = l.c.method.Truncate(text, l.left)
	l.use(s.over(l.base))
	l.c.b.WriteString(string(text))
	l.left -= l.c.method.Width(text)
	return l
}

// whole writes runs and a gap behind them if they fit, and nothing otherwise.
func (l *line) whole(runs ...run) *line {
	need := 0
	for _, r := range runs {
		need += l.c.method.Width(r.text)
	}
	if need > l.left {
		return l
	}
	for _, r := range runs {
		l.put(r.style, r.text)
	}
	return l.gap(2)
}

// cell writes text into a column of exactly so many cells.
func (l *line) cell(s style, text message.Safe, cells int) *line {
	cells = min(cells, l.left)
	text = l.c.method.Truncate(text, cells)
	gap := cells - l.c.method.Width(text)
	return l.put(s, text).gap(gap)
}

// right writes text at the right end of a column of exactly so many cells.
func (l *line) right(s style, text message.Safe, cells int) *line {
	cells = min(cells, l.left)
	text = l.c.method.Truncate(text, cells)
	return l.gap(cells-l.c.method.Width(text)).put(s, text)
}

// blank is a run of spaces to cut gaps from.
const blank = "                                                                                "

// gap writes spaces.
func (l *line) gap(cells int) *line {
	cells = min(cells, l.left)
	if cells <= 0 {
		return l
	}
	l.use(l.base)
	l.left -= cells
	for ; cells > len(blank); cells -= len(blank) {
		l.c.b.WriteString(blank)
	}
	l.c.b.WriteString(blank[:cells])
	return l
}

// end fills the line up and goes back to plain text.
func (l *line) end() {
	l.gap(l.left)
	l.use(style{})
}

// width measures text as the terminal will.
func (c *canvas) width(text message.Safe) int { return c.method.Width(text) }
