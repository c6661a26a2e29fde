package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	errNewer  = errors.New("a newer popmark wrote it")
	errNoFile = errors.New("it is no file")
)

// isDamage tells whether err means that the file is no sound database.
func isDamage(err error) bool {
	if errors.Is(err, errNoFile) {
		return true
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	primary := e.Code() & 0xff // the higher bits are extended codes
	return primary == sqlite3.SQLITE_CORRUPT || primary == sqlite3.SQLITE_NOTADB
}

// DiskFault tells whether err of a ledger means that its disk failed or is full.
func DiskFault(err error) bool {
	var e *sqlite.Error
	if errors.As(err, &e) {
		primary := e.Code() & 0xff
		return primary == sqlite3.SQLITE_FULL || primary == sqlite3.SQLITE_IOERR
	}
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EIO)
}

// replace renames the database that old stands for (nil: the one at the path)
// and opens a new one. Where another goroutine or process has replaced it
// already, theirs is used.
func (l *Ledger) replace(old *handles, cause error) (*handles, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, ErrClosed
	}
	if old != nil && l.db != old {
		return l.db, nil
	}
	lock, err := l.lockFile(context.Background())
	if err != nil {
		return nil, err
	}
	defer func() { _ = lock.Close() }() // closing the file unlocks it whatever is returned

	if old != nil {
		_ = old.close() // it is being given up
	}
	h, err := l.openFile(true)
	switch {
	case err == nil && (old == nil || !os.SameFile(old.info, h.info)):
		l.db = h
		return h, nil
	case err == nil:
		_ = h.close() // the damaged one again
	case !isDamage(err) && !errors.Is(err, errNewer):
		return nil, err
	}
	if err := l.setAside(cause); err != nil {
		return nil, err
	}
	if h, err = l.openFile(true); err != nil {
		return nil, err
	}
	l.db = h
	return h, nil
}

// setAside renames the database and its log, so that they still belong together.
func (l *Ledger) setAside(cause error) error {
	path := filepath.Join(l.dir, fileName)
	why := "damaged"
	if errors.Is(cause, errNewer) {
		why = "newer"
	}
	aside, err := freeName(l.dir, why, l.now())
	if err != nil {
		return err
	}
	for _, suffix := range []string{"-wal", "-shm", ""} {
		if err := os.Rename(path+suffix, aside+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	l.warn(fmt.Sprintf(
		"the ledger could not be used (%v): it is kept as %s and a new one is begun; what was fetched before is not known there", cause, aside))
	return nil
}

func freeName(dir, why string, now time.Time) (string, error) {
	stem := "ledger." + why + "-" + now.UTC().Format("20060102T150405")
	for i := range 1000 {
		name := stem
		if i > 0 {
			name = fmt.Sprintf("%s-%d", stem, i)
		}
		name = filepath.Join(dir, name+".db")
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return name, nil
		}
	}
	return "", fmt.Errorf("too many ledgers set aside in %s", dir)
}
