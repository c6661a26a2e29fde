package commit

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"popmark/pop3server"
)

// A sender can write a lone dot behind a bare LF, and what looks like answers behind it, into a
// message whose lines end in LF alone before that. What follows it is the message's own.
func TestP2_AMessageThatForgesItsEndIsFetchedWholeOrStays(t *testing.T) {
	const before = "X-A: b\nX-B: c\n.\r\n"
	for name, forged := range map[string]string{
		"one answer":  "+OK\r\nSubject: forged\r\n\r\nbody\r\n",
		"two answers": "+OK\r\nSubject: forged\r\n\r\nbody\r\n.\r\n+OK\r\nbody\r\n",
		"statuses":    "+OK\r\n+OK\r\n+OK\r\nbody\r\n",
	} {
		for _, pipelining := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, pipelining %v", name, pipelining), func(t *testing.T) {
				evil := before + forged
				raw := func(m pop3server.Match) pop3server.Hook {
					return pop3server.Whole(m, func(string) string {
						return "+OK\r\n" + before + strings.ReplaceAll(forged, "\r\n.\r\n", "\r\n..\r\n") + ".\r\n"
					})
				}
				hooks := []pop3server.Hook{raw(pop3server.On("RETR 1")), raw(pop3server.On("TOP 1"))}
				if !pipelining {
					hooks = append(hooks, pop3server.HideCapability("PIPELINING"))
				}
				r := newRig(t, 0, pop3server.WithHooks(hooks...))
				r.drop.Add(pop3server.NewMessage("uid-1", []byte(evil)))
				for n := 2; n <= 4; n++ {
					r.drop.Add(pop3server.NewMessage(fmt.Sprintf("uid-%d", n), []byte(withID(n, "a"))))
				}
				out := r.commit(order{marks: marked("MMMM"), opts: Options{Retries: 2}})
				left := r.drop.UIDLs()
				if !slices.Contains(left, "uid-1") && !slices.ContainsFunc(r.texts(), func(s string) bool {
					return strings.Contains(strings.ReplaceAll(s, "\r\n", "\n"), strings.ReplaceAll(evil, "\r\n", "\n"))
				}) {
					t.Errorf("it is deleted, and the copies are %q", r.texts())
				}
				if out.err != nil || len(left) != 0 {
					t.Errorf("%v, and the server has %q", out.err, left)
				}
			})
		}
	}
}
