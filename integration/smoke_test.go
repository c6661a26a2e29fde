package integration

import (
	"bufio"
	"crypto/hmac"
	"crypto/md5"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"popmark/integration/servers"
)

// raw is a connection on which a test speaks POP3 itself, so that what the servers do
// is known without the program that is to be tested on them.
type raw struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
}

func dial(t testing.TB, addr string, config *tls.Config) *raw {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if config != nil {
		conn = tls.Client(conn, config)
	}
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // most have been closed by then
	c := &raw{t, conn, bufio.NewReader(conn)}
	if greeting := c.line(); !strings.HasPrefix(greeting, "+OK") {
		t.Fatalf("greeting %q", greeting)
	}
	return c
}

func (c *raw) line() string {
	c.t.Helper()
	line, err := c.r.ReadString('\n')
	if err != nil {
		c.t.Fatalf("reading: %v after %q", err, line)
	}
	return strings.TrimRight(line, "\r\n")
}

// say sends a command and gives back the first line of its answer.
func (c *raw) say(format string, args ...any) string {
	c.t.Helper()
	if _, err := fmt.Fprintf(c.conn, format+"\r\n", args...); err != nil {
		c.t.Fatal(err)
	}
	return c.line()
}

func (c *raw) ok(format string, args ...any) string {
	c.t.Helper()
	answer := c.say(format, args...)
	if !strings.HasPrefix(answer, "+") {
		c.t.Fatalf("%s: %q", fmt.Sprintf(format, args...), answer)
	}
	return answer
}

// text sends a command and gives back its answer's further lines.
func (c *raw) text(format string, args ...any) []string {
	c.t.Helper()
	c.ok(format, args...)
	var lines []string
	for {
		line := c.line()
		if line == "." {
			return lines
		}
		lines = append(lines, strings.TrimPrefix(line, "."))
	}
}

func (c *raw) login(s *servers.Server) {
	c.t.Helper()
	c.ok("USER %s", s.User)
	c.ok("PASS %s", s.Password)
}

func trusting(t testing.TB, s *servers.Server) *tls.Config {
	t.Helper()
	pem, err := os.ReadFile(s.CA)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatal("no authority in the file")
	}
	return &tls.Config{RootCAs: pool, ServerName: "localhost", MinVersion: tls.VersionTLS12}
}

func mail(n int) string {
	return fmt.Sprintf("From: sender%d@example.org\r\nSubject: message %d\r\nDate: Thu, 01 Jan 2026 00:00:0%d +0000\r\nMessage-ID: <%d@example.org>\r\n\r\nbody of %d\r\n.line with a dot\r\n", n, n, n, n, n)
}

// each runs a test on every server.
func each(t *testing.T, test func(t *testing.T, s *servers.Server)) {
	t.Parallel() // they mostly wait
	for _, kind := range servers.All {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			test(t, servers.Start(t, kind))
		})
	}
}

func TestServersSpeakAndKeepWhatTheyShould(t *testing.T) {
	each(t, func(t *testing.T, s *servers.Server) {
		s.Deliver(t, mail(1), mail(2), mail(3))
		c := dial(t, s.Addr, nil)
		c.login(s)
		if got := c.ok("STAT"); !strings.HasPrefix(got, "+OK 3 ") {
			t.Errorf("STAT: %q", got)
		}
		uids := c.text("UIDL")
		if got := c.text("LIST"); len(got) != 3 || len(uids) != 3 {
			t.Errorf("LIST %q, UIDL %q", got, uids)
		}
		if got := c.text("RETR 2"); !slices.Contains(got, "Subject: message 2") || !slices.Contains(got, ".line with a dot") {
			t.Errorf("RETR: %q", got)
		}
		if got := c.text("TOP 3 0"); !slices.Contains(got, "Subject: message 3") || slices.Contains(got, "body of 3") {
			t.Errorf("TOP: %q", got)
		}
		c.ok("DELE 1")
		// A session that ends without QUIT deletes nothing.
		if err := c.conn.Close(); err != nil {
			t.Fatal(err)
		}
		c = again(t, s)
		if got := c.text("UIDL"); !slices.Equal(got, uids) {
			t.Errorf("after a lost session UIDL is %q, was %q", got, uids)
		}
		c.ok("DELE 2")
		c.ok("QUIT")
		want := []string{mail(1), mail(3)}
		settled(t, s, want)
	})
}

