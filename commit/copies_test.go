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

// refusing is a place that looks like a Maildir and takes nothing.
type refusing struct{ delivery.Destination }

func (r refusing) Begin(ctx context.Context, meta delivery.Meta) (delivery.Delivery, error) {
	d, err := r.Destination.Begin(ctx, meta)
	return refusedDelivery{d}, err
}

type refusedDelivery struct{ delivery.Delivery }

func (r refusedDelivery) Commit(context.Context) (delivery.Receipt, error) {
	return delivery.Receipt{}, errors.Join(delivery.ErrRejected, r.Abort())
}

func TestRefusedCopiesOfSeveralPlacesAreNotedWhileOthersAreRecorded(t *testing.T) {
	const n = 100
	r := newRig(t, n)
	marks := make(map[int]triage.Mark)
	for i := 1; i <= n; i++ {
		marks[i] = triage.Move
	}
	to := delivery.Multi(r.dest, refusing{delivery.NewMaildir(delivery.OS(), filepath.Join(t.TempDir(), "other"))})
	out := r.commit(order{marks: marks, opts: Options{Destination: to}})
	if out.err != nil || out.Failed != n || out.Deleted != 0 {
		t.Errorf("%v, %d failed, %d deleted", out.err, out.Failed, out.Deleted)
	}
}
