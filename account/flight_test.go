package account

import (
	"bufio"
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// playServer answers sessions, one after another, with a function that gets a line and what the
// client has sent behind it already.
func playServer(t *testing.T, answer func(session int, line string) string) (addr string, lines func() [][]string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all [][]string
	var wg sync.WaitGroup
	wg.Go(func() {
		for session := 0; ; session++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			all = append(all, nil)
			mu.Unlock()
			_, _ = conn.Write([]byte("+OK <1.2@mail.example>\r\n"))
			for r := bufio.NewReader(conn); ; {
				line, err := r.ReadString('\n')
				if err != nil {
					break
				}
				line = strings.TrimSpace(line)
				mu.Lock()
				all[session] = append(all[session], line)
				mu.Unlock()
				_, _ = conn.Write([]byte(answer(session, line)))
			}
			_ = conn.Close()
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	return l.Addr().String(), func() [][]string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

func TestP6_USERGoesWithCAPAAndThePasswordBehindIt(t *testing.T) {
	remembered := []string{"USER", "UIDL", "TOP", "PIPELINING"}
	cold := []string{"CAPA", "USER joe", "PASS secret", "QUIT"}
	list := func(lines ...string) string { return "+OK\r\n" + strings.Join(append(lines, "."), "\r\n") + "\r\n" }
	for _, tc := range []struct {
		name      string
		hints     []string
		s         Settings
		now       string     // what CAPA answers
		heldBack  bool       // CAPA is not answered before USER has come
		want      [][]string // what the server gets; the login is refused by whoever offers STLS
		mechanism string
	}{
		{"as it was", remembered, Settings{}, list(remembered...), true, [][]string{cold}, "USER"},
		{"by name", append([]string{"SASL PLAIN"}, remembered...), Settings{Auth: "user"}, list(remembered...), true, [][]string{cold}, "USER"},
		{"CAPA is refused now", remembered, Settings{}, "-ERR\r\n", true, [][]string{cold}, "USER"},
		{"STLS is offered now", remembered, Settings{}, list("USER", "PIPELINING", "STLS"), true, [][]string{{"CAPA", "USER joe"}, {"CAPA", "STLS"}}, ""},
		{"PLAIN is offered now", remembered, Settings{}, list("USER", "PIPELINING", "SASL PLAIN"), true, [][]string{{"CAPA", "USER joe"}, {"CAPA", "AUTH PLAIN AGpvZQBzZWNyZXQ=", "QUIT"}}, "PLAIN"},
		{"UTF8 is offered now", remembered, Settings{}, list("USER", "PIPELINING", "UTF8"), true, [][]string{{"CAPA", "USER joe"}, {"CAPA", "UTF8", "USER joe", "PASS secret", "QUIT"}}, "USER"},
		{"LANG is offered now", remembered, Settings{}, list("USER", "PIPELINING", "LANG"), true, [][]string{{"CAPA", "USER joe"}, {"CAPA", "USER joe", "PASS secret", "QUIT"}}, "USER"},
		{"no PIPELINING", []string{"USER", "UIDL"}, Settings{}, list("USER"), false, [][]string{cold}, "USER"},
		{"nothing known", nil, Settings{}, list(remembered...), false, [][]string{cold}, "USER"},
		{"TLS or nothing", remembered, Settings{TLS: TLSStartTLS}, list(remembered...), false, [][]string{{"CAPA"}}, ""},
		{"UTF8 comes first", append([]string{"UTF8"}, remembered...), Settings{}, list(remembered...), false, [][]string{{"CAPA", "UTF8", "USER joe", "PASS secret", "QUIT"}}, "USER"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			addr, lines := playServer(t, func(session int, line string) string {
				switch {
				case line == "CAPA" && tc.heldBack && session == 0:
					return ""
				case line == "CAPA":
					return tc.now
				case line == "STLS":
					return "-ERR not now\r\n"
				case strings.HasPrefix(line, "USER") && tc.heldBack && session == 0:
					return tc.now + "+OK\r\n"
				}
				return "+OK\r\n"
			})
			tc.s.Password = "secret"
			a, err := New(mustTarget(t, "pop3://joe@"+addr), tc.s)
			if err != nil {
				t.Fatal(err)
			}
			c, login, err := a.Connect(t.Context(), Hints{Capabilities: tc.hints})
			if err == nil {
				if _, err := c.Quit().Wait(t.Context()); err != nil {
					t.Error(err)
				}
				_ = c.Close()
			} else {
				wantKind(t, err, Unavailable)
			}
			if got := lines(); login.Mechanism != tc.mechanism || !slices.EqualFunc(got, tc.want, slices.Equal[[]string]) {
				t.Errorf("logged in with %q, %v: the server got %q, want %q", login.Mechanism, err, got, tc.want)
			}
		})
	}
}

// remote is a connection with a peer that is not on this machine.
type remote struct{ net.Conn }

func (remote) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 110} }

func TestP6_AUTHGoesWithCAPAOnlyWhereNobodyListens(t *testing.T) {
	const (
		plain = "AUTH PLAIN AGpvZQBzZWNyZXQ="
		apop  = "APOP joe "
	)
	list := func(lines ...string) string { return "+OK\r\n" + strings.Join(append(lines, "."), "\r\n") + "\r\n" }
	remembered := []string{"SASL PLAIN", "PIPELINING"}
	stls := append([]string{"STLS"}, remembered...)
	for _, tc := range []struct {
		name     string
		hints    []string
		s        Settings
		far      bool
		now      string
		answer   string     // to the login
		together bool       // CAPA is not answered before the login has come
		want     [][]string // what the server gets; STLS is refused
		keeps    []string   // what is to be remembered
	}{
		{"as it was", remembered, Settings{}, false, list(remembered...), "+OK", true, [][]string{{"CAPA", plain, "QUIT"}}, remembered},
		{"UTF8", append([]string{"UTF8"}, remembered...), Settings{}, false, list(remembered...), "+OK", true, [][]string{{"CAPA", "UTF8", plain, "QUIT"}}, remembered},
		{"APOP", []string{"UIDL", "PIPELINING"}, Settings{Auth: "apop"}, false, list("PIPELINING"), "+OK", true, [][]string{{"CAPA", apop, "QUIT"}}, []string{"PIPELINING"}},
		{"something else is offered", remembered, Settings{}, false, list("SASL LOGIN"), "+OK", true, [][]string{{"CAPA", plain, "QUIT"}}, []string{"SASL LOGIN"}},
		{"CAPA is refused now", remembered, Settings{}, false, "-ERR\r\n", "+OK", true, [][]string{{"CAPA", plain, "QUIT"}}, nil},
		{"STLS is offered now", remembered, Settings{}, false, list(stls...), "+OK", true, [][]string{{"CAPA", plain, "QUIT"}}, stls},
		{"STLS is wanted now", remembered, Settings{}, false, list(stls...), "-ERR encryption is required", true, [][]string{{"CAPA", plain}, {"CAPA", "STLS"}}, nil},
		{"a refused password", remembered, Settings{}, false, list(stls...), "-ERR [AUTH] no", true, [][]string{{"CAPA", plain}}, stls},
		{"far away", remembered, Settings{AllowPlaintext: true}, true, list(remembered...), "+OK", false, [][]string{{"CAPA", plain, "QUIT"}}, remembered},
		{"far away, with STLS now", remembered, Settings{AllowPlaintext: true}, true, list(stls...), "+OK", false, [][]string{{"CAPA", "STLS"}}, nil},
		{"no PIPELINING", remembered[:1], Settings{}, false, list(remembered...), "+OK", false, [][]string{{"CAPA", plain, "QUIT"}}, remembered},
		{"TLS or nothing", remembered, Settings{TLS: TLSStartTLS}, false, list(remembered...), "+OK", false, [][]string{{"CAPA"}}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			addr, lines := playServer(t, func(session int, line string) string {
				verb, _, _ := strings.Cut(line, " ")
				switch {
				case verb == "CAPA" && tc.together && session == 0:
					return ""
				case verb == "CAPA":
					return tc.now
				case verb == "STLS":
					return "-ERR not now\r\n"
				case verb == "UTF8":
					return ""
				case verb != "AUTH" && verb != "APOP":
					return "+OK\r\n"
				case !tc.together:
					return tc.answer + "\r\n"
				case slices.Contains(tc.hints, "UTF8"):
					return tc.now + "-ERR what?\r\n" + tc.answer + "\r\n"
				}
				return tc.now + tc.answer + "\r\n"
			})
			tc.s.Password = "secret"
			a, err := New(mustTarget(t, "pop3://joe@"+addr), tc.s)
			if err != nil {
				t.Fatal(err)
			}
			if tc.far {
				a.options.Dialer = dialer(func(ctx context.Context, network, addr string) (net.Conn, error) {
					conn, err := new(net.Dialer).DialContext(ctx, network, addr)
					return remote{conn}, err
				})
			}
			c, login, err := a.Connect(t.Context(), Hints{Capabilities: tc.hints})
			if err == nil {
				if _, err := c.Quit().Wait(t.Context()); err != nil {
					t.Error(err)
				}
				_ = c.Close()
			}
			if !slices.Equal(login.Capabilities, tc.keeps) || login.STLS != slices.Contains(tc.keeps, "STLS") && err == nil {
				t.Errorf("remembers %q, STLS %v, want %q", login.Capabilities, login.STLS, tc.keeps)
			}
			same := func(got, want []string) bool { return slices.EqualFunc(got, want, strings.HasPrefix) }
			if got := lines(); !slices.EqualFunc(got, tc.want, same) {
				t.Errorf("%v: the server got %q, want %q", err, got, tc.want)
			}
		})
	}
}

