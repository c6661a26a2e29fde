package pop3client

import (
	"context"
	"net"
)

// unixDialer dials one path, whatever it is asked for.
type unixDialer struct{ path string }

// NewUnixDialer returns a dialer to a unix socket, whatever address it is given: that still serves
// to name the server in a certificate.
func NewUnixDialer(path string) ContextDialer { return unixDialer{path} }

func (d unixDialer) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, "unix", d.path)
}
