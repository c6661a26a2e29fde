//go:build unix

package ui

import (
	"io"
	"os"
	"os/signal"
	"syscall"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/sys/unix"
)

const windows = false

// stopSignal is what stops a process from a keyboard, sent from outside.
var stopSignal os.Signal = syscall.SIGTSTP

// canStop tells whether a shell is there that could take a stopped process up again. Where the process leads its
// session, as under ssh -t or as a window's only program, nobody is there to continue it.
func canStop() bool {
	session, err := unix.Getsid(0)
	return err != nil || session != unix.Getpgrp()
}

// stopProcess gives the command that puts the terminal in order, stops the process group until SIGCONT, and takes
// the terminal back. It is not Bubble Tea's own, which sends SIGTSTP: once caught, Go ignores that for good.
func stopProcess() tea.Cmd {
	return tea.Exec(stopping{}, func(err error) tea.Msg { return continuedMsg{err} })
}

// stopping is a "command" that runs for as long as the process is stopped.
type stopping struct{}

func (stopping) Run() error { return syscall.Kill(0, syscall.SIGSTOP) }

func (stopping) SetStdin(io.Reader)  {}
func (stopping) SetStdout(io.Writer) {}
func (stopping) SetStderr(io.Writer) {}

// catchStop sends the signal to c instead of stopping the process at once.
func catchStop(c chan os.Signal) { signal.Notify(c, stopSignal) }
