package pop3server

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestHooks(t *testing.T) {
	tests := []struct {
		name   string
		hooks  []Hook
		script string
		left   int // messages afterwards; 3 if nothing was deleted
	}{
		{
			"Refuse one of many",
			[]Hook{Refuse(On("RETR 2"), "[SYS/TEMP] not now")},
			"> RETR 2\n< -ERR [SYS/TEMP] not now\n> RETR 1\n< +OK *\n< Subject: a\n<\n< first\n< .", 3,
		},
		{
			"Refuse by words, not by prefix",
			[]Hook{Refuse(On("TOP 1"), "no")},
			"> TOP 1 0\n< -ERR no\n> TOP 12 0\n< -ERR no such message", 3,
		},
		{"Refuse the second", []Hook{Refuse(On("NOOP").Nth(2), "no")}, "> NOOP\n< +OK\n> NOOP\n< -ERR no\n> NOOP\n< +OK", 3},
		{"Refuse from the second", []Hook{Refuse(On("NOOP").From(2), "no")}, "> NOOP\n< +OK\n> NOOP\n< -ERR no\n> NOOP\n< -ERR no", 3},
		{"Refuse in another session", []Hook{InSession(2, Refuse(On("*"), "no"))}, "> NOOP\n< +OK", 3},
		{"Answer keeps the message", []Hook{Answer(On("DELE"), "+OK gone\r\n")}, "> DELE 1\n< +OK gone\n> QUIT\n< +OK bye\n< EOF", 3},
		{"Disguise deletes it", []Hook{Disguise(On("DELE"), "-ERR no\r\n")}, "> DELE 1\n< -ERR no\n> QUIT\n< +OK bye\n< EOF", 2},
		{"Cut in place of QUIT", []Hook{Cut(On("QUIT"), Close)}, "> DELE 1\n< +OK *\n> QUIT\n< EOF", 3},
		{"Cut with RST", []Hook{Cut(On("NOOP"), Reset)}, "> NOOP\n< RST", 3},
		{"CutAfter", []Hook{CutAfter(On("NOOP"), Truncate)}, "> NOOP\n< +OK\n< EOF", 3},
		{"LoseAnswer to QUIT", []Hook{LoseAnswer(On("QUIT"), Close)}, "> DELE 1\n< +OK *\n> QUIT\n< EOF", 2},
		{"CutIn RETR", []Hook{CutIn(On("RETR"), 22, Close)}, "> RETR 1\n< +OK 21 octets\n< EOF after Subject", 3},
		{"CommitOnDrop", []Hook{CommitOnDrop(), Cut(On("NOOP"), Close)}, "> DELE 1\n< +OK *\n> NOOP\n< EOF", 2},
		{"Map", []Hook{Map(On("UIDL"), func(p []byte) []byte { return []byte(strings.ToUpper(string(p))) })}, "> UIDL 1\n< +OK 1 UID-A", 3},
		{
			"Lines",
			[]Hook{Lines(On("LIST"), func(i int, line string) (string, bool) { return line + "  odd words", i != 2 })},
			"> LIST\n< +OK 3 messages  odd words\n< 1 21  odd words\n< 3 37  odd words\n< .  odd words", 3,
		},
		{"Reverse", []Hook{Reverse(On("UIDL"))}, "> UIDL\n< +OK *\n< 3 uid-c\n< 2 uid-b\n< 1 uid-a\n< .\n> UIDL 1\n< +OK 1 uid-a", 3},
		{
			"hooks stand in line",
			[]Hook{Answer(On("NOOP"), "+OK one\r\n"), Map(On("NOOP"), func(p []byte) []byte { return append([]byte("+"), p[1:]...) }), Answer(On("NOOP"), "+OK two\r\n")},
			"> NOOP\n< +OK two", 3,
		},
		{"NoInitialResponse in its state only", []Hook{NoInitialResponse("XOAUTH2")}, "> AUTH XOAUTH2\n< -ERR only*\n> AUTH XOAUTH2 eA==\n< -ERR Protocol error*\n< EOF", 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			drop := three()
			s, addr := start(t, WithUser("ann", "secret", drop), WithHooks(tt.hooks...))
			c := dial(t, addr)
			c.chat(login)
			c.chat(tt.script)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if got := len(drop.UIDLs()); got != tt.left {
				t.Errorf("%d messages left, want %d", got, tt.left)
			}
		})
	}
}

