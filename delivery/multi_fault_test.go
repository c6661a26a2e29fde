package delivery_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"

	"popmark/delivery"
	"popmark/delivery/faultfs"
)

// attempt delivers a message of which there may have been an earlier attempt.
func attempt(ctx context.Context, dest delivery.Destination, prior *delivery.Receipt) (delivery.Receipt, error) {
	d, err := dest.Begin(ctx, delivery.Meta{Subject: "s", Prior: prior})
	if err != nil {
		return delivery.Receipt{}, err
	}
	if _, err := d.Write([]byte("Subject: s\r\n\r\ntext\r\n")); err != nil {
		return delivery.Receipt{}, errors.Join(err, d.Abort())
	}
	return d.Commit(ctx)
}

// A place may fail so late that the message is there all the same: the next attempt looks.
func TestP5_WhatSeveralPlacesAreToHaveIsInNoneOfThemTwice(t *testing.T) {
	for n := 1; ; n++ {
		fsys := faultfs.New()
		dest := delivery.Multi(delivery.NewMaildir(fsys, "/m"), delivery.NewEML(fsys, "/e"))
		if err := dest.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		seen := 0
		fsys.Inject(func(op faultfs.Op) error {
			if slices.Contains(faultfs.Changes, op.Kind) {
				if seen++; seen == n {
					return syscall.EIO
				}
			}
			return nil
		})
		if got, err := attempt(t.Context(), dest, nil); err != nil {
			there, err := dest.Secure(t.Context(), got)
			if err == nil && !there {
				_, err = attempt(t.Context(), dest, &got)
			}
			if err != nil {
				t.Fatalf("again after change %d failed: %v", n, err)
			}
		}
		if err := dest.Close(); err != nil {
			t.Error(err)
		}
		for _, place := range []string{"/m/new/", "/e/"} {
			copies := 0
			for name := range fsys.Files() {
				if file, there := strings.CutPrefix(name, place); there && !strings.HasPrefix(file, ".") {
					copies++
				}
			}
			if copies != 1 {
				t.Errorf("after change %d failed there are %d copies in %s", n, copies, place)
			}
		}
		if seen < n {
			break
		}
	}
}
