package ledger

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"popmark/message"
)

const account = "pop3://ann@mail.example:110"

// each runs a test on a ledger on disk and on one in memory.
func each(t *testing.T, test func(t *testing.T, l *Ledger)) {
	t.Run("disk", func(t *testing.T) { test(t, open(t, t.TempDir())) })
	t.Run("memory", func(t *testing.T) {
		l, err := OpenMemory()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { check(t, l.Close()) })
		test(t, l)
	})
}

func open(t *testing.T, dir string) *Ledger {
	t.Helper()
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { check(t, l.Close()) })
	return l
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestHeadersComeBackByUIDL(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		odd := "\x00\xff no UTF-8"
		check(t, l.PutHeaders(ctx, account, []HeaderRow{
			{UID: "a", Octets: 10, Header: []byte("Subject: a\r\n\r\n")},
			{UID: odd, Octets: 11, Header: []byte("Subject: \xe9\r\n\r\n")},
			{UID: "huge", Octets: 12, Header: make([]byte, MaxHeader+1)},
		}))
		check(t, l.PutHeaders(ctx, account, []HeaderRow{{UID: "a", Octets: 20, Header: []byte("Subject: newer\r\n\r\n")}}))
		check(t, l.PutHeaders(ctx, "another account", []HeaderRow{{UID: "b", Header: []byte("x")}}))
		rows, err := l.Headers(ctx, account, []string{"a", "b", odd, "huge"})
		check(t, err)
		for of, want := range map[string]bool{account: true, "another account": true, "none": false} {
			if has, err := l.HasHeaders(ctx, of); has != want || err != nil {
				t.Errorf("%s has headers: %v, %v", of, has, err)
			}
		}
		if len(rows) != 2 || rows["a"].Octets != 20 || string(rows["a"].Header) != "Subject: newer\r\n\r\n" || string(rows[odd].Header) != "Subject: \xe9\r\n\r\n" {
			t.Fatalf("got %v", rows)
		}
		check(t, l.Prune(ctx, account, []string{"a"}))
		rows, err = l.Headers(ctx, account, []string{"a", odd})
		check(t, err)
		if _, ok := rows["a"]; !ok || len(rows) != 1 {
			t.Fatalf("after Prune: %v", rows)
		}
	})
}

func TestSeenIsTheSameForFewAndMany(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		uids := []string{"\x00\xff\x00", "\r", "é"}
		for i := range 11 * manyUIDs {
			uids = append(uids, fmt.Sprint("uid", i))
		}
		check(t, l.MarkSeen(ctx, account, uids))
		check(t, l.MarkSeen(ctx, "another", []string{"never"}))
		for _, n := range []int{3, manyUIDs, 3 * manyUIDs, len(uids)} {
			seen, err := l.Seen(ctx, account, append([]string{"never"}, uids[:n]...))
			check(t, err)
			if seen["never"] {
				t.Errorf("of %d another account's message was seen", n)
			}
			for _, uid := range uids[:n] {
				if !seen[uid] {
					t.Fatalf("of %d %q was not seen", n, uid)
				}
			}
		}

		check(t, l.Prune(ctx, account, uids[:10]))
		seen, err := l.Seen(ctx, account, uids)
		check(t, err)
		for i, uid := range uids {
			if seen[uid] != (i < 10) {
				t.Errorf("behind Prune %q: seen %v", uid, seen[uid])
			}
		}
	})
}

