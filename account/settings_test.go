package account

import (
	"errors"
	"testing"
	"time"
)

func mustTarget(t *testing.T, s string) Target {
	t.Helper()
	target, err := ParseTarget(s)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func TestTLSPolicy(t *testing.T) {
	for _, tc := range []struct {
		target, tls string
		mode        tlsMode
		addr        string
		refused     bool
	}{
		{"pop3://u@h", "auto", opportunistic, "h:110", false},
		{"pop3://u@h", "", opportunistic, "h:110", false},
		{"pop://u@h", "auto", opportunistic, "h:110", false},
		{"pop3://u@h", "implicit", implicit, "h:995", false},
		{"pop3://u@h:1", "implicit", implicit, "h:1", false},
		{"pop3://u@h", "starttls", required, "h:110", false},
		{"pop3://u@h", "none", never, "h:110", false},
		{"pop3s://u@h", "auto", implicit, "h:995", false},
		{"pop3s://u@h:1", "implicit", implicit, "h:1", false},
		{"pop3s://u@h", "starttls", 0, "", true},
		{"pop3s://u@h", "none", 0, "", true},
		{"pop3://u@h", "tls", 0, "", true},
		{"pop3+unix://u@/s", "auto", never, "/s", false},
		{"pop3://u@[::1]", "auto", opportunistic, "[::1]:110", false},
	} {
		t.Run(tc.target+" "+tc.tls, func(t *testing.T) {
			a, err := New(mustTarget(t, tc.target), Settings{TLS: tc.tls})
			if tc.refused {
				wantKind(t, err, Usage)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if a.mode != tc.mode || a.address() != tc.addr {
				t.Errorf("got mode %d at %s, want %d at %s", a.mode, a.address(), tc.mode, tc.addr)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		s    Settings
		kind Kind
	}{
		"unknown --auth":         {Settings{Auth: "kerberos"}, Usage},
		"negative --timeout":     {Settings{Timeout: -time.Second}, Usage},
		"negative --wait":        {Settings{Wait: -time.Second}, Usage},
		"missing --tls-ca":       {Settings{TLSCA: "/nonexistent/ca.pem"}, Configuration},
		"--tls-ca without PEM":   {Settings{TLSCA: "/dev/null"}, Configuration},
		"missing --tls-cert":     {Settings{TLSCert: "/nonexistent/cert.pem"}, Configuration},
		"--tls-key alone":        {Settings{TLSKey: "/dev/null"}, Usage},
		"fingerprint of another": {Settings{TLSFingerprint: "md5:00"}, Usage},
		"short fingerprint":      {Settings{TLSFingerprint: "sha256:00"}, Usage},
		"odd fingerprint":        {Settings{TLSFingerprint: "sha256:xyz"}, Usage},
		"proxy and tunnel":       {Settings{Proxy: "socks5://p:1", Tunnel: "cat"}, Usage},
		"proxy of another kind":  {Settings{Proxy: "http://p:1"}, Usage},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(mustTarget(t, "pop3://u@h"), tc.s)
			wantKind(t, err, tc.kind)
		})
	}
}

func TestAuthComesFromTheOptionThenFromTheURL(t *testing.T) {
	for _, tc := range []struct{ target, option, want string }{
		{"pop3://u@h", "", "auto"},
		{"pop3://u@h", "plain", "plain"},
		{"pop://u;auth=+apop@h", "", "apop"},
		{"pop://u;auth=+apop@h", "auto", "apop"},
		{"pop://u;auth=+apop@h", "plain", "plain"},
		{"pop://u;auth=*@h", "", "auto"},
	} {
		a, err := New(mustTarget(t, tc.target), Settings{Auth: tc.option})
		if err != nil {
			t.Fatal(err)
		}
		if a.auth() != tc.want {
			t.Errorf("%s with --auth %q logs in with %q, want %q", tc.target, tc.option, a.auth(), tc.want)
		}
	}
}

func wantKind(t *testing.T, err error, kind Kind) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Errorf("got %v, want an error of kind %d", err, kind)
	}
}
