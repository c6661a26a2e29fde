package commit

import (
	"context"
	"crypto/sha256"
	"maps"
	"slices"
	"sync"
	"time"

	"popmark/ledger"
)

// simLedger is a ledger whose every write is on the disk when it returns.
type simLedger struct {
	w       *world
	mu      sync.Mutex
	fetched map[ledger.FetchedKey]ledger.Fetched
	runs    map[int64]*ledger.Run
	nextRun int64
}

func newSimLedger() *simLedger {
	return &simLedger{fetched: map[ledger.FetchedKey]ledger.Fetched{}, runs: map[int64]*ledger.Run{}}
}

// write is one write, which happens wholly or not at all.
func (l *simLedger) write(do func()) error {
	switch l.w.op(inLedger) {
	case noBlow:
	case noDisk:
		return errLedger
	default:
		return errDead
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
	return nil
}

func (l *simLedger) NamesCopies(context.Context, string, string) (bool, error) { return false, nil } // UIDL never fails for once

func (l *simLedger) Fetched(_ context.Context, _, destination string, uids []string) (map[ledger.FetchedKey]ledger.Fetched, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := maps.Clone(l.fetched)
	maps.DeleteFunc(found, func(k ledger.FetchedKey, _ ledger.Fetched) bool {
		return k.Destination != destination || !slices.Contains(uids, k.UID)
	})
	return found, nil
}

// Headers gives those of the messages that were there at first, and what was learnt since.
func (l *simLedger) Headers(_ context.Context, _ string, uids []string) (map[string]ledger.HeaderRow, error) {
	rows := maps.Clone(l.w.relearned)
	if rows == nil {
		rows = make(map[string]ledger.HeaderRow)
	}
	for _, m := range l.w.msgs {
		if _, known := rows[m.uid]; !known && slices.Contains(uids, m.uid) {
			rows[m.uid] = ledger.HeaderRow{UID: m.uid, Octets: int64(len(m.text)), Header: []byte(m.text)}
		}
	}
	return rows, nil
}

func (l *simLedger) RecordCopies(_ context.Context, _ string, run int64, copies []ledger.Fetched, placed []ledger.Placed) error {
	return l.write(func() {
		for _, f := range copies {
			l.fetched[f.Key()] = f
		}
		for _, p := range placed {
			l.runs[run].Steps[p.Seq].Kept = p.Kept
			l.set(run, ledger.StepFetched, []int{p.Seq})
		}
	})
}

func (l *simLedger) ForgetCopies(_ context.Context, _ string, of ledger.FetchedKey, _ time.Time) error {
	return l.write(func() { delete(l.fetched, of) })
}

func (l *simLedger) set(run int64, state ledger.StepState, seqs []int) {
	if r := l.runs[run]; r != nil {
		for _, seq := range seqs {
			r.Steps[seq].State = state
		}
	}
}

func (l *simLedger) Runs(context.Context, string) ([]ledger.Run, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var runs []ledger.Run
	for _, id := range slices.Sorted(maps.Keys(l.runs)) {
		runs = append(runs, *l.runs[id])
	}
	return runs, nil
}

func (l *simLedger) BeginRun(_ context.Context, run ledger.Run, resumed ...int64) (int64, error) {
	err := l.write(func() {
		for _, id := range resumed {
			delete(l.runs, id)
		}
		l.nextRun++
		run.ID = l.nextRun
		l.runs[run.ID] = &run
	})
	return run.ID, err
}

func (l *simLedger) SetSteps(_ context.Context, run int64, state ledger.StepState, seqs ...int) error {
	return l.write(func() { l.set(run, state, seqs) })
}

func (l *simLedger) SetHeaders(_ context.Context, run int64, headers map[int][sha256.Size]byte) error {
	return l.write(func() {
		for seq, header := range headers {
			l.runs[run].Steps[seq].Header = header
		}
	})
}

func (l *simLedger) StepsKept(_ context.Context, run int64, seqs ...int) error {
	return l.write(func() { l.set(run, ledger.StepPlanned, seqs) })
}

func (l *simLedger) GiveUp(context.Context, int64, map[string]bool) error { return nil }

func (l *simLedger) StepsDeleted(_ context.Context, run int64, seqs ...int) error {
	return l.write(func() {
		for _, seq := range seqs {
			st := &l.runs[run].Steps[seq]
			for key, f := range l.fetched {
				if key.UID == st.UID && key.Octets == st.Octets {
					f.Spent = true
					l.fetched[key] = f
				}
			}
			// Another message may have got the UIDL since.
			i := slices.IndexFunc(l.w.msgs, func(m *mail) bool { return m.uid == st.UID })
			if st.UID != "" && i >= 0 && !l.w.msgs[i].gone {
				l.w.breachf("P4: the ledger says that %s is deleted, and it is there", st.UID)
			}
		}
		l.set(run, ledger.StepDeleted, seqs)
	})
}

func (l *simLedger) DoubtRuns(context.Context, string) error {
	return l.write(func() {
		for _, run := range l.runs {
			run.Doubted = true
		}
	})
}

func (l *simLedger) EndRun(_ context.Context, run int64) error {
	return l.write(func() { delete(l.runs, run) })
}
