package pop3server

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start serves on loopback until the test ends.
func start(t *testing.T, options ...Option) (*Server, string) {
	t.Helper()
	s := New(options...)
	addr, err := s.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s, addr.String()
}

// client is the plainest POP3 client there can be.
type client struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func newClient(t *testing.T, conn net.Conn) *client {
	return &client{t, conn, bufio.NewReader(conn)}
}

func dial(t *testing.T, addr string) *client {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return newClient(t, conn)
}

func (c *client) send(raw string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, raw); err != nil {
		c.t.Fatalf("send %.60q: %v", raw, err)
	}
}

// line reads one line without its CRLF.
func (c *client) line() string {
	c.t.Helper()
	line, err := c.in.ReadString('\n')
	if err != nil {
		c.t.Fatalf("read: %v after %q", err, line)
	}
	return strings.TrimSuffix(line, "\r\n")
}

// chat holds a dialogue: "> " is sent, "< " must come; a "*" at the end of a
// line stands for anything. "< EOF" and "< RST" are ends, "< EOF after x" one
// with x before it.
func (c *client) chat(script string) {
	c.t.Helper()
	for step := range strings.Lines(script) {
		step = strings.TrimSpace(step)
		if step == "" {
			continue
		}
		rest := strings.TrimPrefix(step[1:], " ")
		switch {
		case step[0] == '>':
			c.send(rest + "\r\n")
		case rest == "EOF" || rest == "RST" || strings.HasPrefix(rest, "EOF after "):
			how, before, _ := strings.Cut(rest, " after ")
			c.end(how, before)
		default:
			c.expect(rest)
		}
	}
}

func (c *client) expect(want string) {
	c.t.Helper()
	got := c.line()
	prefix, open := strings.CutSuffix(want, "*")
	if got != want && (!open || !strings.HasPrefix(got, prefix)) {
		c.t.Fatalf("got %q, want %q", got, want)
	}
}

// end wants the connection to end in this way, with only before in front of it.
func (c *client) end(how, before string) {
	c.t.Helper()
	rest, err := io.ReadAll(c.in)
	got := "EOF"
	if errors.Is(err, syscall.ECONNRESET) {
		got = "RST"
	} else if err != nil {
		got = err.Error()
	}
	if got != how || string(rest) != before {
		c.t.Fatalf("connection ended with %q, %s; want %q, %s", rest, got, before, how)
	}
}

func (c *client) quiet(d time.Duration) {
	c.t.Helper()
	if err := c.conn.SetReadDeadline(time.Now().Add(d)); err != nil {
		c.t.Fatal(err)
	}
	if b, err := c.in.ReadByte(); !errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Fatalf("server said %q (%v), want silence", b, err)
	}
}

const login = `
	< +OK *
	> USER ann
	< +OK *
	> PASS secret
	< +OK logged in*
`

// three is a maildrop of three small messages.
func three() *Memory {
	return NewMemory(
		NewMessage("uid-a", CRLF("Subject: a", "", "first")),
		NewMessage("uid-b", CRLF("Subject: b", "", ".dotted", "..twice", ".", "end")),
		NewMessage("uid-c", CRLF("Subject: c", "X: y", "", "one", "two", "three")),
	)
}
