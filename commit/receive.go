package commit

import (
	"cmp"
	"context"
	"errors"
	"io"
)

// errEmpty is why a message is not taken for fetched, and not deleted, of which nothing came.
var errEmpty = errors.New("the server sent an empty message where LIST does not say that it is empty: it stays on the server, look at it with popmark peek")

// errNotThatCopy is why a message is not taken for the one that was copied before.
var errNotThatCopy = errors.New("its text is not that of the copy that was made before, so that it may be another message: look with popmark list; the same marks mean it once they were given with --forget")

func localOrNil(err error) error {
	if err == nil {
		return nil
	}
	return localError{err}
}

// receive gives a message's text to its destination and the whole of it to the copier.
func (l *leg) receive(ctx context.Context, st *step, text io.Reader) error {
	var err error
	if l.head, text, err = withHeader(text, l.head); err != nil {
		return err
	}
	shown := l.e.box.decode(l.head)
	env := cmp.Or(l.e.box.envelope(st.Message.ID), shown)
	came := l.e.arrivals.add(arrival{st: st, heading: headingOf(shown, l.head, mostLines)})
	if st.awaited != noPrint && st.renews && !l.e.fits(st.awaited, l.head) {
		st.awaited, st.copied = noPrint, true
		l.e.uncopy(st)
	}
	if st.awaited != noPrint && !st.lost {
		return l.confirm(st, text, came)
	}
	if st.lost && !l.awaits(st, came) {
		if came.octets, err = io.Copy(io.Discard, text); err != nil {
			return err
		}
		return l.notThatCopy(st)
	}
	cl := l.claimOf(st, came)
	if cl != nil && cl.replaced && !l.hasTOP(st, st.number) {
		if _, err := io.Copy(io.Discard, text); err != nil {
			return err
		}
		return l.leave(st, nil)
	}
	prior := st.prior
	if prior != nil && st.print != noPrint && !l.e.fits(st.print, l.head) {
		prior = nil // what is there of an earlier attempt is of another message
	}
	to, err := st.dest.Begin(ctx, l.e.meta(st, env, prior))
	if err != nil {
		return localError{err}
	}
	in := &intake{e: l.e, st: st, to: to}
	octets, err := io.Copy(in, text)
	l.e.flow.got(octets, l.e.now())
	if err == nil {
		err = ctx.Err()
	}
	if err == nil && octets == 0 && st.Message.Octets != 0 { // a size that is not known is no proof
		l.e.fail(st, errEmpty)
		return localOrNil(to.Abort())
	}
	if err != nil {
		_ = to.Abort() // err says why
		return err
	}
	if octets != st.Message.Octets && st.Message.Octets >= 0 {
		l.e.wrongSize(st, octets)
	}
	came.octets = octets
	j := &job{st: st, about: about(env), print: came.print, serial: came.serial, delivery: to}
	if prior != nil {
		j.replaces = prior.Name
	}
	if cl == nil {
		cl = l.claimOfSize(st, came)
	}
	if cl != nil { // only now, as another answer may be needed to see where the text ends
		cl.octets = octets
		switch {
		case cl.of != nil && cl.refuted():
		case l.hasTOP(st, st.number):
			l.ask(st, cl)
		default:
			if err := l.conclude(st, cl, l.whose(cl), nil); err != nil {
				_ = to.Abort() // err says why
				return err
			}
		}
	}
	came.kept = true
	return l.keep(ctx, j)
}

// confirm reads the text of a message whose copy was made before, and is known by RETR's header alone.
func (l *leg) confirm(st *step, text io.Reader, came *arrival) error {
	octets, err := io.Copy(io.Discard, text)
	if err != nil {
		return err
	}
	came.octets = octets
	if !l.awaits(st, came) {
		return l.notThatCopy(st)
	}
	came.kept = true
	st.awaited, st.shows, st.copied, st.doubt, st.risked = noPrint, nil, true, false, false
	return nil
}

// awaits tells whether a text, whose header is in l.head, begins as that of the copy that is awaited.
func (l *leg) awaits(st *step, came *arrival) bool {
	return l.e.fits(st.awaited, l.head) && (st.shows == nil || came.fits(st.shows))
}

// notThatCopy takes in that it does not: another session may fare better, once.
func (l *leg) notThatCopy(st *step) error {
	again := !st.garbled && l.e.retries < l.e.opts.Retries
	if !again && st.risked {
		l.e.sum.Unknown++
		l.e.sum.Unclear++
	}
	if !again && !st.garbled {
		l.e.fail(st, errNotThatCopy)
		return nil
	}
	return errNotThatCopy
}

// intake counts what goes into a delivery and tells of it now and then.
type intake struct {
	e      *engine
	st     *step
	to     io.Writer
	octets int64
}

func (in *intake) Write(p []byte) (int, error) {
	n, err := in.to.Write(p)
	in.octets += int64(n)
	in.e.progress(in.st, in.octets, n)
	if err != nil {
		return n, localError{err}
	}
	return n, nil
}
