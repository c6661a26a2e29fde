package account

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"popmark/pop3server"
)

func TestACertificateThatIsNamedIsNotDoneWithout(t *testing.T) {
	authority, err := pop3server.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, authority.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	issued, err := authority.Issue(pop3server.Certificate{Name: "joe"})
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(issued.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	both := append(
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: issued.Certificate[0]}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...,
	)
	own := filepath.Join(t.TempDir(), "own.pem")
	if err := os.WriteFile(own, both, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		option string
		s      Settings
	}{
		{"--tls-fingerprint", Settings{TLSFingerprint: "sha256:" + strings.Repeat("00", 32)}},
		{"--tls-ca", Settings{TLSCA: ca}},
		{"--tls-cert", Settings{TLSCert: own}},
	} {
		s, addr := serve(t) // it offers no STLS
		_, err := connect(t, "pop3://joe@"+addr, tc.s)
		wantKind(t, err, Unavailable)
		if !errors.Is(err, ErrNoSTLS) || !strings.Contains(err.Error(), "leave "+tc.option+" out") {
			t.Errorf("%s: %v", tc.option, err)
		}
		for _, line := range s.Commands() {
			if line != "CAPA" && line != "QUIT" {
				t.Errorf("%s: the server got %q", tc.option, line)
			}
		}
		tc.s.TLS = TLSNone
		if _, err := connect(t, "pop3://joe@"+addr, tc.s); err != nil {
			t.Errorf("%s with --tls none: %v", tc.option, err)
		}
	}
}

func TestARefusalThatAsksForTLSIsNotThePasswords(t *testing.T) {
	s, addr := serve(t, pop3server.WithHooks(pop3server.Refuse(pop3server.On("AUTH"), "[AUTH] Plaintext authentication disallowed on non-secure (SSL/TLS) connections.")))
	_, err := connect(t, "pop3://joe@"+addr, Settings{Wait: time.Minute})
	wantKind(t, err, Unavailable)
	if !strings.Contains(err.Error(), "--tls starttls") || s.Sessions() != 1 {
		t.Errorf("%v after %d sessions", err, s.Sessions())
	}
}

func TestNoHintLeadsWhereAnAttackerWants(t *testing.T) {
	for _, tc := range []struct {
		name        string
		certificate pop3server.Certificate
		hooks       []pop3server.Hook
		want        string
		never       []string
	}{
		{"octets behind STLS", pop3server.Certificate{}, []pop3server.Hook{pop3server.InjectAfterSTLS("+OK logged in\r\n")}, "speaking for the server", []string{"--tls none", "--tls-ca"}},
		{"an expired certificate", pop3server.Expired(), nil, "renew it", []string{"--tls none", "--tls-ca"}},
		{"another host's certificate", pop3server.WrongName(), nil, "write the host", []string{"--tls none", "--tls-ca"}},
		{"an authority that is not known", pop3server.Certificate{}, nil, "--tls-ca FILE", []string{"--tls none"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			authority, err := pop3server.NewAuthority()
			if err != nil {
				t.Fatal(err)
			}
			config, _, err := authority.ServerTLS(tc.certificate)
			if err != nil {
				t.Fatal(err)
			}
			ca := filepath.Join(t.TempDir(), "ca.pem")
			if err := os.WriteFile(ca, authority.PEM(), 0o600); err != nil {
				t.Fatal(err)
			}
			settings := Settings{TLSCA: ca}
			if strings.Contains(tc.want, "--tls-ca") {
				settings.TLSCA = ""
			}
			_, addr := serve(t, pop3server.WithTLS(config), pop3server.WithHooks(tc.hooks...))
			_, err = connect(t, "pop3://joe@"+addr, settings)
			wantKind(t, err, Unavailable)
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v", err)
			}
			for _, hint := range tc.never {
				if strings.Contains(err.Error(), hint) {
					t.Errorf("%v: it says %s", err, hint)
				}
			}
		})
	}
}

func TestATunnelThatEndsIsNamedWithItsLastWords(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the command is a Unix shell's")
	}
	for _, target := range []string{"pop3://joe@mail.example", "pop3s://joe@mail.example"} {
		_, err := connect(t, target, Settings{Tunnel: `printf 'Host key \033[1mchanged\n' >&2; exit 255`})
		wantKind(t, err, Unavailable)
		if want := `the tunnel's command ended with exit status 255: Host key \x1b[1mchanged: see that the command of --tunnel`; !strings.Contains(err.Error(), want) {
			t.Errorf("%v", err)
		}
	}
}
