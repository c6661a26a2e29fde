package ui

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"popmark/keymap"
	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

// server is how the mailbox stands: the session, the scan, and what is done about a session that can't be had.
type server struct {
	state    mailbox.State
	info     mailbox.Info
	err      error // why there is no session
	opening  bool  // a command that opens one is under way
	scanning bool

	losses  int       // lines lost one soon after the other, since all headers came or somebody looked again
	lost    time.Time // when the last was
	attempt int       // tries that failed since the last that did not
	again   time.Time // when the next try is due; zero: none is
	turn    int       // which of the wake-ups on their way still counts

	stop    context.CancelFunc // ends the attempt under way
	stopped bool               // a person ended it
	missed  bool               // a person was told that the line is lost
	freed   bool               // the lock was let go while nobody asked

	asked view // the rows in view that headers were last asked for
}

// view is a place in the list.
type view struct {
	top, height, rows, generation int
	column                        triage.Column
	descending                    bool
}

// openedMsg ends an attempt to open a session or to look again.
type openedMsg struct {
	err     error
	refresh bool
}

// retryMsg wakes the countdown up.
type retryMsg struct{ turn int }

// open gives the command that opens a session because somebody asks.
func (m *model) open() tea.Cmd { return m.openBy(m.cfg.Mailbox.Open) }

func (m *model) openBy(do func(context.Context) error) tea.Cmd {
	if m.server.opening {
		return nil
	}
	return m.attempt(do, false)
}

// attempt gives the command that opens a session or lists anew, which a person can end.
func (m *model) attempt(do func(context.Context) error, refresh bool) tea.Cmd {
	ctx, cancel := context.WithCancel(m.ctx)
	m.server.opening, m.server.stopped, m.server.stop = true, false, cancel
	m.server.again = time.Time{}
	m.server.turn++
	if errors.Is(m.server.err, errStopped) {
		m.server.err = nil
	}
	return func() tea.Msg {
		defer cancel()
		return openedMsg{do(ctx), refresh}
	}
}

// errStopped is why there is no session where a person ended the wait for one.
var errStopped = errors.New("connecting was stopped")

// stopOpening ends an attempt to connect, or the wait for the next one, and tells whether there was any.
func (m *model) stopOpening() bool {
	switch {
	case m.server.opening:
		m.server.stopped = true
		m.server.stop()
	case !m.server.again.IsZero():
		m.server.again = time.Time{}
		m.server.turn++
		m.say("Stopped; " + m.againWords())
	default:
		return false
	}
	return true
}

// againWords names the key that tries again.
func (m *model) againWords() message.Safe { return m.hintKey(keymap.LookAgain) + " tries again" }

// failConnecting shows why there is no session, and what can be done.
func (m *model) failConnecting(err error) {
	m.fail("connecting", err)
	if again(err) || m.rows.list != nil {
		m.note.text += "; " + m.againWords()
	}
}

// lookAgain reconnects and lists anew, or tries again to open the mailbox at all.
func (m *model) lookAgain() tea.Cmd {
	switch {
	case m.server.opening:
		m.say("Connecting is under way")
		return nil
	case m.run.active():
		m.say("A commit is under way; the list is taken anew after it")
		return nil
	case m.rows.list == nil && !again(m.server.err):
		m.warn("popmark tries a password once, so that no account is locked out: leave and start again")
		return nil
	case m.rows.list == nil:
		return m.open()
	}
	m.server.losses = 0
	m.say("Looking again" + message.Safe(m.glyphs.ellipsis))
	return m.attempt(m.cfg.Mailbox.Refresh, true)
}

// again tells whether trying again is any use after an error.
func again(err error) bool {
	switch mailbox.ClassOf(err) {
	case mailbox.Refused, mailbox.Unsafe:
		return false
	}
	return true
}

// opened takes the end of an attempt in. A list comes as an event of its own, before it or after it.
func (m *model) opened(msg openedMsg) tea.Cmd {
	m.server.opening = false
	if msg.err == nil {
		lost := m.server.state == mailbox.Lost && m.rows.list != nil
		m.server.err, m.server.attempt = nil, 0
		m.server.state = mailbox.Open
		m.server.info = m.cfg.Mailbox.Info()
		m.takeList(m.cfg.Mailbox.List())
		if msg.refresh && m.note.weight == plainNote {
			m.say("Looked again: " + plural(len(m.rows.envelopes), "message"))
		}
		m.server.scanning = m.rows.list != nil && m.rows.known < len(m.rows.envelopes)
		if m.server.scanning {
			m.cfg.Mailbox.StartScan()
		}
		if lost {
			return m.lineBack()
		}
		return nil
	}
	if errors.Is(msg.err, context.Canceled) && m.ctx.Err() != nil {
		return nil
	}
	if m.server.stopped {
		m.server.err = errStopped
		if m.rows.list != nil {
			m.say("Connecting was stopped; " + m.againWords())
		}
		return nil
	}
	m.server.err = msg.err
	m.server.attempt++
	if m.rows.list != nil {
		m.failConnecting(msg.err)
	}
	if mailbox.ClassOf(msg.err) != mailbox.TryLater && m.rows.list == nil {
		return nil // said on the opening screen, with the key that tries again
	}
	if !again(msg.err) || m.server.attempt > patience(msg.err) {
		return nil
	}
	return m.retryIn(pause(m.server.attempt))
}

