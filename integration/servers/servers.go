package servers

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// Kind is a server program.
type Kind string

// The servers that can be started.
const (
	Dovecot   Kind = "dovecot"
	Courier   Kind = "courier"
	Popa3d    Kind = "popa3d"
	Solid     Kind = "solid-pop3d"
	Mailutils Kind = "mailutils"
)

// All is every kind.
var All = []Kind{Dovecot, Courier, Popa3d, Solid, Mailutils}

// Server is a server that runs until the test ends.
type Server struct {
	Kind     Kind
	Addr     string // host:port in clear, with STLS where the server has it
	TLSAddr  string // host:port with TLS from the first octet, "" where there is none
	User     string
	Password string
	CA       string // a PEM file with the authority of its certificate, "" without TLS

	drop    maildrop
	stop    func()
	restart func(t testing.TB)
	token   func(t testing.TB, user string, expires time.Time) string
}

// maildrop is where a server keeps its user's mail.
type maildrop interface {
	deliver(t testing.TB, messages []string)
	messages(t testing.TB) []string
}

// Option changes how a server is set up.
type Option func(*settings)

type settings struct {
	lock bool
	cert CertKind
}

// WithLock makes Dovecot let only one session have the maildrop at a time.
func WithLock() Option { return func(s *settings) { s.lock = true } }

// WithCert makes Dovecot show a certificate of that kind.
func WithCert(kind CertKind) Option { return func(s *settings) { s.cert = kind } }

// Start starts a server and waits until it greets.
func Start(t testing.TB, kind Kind, options ...Option) *Server {
	t.Helper()
	var set settings
	for _, o := range options {
		o(&set)
	}
	start := map[Kind]func(testing.TB, settings) *Server{
		Dovecot: startDovecot, Courier: startCourier, Popa3d: startPopa3d, Solid: startSolid, Mailutils: startMailutils,
	}[kind]
	if start == nil {
		t.Fatalf("no such server: %s", kind)
	}
	s := start(t, set)
	t.Cleanup(func() { s.stop() })
	s.waitForGreeting(t)
	return s
}

// Deliver puts messages, with CRLF line ends, into the maildrop, in this order.
func (s *Server) Deliver(t testing.TB, messages ...string) {
	t.Helper()
	s.drop.deliver(t, messages)
}

// Messages is what the maildrop holds now, with CRLF line ends, read from the disk
// and not from the server.
func (s *Server) Messages(t testing.TB) []string {
	t.Helper()
	return s.drop.messages(t)
}

// Kill ends the server at once, with all its sessions, as a crash does.
func (s *Server) Kill() { s.stop() }

// Restart starts a killed Dovecot again, on the same ports.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if s.restart == nil {
		t.Fatalf("%s cannot be started again", s.Kind)
	}
	s.restart(t)
	s.waitForGreeting(t)
}

// Token is an OAuth2 access token that Dovecot accepts for the user until it expires.
func (s *Server) Token(t testing.TB, user string, expires time.Time) string {
	t.Helper()
	if s.token == nil {
		t.Fatalf("%s knows no tokens", s.Kind)
	}
	return s.token(t, user, expires)
}

// Missing ends the test for want of a tool: it is skipped, or fails where tools are
// required.
func Missing(t testing.TB, what, next string) {
	t.Helper()
	if os.Getenv("POPMARK_REQUIRE_TOOLS") == "1" {
		t.Fatalf("%s: POPMARK_REQUIRE_TOOLS asks for it; %s", what, next)
	}
	t.Skipf("skipped: %s; %s", what, next)
}

// Tool is the path of a program that a test needs.
func Tool(t testing.TB, name, next string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		// Servers live where only root's search path leads.
		if path, err = exec.LookPath("/usr/sbin/" + name); err != nil {
			Missing(t, name+" is not installed", next)
		}
	}
	return path
}

// startTimeout is how long a server may take until it greets.
const startTimeout = 20 * time.Second

func (s *Server) waitForGreeting(t testing.TB) {
	t.Helper()
	var last error
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		conn, err := net.DialTimeout("tcp", s.Addr, time.Second)
		if err != nil {
			last = err
			continue
		}
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second)) // a dead connection shows in Read
		var b [512]byte
		n, err := conn.Read(b[:])
		_ = conn.Close()
		if err == nil && strings.HasPrefix(string(b[:n]), "+OK") {
			return
		}
		last = err
	}
	t.Fatalf("%s does not greet on %s: %v", s.Kind, s.Addr, last)
}

// freePort is a loopback address that nothing listens on.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// output collects what a server says, for the log of a test that fails.
type output struct {
	mu sync.Mutex
	b  strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.b.Len() < 64<<10 {
		o.b.Write(p)
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}
