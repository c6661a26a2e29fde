package ui

import (
	"charm.land/bubbles/v2/spinner"
	tea "charm.land/bubbletea/v2"

	"popmark/message"
)

// use draws with other glyphs.
func (m *model) use(g glyphs) {
	m.glyphs = g
	m.spinner = spinner.New(spinner.WithSpinner(g.waiting))
}

// waits tells whether the screen waits for the server and has no count to show for it.
func (m *model) waits() bool {
	if m.run.active() {
		return m.run.phase != ""
	}
	return m.server.opening && m.server.again.IsZero()
}

// spin sets the spinner's next tick while the screen waits. An idle screen ticks for nothing.
func (m *model) spin() tea.Cmd {
	if m.spinning || !m.waits() {
		return nil
	}
	m.spinning = true
	return m.after(m.spinner.Spinner.FPS, m.spinner.Tick())
}

// spun turns the spinner on by a frame. The timer that it would set itself is left out, since it never ends.
func (m *model) spun(msg spinner.TickMsg) {
	m.spinning = false
	m.spinner, _ = m.spinner.Update(msg)
}

// spinnerNow is the spinner's frame, one cell wide.
func (m *model) spinnerNow() message.Safe { return message.MakeSafe(m.spinner.View()) }
