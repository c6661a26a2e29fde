package pop3client_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"testing"

	"popmark/pop3client"
	"popmark/pop3server"
)

// stls is a server on which TLS is reached with STLS.
func stls(t *testing.T, want pop3server.Certificate, options ...pop3server.Option) (addr string, client *tls.Config) {
	t.Helper()
	ca, err := pop3server.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	server, client, err := ca.ServerTLS(want)
	if err != nil {
		t.Fatal(err)
	}
	_, addr = serve(t, append([]pop3server.Option{pop3server.WithTLS(server), account()}, options...)...)
	return addr, client
}

func TestSTLS(t *testing.T) {
	addr, config := stls(t, pop3server.Certificate{})
	c, err := pop3client.Dial(t.Context(), "tcp", addr, &pop3client.Options{TLSConfig: config})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Capa().Wait(t.Context()); err != nil || !c.Capabilities().STLS() {
		t.Fatal(err)
	}
	if err := c.StartTLS(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.Capabilities().Asked {
		t.Error("what CAPA said in clear is still believed")
	}
	if state, on := c.TLS(); !on || state.Version < tls.VersionTLS12 {
		t.Errorf("TLS is %v, %x", on, state.Version)
	}
	if err := c.StartTLS(t.Context()); !errors.Is(err, pop3client.ErrNoTLS) {
		t.Errorf("a second STLS: %v", err)
	}
	if _, err := c.Login(t.Context(), pop3client.Credentials{User: "u", Password: "secret"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Quit().Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestSTLSInjectionDropsTheConnection(t *testing.T) {
	addr, config := stls(t, pop3server.Certificate{}, pop3server.WithHooks(pop3server.InjectAfterSTLS("+OK logged in\r\n")))
	c, err := pop3client.Dial(t.Context(), "tcp", addr, &pop3client.Options{TLSConfig: config})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.StartTLS(t.Context()); !errors.Is(err, pop3client.ErrInjection) {
		t.Fatalf("the error is %v", err)
	}
	if _, err := c.User("u").Wait(t.Context()); !errors.Is(err, pop3client.ErrInjection) || c.State() != pop3client.StateClosed {
		t.Errorf("afterwards: %v, %s", err, c.State())
	}
}

func TestSTLSRefusedLeavesTheSession(t *testing.T) {
	_, addr := serve(t, account())
	c, err := pop3client.Dial(t.Context(), "tcp", addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	var refused *pop3client.ServerError
	if err := c.StartTLS(t.Context()); !errors.As(err, &refused) {
		t.Fatalf("%v", err)
	}
	if _, err := c.Quit().Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCertificatesAreVerified(t *testing.T) {
	for name, tc := range map[string]struct {
		want  pop3server.Certificate
		check func(error) bool
	}{
		"expired": {pop3server.Expired(), func(err error) bool {
			var e x509.CertificateInvalidError
			return errors.As(err, &e) && e.Reason == x509.Expired
		}},
		"wrong name":  {pop3server.WrongName(), func(err error) bool { var e x509.HostnameError; return errors.As(err, &e) }},
		"self-signed": {pop3server.Certificate{SelfSigned: true}, func(err error) bool { var e x509.UnknownAuthorityError; return errors.As(err, &e) }},
	} {
		t.Run(name, func(t *testing.T) {
			addr, config := stls(t, tc.want)
			config.ServerName = ""
			c, err := pop3client.Dial(t.Context(), "tcp", addr, &pop3client.Options{TLSConfig: config})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			if err := c.StartTLS(t.Context()); !tc.check(err) {
				t.Errorf("the error is %v", err)
			}
			if _, err := c.User("u").Wait(t.Context()); err == nil {
				t.Error("the session goes on in clear")
			}
		})
	}
}

// TestP2_TLSWithoutCloseNotifyIsCut cuts a TLS connection inside a message, with and without the
// goodbye that a whole stream would have; neither makes the text whole.
func TestP2_TLSWithoutCloseNotifyIsCut(t *testing.T) {
	message := pop3server.NewMessage("a", pop3server.CRLF("Subject: x", "", "text"))
	for _, how := range []pop3server.End{pop3server.Truncate, pop3server.Close, pop3server.Reset} {
		_, addr, config := secured(t, pop3server.WithUser("u", "secret", pop3server.NewMemory(message)),
			pop3server.WithHooks(pop3server.CutIn(pop3server.On("RETR"), 20, how)))
		c, err := pop3client.DialTLS(t.Context(), "tcp", addr, &pop3client.Options{TLSConfig: config})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Login(t.Context(), pop3client.Credentials{User: "u", Password: "secret"}); err != nil {
			t.Fatal(err)
		}
		body, err := c.Retr(1).Wait(t.Context())
		if err == nil {
			_, err = io.Copy(io.Discard, body)
		}
		var cut *pop3client.CutError
		if !errors.As(err, &cut) || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%v: %v", how, err)
		}
		_ = c.Close()
	}
}

func TestTLS11IsRefused(t *testing.T) {
	ca, err := pop3server.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	server, client, err := ca.ServerTLS(pop3server.Certificate{})
	if err != nil {
		t.Fatal(err)
	}
	server.MinVersion, server.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 //nolint:gosec // an old server
	client.MinVersion = tls.VersionTLS10                                      //nolint:gosec // a careless caller
	l, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	served := make(chan struct{})
	go func() {
		defer close(served)
		if conn, err := l.Accept(); err == nil {
			_, _ = io.WriteString(conn, "+OK\r\n")
			_ = conn.Close()
		}
	}()
	_, err = pop3client.DialTLS(t.Context(), "tcp", l.Addr().String(), &pop3client.Options{TLSConfig: client})
	if err == nil {
		t.Error("TLS 1.1 was taken")
	}
	<-served
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		t.Errorf("it never came to a handshake: %v", err)
	}
}
