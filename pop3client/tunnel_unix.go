//go:build unix

package pop3client

import (
	"os/exec"
	"syscall"
)

// ownGroup puts the command into a session of its own, so that a ctrl+c on the terminal does not cut
// the tunnel before the session was ended, and what the shell started can be ended with it. Without
// the terminal an ssh that would ask for a password says so at once; in the terminal's background it
// would be stopped, and waited for until the time is over.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// endGroup kills the command and what it started. It may have ended already.
func endGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
