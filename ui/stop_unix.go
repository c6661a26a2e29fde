//go:build unix

package ui

import (
	"os"
	"os/signal"
	"syscall"
)

const windows = false

// stopSignal catches SIGTSTP from outside, so that the terminal is put in order before the process stops.
type stopSignal struct{ c chan os.Signal }

func newStopSignal() *stopSignal {
	return &stopSignal{make(chan os.Signal, 1)}
}

func (s *stopSignal) catch() { signal.Notify(s.c, syscall.SIGTSTP) }

// release lets SIGTSTP stop the process again.
func (s *stopSignal) release() { signal.Reset(syscall.SIGTSTP) }

func (s *stopSignal) close() { signal.Stop(s.c) }
