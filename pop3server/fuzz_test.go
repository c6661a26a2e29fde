package pop3server

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// scripted is a connection whose client says all it has to say at once and
// takes everything.
type scripted struct {
	net.Conn // nil: nothing else is called
	in       io.Reader
	said     strings.Builder
	keep     bool
}

func (c *scripted) Read(p []byte) (int, error) { return c.in.Read(p) }

func (c *scripted) Write(p []byte) (int, error) {
	if c.keep {
		c.said.Write(p)
	}
	return len(p), nil
}

func (c *scripted) Close() error                     { return nil }
func (c *scripted) SetReadDeadline(time.Time) error  { return nil }
func (c *scripted) SetWriteDeadline(time.Time) error { return nil }

func FuzzParseCommand(f *testing.F) {
	for _, line := range []string{"", "\r\n", "STAT\r\n", "retr 1\r\n", "PASS  with  spaces \r\n", " STAT\r\n", "US\x00ER x\n", "\xff\r\n", "TOP 1 0"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		verb, arg, err := parseCommand(line)
		if err != nil {
			if verb != "" || arg != "" {
				t.Errorf("%q: %q %q with error %v", line, verb, arg, err)
			}
			return
		}
		if verb == "" || verb != strings.ToUpper(verb) || strings.ContainsAny(verb, " \r\n\x00") {
			t.Errorf("%q: verb %q", line, verb)
		}
		if !strings.HasSuffix(strings.TrimRight(line, "\r\n"), strings.TrimRight(arg, "\r\n")) {
			t.Errorf("%q: argument %q", line, arg)
		}
		if n, ok := parseNumber(arg); ok && (n < 0 || strings.Trim(arg, "0123456789") != "") {
			t.Errorf("%q is the number %d", arg, n)
		}
	})
}

// FuzzSession lets a client say anything: the server must answer each command,
// and delete nothing without QUIT.
func FuzzSession(f *testing.F) {
	const in = "USER ann\r\nPASS secret\r\n"
	for _, rest := range []string{
		"", "STAT\r\nLIST\r\nUIDL\r\nRETR 2\r\nTOP 3 1\r\nDELE 1\r\nRSET\r\nNOOP\r\n", "DELE 1\r\nQUIT\r\n", "AUTH PLAIN =\r\n", "LIST 999999999999\r\n", "TOP 1 -1\r\n",
		"RETR\r\nRETR 0\r\nDELE 1\r\nDELE 1\r\nRETR 1\r\n", "CAPA\nLANG\nUTF8\nLANG xx\n", "\x00\r\n\xff\xfe\r\n", strings.Repeat("A", 600) + "\r\nNOOP\r\n",
	} {
		f.Add(in + rest)
	}
	f.Add("AUTH SCRAM-SHA-256 biwsbj1hbm4scj14\r\n\r\n")
	f.Add("AUTH LOGIN\r\nYW5u\r\n*\r\nAPOP ann x\r\nSTLS\r\n")
	f.Fuzz(func(t *testing.T, said string) {
		drop := three()
		s := New(WithUser("ann", "secret", drop), WithIterations(1))
		conn := &scripted{in: strings.NewReader(said), keep: true}
		s.ServeConn(conn)
		if !strings.HasPrefix(conn.said.String(), "+OK ") {
			t.Errorf("greeting in %.80q", conn.said.String())
		}
		quit := false
		for _, command := range s.Commands() {
			quit = quit || strings.EqualFold(strings.TrimSpace(command), "QUIT") || strings.HasPrefix(strings.ToUpper(command), "QUIT ")
		}
		if left := len(drop.UIDLs()); left != 3 && !quit {
			t.Errorf("%d messages left without QUIT after %q", left, said)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}
