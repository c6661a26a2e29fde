package commit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"popmark/mailbox"
)

// ErrNoUIDL is returned for a plan with a checkpoint on a server without UIDL: no
// message could be told from another after coming back.
var ErrNoUIDL = errors.New("the server has no UIDL, so that it cannot be left and come back to: run it without --checkpoint")

// errStillThere is why a deletion failed that the server had promised.
var errStillThere = errors.New("the server answered +OK to DELE and to QUIT and still has the message: run the same again, or ask whoever runs the server")

// errNotTold is why --verify does not take a deletion for true of which the list tells nothing.
var errNotTold = errors.New("the server promised to delete it, and its list does not tell whether it did: look with popmark list")

// refusedQuitError is an -ERR to a QUIT that should have deleted something.
type refusedQuitError struct{ error }

func (q refusedQuitError) Unwrap() error { return q.error }

func isRefusedQuit(err error) bool {
	_, ok := errors.AsType[refusedQuitError](err)
	return ok
}

// StopError says that a run ended before its end, and what is true then.
type StopError struct {
	Err     error // why; it has the class
	Copied  int   // messages whose copies are safe and that are still on the server
	Unknown int   // deletions of which it is not known whether they are true
	// Next is what to do now; "" is to run the same again.
	Next string
}

func (e *StopError) Error() string {
	var b strings.Builder
	why := e.Err.Error()
	if errors.Is(e.Err, context.Canceled) {
		why = "stopped" // what was being waited for then is nothing to a person
	}
	fmt.Fprintf(&b, "carrying out the marks: %s: ", why)
	if e.Unknown > 0 {
		fmt.Fprintf(&b, "whether %s came true is not known; ", count(e.Unknown, "deletion"))
	} else {
		b.WriteString("nothing is deleted that was not said to be; ")
	}
	if e.Copied > 0 {
		fmt.Fprintf(&b, "%s fetched and kept; ", count(e.Copied, "message"))
	}
	b.WriteString(cmp.Or(e.Next, "run the same again to go on"))
	return b.String()
}

// Unwrap gives why.
func (e *StopError) Unwrap() error { return e.Err }

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// stopped makes the error of a run that ends here.
func (e *engine) stopped(part []*step, err error) error {
	stop := &StopError{Err: err}
	for _, st := range e.steps {
		if st.rival != nil && !st.closed { // the next run does not know of it
			if err := e.forgetCopies([]misled{{st, anyTime}}); err != nil {
				e.warn(err.Error())
			}
		}
	}
	for _, st := range part {
		if st.fate != deleted && (st.ours() || st.risked) && !st.closed {
			stop.Unknown++
		}
	}
	for _, st := range e.steps {
		if st.copied && !st.binned && st.fate != deleted {
			stop.Copied++
		}
	}
	e.sum.Unknown += stop.Unknown
	e.sum.Deleted += e.uncommitted // no QUIT told of them, but they were seen to be true
	e.uncommitted = 0
	return stop
}

// afterRefusedQuit finds out what a QUIT did that was answered -ERR, and says it.
func (e *engine) afterRefusedQuit(ctx context.Context, part []*step, refusal error) error {
	doubtful := withFate(part, asked)
	s, err := e.takeToLook(ctx)
	if s, err = e.orReconnect(ctx, s, err); err != nil {
		return e.stopped(part, fmt.Errorf("%s; looking what it did: %w", refusal.Error(), err))
	}
	if err := e.inSession(ctx, s, part, false); err != nil {
		return e.stopped(part, fmt.Errorf("%s; looking what it did: %w", refusal.Error(), err))
	}
	for _, st := range doubtful {
		if st.fate != deleted && !st.closed {
			e.fail(st, fmt.Errorf("%w: it is still there: run the same again", refusal))
		}
	}
	return nil
}

// looks is how often a session is tried for that only finds out what is true, however few
// retries there are: a server may hold the lock of the session before a little longer.
const looks = 4

func (e *engine) takeToLook(ctx context.Context) (session, error) {
	for try := 1; ; try++ {
		s, err := e.box.take(ctx, true)
		if err == nil || try == looks || mailbox.ClassOf(err) != mailbox.TryLater {
			return s, err
		}
		if perr := e.pause(ctx, time.Second<<(try-1)); perr != nil {
			return nil, err
		}
	}
}

// afterLostLine is for a line that broke too often. Where DELE or QUIT had been sent, one
// look tells what it did: some servers carry DELEs out when the line breaks.
func (e *engine) afterLostLine(ctx context.Context, part []*step, cause error) error {
	if !slices.ContainsFunc(part, func(st *step) bool { return st.ours() && !st.closed && st.fate != deleted }) {
		return e.stopped(part, cause)
	}
	s, err := e.takeToLook(ctx)
	if err != nil {
		return e.stopped(part, cause)
	}
	if err := e.inSession(ctx, s, part, false); err != nil {
		return e.stopped(part, cause)
	}
	for _, st := range part {
		if !st.finished() {
			return e.stopped(part, cause)
		}
	}
	return nil
}

// verify looks whether what was deleted is gone.
func (e *engine) verify(ctx context.Context) error {
	gone := withFate(e.steps, deleted)
	if len(gone) == 0 {
		return nil
	}
	s, err := e.takeToLook(ctx)
	if s, err = e.orReconnect(ctx, s, err); err != nil {
		return fmt.Errorf("looking whether the deletions came true, which QUIT's answer says: %w: look with popmark list", err)
	}
	defer s.give()
	var still []int
	for _, st := range gone {
		_, err := s.bind(st.Message.ID)
		switch {
		case err == nil:
			e.sum.Deleted--
			st.fate = kept
			still = append(still, st.seq)
			e.fail(st, errStillThere)
		case errors.Is(err, mailbox.ErrGone) && tellsAll(s), !mayHave(s, &st.Message):
		default:
			e.sum.Deleted--
			e.sum.Unknown++
			e.sum.Unclear++
			e.fail(st, errNotTold)
		}
	}
	if len(still) > 0 {
		if err := e.log.StepsKept(e.late, e.run, still...); err != nil {
			return err
		}
	}
	return nil
}

// mayHave tells whether a session has a message of this size or UIDL.
func mayHave(s session, msg *mailbox.Message) bool {
	return slices.ContainsFunc(s.list().Messages, func(m mailbox.Message) bool {
		return m.Octets == msg.Octets || msg.UID != "" && m.UID == msg.UID
	})
}
