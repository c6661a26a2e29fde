package pop3client

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// peer plays the server's part of a dialogue, line by line.
type peer struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

// want reads the lines that the client has to send.
func (p *peer) want(lines ...string) {
	p.t.Helper()
	for _, want := range lines {
		got, err := p.r.ReadString('\n')
		if err != nil {
			p.t.Errorf("reading %q: %v", want, err)
			return
		}
		if got = strings.TrimSuffix(got, "\r\n"); got != want {
			p.t.Errorf("the client sent %q, want %q", got, want)
		}
	}
}

// say writes octets as they are.
func (p *peer) say(raw string) {
	p.t.Helper()
	if _, err := io.WriteString(p.conn, raw); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		p.t.Errorf("saying %q: %v", raw, err)
	}
}

// answer is want and say.
func (p *peer) answer(line, raw string) {
	p.t.Helper()
	p.want(line)
	p.say(raw)
}

// hush reads until the client is gone and fails if it sends anything.
func (p *peer) hush() {
	p.t.Helper()
	if line, err := p.r.ReadString('\n'); err == nil {
		p.t.Errorf("the client sent %q, want nothing", line)
	}
}

// play starts a server's part over a net.Pipe and returns the client's end. The part's end closes
// the connection.
func play(t *testing.T, part func(p *peer)) net.Conn {
	t.Helper()
	ours, theirs := net.Pipe()
	var wg sync.WaitGroup
	wg.Go(func() {
		defer func() { _ = theirs.Close() }()
		part(&peer{t: t, conn: theirs, r: bufio.NewReader(theirs)})
	})
	t.Cleanup(func() {
		_ = ours.Close()
		wg.Wait()
	})
	return ours
}

// meet is play, the greeting, and a client.
func meet(t *testing.T, opts *Options, part func(p *peer)) *Client {
	t.Helper()
	c, err := New(t.Context(), play(t, func(p *peer) {
		p.say("+OK ready\r\n")
		part(p)
	}), opts)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// enter is meet and a login.
func enter(t *testing.T, opts *Options, part func(p *peer)) *Client {
	t.Helper()
	c := meet(t, opts, func(p *peer) {
		p.answer("USER u", "+OK\r\n")
		p.answer("PASS secret", "+OK\r\n")
		part(p)
	})
	must(t)(c.User("u").Wait(t.Context()))
	must(t)(c.Pass("secret").Wait(t.Context()))
	return c
}

// enterPipelining is enter with a server that says PIPELINING.
func enterPipelining(t *testing.T, opts *Options, part func(p *peer)) *Client {
	t.Helper()
	c := enter(t, opts, part)
	c.SetCapabilities([]string{"PIPELINING"})
	return c
}

// must fails the test on an error.
func must(t *testing.T) func(any, error) {
	t.Helper()
	return func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

// got fails the test on an error and returns the value.
func got[T any](t *testing.T, p *Pending[T]) T {
	t.Helper()
	v, err := p.Wait(t.Context())
	if err != nil {
		t.Fatalf("%s: %v", &p.cmd, err)
	}
	return v
}

// textOf reads a body whole.
func textOf(t *testing.T, p *Pending[*Body]) string {
	t.Helper()
	b, err := io.ReadAll(got(t, p))
	if err != nil {
		t.Fatalf("%s: %v", &p.cmd, err)
	}
	return string(b)
}

// asError fails the test unless err is a T.
func asError[T error](t *testing.T, err error) T {
	t.Helper()
	var want T
	if !errors.As(err, &want) {
		t.Fatalf("the error is %v (%T), want a %T", err, err, want)
	}
	return want
}

func done(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
