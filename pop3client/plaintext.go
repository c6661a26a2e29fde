package pop3client

import (
	"crypto/tls"
	"net"
)

// MayCarryPassword reports whether a password may go over a connection in clear: because it is
// encrypted, because the peer's address is loopback (the address, not a name: names can be made to
// lie), because it is a unix socket, or because it is a [net.Pipe] within the process.
//
// A tunnel command and a connection through a proxy count as not encrypted, wherever the proxy is:
// what lies behind their far end is not known.
func MayCarryPassword(conn net.Conn) bool {
	if _, ok := conn.(*tls.Conn); ok {
		return true
	}
	addr := conn.RemoteAddr()
	if addr == nil {
		return false
	}
	switch addr := addr.(type) {
	case *net.TCPAddr:
		return addr.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return addr.Network() == "pipe"
}

// MayCarryPassword reports whether a password may go over the connection as it is now. See [MayCarryPassword].
func (c *Client) MayCarryPassword() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return MayCarryPassword(c.conn)
}
