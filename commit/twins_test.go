package commit

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"popmark/delivery"
	"popmark/pop3server"
	"popmark/triage"
)

// slowTexts has each text take longer than the disk, so that a DELE goes out before the next text is there.
func slowTexts() pop3server.Hook {
	return pop3server.Delay(pop3server.On("RETR"), 20*time.Millisecond)
}

// marksSpam changes the subject in what RETR gives.
func marksSpam() pop3server.Hook {
	return pop3server.Lines(pop3server.On("RETR"), func(_ int, line string) (string, bool) {
		return strings.Replace(line, "Subject: ", "Subject: [SPAM] ", 1), true
	})
}

// movedOnce fails where not every message was moved, each once and in one session.
func (r *rig) movedOnce(out *outcome, many int) {
	r.t.Helper()
	copies, more := len(r.texts()), out.count(Reconnecting)
	if out.err != nil || out.Failed > 0 || out.Deleted != many || copies != many || more > 0 {
		r.t.Errorf("%v, %+v, %d copies, %d sessions more", out.err, out.Summary, copies, more)
	}
}

// A mailbox may have the very same message twice, and nothing is wrong with a server that says so.
func TestMessagesThatAreThereTwiceCostNothing(t *testing.T) {
	pairs := func(n int) string { return namedLetter((n + 1) / 2) }
	first := func(n int) string { return namedLetter(max(n, 2)) }
	bare := func(n int) string { return fmt.Sprintf("\r\nbody %d\r\n", n) }
	ofOtherOctets := func(n int) string {
		return fmt.Sprintf("From: root@example.org\r\nDate: Mon, 2 Nov 2026 00:00:%02d +0100\r\nSubject: cron\r\n\r\n%s\r\n", (n+1)/2, strings.Repeat("r", n))
	}
	refused := func(top string) pop3server.Option {
		return pop3server.WithHooks(pop3server.Refuse(pop3server.On(top), "no"))
	}
	for name, c := range map[string]struct {
		many    int
		text    func(int) string
		options []pop3server.Option
	}{
		"one pair":                               {6, first, []pop3server.Option{pop3server.WithHooks(slowTexts())}},
		"pairs of other octets":                  {20, ofOtherOctets, []pop3server.Option{pop3server.WithHooks(slowTexts())}},
		"many pairs":                             {50, pairs, nil},
		"without UIDL":                           {6, first, []pop3server.Option{pop3server.Without("UIDL"), pop3server.WithHooks(slowTexts())}},
		"RETR has another subject":               {6, first, []pop3server.Option{pop3server.WithHooks(marksSpam(), slowTexts())}},
		"RETR has a line more":                   {6, first, []pop3server.Option{pop3server.WithHooks(addsALine(), slowTexts())}},
		"every TOP is refused":                   {6, pairs, []pop3server.Option{refused("TOP")}},
		"one TOP is refused":                     {6, pairs, []pop3server.Option{refused("TOP 3")}},
		"without headers":                        {6, bare, nil},
		"without headers, every TOP is refused":  {6, bare, []pop3server.Option{refused("TOP")}},
		"without headers, one TOP is refused":    {6, bare, []pop3server.Option{refused("TOP 3")}},
		"without headers, there is no TOP":       {6, bare, []pop3server.Option{pop3server.Without("TOP")}},
		"the same for all, and there is no UIDL": {12, func(int) string { return namedLetter(1) }, []pop3server.Option{pop3server.Without("UIDL")}},
	} {
		for _, pipelining := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, pipelining %v", name, pipelining), func(t *testing.T) {
				r := lateRig(t, c.many, c.text, pipelining, c.options...)
				r.movedOnce(r.commit(order{marks: marked(strings.Repeat("M", c.many))}), c.many)
			})
		}
	}
}

// What came by a list as well has its Message-ID; nothing need be asked where the octets are right.
func TestWhatAListSentAsWellIsNotAskedAbout(t *testing.T) {
	text := func(n int) string {
		return fmt.Sprintf("Received: by list %s\r\n%s", strings.Repeat("x", n), namedLetter(1))
	}
	r := lateRig(t, 20, text, true)
	r.movedOnce(r.commit(order{marks: marked(strings.Repeat("M", 20))}), 20)
	tops := 0
	for _, c := range r.server.SessionCommands(1) {
		if strings.HasPrefix(c, "TOP ") {
			tops++
		}
	}
	if tops > 4+5 { // the proof of the order, and the glimpses
		t.Errorf("%d TOPs", tops)
	}
}

func TestAMessageThatCameWrongOnceIsFetchedWhereItsTOPIsRefused(t *testing.T) {
	for _, pipelining := range []bool{true, false} {
		r := lateRig(t, 4, namedLetter, pipelining, pop3server.WithHooks(pop3server.Refuse(pop3server.On("TOP 2"), "no"),
			pop3server.InSession(1, pop3server.Answer(pop3server.On("RETR 2"), "?\r\n"))))
		out := r.commit(order{marks: marked("MMMM"), opts: Options{Retries: 3}})
		if out.err != nil || out.Failed > 0 || out.Deleted != 4 || len(r.texts()) != 4 {
			t.Errorf("pipelining %v: %v, %+v", pipelining, out.err, out.Summary)
		}
	}
}

