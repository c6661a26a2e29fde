package delivery

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// makeFolder makes a folder that is not there, with mode 0700, and those above it,
// and brings each new entry to the disk. The entry of a folder that is there goes to
// the disk as well: a run that was killed may have made it just before.
func makeFolder(fsys FS, path string) error {
	resolved, err := resolve(fsys, path)
	if err != nil {
		return err
	}
	return makeReal(fsys, resolved)
}

// makeReal is makeFolder for a path without symbolic links.
func makeReal(fsys FS, path string) error {
	fi, err := fsys.Stat(path)
	if err == nil {
		if !fi.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: path, Err: syscall.ENOTDIR}
		}
		return syncEntry(fsys, path)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(path)
	if parent == path {
		return err
	}
	if err := makeReal(fsys, parent); err != nil {
		return err
	}
	// Another process may make the same folder at the same time.
	if err := fsys.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return fsys.SyncDir(parent)
}

// syncEntry brings the entry of a folder that was there to the disk. Some folders may
// not be opened, and some file systems sync none: that the folder above is such a one
// is no reason not to deliver here.
func syncEntry(fsys FS, path string) error {
	err := fsys.SyncDir(filepath.Dir(path))
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil
	}
	return err
}

// tryWrite sees whether a file can be made in the folder, by making one.
func tryWrite(fsys FS, path string) error {
	f, err := fsys.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), fsys.Remove(path))
}

// cannotCreate makes an error of preparing a destination one of ErrCannotCreate,
// whatever its cause.
func cannotCreate(dest, doing string, err error) error {
	if err == nil {
		return nil
	}
	err = failed(dest, doing, err)
	var e *Error
	if errors.As(err, &e) && !errors.Is(e.Class, ErrTemporary) {
		e.Class = ErrCannotCreate
	}
	return err
}

// patience is how long work on the disk is waited for once the context has ended:
// nearly always it is done by then, and what it did is known.
const patience = 300 * time.Millisecond

// untilDone runs work, which may hang on a disk that does not answer, and returns
// its result, or the context's error where that ended some time before. The work runs on
// then and must look at the context itself before it does what others can see.
func untilDone(ctx context.Context, work func() error) error {
	return untilLeft(ctx, work, func() {})
}

// untilLeft is untilDone with what is to be done when the work ends after all, its result
// no longer wanted. Until then all that it uses is its own.
func untilLeft(ctx context.Context, work func() error, late func()) error {
	if ctx.Done() == nil {
		return work()
	}
	done, left := make(chan error), make(chan struct{})
	go func() {
		err := work()
		select {
		case done <- err:
		case <-left:
			late()
		}
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case err := <-done:
		return err
	case <-t.C:
		close(left)
		return stopped(ctx)
	}
}

// untilFound is untilDone for a question; it is not answered once the context has ended.
func untilFound(ctx context.Context, look func() bool) bool {
	if stopped(ctx) != nil {
		return false
	}
	found := make(chan bool, 1)
	err := untilDone(ctx, func() error {
		found <- look()
		return nil
	})
	return err == nil && <-found
}

// sealed tells that a folder lets this user make no files, as the system's folder of
// mailboxes may.
func sealed(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// noLinks tells that the file system knows no second names, as FAT does not.
func noLinks(err error) bool {
	return errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOTSUP) ||
		errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.ENOSYS)
}

// renameNew renames without overwriting: the name is taken first by a file made for
// that.
func renameNew(fsys FS, from, to string) error {
	f, err := fsys.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err = f.Close(); err == nil {
		err = fsys.Rename(from, to)
	}
	if err != nil {
		err = errors.Join(err, fsys.Remove(to))
	}
	return err
}
