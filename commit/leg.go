package commit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"popmark/delivery"
	"popmark/mailbox"
	"popmark/triage"
)

const atEnd = triage.AtEnd

// Bounds on how far commands go ahead of their answers. RETRs ahead keep the line
// busy while the disk works; too many would keep a cancelled run waiting for what
// it no longer wants.
const (
	retrAhead = 256
	sentAhead = 4096
)

// leg is one session's share of the work: commands go out ahead, answers are
// waited for in their order, copies are put into place beside.
type leg struct {
	e    *engine
	s    session
	todo []*step

	// Each of these is an index in todo, of the first step for which that was not done:
	next    int // it was begun
	settled int // its copy is safe and told of, or it failed
	turn    int // its DELE was sent, or it has none

	sent   []command // awaited, the oldest first
	retrs  int       // RETRs in sent
	deles  int       // DELEs in sent
	ahead  int64     // their octets
	under  int       // copies that are being put into place
	copier *copier
	head   []byte  // the buffer for a message's header; receive and learn alone use it
	sizing int     // texts that are asked about for their octets
	blind  int     // messages asked for of which nothing was known to hold their texts against
	octets []int64 // of all messages that the session lists, sorted; nil until they are asked about
	misled []misled
	held   []*job // in order, a text whose message is in doubt and what came behind it

	// refused is the step that the last answer refused, and refusal why: it is told of when another
	// answer follows, as a server that ends the session may say so in an answer's place.
	refused *step
	refusal error
}

// misled is a step whose copies since some time are, or may be, another message's text.
type misled struct {
	st    *step
	since time.Time
}

// anyTime is when the copies of earlier runs were made.
var anyTime = time.Unix(0, 0)

// command is a RETR, a DELE or a TOP that tells of a RETR's text, before it or behind it, whose answer is awaited.
type command struct {
	st    *step
	retr  textAnswer
	dele  answer
	top   textAnswer // of what is asked for next
	claim *claim
}

