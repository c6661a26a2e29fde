package pop3client_test

import (
	"crypto/tls"
	"errors"
	"slices"
	"strings"
	"testing"

	"popmark/pop3client"
	"popmark/pop3server"
)

// secured is a server with a certificate, and how to reach it with TLS from the first octet.
func secured(t *testing.T, options ...pop3server.Option) (s *pop3server.Server, addr string, client *tls.Config) {
	t.Helper()
	ca, err := pop3server.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	server, client, err := ca.ServerTLS(pop3server.Certificate{})
	if err != nil {
		t.Fatal(err)
	}
	// One test's session may not be over when the next begins.
	s = pop3server.New(append([]pop3server.Option{pop3server.WithTLS(server), pop3server.WithSharedMaildrops()}, options...)...)
	l, err := s.ListenTLS("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, l.String(), client
}

func account() pop3server.Option {
	return pop3server.WithAccount("u", pop3server.User{Password: "secret", Token: "token", Maildrop: pop3server.NewMemory()})
}

func TestEveryMechanism(t *testing.T) {
	_, addr, config := secured(t, account())
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		config := config.Clone()
		config.MaxVersion = version
		for _, name := range []string{
			"USER", "APOP", "PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256",
			"SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS", "XOAUTH2", "OAUTHBEARER",
		} {
			for _, right := range []bool{true, false} {
				t.Run(tls.VersionName(version)+" "+name+map[bool]string{true: "", false: " wrong"}[right], func(t *testing.T) {
					c, err := pop3client.DialTLS(t.Context(), "tcp", addr, &pop3client.Options{TLSConfig: config})
					if err != nil {
						t.Fatal(err)
					}
					defer func() { _ = c.Close() }()
					caps, err := c.Capa().Wait(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if strings.Contains(name, "-") && !caps.HasSASL(name) {
						t.Skipf("the server does not offer it: %v", caps.SASL())
					}
					password := "secret"
					if strings.HasPrefix(name, "XO") || strings.HasPrefix(name, "OA") {
						password = "token"
					}
					if !right {
						password += "x"
					}
					used, err := c.Login(t.Context(), pop3client.Credentials{User: "u", Password: password, Mechanism: strings.ToLower(name)})
					if right {
						if err != nil || used != name || c.State() != pop3client.StateTransaction {
							t.Fatalf("%q, %v, %s", used, err, c.State())
						}
						return
					}
					var refused *pop3client.ServerError
					if !errors.As(err, &refused) || refused.Kind() != pop3client.KindRefused {
						t.Fatalf("%v", err)
					}
				})
			}
		}
	}
}

func TestAutoBindsTheChannel(t *testing.T) {
	_, addr, config := secured(t, account())
	c, err := pop3client.DialTLS(t.Context(), "tcp", addr, &pop3client.Options{TLSConfig: config})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	name, err := c.Login(t.Context(), pop3client.Credentials{User: "u", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	if caps := c.Capabilities(); caps.HasSASL("SCRAM-SHA-256-PLUS") != (name == "SCRAM-SHA-256-PLUS") {
		t.Errorf("%s was used of %v", name, caps.SASL())
	}
}

func TestMicrosoftsTwoSteps(t *testing.T) {
	s, addr, config := secured(t, account(), pop3server.WithHooks(pop3server.NoInitialResponse("XOAUTH2")))
	c, err := pop3client.DialTLS(t.Context(), "tcp", addr, &pop3client.Options{TLSConfig: config})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Login(t.Context(), pop3client.Credentials{User: "u", Password: "token", Mechanism: "xoauth2"}); err != nil {
		t.Fatal(err)
	}
	if sent := s.Commands(); !slices.Contains(sent, "AUTH XOAUTH2") {
		t.Errorf("%q", sent)
	}
}

func TestClientCertificate(t *testing.T) {
	ca, err := pop3server.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	server, client, err := ca.ServerTLS(pop3server.Certificate{})
	if err != nil {
		t.Fatal(err)
	}
	own, err := ca.Issue(pop3server.Certificate{Name: "u"})
	if err != nil {
		t.Fatal(err)
	}
	server.ClientAuth, server.ClientCAs = tls.VerifyClientCertIfGiven, ca.Pool()
	client.Certificates = []tls.Certificate{own}
	s := pop3server.New(pop3server.WithTLS(server), account())
	l, err := s.ListenTLS("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	c, err := pop3client.DialTLS(t.Context(), "tcp", l.String(), &pop3client.Options{TLSConfig: client})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if name, err := c.Login(t.Context(), pop3client.Credentials{User: "u", Mechanism: "external"}); err != nil || name != "EXTERNAL" {
		t.Fatalf("%q, %v", name, err)
	}
}

func TestABindingThatTheServerDoesNotKnowIsNoRefusedPassword(t *testing.T) {
	const (
		words = "[AUTH] Unsupported channel binding type"
		plus  = "AUTH SCRAM-SHA-256-PLUS"
	)
	for _, tc := range []struct {
		name      string
		version   uint16
		mechanism string
		hook      pop3server.Hook
		want      string // the mechanism that logs in
		noneLeft  bool
	}{
		{"the other kind", tls.VersionTLS13, "auto", pop3server.Refuse(pop3server.On(plus).Nth(1), words), "SCRAM-SHA-256-PLUS", false},
		{"the other kind with TLS 1.2", tls.VersionTLS12, "auto", pop3server.Refuse(pop3server.On(plus).Nth(1), words), "SCRAM-SHA-256-PLUS", false},
		{"the next mechanism", tls.VersionTLS13, "auto", pop3server.Refuse(pop3server.On(plus), words), "SCRAM-SHA-256", false},
		{"by name", tls.VersionTLS13, "scram-sha-256-plus", pop3server.Refuse(pop3server.On(plus), words), "", true},
		{"one that does not match", tls.VersionTLS13, "auto", pop3server.Refuse(pop3server.On(plus), "[AUTH] channel bindings don't match"), "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, addr, config := secured(t, account(), pop3server.WithHooks(tc.hook), pop3server.WithMechanisms("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"))
			config.MaxVersion = tc.version
			c, err := pop3client.DialTLS(t.Context(), "tcp", addr, &pop3client.Options{TLSConfig: config})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			name, err := c.Login(t.Context(), pop3client.Credentials{User: "u", Password: "secret", Mechanism: tc.mechanism})
			if name != tc.want || (err == nil) != (tc.want != "") || errors.Is(err, pop3client.ErrNoMechanism) != tc.noneLeft {
				t.Errorf("%q, %v: the server got %q", name, err, s.Commands())
			}
		})
	}
}
