package pop3client

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestSCRAMDistrust(t *testing.T) {
	scram := func(t *testing.T, part func(p *peer, nonce string)) error {
		t.Helper()
		c := meet(t, nil, func(p *peer) {
			line, _ := p.r.ReadString('\n')
			raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(strings.TrimPrefix(line, "AUTH SCRAM-SHA-256 ")))
			if err != nil {
				t.Errorf("%q: %v", line, err)
				return
			}
			_, nonce, _ := strings.Cut(string(raw), "r=")
			part(p, nonce)
		})
		cr := alice
		cr.Mechanism = "scram-sha-256"
		_, err := c.Login(t.Context(), cr)
		if err == nil {
			t.Fatal("the login was taken")
		}
		return err
	}
	first := func(nonce string, iterations any) string {
		return "+ " + b64(fmt.Sprintf("r=%sserver,s=%s,i=%v", nonce, b64("salt"), iterations)) + "\r\n"
	}
	t.Run("too many iterations", func(t *testing.T) {
		err := scram(t, func(p *peer, nonce string) {
			p.say(first(nonce, 1_000_001))
			p.answer("*", "-ERR cancelled\r\n")
			p.hush()
		})
		if e := asError[*LimitError](t, err); e.Limit != "SCRAMIterations" {
			t.Errorf("%v", err)
		}
	})
	for name, bad := range map[string]any{"too few iterations": 4095, "no number": "x", "overflow": "99999999999999999999"} {
		t.Run(name, func(t *testing.T) {
			err := scram(t, func(p *peer, nonce string) {
				p.say(first(nonce, bad))
				p.answer("*", "-ERR cancelled\r\n")
				p.hush()
			})
			if e := asError[*ProtocolError](t, err); !strings.Contains(e.Problem, "iteration") {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("iterations behind a cancelled exchange", func(t *testing.T) {
		err := scram(t, func(p *peer, nonce string) {
			p.say("+ " + b64("x") + "\r\n")
			p.answer("*", first(nonce, 2_000_000_000))
			p.hush()
		})
		if !strings.Contains(err.Error(), "goes on with what was cancelled") {
			t.Errorf("%v", err)
		}
	})
	t.Run("iterations behind an error", func(t *testing.T) {
		err := scram(t, func(p *peer, nonce string) {
			p.say("+ " + b64("e=other-error") + "\r\n")
			p.answer("", first(nonce, 2_000_000_000))
			p.answer("*", "-ERR cancelled\r\n")
			p.hush()
		})
		if e := asError[*ProtocolError](t, err); !strings.Contains(e.Problem, "challenge") {
			t.Errorf("%v", err)
		}
	})
	t.Run("an echo of the password", func(t *testing.T) {
		err := scram(t, func(p *peer, nonce string) {
			p.say("+ " + b64("r="+nonce+"server,secret\x1b[2J"+strings.Repeat("y", 1000)+",i=4096") + "\r\n")
			p.answer("*", "-ERR cancelled\r\n")
			p.hush()
		})
		if e := asError[*ProtocolError](t, err); e.Problem != "the server's message cannot be read" {
			t.Errorf("%v", err)
		}
	})
	t.Run("another's nonce", func(t *testing.T) {
		err := scram(t, func(p *peer, _ string) {
			p.say(first("x", 4096))
			p.answer("*", "-ERR cancelled\r\n")
			p.hush()
		})
		if !strings.Contains(err.Error(), "nonce") {
			t.Errorf("%v", err)
		}
	})
	t.Run("the client's nonce alone", func(t *testing.T) {
		err := scram(t, func(p *peer, nonce string) {
			p.say("+ " + b64(fmt.Sprintf("r=%s,s=%s,i=4096", nonce, b64("salt"))) + "\r\n")
			p.answer("*", "-ERR cancelled\r\n")
			p.hush()
		})
		if e := asError[*ProtocolError](t, err); !strings.Contains(e.Problem, "nonce") {
			t.Errorf("%v", err)
		}
	})
	t.Run("+OK without proof", func(t *testing.T) {
		err := scram(t, func(p *peer, nonce string) {
			p.say(first(nonce, 4096))
			_, _ = p.r.ReadString('\n')
			p.say("+OK come in\r\n")
			p.hush()
		})
		if !errors.Is(err, ErrServerUnverified) {
			t.Errorf("%v", err)
		}
	})
	t.Run("the server's own error", func(t *testing.T) {
		err := scram(t, func(p *peer, nonce string) {
			p.say(first(nonce, 4096))
			_, _ = p.r.ReadString('\n')
			p.say("+ " + b64("e=invalid-proof") + "\r\n")
			p.answer("", "-ERR no\r\n")
			p.hush()
		})
		if e := asError[*ServerError](t, err); e.Kind() != KindRefused || e.Detail != "invalid-proof" {
			t.Errorf("%+v", e)
		}
	})
	t.Run("wrong proof", func(t *testing.T) {
		err := scram(t, func(p *peer, nonce string) {
			p.say(first(nonce, 4096))
			_, _ = p.r.ReadString('\n')
			p.say("+ " + b64("v="+b64("wrong")) + "\r\n")
			p.answer("*", "-ERR cancelled\r\n")
			p.hush()
		})
		if !strings.Contains(err.Error(), "validation failed") {
			t.Errorf("%v", err)
		}
	})
}