// run carries the steps out up to but not including QUIT. An error means that the session must not QUIT.
func (l *leg) run(ctx context.Context) (err error) {
	l.copier = l.e.newCopier()
	defer func() {
		l.tellRefusal(err)
		// The first error is the one to tell; what is in place by now counts all the same.
		if ferr := l.copier.finish(); ferr != nil && err == nil {
			err = localError{ferr}
		}
		for j := range l.copier.out {
			err = cmp.Or(err, l.placed(j))
		}
		err = cmp.Or(err, l.e.forgetCopies(l.misled)) // only now: they may have been put into place just then
		l.drop()
		for _, st := range l.todo[l.settled:l.next] {
			l.e.tellCopy(st)
		}
	}()
	for _, st := range l.todo {
		st.named = 0 // an earlier session may have ended meanwhile
	}
	if err := l.prove(ctx); err != nil {
		return err
	}
	l.e.flow.begin(l.e.now())
	for {
		if err := l.collect(ctx, false); err != nil {
			return err
		}
		l.issue()
		switch {
		case len(l.sent) > 0:
			if err := l.answer(ctx); err != nil {
				return err
			}
		case l.under > 0:
			if err := l.collect(ctx, true); err != nil {
				return err
			}
		case l.turn == len(l.todo):
			if l.refused == nil {
				return nil
			}
			if err := l.s.noop(ctx); err != nil && faultOf(err) != refused {
				return fmt.Errorf("seeing whether the session goes on: %w", err)
			}
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// prove sees whether texts can be asked for ahead, where more than one is to be.
func (l *leg) prove(ctx context.Context) error {
	var first *step
	for _, st := range l.todo {
		switch {
		case !st.wantsCopy() || !l.s.hasTOP(st.number):
		case first == nil:
			first = st
		default:
			return l.s.proveOrder(ctx, first.number, st.number)
		}
	}
	return nil
}

// keepAwake is after how long without a command the server is told that somebody is there.
// A command that takes a message may need longer than the server's idle timer.
const keepAwake = time.Minute

// await waits for a copy to come to its end.
func (l *leg) await(ctx context.Context) (*job, error) {
	for {
		awake := time.NewTimer(keepAwake)
		select {
		case j := <-l.copier.out:
			awake.Stop()
			return j, nil
		case <-awake.C:
		}
		if len(l.sent) > 0 {
			continue // the server is busy
		}
		if err := l.s.noop(ctx); err != nil && faultOf(err) != refused {
			return nil, fmt.Errorf("keeping the session open: %w", err)
		}
	}
}

// collect takes in the copies that are in place by now; wait: at least one.
func (l *leg) collect(ctx context.Context, wait bool) error {
	for l.under > 0 {
		var j *job
		if wait {
			var err error
			if j, err = l.await(ctx); err != nil {
				return err
			}
		} else {
			select {
			case j = <-l.copier.out:
			default:
				return nil
			}
		}
		wait = false
		if err := l.placed(j); err != nil {
			return err
		}
	}
	return nil
}

// placed notes what became of a copy. The error is one that ends the run.
func (l *leg) placed(j *job) error {
	l.under--
	st := j.st
	if j.err != nil {
		if j.receipt.Name != "" {
			st.prior = &j.receipt
		}
		if !errors.Is(j.err, delivery.ErrRejected) {
			return localError{j.err}
		}
		l.e.fail(st, j.err)
		return nil
	}
	if st.misled {
		return nil
	}
	st.copied, st.fresh = true, &j.receipt
	st.awaited, st.shows, st.lost = noPrint, nil, false
	if j.earlier != nil {
		st.fresh, st.known, st.path, st.received = nil, true, j.earlier.Path, j.earlier.Received
	}
	if st.binned {
		st.path = j.receipt.Path
	}
	st.keepReceipt(&j.receipt)
	return nil
}

// issue sends what may be sent now.
func (l *leg) issue() {
	for {
		l.settle()
		l.sendDeles()
		if l.next == len(l.todo) || !l.room() {
			return
		}
		st := l.todo[l.next]
		l.next++
		if st.wantsCopy() {
			l.sendRetr(st)
		}
	}
}

// settle tells of the copies that are safe, in message order. They come into place in any.
func (l *leg) settle() {
	for l.settled < l.next {
		st := l.todo[l.settled]
		if st.wantsCopy() && !st.closed {
			return
		}
		l.e.tellCopy(st)
		l.settled++
	}
}

// room tells whether the next step may begin.
func (l *leg) room() bool {
	if !l.s.pipelines() {
		// One thing at a time: what is moved is deleted before the next is asked for.
		return len(l.sent) == 0 && (l.e.plan.Order == atEnd || !slices.ContainsFunc(l.todo[l.turn:l.next], (*step).toDelete))
	}
	limit := l.e.flow.limit()
	return len(l.held) == 0 && len(l.sent) < sentAhead && l.retrs < retrAhead && (l.ahead < limit || l.retrs < 2 && limit == mostAhead)
}

func (l *leg) sendRetr(st *step) {
	st.misled = false
	if l.glimpses(st) {
		l.sent = append(l.sent, command{st: st, top: l.s.top(st.number)})
	}
	l.sent = append(l.sent, command{st: st, retr: l.s.retr(st.number)})
	l.retrs++
	l.ahead += st.Message.Octets
}

// sendDeles sends DELEs in message order: all that the window has room for, or one where
// the server takes one command at a time. Each waits for all before it to be settled, and while it is not clear whether
// the text that came for it came for another message as well.
func (l *leg) sendDeles() {
	if l.e.plan.Order == atEnd && l.settled < len(l.todo) {
		return
	}
	pipelines := l.s.pipelines()
	for ; l.turn < l.settled; l.turn++ {
		st := l.todo[l.turn]
		if !st.toDelete() {
			continue
		}
		if st.named > 0 || l.deles >= l.e.pace.limit() || len(l.sent) >= sentAhead || !pipelines && len(l.sent) > 0 {
			return
		}
		l.deles++
		st.sent = true
		l.sent = append(l.sent, command{st: st, dele: l.s.dele(st.number)})
	}
}

// answer waits for the oldest command's answer. The error is one that ends the session.
func (l *leg) answer(ctx context.Context) error {
	c := l.sent[0]
	l.sent = l.sent[1:]
	st, number := c.st, c.st.Message.Number
	if c.claim != nil {
		return l.examine(ctx, st, c.claim)
	}
	if c.top != nil {
		return l.learn(ctx, st, c.top)
	}
	if c.retr == nil {
		err := c.dele.wait(ctx)
		l.deles--
		l.e.pace.answered(l.e.now())
		if err == nil {
			l.tellRefusal(nil)
			l.e.promise(st)
			return nil
		}
		if faultOf(err) != refused {
			return fmt.Errorf("deleting message %d: %w", number, err)
		}
		l.refuse(st, err)
		return nil
	}
	l.retrs--
	l.ahead -= st.Message.Octets
	text, err := c.retr.wait(ctx)
	if err == nil {
		l.tellRefusal(nil)
		err = l.receive(ctx, st, text)
	} else if faultOf(err) == refused {
		l.refuse(st, err)
		return nil
	}
	if err != nil && !errors.As(err, new(*garbledError)) {
		err = fmt.Errorf("fetching message %d: %w", number, err)
		if faultOf(err) == confused || errors.Is(err, mailbox.ErrOddText) || errors.Is(err, errNotThatCopy) {
			return l.garbled(st, err)
		}
	}
	return err
}

// garbledError is about one message's text: another session may fare better.
type garbledError struct{ error }

func (e *garbledError) Unwrap() error { return e.error }

// garbled takes in that a message's text did not come as it should, for which pipelining may be to blame:
// the next session does without. If it does so twice it is for the message, such as one whose dots
// are not stuffed, and the others go on without it.
func (l *leg) garbled(st *step, err error) error {
	if st.garbled && !st.closed {
		l.e.fail(st, err)
		l.e.pass(err)
	}
	st.garbled = true
	return &garbledError{err}
}

// refuse keeps a step that was refused from all else, and what is to be told of it for later.
func (l *leg) refuse(st *step, err error) {
	l.tellRefusal(nil)
	st.closed = true
	l.refused, l.refusal = st, err
}

// tellRefusal tells of the step that was refused, unless the line broke right behind it for the first time.
func (l *leg) tellRefusal(err error) {
	st := l.refused
	if st == nil {
		return
	}
	l.refused = nil
	if err != nil && faultOf(err) == broken && !st.parted {
		st.closed, st.parted = false, true
		return
	}
	st.refused = true
	l.e.fail(st, fmt.Errorf("%w: see with popmark list whether it is there, and run the same again", l.refusal))
}
