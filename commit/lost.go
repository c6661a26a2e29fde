package commit

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"popmark/delivery"
	"popmark/ledger"
)

// lookAwake is after how long looking for copies a server is told that somebody is there.
const lookAwake = 10 * time.Second

// lookForCopies sees whether the copies of messages that are still to be deleted are where they were put, as a session is
// not the run's first: minutes may lie between two, and nobody may have noticed that a folder was cleared (P2). What is gone is
// fetched again. Of a command, which can't be asked, its word is taken.
func (e *engine) lookForCopies(ctx context.Context, s session, todo []*step) error {
	copied := make(map[string][]*step)
	for _, st := range todo {
		if (st.copied || st.awaited != noPrint && !st.lost) && st.toDelete() {
			copied[st.key] = append(copied[st.key], st)
		}
	}
	since := e.now()
	for _, key := range slices.Sorted(maps.Keys(copied)) {
		var lost []*step
		for chunk := range slices.Chunk(copied[key], recallAtOnce) {
			records, err := e.log.Fetched(ctx, e.opts.Account, key, uidsOf(chunk)[key])
			if err != nil {
				return localError{err}
			}
			for _, st := range chunk {
				there, err := e.hasCopy(ctx, st, records)
				if err != nil {
					return err
				}
				if !there {
					lost = append(lost, st)
				}
				if now := e.now(); now.Sub(since) >= lookAwake {
					if err := s.noop(ctx); err != nil && faultOf(err) != refused {
						return fmt.Errorf("keeping the session open: %w", err)
					}
					since = now
				}
			}
		}
		if len(lost) == 0 {
			continue
		}
		where := "their copies"
		if len(lost) == 1 {
			where = "its copy"
		}
		e.warn(fmt.Sprintf("%s not deleted yet, %s gone from %s meanwhile: fetched again", messages(len(lost)), where, lost[0].dest))
		if err := e.setSteps(ctx, ledger.StepPlanned, seqsOf(lost)); err != nil {
			return localError{err}
		}
	}
	return nil
}

// hasCopy tells whether a step's copy is there, and takes in that it is not. The error is the disk's, or the context's.
func (e *engine) hasCopy(ctx context.Context, st *step, records map[ledger.FetchedKey]ledger.Fetched) (bool, error) {
	receipt, known := st.receipt, st.print
	if st.Message.Certain {
		record, found := st.recordIn(records)
		if receipt = nil; found {
			receipt, known = new(receiptOf(&record)), record.Header
		}
	}
	if receipt != nil {
		there := st.dest.Find(ctx, *receipt)
		if !there {
			var err error
			if there, err = st.dest.Secure(ctx, *receipt); err != nil {
				return false, localError{err}
			}
		}
		if err := ctx.Err(); there || err != nil {
			return there, err // the answer may be of that
		}
	}
	e.lose(st)
	st.prior, st.print = receipt, known
	return false, nil
}

// recordIn gives the record of a step's copy, also where that was made before the message has grown.
func (st *step) recordIn(records map[ledger.FetchedKey]ledger.Fetched) (ledger.Fetched, bool) {
	record, found := records[ledger.FetchedKey{UID: st.Message.UID, Octets: st.octets(), Destination: st.key}]
	if !found && st.was != 0 {
		record, found = records[ledger.FetchedKey{UID: st.Message.UID, Octets: st.Message.Octets, Destination: st.key}]
	}
	return record, found
}

// lose takes in that a message's copy is gone. What is fetched in its place has to be the same message still, unless the mark
// means whatever is there now: that is where the copy is of an earlier run, which this one does not take up, and nothing of this one can
// have deleted the message.
func (e *engine) lose(st *step) {
	awaited, shows := st.awaited, st.shows
	anew := st.renews || st.known && !st.mine && !st.vowed && awaited == noPrint
	if awaited == noPrint { // else it was counted when it came to be awaited
		e.total += max(st.Message.Octets, 0)
	}
	if st.imprint == noPrint {
		awaited = cmp.Or(awaited, st.print)
	}
	st.copied, st.awaited, st.shows, st.renews = true, noPrint, nil, false
	e.uncopy(st)
	st.receipt = nil
	if st.lost = !anew && awaited != noPrint; st.lost {
		st.awaited, st.shows = awaited, shows
	}
}

// keepReceipt remembers where the copy of a message is that no record can be found by.
func (st *step) keepReceipt(r *delivery.Receipt) {
	if !st.Message.Certain {
		st.receipt = new(*r)
	}
}
