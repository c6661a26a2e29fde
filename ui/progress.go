package ui

import (
	"context"
	"errors"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"popmark/commit"
	"popmark/keymap"
	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

// stepState is how far a step of a commit has come.
type stepState uint8

const (
	stepWaiting stepState = iota
	stepRunning
	stepFetched
	stepPromised // DELE was answered +OK; true only after QUIT
	stepDone
	stepFailed
)

// step is one message of a commit under way.
type step struct {
	mark    triage.Mark
	message mailbox.Message
	state   stepState
	octets  int64
	err     error
}

// progress is a commit under way, and after it its summary.
type progress struct {
	run      CommitRun
	cancel   context.CancelFunc
	stopping bool // asked to stop
	leave    bool // the screen ends when the run does

	steps   []step
	at      map[mailbox.ID]int
	current int // the step that moved last
	settled int // steps that are done or failed
	started time.Time
	now     time.Time

	octets, total   int64
	promised, freed int // deletions promised, and made true by a QUIT
	phase           message.Safe
	summary         *commit.Summary
	err             error
	warnings        []message.Safe
}

// asWished tells whether a commit ended because a person stopped it, and all of what it did is known.
func (p *progress) asWished() bool {
	return p.stopping && errors.Is(p.err, context.Canceled) && p.summary.Unknown == 0
}

// asked tells whether a QUIT may have been sent for which deletions wait: nothing else is left to be done.
func (p *progress) asked() bool {
	return p.promised > 0 && !slices.ContainsFunc(p.steps, func(s step) bool {
		return s.state < stepFetched || s.state == stepFetched && s.mark.Deletes()
	})
}

func (p *progress) active() bool { return p.run != nil }

// runMsg is what came from a run since the last one; last says that there is no more.
type runMsg struct {
	events  []commit.Event
	last    bool
	summary commit.Summary
	err     error
}

// startRun carries a plan out. Only the review screen's yes comes here.
func (m *model) startRun(plan triage.Plan) tea.Cmd {
	ctx, cancel := context.WithCancel(m.ctx)
	p := progress{cancel: cancel, at: make(map[mailbox.ID]int, len(plan.Steps)), started: m.cfg.Now(), total: plan.Download()}
	p.now = p.started
	for i, s := range plan.Steps {
		p.steps = append(p.steps, step{mark: s.Mark, message: s.Message})
		p.at[s.Message.ID] = i
	}
	p.run = m.cfg.Commit(ctx, plan)
	m.run = p
	m.mode, m.over = modeCommitting, nil
	m.scroll[modeCommitting] = 0
	if plan.Download() > 0 {
		m.result.Destination = m.cfg.Destination
	}
	return listen(p.run)
}

// listen waits for a run's next events and gathers those that follow within a moment.
func listen(run CommitRun) tea.Cmd {
	const gather = 100 * time.Millisecond
	return func() tea.Msg {
		events := run.Events()
		var msg runMsg
		e, ok := <-events
		timer := time.NewTimer(gather)
		defer timer.Stop()
		for ok {
			msg.events = append(msg.events, e)
			select {
			case e, ok = <-events:
			case <-timer.C:
				return msg
			}
		}
		msg.last = true
		msg.summary, msg.err = run.Wait()
		return msg
	}
}

// stopRun asks a run to stop: RSET, so that nothing of its session is deleted.
func (m *model) stopRun() tea.Cmd {
	m.run.stopping = true
	m.run.phase = "Stopping: nothing of this session will be deleted"
	if m.run.asked() {
		m.run.phase = "Stopping: QUIT may be out already, and the deletions with it"
	}
	m.run.cancel()
	return nil
}

func (m *model) committingAction(a keymap.Action) tea.Cmd {
	if a != keymap.Stop {
		return m.textAction(a)
	}
	if m.run.stopping {
		m.say("Stopping is under way; " + message.Safe(m.keys.Key(keymap.Committing, keymap.Leave)) + " leaves at once")
		return nil
	}
	return m.stopRun()
}

// runEvents takes a run's events in, and its end.
func (m *model) runEvents(msg runMsg) tea.Cmd {
	p := &m.run
	p.now = m.cfg.Now()
	for _, e := range msg.events {
		p.event(e)
	}
	if !msg.last {
		return listen(p.run)
	}
	p.cancel()
	p.run = nil
	p.summary, p.err = &msg.summary, msg.err
	m.result.Commits = append(m.result.Commits, msg.summary)
	m.result.Err = msg.err
	if p.asWished() && !p.leave {
		m.result.Err = nil
	}
	p.foundGone()
	m.finishMarks()
	if m.mode == modeCommitting {
		m.mode = modeSummary
		m.scroll[modeSummary] = 0
	}
	if p.leave {
		return tea.Quit
	}
	m.server.asked = view{}
	return m.lookAfter()
}

// lookAfter lists the mailbox anew after a commit, so that what is shown is what is there.
func (m *model) lookAfter() tea.Cmd {
	return m.attempt(m.cfg.Mailbox.Refresh, false)
}

// foundGone settles the deletions of a session whose QUIT was not answered, where the next session found all of
// them gone: they are in the summary's count, and no event told of each.
func (p *progress) foundGone() {
	deletes := 0
	for _, s := range p.steps {
		if s.mark.Deletes() {
			deletes++
		}
	}
	if s := p.summary; s.Deleted != deletes || s.Unknown > 0 || s.Failed > 0 {
		return
	}
	for i := range p.steps {
		if p.steps[i].mark.Deletes() {
			p.steps[i].state = stepDone
		}
	}
}

// finishMarks takes the marks off that were carried out, and those of messages that are, or may be, others than the marked ones. What
// else failed, or was taken back, keeps its mark.
func (m *model) finishMarks() {
	p := &m.run
	done := func(id mailbox.ID) bool {
		i, ok := p.at[id]
		if !ok {
			return false
		}
		st := &p.steps[i]
		return st.state == stepDone || errors.Is(st.err, commit.ErrReplaced) || errors.Is(st.err, commit.ErrShifted)
	}
	m.marks.keep(func(id mailbox.ID) bool { return !done(id) })
}

func (p *progress) event(e commit.Event) {
	i, known := p.at[e.ID]
	set := func(state stepState) {
		if !known {
			return
		}
		if p.steps[i].state < stepDone && state >= stepDone {
			p.settled++
		}
		p.steps[i].state, p.current = state, i
	}
	if e.RunTotal > 0 {
		p.octets, p.total = e.RunOctets, e.RunTotal
	}
	switch e.Kind {
	case commit.Starting:
		p.phase = ""
	case commit.Progress:
		if known && p.steps[i].state <= stepRunning {
			set(stepRunning)
			p.steps[i].octets = e.Octets
		}
	case commit.Fetched, commit.Kept:
		if known {
			p.steps[i].octets = e.Octets
		}
		if known && p.steps[i].mark == triage.Fetch {
			set(stepDone)
		} else {
			set(stepFetched)
		}
	case commit.Deleted:
		p.promised++
		set(stepPromised)
	case commit.Failed:
		if known {
			p.steps[i].err = e.Err
		}
		set(stepFailed)
	case commit.Committed:
		p.freed += e.Deleted
		p.commitPromises()
	case commit.Warning:
		p.warnings = append(p.warnings, e.Text)
	case commit.Reconnecting:
		what := message.Safe("The line broke (")
		if mailbox.ClassOf(e.Err) == mailbox.Protocol {
			what = "The session was left ("
		}
		p.phase = what + errorText(e.Err) + "): trying again in " + span(e.Pause.Round(time.Second))
		p.takeBack()
		return
	case commit.Done:
		if e.Summary != nil {
			p.octets = e.Summary.Octets
		}
	}
	if !p.stopping && e.Kind != commit.Warning {
		p.phase = ""
	}
}

// commitPromises makes the deletions true that QUIT was answered +OK for.
func (p *progress) commitPromises() {
	for i := range p.steps {
		if p.steps[i].state == stepPromised {
			p.steps[i].state = stepDone
			p.settled++
		}
	}
	p.promised = 0
}

// takeBack forgets promises of a session that ended without QUIT.
func (p *progress) takeBack() {
	for i := range p.steps {
		if p.steps[i].state == stepPromised {
			p.steps[i].state = stepWaiting
			if p.steps[i].mark == triage.Move {
				p.steps[i].state = stepFetched
			}
		}
	}
	p.promised = 0
}

// rate is octets a second so far, and left how long the rest takes at it; 0 where that can't be said yet.
func (p *progress) rate() (perSecond int64, left time.Duration) {
	elapsed := p.now.Sub(p.started)
	if elapsed < 500*time.Millisecond || p.octets == 0 {
		return 0, 0
	}
	perSecond = int64(float64(p.octets) / elapsed.Seconds())
	if perSecond > 0 && p.total > p.octets {
		left = time.Duration(float64(p.total-p.octets)/float64(perSecond)) * time.Second
	}
	return perSecond, left
}

// summaryAction goes back to the list.
func (m *model) summaryAction(a keymap.Action) tea.Cmd {
	if a == keymap.Close {
		m.mode = modeList
		return m.showPreview()
	}
	return m.textAction(a)
}
