package pop3server

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestWholeSession(t *testing.T) {
	drop := three()
	s, addr := start(t, WithUser("ann", "secret", drop))
	c := dial(t, addr)
	c.chat(login + `
		> stat
		< +OK 3 98
		> LIST
		< +OK 3 messages
		< 1 21
		< 2 40
		< 3 37
		< .
		> LIST 2
		< +OK 2 40
		> UIDL
		< +OK 3 messages
		< 1 uid-a
		< 2 uid-b
		< 3 uid-c
		< .
		> UIDL 3
		< +OK 3 uid-c
		> RETR 2
		< +OK 40 octets
		< Subject: b
		<
		< ..dotted
		< ...twice
		< ..
		< end
		< .
		> TOP 3 2
		< +OK *
		< Subject: c
		< X: y
		<
		< one
		< two
		< .
		> TOP 3 0
		< +OK *
		< Subject: c
		< X: y
		<
		< .
		> NOOP
		< +OK
		> DELE 1
		< +OK *
		> DELE 1
		< -ERR message is deleted
		> RETR 1
		< -ERR message is deleted
		> STAT
		< +OK 2 77
		> LIST
		< +OK 2 messages
		< 2 40
		< 3 37
		< .
		> RSET
		< +OK *
		> STAT
		< +OK 3 98
		> DELE 3
		< +OK *
		> QUIT
		< +OK bye
		< EOF
	`)
	if got := drop.UIDLs(); !slices.Equal(got, []string{"uid-a", "uid-b"}) {
		t.Errorf("left: %q", got)
	}
	commands := s.Commands()
	if first, last := commands[0], commands[len(commands)-1]; first != "USER ann" || last != "QUIT" || len(commands) != 20 {
		t.Errorf("log of %d commands: %q", len(commands), commands)
	}
}

func TestBadCommandsAreRefused(t *testing.T) {
	_, addr := start(t, WithUser("ann", "secret", three()))
	c := dial(t, addr)
	c.chat(`
		< +OK *
		> STAT
		< -ERR log in first
		> PASS secret
		< -ERR USER goes first
		> FROBNICATE
		< -ERR unknown command
		>
		< -ERR unknown command
		> USER
		< -ERR a name is needed
		> USER ann
		< +OK *
		> PASS wrong
		< -ERR [AUTH] *
		> USER ann
		< +OK *
		> PASS secret
		< +OK *
		> USER ann
		< -ERR only before login
		> LIST 0
		< -ERR no such message
		> LIST 4
		< -ERR no such message
		> LIST -1
		< -ERR a message number is needed
		> RETR
		< -ERR a message number is needed
		> RETR 99999999999999999999
		< -ERR a message number is needed
		> TOP 1
		< -ERR a message number *
		> DELE x
		< -ERR a message number *
		> LIST  2
		< +OK 2 40
	`)
	c.send("NOOP " + strings.Repeat("x", MaxCommandLine) + "\r\n")
	c.chat("< -ERR unknown command\n> NOOP\n< +OK")
	c.send(strings.Repeat("x", MaxAuthLine+1))
	c.chat("< -ERR line too long, closing\n< EOF")
}

func TestOnlyQuitDeletes(t *testing.T) {
	drop := three()
	s, addr := start(t, WithUser("ann", "secret", drop))
	c := dial(t, addr)
	c.chat(login + "> DELE 1\n< +OK *")
	if err := c.conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := len(drop.UIDLs()); got != 3 {
		t.Errorf("%d messages left of 3 after a lost connection", got)
	}
}

func TestUpdateThatFailsSaysSo(t *testing.T) {
	drop := three()
	drop.FailRemoval(io.ErrNoProgress)
	_, addr := start(t, WithUser("ann", "secret", drop))
	dial(t, addr).chat(login + "> DELE 1\n< +OK *\n> QUIT\n< -ERR [SYS/TEMP] some deleted messages not removed*\n< EOF")
	if got := len(drop.UIDLs()); got != 3 {
		t.Errorf("%d messages left of 3", got)
	}
}

func TestMaildropIsLockedUntilItsSessionEnds(t *testing.T) {
	_, addr := start(t, WithUser("ann", "secret", three()))
	first := dial(t, addr)
	first.chat(login)
	second := dial(t, addr)
	second.chat("< +OK *\n> USER ann\n< +OK *\n> PASS secret\n< -ERR [IN-USE] *")
	first.chat("> QUIT\n< +OK bye")
	second.chat("> USER ann\n< +OK *\n> PASS secret\n< +OK *\n> QUIT\n< +OK bye")
}

func TestLockIsReleasedOnDisconnect(t *testing.T) {
	dropped := make(chan struct{})
	var once sync.Once
	_, addr := start(t, WithUser("ann", "secret", three()), WithHooks(func(e *Event) Action {
		if e.Kind == Drop {
			once.Do(func() { close(dropped) })
		}
		return Action{}
	}))
	first := dial(t, addr)
	first.chat(login)
	if err := first.conn.Close(); err != nil {
		t.Fatal(err)
	}
	<-dropped
	for { // the lock goes just after the hooks have been asked
		c := dial(t, addr)
		c.chat("< +OK *\n> USER ann\n< +OK *\n> PASS secret")
		if strings.HasPrefix(c.line(), "+OK") {
			return
		}
	}
}

func TestSharedMaildropsShowWhatOthersDeleted(t *testing.T) {
	_, addr := start(t, WithUser("ann", "secret", three()), WithSharedMaildrops())
	first, second := dial(t, addr), dial(t, addr)
	first.chat(login)
	second.chat(login + "> DELE 1\n< +OK *\n> QUIT\n< +OK bye")
	first.chat("> LIST 1\n< +OK 1 21\n> RETR 1\n< -ERR cannot open: message 1: message is gone")
}

