package account

import (
	"context"
	"net"
	"net/url"
	"os"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"popmark/pop3client"
)

// dialerOf gives the way to the server: a command, a proxy, a unix socket, or nil for
// the network itself.
func dialerOf(t Target, s Settings) (pop3client.ContextDialer, error) {
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
	return environmentProxy()
}

// environmentProxy follows ALL_PROXY, except for the hosts of NO_PROXY and this machine's own.
func environmentProxy() (pop3client.ContextDialer, error) {
	value, name := os.Getenv("ALL_PROXY"), "ALL_PROXY"
	if value == "" {
		value, name = os.Getenv("all_proxy"), "all_proxy"
	}
	// A proxy of another kind was set up for the web; it does not lead to a POP3 server.
	switch scheme, _, _ := strings.Cut(value, "://"); strings.ToLower(scheme) {
	case "socks5", "socks5h":
	default:
		return nil, nil
	}
	socks, err := pop3client.NewSOCKS5Dialer(value, nil)
	if err != nil {
		return nil, configError("reading the environment's "+name, "write socks5://host:port, or unset it", "%w", err)
	}
	noProxy := os.Getenv("NO_PROXY")
	if noProxy == "" {
		noProxy = os.Getenv("no_proxy")
	}
	// Which proxy it is plays no part: only whether there is one for a host.
	rules := httpproxy.Config{HTTPProxy: "http://proxy.invalid", NoProxy: noProxy}
	return exceptions{proxied: socks, direct: &net.Dialer{}, proxy: rules.ProxyFunc()}, nil
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
	if through, err := e.proxy(&url.URL{Scheme: "http", Host: addr}); err == nil && through == nil {
		return e.direct
	}
	return e.proxied
}
