package account

import (
	"context"
	"net"
	"net/url"
	"os"

	"golang.org/x/net/proxy"

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
	if value == "" {
		return nil, nil
	}
	u, err := url.Parse(value)
	if err != nil || (u.Scheme != "socks5" && u.Scheme != "socks5h") {
		// A proxy of another kind was set up for the web; it does not lead to a POP3 server.
		return nil, nil //nolint:nilerr // an address that is none is a proxy of another kind
	}
	socks, err := pop3client.NewSOCKS5Dialer(value, nil)
	if err != nil {
		return nil, configError("reading the environment's "+name, "write socks5://host:port, or unset it", "%w", err)
	}
	direct := &net.Dialer{}
	perHost := proxy.NewPerHost(both{socks}, direct)
	perHost.AddFromString("localhost,127.0.0.0/8,::1")
	noProxy := os.Getenv("NO_PROXY")
	if noProxy == "" {
		noProxy = os.Getenv("no_proxy")
	}
	perHost.AddFromString(noProxy)
	return perHost, nil
}

// both gives a dialer with a context the method without one that PerHost asks for.
type both struct{ pop3client.ContextDialer }

func (b both) Dial(network, addr string) (net.Conn, error) {
	return b.DialContext(context.Background(), network, addr)
}
