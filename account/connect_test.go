package account

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"popmark/pop3client"
	"popmark/pop3server"
)

// tunnelVariable makes the test's own program the command of --tunnel.
const tunnelVariable = "POPMARK_TEST_TUNNEL"

func TestMain(m *testing.M) {
	if addr := os.Getenv(tunnelVariable); addr != "" {
		tunnel(addr)
		return
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("golang.org/x/term.readPasswordLine"))
}

// tunnel carries standard input and output to an address, as nc does.
func tunnel(addr string) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		os.Exit(1)
	}
	go func() {
		_, _ = io.Copy(conn, os.Stdin)
		_ = conn.Close()
	}()
	_, _ = io.Copy(os.Stdout, conn)
}

// serve starts a server for joe, whose password is secret.
func serve(t *testing.T, options ...pop3server.Option) (s *pop3server.Server, addr string) {
	t.Helper()
	s = pop3server.New(append([]pop3server.Option{pop3server.WithUser("joe", "secret", pop3server.NewMemory())}, options...)...)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	a, err := s.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return s, a.String()
}

// connect logs in and leaves again.
func connect(t *testing.T, target string, s Settings) (Login, error) {
	t.Helper()
	if s.Password == "" {
		s.Password = "secret"
	}
	a, err := New(mustTarget(t, target), s)
	if err != nil {
		t.Fatal(err)
	}
	c, login, err := a.Connect(t.Context(), Hints{})
	if err == nil {
		if c.State() != pop3client.StateTransaction {
			t.Errorf("the state is %v", c.State())
		}
		// The server lets the mailbox go before it answers, so that the next login finds it free.
		if _, err := c.Quit().Wait(t.Context()); err != nil {
			t.Error(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	} else if c != nil {
		t.Error("a client came with the error")
	}
	return login, err
}

func TestP6_PasswordDoesNotLeaveInClear(t *testing.T) {
	s, addr := serve(t, pop3server.WithMechanisms("PLAIN", "LOGIN"), pop3server.Without("APOP"))
	t.Setenv(tunnelVariable, addr)
	// What lies behind a tunnel's far end is not known, so it counts as the open network.
	far := Settings{Tunnel: os.Args[0]}
	for _, auth := range []string{"", "plain", "login", "user", "xoauth2", "oauthbearer"} {
		far.Auth = auth
		_, err := connect(t, "pop3://joe@mail.example", far)
		wantKind(t, err, Configuration)
		if !errors.Is(err, pop3client.ErrPlaintextRefused) || !strings.Contains(err.Error(), "--allow-plaintext") {
			t.Errorf("--auth %q: %v", auth, err)
		}
	}
	for _, line := range s.Commands() {
		if line != "CAPA" && line != "QUIT" {
			t.Errorf("the server got %q", line)
		}
	}
	far.Auth, far.AllowPlaintext = "", true
	if login, err := connect(t, "pop3://joe@mail.example", far); err != nil || login.Mechanism != "PLAIN" {
		t.Errorf("allowed, it logged in with %q: %v", login.Mechanism, err)
	}
	if login, err := connect(t, "pop3://joe@"+addr, Settings{}); err != nil || login.Mechanism != "PLAIN" {
		t.Errorf("to loopback it logged in with %q: %v", login.Mechanism, err)
	}
}

func TestTunnelUsesAPOPWhereTheServerGreetsWithIt(t *testing.T) {
	_, addr := serve(t, pop3server.WithMechanisms("PLAIN"))
	t.Setenv(tunnelVariable, addr)
	login, err := connect(t, "pop3://joe@mail.example", Settings{Tunnel: os.Args[0]})
	if err != nil || login.Mechanism != "APOP" {
		t.Errorf("it logged in with %q: %v", login.Mechanism, err)
	}
}

func TestUnixSocket(t *testing.T) {
	s := pop3server.New(pop3server.WithUser("joe", "secret", pop3server.NewMemory()))
	defer func() { _ = s.Close() }()
	path := filepath.Join(t.TempDir(), "pop3.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	if _, err := connect(t, "pop3+unix://joe@"+path, Settings{Auth: "user"}); err != nil {
		t.Error(err)
	}
	if err := errors.Join(s.Close(), <-done); err != nil {
		t.Error(err)
	}
}

func TestEnvironmentProxyIsNotForThisMachine(t *testing.T) {
	t.Setenv("ALL_PROXY", "socks5://127.0.0.1:1")
	_, addr := serve(t)
	if _, err := connect(t, "pop3://joe@"+addr, Settings{}); err != nil {
		t.Error(err)
	}
	_, err := connect(t, "pop3://joe@mail.example", Settings{})
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("elsewhere it is not used: %v", err)
	}
	t.Setenv("ALL_PROXY", "http://127.0.0.1:1")
	if _, err := connect(t, "pop3://joe@"+addr, Settings{}); err != nil {
		t.Error(err)
	}
}

func TestEnvironmentsNoProxyIsReadAsElsewhere(t *testing.T) {
	t.Setenv("ALL_PROXY", "socks5://127.0.0.1:1")
	for _, tc := range []struct {
		noProxy, addr string
		direct        bool
	}{
		{"", "mail.example:110", false},
		{"", "localhost:110", true},
		{"", "127.9.9.9:110", true},
		{"", "[::1]:110", true},
		{"mail.example", "mail.example:110", true},
		{"other.example, mail.example", "mail.example:995", true},
		{"example", "mail.example:110", true},
		{".example", "mail.example:110", true},
		{"*.example", "mail.example:110", true},
		{"ail.example", "mail.example:110", false},
		{"mail.example:110", "mail.example:110", true},
		{"mail.example:110", "mail.example:995", false},
		{"MAIL.Example", "mail.example:110", true},
		{"192.0.2.0/24", "192.0.2.7:110", true},
		{"192.0.2.0/24", "198.51.100.7:110", false},
		{"2001:db8::1", "[2001:db8::1]:110", true},
		{"*", "mail.example:110", true},
		{"*", "192.0.2.7:110", true},
	} {
		t.Setenv("NO_PROXY", tc.noProxy)
		d, err := environmentProxy(tc.addr)
		if err != nil {
			t.Fatal(err)
		}
		if _, direct := d.(exceptions).way(tc.addr).(*net.Dialer); direct != tc.direct {
			t.Errorf("NO_PROXY=%s: directly to %s is %v, want %v", tc.noProxy, tc.addr, direct, tc.direct)
		}
	}
}

func TestEnvironmentProxyThatCannotBeUsedIsNotPassedBy(t *testing.T) {
	for value, want := range map[string]bool{
		"socks5://me:hun/ter2@127.0.0.1:1":  true,
		"SOCKS5h://me:hunter2%zz@127.0.0.1": true,
		"socks5://":                         true,
		"socks://":                          true,
		"socks4://127.0.0.1:1":              true,
		"socks4a://me:hunter2@127.0.0.1:1":  true,
		"127.0.0.1:1":                       true,
		"me:hunter2@127.0.0.1:1":            true,
		"junk":                              true,
		"socks://127.0.0.1:1":               false,
		"socks5h://127.0.0.1:1":             false,
		"http://127.0.0.1:1":                false, // the web's
		"HTTPS://127.0.0.1:1":               false,
	} {
		t.Setenv("ALL_PROXY", value)
		t.Setenv("NO_PROXY", "other.example")
		_, err := New(mustTarget(t, "pop3://joe@mail.example"), Settings{})
		if (err != nil) != want {
			t.Errorf("%s: %v", value, err)
		}
		if err != nil {
			wantKind(t, err, Configuration)
			if strings.Contains(err.Error(), "hun") {
				t.Errorf("%v repeats the password", err)
			}
		}
		for target, noProxy := range map[string]string{"pop3://joe@mail.example": ".example", "pop3://joe@localhost": ""} {
			t.Setenv("NO_PROXY", noProxy)
			if _, err := New(mustTarget(t, target), Settings{}); err != nil {
				t.Errorf("%s stands before %s all the same: %v", value, target, err)
			}
		}
	}
	t.Setenv("ALL_PROXY", "socks://127.0.0.1:1")
	t.Setenv("NO_PROXY", "")
	if _, err := connect(t, "pop3://joe@mail.example", Settings{}); err == nil || !strings.Contains(err.Error(), "through the proxy 127.0.0.1:1") {
		t.Errorf("socks:// is not SOCKS5: %v", err)
	}
}

func TestWaitEndsWhenTheServerAsksForLonger(t *testing.T) {
	s, addr := serve(t, pop3server.WithHooks(pop3server.Refuse(pop3server.On("AUTH"), "[LOGIN-DELAY] too soon")),
		pop3server.WithCapabilities(func(_ pop3server.Phase, lines []string) []string { return append(lines, "LOGIN-DELAY 300") }))
	told := false
	_, err := connect(t, "pop3://joe@"+addr, Settings{Wait: 10 * time.Second, Waiting: func(Wait) { told = true }})
	if !tryLater(err) || told || s.Sessions() != 1 {
		t.Errorf("got %v after %d sessions", err, s.Sessions())
	}
}

func TestWaitTriesAgainOnlyWhereTheServerAsks(t *testing.T) {
	for text, again := range map[string]bool{
		"[IN-USE] locked":       true,
		"[SYS/TEMP] overloaded": true,
		"[AUTH] wrong":          false,
		"[SYS/PERM] closed":     false,
	} {
		s, addr := serve(t, pop3server.WithHooks(pop3server.Refuse(pop3server.On("AUTH").Nth(1), text)))
		var waits []Wait
		_, err := connect(t, "pop3://joe@"+addr, Settings{Wait: 5 * time.Second, Waiting: func(w Wait) { waits = append(waits, w) }})
		if again != (err == nil) || again != (s.Sessions() == 2) || again != (len(waits) == 1) {
			t.Errorf("%s: got %v after %d sessions, %d waits", text, err, s.Sessions(), len(waits))
		}
		if len(waits) == 1 && waits[0].Pause != time.Second {
			t.Errorf("the first pause is %v", waits[0].Pause)
		}
	}
}

func TestP10_WaitCanBeLeft(t *testing.T) {
	_, addr := serve(t, pop3server.WithHooks(pop3server.Refuse(pop3server.On("AUTH"), "[IN-USE] locked")))
	ctx, cancel := context.WithCancel(t.Context())
	a, err := New(mustTarget(t, "pop3://joe@"+addr), Settings{Password: "secret", Wait: time.Hour, Waiting: func(Wait) { cancel() }})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.Connect(ctx, Hints{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's end", err)
	}
}

func TestSTLSIsAskedForWhereItWasOfferedBefore(t *testing.T) {
	s, addr := serve(t) // it offers none now
	a, err := New(mustTarget(t, "pop3://joe@"+addr), Settings{Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = a.Connect(t.Context(), Hints{Capabilities: []string{"STLS", "USER"}})
	wantKind(t, err, Unavailable)
	for _, line := range s.Commands() {
		if strings.Contains(line, "joe") {
			t.Errorf("the server got %q", line)
		}
	}
}

func TestHintsSaveRoundTripsWhereEncryptingDoesNotHangOnThem(t *testing.T) {
	authority, err := pop3server.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	config, _, err := authority.ServerTLS(pop3server.Certificate{Hosts: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, authority.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		tls           string
		first, second []string
	}{
		{TLSAuto, []string{"CAPA", "STLS", "CAPA", "AUTH"}, []string{"STLS", "AUTH"}},
		{TLSNone, []string{"CAPA", "AUTH"}, []string{"AUTH"}},
		{TLSImplicit, []string{"CAPA", "AUTH"}, []string{"AUTH"}},
	} {
		s, addr := serve(t, pop3server.WithTLS(config), pop3server.WithSharedMaildrops())
		if tc.tls == TLSImplicit {
			a, err := s.ListenTLS("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			addr = a.String()
		}
		a, err := New(mustTarget(t, "pop3://joe@"+addr), Settings{Password: "secret", TLS: tc.tls, TLSCA: ca})
		if err != nil {
			t.Fatal(err)
		}
		var hints Hints
		for session, want := range [][]string{tc.first, tc.second} {
			c, login, err := a.Connect(t.Context(), hints)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			hints.Capabilities = login.Capabilities
			if got := verbs(s.SessionCommands(session + 1)); !slices.Equal(got, want) {
				t.Errorf("--tls %s, session %d: the server got %q, want %q", tc.tls, session+1, got, want)
			}
		}
	}
}

// verbs are the first words of commands, without the lines that answer AUTH's challenges.
func verbs(lines []string) []string {
	var all []string
	for _, line := range lines {
		if verb, _, _ := strings.Cut(line, " "); verb == "AUTH" || verb == "CAPA" || verb == "STLS" {
			all = append(all, verb)
		}
	}
	return all
}

func TestHintsThatAreNotTrueAnyMore(t *testing.T) {
	authority, err := pop3server.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	config, _, err := authority.ServerTLS(pop3server.Certificate{Hosts: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	s, _ := serve(t, pop3server.WithTLS(config), pop3server.WithMechanisms("PLAIN"), pop3server.Without("USER", "APOP"))
	addr, err := s.ListenTLS("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(mustTarget(t, "pop3s://joe@"+addr.String()), Settings{Password: "secret", TLSFingerprint: fingerprint(config.Certificates[0].Certificate[0])})
	if err != nil {
		t.Fatal(err)
	}
	c, login, err := a.Connect(t.Context(), Hints{Capabilities: []string{"SASL CRAM-MD5"}})
	if err != nil {
		t.Fatal(err)
	}
	if login.Mechanism != "PLAIN" {
		t.Errorf("it logged in with %s", login.Mechanism)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestTLSFingerprintPinsTheCertificate(t *testing.T) {
	authority, err := pop3server.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	config, _, err := authority.ServerTLS(pop3server.Expired()) // a pin asks for this certificate, whoever signed it
	if err != nil {
		t.Fatal(err)
	}
	_, addr := serve(t, pop3server.WithTLS(config), pop3server.WithSharedMaildrops())
	pin := fingerprint(config.Certificates[0].Certificate[0])
	if login, err := connect(t, "pop3://joe@"+addr, Settings{TLSFingerprint: pin}); err != nil || !login.STLS {
		t.Errorf("the right pin: %v", err)
	}
	_, err = connect(t, "pop3://joe@"+addr, Settings{TLSFingerprint: "sha256:" + strings.Repeat("00", 32)})
	wantKind(t, err, Unavailable)
	if !strings.Contains(err.Error(), pin) {
		t.Errorf("%q does not tell the certificate's own fingerprint", err)
	}
	_, err = connect(t, "pop3://joe@"+addr, Settings{})
	wantKind(t, err, Unavailable)
}

func TestPasswordThatCannotBeSent(t *testing.T) {
	_, addr := serve(t)
	_, err := connect(t, "pop3://joe@"+addr, Settings{Password: "a\r\nDELE 1"})
	wantKind(t, err, Configuration)
}

func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = connect(t, "pop3://joe@127.0.0.1:"+strconv.Itoa(port), Settings{})
	wantKind(t, err, Wire)
	if !strings.HasPrefix(err.Error(), "connecting to 127.0.0.1:") {
		t.Error(err)
	}
}
