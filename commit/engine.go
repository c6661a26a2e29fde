package commit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

// grace is how long a cancelled run may take for what makes its end orderly: the last
// copies, for which there is copyGrace and what a destination waits for a disk, records, and RSET and QUIT.
const (
	grace     = 800 * time.Millisecond
	copyGrace = 200 * time.Millisecond
)

// lastWrite is how long a run that was left may write, once its grace is over, what its DELEs
// may have done all the same.
const lastWrite = 150 * time.Millisecond

// takeBackWait bounds RSET and QUIT where something else than a cancelled context ends the run.
const takeBackWait = 10 * time.Second

// engine carries one plan out.
type engine struct {
	box   box
	log   journal
	plan  triage.Plan
	opts  Options
	now   func() time.Time
	pause func(ctx context.Context, d time.Duration) error

	events *queue
	steps  []*step
	run    int64 // the journal's name for it
	// started is when the run began.
	started time.Time
	// late outlives the run's context by grace, lateCopies by copyGrace.
	late, lateCopies context.Context

	pace        pace              // of the server's answers to DELE
	flow        flow              // of the texts
	retries     int               // used so far
	spared      int               // retries given back, see mostSpared
	passed      int               // messages in a row that were given up since their texts did not come as they should
	counted     bool              // all UIDLs were numbers when the run began
	witnesses   []mailbox.Message // when the run began, or behind its last QUIT, see witnessesOf
	unseen      int               // how many glimpses have ended a session: at mostEndings there are no more
	unshown     int               // how many were refused in a row
	shifted     bool              // a deletion has come true since the run began, or may have, in an earlier run too
	renamed     bool              // the session that is under way gives all messages other UIDLs
	doubted     bool              // a run that is taken up may call its messages by names that are others' now
	shuffled    bool              // a UIDL was seen to name another message than the marked one
	disproved   bool              // a header of an earlier session was seen to be another message's
	uncommitted int               // deletions seen to be true that no Committed has told of
	octets      int64             // downloaded
	total       int64             // to be downloaded, by LIST's sizes
	told        int64             // of octets, when Progress was last told
	toldAt      time.Time         // the time then
	wrongSizes  int
	sized       int // texts that were asked about for nothing but their octets, and for nothing
	guessed     int // texts that LIST gave other octets, and that TOP has shown to be their messages' own
	arrivals    arrivals
	sum         Summary
	// unnamed is what this run has put into place of messages without a UIDL of their own, by what stands
	// for it. The copier's alone.
	unnamed map[string]struct{}
}

// carryOut does the work. The error is what ended the run before its end.
func (e *engine) carryOut(ctx context.Context) error {
	late, stop := lingering(ctx, grace)
	defer stop()
	lateCopies, stopCopies := lingering(ctx, copyGrace)
	defer stopCopies()
	e.late, e.lateCopies = late, lateCopies
	if e.opts.Turn != nil {
		done, err := e.opts.Turn(ctx)
		if err != nil {
			return err
		}
		defer done()
	}
	if err := e.prepare(ctx); err != nil {
		return err
	}
	s, err := e.box.take(ctx, false)
	if err != nil {
		return fmt.Errorf("opening the mailbox: %w", err)
	}
	if e.plan.Checkpoint > 0 && !s.hasUIDL() {
		s.give()
		return ErrNoUIDL
	}
	if err := e.knowsFetched(ctx, s); err != nil {
		s.give()
		return err
	}
	if unsure := e.uncertain(s.list()); len(unsure) > 0 {
		s.give()
		e.box.learn(ctx, unsure)
		if s, err = e.box.take(ctx, false); err != nil {
			return fmt.Errorf("opening the mailbox: %w", err)
		}
	}
	if err := e.begin(e.late, s); err != nil {
		s.give()
		return err
	}
	e.remember()
	e.shifted = e.opts.TakesUp // what an earlier run asked for may have come true
	e.witnesses = e.witnessesOf(s.list())
	e.put(Event{Kind: Starting, RunTotal: e.total})
	parts := cut(e.steps, e.plan.Parts())
	for i, part := range parts {
		if i > 0 {
			s, err = e.box.take(ctx, true)
			if s, err = e.orReconnect(ctx, s, err); err != nil {
				return e.stopped(part, fmt.Errorf("coming back after a checkpoint: %w", err))
			}
		}
		if err := e.carryOutPart(ctx, s, part); err != nil {
			return err
		}
	}
	if e.wrongSizes > tellWrongSizes {
		e.warn(fmt.Sprintf("%d messages in all did not have the size that LIST gave", e.wrongSizes))
	}
	if e.opts.Verify {
		if err := e.verify(ctx); err != nil {
			return err
		}
	}
	if e.opts.Holds {
		return nil
	}
	if err := e.log.EndRun(e.late, e.run); err != nil {
		e.warn(err.Error())
	}
	return nil
}

