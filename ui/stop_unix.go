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

// Run comes back when the process goes on: the stop may take hold only after the call that asked for it, and the
// terminal would be taken back too early, and be the shell's again afterwards.
func (stopping) Run() error {
	on := make(chan os.Signal, 1)
	signal.Notify(on, syscall.SIGCONT)
	defer signal.Stop(on)
	if err := syscall.Kill(0, syscall.SIGSTOP); err != nil {
		return err
	}
	<-on
	return nil
}

func (stopping) SetStdin(io.Reader)  {}
func (stopping) SetStdout(io.Writer) {}
func (stopping) SetStderr(io.Writer) {}

// catchStop sends the signal to c instead of stopping the process at once.
func catchStop(c chan os.Signal) { signal.Notify(c, stopSignal) }
