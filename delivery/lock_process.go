package delivery

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// processLocks are fcntl locks that belong to the process, as all of POSIX's do. The
// system drops one when any descriptor of its file is closed, and gives it to the process
// as often as it asks. So here a file has one holder, and the others that are closed
// meanwhile stay open until it is done.
type processLocks struct {
	mu    sync.Mutex
	files map[fileID]*processLock
}

type fileID struct{ device, inode uint64 }

type processLock struct {
	holder *os.File
	closed []*os.File // whose owners are done with them
}

// take locks a file, or says that another program or another part of this one has it locked.
func (l *processLocks) take(f *os.File) (bool, error) {
	id, err := identify(f)
	if err != nil {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if held := l.files[id]; held != nil {
		return held.holder == f, nil
	}
	err = unix.FcntlFlock(f.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart})
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if l.files == nil {
		l.files = make(map[fileID]*processLock)
	}
	l.files[id] = &processLock{holder: f}
	return true, nil
}

// close closes a file, once that takes no lock from another. Closing its holder gives
// a lock up.
func (l *processLocks) close(f *os.File) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	id, err := identify(f)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	held := l.files[id]
	switch {
	case held == nil:
		return f.Close()
	case held.holder != f:
		held.closed = append(held.closed, f)
		return nil
	}
	delete(l.files, id)
	err = f.Close()
	for _, other := range held.closed {
		err = errors.Join(err, other.Close())
	}
	return err
}

func identify(f *os.File) (fileID, error) {
	fi, err := f.Stat()
	if err != nil {
		return fileID{}, err
	}
	sys, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return fileID{}, errors.ErrUnsupported
	}
	// The fields differ in width and sign from system to system.
	return fileID{uint64(sys.Dev), uint64(sys.Ino)}, nil //nolint:unconvert // see above
}