func TestMailComesBetweenSessions(t *testing.T) {
	drop := three()
	_, addr := start(t, WithUser("ann", "secret", drop))
	c := dial(t, addr)
	c.chat(login)
	drop.Add(NewMessage("uid-d", CRLF("Subject: d", "", "late")))
	if n := drop.Remove("uid-a"); n != 1 {
		t.Fatalf("removed %d", n)
	}
	c.chat("> STAT\n< +OK 3 98\n> QUIT\n< +OK bye")
	dial(t, addr).chat(login + "> UIDL\n< +OK *\n< 1 uid-b\n< 2 uid-c\n< 3 uid-d\n< .")
}

func TestBurstIsAnsweredInOneFlight(t *testing.T) {
	conn, far := net.Pipe()
	s := New(WithUser("ann", "secret", NewGenerated(1000, Uniform{Size: 500})))
	done := make(chan struct{})
	go func() { defer close(done); s.ServeConn(far) }()
	c := newClient(t, conn)
	c.chat(login)
	var burst strings.Builder
	for n := 1; n <= 20; n++ {
		fmt.Fprintf(&burst, "LIST %d\r\n", n)
	}
	c.send(burst.String())
	// A pipe keeps writes apart: one read takes at most one write.
	answer := make([]byte, 64<<10)
	n, err := conn.Read(answer)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(answer[:n]), "\r\n"); got != 20 {
		t.Errorf("%d answers in the first flight, want 20: %q", got, answer[:n])
	}
	c.chat("> QUIT\n< +OK bye\n< EOF")
	<-done
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestIdleClientIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, far := net.Pipe()
		s := New(WithUser("ann", "secret", three()), WithIdleTimeout(10*time.Minute))
		go s.ServeConn(far)
		c := newClient(t, conn)
		began := time.Now()
		c.chat(login + "< -ERR idle for too long, closing\n< EOF")
		if waited := time.Since(began); waited != 10*time.Minute {
			t.Errorf("left after %v", waited)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestClientThatReadsNothingIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, far := net.Pipe()
		s := New(WithUser("ann", "secret", NewGenerated(1, Uniform{Size: 1 << 20})), WithIdleTimeout(time.Minute))
		ended := make(chan struct{})
		go func() { defer close(ended); s.ServeConn(far) }()
		c := newClient(t, conn)
		c.chat(login + "> RETR 1")
		<-ended
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestCapabilitiesByPhase(t *testing.T) {
	lines := func(c *client) []string {
		c.chat("> CAPA\n< +OK *")
		var got []string
		for line := c.line(); line != "."; line = c.line() {
			got = append(got, line)
		}
		return got
	}
	tests := []struct {
		name          string
		options       []Option
		before, after []string // must be there; a "!" in front: must not
	}{
		{"default", nil, []string{"TOP", "UIDL", "USER", "PIPELINING", "RESP-CODES", "!STLS"}, []string{"TOP", "PIPELINING", "!USER"}},
		{"without", []Option{Without("UIDL", "pipelining", "AUTH")}, []string{"TOP", "!UIDL", "!PIPELINING"}, []string{"!UIDL"}},
		{"lower case", []Option{WithCapabilities(LowerCase)}, []string{"top", "uidl", "!TOP"}, []string{"pipelining"}},
		{"by phase", []Option{WithCapabilities(func(p Phase, l []string) []string {
			if p == Authorization {
				return []string{"USER"}
			}
			return append(l, "X-EXTRA 7")
		})}, []string{"USER", "!TOP"}, []string{"TOP", "X-EXTRA 7"}},
		{"hidden on the way", []Option{WithHooks(HideCapability("top"))}, []string{"UIDL", "!TOP"}, []string{"!TOP"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, addr := start(t, append(tt.options, WithUser("ann", "secret", three()))...)
			c := dial(t, addr)
			c.chat("< +OK *")
			check := func(phase string, got, want []string) {
				for _, w := range want {
					name, not := strings.CutPrefix(w, "!")
					if slices.Contains(got, name) == not {
						t.Errorf("%s: want %q in %q", phase, w, got)
					}
				}
			}
			check("before login", lines(c), tt.before)
			c.chat(strings.TrimPrefix(strings.TrimSpace(login), "< +OK *"))
			check("after login", lines(c), tt.after)
		})
	}
	t.Run("no CAPA, UIDL, TOP or codes", func(t *testing.T) {
		_, addr := start(t, WithUser("ann", "secret", three()), Without("CAPA", "UIDL", "TOP", "APOP", "RESP-CODES", "AUTH-RESP-CODE"))
		dial(t, addr).chat("< +OK popmark test server ready\n> CAPA\n< -ERR unknown command\n> USER ann\n< +OK *\n> PASS no\n< -ERR wrong user*" +
			"\n> USER ann\n< +OK *\n> PASS secret\n< +OK *\n> UIDL\n< -ERR unknown command\n> TOP 1 0\n< -ERR unknown command")
	})
}

func TestCloseEndsSessionsAndListeners(t *testing.T) {
	s, addr := start(t, WithUser("ann", "secret", three()))
	c := dial(t, addr)
	c.chat(login)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.ReadAll(c.in); err != nil {
		t.Logf("session ended with %v", err)
	}
	if conn, err := net.Dial("tcp", addr); err == nil {
		_ = conn.Close()
		t.Error("still listening")
	}
	if _, err := s.Listen("127.0.0.1:0"); err == nil {
		t.Error("a closed server listens")
	}
	near, far := net.Pipe()
	s.ServeConn(far)
	if _, err := near.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("a closed server speaks: %v", err)
	}
}
