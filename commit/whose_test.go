package commit

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"popmark/mailbox"
	"popmark/pop3server"
	"popmark/triage"
)

// safe fails where a message is neither on the server nor, whole, in the Maildir, or was not fetched and nothing says
// so. What a scanner stamps at the top may stand before a text.
func (r *rig) safe(out *outcome, letters string, text func(int) string) {
	r.t.Helper()
	for n, mark := range marked(letters) {
		there := slices.Contains(r.drop.UIDLs(), fmt.Sprint("uid-", n))
		has := slices.ContainsFunc(r.texts(), func(s string) bool { return s == text(n) || strings.HasSuffix(s, "\r\n"+text(n)) })
		if !has && !there {
			r.t.Errorf("message %d is lost: %v, %+v", n, out.err, out.Summary)
		}
		if !has && mark.Downloads() && out.err == nil && out.Failed == 0 {
			r.t.Errorf("message %d was not fetched, and nothing says so: %+v", n, out.Summary)
		}
	}
}

// renumbered answers RETR with the text of another message, by number, out of so many.
func renumbered(many int, text func(int) string, with map[string]string) pop3server.Option {
	return pop3server.WithHooks(answersWith(stuffed(many, text), with))
}

// stampsAnew answers every RETR with one text, each time with another line at the top.
func stampsAnew(text string, stamp func(n int) string) pop3server.Hook {
	n := 0
	return pop3server.On("RETR").Do(func(*pop3server.Event) pop3server.Action {
		n++
		return pop3server.Action{Skip: true, Answer: strings.NewReader("+OK\r\n" + stamp(n) + "\r\n" + text + ".\r\n")}
	})
}

// readLate is one text late, and all but the first were read before, as their Status says.
func readLate(texts map[string]string) pop3server.Hook {
	var asked []string
	return pop3server.On("RETR").Do(func(e *pop3server.Event) pop3server.Action {
		asked = append(asked, e.Arg)
		send, line := asked[max(len(asked)-2, 0)], ""
		if len(asked) > 1 {
			line = "Status: RO\r\n"
		}
		return pop3server.Action{Skip: true, Answer: strings.NewReader("+OK\r\n" + line + texts[send] + ".\r\n")}
	})
}

func TestP2_WhateverTellsThatATextIsAnothersIsSeen(t *testing.T) {
	longer := func(n int) string { return namedLetter(n) + strings.Repeat("more\r\n", 100*n) }
	cron := func(n int) string {
		return fmt.Sprintf("From: root@example.org\r\nDate: Mon, 2 Nov 2026 00:00:00 +0100\r\nSubject: cron\r\n\r\n%s\r\n", strings.Repeat(fmt.Sprint(n), 50*n))
	}
	backup := func(n int) string {
		return fmt.Sprintf("From: root@example.org\r\nDate: Mon, 2 Nov 2026 00:00:00 +0100\r\nSubject: backup%s\r\n\r\nresult %d\r\n", []string{"", "", " failed"}[n], n)
	}
	listed := func(n int) string {
		return strings.Repeat("List-Id: <l.example.org>\r\n", n-1) + "Message-ID: <m@example.org>\r\nDate: Mon, 2 Nov 2026 08:00:00 +0100\r\n\r\n" + strings.Repeat("text\r\n", n)
	}
	asLongOnceRead := func(n int) string {
		s := withID(n, fmt.Sprint("m", n))
		return s + strings.Repeat("y", len(withID(1, "m1"))+20-len(s)+(n-1)*len("Status: RO\r\n")) + "\r\n"
	}
	huge := func(n int) string {
		if n == 1 { // than what TOP is asked of
			return namedLetter(1) + strings.Repeat(strings.Repeat("y", 1022)+"\r\n", 33<<10)
		}
		return namedLetter(n)
	}
	first, second := map[string]string{"1": "2"}, map[string]string{"2": "1"}
	third := map[string]string{"1": "3", "2": "3"}
	with := pop3server.WithHooks
	inFirst := func(wrong map[string]string) pop3server.Hook {
		return pop3server.InSession(1, answersWith(stuffed(3, namedLetter), wrong))
	}
	noTOP1 := with(pop3server.Refuse(pop3server.On("TOP 1"), "no"))
	for name, c := range map[string]struct {
		letters string
		text    func(int) string
		headers bool
		options []pop3server.Option
	}{
		"the header is the same, LIST's octets are not":     {"MM", cron, false, []pop3server.Option{renumbered(2, cron, second)}},
		"all of its header is in the other's":               {"MM", listed, false, []pop3server.Option{renumbered(2, listed, first)}},
		"all of the other's header is in its own":           {"MM", listed, false, []pop3server.Option{renumbered(2, listed, second)}},
		"TOP of the one before is refused":                  {"MM", longer, false, []pop3server.Option{renumbered(2, longer, first), noTOP1}},
		"the one before is too large for TOP":               {"MM", huge, false, []pop3server.Option{renumbered(2, namedLetter, first)}},
		"there is no TOP, and the one before has its text":  {"MM", longer, false, []pop3server.Option{renumbered(2, longer, first), pop3server.Without("TOP")}},
		"both have a third's, DELE went out, and it counts": {"MM-", namedLetter, false, []pop3server.Option{with(pop3server.CommitOnDrop(), inFirst(third), slowTexts())}},
		"both have a third's, TOP of one is refused":        {"MM-", namedLetter, false, []pop3server.Option{with(inFirst(third)), noTOP1}},
		"both have a third's, and nothing is deleted":       {"FF-", namedLetter, false, []pop3server.Option{with(inFirst(third)), noTOP1}},
		"DELE goes out while TOP is under way": {"MM", namedLetter, false, []pop3server.Option{with(pop3server.CommitOnDrop(), inFirst(first),
			pop3server.Delay(pop3server.On("TOP 2"), 100*time.Millisecond))}},
		"a scanner stamps each text anew": {"MM", namedLetter, false, []pop3server.Option{with(slowTexts(),
			stampsAnew(stuffed(2, namedLetter)["2"], func(n int) string { return fmt.Sprint("X-Scanned: ", n) }))}},
		"the server counts how often it was read": {"MM", namedLetter, false, []pop3server.Option{with(slowTexts(),
			stampsAnew(stuffed(2, namedLetter)["2"], func(n int) string { return "Status: " + strings.Repeat("R", n%2) + "O" }))}},
		"it has LIST's octets by chance":               {"MM", asLongOnceRead, false, []pop3server.Option{with(readLate(stuffed(2, asLongOnceRead)))}},
		"it has not LIST's octets, and nothing else":   {"M-", longer, false, []pop3server.Option{renumbered(2, longer, first)}},
		"a subject begins as its own does":             {"M-", backup, true, []pop3server.Option{renumbered(2, backup, first)}},
		"the copy that it would confirm is another's":  {"M-", letter, false, []pop3server.Option{renumbered(2, letter, first), with(pop3server.Cut(pop3server.On("DELE 1").InSession(1), pop3server.Close))}},
		"what it is told from was thrown away already": {"FFF", namedLetter, false, []pop3server.Option{with(inFirst(third), pop3server.Cut(pop3server.On("TOP").InSession(1).Nth(6), pop3server.Close), slowTexts())}},
	} {
		for _, pipelining := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, pipelining %v", name, pipelining), func(t *testing.T) {
				r := lateRig(t, len(c.letters), c.text, pipelining, c.options...)
				r.safe(r.commit(order{marks: marked(c.letters), headers: c.headers, opts: Options{Retries: 3}}), c.letters, c.text)
			})
		}
	}
}

