package commit

import (
	"fmt"
	"strings"
	"testing"

	"popmark/pop3server"
)

// inBothWays runs a test with pipelining and without.
func inBothWays(t *testing.T, test func(t *testing.T, pipelining bool)) {
	t.Helper()
	for _, pipelining := range []bool{true, false} {
		t.Run(fmt.Sprintf("pipelining %v", pipelining), func(t *testing.T) { test(t, pipelining) })
	}
}

// direct and by a list: one Message-ID, and octets of their own.
func directAndListed(n int) string {
	if n == 1 {
		return "Received: from direct\r\nMessage-ID: <m@example.org>\r\nDate: Mon, 2 Nov 2026 08:00:00 +0100\r\n\r\nsecret\r\n"
	}
	return "Received: from list\r\nList-Id: <l.example.org>\r\nMessage-ID: <m@example.org>\r\nDate: Mon, 2 Nov 2026 08:00:00 +0100\r\n\r\ntext\r\nfooter\r\n"
}

// tops counts the TOPs of a rig's first session.
func (r *rig) tops() (n int) {
	for _, c := range r.server.SessionCommands(1) {
		if strings.HasPrefix(c, "TOP ") {
			n++
		}
	}
	return n
}

func TestPairsOfOneHeaderAreMovedWhereAScannerAddsALine(t *testing.T) {
	cron := func(n int) string {
		return fmt.Sprintf("From: root@example.org\r\nDate: Mon, 2 Nov 2026 00:00:%02d +0100\r\nSubject: cron\r\n\r\n%s\r\n", (n+1)/2, strings.Repeat("r", n))
	}
	inBothWays(t, func(t *testing.T, pipelining bool) {
		for _, headers := range []bool{true, false} {
			r := lateRig(t, 10, cron, pipelining, pop3server.WithHooks(addsALine(), slowTexts()))
			r.movedOnce(r.commit(order{marks: marked(strings.Repeat("M", 10)), headers: headers, opts: Options{Retries: 3}}), 10)
		}
	})
}

func TestP2_WithoutUIDLWhatIsInDisputeIsLookedAt(t *testing.T) {
	inBothWays(t, func(t *testing.T, pipelining bool) {
		r := lateRig(t, 2, directAndListed, pipelining, pop3server.Without("UIDL"), pop3server.WithHooks(slowTexts()),
			renumbered(2, directAndListed, map[string]string{"1": "2"}))
		r.safe(r.commit(order{marks: marked("MM"), headers: true, opts: Options{Retries: 3}}), "MM", directAndListed)
	})
}

// Each text is stamped anew, and the third is the first's.
func TestP2_ATextIsHeldAgainstTheOneThatIsMostLikeIt(t *testing.T) {
	text := func(n int) string {
		return fmt.Sprintf("Received: by list %d\r\n%s", n, strings.Replace(namedLetter(1), ".line 1", fmt.Sprint(".line ", n), 1))
	}
	texts := stuffed(3, text)
	stamp := 0
	r := lateRig(t, 3, text, true, pop3server.WithHooks(pop3server.On("RETR").Do(func(e *pop3server.Event) pop3server.Action {
		stamp++
		n := strings.Replace(e.Arg, "3", "1", 1)
		return pop3server.Action{Skip: true, Answer: strings.NewReader(fmt.Sprintf("+OK\r\nX-Scanned: %d\r\n", stamp) + texts[n] + ".\r\n")}
	})))
	r.safe(r.commit(order{marks: marked("MMM"), opts: Options{Retries: 3}}), "MMM", text)
}

func TestP5_ACopyOfAnEarlierRunIsKeptBesideWhatAListSent(t *testing.T) {
	text := func(n int) string { return fmt.Sprintf("Received: by list %d\r\n%s", n, namedLetter(1)) }
	inBothWays(t, func(t *testing.T, pipelining bool) {
		for _, second := range []string{"FF", "FM", "MM"} {
			r := lateRig(t, 2, text, pipelining, pop3server.WithHooks(addsALine(), slowTexts()))
			must(t, r.commit(order{marks: marked("F-"), opts: Options{Retries: 3}}).err)
			out := r.commit(order{marks: marked(second), opts: Options{Retries: 3}})
			if out.err != nil || out.Failed > 0 || len(r.texts()) != 2 || out.count(Reconnecting) > 0 {
				t.Errorf("%s: %v, %+v, %d copies, %d sessions more", second, out.err, out.Summary, len(r.texts()), out.count(Reconnecting))
			}
		}
	})
}

func TestP2_WhatWasInDisputeIsNoCopyInTheNextRun(t *testing.T) {
	t.Run("the run broke off", func(t *testing.T) {
		inBothWays(t, func(t *testing.T, pipelining bool) {
			wrong := map[string]string{"1": "2"}
			r := lateRig(t, 2, directAndListed, pipelining, pop3server.WithHooks(slowTexts()), renumbered(2, directAndListed, wrong))
			r.commit(order{marks: marked("MM"), headers: true})
			delete(wrong, "1")
			out := r.commit(order{marks: marked("MM"), opts: Options{Retries: 3}})
			r.safe(out, "MM", directAndListed)
			r.safe(r.commit(order{marks: marked("MM"), opts: Options{Retries: 3}}), "MM", directAndListed)
		})
	})
	t.Run("TOP is refused", func(t *testing.T) {
		inBothWays(t, func(t *testing.T, pipelining bool) {
			r := lateRig(t, 3, namedLetter, pipelining, pop3server.WithHooks(
				pop3server.InSession(1, answersWith(stuffed(3, namedLetter), map[string]string{"1": "3", "2": "3"})),
				pop3server.Refuse(pop3server.On("TOP 1"), "no")))
			r.safe(r.commit(order{marks: marked("MM-"), opts: Options{Retries: 3}}), "MM-", namedLetter)
			r.safe(r.commit(order{marks: marked("MM-"), opts: Options{Retries: 3}}), "MM-", namedLetter)
		})
	})
}

