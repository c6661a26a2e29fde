package commit

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"popmark/pop3server"
)

// slowly writes one answer in parts, with a pause before each but the first.
type slowly struct {
	out   pop3server.Output
	parts []string
	pause time.Duration
	done  bool
}

func (s *slowly) Write(p []byte) (int, error) {
	if s.done {
		return len(p), nil
	}
	s.done = true
	for i, part := range s.parts {
		if i > 0 {
			if err := s.out.Pause(s.pause); err != nil {
				return 0, err
			}
		}
		if _, err := io.WriteString(s.out, part); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// A server that does not stuff dots, or stops for a while at a message's own, must not have a part taken
// for the whole: the same commit, given again, would only delete what seems to be fetched.
func TestP2_ATextThatGoesOnBehindItsOwnDotIsNotWhole(t *testing.T) {
	const rest = "and the part that matters\r\n"
	for name, tt := range map[string]struct {
		before string // another message, if any, as it stands in the server
		head   string
		pause  time.Duration
	}{
		"at once":                          {head: "A: b\r\n\r\nhello\r\n.\r\n"},
		"a moment later":                   {head: "A: b\r\n\r\nhello\r\n.\r\n", pause: 30 * time.Millisecond},
		"behind a text that ended in LF":   {before: "A: 1\n\nhello\n", head: "A: 2\n\nhello\n.\n"},
		"behind a silence in a text of LF": {head: "X-A: b\nX-B: c\n\nhello\n.\n", pause: 450 * time.Millisecond},
	} {
		for _, how := range []string{"one at a time", "pipelined"} {
			t.Run(name+"/"+how, func(t *testing.T) {
				var opts []pop3server.Option
				if how == "one at a time" {
					opts = append(opts, oneAtATime)
				}
				texts := []string{tt.head + rest}
				if tt.before != "" {
					texts = []string{tt.before, tt.head + rest}
				}
				last := string(rune('0' + len(texts)))
				hooks := []pop3server.Hook{pop3server.On("RETR " + last).Do(func(*pop3server.Event) pop3server.Action {
					return pop3server.Action{Filter: func(o pop3server.Output) io.Writer {
						return &slowly{out: o, parts: []string{"+OK\r\n" + tt.head, rest + ".\r\n"}, pause: tt.pause}
					}}
				})}
				if tt.before != "" {
					hooks = append(hooks, pop3server.Whole(pop3server.On("RETR 1"), func(string) string { return "+OK\r\n" + tt.before + ".\r\n" }))
				}
				r := newRig(t, 0, append(opts, pop3server.WithHooks(hooks...))...)
				for i, text := range texts {
					r.drop.Add(pop3server.NewMessage("uid-"+string(rune('1'+i)), []byte(text)))
				}
				for range 2 {
					r.commit(order{marks: marked(strings.Repeat("M", len(texts)))})
				}
				left, copies := strings.Join(r.drop.UIDLs(), " "), strings.Join(r.texts(), "")
				if !strings.Contains(left, "uid-"+last) && !strings.Contains(copies, rest[:len(rest)-2]) {
					t.Errorf("it is lost: the server has %q, the copies are %q", left, copies)
				}
			})
		}
	}
}

// Twice is enough to see that it is the message: the others are not for it to hold up.
func TestOneMessageThatCannotBeFetchedHoldsUpNoOther(t *testing.T) {
	const text = "A: b\r\n\r\nhello\r\n.\r\nand the part that matters\r\n"
	for name, opts := range map[string][]pop3server.Option{"one at a time": {oneAtATime}, "pipelined": nil} {
		t.Run(name, func(t *testing.T) {
			unstuffed := pop3server.Whole(pop3server.On("RETR 3"), func(string) string { return "+OK\r\n" + text + ".\r\n" })
			r := newRig(t, 2, append(opts, pop3server.WithHooks(unstuffed))...)
			r.drop.Add(pop3server.NewMessage("uid-3", []byte(text)))
			r.drop.Add(pop3server.NewMessage("uid-4", []byte("A: b\r\n\r\nthe last\r\n")))
			out := r.commit(order{marks: marked("MDMM"), opts: Options{Retries: 3}})
			if out.err != nil || out.Fetched != 2 || out.Deleted != 3 || out.Failed != 1 {
				t.Errorf("%v, %+v", out.err, out.Summary)
			}
			if left := r.drop.UIDLs(); len(left) != 1 || left[0] != "uid-3" {
				t.Errorf("%q are left", left)
			}
		})
	}
}

func TestMessagesThatCannotBeFetchedHoldUpNoOtherAndNotForEver(t *testing.T) {
	const bad = "A: b\r\n\r\nhello\r\n.\r\nand the part that matters\r\n"
	for name, opts := range map[string][]pop3server.Option{"one at a time": {oneAtATime}, "pipelined": nil} {
		t.Run(name, func(t *testing.T) {
			for bads, stops := range map[int]bool{2: false, 3: false, 6: true} {
				unstuffed := pop3server.Whole(func(e *pop3server.Event) bool {
					return e.Verb == "RETR" && e.Arg != "1" && e.Arg != strconv.Itoa(bads+2)
				},
					func(string) string { return "+OK\r\n" + bad + ".\r\n" })
				r := newRig(t, 1, append(slices.Clone(opts), pop3server.WithHooks(unstuffed))...)
				for n := range bads {
					r.drop.Add(pop3server.NewMessage(fmt.Sprintf("uid-%d", n+2), []byte(bad)))
				}
				r.drop.Add(pop3server.NewMessage("last", []byte("A: b\r\n\r\nthe last\r\n")))
				out := r.commit(order{marks: marked(strings.Repeat("M", bads+2)), opts: Options{Retries: 3}})
				if stops {
					if out.err == nil || r.server.Sessions() > 2*mostPassed+5 {
						t.Errorf("%d: %v after %d sessions", bads, out.err, r.server.Sessions())
					}
					continue
				}
				if out.err != nil || out.Fetched != 2 || out.Deleted != 2 || out.Failed != bads || len(r.drop.UIDLs()) != bads {
					t.Errorf("%d: %v, %+v; left %q", bads, out.err, out.Summary, r.drop.UIDLs())
				}
			}
		})
	}
}

// Where LIST is an octet wrong, such a message can't be told from an answer too many.
func TestAMessageThatBeginsLikeAnAnswerHoldsUpNoOther(t *testing.T) {
	const text = "+OK this is text\r\nA: b\r\n\r\nhello\r\n"
	for name, opts := range map[string][]pop3server.Option{"one at a time": {oneAtATime}, "pipelined": nil} {
		t.Run(name, func(t *testing.T) {
			wrong := pop3server.Whole(pop3server.On("LIST"), func(answer string) string {
				return strings.Replace(answer, "\r\n2 33\r\n", "\r\n2 32\r\n", 1)
			})
			r := newRig(t, 1, append(opts, pop3server.WithHooks(wrong))...)
			r.drop.Add(pop3server.NewMessage("uid-2", []byte(text)))
			r.drop.Add(pop3server.NewMessage("uid-3", []byte("A: b\r\n\r\nthe last\r\n")))
			out := r.commit(order{marks: marked("MMM"), opts: Options{Retries: 3}})
			if left := r.drop.UIDLs(); out.err != nil || out.Failed != 1 || !slices.Equal(left, []string{"uid-2"}) {
				t.Errorf("%v, %+v; left %q", out.err, out.Summary, left)
			}
		})
	}
}

// Sizes that are wrong and words that are odd are borne by themselves, and together.
func TestOddWordsToLISTOfOneMessageLoseNothing(t *testing.T) {
	words := pop3server.Whole(pop3server.On("LIST"), func(answer string) string {
		if strings.Contains(answer, "\r\n.\r\n") {
			return strings.NewReplacer("\r\n1 ", "\r\n1 1", "\r\n2 ", "\r\n2 1").Replace(answer)
		}
		return "+OK message " + strings.TrimPrefix(answer, "+OK ")
	})
	r := newRig(t, 2, oneAtATime, pop3server.WithHooks(words))
	if out := r.commit(order{marks: marked("MM"), opts: Options{Retries: 3}}); out.err != nil || out.Deleted != 2 {
		t.Errorf("%v, %+v", out.err, out.Summary)
	}
	r.expect([]int{1, 2})
}

// What is fetched in between shows that such messages are the exception.
func TestManyMessagesThatCannotBeFetchedHoldUpNoneBetweenThem(t *testing.T) {
	const bad = "A: b\r\n\r\nhello\r\n.\r\nand the part that matters\r\n"
	unstuffed := pop3server.Whole(func(e *pop3server.Event) bool {
		n, _ := strconv.Atoi(e.Arg)
		return e.Verb == "RETR" && n%2 == 0
	}, func(string) string { return "+OK\r\n" + bad + ".\r\n" })
	const bads = mostPassed + 3
	r := newRig(t, 0, oneAtATime, pop3server.WithHooks(unstuffed))
	for n := range bads {
		r.drop.Add(pop3server.NewMessage(fmt.Sprintf("good-%d", n), []byte(letter(n))))
		r.drop.Add(pop3server.NewMessage(fmt.Sprintf("bad-%d", n), []byte(bad)))
	}
	out := r.commit(order{marks: marked(strings.Repeat("F", 2*bads)), opts: Options{Retries: 3}})
	if out.err != nil || out.Fetched != bads || out.Failed != bads {
		t.Errorf("%v, %+v", out.err, out.Summary)
	}
}
