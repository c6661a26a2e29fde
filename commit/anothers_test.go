package commit

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"popmark/delivery"
	"popmark/pop3server"
	"popmark/triage"
)

// answersWith answers RETR with the text of another message where with says so, by number.
func answersWith(texts, with map[string]string) pop3server.Hook {
	return pop3server.On("RETR").Do(func(e *pop3server.Event) pop3server.Action {
		n, wrong := with[e.Arg]
		if !wrong {
			return pop3server.Action{}
		}
		return pop3server.Action{Skip: true, Answer: strings.NewReader("+OK\r\n" + texts[n] + ".\r\n")}
	})
}

// lateAcrossSessions is one text late, whichever session the one before was asked for in. In each session the
// first message is the one whose number is the session's.
func lateAcrossSessions(texts map[string]string) pop3server.Hook {
	var mu sync.Mutex
	last := ""
	return pop3server.On("RETR").Do(func(e *pop3server.Event) pop3server.Action {
		mu.Lock()
		defer mu.Unlock()
		own := fmt.Sprint(e.Session)
		send := last
		if last = own; send == "" {
			send = own
		}
		return pop3server.Action{Skip: true, Answer: strings.NewReader("+OK\r\n" + texts[send] + ".\r\n")}
	})
}

// stampedLate is one text late, with a line of its own in each.
func stampedLate(texts map[string]string, stamp func(n int) string) pop3server.Hook {
	var asked []string
	return pop3server.On("RETR").InSession(1).Do(func(e *pop3server.Event) pop3server.Action {
		asked = append(asked, e.Arg)
		send := asked[max(len(asked)-2, 0)]
		return pop3server.Action{Skip: true, Answer: strings.NewReader("+OK\r\n" + stamp(len(asked)) + "\r\n" + texts[send] + ".\r\n")}
	})
}

