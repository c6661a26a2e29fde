package pop3client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
)

// deafConn is a server that says something whatever it is told, and then ends.
type deafConn struct {
	io.Reader
	net.Conn
}

func (c deafConn) Read(p []byte) (int, error)       { return c.Reader.Read(p) }
func (c deafConn) Write(p []byte) (int, error)      { return len(p), nil }
func (c deafConn) Close() error                     { return nil }
func (c deafConn) SetReadDeadline(time.Time) error  { return nil }
func (c deafConn) SetWriteDeadline(time.Time) error { return nil }

// pieces reads like r, a few octets at a time.
type pieces struct {
	r    *bytes.Reader
	most int
}

func (p pieces) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), p.most)]) }

// tameLimits make the limits easy to reach.
var tameLimits = Limits{AnswerOctets: 300, CapabilityLines: 10, ListEntries: 20, ListLineOctets: 100, TopOctets: 500}

// FuzzAnswer gives one stream of octets to every kind of command, and asks for the answers in order.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("+OK\r\n+OK\r\n+OK 2 320\r\n+OK\r\n1 120\r\n2 200\r\n.\r\n+OK\r\n1 a\r\n2 b\r\n.\r\n+OK\r\nA: b\r\n\r\n..x\r\n.\r\n+OK\r\nC: d\r\n.\r\n-ERR [IN-USE] no\r\n+OK\r\nTOP\r\n.\r\n+OK bye\r\n"), 3)
	f.Add([]byte("+ok\n+ok\n+ok 1 1\n+ok\n1 1\n.\n+ok\n1 a\n.\n+ok\n.\n+ok\n\n.\n+ok\n+ok\n.\n+ok\n"), 1)
	f.Add([]byte("+OK\r\n-ERR [AUTH] \xb5\xc7\xc2\xbc\r\n"), 100)
	f.Add([]byte("+OK\r\n+OK\r\n+ \r\n"), 7)
	f.Add([]byte("+OK\r\n+OK\r\n+OK 1 1\r\n+OK\r\n1 1\r\n1 2\r\nx\r\n.\r\n+OK\r\n1 a\r\n1 b\r\n.\r\n"), 2)
	f.Fuzz(func(t *testing.T, answers []byte, most int) {
		rest := pieces{bytes.NewReader(answers), max(1, min(most, 4096))}
		conn := deafConn{Reader: io.MultiReader(strings.NewReader("+OK\r\n"), rest)} // nothing may come with the greeting
		c, err := New(t.Context(), conn, &Options{Limits: tameLimits, Transcript: NewTranscript(io.Discard, nil)})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		c.SetCapabilities([]string{"PIPELINING"})
		ctx := t.Context()
		sound := func(err error) bool {
			t.Helper()
			if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("an answer ended with a bare EOF: %v", err)
			}
			return err == nil
		}
		sound(second(c.User("u").Wait(ctx)))
		sound(second(c.Pass("p").Wait(ctx)))
		stat, list, uidl, retr, top := c.Stat(), c.List(), c.Uidl(), c.Retr(1), c.Top(1, 0)
		dele, capa, quit := c.Dele(1), c.Capa(), c.Quit()
		if s, err := stat.Wait(ctx); sound(err) && (s.Messages < 0 || s.Octets < 0) {
			t.Errorf("STAT: %+v", s)
		}
		if l, err := list.Wait(ctx); sound(err) && len(l.Entries) > tameLimits.ListEntries {
			t.Errorf("LIST has %d entries", len(l.Entries))
		}
		if l, err := uidl.Wait(ctx); sound(err) {
			seen := map[int]bool{}
			for _, e := range l.Entries {
				if e.Number < 1 || e.UID == "" || strings.ContainsAny(e.UID, " \n") || seen[e.Number] {
					t.Errorf("UIDL: %+v", e)
				}
				seen[e.Number] = true
			}
		}
		for _, p := range []*Pending[*Body]{retr, top} {
			if body, err := p.Wait(ctx); sound(err) {
				n, err := io.Copy(io.Discard, body)
				if sound(err) && n != body.Octets() {
					t.Errorf("%d octets were written, Octets says %d", n, body.Octets())
				}
			}
		}
		sound(second(dele.Wait(ctx)))
		sound(second(capa.Wait(ctx)))
		sound(second(quit.Wait(ctx)))
		if c.State() != StateClosed && c.InFlight() != 0 {
			t.Errorf("%d are in flight after QUIT's answer", c.InFlight())
		}
	})
}

func FuzzListLine(f *testing.F) {
	for _, line := range []string{"1 120", " 2  200 octets", "3", "x", "99999999999999999999 1", "1 -1", "\t1\t2", "1 9223372036854775807"} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e, _, problem := parseListLine(line)
		if e.Number < 0 || e.Number > maxNumber || e.Octets < -1 || (problem == "" && e.Octets < 0) || (problem == "" && e.Number == 0) {
			t.Errorf("%q: %+v, %q", line, e, problem)
		}
	})
}

func FuzzUidlLine(f *testing.F) {
	for _, line := range []string{"1 a", " 2  b c", "3", "x y", "4 \x00\xff", "5 " + strings.Repeat("u", 71)} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		n, uid, _, problem := parseUidlLine(line)
		if n < 0 || n > maxNumber || (problem == "" && (n == 0 || len(uid) == 0 || len(uid) > maxUIDOctets)) {
			t.Errorf("%q: %d, %q, %q", line, n, uid, problem)
		}
		if n != 0 && len(uid) > 0 && CheckUID(string(uid)) != problem {
			t.Errorf("%q: %q, CheckUID says %q", line, problem, CheckUID(string(uid)))
		}
	})
}

