package commit

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"popmark/ledger"
)

// quit ends the session and, where the answer is +OK, makes its deletions true. Where
// nothing is to be deleted any answer will do.
func (e *engine) quit(ctx context.Context, s session, part []*step) error {
	promises := withFate(part, promised)
	if len(promises) > 0 {
		if err := e.ask(promises); err != nil {
			err = localError{err}
			e.giveUp(s, part, err)
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		e.giveUp(s, part, err)
		return err
	}
	for _, st := range promises {
		st.fate = asked
	}
	e.sum.Committed = false
	err := s.quit(e.late)
	switch fault := faultOf(err); {
	case err == nil:
	case len(promises) == 0 && fault != cancelled:
		e.quitInVain(err)
		return nil
	case fault == refused:
		return refusedQuitError{err}
	default:
		return err
	}
	for _, st := range promises {
		st.fate = deleted
	}
	e.sum.Committed = true
	e.witnesses = e.witnessesOf(s.list())
	e.shifted = e.shifted || len(promises) > 0
	e.uncommitted += len(promises)
	told := e.uncommitted
	e.sum.Deleted += told
	e.uncommitted = 0
	if len(promises) > 0 {
		if err := e.log.StepsDeleted(e.late, e.run, seqsOf(promises)...); err != nil {
			// The journal says that they were asked for: the next run finds them gone.
			e.warn(err.Error())
		}
	}
	e.put(Event{Kind: Committed, Deleted: told})
	return nil
}

// quitInVain ends a session whose QUIT was not answered with +OK, and in which nothing
// was to be deleted: all that the session did or saw is true without that answer.
func (e *engine) quitInVain(err error) {
	e.sum.Deleted += e.uncommitted
	e.uncommitted = 0
	e.warn(fmt.Sprintf("%v: nothing was left to delete in that session, so that nothing depends on it", err))
}

// ask writes down that the next QUIT deletes these.
func (e *engine) ask(promises []*step) error {
	if err := e.log.SetSteps(e.late, e.run, ledger.StepAsked, seqsOf(promises)...); err != nil {
		return err
	}
	for _, st := range promises {
		st.noted = true
	}
	return nil
}

// takenBack takes in that the server answered RSET with +OK: none of the session's DELEs counts.
func (e *engine) takenBack(part []*step) {
	var planned, fetched []int
	for _, st := range part {
		if st.fate == promised {
			st.fate = kept
		}
		st.sent = false
		switch {
		case !st.noted || st.fate != kept || st.closed: // of what is closed the journal knows what became
		case st.copied:
			fetched = append(fetched, st.seq)
		default:
			planned = append(planned, st.seq)
		}
	}
	err := e.setSteps(e.late, ledger.StepPlanned, planned)
	if err := cmp.Or(err, e.setSteps(e.late, ledger.StepFetched, fetched)); err != nil {
		e.warn(err.Error())
	}
}

// setSteps is for as many steps as there are, if any.
func (e *engine) setSteps(ctx context.Context, state ledger.StepState, seqs []int) error {
	if len(seqs) == 0 {
		return nil
	}
	return e.log.SetSteps(ctx, e.run, state, seqs...)
}

// confirm writes down the deletions that this session showed to be true.
func (e *engine) confirm(part []*step) error {
	return e.stepsDeleted(e.late, seqsOf(withFate(part, deleted)))
}

// stepsDeleted is for as many steps as there are, if any.
func (e *engine) stepsDeleted(ctx context.Context, seqs []int) error {
	if len(seqs) == 0 {
		return nil
	}
	return e.log.StepsDeleted(ctx, e.run, seqs...)
}

// giveUp ends a session with nothing deleted: RSET and QUIT where the server still
// answers, else without a word.
func (e *engine) giveUp(s session, part []*step, cause error) {
	inOrder := errors.Is(cause, errUnclear) || errors.Is(cause, errAnothers)
	if f := faultOf(cause); f != broken && f != confused || inOrder {
		ctx, cancel := context.WithTimeout(e.late, takeBackWait)
		defer cancel()
		if s.rset(ctx) == nil {
			e.takenBack(part)
			_ = s.quit(ctx) // nothing hangs on it any more
			return
		}
	}
	s.abort(cause)
	// Some servers carry deletions out when the line drops, and use their UIDLs again. Where this
	// can't be written down the history misses them.
	var sent []int
	for _, st := range part {
		if st.sent && !st.closed && st.fate != deleted {
			sent = append(sent, st.seq)
		}
	}
	late := e.late
	if late.Err() != nil { // RSET was waited for in vain
		ctx, cancel := context.WithTimeout(context.WithoutCancel(late), lastWrite)
		defer cancel()
		late = ctx
	}
	_ = e.setSteps(late, ledger.StepAsked, sent)
}
