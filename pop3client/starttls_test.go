package pop3client

import (
	"context"
	"crypto/tls"
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