func TestP2_NoTextOfAnotherMessageIsACopy(t *testing.T) {
	long := func(n int) string { return namedLetter(n) + strings.Repeat("more\r\n", 100*n) }
	bare := func(n int) string { return fmt.Sprintf("\r\nbody %d\r\n%s", n, strings.Repeat("z\r\n", 30*n)) }
	ofOneSecond := func(n int) string {
		return fmt.Sprintf("From: root@example.org\r\nDate: Mon, 2 Nov 2026 00:00:00 +0100\r\nSubject: job %d\r\n\r\nresult %d\r\n", n, n)
	}
	jobs := func(n int) string {
		return fmt.Sprintf("From: root@example.org\r\nDate: Mon, 2 Nov 2026 00:00:00 +0100\r\nSubject: job 1%s\r\n\r\nresult %d\r\n", strings.Repeat("0", n-1), n)
	}
	alike := func(n int) string {
		return fmt.Sprintf("From: root@example.org\r\nDate: Mon, 2 Nov 2026 00:00:00 +0100\r\nSubject: job\r\nX-Job: %d\r\n\r\nresult %d\r\n", n, n)
	}
	oneBare := func(n int) string {
		if n == 1 {
			return "\r\n" + strings.Repeat("x", len(namedLetter(2))-4) + "\r\n"
		}
		return namedLetter(n)
	}
	plain := func(n int) string {
		return fmt.Sprintf("From: root@example.org\r\nX-Job: %d\r\n\r\nresult %d\r\n", n, n)
	}
	viaList := func(n int) string {
		if n == 1 {
			return "Received: from direct\r\nMessage-ID: <m@example.org>\r\nDate: Mon, 2 Nov 2026 08:00:00 +0100\r\n\r\nsecret\r\n"
		}
		return "Received: from list\r\nList-Id: <l.example.org>\r\nMessage-ID: <m@example.org>\r\nDate: Mon, 2 Nov 2026 08:00:00 +0100\r\n\r\ntext\r\nfooter\r\n"
	}
	huge := func(n int) string {
		if n == 2 {
			return namedLetter(2) + strings.Repeat(strings.Repeat("y", 1022)+"\r\n", 33<<10)
		}
		return namedLetter(n)
	}
	hooks := func(h ...pop3server.Hook) []pop3server.Option { return []pop3server.Option{pop3server.WithHooks(h...)} }
	first := func(h pop3server.Hook) pop3server.Hook { return pop3server.InSession(1, h) }
	for name, c := range map[string]struct {
		text   func(int) string
		marks  string
		server func(texts map[string]string) []pop3server.Option
		order  order
	}{
		"the one before has its text": {text: namedLetter, marks: "MM", server: func(texts map[string]string) []pop3server.Option {
			return hooks(answersWith(texts, map[string]string{"1": "2"}))
		}},
		"the one before has its text, deletions at the end": {text: namedLetter, marks: "MM", order: order{order: triage.AtEnd}, server: func(texts map[string]string) []pop3server.Option {
			return hooks(answersWith(texts, map[string]string{"1": "2"}))
		}},
		"the one before has the same one's": {text: namedLetter, marks: "MM-", server: func(texts map[string]string) []pop3server.Option {
			return hooks(first(answersWith(texts, map[string]string{"1": "3", "2": "3"})))
		}},
		"the one before has the same one's, and it stays": {text: namedLetter, marks: "FF-", server: func(texts map[string]string) []pop3server.Option {
			return hooks(first(answersWith(texts, map[string]string{"1": "3", "2": "3"})))
		}},
		"the one before has its text, once, and stays": {text: namedLetter, marks: "FF", server: func(texts map[string]string) []pop3server.Option {
			return hooks(first(answersWith(texts, map[string]string{"1": "2"})))
		}},
		"it is in each session": {text: namedLetter, marks: "MM", server: func(texts map[string]string) []pop3server.Option {
			return hooks(answersWith(texts, map[string]string{"2": "1"}))
		}},
		"it came five texts before": {text: namedLetter, marks: "MMMMMM", server: func(texts map[string]string) []pop3server.Option {
			return hooks(answersWith(texts, map[string]string{"6": "1"}))
		}},
		"the next session has another's": {text: namedLetter, marks: "MM-", server: func(texts map[string]string) []pop3server.Option {
			return hooks(first(answersWith(texts, map[string]string{"2": "1"})), pop3server.InSession(2, answersWith(texts, map[string]string{"2": "3"})))
		}},
		"it came before a checkpoint": {text: namedLetter, marks: "MMM", order: order{opts: Options{Checkpoint: 1}}, server: func(texts map[string]string) []pop3server.Option {
			return hooks(lateAcrossSessions(texts))
		}},
		"it came before the line broke": {text: namedLetter, marks: "MM", server: func(texts map[string]string) []pop3server.Option {
			return hooks(answersWith(texts, map[string]string{"2": "1"}), pop3server.Cut(pop3server.On("RETR 2").InSession(1), pop3server.Close))
		}},
		"it is stamped anew": {text: namedLetter, marks: "MM", server: func(texts map[string]string) []pop3server.Option {
			return hooks(stampedLate(texts, func(n int) string { return fmt.Sprint("X-Scanned: ", n) }))
		}},
		"its status has changed": {text: namedLetter, marks: "MM", server: func(texts map[string]string) []pop3server.Option {
			return hooks(stampedLate(texts, func(n int) string { return []string{"Status: O", "Status: RO"}[min(n-1, 1)] }))
		}},
		"the message is huge": {text: huge, marks: "MM", server: func(texts map[string]string) []pop3server.Option {
			return hooks(first(answersWith(texts, map[string]string{"2": "1"})))
		}},
		"there is no TOP": {text: long, marks: "MMM", server: func(texts map[string]string) []pop3server.Option {
			return append(hooks(first(lateTexts(1, texts))), pop3server.Without("TOP"))
		}},
		"TOP is not listed, and refused": {text: long, marks: "MMM", server: func(texts map[string]string) []pop3server.Option {
			return hooks(first(lateTexts(1, texts)), pop3server.HideCapability("TOP"), pop3server.Refuse(pop3server.On("TOP"), "unknown command"))
		}},
		"no message has a header": {text: bare, marks: "MMM", server: func(texts map[string]string) []pop3server.Option {
			return hooks(first(lateTexts(1, texts)))
		}},
		"there is no UIDL": {text: namedLetter, marks: "M--", order: order{headers: true}, server: func(texts map[string]string) []pop3server.Option {
			return append(hooks(answersWith(texts, map[string]string{"1": "3"})), pop3server.Without("UIDL"))
		}},
		"sender and second are the same": {text: ofOneSecond, marks: "MM", order: order{headers: true}, server: func(texts map[string]string) []pop3server.Option {
			return hooks(answersWith(texts, map[string]string{"1": "2"}))
		}},
		"subjects begin alike": {text: jobs, marks: "M-", order: order{headers: true}, server: func(texts map[string]string) []pop3server.Option {
			return hooks(answersWith(texts, map[string]string{"1": "2"}))
		}},
		"there is neither subject nor date": {text: plain, marks: "MM", order: order{headers: true}, server: func(texts map[string]string) []pop3server.Option {
			return hooks(answersWith(texts, map[string]string{"1": "2"}))
		}},
		"it has the octets, the sender and the second of the other": {text: alike, marks: "MM", server: func(texts map[string]string) []pop3server.Option {
			return hooks(first(lateTexts(1, texts)), slowTexts())
		}},
		"it has no header, and the octets of the other": {text: oneBare, marks: "MM", server: func(texts map[string]string) []pop3server.Option {
			return hooks(first(lateTexts(1, texts)))
		}},
		"only the header tells": {text: letter, marks: "M-", order: order{headers: true}, server: func(texts map[string]string) []pop3server.Option {
			return hooks(answersWith(texts, map[string]string{"1": "2"}))
		}},
		"a list sent the same": {text: viaList, marks: "MM", order: order{headers: true}, server: func(texts map[string]string) []pop3server.Option {
			return hooks(answersWith(texts, map[string]string{"1": "2"}))
		}},
		"the one before confirmed a copy": {text: letter, marks: "MM", server: func(texts map[string]string) []pop3server.Option {
			return hooks(addsALine(), pop3server.Cut(pop3server.On("RETR 2").InSession(1), pop3server.Close),
				pop3server.On("RETR 2").From(2).Do(func(*pop3server.Event) pop3server.Action {
					return pop3server.Action{Skip: true, Answer: strings.NewReader("+OK\r\n" + texts["1"] + ".\r\n")}
				}))
		}},
	} {
		for _, pipelining := range []bool{true, false} {
			if !pipelining && name == "the message is huge" {
				continue // what takes long once is enough
			}
			t.Run(fmt.Sprintf("%s, pipelining %v", name, pipelining), func(t *testing.T) {
				r := lateRig(t, len(c.marks), c.text, pipelining, c.server(stuffed(len(c.marks), c.text))...)
				c.order.marks, c.order.opts.Retries = marked(c.marks), 3
				out := r.commit(c.order)
				for n, mark := range marked(c.marks) {
					there := slices.Contains(r.drop.UIDLs(), fmt.Sprint("uid-", n))
					has := slices.ContainsFunc(r.texts(), func(s string) bool {
						return strings.HasSuffix(s, c.text(n)) || strings.Contains(s, "\nX-Scanned: yes") && r.which(s) == n
					})
					if !has && !there {
						t.Errorf("message %d is lost: %v, %+v", n, out.err, out.Summary)
					}
					if !has && mark.Downloads() && out.err == nil && out.Failed == 0 {
						t.Errorf("message %d was not fetched, and nothing says so: %+v", n, out.Summary)
					}
				}
			})
		}
	}
}

