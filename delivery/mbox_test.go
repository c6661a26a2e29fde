package delivery

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func newMbox(t *testing.T) (*Mbox, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mail", "box")
	m := NewMbox(OS(), path)
	if err := m.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	return m, path
}

func TestMboxHoldsMessagesInMboxrdForm(t *testing.T) {
	m, path := newMbox(t)
	mustDeliver(t, m, "Subject: a\r\n\r\nFrom here\r\n>From there\r\n From no\r\nFromage\r\n>>>From deep\r\nno end")
	mustDeliver(t, m, "Subject: b\r\n\r\n")
	lines := strings.Split(readFile(t, path), "\n")
	for i, want := range []string{
		"From ann@example.org ", "Subject: a", "", ">From here", ">>From there", " From no", "Fromage",
		">>>>From deep", "no end", "", "From ann@example.org ", "Subject: b", "", "", "",
	} {
		if i >= len(lines) || strings.HasPrefix(want, "From ") && !strings.HasPrefix(lines[i], want) ||
			!strings.HasPrefix(want, "From ") && lines[i] != want {
			t.Fatalf("line %d of %q, want %q", i, lines, want)
		}
	}
	if _, err := time.Parse(time.ANSIC, strings.TrimPrefix(lines[0], "From ann@example.org ")); err != nil {
		t.Error(err)
	}
	if left := names(t, filepath.Dir(path)); len(left) != 1 {
		t.Errorf("files left beside it: %q", left)
	}
}

func TestMboxAppendsBehindWhatIsThere(t *testing.T) {
	for _, c := range []struct{ before, gap string }{
		{"From x Thu Jan  1 00:00:00 1970\nSubject: old\n\ntext\n\n", ""},
		{"From x Thu Jan  1 00:00:00 1970\nSubject: old\n\ntext\n", "\n"},
		{"From x Thu Jan  1 00:00:00 1970\nSubject: old\n\ntext", "\n\n"},
		{"\n", ""},
		{"", ""},
	} {
		m, path := newMbox(t)
		if err := os.WriteFile(path, []byte(c.before), 0o600); err != nil {
			t.Fatal(err)
		}
		r := mustDeliver(t, m, "Subject: new\r\n\r\nx\r\n")
		if got := readFile(t, path); !strings.HasPrefix(got, c.before+c.gap+"From ann@") {
			t.Errorf("behind %q: %q", c.before, got)
		}
		if !m.Find(t.Context(), r) {
			t.Errorf("behind %q: not found", c.before)
		}
	}
}

