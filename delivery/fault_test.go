package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"popmark/delivery"
	"popmark/delivery/faultfs"
)

// kinds are the destinations on a file system, and how to read back what they hold.
var kinds = []struct {
	dest string
	read func(fsys *faultfs.FS) []string
}{
	{"maildir:/home/Mail", func(fsys *faultfs.FS) []string {
		return under(fsys, func(p string) bool { return strings.HasPrefix(p, "/home/Mail/new/") })
	}},
	{"eml:/home/Mail", func(fsys *faultfs.FS) []string {
		return under(fsys, func(p string) bool { return strings.HasSuffix(p, ".eml") })
	}},
	{"mbox:/home/Mail/box", func(fsys *faultfs.FS) []string {
		text, err := fsys.ReadFile("/home/Mail/box")
		if err != nil {
			return nil
		}
		return splitMbox(string(text))
	}},
	{"maildir:/links/Mail", func(fsys *faultfs.FS) []string {
		return under(fsys, func(p string) bool { return strings.HasPrefix(p, "/disk/Mail/new/") })
	}},
	{"eml:/links/Mail", func(fsys *faultfs.FS) []string {
		return under(fsys, func(p string) bool {
			return strings.HasPrefix(p, "/disk/Mail/") && strings.HasSuffix(p, ".eml")
		})
	}},
	{"mbox:/spool/box", func(fsys *faultfs.FS) []string {
		text, err := fsys.ReadFile("/spool/box")
		if err != nil {
			return nil
		}
		return splitMbox(string(text))
	}},
	{"mbox:/links/box", func(fsys *faultfs.FS) []string {
		text, err := fsys.ReadFile("/disk/box")
		if err != nil {
			return nil
		}
		return splitMbox(string(text))
	}},
}

// newDisk is an empty disk with links to what is not there yet, and an mbox in a folder
// that lets nobody make files.
func newDisk() *faultfs.FS {
	fsys := faultfs.New()
	fsys.MkdirAll("/disk")
	fsys.Symlink("../disk/box", "/links/box")
	fsys.Symlink("/disk/Mail", "/links/Mail")
	fsys.MkdirAll(os.TempDir())
	fsys.WriteFile("/spool/box", nil)
	fsys.Seal("/spool")
	return fsys
}

func under(fsys *faultfs.FS, want func(string) bool) []string {
	var all []string
	for name, text := range fsys.Files() {
		if want(name) {
			all = append(all, string(text))
		}
	}
	slices.Sort(all)
	return all
}

// splitMbox takes the messages out of an mbox without quoting in it.
func splitMbox(text string) []string {
	var all []string
	for part := range strings.SplitSeq("\n"+text, "\n\nFrom ") {
		part = strings.TrimPrefix(part, "\nFrom ")
		_, message, ok := strings.Cut(part, "\n")
		if ok && message != "" {
			all = append(all, strings.TrimRight(message, "\n")+"\n")
		}
	}
	slices.Sort(all)
	return all
}

// texts are the messages, and what is stored of each: made once, since the tests compare with them everywhere.
var texts = sync.OnceValue(func() (all [4]struct{ sent, stored string }) {
	for n := range all {
		// Longer than the buffers, every second time, so that writes come before the end.
		line := strings.Repeat(fmt.Sprintf("text of message %d ", n), 50)
		body := strings.Repeat(line+"\r\n", 1+n%2*150)
		all[n].sent = fmt.Sprintf("Subject: message %d\r\n\r\n%s", n, body)
		all[n].stored = strings.ReplaceAll(all[n].sent, "\r\n", "\n")
	}
	return all
})

func message(n int) string { return texts()[n].sent }

func stored(n int) string { return texts()[n].stored }

type outcome struct {
	planned, receipt delivery.Receipt
	err              error
}

func one(dest delivery.Destination, n int) (o outcome) {
	ctx := context.Background()
	d, err := dest.Begin(ctx, delivery.Meta{From: "ann@example.org", Subject: "same", Date: time.Unix(0, 0).UTC()})
	if err != nil {
		return outcome{err: err}
	}
	defer func() { _ = d.Abort() }() // nothing where it was committed
	if _, o.err = d.Write([]byte(message(n))); o.err != nil {
		return o
	}
	o.planned = d.Planned()
	o.receipt, o.err = d.Commit(ctx)
	return o
}

func open(t *testing.T, fsys *faultfs.FS, dest string) delivery.Destination {
	t.Helper()
	d, err := delivery.ParseFS(fsys, dest)
	if err != nil {
		t.Fatal(err)
	}
	delivery.NoteIn(d, "/state/popmark")
	return d
}

const messages = 3

// TestP2_P5_EveryCrashPoint lets the process die, with and without the
// power, before every single change to the disk, and then starts again.
func TestP2_P5_EveryCrashPoint(t *testing.T) {
	losses := map[string]func(n int) faultfs.Loss{
		"killed":       func(int) faultfs.Loss { return faultfs.Nothing },
		"power":        func(int) faultfs.Loss { return faultfs.Everything },
		"power, some":  func(n int) faultfs.Loss { return faultfs.Some(rand.New(rand.NewPCG(uint64(n), 1))) },
		"power, other": func(n int) faultfs.Loss { return faultfs.Some(rand.New(rand.NewPCG(uint64(n), 2))) },
	}
	for _, kind := range kinds {
		for name, loss := range losses {
			t.Run(kind.dest+", "+name, func(t *testing.T) {
				t.Parallel()
				points := 0
				for n := 1; ; n++ {
					ended := false
					synctest.Test(t, func(t *testing.T) { ended = !crashAt(t, kind.dest, kind.read, n, loss(n)) })
					if ended {
						break
					}
					if t.Failed() {
						t.Fatalf("at change %d", n)
					}
					points++
				}
				if points < 15 {
					t.Errorf("only %d crash points", points)
				}
				t.Logf("%d crash points", points)
			})
		}
	}
}