// uncertain gives the messages that no UIDL of their own names: should the line break,
// only size and header tell which they are. So it is behind a checkpoint where all UIDLs are the numbers: the
// server may count anew once something is deleted.
func (e *engine) uncertain(list *mailbox.List) []mailbox.ID {
	e.counted = list.Counted()
	var ids []mailbox.ID
	for _, st := range e.steps {
		if !st.Message.Certain || e.counted && e.plan.Checkpoint > 0 && e.box.envelope(st.Message.ID) == nil {
			ids = append(ids, st.Message.ID)
		}
	}
	return ids
}

func (e *engine) prepare(ctx context.Context) error {
	prepared := make(map[string]bool)
	for _, st := range e.steps {
		if st.dest == nil || prepared[st.key] {
			continue
		}
		prepared[st.key] = true
		if err := st.dest.Prepare(ctx); err != nil {
			return err
		}
	}
	return nil
}

// carryOutPart works on a part of the plan, in as many sessions as it takes.
func (e *engine) carryOutPart(ctx context.Context, s session, part []*step) error {
	for {
		err := e.inSession(ctx, s, part, true)
		switch {
		case err == nil:
			return nil
		case isRefusedQuit(err):
			return e.afterRefusedQuit(ctx, part, err)
		case ctx.Err() != nil || !e.mayTakeUp(s, err):
			return e.stopped(part, err)
		case e.retries >= e.opts.Retries:
			return e.afterLostLine(ctx, part, err)
		}
		if s, err = e.reconnect(ctx, err); err != nil {
			return e.stopped(part, err)
		}
	}
}

// mostPassed is how many messages in a row may be given up, one after the other, without using retries up.
const mostPassed = 3

// pass gives the two retries back that a message took which was given up for good: whether it came
// again was asked of it alone. A server that does so with message after message uses them up, and so does one that
// goes on giving the texts of others.
func (e *engine) pass(err error) {
	if errors.Is(err, errAnothers) {
		if e.spared >= mostSpared {
			return
		}
		e.spared += 2
	}
	if e.passed++; e.passed <= mostPassed {
		e.retries = max(e.retries-2, 0)
	}
}

// mayTakeUp tells whether another session may fare better. A server that breaks
// the protocol may do so because it does not stand pipelining.
func (e *engine) mayTakeUp(s session, err error) bool {
	switch fault := faultOf(err); {
	case fault == broken, errors.As(err, new(*garbledError)):
		return true
	default:
		return fault == confused && s.pipelines()
	}
}

// reconnect opens another session, with a pause before each try. The error is that
// of the last try, or the cause where none is left.
func (e *engine) reconnect(ctx context.Context, cause error) (session, error) {
	for ctx.Err() == nil && e.retries < e.opts.Retries {
		e.retries++
		pause := min(time.Second<<min(e.retries-1, 6), time.Minute) // a longer shift would overflow
		e.put(Event{Kind: Reconnecting, Err: cause, Attempt: e.retries, Pause: pause})
		if err := e.pause(ctx, pause); err != nil {
			return nil, err
		}
		s, err := e.box.take(ctx, true)
		if err == nil {
			return s, nil
		}
		if cause = err; !mayPass(err) {
			break
		}
	}
	return nil, cause
}

// orReconnect goes on trying where a session could not be opened for a cause that may pass.
func (e *engine) orReconnect(ctx context.Context, s session, err error) (session, error) {
	if err == nil || !mayPass(err) {
		return s, err
	}
	return e.reconnect(ctx, err)
}

// mayPass tells whether another try to open a session may fare better: after a refused login it
// does not, and a server may lock out who tries again.
func mayPass(err error) bool {
	class := mailbox.ClassOf(err)
	return class == mailbox.Unavailable || class == mailbox.TryLater
}