// All that tells is the header, and a proxy stamps what TOP gives and what RETR gives.
func TestMessagesThatAreStampedEachTimeAreFetched(t *testing.T) {
	stamp := 0
	line := func(i int, line string) (string, bool) {
		if i == 0 {
			stamp++
			line += fmt.Sprint("\r\nX-Scanned: ", stamp)
		}
		return line, true
	}
	for _, pipelining := range []bool{true, false} {
		r := lateRig(t, 6, letter, pipelining, pop3server.WithHooks(pop3server.Lines(pop3server.On("TOP"), line), pop3server.Lines(pop3server.On("RETR"), line)))
		out := r.commit(order{marks: marked("FFFFFF"), headers: true, opts: Options{Retries: 3}})
		if out.err != nil || out.Failed > 0 || out.Fetched != 6 {
			t.Errorf("pipelining %v: %v, %+v", pipelining, out.err, out.Summary)
		}
	}
}

// RETR 1 gave the text of 2, which LIST gives other octets, and the server deletes when the line drops.
func TestP2_ADELEInDoubtIsTakenBack(t *testing.T) {
	for _, pipelining := range []bool{true, false} {
		r := lateRig(t, 2, namedLetter, pipelining, pop3server.WithHooks(pop3server.CommitOnDrop(), answersWith(stuffed(2, namedLetter), map[string]string{"1": "2"}), slowTexts()))
		out := r.commit(order{marks: marked("MM"), opts: Options{Retries: 3}})
		if !slices.Contains(r.texts(), namedLetter(1)) && !slices.Contains(r.drop.UIDLs(), "uid-1") {
			t.Errorf("pipelining %v: message 1 is lost: %v, %+v", pipelining, out.err, out.Summary)
		}
		for _, ev := range out.events {
			if ev.Kind == Reconnecting && ev.Attempt < 1 {
				t.Errorf("attempt %d", ev.Attempt)
			}
		}
	}
}

// wrongWhile answers RETR 1 with the text of 2 while that is wanted.
func wrongWhile(wrong *bool) pop3server.Hook {
	texts := stuffed(2, namedLetter)
	return pop3server.On("RETR 1").Do(func(*pop3server.Event) pop3server.Action {
		if !*wrong {
			return pop3server.Action{}
		}
		return pop3server.Action{Skip: true, Answer: strings.NewReader("+OK\r\n" + texts["2"] + ".\r\n")}
	})
}

func TestP5_WhatWasAnothersTextIsNotKeptInTheNextRun(t *testing.T) {
	for _, retries := range []int{0, 3} {
		wrong := true
		r := lateRig(t, 2, namedLetter, true, pop3server.WithHooks(wrongWhile(&wrong)))
		for range 2 {
			if out := r.commit(order{marks: marked("FF"), opts: Options{Retries: retries}}); out.err == nil && out.Failed == 0 {
				t.Errorf("retries %d: nothing says that message 1 was not fetched: %+v", retries, out.Summary)
			}
		}
		wrong = false
		out := r.commit(order{marks: marked("FF"), opts: Options{Retries: 3}})
		if out.err != nil || out.Failed > 0 || !slices.Contains(r.texts(), namedLetter(1)) {
			t.Errorf("retries %d: %v, %+v", retries, out.err, out.Summary)
		}
	}
}

// A command can't be asked what it has, and may be at work on the wrong text when that is found out.
func TestP5_WhatWasAnothersTextIsPipedOnce(t *testing.T) {
	for _, before := range []string{"", "sleep 0.2; "} {
		wrong := true
		r := lateRig(t, 2, namedLetter, true, pop3server.WithHooks(wrongWhile(&wrong), slowTexts()))
		path := filepath.Join(t.TempDir(), "piped")
		to := delivery.NewPipe(before + "cat >> " + path)
		r.commit(order{marks: marked("FF"), opts: Options{Destination: to}})
		wrong = false
		for range 2 {
			if out := r.commit(order{marks: marked("FF"), opts: Options{Retries: 3, Destination: to}}); out.err != nil || out.Failed > 0 {
				t.Errorf("%v, %+v", out.err, out.Summary)
			}
		}
		piped, err := os.ReadFile(path)
		must(t, err)
		if n := strings.Count(string(piped), "<m1@"); n != 1 {
			t.Errorf("%q: message 1 was piped %d times", before, n)
		}
	}
}

// What a run says of a message is right where its copy was another's text at first.
func TestP4_WhatIsFetchedAnewIsCountedOnce(t *testing.T) {
	for _, marks := range []string{"FF", "MM", "MF"} {
		for _, when := range []triage.Order{triage.AsReceived, triage.AtEnd} {
			for _, pipelining := range []bool{true, false} {
				r := lateRig(t, 2, namedLetter, pipelining, pop3server.WithHooks(slowTexts(),
					pop3server.InSession(1, answersWith(stuffed(2, namedLetter), map[string]string{"1": "2"}))))
				out := r.commit(order{marks: marked(marks), order: when, opts: Options{Retries: 3}})
				octets := int64(len(namedLetter(1)) + len(namedLetter(2)))
				if out.err != nil || out.Failed > 0 || out.Fetched != 2 || out.Octets != octets || out.Kept != 0 || out.Deleted != strings.Count(marks, "M") {
					t.Errorf("%s, pipelining %v, %v: %v, %+v", marks, pipelining, when, out.err, out.Summary)
				}
			}
		}
	}
}
