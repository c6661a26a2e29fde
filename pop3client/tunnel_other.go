//go:build !unix

package pop3client

import "os/exec"

func ownGroup(*exec.Cmd) {}

// endGroup kills the command. It may have ended already.
func endGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
