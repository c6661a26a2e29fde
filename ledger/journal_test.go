package ledger

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// begin writes down a run of certain messages with these UIDLs.
func begin(t *testing.T, l *Ledger, request string, uids ...string) int64 {
	t.Helper()
	run := Run{Account: account, Started: time.Unix(1, 0), Request: request}
	for i, uid := range uids {
		run.Steps = append(run.Steps, Step{Seq: i, UID: uid, Certain: true, Octets: 5, Mark: 1})
	}
	id, err := l.BeginRun(t.Context(), run)
	check(t, err)
	return id
}

// states gives, by request, the states of the runs' steps.
func states(t *testing.T, l *Ledger) map[string][]StepState {
	t.Helper()
	runs, err := l.Runs(t.Context(), account)
	check(t, err)
	all := make(map[string][]StepState)
	for _, run := range runs {
		for _, st := range run.Steps {
			all[run.Request] = append(all[run.Request], st.State)
		}
	}
	return all
}

func history(t *testing.T, l *Ledger) (entries []Entry) {
	t.Helper()
	for e, err := range l.History(t.Context()) {
		check(t, err)
		entries = append(entries, e)
	}
	return entries
}

func TestWhatOneRunDeletesEveryRunLearnsAndTheHistoryOnce(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		begin(t, l, "first", "a", "b", "c")
		second := begin(t, l, "second", "x", "c", "b")
		check(t, l.StepsDeleted(t.Context(), second, 0, 2, 1))
		for request, want := range map[string][]StepState{
			"first":  {StepPlanned, StepDeleted, StepDeleted},
			"second": {StepDeleted, StepDeleted, StepDeleted},
		} {
			if got := states(t, l)[request]; !slices.Equal(got, want) {
				t.Errorf("the %s run's steps are %v, want %v", request, got, want)
			}
		}
		if got := history(t, l); len(got) != 3 {
			t.Errorf("history %+v", got)
		}
	})
}

func TestARunKnowsOfDeletionsSinceItBeganThoughTheClockWasSetBack(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		since := func(run int64) bool {
			deleted, err := l.DeletedSince(t.Context(), account, run)
			check(t, err)
			return deleted
		}
		begin(t, l, "earlier", "a")
		run := begin(t, l, "this", "b")
		if since(run) {
			t.Error("nothing is deleted yet")
		}
		l.now = func() time.Time { return time.Unix(0, 0) }
		later := begin(t, l, "later", "c")
		check(t, l.StepsDeleted(t.Context(), later, 0))
		check(t, l.EndRun(t.Context(), later))
		if !since(run) {
			t.Error("what a later run has deleted is not known when that has come to its end")
		}
		if since(begin(t, l, "last", "d")) {
			t.Error("what was deleted before counts for a run that began behind it")
		}
		if deleted, err := l.DeletedSince(t.Context(), "another", run); deleted || err != nil {
			t.Errorf("another account: %v, %v", deleted, err)
		}
	})
}

func TestARunThatIsGoneIsAnError(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		id := begin(t, l, "", "a", "b")
		for name, err := range map[string]error{
			"SetSteps, no such step":     l.SetSteps(t.Context(), id, StepAsked, 0, 1, 2),
			"SetSteps, no such run":      l.SetSteps(t.Context(), id+1, StepAsked, 0),
			"StepsDeleted, no such step": l.StepsDeleted(t.Context(), id, 1, 2),
			"StepsKept, no such run":     l.StepsKept(t.Context(), id+1, 0),
			"SetHeaders, no such step":   l.SetHeaders(t.Context(), id, map[int][sha256.Size]byte{0: {1}, 2: {2}}),
			"RecordCopies, no such run":  l.RecordCopies(t.Context(), account, id+1, nil, []Placed{{Seq: 0}}),
		} {
			if !errors.Is(err, ErrNoRun) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := states(t, l)[""]; !slices.Equal(got, []StepState{StepPlanned, StepPlanned}) || len(history(t, l)) > 0 {
			t.Errorf("half of it was written down: %v", got)
		}
	})
}

func TestADeletionThatDidNotComeTrueIsTakenBack(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		id := begin(t, l, "", "a", "b")
		check(t, l.RecordCopies(t.Context(), account, id, []Fetched{{UID: "a", Octets: 5, Destination: "d", Name: "n", Safe: true}}, []Placed{{Seq: 0}}))
		check(t, l.StepsDeleted(t.Context(), id, 0, 1))
		spent := func() bool {
			found, err := l.Fetched(t.Context(), account, "d", []string{"a"})
			check(t, err)
			return found[FetchedKey{"a", 5, "d"}].Spent
		}
		if !spent() {
			t.Error("the copy is not spent")
		}
		check(t, l.StepsKept(t.Context(), id, 0))
		if spent() {
			t.Error("the copy is still spent")
		}
		var deleted []string
		for _, e := range history(t, l) {
			if e.Kind == KindDeleted {
				deleted = append(deleted, e.UID)
			}
		}
		if !slices.Equal(deleted, []string{"b"}) {
			t.Errorf("the history says that %q are deleted", deleted)
		}
	})
}

