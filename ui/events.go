package ui

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"popmark/mailbox"
	"popmark/message"
)

// events takes in what the feed brought.
func (m *model) events(msg feedMsg) tea.Cmd {
	m.dialogue.add(msg.lines)
	var cmds []tea.Cmd
	learned := false
	for _, e := range msg.events {
		switch e := e.(type) {
		case mailbox.ListEvent:
			m.takeList(e.List)
		case mailbox.HeadersEvent:
			learned = m.rows.learn(e.Headers) || learned
		case mailbox.ScanDoneEvent:
			m.server.scanning = false
			m.server.losses = 0
			learned = true
		case mailbox.StateEvent:
			cmds = append(cmds, m.stateChanged(e))
		case mailbox.WarningEvent:
			m.warn(e.Text)
			m.server.info = m.cfg.Mailbox.Info() // which keeps it
		}
	}
	if m.server.freed {
		m.server.freed = false
		m.say("The mailbox is free: letting it go deleted nothing. popmark comes back when something is asked")
	}
	if msg.wait != nil {
		cmds = append(cmds, m.waiting(*msg.wait))
	}
	if learned {
		m.stale = true
		cmds = append(cmds, m.arrangeLate())
	}
	return tea.Batch(cmds...)
}

// stateChanged follows the session. A line that breaks under the screen is taken up again by itself.
func (m *model) stateChanged(e mailbox.StateEvent) tea.Cmd {
	was := m.server.state
	m.server.state, m.server.freed = e.State, false
	switch e.State {
	case mailbox.Open:
		m.server.err, m.server.attempt, m.server.again = nil, 0, time.Time{}
		m.server.info = m.cfg.Mailbox.Info()
		if was == mailbox.Lost && m.rows.list != nil {
			return m.lineBack()
		}
	case mailbox.Released:
		// A commit and looking again end sessions too, and open others behind them: only a lock that was let go
		// while nobody asked, and stays so, is news.
		m.server.freed = was == mailbox.Open && !m.run.active() && !m.server.opening
	case mailbox.Lost:
		m.server.err = e.Err
		if errors.Is(e.Err, context.Canceled) {
			m.server.err = errStopped
			return nil
		}
		if m.rows.list == nil || m.server.opening || m.run.active() {
			return nil // whoever asked says it
		}
		m.server.missed = true
		if was == mailbox.Open {
			m.fail("the line is lost", e.Err)
		} else {
			m.failConnecting(e.Err)
		}
		if !again(e.Err) { // a countdown that runs already would ask for it all the same
			m.server.again = time.Time{}
			m.server.turn++
			return nil
		}
		if m.cfg.Now().Sub(m.server.lost) > longApart {
			m.server.losses = 0
		}
		m.server.lost = m.cfg.Now()
		if m.server.again.IsZero() && m.server.attempt < patience(e.Err) && m.server.losses < patience(e.Err) {
			m.server.losses++
			if m.server.losses == 1 {
				return m.retryIn(time.Second)
			}
			return m.retryIn(pause(m.server.losses - 1))
		}
	}
	return nil
}

// lineBack says that a line whose loss was told is there again, and asks for the preview that it had cost.
func (m *model) lineBack() tea.Cmd {
	if m.server.missed {
		m.say("The line is back")
	}
	m.server.missed = false
	m.preview.err = nil
	return m.showPreview()
}

// wakeMsg says that headers which came in may be arranged now.
type wakeMsg struct{}

// arrangeLate brings filter, order and groups up to the headers that came in: at once where that is cheap, else
// so seldom that it takes at most a tenth of the time. While rows are selected they stay where they are.
func (m *model) arrangeLate() tea.Cmd {
	grouping := m.mode == modeSenders
	if !m.stale || !m.rows.asksHeaders() && !grouping {
		m.stale = false
		return nil
	}
	now := m.cfg.Now()
	if wait := m.arranged.Add(10 * m.cost).Sub(now); wait > 0 || m.rows.selected.on {
		if m.waking {
			return nil
		}
		m.waking = true
		return m.after(max(wait, 200*time.Millisecond), wakeMsg{})
	}
	m.stale = false
	if m.rows.asksHeaders() {
		m.rows.arrange()
	}
	if grouping {
		m.senders.fill(&m.rows)
	}
	m.arranged = m.cfg.Now()
	m.cost = max(m.arranged.Sub(now), 10*time.Millisecond)
	return nil
}

// dialogue is the last lines that went over the wire.
type dialogue struct {
	lines []message.Safe
	still bool // a person scrolled back: new lines do not move what is read
}

func (d *dialogue) add(lines []message.Safe) {
	d.lines = append(d.lines, lines...)
	if over := len(d.lines) - dialogueLines; over > dialogueLines/4 {
		d.lines = append(d.lines[:0], d.lines[over:]...)
	}
}
