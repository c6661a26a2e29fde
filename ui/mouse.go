package ui

import (
	tea "charm.land/bubbletea/v2"

	"popmark/keymap"
	"popmark/message"
)

func (m *model) toggleMouse() {
	m.mouse = !m.mouse
	if m.mouse {
		m.say("The mouse is on: click a row, turn the wheel. To select text with it, press " + message.Safe(m.keys.Key(keymap.List, keymap.Mouse)) + " again")
	} else {
		m.say("The mouse is off")
	}
}

func (m *model) click(at tea.Mouse) tea.Cmd {
	if m.top() != modeList || m.rows.list == nil || at.Button != tea.MouseLeft {
		return nil
	}
	place := at.Y - m.frame().listTop
	if place < 0 || place >= m.rows.height || m.rows.top+place >= len(m.rows.shown) || at.X >= m.frame().listWidth {
		return nil
	}
	m.note = note{}
	m.rows.move(m.rows.top + place)
	return m.showPreview()
}

func (m *model) wheel(at tea.Mouse) tea.Cmd {
	const step = 3
	delta := step
	switch at.Button {
	case tea.MouseWheelUp:
		delta = -step
	case tea.MouseWheelDown:
	default:
		return nil
	}
	switch top := m.top(); {
	case top == modeFilter || top == modeConfirm:
	case top == modeSenders:
		m.senders.cursor += delta
	case top == modeList && m.preview.open && m.frame().overPreview(at.X, at.Y):
		m.preview.offset += delta
	case top == modeList && m.rows.list != nil:
		m.rows.move(m.rows.cursor + delta)
		return m.showPreview()
	default:
		m.scroll[top] += delta
		m.dialogue.still = m.scroll[top] < m.textLines()-m.textHeight()
	}
	return nil
}

// overPreview tells whether a cell belongs to the preview.
func (f frame) overPreview(x, y int) bool {
	return x >= f.previewLeft && y >= f.previewTop && y < f.previewTop+f.preview
}