func TestP3_HeadersAreForgottenWithTheirMessages(t *testing.T) {
	for _, tt := range []struct {
		number int // of the message whose UIDL is "7"
		left   int
	}{{3, 2}, {7, 0}} {
		each(t, func(t *testing.T, l *Ledger) {
			uids := []string{"7", "b", "c"}
			var rows []HeaderRow
			for _, uid := range uids {
				rows = append(rows, HeaderRow{UID: uid, Octets: 5, Header: []byte("Subject: " + uid)})
			}
			check(t, l.PutHeaders(t.Context(), account, rows))
			check(t, l.PutHeaders(t.Context(), "another", rows))
			id, err := l.BeginRun(t.Context(), Run{Account: account, Steps: []Step{{Number: tt.number, UID: "7", Octets: 5}}})
			check(t, err)
			check(t, l.StepsDeleted(t.Context(), id, 0))
			for name, left := range map[string]int{account: tt.left, "another": 3} {
				found, err := l.Headers(t.Context(), name, uids)
				check(t, err)
				if _, there := found["7"]; len(found) != left || there != (name != account) {
					t.Errorf("as number %d: %s has %d headers, want %d", tt.number, name, len(found), left)
				}
			}
		})
	}
}

func TestWhatTurnsOutToBeAnothersTextIsForgotten(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		noon := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
		put := func(uid, destination, name string, at time.Time) {
			check(t, l.RecordCopies(t.Context(), account, 0, []Fetched{{UID: uid, Octets: 5, Destination: destination, Name: name, Safe: true, At: at}}, nil))
		}
		put("a", "d", "before", noon.Add(-time.Hour))
		put("a", "d", "wrong", noon)
		put("b", "d", "other message", noon)
		put("a", "e", "other place", noon)
		check(t, l.ForgetCopies(t.Context(), account, FetchedKey{"a", 5, "d"}, noon))
		check(t, l.ForgetCopies(t.Context(), "nobody", FetchedKey{"b", 5, "d"}, noon))
		for destination, want := range map[string]map[string]string{"d": {"a": "before", "b": "other message"}, "e": {"a": "other place"}} {
			found, err := l.Fetched(t.Context(), account, destination, []string{"a", "b"})
			check(t, err)
			for uid, name := range want {
				if got := found[FetchedKey{uid, 5, destination}].Name; got != name {
					t.Errorf("%s at %s is taken to be %q, want %q", uid, destination, got, name)
				}
			}
		}
	})
}

func TestTheHistoryKeepsEveryCopy(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		put := func(name string, safe bool, replaces string) {
			check(t, l.RecordCopies(t.Context(), account, 0, []Fetched{
				{UID: "a", Octets: 5, Destination: "d", Name: name, Path: "/" + name, Safe: safe, Replaces: replaces},
			}, nil))
		}
		for _, name := range []string{"one", "two"} {
			put(name, false, "")
			put(name, true, "")
		}
		put("three", false, "two") // a copy that is safe stays
		put("four", false, "three")
		var paths []string
		for _, e := range history(t, l) {
			paths = append(paths, e.Path)
		}
		slices.Sort(paths)
		if !slices.Equal(paths, []string{"/one", "/two"}) {
			t.Errorf("the history has %q", paths)
		}
		found, err := l.Fetched(t.Context(), account, "d", []string{"a"})
		check(t, err)
		if got := found[FetchedKey{"a", 5, "d"}]; got.Name != "four" || got.Safe {
			t.Errorf("the last copy is taken to be %+v", got)
		}
	})
}

func TestAHeaderThatIsLearntLaterIsTheStepsOwn(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		id := begin(t, l, "request", "a", "b")
		check(t, l.SetHeaders(t.Context(), id, map[int][sha256.Size]byte{1: {7}}))
		runs, err := l.Runs(t.Context(), account)
		check(t, err)
		if steps := runs[0].Steps; steps[0].Header != [sha256.Size]byte{} || steps[1].Header != [sha256.Size]byte{7} {
			t.Errorf("the headers are %x and %x", steps[0].Header, steps[1].Header)
		}
	})
}