// Wherever the line breaks while it is asked whose two texts are.
func TestP2_WhatWasThrownAwayHidesNoCopy(t *testing.T) {
	for cut := 1; cut <= 8; cut++ {
		r := lateRig(t, 3, namedLetter, true, pop3server.WithHooks(pop3server.InSession(1, answersWith(stuffed(3, namedLetter), map[string]string{"1": "3", "2": "3"})),
			pop3server.Cut(pop3server.On("TOP").InSession(1).Nth(cut), pop3server.Close), slowTexts()))
		r.safe(r.commit(order{marks: marked("FFF"), opts: Options{Retries: 3}}), "FFF", namedLetter)
		if t.Failed() {
			t.Fatalf("TOP %d", cut)
		}
	}
}

func TestP2_WithoutTOPATextOfAnEarlierRunIsKnownAgain(t *testing.T) {
	text := func(n int) string { return namedLetter(n) + strings.Repeat("more\r\n", 100*n) }
	for _, pipelining := range []bool{true, false} {
		wrong := map[string]string{}
		r := lateRig(t, 2, text, pipelining, pop3server.Without("TOP"), renumbered(2, text, wrong))
		must(t, r.commit(order{marks: marked("F-")}).err)
		wrong["2"] = "1"
		r.safe(r.commit(order{marks: marked("MM"), opts: Options{Retries: 3}}), "MM", text)
	}
}

func TestP5_WhatWasAnothersTextIsForgottenWhereTheMessageHasGrown(t *testing.T) {
	wrong := true
	r := lateRig(t, 2, namedLetter, true, pop3server.WithHooks(wrongWhile(&wrong)))
	was := map[mailbox.ID]int64{"uid-1": int64(len(namedLetter(1)) - 5)}
	r.commit(order{marks: marked("FF"), opts: Options{Was: was}})
	wrong = false
	r.safe(r.commit(order{marks: marked("FF"), opts: Options{Retries: 3}}), "FF", namedLetter)
}

func TestTwinsAreMovedWhereTOPGivesNothing(t *testing.T) {
	for _, empty := range []string{"+OK\r\n.\r\n", "+OK\r\n\r\n.\r\n"} {
		for _, pipelining := range []bool{true, false} {
			r := lateRig(t, 6, func(n int) string { return namedLetter((n + 1) / 2) }, pipelining, pop3server.WithHooks(pop3server.Answer(pop3server.On("TOP"), empty)))
			r.movedOnce(r.commit(order{marks: marked("MMMMMM"), opts: Options{Retries: 3}}), 6)
		}
	}
}