func TestLFOnlyEndsLinesWithLF(t *testing.T) {
	_, addr := start(t, WithUser("ann", "secret", three()), WithHooks(LFOnly(On("RETR"))))
	c := dial(t, addr)
	c.chat(login + "> RETR 1")
	got := make([]byte, len("+OK 21 octets\nSubject: a\n\nfirst\n.\n"))
	if _, err := io.ReadFull(c.in, got); err != nil || string(got) != "+OK 21 octets\nSubject: a\n\nfirst\n.\n" {
		t.Errorf("%q, %v", got, err)
	}
	c.chat("> NOOP\n< +OK")
}

func TestCutAtEveryOctetOfASession(t *testing.T) {
	const commands = "USER ann\r\nPASS secret\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n"
	var whole string
	for at := int64(0); whole == "" || at <= int64(len(whole)); at++ {
		drop := three()
		s, addr := start(t, WithUser("ann", "secret", drop), WithNonce(func() string { return "n" }))
		if whole != "" {
			s.SetHooks(CutAt(at, Close))
		}
		c := dial(t, addr)
		_, err := io.WriteString(c.conn, commands)
		if err != nil {
			t.Logf("cut at %d while sending: %v", at, err)
		}
		got, err := io.ReadAll(c.in)
		if err != nil {
			t.Fatalf("cut at %d: %v", at, err)
		}
		if whole == "" {
			whole, at = string(got), -1
			if !strings.HasSuffix(whole, "+OK bye\r\n") {
				t.Fatalf("whole session %q", whole)
			}
			continue
		}
		if string(got) != whole[:at] {
			t.Fatalf("cut at %d: got %q, want %q", at, got, whole[:at])
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		wantLeft := 3 // deleted once QUIT is carried out, of which the answer's octets tell
		if at > int64(len(whole)-len("+OK bye\r\n")) {
			wantLeft = 2
		}
		if at != int64(len(whole)-len("+OK bye\r\n")) && len(drop.UIDLs()) != wantLeft {
			t.Fatalf("cut at %d: %d messages left, want %d", at, len(drop.UIDLs()), wantLeft)
		}
	}
}

func TestDelaysAndStalls(t *testing.T) {
	tests := []struct {
		name   string
		hook   Hook
		script string
		takes  time.Duration
	}{
		{"Delay", Delay(On("NOOP"), time.Minute), login + "> NOOP\n< +OK", time.Minute},
		{"Delay of the greeting", Delay(On(""), time.Hour), login, time.Hour},
		{"DelayAt", DelayAt(2, 5*time.Minute), login, 5 * time.Minute},
		{"Trickle", Trickle(On("NOOP"), 2, time.Second), login + "> NOOP\n< +OK\n> RSET\n< +OK *", 3 * time.Second},
		{"InsertAt", InsertAt(4, "hello, "), "< +OK hello, popmark*", 0},
		{"Stall", Stall(On("NOOP")), login + "> NOOP", 0},
		{"StallIn", StallIn(On("LIST"), 5), login + "> LIST", 0},
		{"StallAt", StallAt(0), "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := New(WithUser("ann", "secret", three()), WithHooks(tt.hook))
				near, far := net.Pipe()
				go s.ServeConn(far)
				c := newClient(t, near)
				began := time.Now()
				c.chat(tt.script)
				if took := time.Since(began); took != tt.takes {
					t.Errorf("took %v, want %v", took, tt.takes)
				}
				if strings.HasPrefix(tt.name, "Stall") {
					if tt.name == "StallIn" {
						if _, err := io.ReadFull(c.in, make([]byte, 5)); err != nil {
							t.Fatal(err)
						}
					}
					c.quiet(24 * time.Hour)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestCloseEndsADelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(WithHooks(Delay(On(""), time.Hour)))
		near, far := net.Pipe()
		go s.ServeConn(far)
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("read: %v", err)
		}
	})
}

func TestSwallowLosesWhatCameBehindPASS(t *testing.T) {
	s, _ := start(t, WithUser("ann", "secret", three()), WithHooks(Swallow(On("PASS"))))
	near, far := net.Pipe()
	go s.ServeConn(far)
	c := newClient(t, near)
	c.chat("< +OK *")
	c.send("USER ann\r\nPASS secret\r\nSTAT\r\nLIST\r\n")
	c.chat("< +OK send PASS\n< +OK logged in*")
	c.quiet(50 * time.Millisecond)
	if got := s.Commands(); !slices.Equal(got, []string{"USER ann", "PASS secret"}) {
		t.Errorf("commands %q", got)
	}
}

func TestPipelinedMatchesWhatIsSentAhead(t *testing.T) {
	s, _ := start(t, WithUser("ann", "secret", three()), WithHooks(Answer(Pipelined(On("NOOP")), "+O garbled\r\n")))
	near, far := net.Pipe()
	go s.ServeConn(far)
	c := newClient(t, near)
	c.chat(login + "> NOOP\n< +OK")
	c.send("NOOP\r\nNOOP\r\n")
	c.chat("< +OK\n< +O garbled\n> NOOP\n< +OK")
}

func TestInjectionBehindSTLS(t *testing.T) {
	_, server, config := secure(t, Certificate{})
	_, addr := start(t, WithTLS(server), WithHooks(InjectAfterSTLS("+OK injected\r\n"), HideCapability("STLS")))
	c := dial(t, addr)
	c.chat("< +OK *\n> STLS\n< +OK begin TLS\n< +OK injected")
	if err := tls.Client(c.conn, config).HandshakeContext(t.Context()); err != nil {
		t.Errorf("TLS behind the injection: %v", err)
	}
}

// tapped keeps what is read from a connection.
type tapped struct {
	net.Conn
	read []byte
}

func (c *tapped) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read = append(c.read, p[:n]...)
	return n, err
}

