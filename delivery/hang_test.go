package delivery_test

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"popmark/delivery"
	"popmark/delivery/faultfs"
)

// hanging is a disk that stops to answer at its nth operation, as a network mount does whose
// server has gone, until it is let go on.
type hanging struct {
	*faultfs.FS
	n    atomic.Int64
	goOn chan struct{}
}

func (h *hanging) step() {
	if h.n.Add(-1) < 0 {
		<-h.goOn
	}
}

func (h *hanging) OpenFile(name string, flag int, perm fs.FileMode) (delivery.File, error) {
	h.step()
	f, err := h.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &hangingFile{f, h}, nil
}

func (h *hanging) Rename(from, to string) error { h.step(); return h.FS.Rename(from, to) }

func (h *hanging) Link(from, to string) error                { h.step(); return h.FS.Link(from, to) }
func (h *hanging) Remove(name string) error                  { h.step(); return h.FS.Remove(name) }
func (h *hanging) Readlink(name string) (string, error)      { h.step(); return h.FS.Readlink(name) }
func (h *hanging) Stat(name string) (fs.FileInfo, error)     { h.step(); return h.FS.Stat(name) }
func (h *hanging) ReadDir(n string) ([]fs.DirEntry, error)   { h.step(); return h.FS.ReadDir(n) }
func (h *hanging) SyncDir(name string) error                 { h.step(); return h.FS.SyncDir(name) }
func (h *hanging) Mkdir(name string, mode fs.FileMode) error { h.step(); return h.FS.Mkdir(name, mode) }

type hangingFile struct {
	delivery.File
	h *hanging
}

func (f *hangingFile) Read(p []byte) (int, error) { f.h.step(); return f.File.Read(p) }
func (f *hangingFile) ReadAt(p []byte, at int64) (int, error) {
	f.h.step()
	return f.File.ReadAt(p, at)
}
func (f *hangingFile) Write(p []byte) (int, error) { f.h.step(); return f.File.Write(p) }
func (f *hangingFile) Stat() (fs.FileInfo, error)  { f.h.step(); return f.File.Stat() }
func (f *hangingFile) Truncate(size int64) error   { f.h.step(); return f.File.Truncate(size) }
func (f *hangingFile) Sync() error                 { f.h.step(); return f.File.Sync() }
func (f *hangingFile) TryLock() (bool, error)      { f.h.step(); return f.File.TryLock() }
func (f *hangingFile) Close() error                { f.h.step(); return f.File.Close() }

// TestP10_EveryWaitForADeadDiskEndsWithItsContext lets the disk hang at every operation
// in turn, and come back once nobody waits any more.
func TestP10_EveryWaitForADeadDiskEndsWithItsContext(t *testing.T) {
	long, _ := large(2)
	for _, kind := range kinds {
		for name, message := range map[string]string{"short": message(0), "longer than memory": message(1), "in goroutines": long} {
			if message == long && kind.dest != kinds[0].dest {
				continue // the same code takes it in
			}
			for _, ends := range []string{"commit", "abort"} {
				t.Run(kind.dest+", "+name+", "+ends, func(t *testing.T) {
					t.Parallel()
					hung := 0
					for n := int64(0); ; n++ {
						ended := false
						synctest.Test(t, func(t *testing.T) { ended = !hangAt(t, n, kind.dest, kind.read, message, ends == "commit") })
						if t.Failed() {
							t.Fatalf("at operation %d", n)
						}
						if ended {
							break
						}
						hung++
					}
					t.Logf("%d operations", hung)
				})
			}
		}
	}
}

// hangAt reports false when all was done before the disk could hang.
func hangAt(t *testing.T, n int64, name string, read func(*faultfs.FS) []string, message string, commits bool) bool {
	h := &hanging{FS: newDisk(), goOn: make(chan struct{})}
	h.n.Store(1 << 40)
	dest, err := delivery.ParseFS(h, name)
	if err != nil {
		t.Fatal(err)
	}
	delivery.NoteIn(dest, "/state/popmark")
	if err := dest.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.n.Store(n)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	left := errors.New("left")
	timer := time.AfterFunc(time.Minute, func() { cancel(left) })
	defer timer.Stop()
	wait := func(what string, call func()) {
		t.Helper()
		start := time.Now()
		if ctx.Err() == nil {
			start = start.Add(time.Minute) // when the context ends
			timer.Reset(time.Minute)
		}
		call()
		if late := time.Since(start); late > time.Second {
			t.Errorf("%s ends %v after its context", what, late)
		}
	}

	d, err := dest.Begin(ctx, delivery.Meta{From: "ann@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	for piece := range slices.Chunk([]byte(message), 50_000) {
		wait("Write", func() {
			if err == nil {
				_, err = d.Write(piece)
			}
		})
	}
	var planned, receipt delivery.Receipt
	wait("Planned", func() { planned = d.Planned() })
	if commits && err == nil {
		wait("Commit", func() { receipt, err = d.Commit(ctx) })
	}
	wait("Abort", func() { _ = d.Abort() }) // of a dead disk it says what it must
	hung := h.n.Load() < 0
	if err != nil && (!hung || !errors.Is(err, left)) {
		t.Errorf("%v, hung: %v", err, hung)
	}
	found := false
	wait("Find", func() { found = dest.Find(ctx, planned) })
	hung = h.n.Load() < 0
	wait("Secure", func() { _, _ = dest.Secure(ctx, planned) }) // it only has to end
	wait("Close", func() { _ = dest.Close() })
	if commits && !hung && (err != nil || !found) {
		t.Errorf("delivered: %v, found: %v", err, found)
	}
	hung = h.n.Load() < 0

	close(h.goOn)
	synctest.Wait()
	stored := strings.ReplaceAll(message, "\r\n", "\n")
	for _, got := range read(h.FS) {
		if got != stored {
			t.Errorf("half a message: %d octets of %d", len(got), len(stored))
		}
	}
	if err == nil && commits && !dest.Find(t.Context(), receipt) {
		t.Error("what was delivered is not there")
	}
	for file := range h.Files() {
		if strings.HasSuffix(file, ".part") || strings.Contains(file, "/tmp/") || strings.HasSuffix(file, ".lock") {
			t.Errorf("left behind: %s", file)
		}
	}
	return hung
}
