//go:build linux

package delivery

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// lockedByProcess asks the system, as another program would, whether a file is locked.
func lockedByProcess(t *testing.T, f *os.File) bool {
	t.Helper()
	// A lock of an open file, which Linux has as well, is in the way of the process's own.
	ask := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &ask); err != nil {
		t.Fatal(err)
	}
	return ask.Type != unix.F_UNLCK
}

func TestAProcessLockOutlivesOtherDescriptorsOfItsFile(t *testing.T) {
	box := filepath.Join(t.TempDir(), "box")
	link := box + "-2"
	open := func(path string) *os.File {
		t.Helper()
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() }) // closed already where all is well
		return f
	}
	for _, c := range []struct {
		name, other string
		close       func(*processLocks, *os.File) error
		locked      bool
	}{
		{"the system's close", box, func(_ *processLocks, f *os.File) error { return f.Close() }, false},
		{"our close", box, (*processLocks).close, true},
		{"our close by another name", link, (*processLocks).close, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var l processLocks
			holder, watch := open(box), open(box)
			_ = os.Link(box, link) // there from the second time on
			other := open(c.other)
			if ok, err := l.take(holder); !ok || err != nil {
				t.Fatalf("not locked: %v", err)
			}
			if ok, err := l.take(other); ok || err != nil {
				t.Errorf("the same process took the lock twice (%v)", err)
			}
			if ok, err := l.take(holder); !ok || err != nil {
				t.Errorf("its holder has no lock: %v", err)
			}
			if err := c.close(&l, other); err != nil {
				t.Error(err)
			}
			if got := lockedByProcess(t, watch); got != c.locked {
				t.Errorf("locked after the close: %v, want %v", got, c.locked)
			}
			if err := l.close(holder); err != nil {
				t.Error(err)
			}
			if lockedByProcess(t, watch) {
				t.Error("still locked after its holder was closed")
			}
			if _, err := other.Stat(); err == nil {
				t.Error("a descriptor was left open")
			}
			if ok, err := l.take(watch); !ok || err != nil {
				t.Errorf("it can't be locked again: %v", err)
			}
			if err := l.close(watch); err != nil {
				t.Error(err)
			}
		})
	}
}