func FuzzGreeting(f *testing.F) {
	for _, raw := range []string{"+OK <1.2@host>\r\n", "-ERR [IN-USE] x\r\n", "+ok\n", "\r\n\r\n+OK", "<a@b>", "+OK <\xff@b> <a@b>\r\n"} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := New(t.Context(), deafConn{Reader: bytes.NewReader(raw)}, nil)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		defer func() { _ = c.Close() }()
		if id := c.Timestamp(); id != "" && (!isMessageID(id) || !strings.Contains(c.Greeting(), id) || strings.ContainsFunc(id, func(r rune) bool { return r < 0x20 || r > 0x7e })) {
			t.Errorf("%q: the timestamp is %q", raw, id)
		}
	})
}

func FuzzTranscriptLine(f *testing.F) {
	f.Add("\x1b[2J", "secret")
	f.Add("\xff\xc2\x9b\u202e", "\xff")
	f.Add("secret", "secret")
	f.Fuzz(func(t *testing.T, line, secret string) {
		c := &Client{}
		c.keepSecret(secret)
		safe := escapeControls(c.redact(line))
		for _, r := range safe {
			if !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r) {
				t.Errorf("%q keeps %q", line, r)
			}
		}
		if len(secret) >= wordOnly && !strings.Contains(hidden, secret) && !strings.ContainsAny(secret, `*\x`) &&
			strings.Contains(c.redact(line), secret) {
			t.Errorf("%q keeps the secret %q", line, secret)
		}
	})
}

// FuzzSession is a server that answers each command with octets of its own choice, among them
// right ones, against a client that does what the choice makes it do: no panic, no hang, no
// goroutine left, and no DELE that was not asked for.
func FuzzSession(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c"), []byte("+OK 1 2\r\n"))
	f.Add([]byte("\x0a\x0b\x02\x03\x04\x05\x06\x07\x00\x01"), []byte("+OK\r\nA: b\r\n.\r\n-ERR x\r\n"))
	f.Add([]byte("\x0c\x0b\x0a\x09\x08\x07\x06\x05\x04\x03"), []byte("+ dGVzdA==\r\n+OK\r\n.\r\n"))
	f.Add([]byte("\x0a\x0b\xff\xfe\xfd\x85\x86\x87"), []byte("+OK\r\n1 a\r\n"))
	f.Fuzz(func(t *testing.T, plan, babble []byte) {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			var wg sync.WaitGroup
			wg.Go(func() { rave(theirs, babble) })
			defer wg.Wait()
			defer func() { _ = theirs.Close() }()
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Hour)
			defer cancel()
			c, err := New(ctx, ours, &Options{Limits: tameLimits})
			if err != nil {
				return
			}
			defer func() { _ = c.Close() }()
			for _, step := range plan[:min(len(plan), 40)] {
				act(ctx, c, step)
			}
			if ctx.Err() != nil {
				t.Error("the session hung")
			}
		})
	})
}

// rave greets and answers every line with the next piece of babble.
func rave(conn net.Conn, babble []byte) {
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "+OK <a@b>\r\n")
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		for range bytes.Count(buf[:n], []byte("\n")) {
			answer := []byte("+OK\r\n")
			if len(babble) > 0 {
				cut := min(len(babble), 1+int(babble[0])%40)
				answer, babble = babble[:cut], babble[cut:]
			}
			if _, err := conn.Write(answer); err != nil {
				return
			}
		}
	}
}

// act does one thing with a client; a high bit leaves its answer for later.
func act(ctx context.Context, c *Client, step byte) {
	if step&0x80 != 0 {
		var left context.CancelFunc
		ctx, left = context.WithTimeout(ctx, time.Second)
		defer left()
	}
	read := func(p *Pending[*Body]) {
		if body, err := p.Wait(ctx); err == nil {
			_, _ = io.Copy(io.Discard, body)
		}
	}
	switch step & 15 {
	case 0:
		_, _ = c.Stat().Wait(ctx)
	case 1:
		_, _ = c.List().Wait(ctx)
	case 2:
		_, _ = c.Uidl().Wait(ctx)
	case 3:
		read(c.Retr(1))
	case 4:
		c.Top(1, 0)
		read(c.Top(2, 0))
	case 5:
		_, _ = c.Noop().Wait(ctx)
	case 6:
		c.SetCapabilities([]string{"PIPELINING", "SASL PLAIN"})
	case 7:
		_, _ = c.Capa().Wait(ctx)
	case 8:
		_ = c.StartTLS(ctx)
	case 9:
		_, _ = c.Login(ctx, Credentials{User: "u", Password: "p", Mechanism: "login"})
	case 10:
		_, _ = c.User("u").Wait(ctx)
	case 11:
		_, _ = c.Pass("p").Wait(ctx)
	case 12:
		_, _ = c.Quit().Wait(ctx)
	case 13:
		body, err := c.Retr(2).Wait(ctx)
		if err == nil {
			_, _ = body.Read(make([]byte, 3))
			_ = body.Close()
		}
	default:
		c.Rset()
	}
}