func TestP2_WhatWasAnothersTextInOneRunIsSoInTheNext(t *testing.T) {
	r := lateRig(t, 2, namedLetter, true, pop3server.WithHooks(answersWith(stuffed(2, namedLetter), map[string]string{"2": "1"})))
	if out := r.commit(order{marks: marked("MM"), opts: Options{Request: "same"}}); out.err == nil {
		t.Fatalf("no error: %+v", out.Summary)
	}
	r.nothingLost(r.takeUp(t.Context(), "same", marked("MM")), 2, namedLetter)
}

// RETR adds a line to TOP's header, which is all that tells, and the line breaks before the DELE.
func TestP5_ACopyOfThisRunIsNotMadeTwice(t *testing.T) {
	for _, pipelining := range []bool{true, false} {
		for _, marks := range []string{"MMM", "DDM"} {
			r := lateRig(t, 3, letter, pipelining, pop3server.WithHooks(addsALine(), pop3server.Cut(pop3server.On("RETR 3").InSession(1), pop3server.Close)))
			out := r.commit(order{marks: marked(marks), opts: Options{Retries: 3}})
			want := strings.Count(marks, "M")
			if copies := len(r.texts()); copies != want || out.Fetched != want {
				t.Errorf("%s, pipelining %v: %d copies of %d messages, %v, %+v", marks, pipelining, copies, want, out.err, out.Summary)
			}
		}
	}
}