// again logs in as soon as the server has let go of the session before.
func again(t *testing.T, s *servers.Server) *raw {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		c := dial(t, s.Addr, nil)
		c.ok("USER %s", s.User)
		answer := c.say("PASS %s", s.Password)
		if strings.HasPrefix(answer, "+OK") {
			return c
		}
		if time.Now().After(deadline) {
			t.Fatalf("the maildrop stays locked: %q", answer)
		}
	}
}

// settled waits until the maildrop holds what it should: some servers write it after
// they have answered QUIT.
func settled(t *testing.T, s *servers.Server, want []string) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		got := s.Messages(t)
		if slices.Equal(got, want) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s holds %q, want %q", s.Kind, got, want)
		}
	}
}

func TestServersRefuseAWrongPassword(t *testing.T) {
	each(t, func(t *testing.T, s *servers.Server) {
		c := dial(t, s.Addr, nil)
		c.ok("USER %s", s.User)
		if got := c.say("PASS wrong"); !strings.HasPrefix(got, "-ERR") {
			t.Errorf("PASS: %q", got)
		}
	})
}

func TestServersWithTLS(t *testing.T) {
	t.Parallel()
	for _, kind := range []servers.Kind{servers.Dovecot, servers.Courier} {
		t.Run(string(kind), func(t *testing.T) {
			s := servers.Start(t, kind)
			s.Deliver(t, mail(1))
			c := dial(t, s.TLSAddr, trusting(t, s))
			c.login(s)
			c.ok("STAT")
			c.ok("QUIT")

			c = dial(t, s.Addr, nil)
			c.ok("STLS")
			secure := tls.Client(c.conn, trusting(t, s))
			c = &raw{t, secure, bufio.NewReader(secure)}
			c.login(s)
			c.ok("STAT")
			c.ok("QUIT")

			c = dial(t, s.Addr, nil)
			challenge, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(c.ok("AUTH CRAM-MD5"), "+ "))
			if err != nil {
				t.Fatal(err)
			}
			mac := hmac.New(md5.New, []byte(s.Password))
			_, _ = mac.Write(challenge) // a hash never fails
			c.ok("%s", base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s %x", s.User, mac.Sum(nil))))
			c.ok("QUIT")
		})
	}
}

func TestDovecotTakesTokensUntilTheyExpire(t *testing.T) {
	t.Parallel()
	s := servers.Start(t, servers.Dovecot)
	for _, life := range []time.Duration{time.Hour, -time.Hour} {
		c := dial(t, s.Addr, nil)
		c.ok("AUTH XOAUTH2")
		token := fmt.Sprintf("user=%s\x01auth=Bearer %s\x01\x01", s.User, s.Token(t, s.User, time.Now().Add(life)))
		answer := c.say("%s", base64.StdEncoding.EncodeToString([]byte(token)))
		if got := strings.HasPrefix(answer, "+OK"); got != (life > 0) {
			t.Errorf("a token with %v left: %q", life, answer)
		}
	}
}

func TestDovecotIsKilledAndComesBack(t *testing.T) {
	t.Parallel()
	s := servers.Start(t, servers.Dovecot)
	s.Deliver(t, mail(1))
	c := dial(t, s.Addr, nil)
	c.login(s)
	c.ok("DELE 1")
	s.Kill()
	s.Restart(t)
	c = dial(t, s.Addr, nil)
	c.login(s)
	if got := c.text("UIDL"); len(got) != 1 {
		t.Errorf("UIDL: %q", got)
	}
}
