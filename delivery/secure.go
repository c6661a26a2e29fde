package delivery

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// secured is a Secure of a message that look finds and work brings to the disk.
func secured(ctx context.Context, dest Destination, look func() bool, work func() error) (bool, error) {
	if err := stopped(ctx); err != nil {
		return false, err
	}
	found := make(chan bool, 1)
	err := untilDone(ctx, func() error {
		there := look()
		found <- there
		if !there {
			return nil
		}
		return work()
	})
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // it has just gone
	}
	if err == nil {
		return <-found, nil
	}
	return false, failed(dest.String(), "bringing a message of an earlier run to the disk", err)
}

// syncPlace brings a file and its folder's entry of it to the disk.
func syncPlace(fsys FS, path string) error {
	f, err := fsys.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return fsys.SyncDir(filepath.Dir(path))
}

// Secure brings the file to the disk under new or, where a reader has moved it there,
// its entry under cur: a file is on the disk before it has a name under new.
func (m *Maildir) Secure(ctx context.Context, r Receipt) (bool, error) {
	return secured(ctx, m, func() bool { return m.find(r) }, func() error {
		err := syncPlace(m.fsys, m.sub("new", r.Name))
		if errors.Is(err, fs.ErrNotExist) {
			return m.fsys.SyncDir(m.sub("cur"))
		}
		return err
	})
}

// Secure brings the message's file to the disk.
func (e *EML) Secure(ctx context.Context, r Receipt) (bool, error) {
	_, name, _ := strings.Cut(r.Name, "/")
	return secured(ctx, e, func() bool { return e.find(r) }, func() error { return syncPlace(e.fsys, filepath.Join(e.dir, name)) })
}

// Secure brings the whole mbox to the disk.
func (m *Mbox) Secure(ctx context.Context, r Receipt) (bool, error) {
	return secured(ctx, m, func() bool { return m.find(r) }, func() error {
		resolved, err := resolve(m.fsys, m.path)
		if err != nil {
			return err
		}
		return syncPlace(m.fsys, resolved)
	})
}

// Secure believes the command, which is all that can be known: a receipt that Commit
// returned is of a message that it has accepted, one that was only planned is not.
func (p *Pipe) Secure(_ context.Context, r Receipt) (bool, error) { return r.Name == pipeDone, nil }

// Secure is true where every destination still has the message, on the disk.
func (m multi) Secure(ctx context.Context, r Receipt) (bool, error) {
	for i, d := range m {
		part, ok := m.part(r, i)
		if !ok {
			return false, nil
		}
		if there, err := d.Secure(ctx, part); !there || err != nil {
			return false, err
		}
	}
	return len(m) > 0, nil
}
