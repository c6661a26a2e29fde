package ui

import (
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"popmark/message"
)

// prompt is a line that a person edits. What is typed or pasted into it is made safe first: it is drawn.
type prompt struct{ input textinput.Model }

// maxPrompt bounds what a paste can put into a prompt, in characters.
const maxPrompt = 2000

func newPrompt() prompt {
	input := textinput.New()
	input.CharLimit = maxPrompt
	// The terminal's own cursor stands in the line, and its own paste is taken: the key for it would start
	// another program to read the clipboard.
	input.SetVirtualCursor(false)
	input.KeyMap.Paste.SetEnabled(false)
	input.Focus()
	return prompt{input}
}

func (p *prompt) set(text string) {
	p.input.SetValue(string(message.MakeSafe(text)))
	p.input.CursorEnd()
}

func (p *prompt) value() string { return p.input.Value() }

// insert puts text in at the cursor.
func (p *prompt) insert(text string) {
	safe := message.MakeSafe(strings.TrimRight(text, "\r\n"))
	p.input, _ = p.input.Update(tea.PasteMsg{Content: string(safe)})
}

// key edits the line as readline does, and tells whether its text changed.
func (p *prompt) key(msg tea.KeyPressMsg) bool {
	before := p.value()
	msg.Text = string(message.MakeSafe(msg.Text))
	p.input, _ = p.input.Update(msg)
	return p.value() != before
}

// view gives the part of the line that fits into so many cells around the cursor, the cursor's cell in it, and
// the octets left out before it. It measures as the terminal does, and says where a mistake's pointer goes.
func (p *prompt) view(method message.WidthMethod, cells int) (shown message.Safe, cursor, from int) {
	text, at := []rune(p.value()), p.input.Position()
	start := 0
	for start < at && method.Width(message.Safe(text[start:at])) >= cells {
		start++
	}
	shown = method.Truncate(message.Safe(text[start:]), max(cells, 0))
	return shown, method.Width(message.Safe(text[start:at])), len(string(text[:start]))
}
