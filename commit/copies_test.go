package commit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"popmark/delivery"
	"popmark/ledger"
	"popmark/triage"
)

// fullLog is a journal whose disk is full once a copy is safe.
type fullLog struct{ journal }

var errFull = errors.New("the ledger's disk is full")

func (l fullLog) RecordCopies(ctx context.Context, account string, run int64, copies []ledger.Fetched, placed []ledger.Placed) error {
	if len(placed) > 0 {
		return errFull
	}
	return l.journal.RecordCopies(ctx, account, run, copies, placed)
}

// What a command was given and the ledger can't remember is given to it once more some day.
func TestP5_ACommandIsGivenNoMoreWhenTheLedgerFails(t *testing.T) {
	const n = 60
	r := newRig(t, n)
	marks := make(map[int]triage.Mark)
	for i := 1; i <= n; i++ {
		marks[i] = triage.Move
	}
	got := filepath.Join(t.TempDir(), "got")
	out := r.commit(order{
		marks: marks, log: func(j journal) journal { return fullLog{j} },
		opts: Options{Destination: delivery.NewPipe("grep ^Subject: >>" + got)},
	})
	if !errors.Is(out.err, errFull) || out.Deleted != 0 || len(r.drop.UIDLs()) != n {
		t.Errorf("%v, %+v", out.err, out.Summary)
	}
	text, err := os.ReadFile(got)
	must(t, err)
	if given := strings.Count(string(text), "Subject:"); given > n/3 {
		t.Errorf("the command was given %d of %d messages", given, n)
	}
}
