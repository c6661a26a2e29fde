package ui

import (
	"errors"
	"strings"

	tea "charm.land/bubbletea/v2"

	"popmark/keymap"
	"popmark/message"
	"popmark/triage"
)

// startFilter opens the prompt on the present query.
func (m *model) startFilter() {
	m.dropSelection()
	m.note = note{}
	m.mistake = nil
	m.rows.leaveHome()
	m.prompt.set("")
	if m.rows.query != nil {
		m.prompt.set(m.rows.query.String())
	}
	m.push(modeFilter)
}

// filterKey does what keys do at the prompt. The filter follows each of them at once, so that what is marked
// after it is what is seen.
func (m *model) filterKey(action keymap.Action, msg tea.KeyPressMsg) tea.Cmd {
	switch action {
	case keymap.FilterKeep:
		if m.mistake != nil {
			return nil // the mistake stays on screen
		}
		m.pop()
		return m.showPreview()
	case keymap.FilterOff:
		m.setQuery(nil)
		m.pop()
		return m.showPreview()
	}
	if m.prompt.key(msg) {
		m.filterLive()
	}
	return nil
}

// paste takes pasted text: into a prompt; anywhere else it would be a row of commands nobody meant.
func (m *model) paste(text string) tea.Cmd {
	m.note = note{}
	if m.top() != modeFilter {
		m.warn("Pasted text means nothing here; " + message.Safe(m.keys.Key(keymap.List, keymap.Filter)) + " opens the filter, which takes it")
		return nil
	}
	m.prompt.insert(text)
	m.filterLive()
	return nil
}

// filterLive applies what is typed so far; a query with a mistake in it filters nothing.
func (m *model) filterLive() {
	m.mistake = nil
	text := strings.TrimSpace(m.prompt.value())
	if text == "" {
		m.setQuery(nil)
		return
	}
	query, err := triage.ParseQuery(m.prompt.value(), m.cfg.Now())
	if err != nil {
		if !errors.As(err, &m.mistake) {
			m.fail("reading the query", err)
		}
		query = nil
	}
	m.setQuery(query)
}

// setQuery shows the messages that fit, or all of them for nil.
func (m *model) setQuery(query *triage.Query) {
	m.rows.query, m.rows.group = query, nil
	m.rows.selected = selection{}
	m.rows.arrange()
	if m.top() == modeFilter {
		m.rows.home()
	}
}