func TestWhatAListSentAsWellIsMovedWhereRETRLeavesLinesOut(t *testing.T) {
	text := func(n int) string {
		return strings.Repeat(fmt.Sprintf("Received: by list %d\r\n", n), n) + namedLetter(1)
	}
	for _, pipelining := range []bool{true, false} {
		r := lateRig(t, 4, text, pipelining, pop3server.WithHooks(pop3server.Lines(pop3server.On("RETR"), func(_ int, line string) (string, bool) {
			return line, !strings.HasPrefix(line, "Received:")
		})))
		r.movedOnce(r.commit(order{marks: marked("MMMM"), order: triage.AtEnd, opts: Options{Retries: 3}}), 4)
	}
}

// A server whose LIST guesses may give the same message other octets each time.
func TestTwinsAreMovedWhereLISTGuesses(t *testing.T) {
	const single, many = 20, 30
	text := func(n int) string { return namedLetter(n - max(0, (n-single)/2)) }
	for _, pipelining := range []bool{true, false} {
		r := lateRig(t, many, text, pipelining, pop3server.WithHooks(
			pop3server.Lines(pop3server.On("LIST"), func(_ int, line string) (string, bool) {
				var n, octets int
				format := "+OK %d %d"
				if !strings.HasPrefix(line, "+OK") {
					format = "%d %d"
				}
				if k, _ := fmt.Sscanf(line, format, &n, &octets); k == 2 {
					line = fmt.Sprintf(format, n, octets+n%2)
				}
				return line, true
			})))
		r.movedOnce(r.commit(order{marks: marked(strings.Repeat("M", many)), opts: Options{Retries: 3}}), many)
	}
}

func TestP5_WhatWasInDoubtOnceIsNotFetchedOnceMoreForIt(t *testing.T) {
	r := lateRig(t, 3, namedLetter, true, pop3server.WithHooks(
		pop3server.InSession(1, answersWith(stuffed(3, namedLetter), map[string]string{"1": "3", "2": "3"})), slowTexts(),
		pop3server.Refuse(pop3server.On("TOP 1").InSession(1), "no"),
		pop3server.Cut(pop3server.On("DELE 1").InSession(2), pop3server.Close)))
	out := r.commit(order{marks: marked("MM-"), opts: Options{Retries: 3}})
	copies := 0
	for _, text := range r.texts() {
		if text == namedLetter(1) {
			copies++
		}
	}
	if out.err != nil || out.Failed > 0 || copies != 1 {
		t.Errorf("%d copies of message 1: %v, %+v", copies, out.err, out.Summary)
	}
}

// asLong are texts of one length.
func asLong(n int) string {
	return fmt.Sprintf("From: p%d@example.org\r\nMessage-ID: <m%d@example.org>\r\nSubject: %d\r\n\r\ntext %d\r\n", n, n, n, n)
}

// A UIDL that is not there any more shows nothing where the server makes new ones for each session.
func TestP4_WhereUIDLsDoNotLastNothingIsSaidToBeDeleted(t *testing.T) {
	r := lateRig(t, 4, asLong, true, pop3server.WithHooks(
		pop3server.Lines(pop3server.On("UIDL").InSession(2), func(_ int, line string) (string, bool) {
			return strings.Replace(line, " uid-", " anew-", 1), true
		}),
		pop3server.Cut(pop3server.On("DELE 4").InSession(1), pop3server.Close)))
	out := r.commit(order{marks: marked("DDDD"), opts: Options{Retries: 1}})
	if out.Deleted > 0 || out.Unknown == 0 || len(r.drop.UIDLs()) != 4 {
		t.Errorf("%v, %+v, %v", out.err, out.Summary, r.drop.UIDLs())
	}
}

// Of these nothing is known, all have the same octets, and each gets the text of the one behind it.
func TestP2_AServerThatGivesTheNextTextEachTimeIsSeen(t *testing.T) {
	const many = 6
	next := make(map[string]string)
	for n := range many {
		next[fmt.Sprint(n)] = fmt.Sprint(n + 1)
	}
	for _, pipelining := range []bool{true, false} {
		r := lateRig(t, many, asLong, pipelining, renumbered(many, asLong, next))
		r.safe(r.commit(order{marks: marked("MMMM--"), opts: Options{Retries: 3}}), "MMMM--", asLong)
	}
}

func TestP1_WhereUIDLsAreNumbersNothingElseIsDeletedInTheNextSession(t *testing.T) {
	r := lateRig(t, 6, asLong, false, pop3server.WithHooks(pop3server.CommitOnDrop(), uidlsAreNumbers(), pop3server.Cut(pop3server.On("DELE 3").InSession(1), pop3server.Close)))
	out := r.commit(order{marks: marked("-DDD--"), opts: Options{Retries: 3}})
	for _, n := range []int{1, 5, 6} {
		if !slices.Contains(r.drop.UIDLs(), fmt.Sprint("uid-", n)) {
			t.Errorf("message %d was not marked and is gone: %v, %+v", n, out.err, out.Summary)
		}
	}
}