// crashAt reports false when the run ended before it could crash.
func crashAt(t *testing.T, name string, read func(*faultfs.FS) []string, n int, loss faultfs.Loss) bool {
	fsys := newDisk()
	fsys.Inject(fsys.KillAt(n))
	dest := open(t, fsys, name)
	outcomes := make([]outcome, messages)
	if dest.Prepare(t.Context()) == nil {
		for i := range outcomes {
			outcomes[i] = one(dest, i)
		}
	}
	if err := dest.Close(); err != nil {
		t.Error(err)
	}
	if !fsys.Killed() {
		return false
	}
	fsys.Restart(loss)

	dest = open(t, fsys, name)
	if err := dest.Prepare(t.Context()); err != nil {
		t.Errorf("after the crash: %v", err)
		return true
	}
	for _, text := range read(fsys) {
		if !slices.ContainsFunc([]int{0, 1, 2}, func(i int) bool { return text == stored(i) }) {
			t.Errorf("a message that is none of ours: %.60q, %d octets", text, len(text))
		}
	}
	for i, o := range outcomes {
		acknowledged := o.err == nil && o.receipt.Name != ""
		if acknowledged && !dest.Find(t.Context(), o.receipt) {
			t.Errorf("message %d was acknowledged and is lost", i)
		}
		if !dest.Find(t.Context(), o.planned) {
			if again := one(dest, i); again.err != nil {
				t.Errorf("again: %v", again.err)
			}
		}
	}
	want := []string{stored(0), stored(1), stored(2)}
	slices.Sort(want)
	if got := read(fsys); !slices.Equal(got, want) {
		t.Errorf("in the end %d messages", len(got))
		for _, g := range got {
			t.Logf("%d octets: %.40q…", len(g), g)
		}
	}
	return true
}

// TestP2_EveryFault lets every operation fail once, with every error.
func TestP2_EveryFault(t *testing.T) {
	for _, kind := range kinds {
		for _, cause := range []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EROFS} {
			t.Run(kind.dest+", "+cause.Error(), func(t *testing.T) {
				t.Parallel()
				tried := 0
				for _, op := range faultfs.Changes {
					for n := 1; ; n++ {
						hit := false
						synctest.Test(t, func(t *testing.T) {
							hit = failAt(t, kind.dest, kind.read, faultfs.FailNth(op, n, cause), cause)
						})
						if t.Failed() {
							t.Fatalf("%s %d", op, n)
						}
						if !hit {
							break
						}
						tried++
					}
				}
				if tried < 15 {
					t.Errorf("only %d faults", tried)
				}
			})
		}
	}
}

func failAt(t *testing.T, name string, read func(*faultfs.FS) []string, hook func(faultfs.Op) error, cause error) (hit bool) {
	fsys := newDisk()
	dest := open(t, fsys, name)
	if err := dest.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	fsys.Inject(func(op faultfs.Op) error {
		err := hook(op)
		hit = hit || err != nil
		return err
	})
	var want []string
	for i := range messages {
		o := one(dest, i)
		if o.err == nil {
			if !dest.Find(t.Context(), o.receipt) {
				t.Errorf("message %d was acknowledged and is not there", i)
			}
			want = append(want, stored(i))
			continue
		}
		var e *delivery.Error
		if !errors.As(o.err, &e) || !errors.Is(o.err, cause) || e.Next == "" {
			t.Errorf("error %v", o.err)
		}
		if status := delivery.ExitStatus(o.err); status != 73 && status != 74 {
			t.Errorf("status %d of %v", status, o.err)
		}
		if strings.Contains(o.err.Error(), "\n") {
			t.Errorf("more than a line: %v", o.err)
		}
		if dest.Find(t.Context(), o.planned) {
			// Too late to be taken back, and Find says so.
			want = append(want, stored(i))
		}
	}
	if err := dest.Close(); err != nil {
		t.Error(err)
	}
	slices.Sort(want)
	if got := read(fsys); !slices.Equal(got, want) {
		t.Errorf("%d messages, want %d", len(got), len(want))
	}
	for file := range fsys.Files() {
		if strings.HasSuffix(file, ".lock") && !hit {
			t.Errorf("left behind: %s", file)
		}
	}
	return hit
}

func TestP2_MaildirSyncsFileThenRenamesThenSyncsFolder(t *testing.T) {
	fsys := faultfs.New()
	dest := open(t, fsys, "maildir:/m")
	if err := dest.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := len(fsys.Trace())
	o := one(dest, 1)
	if o.err != nil {
		t.Fatal(o.err)
	}
	tmp, final := "/m/tmp/"+o.receipt.Name, o.receipt.Path
	var got []string
	for _, op := range fsys.Trace()[before:] {
		if op.Kind != faultfs.Write {
			got = append(got, fmt.Sprint(op.Kind, " ", op.Path))
		}
	}
	want := []string{"create " + tmp, "sync " + tmp, "close " + tmp, "rename " + final, "syncdir " + path.Dir(final)}
	if !slices.Equal(got, want) {
		t.Errorf("operations %q, want %q", got, want)
	}
}
