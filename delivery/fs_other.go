//go:build unix && !linux

package delivery

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

func startWriteback(*os.File, int64, int64) {}

func tryLock(f *os.File) (bool, error) {
	err := unix.FcntlFlock(f.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart})
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return false, nil
	}
	return err == nil, err
}
