package pop3client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"

	"golang.org/x/net/proxy"
)

// proxyDialer dials through a SOCKS5 proxy.
type proxyDialer struct{ through proxy.ContextDialer }

// NewSOCKS5Dialer returns a dialer through the SOCKS5 proxy (RFC 1928) of a URL such as
// socks5://user:password@host:1080; the port is 1080 unless given. Names are looked up by the proxy,
// with socks5h:// as with socks5://. base, or a [net.Dialer] where it is nil, connects to the proxy.
//
// The connection's RemoteAddr is the address that was asked for: a proxy on this machine does not
// make its far end loopback.
func NewSOCKS5Dialer(proxyURL string, base ContextDialer) (ContextDialer, error) {
	u, err := url.Parse(proxyURL)
	if err != nil {
		// What is wrong would be quoted, and it may be a piece of the password.
		return nil, errors.New("reading the proxy's URL: it is not one such as socks5://user:password@host:1080, with %2F, %3F, %23 and %25 for / ? # and % in a password")
	}
	if u.Scheme != "socks5" && u.Scheme != "socks5h" {
		return nil, fmt.Errorf("reading the proxy's URL: the scheme %q is not socks5", u.Scheme)
	}
	if u.Hostname() == "" {
		return nil, errors.New("reading the proxy's URL: it has no host")
	}
	port := u.Port()
	if port == "" {
		port = "1080"
	}
	var auth *proxy.Auth
	if u.User != nil {
		password, _ := u.User.Password()
		auth = &proxy.Auth{User: u.User.Username(), Password: password}
	}
	if base == nil {
		base = &net.Dialer{}
	}
	d, err := proxy.SOCKS5("tcp", net.JoinHostPort(u.Hostname(), port), auth, forward{base})
	if err != nil {
		return nil, fmt.Errorf("preparing the SOCKS5 proxy: %w", err)
	}
	through, ok := d.(proxy.ContextDialer)
	if !ok {
		return nil, errors.New("preparing the SOCKS5 proxy: it cannot be left while it connects")
	}
	return proxyDialer{through}, nil
}

func (d proxyDialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := d.through.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return proxiedConn{conn, farAddr{"proxied", addr}}, nil
}

// forward gives a ContextDialer the method without a context that package proxy wants as well.
type forward struct{ ContextDialer }

func (f forward) Dial(network, addr string) (net.Conn, error) {
	return f.DialContext(context.Background(), network, addr)
}

// proxiedConn is a connection whose far end is not what its socket is connected to.
type proxiedConn struct {
	net.Conn
	far net.Addr
}

func (c proxiedConn) RemoteAddr() net.Addr { return c.far }

// farAddr is an address that is no socket's.
type farAddr struct{ network, addr string }

func (a farAddr) Network() string { return a.network }
func (a farAddr) String() string  { return a.addr }