func TestRunsOfOneAccountAreDoubted(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		begin(t, l, "one", "a")
		begin(t, l, "two", "b")
		other := Run{Account: account + "2", Started: time.Unix(1, 0), Request: "one"}
		_, err := l.BeginRun(t.Context(), other)
		check(t, err)
		check(t, l.DoubtRuns(t.Context(), account))
		begin(t, l, "three", "c")
		for of, want := range map[string][]bool{account: {true, true, false}, other.Account: {false}} {
			runs, err := l.Runs(t.Context(), of)
			check(t, err)
			var doubted []bool
			for _, run := range runs {
				doubted = append(doubted, run.Doubted)
			}
			if !slices.Equal(doubted, want) {
				t.Errorf("of %s are doubted: %v", of, doubted)
			}
		}
		check(t, l.DoubtRuns(t.Context(), "nobody"))
	})
}

func TestARunIsGivenUpButForWhatAnotherTakesOn(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		id := begin(t, l, "request", "a", "b", "c")
		check(t, l.StepsDeleted(t.Context(), id, 0))
		check(t, l.GiveUp(t.Context(), id, map[string]bool{"c": true}))
		if got := states(t, l)["request"]; !slices.Equal(got, []StepState{StepDeleted, StepFailed, StepPlanned}) {
			t.Errorf("the steps are %v", got)
		}
	})
}

// A run whose ledger is set aside under it must not write into the next one's journal.
func TestRunsOfANewLedgerAreNotNamedAsThoseOfTheOld(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	before := begin(t, l, "", "a")
	check(t, l.Close())
	check(t, os.Rename(filepath.Join(dir, fileName), filepath.Join(dir, "aside")))
	if after := begin(t, open(t, dir), "", "a"); after == before {
		t.Errorf("both runs are %d", after)
	}
}

func TestCopiesOfEarlierFormsAreKeptAndKnownAsSpent(t *testing.T) {
	dir := t.TempDir()
	old := migrations
	migrations = old[:3]
	l := open(t, dir)
	for _, statement := range []string{
		"INSERT INTO account (id, key) VALUES (1, '" + account + "')",
		"INSERT INTO fetched VALUES (7, 1, x'61', 5, 'd', 1, 'n', '/p', 6, x'01', 10, 'Ann', 'Hi', '', x'02')",
		"INSERT INTO fetched VALUES (8, 1, x'62', 5, 'd', 1, 'n', '/q', 6, x'01', 10, 'Ann', 'Hi', '', x'02')",
		"INSERT INTO deleted VALUES (1, 900, 0, 1, x'61', 5, 11, '', '', '', '', '')",
		"INSERT INTO run (id, account, started, at_end, destination) VALUES (901, 1, 5, 0, 'd')",
	} {
		_, err := l.db.sure.ExecContext(t.Context(), statement)
		check(t, err)
	}
	check(t, l.Close())
	migrations = old
	l = open(t, dir)
	found, err := l.Fetched(t.Context(), account, "d", []string{"a", "b"})
	check(t, err)
	a, b := found[FetchedKey{"a", 5, "d"}], found[FetchedKey{"b", 5, "d"}]
	if !a.Spent || b.Spent || a.Path != "/p" || b.About.Subject != "Hi" || b.Header[0] != 2 {
		t.Errorf("the copies came back as %+v and %+v", a, b)
	}
	if e, err := l.Entry(t.Context(), "f7"); err != nil || e.Path != "/p" {
		t.Errorf("f7 is %+v, %v", e, err)
	}
	if id := begin(t, l, "", "a"); id <= 901 {
		t.Errorf("a new run is %d", id)
	}
}

// What was read of a ledger before its damage showed is not of the one that is begun anew.
func TestADamagedJournalIsNotReadByHalf(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	var uids []string
	for i := range 5000 {
		uids = append(uids, fmt.Sprint("uid", i))
	}
	begin(t, l, "first", uids...)
	begin(t, l, "second", uids...)
	check(t, l.Close())
	path := filepath.Join(dir, fileName)
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	check(t, err)
	info, err := f.Stat()
	check(t, err)
	half := info.Size() / 2
	_, err = f.WriteAt([]byte(strings.Repeat("\xa5", int(info.Size()-half))), half)
	check(t, err)
	check(t, f.Close())
	l = open(t, dir)
	runs, err := l.Runs(t.Context(), account)
	if err != nil || len(l.Warnings()) != 1 {
		t.Fatalf("%v, warnings %q", err, l.Warnings())
	}
	for _, run := range runs {
		t.Errorf("it gives the %s run with %d steps", run.Request, len(run.Steps))
	}
}
