package commit

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"popmark/pop3server"
	"popmark/triage"
)

// lateTexts answers RETR by so many texts too late, with so many of its own before: what goes wrong is the
// text alone, and every command has its answer.
func lateTexts(by int, texts map[string]string) pop3server.Hook {
	asked := make(map[int][]string) // by session
	return pop3server.On("RETR").Do(func(e *pop3server.Event) pop3server.Action {
		all := append(asked[e.Session], e.Arg)
		asked[e.Session] = all
		n := all[max(len(all)-1-by, 0)]
		return pop3server.Action{Skip: true, Answer: strings.NewReader("+OK\r\n" + texts[n] + ".\r\n")}
	})
}

func TestP2_ATextThatIsAnotherMessagesIsNoCopy(t *testing.T) {
	for _, by := range []int{1, 2, 3} {
		for _, pipelining := range []bool{true, false} {
			for _, when := range []triage.Order{triage.AsReceived, triage.AtEnd} {
				t.Run(fmt.Sprintf("%d late, pipelining %v, order %v", by, pipelining, when), func(t *testing.T) {
					texts := make(map[string]string)
					for n := 1; n <= 6; n++ {
						texts[fmt.Sprint(n)] = strings.ReplaceAll(letter(n), "\r\n.", "\r\n..")
					}
					options := []pop3server.Option{pop3server.WithHooks(lateTexts(by, texts))}
					if !pipelining {
						options = append(options, pop3server.WithHooks(pop3server.HideCapability("PIPELINING")))
					}
					r := newRig(t, 6, options...)
					out := r.commit(order{marks: marked("MMMMMM"), order: when, opts: Options{Retries: 3}})
					left, copies := r.drop.UIDLs(), r.texts()
					for n := 1; n <= 6; n++ {
						gone := !slices.Contains(left, fmt.Sprintf("uid-%d", n))
						if gone && !slices.Contains(copies, letter(n)) {
							t.Errorf("message %d was deleted and has no copy", n)
						}
					}
					if len(left) > 0 && out.err == nil && out.Failed == 0 {
						t.Errorf("%q are left, and nothing says so", left)
					}
				})
			}
		}
	}
}

// Two messages may be the same, and each is moved.
func TestMessagesThatAreTheSameAreMovedInOneSession(t *testing.T) {
	for _, top := range []bool{true, false} {
		t.Run(fmt.Sprintf("TOP %v", top), func(t *testing.T) {
			var options []pop3server.Option
			if !top {
				options = append(options, pop3server.Without("TOP"))
			}
			r := newRig(t, 0, options...)
			for n := 1; n <= 40; n++ {
				r.drop.Add(pop3server.NewMessage(fmt.Sprintf("uid-%d", n), []byte(letter(n/21))))
			}
			out := r.commit(order{marks: marked(strings.Repeat("M", 40))})
			if out.err != nil || out.Fetched != 40 || out.Deleted != 40 || len(r.drop.UIDLs()) != 0 {
				t.Errorf("%v, %+v", out.err, out.Summary)
			}
			if got := len(r.texts()); got != 40 {
				t.Errorf("%d copies", got)
			}
		})
	}
}
