package delivery_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"popmark/delivery/faultfs"
)

// TestP2_WhatIsDeliveredAfterAKillSurvivesThePower kills a run before each of its
// changes, which leaves folders and files that no fsync has named. Another run delivers
// on top of them, and then the power fails.
func TestP2_WhatIsDeliveredAfterAKillSurvivesThePower(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.dest, func(t *testing.T) {
			for n := 1; ; n++ {
				ended := false
				synctest.Test(t, func(t *testing.T) { ended = !killThenPower(t, kind.dest, kind.read, n) })
				if ended {
					if n < 15 {
						t.Errorf("only %d changes", n)
					}
					return
				}
				if t.Failed() {
					t.Fatalf("killed at change %d", n)
				}
			}
		})
	}
}

// killThenPower reports false when the run ended before it could be killed.
func killThenPower(t *testing.T, name string, read func(*faultfs.FS) []string, n int) bool {
	fsys := faultfs.New()
	seen := 0
	fsys.Inject(func(op faultfs.Op) error {
		if slices.Contains(faultfs.Changes, op.Kind) {
			seen++
		}
		if seen >= n {
			return faultfs.ErrKilled
		}
		return nil
	})
	dest := open(t, fsys, name)
	if dest.Prepare(t.Context()) == nil {
		one(dest, 0)
	}
	_ = dest.Close() // the process is dead
	if seen < n {
		return false
	}
	// Not Restart: what the dead process did not sync can still be lost.
	fsys.Inject(nil)

	dest = open(t, fsys, name)
	if err := dest.Prepare(t.Context()); err != nil {
		t.Fatalf("after the kill: %v", err)
	}
	o := one(dest, 1)
	if o.err != nil {
		t.Fatalf("after the kill: %v", o.err)
	}
	if err := dest.Close(); err != nil {
		t.Error(err)
	}
	fsys.Restart(faultfs.Everything)

	if !slices.Contains(read(fsys), stored(1)) {
		t.Error("a message that was delivered after the kill is lost with the power")
	}
	if !open(t, fsys, name).Find(o.receipt) {
		t.Error("the receipt of a message that was delivered after the kill finds nothing")
	}
	return true
}
