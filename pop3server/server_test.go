package pop3server

import (
	"crypto/x509"
	"net"
	"strings"
	"testing"
)

func TestServeEndsWithoutErrorAtClose(t *testing.T) {
	s := New(WithUser("ann", "secret", three()), WithoutLog())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- s.Serve(l) }()
	dial(t, l.Addr().String()).chat(login + "> QUIT\n< +OK bye\n< EOF")
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if got := s.Commands(); got != nil {
		t.Errorf("a server without a log has %q", got)
	}
	late, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(late); err == nil {
		t.Error("a closed server serves")
	}
}

func TestServeTellsWhyItCannotAccept(t *testing.T) {
	s := New()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(l); err == nil || !strings.HasPrefix(err.Error(), "accept POP3 connections: ") {
		t.Errorf("Serve: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestListenSaysWhatIsWrong(t *testing.T) {
	s := New()
	for _, tt := range []struct {
		listen func(string) (net.Addr, error)
		addr   string
		want   string
	}{
		{s.Listen, "127.0.0.1:99999", "serve POP3 on 127.0.0.1:99999: "},
		{s.ListenTLS, "127.0.0.1:0", "no certificate: give the server WithTLS"},
	} {
		if _, err := tt.listen(tt.addr); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.addr, err, tt.want)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestMechanismsAreThoseAskedFor(t *testing.T) {
	_, addr := start(t, account(), WithMechanisms("LOGIN", "PLAIN"))
	dial(t, addr).chat("< +OK *\n> AUTH\n< +OK\n< LOGIN\n< PLAIN\n< .\n> AUTH CRAM-MD5\n< -ERR unknown authentication mechanism")
}

// A client that says it could bind, over a connection whose server offers it,
// has been shown a shortened list (RFC 5802 section 6).
func TestSCRAMNoticesAShortenedList(t *testing.T) {
	_, server, config := secure(t, Certificate{})
	_, addr := start(t, account(), WithTLS(server))
	c := dial(t, addr)
	c.chat("< +OK *\n> AUTH SCRAM-SHA-256 " + b64("y,,n=ann,r=x") + "\n< + *\n> *\n< -ERR authentication cancelled")
	c, _ = c.startTLS(config)
	c.chat("> AUTH SCRAM-SHA-256 " + b64("y,,n=ann,r=x") + "\n< -ERR [AUTH] *\n> QUIT\n< +OK bye")
}

func TestAuthorityAsAFileIsTrusted(t *testing.T) {
	authority, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := authority.Issue(Certificate{Hosts: []string{"mail.example", "192.0.2.1"}})
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(certificate.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority.PEM()) {
		t.Fatal("no certificate in the PEM")
	}
	for _, host := range []string{"mail.example", "192.0.2.1"} {
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: host}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestReadyMadeHooksKeepToTheirSession(t *testing.T) {
	_, addr := start(t, WithUser("ann", "secret", three()), WithHooks(InSession(2, CutAt(5, Close))))
	dial(t, addr).chat(login + "> QUIT\n< +OK bye")
	dial(t, addr).chat("< EOF after +OK p")
	dial(t, addr).chat(login + "> QUIT\n< +OK bye")
}