// The client cannot tell from crypto/tls, which takes a FIN between two records
// for an end in good order; so the records themselves are looked at, in TLS 1.2,
// where an alert shows from outside.
func TestTruncateSendsNoCloseNotify(t *testing.T) {
	_, server, config := secure(t, Certificate{})
	config.MaxVersion = tls.VersionTLS12
	const alert = 21
	for how, want := range map[End]bool{Truncate: false, Close: true} {
		s, _ := start(t, WithUser("ann", "secret", three()), WithTLS(server), WithHooks(CutIn(On("RETR"), 20, how)))
		addr, err := s.ListenTLS("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		tap := &tapped{Conn: dial(t, addr.String()).conn}
		c := newClient(t, tls.Client(tap, config))
		c.chat(login + "> RETR 1")
		if got, err := io.ReadAll(c.in); len(got) != 20 || err != nil {
			t.Errorf("end %d: %q, %v", how, got, err)
		}
		var last byte
		for rest := tap.read; len(rest) >= 5; {
			last = rest[0]
			rest = rest[5+(int(rest[3])<<8|int(rest[4])):]
		}
		if got := last == alert; got != want {
			t.Errorf("end %d: close_notify %v, want %v", how, got, want)
		}
	}
}

func TestEndlessAnswersEndWithTheConnection(t *testing.T) {
	for name, hook := range map[string]Hook{
		"line": EndlessLine(On("STAT")), "list": EndlessList(On("STAT"), "1 1"),
	} {
		t.Run(name, func(t *testing.T) {
			s, addr := start(t, WithUser("ann", "secret", three()), WithHooks(hook))
			c := dial(t, addr)
			c.chat(login + "> STAT")
			if n, err := io.CopyN(io.Discard, c.in, 1<<20); err != nil {
				t.Fatalf("after %d octets: %v", n, err)
			}
			if err := c.conn.Close(); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestEchoPassword(t *testing.T) {
	_, addr := start(t, WithUser("ann", "secret", three()), WithHooks(EchoPassword()))
	dial(t, addr).chat("< +OK *\n> USER ann\n< +OK *\n> PASS secret\n< -ERR [AUTH] password secret is wrong")
}

func TestSetHooksCountsFromTheNextConnection(t *testing.T) {
	s, addr := start(t, WithUser("ann", "secret", three()))
	first := dial(t, addr)
	first.chat(login)
	s.SetHooks(Refuse(On("NOOP").InSession(2), "second session"))
	first.chat("> NOOP\n< +OK\n> QUIT\n< +OK *")
	dial(t, addr).chat(login + "> NOOP\n< -ERR second session")
	if s.Sessions() != 2 || !slices.Equal(s.SessionCommands(2), []string{"USER ann", "PASS secret", "NOOP"}) {
		t.Errorf("%d sessions, %q", s.Sessions(), s.SessionCommands(2))
	}
}
