package commit

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"popmark/pop3server"
)

func removeAll(folder string) error {
	files, err := os.ReadDir(folder)
	for _, f := range files {
		err = errors.Join(err, os.Remove(filepath.Join(folder, f.Name())))
	}
	return err
}

// historyOf gives the IDs of the history's entries of a kind, newest first.
func (r *rig) historyOf(kind string) (ids []string) {
	r.t.Helper()
	for e, err := range r.ledger.History(r.t.Context()) {
		must(r.t, err)
		if e.Kind.String() == kind {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

func TestBinKeepsWhatIsDeletedForAWhile(t *testing.T) {
	r := newRig(t, 3)
	bin := NewBin(filepath.Join(t.TempDir(), "bin"), int64(len(letter(2))), 24*time.Hour)
	out := r.commit(order{marks: marked("DDD"), opts: Options{Bin: bin}})
	must(t, out.err)
	if out.Deleted != 3 || out.Fetched != 0 {
		t.Errorf("summary %+v: what goes into the bin is not fetched", out.Summary)
	}
	r.expect(nil)
	if fetched := r.historyOf("fetched"); len(fetched) != 0 {
		t.Errorf("the history says fetched: %q", fetched)
	}
	ids := r.historyOf("deleted")
	if len(ids) != 3 {
		t.Fatalf("the history has %q", ids)
	}
	restored := 0
	for _, id := range ids {
		receipt, err := Restore(t.Context(), r.ledger, id, r.dest)
		switch {
		case err == nil:
			restored++
			if receipt.Path == "" {
				t.Errorf("%s: restored to %+v", id, receipt)
			}
		case !errors.Is(err, ErrNoCopy):
			t.Errorf("%s: %v", id, err)
		}
	}
	if restored != 2 {
		t.Errorf("%d are restored; the third was too large for the bin", restored)
	}
	r.expect([]int{1, 2})

	if n, err := bin.Empty(t.Context(), r.ledger, time.Now().Add(23*time.Hour)); n != 0 || err != nil {
		t.Errorf("too early: %d, %v", n, err)
	}
	if n, err := bin.Empty(t.Context(), r.ledger, time.Now().Add(25*time.Hour)); n != 2 || err != nil {
		t.Errorf("in time: %d, %v", n, err)
	}
	for _, id := range ids {
		if _, err := Restore(t.Context(), r.ledger, id, r.dest); !errors.Is(err, ErrNoCopy) {
			t.Errorf("%s after emptying: %v", id, err)
		}
	}
}

func TestRestoreSaysWhereAFetchedMessageIs(t *testing.T) {
	r := newRig(t, 1)
	must(t, r.commit(order{marks: marked("F")}).err)
	for _, id := range r.historyOf("fetched") {
		_, err := Restore(t.Context(), r.ledger, id, r.dest)
		if !errors.Is(err, ErrNotDeleted) || !strings.Contains(err.Error(), r.path) {
			t.Errorf("%s: %v", id, err)
		}
	}
	r.expect([]int{1}, "uid-1")
}

func TestP5_ACopyInTheBinIsKnownWhenTheRunIsTakenUp(t *testing.T) {
	r := newRig(t, 1, pop3server.WithHooks(
		pop3server.Cut(pop3server.On("QUIT").InSession(1), pop3server.Close),
		pop3server.InSession(2, pop3server.Cut(pop3server.On(""), pop3server.Close)),
	))
	bin := NewBin(filepath.Join(t.TempDir(), "bin"), 1<<20, 0)
	if out := r.commit(order{marks: marked("D"), opts: Options{Bin: bin}}); out.err == nil || strings.Contains(out.err.Error(), "fetched and kept") {
		t.Fatalf("the lost line gave %v, %+v", out.err, out.Summary)
	}
	must(t, r.commit(order{marks: marked("D"), opts: Options{Bin: bin}}).err)
	ids := r.historyOf("deleted")
	if len(ids) != 1 {
		t.Fatalf("the history has %q", ids)
	}
	if _, err := Restore(t.Context(), r.ledger, ids[0], r.dest); err != nil {
		t.Error(err)
	}
	r.expect([]int{1})
}

func TestP1_AMessageThatGotAUIDLIsLeftAloneWhereTheBinIsNew(t *testing.T) {
	r := newRig(t, 1, pop3server.WithHooks(
		pop3server.LoseAnswer(pop3server.On("QUIT").InSession(1), pop3server.Close),
		pop3server.InSession(2, pop3server.Cut(pop3server.On(""), pop3server.Close)),
	))
	r.knowHeader()
	if out := r.commit(order{marks: marked("D")}); out.err == nil {
		t.Fatalf("the lost line is no error: %+v", out.Summary)
	}
	r.drop.Add(inItsPlace())
	must(t, r.commit(order{marks: marked("D"), opts: Options{Bin: NewBin(filepath.Join(t.TempDir(), "bin"), 1<<20, 0)}}).err)
	r.expect(nil, "uid-1")
}
