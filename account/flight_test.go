package account

import (
	"bufio"
	"net"
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
			_, _ = conn.Write([]byte("+OK\r\n"))
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
		{"UTF8 comes first", append([]string{"UTF8"}, remembered...), Settings{}, list(remembered...), false, [][]string{cold}, "USER"},
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
