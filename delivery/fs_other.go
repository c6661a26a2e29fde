//go:build unix && !linux

package delivery

import "os"

// locks are all that this process has: only together do they see each other's files.
var locks processLocks

func tryLock(f *os.File) (bool, error) { return locks.take(f) }

func closeFile(f *os.File) error { return locks.close(f) }
