//go:build unix

package main

import (
	"os"
	"runtime"
	"syscall"
)

// peakMemory is how many octets of memory a process had at most. It is 0 where that is
// no more than this process had: a child begins as its parent's copy, and what it
// had itself is not known then.
func peakMemory(s *os.ProcessState) int64 {
	usage, ok := s.SysUsage().(*syscall.Rusage)
	var own syscall.Rusage
	if !ok || syscall.Getrusage(syscall.RUSAGE_SELF, &own) != nil || usage.Maxrss <= own.Maxrss {
		return 0
	}
	if runtime.GOOS == "darwin" { // where it is in octets
		return usage.Maxrss
	}
	return usage.Maxrss << 10
}
