package delivery_test

import (
	"errors"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"

	"popmark/delivery"
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
					if n < 12 {
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

// killedAt delivers message 0 and kills the process before its nth change. What it did not
// sync is there still, and can still be lost.
func killedAt(t *testing.T, n int, open func(*faultfs.FS) delivery.Destination) (fsys *faultfs.FS, o outcome, killed bool) {
	fsys = newDisk()
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
	dest := open(fsys)
	if dest.Prepare(t.Context()) == nil {
		o = one(dest, 0)
	}
	_ = dest.Close() // the process is dead
	fsys.Inject(nil)
	return fsys, o, seen >= n
}

// killThenPower reports false when the run ended before it could be killed.
func killThenPower(t *testing.T, name string, read func(*faultfs.FS) []string, n int) bool {
	fsys, _, killed := killedAt(t, n, func(fsys *faultfs.FS) delivery.Destination { return open(t, fsys, name) })
	if !killed {
		return false
	}
	dest := open(t, fsys, name)
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
	if !open(t, fsys, name).Find(t.Context(), o.receipt) {
		t.Error("the receipt of a message that was delivered after the kill finds nothing")
	}
	return true
}

// TestP5_WhatSecureFindsSurvivesThePower kills a run before each of its changes. Where
// Secure then says that the message is there, the power may fail.
func TestP5_WhatSecureFindsSurvivesThePower(t *testing.T) {
	for name, create := range map[string]func(*faultfs.FS) delivery.Destination{
		"maildir": func(fsys *faultfs.FS) delivery.Destination { return delivery.NewMaildir(fsys, "/m") },
		"eml":     func(fsys *faultfs.FS) delivery.Destination { return delivery.NewEML(fsys, "/e") },
		"mbox":    func(fsys *faultfs.FS) delivery.Destination { return delivery.NewMbox(fsys, "/b/box") },
		"two": func(fsys *faultfs.FS) delivery.Destination {
			return delivery.Multi(delivery.NewMaildir(fsys, "/m"), delivery.NewEML(fsys, "/e"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			found, missing := 0, 0
			for i := 2; ; i++ {
				n, ask := i/2, i%2 == 0 // each change with and without asking Secure first
				fsys, o, killed := killedAt(t, n, create)
				if !killed {
					break
				}
				dest := create(fsys)
				if err := dest.Prepare(t.Context()); err != nil {
					t.Fatal(err)
				}
				there := false
				if ask {
					var err error
					if there, err = dest.Secure(t.Context(), o.planned); err != nil {
						t.Fatalf("killed at change %d: %v", n, err)
					}
					if there != dest.Find(t.Context(), o.planned) {
						t.Errorf("killed at change %d: Secure says %v, Find does not", n, there)
					}
				}
				var whole delivery.Receipt
				if !there {
					// What a Multi has in one place only is delivered to the other.
					whole = redeliver(t, dest, o.planned)
				}
				if err := dest.Close(); err != nil {
					t.Error(err)
				}
				fsys.Restart(faultfs.Everything)
				switch {
				case there && !create(fsys).Find(t.Context(), o.planned):
					t.Errorf("killed at change %d: what Secure found is lost with the power", n)
				case there:
					found++
				case !create(fsys).Find(t.Context(), whole):
					t.Errorf("killed at change %d: what was delivered again is lost with the power", n)
				default:
					missing++
				}
			}
			if found == 0 || missing == 0 {
				t.Errorf("found %d times, not %d times", found, missing)
			}
		})
	}
}

func redeliver(t *testing.T, dest delivery.Destination, prior delivery.Receipt) delivery.Receipt {
	t.Helper()
	d, err := dest.Begin(t.Context(), delivery.Meta{Prior: &prior})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Write([]byte(message(0))); err != nil {
		t.Fatal(err)
	}
	r, err := d.Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSecureTellsOfADiskThatFails(t *testing.T) {
	fsys := faultfs.New()
	for _, dest := range []delivery.Destination{
		delivery.NewMaildir(fsys, "/m"), delivery.NewEML(fsys, "/e"), delivery.NewMbox(fsys, "/b/box"),
	} {
		if err := dest.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		o := one(dest, 0)
		if o.err != nil {
			t.Fatal(o.err)
		}
		fsys.Inject(faultfs.FailNth(faultfs.Sync, 1, syscall.EIO))
		there, err := dest.Secure(t.Context(), o.receipt)
		if there || !errors.Is(err, syscall.EIO) || delivery.ExitStatus(err) != 74 {
			t.Errorf("%s: %v, %v", dest, there, err)
		}
		fsys.Inject(nil)
		if err := dest.Close(); err != nil {
			t.Error(err)
		}
	}
}