func TestWhatIsKnownOfAnAccountIsKeptForItAlone(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		var uids []string
		for i := range 3*maxVariables + 1 {
			uids = append(uids, fmt.Sprint("uid", i))
		}
		check(t, l.MarkSeen(ctx, account, uids[1:]))
		check(t, l.MarkSeen(ctx, account, uids[1:2]))
		seen, err := l.Seen(ctx, account, uids)
		check(t, err)
		if len(seen) != len(uids)-1 || seen[uids[0]] || !seen[uids[len(uids)-1]] {
			t.Errorf("seen %d of %d", len(seen), len(uids))
		}
		other, err := l.Seen(ctx, "another", uids)
		check(t, err)
		if len(other) != 0 {
			t.Errorf("another account has seen %d", len(other))
		}

		check(t, l.PutMarks(ctx, account, map[string]Mark{"a": {1, 100}, "b": {2, 100}, "c": {3, 100}}))
		check(t, l.PutMarks(ctx, account, map[string]Mark{"a": {3, 100}, "b": {0, 100}}))
		marks, err := l.Marks(ctx, account)
		check(t, err)
		if !maps.Equal(marks, map[string]Mark{"a": {3, 100}, "c": {3, 100}}) {
			t.Errorf("marks %v", marks)
		}

		if _, ok, err := l.Caps(ctx, account+"2"); ok || err != nil {
			t.Errorf("capabilities of an unknown account: %v %v", ok, err)
		}
		for _, want := range [][]string{{"TOP", "SASL PLAIN"}, nil} {
			check(t, l.PutCaps(ctx, account, want))
			got, ok, err := l.Caps(ctx, account)
			check(t, err)
			if !ok || !slices.Equal(got, want) {
				t.Errorf("capabilities %q %v, want %q", got, ok, want)
			}
		}

		for _, want := range []Tail{{true, 7, []string{"last", "before"}}, {true, 1, []string{"one"}}, {Known: true}} {
			check(t, l.PutTail(ctx, account, want))
			if tail, err := l.Tail(ctx, account); tail.Messages != want.Messages || !slices.Equal(tail.UIDs, want.UIDs) || err != nil {
				t.Errorf("its end is %+v, %v, want %+v", tail, err, want)
			}
			if tail, err := l.Tail(ctx, account+"2"); tail.Messages != 0 || tail.UIDs != nil || err != nil {
				t.Errorf("an unknown account's end: %+v %v", tail, err)
			}
		}

		check(t, l.SetQuirk(ctx, account, "no-pipelining"))
		check(t, l.SetQuirk(ctx, account, "no-pipelining"))
		for name, want := range map[string]bool{"no-pipelining": true, "other": false} {
			got, err := l.Quirk(ctx, account, name)
			check(t, err)
			if got != want {
				t.Errorf("quirk %s is %v", name, got)
			}
		}
		check(t, l.SetQuirk(ctx, account+"2", "no-pipelining"))
		check(t, l.ClearQuirk(ctx, account, "no-pipelining"))
		for name, want := range map[string]bool{account: false, account + "2": true} {
			if got, err := l.Quirk(ctx, name, "no-pipelining"); got != want || err != nil {
				t.Errorf("behind ClearQuirk the quirk of %s is %v (%v)", name, got, err)
			}
		}
	})
}

func TestFetchedIsKnownByUIDLSizeAndDestination(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		day := time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("", 2*3600))
		f := Fetched{
			UID: "a", Octets: 5, Destination: "maildir:/m", Name: "n1", Path: "/m/new/n1", Received: 6,
			SHA256: sha256.Sum256([]byte("x")), At: time.Unix(100, 5), About: About{From: "Ann", Subject: "Hi", Date: day},
		}
		check(t, l.RecordCopies(ctx, account, 0, []Fetched{f}, nil))
		f.Safe = true
		check(t, l.RecordCopies(ctx, account, 0, []Fetched{f}, nil))
		got, err := l.Fetched(ctx, account, "maildir:/m", []string{"a", "b"})
		check(t, err)
		g, ok := got[FetchedKey{"a", 5, "maildir:/m"}]
		if !ok || len(got) != 1 || !g.About.Date.Equal(day) || !g.At.Equal(f.At) {
			t.Fatalf("got %+v", got)
		}
		if _, offset := g.About.Date.Zone(); offset != 2*3600 {
			t.Errorf("the date's zone became %d", offset)
		}
		g.At, g.About.Date, f.At, f.About.Date = time.Time{}, time.Time{}, time.Time{}, time.Time{}
		if g != f {
			t.Errorf("got %+v, want %+v", g, f)
		}
		for _, key := range []FetchedKey{{"a", 6, "maildir:/m"}, {"a", 5, "maildir:/other"}, {"A", 5, "maildir:/m"}} {
			got, err := l.Fetched(ctx, account, key.Destination, []string{key.UID})
			check(t, err)
			if _, ok := got[key]; ok {
				t.Errorf("%v counts as fetched", key)
			}
		}
	})
}

