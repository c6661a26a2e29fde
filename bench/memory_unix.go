//go:build unix

package main

import (
	"os"
	"runtime"
	"syscall"
)

// peakMemory is how many octets of memory a process had at most. It is not less than what
// this process has: a child begins as its copy.
func peakMemory(s *os.ProcessState) int64 {
	usage, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return usage.Maxrss
	}
	return usage.Maxrss << 10
}
