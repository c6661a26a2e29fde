package delivery

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range list {
		all = append(all, e.Name())
	}
	return all
}

func newMaildir(t *testing.T) (*Maildir, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "deep", "Mail")
	m := NewMaildir(OS(), dir)
	if err := m.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	return m, dir
}

func TestMaildirIsMadeWithItsThreePartsForItsOwnerAlone(t *testing.T) {
	_, dir := newMaildir(t)
	for _, sub := range []string{"", "tmp", "new", "cur"} {
		fi, err := os.Stat(filepath.Join(dir, sub))
		if err != nil {
			t.Fatal(err)
		}
		if !fi.IsDir() || fi.Mode().Perm() != 0o700 {
			t.Errorf("%q is %v", sub, fi.Mode())
		}
	}
}

func TestMaildirHoldsWhatWasReceivedWithLFLineEnds(t *testing.T) {
	m, dir := newMaildir(t)
	message := "From: x\r\nSubject: y\r\n\r\nbare \r and \n and NUL \x00 and \xff\r\n.\r\nend"
	r := mustDeliver(t, m, message)
	if filepath.Dir(r.Path) != filepath.Join(dir, "new") {
		t.Errorf("path %s is not under new", r.Path)
	}
	if got := readFile(t, r.Path); got != lf(message) {
		t.Errorf("stored %q", got)
	}
	fi, err := os.Stat(r.Path)
	if err != nil {
		t.Fatal(err)
	}
	if fi.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", fi.Mode())
	}
	if left := names(t, filepath.Join(dir, "tmp")); len(left) > 0 {
		t.Errorf("left under tmp: %q", left)
	}
	if strings.ContainsAny(r.Name, "/:,") {
		t.Errorf("name %q holds what a Maildir's must not", r.Name)
	}
}

func TestMaildirFindsAMessageWhateverFlagsItHasGot(t *testing.T) {
	m, dir := newMaildir(t)
	r := mustDeliver(t, m, sample(1, 100))
	if !m.Find(t.Context(), r) {
		t.Error("not found under new")
	}
	if none := mustDeliver(t, m, ""); !m.Find(t.Context(), none) {
		t.Error("one without text is not found")
	}
	seen := filepath.Join(dir, "cur", r.Name+":2,S")
	if err := os.Rename(r.Path, seen); err != nil {
		t.Fatal(err)
	}
	if !m.Find(t.Context(), r) {
		t.Error("not found under cur")
	}
	if err := os.Rename(seen, filepath.Join(dir, "cur", r.Name+":2,FRS")); err != nil {
		t.Fatal(err)
	}
	if !m.Find(t.Context(), r) {
		t.Error("not found with other flags")
	}
	if err := os.Truncate(filepath.Join(dir, "cur", r.Name+":2,FRS"), 0); err != nil {
		t.Fatal(err)
	}
	if m.Find(t.Context(), r) {
		t.Error("found although its text is gone")
	}
	if err := os.Remove(filepath.Join(dir, "cur", r.Name+":2,FRS")); err != nil {
		t.Fatal(err)
	}
	if m.Find(t.Context(), r) {
		t.Error("found after it was removed")
	}
	for _, name := range []string{"", ".", "..", "../new/" + r.Name, r.Name[:5]} {
		if m.Find(t.Context(), Receipt{Name: name}) {
			t.Errorf("found %q", name)
		}
	}
}

