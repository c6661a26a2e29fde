package commit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"popmark/delivery"
	"popmark/ledger"
	"popmark/triage"
)

// Bin is where copies of deleted messages are kept for a while: a Maildir of its own.
type Bin struct {
	Destination delivery.Destination
	Path        string
	MaxOctets   int64         // larger messages, by LIST's sizes, are deleted without a copy
	Keep        time.Duration // how long copies stay; 0 is for ever
}

// NewBin makes a bin of the Maildir at an absolute path.
func NewBin(path string, maxOctets int64, keep time.Duration) *Bin {
	return &Bin{
		Destination: delivery.NewMaildir(delivery.OS(), path), Path: filepath.Clean(path), MaxOctets: maxOctets, Keep: keep,
	}
}

// takes tells whether a message of this size is copied before it is deleted.
func (b *Bin) takes(octets int64) bool { return b != nil && triage.Keeps(b.MaxOctets, octets) }

// Empty removes the copies that have been kept for long enough at the time now, and
// says how many. The history forgets where they were.
func (b *Bin) Empty(ctx context.Context, l *ledger.Ledger, now time.Time) (int, error) {
	if b.Keep <= 0 {
		return 0, nil
	}
	removed := 0
	for _, sub := range []string{"new", "cur"} {
		folder := filepath.Join(b.Path, sub)
		files, err := os.ReadDir(folder)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return removed, fmt.Errorf("emptying the bin: %w", err)
		}
		for _, f := range files {
			info, err := f.Info()
			if err != nil || !info.Mode().IsRegular() || now.Sub(info.ModTime()) < b.Keep {
				continue // one that has just gone needs no removing
			}
			if err := os.Remove(filepath.Join(folder, f.Name())); err != nil {
				return removed, fmt.Errorf("emptying the bin: %w", err)
			}
			removed++
			// The history has the name that the copy was given.
			if err := l.SetDeletedKept(ctx, filepath.Join(b.Path, "new", bareName(f.Name())), ""); err != nil {
				return removed, err
			}
		}
	}
	return removed, nil
}

// ErrNotDeleted means that a message is where it was fetched to, which its wrapping names.
var ErrNotDeleted = errors.New("it was fetched, and is where it was put unless somebody took it from there")

// ErrNoCopy means that nothing of a deleted message was kept, or no longer is.
var ErrNoCopy = errors.New("no copy of it was kept, or it has been thrown away since")

// Restore puts the copy that the bin keeps of a deleted message into a destination.
// The id is the history's.
func Restore(ctx context.Context, l *ledger.Ledger, id string, dest delivery.Destination) (delivery.Receipt, error) {
	entry, err := l.Entry(ctx, id)
	if err != nil {
		return delivery.Receipt{}, err
	}
	if entry.Kind == ledger.KindFetched {
		return delivery.Receipt{}, fmt.Errorf("restoring %s: %w: %s", id, ErrNotDeleted, cmp.Or(entry.Path, entry.Destination))
	}
	f, err := openKept(entry.Kept)
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNoCopy
	}
	if err != nil {
		return delivery.Receipt{}, fmt.Errorf("restoring %s: %w", id, err)
	}
	defer func() { _ = f.Close() }() // it was only read
	if err := dest.Prepare(ctx); err != nil {
		return delivery.Receipt{}, err
	}
	d, err := dest.Begin(ctx, delivery.Meta{
		Account: entry.Account, UID: entry.UID, From: string(entry.About.From), Subject: string(entry.About.Subject),
		Date: entry.About.Date, Size: entry.Octets,
	})
	if err != nil {
		return delivery.Receipt{}, err
	}
	if err := copyLines(d, f); err != nil {
		_ = d.Abort() // err says why
		return delivery.Receipt{}, fmt.Errorf("restoring %s: %w", id, err)
	}
	return d.Commit(ctx)
}
