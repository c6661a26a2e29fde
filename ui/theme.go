package ui

import (
	"strings"

	"charm.land/bubbles/v2/spinner"
	"charm.land/lipgloss/v2"
)

// style is how text looks; the zero value is plain. Two styles are equal where they come from the same place of
// the same theme.
type style struct{ *pen }

// pen is a Lip Gloss style with what it writes before and after a run. Lip Gloss is asked for that once: drawing
// each run of each row with it takes several times as long as the rest of a frame.
type pen struct {
	look    lipgloss.Style
	on, off string
	laid    map[*pen]style // over what it was laid before
}

func newStyle(look lipgloss.Style) style {
	on, off, _ := strings.Cut(look.Render("x"), "x")
	return style{&pen{look: look, on: on, off: off, laid: make(map[*pen]style)}}
}

// over lays s over a base: s's colour wins, attributes add up. It keeps what it makes, so that a row costs
// nothing the second time it is drawn; a theme is drawn with by one goroutine at a time.
func (s style) over(base style) style {
	switch {
	case s.pen == nil || s == base:
		return base
	case base.pen == nil:
		return s
	}
	both, ok := s.laid[base.pen]
	if !ok {
		look := s.look.Inherit(base.look)
		if look.GetBold() {
			look = look.UnsetFaint()
		}
		both = newStyle(look)
		s.laid[base.pen] = both
	}
	return both
}

// theme names the styles by what they mean. Colours only add: every state also has a letter or a word.
type theme struct {
	plain, quiet, strong, accent style
	head                         style
	remove, fetch, move          style
	good, warn, bad              style
	chosen                       style
	bar, barFull                 style
}

// newTheme chooses among the 16 colours, so that the terminal's own palette decides, those that can be read on the
// background. Quiet text is faint rather than bright black, which some palettes make the same as their background.
func newTheme(dark bool) theme {
	plain, choose := lipgloss.NewStyle(), lipgloss.LightDark(dark)
	bluish := plain.Foreground(choose(lipgloss.Blue, lipgloss.Cyan))
	warning := plain.Foreground(choose(lipgloss.Magenta, lipgloss.Yellow))
	return theme{
		quiet:   newStyle(plain.Faint(true)),
		strong:  newStyle(plain.Bold(true)),
		accent:  newStyle(bluish.Bold(true)),
		head:    newStyle(plain.Faint(true).Underline(true)),
		remove:  newStyle(plain.Foreground(lipgloss.Red)),
		fetch:   newStyle(plain.Foreground(lipgloss.Green)),
		move:    newStyle(bluish),
		good:    newStyle(plain.Foreground(lipgloss.Green)),
		warn:    newStyle(warning),
		bad:     newStyle(plain.Foreground(lipgloss.Red).Bold(true)),
		chosen:  newStyle(plain.Reverse(true).Bold(true)),
		bar:     newStyle(bluish),
		barFull: newStyle(warning),
	}
}

// glyphs are the few characters beyond ASCII that the screen is drawn with.
type glyphs struct {
	eighths                  []string // of a bar's cell, from empty to full
	rule, column             string
	ellipsis, dot, ring      string
	inRange, up, down, arrow string
	yes, no, half            string
	done, undone             rune // of the progress bar
	waiting                  spinner.Spinner
}

func newGlyphs(utf8 bool) glyphs {
	if !utf8 {
		return glyphs{
			eighths: []string{" ", " ", " ", "-", "-", "-", "-", "=", "="},
			rule:    "-", column: "|", ellipsis: "...", dot: "*", ring: "o",
			inRange: "|", up: "^", down: "v", arrow: "->", yes: "+", no: "!", half: "~",
			done: '=', undone: '-', waiting: spinner.Line,
		}
	}
	return glyphs{
		eighths: []string{" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"},
		rule:    "─", column: "│", ellipsis: "…", dot: "●", ring: "○",
		inRange: "▌", up: "▲", down: "▼", arrow: "→", yes: "✓", no: "✗", half: "~",
		done: '█', undone: '░', waiting: spinner.MiniDot,
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