// What is remembered can turn out to be wrong behind a token that was got anew, too.
func TestAStaleServerBehindAFreshTokenIsBegunWithAnew(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	write := func(s string) {
		if err := os.WriteFile(token, []byte(s+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	addr, lines := playServer(t, func(session int, line string) string {
		switch verb, _, _ := strings.Cut(line, " "); {
		case verb == "CAPA" && session == 0:
			return "+OK\r\nSASL XOAUTH2\r\nPIPELINING\r\n.\r\n"
		case verb == "CAPA":
			return "+OK\r\nSASL XOAUTH2\r\nPIPELINING\r\nSTLS\r\n.\r\n"
		case verb == "AUTH" && session == 1:
			return "-ERR [AUTH] expired\r\n"
		case verb == "AUTH" && session == 2:
			return "-ERR encryption is required\r\n"
		case verb == "STLS":
			return "-ERR not now\r\n"
		}
		return "+OK\r\n"
	})
	a, err := New(mustTarget(t, "pop3://joe@"+addr), Settings{Auth: "xoauth2", PasswordCommand: "cat " + token})
	if err != nil {
		t.Fatal(err)
	}
	hints := Hints{Capabilities: []string{"SASL XOAUTH2", "PIPELINING"}}
	c, _, err := a.Connect(t.Context(), hints)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	write("two")
	c, _, err = a.Connect(t.Context(), hints)
	if err == nil {
		_ = c.Close()
	}
	wantKind(t, err, Unavailable)
	if got := lines(); len(got) != 4 || !slices.Equal(got[3], []string{"CAPA", "STLS"}) {
		t.Errorf("the server got %q", got)
	}
}

type dialer func(ctx context.Context, network, addr string) (net.Conn, error)

func (d dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return d(ctx, network, addr)
}
