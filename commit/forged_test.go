package commit

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

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

// A line that nobody asked for is taken for RETR's answer, and RETR's own answer for the text's first line.
func TestP2_AStrayAnswerIsNoLineOfAMessage(t *testing.T) {
	stray := pop3server.Whole(pop3server.On("RETR 2").InSession(1), func(answer string) string { return "+OK\r\n" + answer })
	for _, options := range [][]pop3server.Option{{}, {oneAtATime}} {
		r := newRig(t, 3, append(options, pop3server.WithHooks(stray))...)
		out := r.commit(order{marks: marked("MMM"), opts: Options{Retries: 2}})
		must(t, out.err)
		r.expect([]int{1, 2, 3})
		for _, text := range r.texts() {
			if strings.HasPrefix(text, "+OK") {
				t.Errorf("a copy is %q", text)
			}
		}
	}
}

func TestAMessageThatBeginsLikeAnAnswerIsFetchedAsItIs(t *testing.T) {
	const text = "+OK is no field\r\nSubject: odd\r\n\r\nbody\r\n"
	r := newRig(t, 0)
	r.drop.Add(pop3server.NewMessage("uid-1", []byte(text)))
	out := r.commit(order{marks: marked("M"), opts: Options{Retries: 2}})
	must(t, out.err)
	if got := r.texts(); len(got) != 1 || got[0] != text || len(r.drop.UIDLs()) != 0 {
		t.Errorf("the copies are %q, the server has %q", got, r.drop.UIDLs())
	}
}

// A server may bear a few commands together, as many as prove the order, and lose some of more.
func TestAStallInACommitIsPipeliningsInTheEnd(t *testing.T) {
	lose := pop3server.Swallow(func(e *pop3server.Event) bool { return e.Pipelined && e.Verb == "RETR" && e.Count > 2 })
	r := newRig(t, 12, pop3server.WithHooks(lose))
	r.answerTimeout = 300 * time.Millisecond
	out := r.commit(order{marks: marked("FFFFFFFFFFFF"), opts: Options{Retries: 3}})
	must(t, out.err)
	if got := len(r.copies()); got != 12 {
		t.Errorf("%d copies", got)
	}
}
