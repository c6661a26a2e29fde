package pop3client

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"time"
)

// Dial connects without TLS and reads the greeting. addr is "host:port"; network is "tcp", "tcp4",
// "tcp6", or "unix" with a path for addr. An -ERR greeting is a [*ServerError].
func Dial(ctx context.Context, network, addr string, options *Options) (*Client, error) {
	opts := options.withDefaults()
	limited, cancel := withTimeout(ctx, opts.ConnectTimeout)
	defer cancel()
	conn, err := connect(ctx, limited, network, addr, &opts)
	if err != nil {
		return nil, err
	}
	return start(ctx, conn, opts, hostOf(addr))
}

// DialTLS connects with TLS from the first octet (RFC 8314) and reads the greeting. The certificate
// is verified against the host in addr, or Options.TLSConfig.ServerName where that is set.
func DialTLS(ctx context.Context, network, addr string, options *Options) (*Client, error) {
	opts := options.withDefaults()
	limited, cancel := withTimeout(ctx, opts.ConnectTimeout)
	defer cancel()
	conn, err := connect(ctx, limited, network, addr, &opts)
	if err != nil {
		return nil, err
	}
	host := hostOf(addr)
	secured, err := handshake(ctx, limited, conn, &opts, host)
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("changing to TLS with %s: %w", addr, err)
	}
	return start(ctx, secured, opts, host)
}

// New reads the greeting from a connection that is open already, and takes the connection over: it
// is closed also where New fails. A [*tls.Conn] counts as encrypted. StartTLS then needs
// Options.TLSConfig.ServerName, there being no address to take the name from.
func New(ctx context.Context, conn net.Conn, options *Options) (*Client, error) {
	return start(ctx, conn, options.withDefaults(), "")
}

// connect connects within limited, which is ctx with opts.ConnectTimeout.
func connect(ctx, limited context.Context, network, addr string, opts *Options) (net.Conn, error) {
	conn, err := opts.Dialer.DialContext(limited, network, addr)
	if err != nil {
		if ctx.Err() == nil && limited.Err() != nil {
			err = &TimeoutError{Step: "connecting", After: opts.ConnectTimeout, Err: err}
		}
		return nil, fmt.Errorf("connecting to %s: %w", addr, err)
	}
	return conn, nil
}

// handshake changes a connection to TLS, within limited as connect. The connection is not closed where it fails.
func handshake(ctx, limited context.Context, conn net.Conn, opts *Options, host string) (*tls.Conn, error) {
	config := opts.TLSConfig.Clone()
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(limited); err != nil {
		if ctx.Err() == nil && limited.Err() != nil {
			return nil, &TimeoutError{Step: "the TLS handshake", After: opts.ConnectTimeout}
		}
		return nil, err
	}
	return secured, nil
}

// hostOf is the host that a certificate has to be for, "" where the address has none.
func hostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	host, _, _ = strings.Cut(host, "%") // an IPv6 zone is no part of a certificate
	return host
}

// start makes the client and reads the greeting.
func start(ctx context.Context, conn net.Conn, opts Options, host string) (*Client, error) {
	c := newClient(conn, opts)
	c.serverName = host
	if err := c.greet(ctx); err != nil {
		c.end(err)
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// greet reads the greeting as the answer to a command without a name.
func (c *Client) greet(ctx context.Context) error {
	if err := c.acquire(ctx); err != nil {
		return &leftError{"", err}
	}
	defer c.release()
	c.waitFrom = time.Now()
	cmd := &command{n: none, m: none}
	line, err := c.readLine(ctx, cmd, "GreetingOctets", c.opts.Limits.GreetingOctets)
	for blanks := 0; err == nil && len(line) == 0 && blanks < maxBlankLines; blanks++ {
		line, err = c.readLine(ctx, cmd, "GreetingOctets", c.opts.Limits.GreetingOctets)
	}
	if err != nil {
		return err
	}
	if t := c.opts.Transcript; t != nil {
		t.server(c.redact(string(line)))
	}
	c.noteLine(line)
	status, rest := splitStatus(line)
	switch status {
	case statusOK:
		greeting := c.redact(string(rest))
		c.mu.Lock()
		c.greeting = greeting
		c.timestamp = findTimestamp(rest)
		defer c.mu.Unlock()
		if !c.in.blank() {
			c.outOfTurn(cmd)
		}
		return c.fatal
	case statusErr:
		return c.serverError("", rest)
	}
	return &ProtocolError{Problem: "it does not begin with +OK or -ERR", Line: c.shown(line)}
}