// What a move deletes on the word of a copy must have that copy, not only its name.
func TestP2_MaildirFindsNoMessageWhoseTextIsDamaged(t *testing.T) {
	for _, c := range []struct {
		name, message, damaged string
		found                  bool
	}{
		{"as it was", "a\r\nb\r\n", "a\nb\n", true},
		{"bare line ends, as it was", "a\nb\rc\r\n", "a\nb\rc\n", true},
		{"CRs before line ends, as it was", "a\r\r\n\rb\r\n", "a\r\n\rb\n", true},
		{"no line end at the end, as it was", "a\r\nb", "a\nb", true},
		{"cut", "a\r\nb\r\n", "a\n", false},
		{"cut, of bare line ends", "a\nb\nc\r\nd\r\n", "a\n", false},
		{"other text", "a\r\nb\r\n", "a\nc\n", false},
		{"zeros", "a\r\nb\r\n", "\x00\x00\x00\x00", false},
		{"longer", "a\r\nb\r\n", "a\nb\nc\nd\n", false},
		{"large, cut at the end", sample(1, 100_000), lf(sample(1, 100_000))[:90_000], false},
		{"large, as it was", sample(1, 100_000), lf(sample(1, 100_000)), true},
	} {
		m, dir := newMaildir(t)
		r := mustDeliver(t, m, c.message)
		if err := os.WriteFile(r.Path, []byte(c.damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := m.Find(t.Context(), r); got != c.found {
			t.Errorf("%s: found under new: %v", c.name, got)
		}
		if err := os.Rename(r.Path, filepath.Join(dir, "cur", r.Name+":2,S")); err != nil {
			t.Fatal(err)
		}
		if got := m.Find(t.Context(), r); got != c.found {
			t.Errorf("%s: found under cur: %v", c.name, got)
		}
	}
}

func TestMaildirAbortLeavesNothing(t *testing.T) {
	m, dir := newMaildir(t)
	for _, size := range []int{10, 2 * largeBuffer} {
		d, err := m.Begin(t.Context(), Meta{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Write([]byte(sample(1, size))); err != nil {
			t.Fatal(err)
		}
		if err := d.Abort(); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Commit(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("commit after abort: %v", err)
		}
		if _, err := d.Write([]byte("x")); !errors.Is(err, ErrClosed) {
			t.Errorf("write after abort: %v", err)
		}
	}
	for _, sub := range []string{"tmp", "new", "cur"} {
		if left := names(t, filepath.Join(dir, sub)); len(left) > 0 {
			t.Errorf("left under %s: %q", sub, left)
		}
	}
}

func TestMaildirTakesManyAtOnce(t *testing.T) {
	m, dir := newMaildir(t)
	const n = 300
	receipts := make([]Receipt, n)
	var wg sync.WaitGroup
	for i := range n {
		d, err := m.Begin(t.Context(), Meta{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Write([]byte(sample(i, 200+i*20))); err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			r, err := d.Commit(t.Context())
			if err != nil {
				t.Error(err)
			}
			receipts[i] = r
		})
	}
	wg.Wait()
	if got := len(names(t, filepath.Join(dir, "new"))); got != n {
		t.Errorf("%d messages, want %d", got, n)
	}
	for i, r := range receipts {
		if got := readFile(t, r.Path); got != lf(sample(i, 200+i*20)) {
			t.Errorf("message %d differs", i)
		}
	}
}

func TestMaildirPrepareRemovesOnlyItsOwnOldRemains(t *testing.T) {
	m, dir := newMaildir(t)
	old := time.Now().Add(-37 * time.Hour)
	files := map[string]bool{ // whether it must stay
		m.uniqueName():                 false,
		"1700000000.12345_1.elsewhere": true,
	}
	for name := range files {
		path := filepath.Join(dir, "tmp", name)
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	young := m.uniqueName()
	files[young] = true
	if err := os.WriteFile(filepath.Join(dir, "tmp", young), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := m.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, stay := range files {
		_, err := os.Stat(filepath.Join(dir, "tmp", name))
		if (err == nil) != stay {
			t.Errorf("%s: stayed %v, want %v", name, err == nil, stay)
		}
	}
}

func TestMaildirThatCannotBeMadeIsAnErrorThatSaysWhatToDo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "sub")} {
		err := NewMaildir(OS(), path).Prepare(t.Context())
		if !errors.Is(err, ErrCannotCreate) || ExitStatus(err) != 73 {
			t.Errorf("%s: %v", path, err)
		}
		if err == nil || !strings.Contains(err.Error(), "--to") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestP10_CommitEndsWithItsContext(t *testing.T) {
	m, dir := newMaildir(t)
	d, err := m.Begin(t.Context(), Meta{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Write([]byte(sample(1, 100))); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Commit(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, ErrIO) {
		t.Errorf("commit: %v", err)
	}
	if left := names(t, filepath.Join(dir, "new")); len(left) > 0 {
		t.Errorf("delivered after its caller had gone: %q", left)
	}
}

func TestMaildirNamesAreSafeWhateverTheHostIsCalled(t *testing.T) {
	for host, want := range map[string]string{
		"":                       "localhost",
		"mail-1.example.org":     "mail-1.example.org",
		"a/b:c":                  `a\057b\072c`,
		"a,b c\td":               `a\054b\040c\011d`,
		`a\057b`:                 `a\134057b`,
		"bücher":                 `b\303\274cher`,
		"x\x00\x7f\n*?":          `x\000\177\012\052\077`,
		strings.Repeat("h", 100): strings.Repeat("h", 64),
		strings.Repeat("ü", 100): strings.Repeat(`\303\274`, 8),
	} {
		if got := maildirHost(host); got != want {
			t.Errorf("%q: %s, want %s", host, got, want)
		}
	}
}
