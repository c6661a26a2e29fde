package ui

import (
	"slices"
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"popmark/message"
)

// prompt is a line that a person edits. What is typed or pasted into it is made safe first: it is drawn.
type prompt struct {
	text []rune
	at   int
}

// maxPrompt bounds what a paste can put into a prompt.
const maxPrompt = 2000

func (p *prompt) set(text string) {
	p.text = []rune(text)
	p.at = len(p.text)
}

func (p *prompt) value() string { return string(p.text) }

// insert puts text in at the cursor.
func (p *prompt) insert(text string) {
	more := []rune(string(message.MakeSafe(strings.TrimRight(text, "\r\n"))))
	more = more[:min(len(more), max(maxPrompt-len(p.text), 0))]
	p.text = slices.Insert(p.text, p.at, more...)
	p.at += len(more)
}

// key edits the line as readline does, and tells whether its text changed.
func (p *prompt) key(msg tea.KeyPressMsg) bool {
	before := len(p.text)
	switch name := msg.String(); name {
	case "left", "ctrl+b":
		p.at = max(p.at-1, 0)
	case "right", "ctrl+f":
		p.at = min(p.at+1, len(p.text))
	case "home", "ctrl+a":
		p.at = 0
	case "end", "ctrl+e":
		p.at = len(p.text)
	case "alt+left", "alt+b", "ctrl+left":
		p.at = p.wordStart()
	case "backspace", "ctrl+h":
		p.cut(max(p.at-1, 0), p.at)
	case "delete", "ctrl+d":
		p.cut(p.at, min(p.at+1, len(p.text)))
	case "ctrl+w", "alt+backspace":
		p.cut(p.wordStart(), p.at)
	case "ctrl+u":
		p.cut(0, p.at)
	case "ctrl+k":
		p.cut(p.at, len(p.text))
	default:
		if msg.Text != "" {
			p.insert(msg.Text)
		}
	}
	return len(p.text) != before
}

func (p *prompt) cut(from, to int) {
	p.text = slices.Delete(p.text, from, to)
	p.at = from
}

// wordStart is where the word before the cursor begins.
func (p *prompt) wordStart() int {
	at := p.at
	for at > 0 && unicode.IsSpace(p.text[at-1]) {
		at--
	}
	for at > 0 && !unicode.IsSpace(p.text[at-1]) {
		at--
	}
	return at
}

// view gives the part of the line that fits into so many cells around the cursor, the cursor's cell in it, and
// the octets left out before it.
func (p *prompt) view(method message.WidthMethod, cells int) (shown message.Safe, cursor, from int) {
	start := 0
	for start < p.at && method.Width(message.Safe(p.text[start:p.at])) >= cells {
		start++
	}
	shown = method.Truncate(message.Safe(p.text[start:]), max(cells, 0))
	return shown, method.Width(message.Safe(p.text[start:p.at])), len(string(p.text[:start]))
}