// The first message's part of the plan is over when its copy turns out to be another's, or may be.
func TestP2_WhatIsInDisputeBehindACheckpointFails(t *testing.T) {
	inBothWays(t, func(t *testing.T, pipelining bool) {
		texts := stuffed(4, namedLetter)
		r := lateRig(t, 4, namedLetter, pipelining, pop3server.WithHooks(
			pop3server.InSession(1, answersWith(texts, map[string]string{"1": "4"})),
			pop3server.InSession(2, pop3server.Answer(pop3server.On("RETR"), "+OK\r\n"+texts["4"]+".\r\n")),
			pop3server.Refuse(pop3server.On("TOP 1"), "no")))
		r.safe(r.commit(order{marks: marked("FMM-"), opts: Options{Retries: 3, Checkpoint: 1}}), "FMM-", namedLetter)
	})
}

func TestATOPThatIsNoAnswerDoesNotStopItsTwins(t *testing.T) {
	r := lateRig(t, 6, func(int) string { return namedLetter(1) }, false, pop3server.WithHooks(pop3server.Answer(pop3server.On("TOP 1"), "?\r\n")))
	out := r.commit(order{marks: marked("FFFFFF"), opts: Options{Retries: 3}})
	if len(r.texts()) < 5 {
		t.Errorf("%d copies, %v, %+v", len(r.texts()), out.err, out.Summary)
	}
}

// LIST counts a stamp that is as long each time, and the messages are of the same octets.
func TestP2_LISTsOctetsRefuteNothingWhereTheyAreTheSame(t *testing.T) {
	withStamp := func(n int) string { return "X-Scanned: 0\r\n" + withID(2, fmt.Sprint("m", n)) }
	inBothWays(t, func(t *testing.T, pipelining bool) {
		r := lateRig(t, 2, withStamp, pipelining, pop3server.WithHooks(
			stampsAnew(stuffed(2, namedLetter)["2"], func(n int) string { return fmt.Sprint("X-Scanned: ", n) })))
		out := r.commit(order{marks: marked("MM"), opts: Options{Retries: 3}})
		if len(r.drop.UIDLs()) == 0 && out.err == nil && out.Failed == 0 {
			t.Errorf("message 1 is lost: %q", r.texts())
		}
	})
}

func TestAScannersWordsMayStandBehindASubject(t *testing.T) {
	text := func(n int) string {
		return fmt.Sprintf("From: a@example.org\r\nDate: Mon, 2 Nov 2026 00:00:%02d +0100\r\nSubject: offer %d\r\n\r\nbody %d\r\n", n, n, n)
	}
	inBothWays(t, func(t *testing.T, pipelining bool) {
		for _, headers := range []bool{false, true} {
			r := lateRig(t, 3, text, pipelining, pop3server.WithHooks(pop3server.Lines(pop3server.On("RETR"), func(_ int, line string) (string, bool) {
				if strings.HasPrefix(line, "Subject: ") {
					line += " [SPAM]"
				}
				return line, true
			})))
			r.movedOnce(r.commit(order{marks: marked("MMM"), headers: headers, opts: Options{Retries: 3}}), 3)
		}
	})
}

// A scanner adds a line to each text, so that none has LIST's octets. Where they are asked for one at a time, and octets
// were seen to tell nothing, TOP is asked before each.
func TestTextsOfOtherOctetsCostLittle(t *testing.T) {
	const many = 100
	const proof, some = 4, 7
	for name, hook := range map[string]pop3server.Hook{
		"TOP tells":      slowTexts(),
		"TOP is refused": pop3server.Refuse(pop3server.On("TOP"), "no"),
	} {
		t.Run(name, func(t *testing.T) {
			inBothWays(t, func(t *testing.T, pipelining bool) {
				r := lateRig(t, many, namedLetter, pipelining, pop3server.WithHooks(addsALine(), hook))
				r.movedOnce(r.commit(order{marks: marked(strings.Repeat("M", many)), opts: Options{Retries: 3}}), many)
				most := proof + some + mostGuessed + 2
				if !pipelining && name == "TOP tells" {
					most = proof + many
				}
				if n := r.tops(); n > most {
					t.Errorf("%d TOPs", n)
				}
			})
		})
	}
}

func TestATOPThatEndsTheSessionIsNotAskedForEver(t *testing.T) {
	inBothWays(t, func(t *testing.T, pipelining bool) {
		r := lateRig(t, 6, namedLetter, pipelining, pop3server.WithHooks(addsALine(), pop3server.Cut(pop3server.On("TOP 4"), pop3server.Close)))
		out := r.commit(order{marks: marked("MMMMMM"), opts: Options{Retries: 3}})
		if out.err != nil || out.Deleted < 5 || len(r.texts()) < 5 {
			t.Errorf("%d copies, %d sessions more, %v, %+v", len(r.texts()), out.count(Reconnecting), out.err, out.Summary)
		}
	})
}