func TestMboxFindsAMessageThatAReaderHasMarked(t *testing.T) {
	m, path := newMbox(t)
	text := "Subject: a\r\nX-Long: b\r\n c\r\n\r\nFrom me\r\nStatus: in the body stays\r\n\r\n\r\n"
	first := mustDeliver(t, m, text)
	second := mustDeliver(t, m, text)
	if first.Name == second.Name {
		t.Fatal("two messages with the same octets are one")
	}
	if !m.Find(t.Context(), first) || !m.Find(t.Context(), second) {
		t.Fatal("not found")
	}
	all := readFile(t, path)
	marked := strings.ReplaceAll(all, "Subject: a\n", "Status: RO\nX-Status: A\nSubject: a\nContent-Length: 5\nX-Keywords: x\n y\n")
	if marked == all {
		t.Fatal("nothing was marked")
	}
	if err := os.WriteFile(path, []byte(marked), 0o600); err != nil {
		t.Fatal(err)
	}
	if !m.Find(t.Context(), first) || !m.Find(t.Context(), second) {
		t.Error("not found once marked")
	}
	half := marked[:strings.LastIndex(marked, "\nFrom ")+1]
	if err := os.WriteFile(path, []byte(half), 0o600); err != nil {
		t.Fatal(err)
	}
	if !m.Find(t.Context(), first) || m.Find(t.Context(), second) {
		t.Error("the second one was removed, and that shows wrongly")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if m.Find(t.Context(), first) {
		t.Error("found in a file that is gone")
	}
}

func TestMboxTakesManyAtOnce(t *testing.T) {
	m, path := newMbox(t)
	const n = 200
	var wg sync.WaitGroup
	receipts := make([]Receipt, n)
	for i := range n {
		wg.Go(func() {
			var err error
			if _, receipts[i], err = deliver(t.Context(), m, Meta{}, sample(i, 300+i*i*10), 1<<20); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i, r := range receipts {
		if !m.Find(t.Context(), r) {
			t.Errorf("message %d is not found", i)
		}
	}
	if got := strings.Count("\n"+readFile(t, path), "\n\nFrom MAILER-DAEMON ") + 1; got != n {
		t.Errorf("%d messages, want %d", got, n)
	}
}

func TestMboxTakesOverTheLockOfAProcessThatIsGone(t *testing.T) {
	m, path := newMbox(t)
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	// A process that has ended and been waited for.
	p, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprintf("%d %s\n", p.Pid, host), fmt.Sprintf("%d %s\n", os.Getpid(), host)} {
		if err := os.WriteFile(path+".lock", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		mustDeliver(t, m, "a\r\n")
	}
	if err := os.WriteFile(path+".lock", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-staleLock - time.Minute)
	if err := os.Chtimes(path+".lock", old, old); err != nil {
		t.Fatal(err)
	}
	mustDeliver(t, m, "a\r\n")
}

func TestMboxHonoursAnotherProcessesFcntlLock(t *testing.T) {
	_, path := newMbox(t)
	f, err := OS().OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := f.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	m := NewMbox(OS(), path)
	if l, err := m.tryOpen(); l != nil || err != nil {
		t.Errorf("opened a locked mbox: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := m.tryOpen()
	if l == nil || err != nil {
		t.Fatalf("not opened: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// unquoted reads one message's text back.
func unquoted(text string) string {
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		if bare := strings.TrimLeft(line, ">"); len(bare) < len(line) && strings.HasPrefix(bare, "From ") {
			lines[i] = line[1:]
		}
	}
	return strings.Join(lines, "")
}

func FuzzMboxQuotingReadsBackExactly(f *testing.F) {
	for _, s := range []string{"From ", "\nFrom a\n>From b\n", ">>>Fro", "\n\n>>From", "Fr\nFrom \n", "F", ">\n>From x"} {
		f.Add(s, uint(3))
	}
	f.Fuzz(func(t *testing.T, text string, at uint) {
		cut := int(at % uint(len(text)+1))
		var q quoter
		got := q.appendQuoted(nil, []byte(text[:cut]))
		got = q.appendHeld(q.appendQuoted(got, []byte(text[cut:])))
		for line := range strings.SplitSeq(string(got), "\n") {
			if strings.HasPrefix(line, "From ") {
				t.Fatalf("%q has a From_ line", got)
			}
		}
		if unquoted(string(got)) != text {
			t.Fatalf("%q became %q", text, got)
		}
		if int64(len(got)) != int64(len(text))+q.added {
			t.Fatalf("%q: %d octets added by its own count", text, q.added)
		}
	})
}

// FuzzMboxIdentity compares the hashing in pieces with that of the whole.
func FuzzMboxIdentity(f *testing.F) {
	f.Add("Status: x\nSubject: y\n\nbody\n\n", uint(2))
	f.Add("\n\n\n", uint(1))
	f.Add("Content-Length: 5\n more\nA: b", uint(17))
	f.Fuzz(func(t *testing.T, text string, at uint) {
		cut := int(at % uint(len(text)+1))
		whole, pieces := newIdentity(), newIdentity()
		_, _ = whole.Write([]byte(text))
		_, _ = pieces.Write([]byte(text[:cut]))
		_, _ = pieces.Write([]byte(text[cut:]))
		if whole.key("f") != pieces.key("f") {
			t.Errorf("%q cut at %d", text, cut)
		}
	})
}

// takenOver is a file system on which another program takes a forgotten lock just before it is taken away.
type takenOver struct {
	FS
	lock string
}

func (f takenOver) Rename(from, to string) error {
	if from == f.lock {
		if err := os.Remove(f.lock); err != nil {
			return err
		}
		if err := os.WriteFile(f.lock, []byte("another's"), 0o600); err != nil {
			return err
		}
	}
	return f.FS.Rename(from, to)
}

func TestMboxLeavesALockThatAnotherProgramTookInstead(t *testing.T) {
	box := filepath.Join(t.TempDir(), "box")
	lock := box + ".lock"
	if err := os.WriteFile(lock, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-staleLock - time.Minute)
	if err := os.Chtimes(lock, old, old); err != nil {
		t.Fatal(err)
	}
	m := NewMbox(takenOver{OS(), lock}, box)
	for range 2 {
		if l, err := m.tryOpen(); l != nil || err != nil {
			t.Fatalf("it is opened: %v", err)
		}
	}
	if text, err := os.ReadFile(lock); string(text) != "another's" {
		t.Errorf("the lock holds %q, %v", text, err)
	}
	if left, _ := filepath.Glob(lock + "-*"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestMboxGivesUpOnlyItsOwnDotLock(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(lock string) error
		want   string // what the lock holds afterwards, "" where it is gone
	}{
		{"untouched", func(string) error { return nil }, ""},
		{"taken away", os.Remove, ""},
		{"another's", func(lock string) error {
			return errors.Join(os.Remove(lock), os.WriteFile(lock, []byte("4711 elsewhere\n"), 0o600))
		}, "4711 elsewhere\n"},
		{"another's without a holder", func(lock string) error {
			return errors.Join(os.Remove(lock), os.WriteFile(lock, nil, 0o600))
		}, "empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, path := newMbox(t)
			l, err := m.tryOpen()
			if l == nil || err != nil {
				t.Fatalf("not locked: %v", err)
			}
			if err := c.change(path + ".lock"); err != nil {
				t.Fatal(err)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			text, err := os.ReadFile(path + ".lock")
			got := string(text)
			if err == nil && got == "" {
				got = "empty"
			}
			if got != c.want {
				t.Errorf("the lock holds %q, want %q", got, c.want)
			}
		})
	}
}
