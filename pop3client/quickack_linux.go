package pop3client

import (
	"net"
	"syscall"
)

// quickAck gives a function that has the system acknowledge what comes next at once, nil where it can't. A
// server that writes an answer in two pieces often sends the second only when the first is
// acknowledged (RFC 896), and the system puts that off for 40 ms, in the hope of something to send
// with it: with one command at a time there is nothing, and each would take as long. The system goes
// back to its own ways soon, so it is to be told again with each command.
func quickAck(conn net.Conn) func() {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	set := func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1) // it is no TCP connection, or slower
	}
	return func() { _ = raw.Control(set) } // a closed connection needs none
}