// inSession does what is left of a part in one session, which is over afterwards.
// Without work it only finds out what is true.
func (e *engine) inSession(ctx context.Context, s session, part []*step, work bool) error {
	todo := make([]*step, 0, len(part))
	e.renamed = e.namesAnew(s.list())
	for _, st := range part {
		e.shifted = e.shifted || st.ours() && st.fate != deleted && !st.closed
	}
	for _, st := range part {
		switch {
		case st.closed || st.finished() && st.Mark.Deletes():
		case st.finished() && !st.suspect(false):
			if st.known {
				todo = append(todo, st) // only to be told of, in its turn
			}
		default:
			if m, ok := e.bind(s, st); ok {
				st.number = m.Number
				todo = append(todo, st)
			}
		}
	}
	todo, err := e.recheck(ctx, s, todo)
	if err != nil {
		s.abort(err)
		return err
	}
	if e.uncommitted > 0 {
		if err := e.confirm(part); err != nil {
			s.abort(nil)
			return localError{err}
		}
	}
	if work && s.later() {
		if err := e.lookForCopies(ctx, s, todo); err != nil {
			s.abort(err)
			return err
		}
	}
	if work {
		e.sum.Committed = false
		l := &leg{e: e, s: s, todo: todo}
		err := l.run(ctx)
		if err == nil {
			err = e.knowAgain(ctx, s, todo)
		}
		if err != nil {
			e.giveUp(s, part, err)
			return err
		}
	}
	return e.quit(ctx, s, part)
}

// isKnown tells whether a message would be known again by more than its UIDL.
func (e *engine) isKnown(st *step) bool {
	return st.imprint != noPrint || st.copied && st.print != noPrint || st.ours() || e.box.envelope(st.Message.ID) != nil
}

// errGoneInDoubt is why a message that is gone is not said to be deleted.
var errGoneInDoubt = errors.New("it is gone from the server, and what came for it may be another message's text: look at its copy")

// bind finds a step's message in a session (P3). False where it is not there, or
// where it cannot be told from others.
func (e *engine) bind(s session, st *step) (mailbox.Message, bool) {
	m, err := s.bind(st.Message.ID)
	if errors.Is(err, mailbox.ErrGone) && (!tellsAll(s) || e.renamed || e.countedAnew(s)) {
		err = mailbox.ErrUncertain // it may be one of those without a UIDL, or have another one
	}
	switch {
	case err == nil && e.countedAnew(s) && !e.isKnown(st):
		e.leaveAlone(st, ErrShifted, errShiftedNamed)
	case err == nil:
		st.risked = st.risked || st.ours()
		st.doubt = st.doubt || st.risked
		st.fate, st.sent = kept, false // the server has it still
		return m, true
	case errors.Is(err, mailbox.ErrGone) && (st.misled || st.rival != nil): // some servers delete when a session breaks off
		e.fail(st, errGoneInDoubt)
	case errors.Is(err, mailbox.ErrGone) && (st.ours() || st.copied || st.Mark == triage.Delete):
		e.vanished(st, st.ours())
	case st.ours():
		st.closed = true
		e.sum.Unknown++
		e.sum.Unclear++
		e.fail(st, fmt.Errorf("it is not known whether the message was deleted: %w", err))
	default:
		e.fail(st, err)
	}
	return mailbox.Message{}, false
}

// vanished takes in that a message is not on the server any more, which this session
// shows; ours says that it was this run's doing.
func (e *engine) vanished(st *step, ours bool) {
	if ours {
		e.vow(st) // the answer that promised it may have been lost
		st.fate = deleted
		e.uncommitted++
		return
	}
	st.closed = true
	e.warn(fmt.Sprintf("message %d is gone already: it was deleted by another client", st.Message.Number))
}

// tellsAll tells whether a session names every message by a UIDL, so that one which it does not name is not there.
func tellsAll(s session) bool {
	if !s.hasUIDL() {
		return false
	}
	for _, m := range s.list().Messages {
		if m.UID == "" {
			return false
		}
	}
	return true
}

func withFate(part []*step, fate promise) []*step {
	var some []*step
	for _, st := range part {
		if st.fate == fate && !st.closed {
			some = append(some, st)
		}
	}
	return some
}

func (e *engine) warn(text string) {
	e.put(Event{Kind: Warning, Text: message.MakeSafe(text)})
}

// lingering gives a context that ends some time after ctx does.
func lingering(ctx context.Context, d time.Duration) (context.Context, func()) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(d, cancel)
		context.AfterFunc(late, func() { timer.Stop() })
	})
	return late, func() { stop(); cancel() }
}

// pauseFor waits, or until the context ends.
func pauseFor(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
