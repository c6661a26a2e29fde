package account

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"popmark/pop3client"
	"popmark/pop3server"
)

// TestErrorsOfConnectingSayEachThingOnce looks at whole lines, as people see them.
func TestErrorsOfConnectingSayEachThingOnce(t *testing.T) {
	t.Setenv("ALL_PROXY", "")
	t.Setenv("all_proxy", "")
	closed := closedPort(t)
	_, unencrypted := serve(t)
	authority, err := pop3server.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, authority.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	wrong, _, err := authority.ServerTLS(pop3server.WrongName())
	if err != nil {
		t.Fatal(err)
	}
	s := pop3server.New(pop3server.WithTLS(wrong), pop3server.WithUser("joe", "secret", pop3server.NewMemory()))
	defer func() { _ = s.Close() }()
	plainAddr, err := s.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tlsAddr, err := s.ListenTLS("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(t.TempDir(), "socket")
	for _, tc := range []struct {
		target   string
		settings Settings
		want     string // the line, or its beginning where it ends with …
	}{
		{"pop3://joe@" + closed, Settings{}, "connecting to " + closed + ": connection refused"},
		{"pop3s://joe@" + closed, Settings{}, "connecting to " + closed + ": connection refused"},
		{"pop3+unix://joe@" + missing, Settings{}, "connecting to " + missing + ": no such file or directory"},
		{
			"pop3://joe@mail.example",
			Settings{Proxy: "socks5://" + closed},
			"connecting to mail.example:110: through the proxy " + closed + ": connection refused",
		},
		{
			"pop3s://joe@" + unencrypted,
			Settings{},
			"connecting to " + unencrypted + ": the server does not speak TLS there: the port may be one that begins in clear, write pop3:// then",
		},
		{
			"pop3s://joe@" + tlsAddr.String(),
			Settings{},
			"connecting to " + tlsAddr.String() + ": its certificate can't be trusted: …",
		},
		{
			"pop3s://joe@" + tlsAddr.String(),
			Settings{TLSCA: ca},
			"connecting to " + tlsAddr.String() + ": its certificate can't be trusted: …",
		},
		{
			"pop3s://joe@" + tlsAddr.String(),
			Settings{TLSFingerprint: "sha256:" + strings.Repeat("00", 32)},
			"connecting to " + tlsAddr.String() + ": the server's certificate is not the one that --tls-fingerprint names, it is sha256:…",
		},
		{
			"pop3://joe@" + plainAddr.String(),
			Settings{},
			"encrypting the connection to " + plainAddr.String() + ": its certificate can't be trusted: …",
		},
	} {
		_, err := connect(t, tc.target, tc.settings)
		if err == nil {
			t.Errorf("%s connects", tc.target)
			continue
		}
		begin, open := strings.CutSuffix(tc.want, "…")
		if got := err.Error(); !strings.HasPrefix(got, begin) || !open && got != begin {
			t.Errorf("%s: %s\nwant %s", tc.target, got, tc.want)
		}
	}
}

func TestErrorOfLookingUpNamesTheHost(t *testing.T) {
	for want, err := range map[string]*net.DNSError{
		`there is no host "nohost.invalid"`:               {Err: "no such host", Name: "nohost.invalid", Server: "192.0.2.1:53", IsNotFound: true},
		`looking up "nohost.invalid" took too long`:       {Err: "i/o timeout", Name: "nohost.invalid", Server: "192.0.2.1:53", IsTimeout: true},
		`looking up "nohost.invalid": server misbehaving`: {Err: "server misbehaving", Name: "nohost.invalid", Server: "192.0.2.1:53"},
	} {
		wrapped := &net.OpError{Op: "dial", Net: "tcp", Err: err}
		if got := plain(wrapped); got.Error() != want {
			t.Errorf("%v became %v, want %s", wrapped, got, want)
		}
	}
}

func TestErrorOfAHandshakeThatTheServerEndsIsNotTwice(t *testing.T) {
	got := plain(&net.OpError{Op: "remote error", Err: tls.AlertError(40)})
	if got.Error() != "the server refused the TLS handshake: handshake failure" {
		t.Errorf("got %v", got)
	}
}

// silent is a dialer whose connections never say anything.
type silent struct{ t *testing.T }

func (d silent) DialContext(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	d.t.Cleanup(func() { _ = far.Close() })
	return near, nil
}

func TestSilenceWhereAGreetingIsDueHintsAtTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, err := New(mustTarget(t, "pop3://joe@mail.example"), Settings{Password: "secret", Timeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		a.options.Dialer = silent{t}
		_, _, err = a.Connect(t.Context(), Hints{})
		if _, ok := errors.AsType[*pop3client.TimeoutError](err); !ok || !strings.Contains(err.Error(), "no greeting within 5s: write pop3s://") {
			t.Errorf("got %v", err)
		}
	})
}

