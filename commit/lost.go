package commit

import (
	"cmp"
	"context"
	"fmt"

	"popmark/ledger"
)

// lookForCopies sees whether the copies of messages that are still to be deleted are where they were put, as a session is
// not the run's first: minutes may lie between two, and nobody may have noticed that a folder was cleared (P2). What is gone is
// fetched again. Of a command, which can't be asked, its word is taken.
func (e *engine) lookForCopies(ctx context.Context, todo []*step) error {
	var copied []*step
	for _, st := range todo {
		if (st.copied || st.awaited != noPrint && !st.lost) && st.toDelete() && st.Message.Certain {
			copied = append(copied, st)
		}
	}
	var lost []*step
	for key, uids := range uidsOf(copied) {
		records, err := e.log.Fetched(ctx, e.opts.Account, key, uids)
		if err != nil {
			return err
		}
		for _, st := range copied {
			if st.key != key {
				continue
			}
			record, found := records[ledger.FetchedKey{UID: st.Message.UID, Octets: st.recorded(), Destination: key}]
			receipt := receiptOf(&record)
			if found && !st.dest.Find(ctx, receipt) {
				if found, err = st.dest.Secure(ctx, receipt); err != nil {
					return err
				}
			}
			if err := ctx.Err(); err != nil {
				return err // the answers may be of that
			}
			if found {
				continue
			}
			e.lose(st)
			if receipt.Name != "" {
				st.prior, st.print = &receipt, record.Header
			}
			e.total += max(st.Message.Octets, 0)
			lost = append(lost, st)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	where := "their copies"
	if len(lost) == 1 {
		where = "its copy"
	}
	e.warn(fmt.Sprintf("%s not deleted yet, %s gone from %s meanwhile: fetched again", messages(len(lost)), where, lost[0].dest))
	return e.setSteps(ctx, ledger.StepPlanned, seqsOf(lost))
}

// lose takes in that a message's copy is gone. What is fetched in its place has to be the same message still, unless the mark
// means whatever is there now.
func (e *engine) lose(st *step) {
	awaited, shows, anew := st.awaited, st.shows, st.renews || st.known && !st.mine
	if st.imprint == noPrint {
		awaited = cmp.Or(awaited, st.print)
	}
	st.copied, st.awaited, st.shows, st.renews = true, noPrint, nil, false
	e.uncopy(st)
	if st.lost = !anew && awaited != noPrint; st.lost {
		st.awaited, st.shows = awaited, shows
	}
}
