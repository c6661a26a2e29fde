package commit

import (
	"fmt"
	"strings"
	"testing"

	"popmark/pop3client"
	"popmark/pop3server"
)

// wholeTop answers TOP with the whole message, as some servers do.
func wholeTop() pop3server.Hook {
	return pop3server.On("TOP").Do(func(e *pop3server.Event) pop3server.Action {
		var n int
		if _, err := fmt.Sscan(e.Arg, &n); err != nil {
			return pop3server.Action{}
		}
		return pop3server.Action{Answer: strings.NewReader("+OK\r\n" + strings.ReplaceAll(longLetter(n), "\r\n.", "\r\n..") + ".\r\n")}
	})
}

const shortTop = 8 << 10

// longLetter is more than a session with such a limit bears as a TOP's answer.
func longLetter(n int) string {
	return letter(n) + strings.Repeat(strings.Repeat("y", 70)+"\r\n", 2*shortTop/72)
}

func TestAServerWhoseTOPGivesTooMuchIsMovedFromAllTheSame(t *testing.T) {
	for _, c := range []struct {
		name  string
		hooks []pop3server.Hook
	}{
		{"unbroken", nil},
		{"broken", []pop3server.Hook{pop3server.Cut(pop3server.On("DELE 2").InSession(1), pop3server.Close)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, 0, pop3server.WithHooks(append(c.hooks, wholeTop())...))
			r.limits.TopOctets = shortTop
			for n := 1; n <= 3; n++ {
				m := pop3server.NewMessage(fmt.Sprintf("uid-%d", n), []byte(longLetter(n)))
				m.Octets = pop3client.DefaultTopOctets // it need not be there for LIST to say so
				r.drop.Add(m)
			}
			out := r.commit(order{marks: marked("MMM"), opts: Options{Retries: 3}})
			if out.err != nil || out.Failed != 0 || out.Fetched != 3 || out.Deleted != 3 {
				t.Errorf("%v, %+v", out.err, out.Summary)
			}
		})
	}
}