func TestJournalIsKeptUntilItsRunEnds(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		check(t, l.PutMarks(ctx, account, map[string]Mark{"a": {1, 100}, "b": {1, 100}}))
		old, err := l.BeginRun(ctx, Run{Account: account, Started: time.Unix(1, 0)})
		check(t, err)
		id, err := l.BeginRun(ctx, Run{
			Account: account, Started: time.Unix(2, 0), Destination: "eml:/x", Request: "--move 7",
			Steps: []Step{
				{Seq: 0, Number: 7, UID: "a", Certain: true, Octets: 1, Header: [32]byte{1, 31: 9}, Mark: 1, About: About{Subject: "first"}, Lines: []message.Safe{"one", "", "three"}},
				{Seq: 1, UID: "b", Octets: 2, Mark: 3},
			},
		}, old)
		check(t, err)
		check(t, l.RecordCopies(ctx, account, id, nil, []Placed{{0, "/bin/a"}}))
		check(t, l.SetSteps(ctx, id, StepAsked, 0, 1))
		check(t, l.StepsDeleted(ctx, id, 0))
		check(t, l.StepsDeleted(ctx, id, 0))
		runs, err := l.Runs(ctx, account)
		check(t, err)
		if len(runs) != 1 || runs[0].ID != id || runs[0].Destination != "eml:/x" || len(runs[0].Steps) != 2 {
			t.Fatalf("got %+v", runs)
		}
		a, b := runs[0].Steps[0], runs[0].Steps[1]
		if runs[0].Request != "--move 7" || a.Number != 7 || b.Number != 0 || !a.Certain || b.Certain {
			t.Errorf("what was asked for came back as %+v", runs[0])
		}
		if a.State != StepDeleted || b.State != StepAsked || a.Kept != "/bin/a" || !slices.Equal(a.Lines, []message.Safe{"one", "", "three"}) {
			t.Errorf("steps %+v", runs[0].Steps)
		}
		marks, err := l.Marks(ctx, account)
		check(t, err)
		if !maps.Equal(marks, map[string]Mark{"b": {1, 100}}) {
			t.Errorf("marks left: %v", marks)
		}
		check(t, l.EndRun(ctx, id))
		runs, err = l.Runs(ctx, account)
		check(t, err)
		if len(runs) != 0 {
			t.Errorf("left: %+v", runs)
		}

		var entries []Entry
		for e, err := range l.History(ctx) {
			check(t, err)
			entries = append(entries, e)
		}
		if len(entries) != 1 || entries[0].Kind != KindDeleted || entries[0].UID != "a" || entries[0].Kept != "/bin/a" || entries[0].About.Subject != "first" {
			t.Fatalf("history %+v", entries)
		}
		e, err := l.Entry(ctx, entries[0].ID)
		check(t, err)
		if e.UID != "a" || e.Account != account {
			t.Errorf("entry %+v", e)
		}
		for _, id := range []string{"d999", "f1", "x1", "", "d-1", "d1x"} {
			if _, err := l.Entry(ctx, id); !errors.Is(err, ErrNoEntry) {
				t.Errorf("entry %q: %v", id, err)
			}
		}
	})
}

func TestHistoryLeavesOutWhatWasOnlyPlanned(t *testing.T) {
	each(t, func(t *testing.T, l *Ledger) {
		ctx := t.Context()
		check(t, l.RecordCopies(ctx, account, 0, []Fetched{
			{UID: "a", Destination: "d", At: time.Unix(1, 0), Safe: true},
			{UID: "b", Destination: "d", At: time.Unix(2, 0)},
			{UID: "c", Destination: "d", At: time.Unix(3, 0), Safe: true},
		}, nil))
		var uids []string
		for e, err := range l.History(ctx) {
			check(t, err)
			uids = append(uids, e.UID)
		}
		if !slices.Equal(uids, []string{"c", "a"}) {
			t.Errorf("history %q, want the newest first and no plan", uids)
		}
	})
}

