package account

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"popmark/pop3client"
)

// dialerOf gives the way to the server: a command, a proxy, a unix socket, or nil for
// the network itself. addr is the server's, as it will be dialled.
func dialerOf(t Target, s Settings, addr string) (pop3client.ContextDialer, error) {
	switch {
	case s.Tunnel != "" && s.Proxy != "":
		return nil, usageError("reading --tunnel and --proxy", "give one of them", "there is one way to a server, not two")
	case t.Scheme == POP3Unix && (s.Tunnel != "" || s.Proxy != ""):
		return nil, usageError("reading the TARGET", "write pop3://user@host to go another way", "a unix socket needs neither --tunnel nor --proxy")
	case s.Tunnel != "":
		return pop3client.NewTunnelDialer(s.Tunnel), nil
	case t.Scheme == POP3Unix:
		return pop3client.NewUnixDialer(t.Path), nil
	case s.Proxy != "":
		d, err := pop3client.NewSOCKS5Dialer(s.Proxy, nil)
		if err != nil {
			return nil, usageError("reading --proxy", "write socks5://host:port", "%w", err)
		}
		return d, nil
	}
	return environmentProxy(addr)
}

// environmentProxy follows ALL_PROXY, except for the hosts of NO_PROXY and this machine's own. Where
// it cannot be followed to addr that is an error: whoever set it does not want to be seen without it.
func environmentProxy(addr string) (pop3client.ContextDialer, error) {
	value, name := os.Getenv("ALL_PROXY"), "ALL_PROXY"
	if value == "" {
		value, name = os.Getenv("all_proxy"), "all_proxy"
	}
	if value == "" {
		return nil, nil
	}
	noProxy := os.Getenv("NO_PROXY")
	if noProxy == "" {
		noProxy = os.Getenv("no_proxy")
	}
	// Which proxy it is plays no part: only whether there is one for a host.
	rules := httpproxy.Config{HTTPProxy: "http://proxy.invalid", NoProxy: noProxy}
	e := exceptions{direct: &net.Dialer{}, proxy: rules.ProxyFunc()}
	var err error
	switch scheme, rest, _ := strings.Cut(value, "://"); strings.ToLower(scheme) {
	case "http", "https":
		// It was set up for the web and does not lead to a POP3 server.
		return nil, nil
	case "socks5", "socks5h":
		e.proxied, err = pop3client.NewSOCKS5Dialer(value, nil)
	case "socks": // as GNOME writes it
		e.proxied, err = pop3client.NewSOCKS5Dialer("socks5://"+rest, nil)
	default:
		err = errors.New("it is no SOCKS5 proxy's URL") // not repeated: it may hold a password
	}
	if err != nil && e.exempt(addr) {
		return nil, nil
	}
	if err != nil {
		return nil, configError("reading the environment's "+name, "write socks5://host:port, unset it, or name the server in NO_PROXY", "%w", err)
	}
	return e, nil
}

// exceptions are a proxy and the hosts that are reached without it.
type exceptions struct {
	proxied, direct pop3client.ContextDialer
	proxy           func(*url.URL) (*url.URL, error)
}

func (e exceptions) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return e.way(addr).DialContext(ctx, network, addr)
}

func (e exceptions) way(addr string) pop3client.ContextDialer {
	if e.exempt(addr) {
		return e.direct
	}
	return e.proxied
}

// exempt says whether no proxy stands before an address.
func (e exceptions) exempt(addr string) bool {
	through, err := e.proxy(&url.URL{Scheme: "http", Host: addr})
	return err == nil && through == nil
}
