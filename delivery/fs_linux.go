package delivery

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// tryLock takes an fcntl lock that belongs to the open file, not to the process:
// a lock of the process would be lost when any other descriptor of the same file
// is closed. Both kinds exclude each other.
func tryLock(f *os.File) (bool, error) {
	err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart})
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return false, nil
	}
	return err == nil, err
}

// closeFile closes a file and gives up its lock alone.
func closeFile(f *os.File) error { return f.Close() }
