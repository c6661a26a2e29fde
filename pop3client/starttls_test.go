package pop3client

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"runtime"
	"testing"
)

func TestNothingGoesBetweenSTLSAndTheHandshake(t *testing.T) {
	c := meet(t, &Options{TLSConfig: &tls.Config{ServerName: "mail.example", MinVersion: tls.VersionTLS12}}, func(p *peer) {
		p.answer("STLS", "+OK\r\n")
		if hello, err := p.r.ReadByte(); err != nil || hello != 22 {
			t.Errorf("behind STLS came %#x, %v: no TLS handshake", hello, err)
		}
	})
	c.SetCapabilities([]string{"PIPELINING"})
	changed := make(chan error)
	go func() { changed <- c.StartTLS(context.Background()) }()
	for c.InFlight() == 0 && c.State() != StateClosed {
		runtime.Gosched()
	}
	user := c.User("u")
	if err := <-changed; err == nil {
		t.Error("a handshake with nobody went well")
	}
	if _, err := user.Wait(t.Context()); err == nil {
		t.Error("USER was answered")
	}
}

func TestOctetsBehindARefusedSTLSAreNoAnswer(t *testing.T) {
	c := meet(t, nil, func(p *peer) {
		p.answer("STLS", "-ERR not now\r\n+OK forged\r\nSASL PLAIN\r\n.\r\n")
		p.hush()
	})
	if e := asError[*ServerError](t, c.StartTLS(t.Context())); e.Command != "STLS" {
		t.Errorf("%v", e)
	}
	caps, err := c.Capa().Wait(t.Context())
	if e := asError[*ProtocolError](t, err); e.Line != "+OK forged" {
		t.Errorf("CAPA gave %q, %v", caps.Lines, err)
	}
}

// What is put behind STLS's +OK may come in a segment of its own, when the handshake has begun.
func TestALineInClearInTheHandshakesPlaceIsAnInjection(t *testing.T) {
	c := meet(t, &Options{TLSConfig: &tls.Config{ServerName: "mail.example", MinVersion: tls.VersionTLS12}}, func(p *peer) {
		p.answer("STLS", "+OK\r\n")
		head := make([]byte, 5)
		if _, err := io.ReadFull(p.r, head); err != nil {
			t.Error(err)
		}
		if _, err := p.r.Discard(int(head[3])<<8 | int(head[4])); err != nil {
			t.Error(err)
		}
		p.say("+OK logged in\r\n")
	})
	if err := c.StartTLS(t.Context()); !errors.Is(err, ErrInjection) || c.State() != StateClosed {
		t.Errorf("%v, %s", err, c.State())
	}
}
