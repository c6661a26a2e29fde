package delivery

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// lockPatience is how long a lock that another program holds is waited for.
	lockPatience = 30 * time.Second
	// staleLock is the age from which a dot lock that does not say whose it is
	// counts as forgotten; it is what other mail programs take.
	staleLock = 5 * time.Minute
)

// errLocked is what happens when the patience ends.
var errLocked = errors.New("another program has it locked")

// locked is an mbox that is open and locked both ways that mail programs know: with
// an fcntl lock and with a file of its name and ".lock".
type locked struct {
	File
	path string // without symbolic links
	made bool   // the file was not there before
	dot  string // the lock file, "" without
	mark string // what that holds and no other does
	fsys FS
}

// open locks the mbox, making it where it is missing. It waits, but no longer than
// anybody wants it to: gone says that nobody does any more.
func (m *Mbox) open(gone func() error) (*locked, error) {
	deadline := time.Now().Add(lockPatience)
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		l, err := m.tryOpen()
		if l != nil || err != nil {
			return l, err
		}
		if err := gone(); err != nil {
			return nil, err
		}
		if time.Now().After(deadline) {
			return nil, &Error{
				Dest: m.String(), Doing: "locking the file", Class: ErrTemporary, Err: errLocked,
				Next: "close what has it open, then run the same command again; if nothing has, remove " + m.place() + ".lock",
			}
		}
		time.Sleep(pause)
	}
}

// tryOpen returns nil and no error where somebody else has a lock.
func (m *Mbox) tryOpen() (*locked, error) {
	path, err := resolve(m.fsys, m.path)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	m.real = path
	m.mu.Unlock()
	_, serr := m.fsys.Stat(path)
	f, err := m.fsys.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	l := &locked{File: f, path: path, made: errors.Is(serr, fs.ErrNotExist), fsys: m.fsys}
	ok, err := l.take()
	if !ok || err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *locked) take() (bool, error) {
	fi, err := l.Stat()
	if err != nil {
		return false, err
	}
	if !fi.Mode().IsRegular() {
		return false, &fs.PathError{Op: "open", Path: l.path, Err: errNoFile}
	}
	if ok, err := l.TryLock(); !ok || err != nil {
		return false, err
	}
	ok, err := l.takeDot(l.path + ".lock")
	if !ok || err != nil {
		return false, err
	}
	// A mail reader may have put a new file in the place of the one that was opened.
	now, err := l.fsys.Stat(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && (fi.Sys() == nil || os.SameFile(fi, now)), err
}

// takeDot makes the lock file, by a link, so that it always says whose it is. Where
// the folder lets nobody make files, the fcntl lock alone has to do, as long as no other
// program, with a mail system's rights, has a lock file there.
func (l *locked) takeDot(path string) (bool, error) {
	mine := path + "-" + token()
	err := l.writeHolder(mine)
	if sealed(err) {
		return missing(l.fsys, path) || stale(l.fsys, path), nil
	}
	if err != nil {
		return false, err
	}
	err = l.fsys.Link(mine, path)
	if noLinks(err) {
		if err = renameNew(l.fsys, mine, path); err != nil {
			_ = l.fsys.Remove(mine) // the first error is the one to tell
		}
	} else if rerr := l.fsys.Remove(mine); rerr != nil && err == nil {
		return false, errors.Join(rerr, l.fsys.Remove(path))
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		if stale(l.fsys, path) {
			removeStale(l.fsys, path, mine)
		}
		return false, nil // the next try takes it
	case err != nil:
		return false, err
	}
	l.dot = path
	return true, nil
}

// writeHolder makes a file that names this process, and on its second line this lock. It goes to the disk, since an
// empty lock would keep everybody out for a while after a power failure.
func (l *locked) writeHolder(path string) error {
	f, err := l.fsys.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	host, _ := os.Hostname() // without it, the lock only goes stale later
	l.mark = fmt.Sprintf("%d %s\n%s\n", os.Getpid(), host, token())
	if _, err = f.Write([]byte(l.mark)); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		err = errors.Join(err, l.fsys.Remove(path))
	}
	return err
}

// stale tells whether a lock was left behind by a process that is gone. One of our
// own process is: whoever asks holds the fcntl lock, which comes first.
func stale(fsys FS, path string) bool {
	fi, err := fsys.Stat(path)
	if err != nil {
		return false
	}
	if text, err := readLock(fsys, path); err == nil {
		line, _, _ := strings.Cut(text, "\n")
		word, holder, _ := strings.Cut(strings.TrimSpace(line), " ")
		pid, perr := strconv.Atoi(word)
		if host, herr := os.Hostname(); perr == nil && herr == nil && pid > 0 && holder == host {
			return pid == os.Getpid() || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
		}
	}
	return time.Since(fi.ModTime()) > staleLock
}

// readLock is what a lock file says.
func readLock(fsys FS, path string) (string, error) {
	f, err := fsys.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(f, 512))
	return string(text), errors.Join(err, f.Close())
}

// removeStale takes a lock away that was left behind. By now it may be another program's
// that is not: so it is moved aside, looked at again, and put back where it is in use.
func removeStale(fsys FS, path, aside string) {
	if fsys.Rename(path, aside) != nil {
		return
	}
	if !stale(fsys, aside) {
		_ = fsys.Link(aside, path) // where there is another already, that one holds
	}
	_ = fsys.Remove(aside)
}

// Close gives up both locks.
func (l *locked) Close() error {
	err := l.removeDot()
	return errors.Join(l.File.Close(), err)
}

// removeDot removes the lock file. Another program that found it too old may have one of its
// own there by now; the file's number would not tell, since the system gives it out again.
func (l *locked) removeDot() error {
	if l.dot == "" {
		return nil
	}
	text, err := readLock(l.fsys, l.dot)
	if err == nil && text == l.mark {
		err = l.fsys.Remove(l.dot)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
