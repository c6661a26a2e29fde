package commit

import (
	"context"
	"fmt"

	"popmark/delivery"
	"popmark/ledger"
)

// findCopies sees which messages need not be fetched. It gives the records that
// turned out to be true although the run that made them never said so.
//
// A message counts as fetched by account, UIDL, size and destination. Before one
// is deleted its copy must be there; one that stays on the server may have been
// read and thrown away. What a run that was broken off has taken for the same end
// is not copied again even where a destination can't look for it.
func (e *engine) findCopies(ctx context.Context, taken map[made]bool) ([]ledger.Fetched, error) {
	var confirmed []ledger.Fetched
	for key, uids := range uidsOf(e.steps) {
		records, err := e.log.Fetched(ctx, e.opts.Account, key, uids)
		if err != nil {
			return nil, err
		}
		for _, st := range e.steps {
			mine := !st.binned && taken[made{st.Message.UID, st.Mark}]
			again := e.opts.Again && !st.binned && !(mine && e.opts.TakesUp)
			if st.key != key || !st.Message.Certain || again {
				continue
			}
			record, ok := records[ledger.FetchedKey{UID: st.Message.UID, Octets: st.Message.Octets, Destination: key}]
			if !ok {
				continue
			}
			receipt := receiptOf(&record)
			switch {
			case record.Safe && !st.Mark.Deletes():
				st.copied = true
			case record.Safe && !mine:
				st.copied = st.dest.Find(receipt)
			default:
				if st.copied, err = st.dest.Secure(ctx, receipt); err != nil {
					return nil, err
				}
				if st.copied {
					record.Safe = true
					confirmed = append(confirmed, record)
				}
			}
			if st.copied {
				st.known, st.path, st.received, st.madeAt, st.print = true, record.Path, record.Received, record.At.UnixNano(), record.Header
				st.mine = mine
			} else {
				st.prior = &receipt
			}
		}
	}
	return confirmed, nil
}

func receiptOf(f *ledger.Fetched) delivery.Receipt {
	return delivery.Receipt{Name: f.Name, Path: f.Path, Octets: f.Received, SHA256: f.SHA256}
}

// begin writes the plan down, and what earlier runs left open is settled first.
func (e *engine) begin(ctx context.Context, s session) error {
	runs, err := e.settle(ctx, s)
	if err != nil {
		return err
	}
	run := ledger.Run{
		Account: e.opts.Account, Started: e.now(), AtEnd: e.plan.Order == atEnd, Request: e.opts.Request,
		Steps: make([]ledger.Step, len(e.steps)),
	}
	if e.opts.Destination != nil {
		run.Destination = e.opts.Destination.String()
	}
	confirmed, err := e.findCopies(ctx, copiesOf(runs, run.Destination))
	if err != nil {
		return err
	}
	var done []int
	before := aboutsOf(runs)
	for i, st := range e.steps {
		run.Steps[i] = ledger.Step{
			Seq: i, Number: st.Message.Number, UID: st.Message.UID, Certain: st.Message.Certain, Octets: st.Message.Octets, Mark: byte(st.Mark), About: about(e.box.envelope(st.Message.ID)),
		}
		if e.opts.Lines != nil && st.Mark.Deletes() {
			run.Steps[i].Lines = e.opts.Lines(st.Message.ID)
		}
		if run.Steps[i].About == (ledger.About{}) && st.Message.Certain {
			run.Steps[i].About = before[st.Message.UID]
		}
		if st.copied {
			run.Steps[i].State = ledger.StepFetched
			done = append(done, i)
		} else if st.dest != nil {
			e.total += st.Message.Octets
		}
	}
	resumed := make([]int64, len(runs))
	for i := range runs {
		resumed[i] = runs[i].ID
	}
	if e.run, err = e.log.BeginRun(ctx, run, resumed...); err != nil {
		return err
	}
	if len(confirmed) > 0 {
		return e.log.RecordCopies(ctx, e.opts.Account, e.run, confirmed, done)
	}
	return nil
}

// settle finds out what became of the deletions that broken runs had asked for, and gives those runs.
func (e *engine) settle(ctx context.Context, s session) ([]ledger.Run, error) {
	runs, err := e.log.Runs(ctx, e.opts.Account)
	if err != nil || len(runs) == 0 {
		return nil, err
	}
	there := make(map[string]bool)
	for _, m := range s.list().Messages {
		there[m.UID] = true
	}
	for _, run := range runs {
		if !tellsAll(s) {
			continue
		}
		var gone []int
		for _, st := range run.Steps {
			if st.State == ledger.StepAsked && st.UID != "" && !there[st.UID] {
				gone = append(gone, st.Seq)
			}
		}
		if len(gone) == 0 {
			continue
		}
		if err := e.log.StepsDeleted(ctx, run.ID, gone...); err != nil {
			return nil, err
		}
		e.warn(fmt.Sprintf("an earlier run was broken off before the server's last answer: %s it had asked for came true", deletions(len(gone))))
	}
	return runs, nil
}

func deletions(n int) string {
	if n == 1 {
		return "1 deletion that"
	}
	return fmt.Sprintf("%d deletions that", n)
}