func TestP6_OnlyItsOwnerCanReadTheLedger(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "popmark")
	l := open(t, dir)
	check(t, l.PutMarks(t.Context(), account, map[string]Mark{"a": {1, 100}}))
	check(t, l.PutCaps(t.Context(), account, []string{"TOP"}))
	info, err := os.Stat(dir)
	check(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v", info.Mode())
	}
	files, err := os.ReadDir(dir)
	check(t, err)
	if len(files) < 2 {
		t.Errorf("only %d files: is this WAL?", len(files))
	}
	for _, f := range files {
		info, err := f.Info()
		check(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", f.Name(), info.Mode())
		}
	}
}

func TestDamagedOrNewerLedgerIsSetAsideAndSaid(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, dir string){
		"no database": func(t *testing.T, dir string) {
			check(t, os.WriteFile(filepath.Join(dir, fileName), []byte(strings.Repeat("this is not a database\n", 100)), 0o600))
		},
		"newer": func(t *testing.T, dir string) {
			l, err := Open(dir)
			check(t, err)
			_, err = l.db.sure.ExecContext(t.Context(), fmt.Sprintf("PRAGMA user_version=%d", len(migrations)+1))
			check(t, err)
			check(t, l.Close())
		},
		"pages overwritten": func(t *testing.T, dir string) {
			l, err := Open(dir)
			check(t, err)
			check(t, l.PutMarks(t.Context(), account, map[string]Mark{"a": {1, 100}}))
			check(t, l.Close())
			f, err := os.OpenFile(filepath.Join(dir, fileName), os.O_WRONLY, 0)
			check(t, err)
			info, err := f.Stat()
			check(t, err)
			_, err = f.WriteAt([]byte(strings.Repeat("\xa5", int(info.Size())-4096)), 4096)
			check(t, err)
			check(t, f.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			spoil(t, dir)
			before, err := os.ReadFile(filepath.Join(dir, fileName))
			check(t, err)
			l := open(t, dir)
			// Damage inside may be seen only when the page is read: the call goes on with a new one.
			check(t, l.PutMarks(t.Context(), account, map[string]Mark{"b": {1, 100}}))
			marks, err := l.Marks(t.Context(), account)
			check(t, err)
			if !maps.Equal(marks, map[string]Mark{"b": {1, 100}}) {
				t.Errorf("marks %v", marks)
			}
			asides, err := filepath.Glob(filepath.Join(dir, "ledger.*-*.db"))
			check(t, err)
			if len(asides) != 1 {
				t.Fatalf("set aside: %q", asides)
			}
			after, err := os.ReadFile(asides[0])
			check(t, err)
			if string(after) != string(before) {
				t.Error("what was set aside is not what was there")
			}
			if w := l.Warnings(); len(w) != 1 || !strings.Contains(w[0], asides[0]) {
				t.Errorf("warnings %q do not name %s", w, asides[0])
			}
		})
	}
}

func TestTwoLedgersAtOnceBothWork(t *testing.T) {
	dir := t.TempDir()
	const writers, rounds = 4, 25
	errs := make(chan error, writers)
	for w := range writers {
		go func() {
			errs <- func() error {
				l, err := Open(dir)
				if err != nil {
					return err
				}
				for i := range rounds {
					uid := fmt.Sprintf("%d-%d", w, i)
					if err := l.RecordCopies(context.Background(), account, 0, []Fetched{{UID: uid, Destination: "d", Safe: true}}, nil); err != nil {
						return err
					}
					if err := l.PutHeaders(context.Background(), account, []HeaderRow{{UID: uid, Header: []byte("x")}}); err != nil {
						return err
					}
				}
				return l.Close()
			}()
		}()
	}
	for range writers {
		check(t, <-errs)
	}
	l := open(t, dir)
	n := 0
	for _, err := range l.History(t.Context()) {
		check(t, err)
		n++
	}
	if n != writers*rounds {
		t.Errorf("%d of %d rows are there", n, writers*rounds)
	}
}

