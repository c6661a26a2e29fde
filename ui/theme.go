package ui

import (
	"strconv"
	"strings"
)

// attribute is a set of SGR attributes. They work without colours, and so under NO_COLOR.
type attribute uint8

const (
	bold attribute = 1 << iota
	faint
	underline
	reverse
)

// color is one of the 16 ANSI colours, so that the terminal's own palette decides; 0 is the default colour.
type color uint8

const (
	red color = iota + 1
	green
	yellow
	blue
	magenta
	cyan
)

// style is how text looks. The zero value is plain.
type style struct {
	fg   color
	attr attribute
}

// over lays s over a base: s's colour wins, attributes add up.
func (s style) over(base style) style {
	if s.fg == 0 {
		s.fg = base.fg
	}
	s.attr |= base.attr
	if s.attr&(bold|faint) == bold|faint {
		s.attr &^= faint
	}
	return s
}

// write selects s on a terminal that shows any other style now.
func (s style) write(b *strings.Builder) {
	b.WriteString("\x1b[0")
	for i, sgr := range [...]string{";1", ";2", ";4", ";7"} {
		if s.attr&(1<<i) != 0 {
			b.WriteString(sgr)
		}
	}
	if s.fg != 0 {
		b.WriteByte(';')
		b.WriteString(strconv.Itoa(30 + int(s.fg)))
	}
	b.WriteByte('m')
}

// theme names the styles by what they mean. Colours only add: every state also has a letter or a word.
type theme struct {
	plain, quiet, strong, accent style
	head                         style
	remove, fetch, move          style
	good, warn, bad              style
	bar, barFull                 style
}

// newTheme chooses among the 16 colours those that can be read on the background. Quiet text is faint rather
// than bright black, which some palettes make the same as their background.
func newTheme(dark bool) theme {
	t := theme{
		quiet:   style{attr: faint},
		strong:  style{attr: bold},
		accent:  style{fg: cyan, attr: bold},
		head:    style{attr: faint | underline},
		remove:  style{fg: red},
		fetch:   style{fg: green},
		move:    style{fg: cyan},
		good:    style{fg: green},
		warn:    style{fg: yellow},
		bad:     style{fg: red, attr: bold},
		bar:     style{fg: cyan},
		barFull: style{fg: yellow},
	}
	if !dark {
		t.accent.fg, t.move.fg, t.bar.fg = blue, blue, blue
		t.warn.fg, t.barFull.fg = magenta, magenta
	}
	return t
}

// glyphs are the few characters beyond ASCII that the screen is drawn with.
type glyphs struct {
	eighths                  []string // of a bar's cell, from empty to full
	rule, column             string
	ellipsis, dot, ring      string
	inRange, up, down, arrow string
	yes, no, half            string
}

func newGlyphs(utf8 bool) glyphs {
	if !utf8 {
		return glyphs{
			eighths: []string{" ", " ", " ", "-", "-", "-", "-", "=", "="},
			rule:    "-", column: "|", ellipsis: "...", dot: "*", ring: "o",
			inRange: "|", up: "^", down: "v", arrow: "->", yes: "+", no: "!", half: "~",
		}
	}
	return glyphs{
		eighths: []string{" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"},
		rule:    "─", column: "│", ellipsis: "…", dot: "●", ring: "○",
		inRange: "▌", up: "▲", down: "▼", arrow: "→", yes: "✓", no: "✗", half: "~",
	}
}

// bar draws a share of 0 to 1 of so many cells; what stays empty is left out.
func (g glyphs) bar(share float64, cells int) string {
	eighths := int(min(max(share, 0), 1)*float64(cells*8) + 0.5)
	var b strings.Builder
	for range cells {
		b.WriteString(g.eighths[min(max(eighths, 0), 8)])
		eighths -= 8
	}
	return strings.TrimRight(b.String(), " ")
}