// TestAdviceFitsTheWayToTheServer is for ways on which a host and a port say nothing.
func TestAdviceFitsTheWayToTheServer(t *testing.T) {
	t.Setenv("ALL_PROXY", "")
	t.Setenv("all_proxy", "")
	for _, tc := range []struct {
		target   string
		settings Settings
		reach    string // what Unreachable begins with
		silence  string // what is advised where no greeting comes
	}{
		{"pop3://joe@mail.example", Settings{}, "see that the host and the port are right", "write pop3s:// if the port is one for TLS from the first octet"},
		{"pop3s://joe@mail.example", Settings{}, "see that the host and the port are right", ""},
		{"pop3://joe@mail.example", Settings{Proxy: "socks5://127.0.0.1:1"}, "see that the proxy, the host and the port", "write pop3s:// if the port is one for TLS from the first octet"},
		{"pop3+unix://joe@/run/pop3", Settings{}, "see that the socket's path is right", ""},
		{"pop3://joe@mail.example", Settings{Tunnel: "cat"}, "see that the command of --tunnel", "write pop3s:// if TLS begins with the first octet there; else see that the command of --tunnel"},
	} {
		synctest.Test(t, func(t *testing.T) {
			tc.settings.Password, tc.settings.Timeout = "secret", 5*time.Second
			a, err := New(mustTarget(t, tc.target), tc.settings)
			if err != nil {
				t.Fatal(err)
			}
			if got := a.Unreachable(); !strings.HasPrefix(got, tc.reach) {
				t.Errorf("%s %+v: %s", tc.target, tc.settings, got)
			}
			a.options.Dialer = silent{t}
			if a.mode == implicit {
				a.options.Dialer = deaf{t}
			}
			_, _, err = a.Connect(t.Context(), Hints{})
			own, ok := errors.AsType[*Error](err)
			if !ok || !strings.HasPrefix(own.Next, tc.silence) || tc.silence == "" && own.Next != "" {
				t.Errorf("%s %+v: %v", tc.target, tc.settings, err)
			}
		})
	}
}

func TestSilenceInAHandshakeIsNoLeftWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, err := New(mustTarget(t, "pop3s://joe@mail.example"), Settings{Password: "secret", Timeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		a.options.Dialer = deaf{t}
		_, _, err = a.Connect(t.Context(), Hints{})
		if want := "connecting to mail.example:995: the TLS handshake took longer than 5s"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v looks like a context of the caller's", err)
		}
	})
}

// deaf is a dialer whose connections take everything and never say anything.
type deaf struct{ t *testing.T }

func (d deaf) DialContext(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	go func() { _, _ = io.Copy(io.Discard, far) }()
	d.t.Cleanup(func() { _ = far.Close() })
	return near, nil
}

// closedPort is a loopback address at which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestWhoIsAskedForACertificateIsToldHowToNameIt(t *testing.T) {
	authority, err := pop3server.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, authority.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	config, _, err := authority.ServerTLS(pop3server.Certificate{Hosts: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	config.ClientAuth = tls.RequireAnyClientCert
	s := pop3server.New(pop3server.WithTLS(config), pop3server.WithUser("joe", "secret", pop3server.NewMemory()))
	defer func() { _ = s.Close() }()
	addr, err := s.ListenTLS("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(mustTarget(t, "pop3s://joe@"+addr.String()), Settings{Password: "secret", TLSCA: ca})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = a.Connect(t.Context(), Hints{})
	if own, ok := errors.AsType[*Error](err); !ok || !strings.Contains(own.Next, "--tls-cert FILE") {
		t.Errorf("it says %v", err)
	}
}

func TestARefusalOfTheProxyIsNoUnknownError(t *testing.T) {
	err := &net.OpError{Op: "socks connect", Err: errors.New("unknown error host unreachable")}
	if got := plain(err).Error(); got != "host unreachable" {
		t.Errorf("it says %q", got)
	}
}
