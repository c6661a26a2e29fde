package commit

import (
	"fmt"
	"time"
)

// So long a time lies between two Progress events at least, and so many octets or else the
// longer time: on a fast line octets alone would make thousands, each a change of
// goroutines, and on a slow one nothing would move for seconds.
const (
	progressStep  = 64 << 10
	progressPause = 50 * time.Millisecond
	progressSlow  = 250 * time.Millisecond
)

// tellWrongSizes is how many wrong sizes are told one by one.
const tellWrongSizes = 3

func (e *engine) put(ev Event) {
	ev.RunOctets = e.octets
	ev.RunTotal = e.total
	e.events.put(ev)
}

// progress tells of n octets more, octets in all, of a message.
func (e *engine) progress(st *step, octets int64, n int) {
	e.octets += int64(n)
	now := e.now()
	since := now.Sub(e.toldAt)
	if since < progressPause || e.octets-e.told < progressStep && since < progressSlow {
		return
	}
	e.told, e.toldAt = e.octets, now
	ev := st.event(Progress)
	ev.Octets = octets
	e.put(ev)
}

// tellCopy says once that a message's copy is safe: made just now, or there already.
func (e *engine) tellCopy(st *step) {
	r := st.fresh
	st.fresh = nil
	switch {
	case st.binned: // the history tells of it
	case r != nil:
		e.sum.Fetched++
		e.sum.Octets += r.Octets
		st.received = r.Octets
		ev := st.event(Fetched)
		ev.Octets, ev.Path = r.Octets, r.Path
		e.put(ev)
	case st.known && !st.told:
		st.told = true
		e.sum.Kept++
		ev := st.event(Kept)
		ev.Octets, ev.Path = st.received, st.path
		e.put(ev)
	}
}

// uncopy takes in that what is there is no copy of a message, so that it has to be fetched.
func (e *engine) uncopy(st *step) {
	switch {
	case st.binned:
	case st.told:
		e.sum.Kept--
		st.told = false
	case st.copied && !st.known && st.fresh == nil: // it was told of
		e.sum.Fetched--
		e.sum.Octets -= st.received
	}
	e.arrivals.dropOf(st)
	st.copied, st.known, st.path, st.fresh, st.prior, st.rival = false, false, "", nil, nil, nil
}

// promise notes that DELE was answered +OK.
func (e *engine) promise(st *step) {
	st.fate = promised
	e.vow(st)
}

// vow tells once that a message is to be deleted.
func (e *engine) vow(st *step) {
	if !st.vowed {
		st.vowed = true
		e.put(st.event(Deleted))
	}
}

// fail says that a message could not be handled.
func (e *engine) fail(st *step, err error) {
	st.closed = true
	e.sum.Failed++
	ev := st.event(Failed)
	ev.Err = err
	e.sum.Failures = append(e.sum.Failures, ev)
	e.put(ev)
}

// wrongSize says that LIST gave another size than came: servers count differently.
func (e *engine) wrongSize(st *step, octets int64) {
	if e.wrongSizes++; e.wrongSizes > tellWrongSizes {
		return
	}
	e.warn(fmt.Sprintf("message %d: LIST says %d octets, %d came", st.Message.Number, st.Message.Octets, octets))
}