func TestClosedLedgerSaysSo(t *testing.T) {
	l, err := OpenMemory()
	check(t, err)
	check(t, l.Close())
	check(t, l.Close())
	if _, err := l.Marks(t.Context(), account); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestUnusableFolderIsAnErrorThatSaysWhatToDo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	check(t, os.WriteFile(file, nil, 0o600))
	_, err := Open(filepath.Join(file, "popmark"))
	if err == nil || !strings.Contains(err.Error(), "--state-dir") {
		t.Errorf("got %v", err)
	}
}

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		l, err := Open(dir)
		if err != nil {
			b.Fatal(err)
		}
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRecordCopies64(b *testing.B) {
	l, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	rows := make([]Fetched, 64)
	n := 0
	for b.Loop() {
		for i := range rows {
			n++
			rows[i] = Fetched{UID: fmt.Sprint(n), Destination: "maildir:/m", Name: "1795.M1P2.host", Path: "/m/new/x"}
		}
		if err := l.RecordCopies(b.Context(), account, 0, rows, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// Whoever holds the lock file may hang.
func TestP10_ALedgerThatCannotBeMadeHoldsNobodyUp(t *testing.T) {
	dir := t.TempDir()
	lock := flock.New(filepath.Join(dir, lockName))
	check(t, lock.Lock())
	defer func() { check(t, lock.Close()) }()
	l, err := Begin(dir)
	check(t, err)
	if !l.Making() {
		t.Error("it is made")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.MarkSeen(ctx, account, []string{"a"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a wait that was left ended with %v", err)
	}
	if seen, err := l.Seen(t.Context(), account, []string{"a"}); err != nil || len(seen) > 0 {
		t.Errorf("it has %v, %v", seen, err)
	}
	if _, known, err := l.Caps(t.Context(), account); err != nil || known {
		t.Errorf("it knows what the server can do: %v", err)
	}
	if _, err := l.Entry(t.Context(), "d1"); !errors.Is(err, ErrNoEntry) {
		t.Errorf("an entry ended with %v", err)
	}
	if !l.Making() {
		t.Error("it was made meanwhile")
	}
	check(t, l.Close())
	if err := l.Ready(t.Context()); !errors.Is(err, context.Canceled) {
		t.Errorf("the making ended with %v", err)
	}
}

func TestALedgerIsMadeWhenItIsWrittenTo(t *testing.T) {
	l, err := Begin(t.TempDir())
	check(t, err)
	check(t, l.MarkSeen(t.Context(), account, []string{"a"}))
	seen, err := l.Seen(t.Context(), account, []string{"a", "b"})
	check(t, err)
	if l.Making() || !seen["a"] || seen["b"] {
		t.Errorf("making %v, seen %v", l.Making(), seen)
	}
	check(t, l.Close())
	if _, err := l.Seen(t.Context(), account, []string{"a"}); !errors.Is(err, ErrClosed) {
		t.Errorf("closed it said %v", err)
	}
}

// An empty file would look like a loss.
func TestALedgerThatNobodyWritesToIsNotMade(t *testing.T) {
	dir := t.TempDir()
	l, err := Begin(dir)
	check(t, err)
	if seen, err := l.Seen(t.Context(), account, []string{"a"}); err != nil || len(seen) > 0 {
		t.Errorf("it has %v, %v", seen, err)
	}
	check(t, l.Close())
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("it left %v, %v", files, err)
	}
	if err := l.Ready(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("closed it said %v", err)
	}
	if w := open(t, dir).Warnings(); len(w) > 0 {
		t.Errorf("the next one warns %q", w)
	}
}

func TestALedgerThatCannotBeMadeIsToldAtOnce(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write anywhere")
	}
	dir := t.TempDir()
	check(t, os.Chmod(dir, 0o500))
	if _, err := Begin(dir); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("it began with %v", err)
	}
}