func TestP5_ATextInDoubtLeavesAnEarlierAttemptKnown(t *testing.T) {
	for _, late := range []bool{false, true} {
		var hooks []pop3server.Hook
		if late {
			hooks = append(hooks, pop3server.InSession(2, lateTexts(1, stuffed(2, namedLetter))))
		}
		r := lateRig(t, 2, namedLetter, true, pop3server.WithHooks(hooks...))
		ready := filepath.Join(t.TempDir(), "ready")
		to := delivery.Multi(r.dest, delivery.NewPipe("cat >/dev/null; test -e "+ready))
		if out := r.commit(order{marks: marked("FF"), opts: Options{Destination: to}}); out.Failed == 0 && out.err == nil {
			t.Fatalf("the command failed, and nothing says so: %+v", out.Summary)
		}
		must(t, os.WriteFile(ready, nil, 0o600))
		out := r.commit(order{marks: marked("FF"), opts: Options{Destination: to, Retries: 3}})
		if copies := len(r.texts()); copies != 2 || out.err != nil || out.Failed > 0 {
			t.Errorf("late %v: %d copies of 2 messages, %v, %+v", late, copies, out.err, out.Summary)
		}
	}
}

func TestATOPThatIsNoAnswerStopsNoOtherMessage(t *testing.T) {
	r := lateRig(t, 6, func(n int) string { return namedLetter(max(n, 2)) }, false, pop3server.WithHooks(pop3server.Answer(pop3server.On("TOP 2"), "?\r\n")))
	out := r.commit(order{marks: marked("MMMMMM"), opts: Options{Retries: 3}})
	if left := r.drop.UIDLs(); len(left) > 0 && !slices.Equal(left, []string{"uid-2"}) || out.err != nil {
		t.Errorf("%q are left: %v, %+v", left, out.err, out.Summary)
	}
}

// They are as like as can be, and RETR's header is not TOP's.
func TestTwinsAreMovedWhereRETRShowsOtherHeaders(t *testing.T) {
	for _, pipelining := range []bool{true, false} {
		viaList := func(n int) string { return fmt.Sprintf("Received: by list %d\r\n%s", n, namedLetter(1)) }
		r := lateRig(t, 6, viaList, pipelining, pop3server.WithHooks(addsALine()))
		out := r.commit(order{marks: marked("MMMMMM"), opts: Options{Retries: 3}})
		if copies := len(r.texts()); out.err != nil || out.Failed > 0 || copies != 6 || out.count(Reconnecting) > 0 {
			t.Errorf("pipelining %v: %v, %+v, %d copies, %d sessions more", pipelining, out.err, out.Summary, copies, out.count(Reconnecting))
		}
	}
}

// All that tells is the header, an earlier session has shown it, and more messages are marked by their numbers than
// are looked at before.
func TestP1_AMessageThatGotAUIDLIsNeitherFetchedNorMoved(t *testing.T) {
	const many = 130
	for _, mark := range []string{"F", "M"} {
		r := lateRig(t, many, letter, true)
		must(t, r.commit(order{headers: true}).err)
		for n := 1; n <= many; n++ {
			r.drop.Remove(fmt.Sprint("uid-", n))
			text := letter(n)
			if n == 2 {
				text = strings.Replace(text, "number 2", "number Z", 1)
			}
			r.drop.Add(pop3server.NewMessage(fmt.Sprint("uid-", n), []byte(text)))
		}
		out := r.commit(order{marks: marked(strings.Repeat(mark, many)), opts: Options{Retries: 3, Numbered: true}})
		if out.Failed != 1 || !slices.Contains(r.drop.UIDLs(), "uid-2") || len(r.texts()) != many-1 {
			t.Errorf("%s: %v, fetched %d, deleted %d, failed %d, %d copies", mark, out.err, out.Fetched, out.Deleted, out.Failed, len(r.texts()))
		}
	}
}