// longApart is how far apart two losses are that have nothing to do with each other: a server lets idle sessions go.
const longApart = 10 * time.Minute

// patience is how many tries popmark makes by itself: a lock is waited for, a broken line is taken up a few times.
func patience(err error) int {
	if mailbox.ClassOf(err) == mailbox.TryLater {
		return 1000
	}
	return 5
}

// pause grows from five seconds to a minute.
func pause(attempt int) time.Duration {
	return min(5*time.Second<<min(attempt-1, 4), time.Minute)
}

// retryIn begins a countdown to the next try.
func (m *model) retryIn(d time.Duration) tea.Cmd {
	m.server.again = m.cfg.Now().Add(d)
	m.server.turn++
	return m.after(min(d, time.Second), retryMsg{m.server.turn})
}

// waiting shows a pause that whoever connects makes by itself: nothing is tried here when it is over.
func (m *model) waiting(w waitMsg) tea.Cmd {
	m.server.err = w.err
	m.server.again = m.cfg.Now().Add(w.pause)
	m.server.turn++
	return m.after(min(w.pause, time.Second), retryMsg{m.server.turn})
}

// retry counts down, and tries when the time has come.
func (m *model) retry(msg retryMsg) tea.Cmd {
	if msg.turn != m.server.turn || m.server.again.IsZero() {
		return nil
	}
	left := m.server.again.Sub(m.cfg.Now())
	if left > 0 {
		return m.after(min(left, time.Second), retryMsg{m.server.turn})
	}
	if m.server.opening {
		m.server.again = time.Time{}
		return nil
	}
	return m.openBy(m.cfg.Mailbox.Resume)
}

// openingAction does what keys do before there is a list.
func (m *model) openingAction(a keymap.Action) tea.Cmd {
	switch a {
	case keymap.Quit:
		return m.quit()
	case keymap.Close:
		if !m.stopOpening() {
			m.say("Nothing is waited for; " + m.againWords())
		}
	}
	return nil
}

// takeList shows a list if it is not the one shown already.
func (m *model) takeList(list *mailbox.List) {
	if list == nil || list.Generation == 0 || list == m.rows.list || m.rows.list != nil && list.Generation < m.rows.list.Generation {
		return
	}
	if m.rows.selected.on {
		m.warn("The mailbox was listed anew: the selection is off, the marks stay")
	}
	m.rows.setList(list, m.cfg.Mailbox.Envelope)
	m.marks.keep(func(id mailbox.ID) bool { // the ledger must not keep them for another message
		_, there := list.Find(id)
		return there || !m.cfg.Mailbox.Disowned(id)
	})
	before := m.marks.here()
	m.marks.setList(list)
	if gone := before - m.marks.here(); gone > 0 && !m.run.active() {
		m.warn(plural(gone, "marked message") + " no longer in the mailbox")
	}
	m.server.info = m.cfg.Mailbox.Info()
	m.restoreMarks()
	if m.mode == modeSenders {
		m.senders.fill(&m.rows)
	}
}

// lockWords says whether the screen holds the mailbox's lock, in few words and at length.
func (m *model) lockWords() (short message.Safe, s style, glyph message.Safe) {
	ring, dot := message.Safe(m.glyphs.ring), message.Safe(m.glyphs.dot)
	if m.waits() {
		ring, dot = m.spinnerNow(), m.spinnerNow()
	}
	if m.run.active() {
		return "committing", m.theme.accent, dot
	}
	switch m.server.state {
	case mailbox.Opening:
		return "connecting", m.theme.quiet, ring
	case mailbox.Open:
		return "lock held", m.theme.plain, dot
	case mailbox.Released:
		return "mailbox free", m.theme.good, ring
	case mailbox.Lost:
		switch {
		case m.server.opening:
			return "connecting", m.theme.quiet, ring
		case errors.Is(m.server.err, errStopped):
			return "not connected", m.theme.warn, ring
		case mailbox.ClassOf(m.server.err) == mailbox.TryLater:
			short = "locked or busy"
		case mailbox.ClassOf(m.server.err) == mailbox.Refused:
			short = "not logged in"
		default:
			short = "line lost"
		}
		if left := m.server.again.Sub(m.cfg.Now()); !m.server.again.IsZero() && left > 0 {
			short += ", again in " + span(left.Round(time.Second))
		}
		return short, m.theme.bad, ring
	}
	if m.server.opening {
		return "connecting", m.theme.quiet, ring
	}
	return "not connected", m.theme.quiet, ring
}
