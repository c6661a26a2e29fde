package delivery_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"popmark/delivery"
	"popmark/delivery/faultfs"
)

func TestMboxInAFolderThatCannotBeChangedTakesMessagesOfAnyLength(t *testing.T) {
	dir := t.TempDir()
	box := filepath.Join(dir, "box")
	if err := os.WriteFile(box, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", t.TempDir())
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) }) // or it can't be removed
	if f, err := os.Create(filepath.Join(dir, "x")); err == nil {
		_ = f.Close()
		t.Skip("permissions do not hold here")
	}
	m := delivery.NewMbox(delivery.OS(), box)
	if err := m.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n := range 4 {
		if o := one(m, n); o.err != nil || !m.Find(t.Context(), o.receipt) {
			t.Errorf("message %d: %v", n, o.err)
		}
	}
	text, err := os.ReadFile(box)
	if got := splitMbox(string(text)); err != nil || len(got) != 4 || !slices.Contains(got, stored(3)) {
		t.Errorf("%d messages, %v", len(got), err)
	}
	if left, _ := filepath.Glob(os.TempDir() + "/*"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestMboxThatCannotHaveADotLockHonoursThatOfAnother(t *testing.T) {
	for _, c := range []struct {
		name, holder string
		age          time.Duration
		held         bool
	}{
		{"fresh", "", time.Second, true},
		{"forgotten", "", time.Hour, false},
		{"of another host", "1 another.host.example\n", time.Minute, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fsys := faultfs.New()
				fsys.WriteFile("/spool/box", nil)
				fsys.WriteFile("/spool/box.lock", []byte(c.holder))
				fsys.Seal("/spool")
				m := delivery.NewMbox(aged{fsys, c.age}, "/spool/box")
				err := m.Prepare(t.Context())
				if held := errors.Is(err, delivery.ErrTemporary); held != c.held || !held && err != nil {
					t.Errorf("held %v, want %v: %v", held, c.held, err)
				}
			})
		})
	}
}

// aged is a file system on which every file is of one age.
type aged struct {
	*faultfs.FS
	age time.Duration
}

func (a aged) Stat(name string) (os.FileInfo, error) {
	fi, err := a.FS.Stat(name)
	return agedInfo{fi, time.Now().Add(-a.age)}, err
}

type agedInfo struct {
	os.FileInfo
	at time.Time
}

func (i agedInfo) ModTime() time.Time { return i.at }
