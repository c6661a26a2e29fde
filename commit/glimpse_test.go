package commit

import (
	"fmt"
	"strings"
	"testing"

	"popmark/pop3server"
)

// uidlsAreNumbers has UIDL give each message its number.
func uidlsAreNumbers() pop3server.Hook {
	return pop3server.Lines(pop3server.On("UIDL"), func(_ int, line string) (string, bool) {
		if n, _, numbered := strings.Cut(line, " uid-"); numbered {
			line = n + " " + n
		}
		return line, true
	})
}

// TOP of message 2 ends the session each time once its header is known, and RETR gives another's text.
func TestP2_ATextThatIsNotTheMarkedOneIsNotTakenWhereTOPEndsSessions(t *testing.T) {
	for _, pipelining := range []bool{true, false} {
		t.Run(fmt.Sprint(pipelining), func(t *testing.T) {
			known := false
			r := lateRig(t, 3, namedLetter, pipelining, pop3server.WithHooks(
				answersWith(stuffed(3, namedLetter), map[string]string{"2": "3"}),
				pop3server.On("TOP 2").Do(func(*pop3server.Event) pop3server.Action {
					if !known {
						known = true
						return pop3server.Action{}
					}
					return pop3server.Action{Skip: true, Then: pop3server.Close}
				})))
			out := r.commit(order{marks: marked("-M-"), headers: true, opts: Options{Retries: 3}})
			r.safe(out, "-M-", namedLetter)
		})
	}
}

// Nothing but TOP is wrong with the server.
func TestAServerWithoutAWorkingTOPIsEmptied(t *testing.T) {
	for name, hook := range map[string]pop3server.Hook{
		"ends":    pop3server.Cut(pop3server.On("TOP"), pop3server.Close),
		"garbage": pop3server.Answer(pop3server.On("TOP"), "?\r\n"),
	} {
		for _, pipelining := range []bool{true, false} {
			t.Run(fmt.Sprint(name, pipelining), func(t *testing.T) {
				r := lateRig(t, 6, namedLetter, pipelining, pop3server.WithHooks(hook))
				out := r.commit(order{marks: marked("MMMMMM"), opts: Options{Retries: 3}})
				if out.err != nil || out.Deleted != 6 || len(r.texts()) != 6 {
					t.Errorf("%v, %+v, %d copies, %d sessions more", out.err, out.Summary, len(r.texts()), out.count(Reconnecting))
				}
			})
		}
	}
}

// What stands behind the subject is the other message's own.
func TestP2_AnotherSubjectInBracketsIsAnotherMessage(t *testing.T) {
	text := func(n int) string {
		behind := map[int]string{1: "", 2: " (web1)"}[n]
		return fmt.Sprintf("From: mon@example.org\r\nDate: Mon, 2 Nov 2026 00:00:00 +0100\r\nSubject: disk alert%s\r\n\r\nbody %d\r\n", behind, n)
	}
	for _, pipelining := range []bool{true, false} {
		for _, headers := range []bool{true, false} {
			for _, marks := range []string{"M-", "MM"} {
				t.Run(fmt.Sprint(pipelining, headers, marks), func(t *testing.T) {
					r := lateRig(t, 2, text, pipelining, pop3server.WithHooks(slowTexts()), renumbered(2, text, map[string]string{"1": "2"}))
					r.safe(r.commit(order{marks: marked(marks), headers: headers, opts: Options{Retries: 3}}), marks, text)
				})
			}
		}
	}
}

// The server makes new UIDLs in each session.
func TestP4_BehindACheckpointNewUIDLsShowNothing(t *testing.T) {
	r := lateRig(t, 4, asLong, true, pop3server.WithHooks(
		pop3server.Lines(pop3server.On("UIDL").InSession(2), func(_ int, line string) (string, bool) {
			return strings.Replace(line, " uid-", " anew-", 1), true
		})))
	out := r.commit(order{marks: marked("DDDD"), opts: Options{Retries: 1, Checkpoint: 1}})
	if left := r.drop.UIDLs(); out.err == nil && out.Failed == 0 && len(left) > 0 {
		t.Errorf("%q are left: %v, %+v", left, out.err, out.Summary)
	}
}

// The message is deleted, QUIT's answer is lost, and another has come.
func TestP4_AMailboxThatIsEmptiedMayGetNewMail(t *testing.T) {
	var r *rig
	r = lateRig(t, 1, namedLetter, true, pop3server.WithHooks(
		pop3server.LoseAnswer(pop3server.On("QUIT").InSession(1), pop3server.Close),
		pop3server.On("USER").InSession(2).Do(func(*pop3server.Event) pop3server.Action {
			r.drop.Add(pop3server.NewMessage("uid-2", []byte(namedLetter(2))))
			return pop3server.Action{}
		})))
	out := r.commit(order{marks: marked("D"), opts: Options{Retries: 3}})
	if out.err != nil || out.Deleted != 1 || out.Unknown > 0 {
		t.Errorf("%v, %+v, %q are left", out.err, out.Summary, r.drop.UIDLs())
	}
}

// One answer that is another's must not decide over a message.
func TestOneTOPThatIsAnothersDecidesNothing(t *testing.T) {
	for _, pipelining := range []bool{true, false} {
		t.Run(fmt.Sprint(pipelining), func(t *testing.T) {
			n := 0
			r := lateRig(t, 3, namedLetter, pipelining, pop3server.WithHooks(pop3server.On("TOP 1").Do(func(*pop3server.Event) pop3server.Action {
				n++
				if n != 1 && !pipelining || pipelining {
					return pop3server.Action{}
				}
				head, _, _ := strings.Cut(namedLetter(3), "\r\n\r\n")
				return pop3server.Action{Skip: true, Answer: strings.NewReader("+OK\r\n" + head + "\r\n\r\n.\r\n")}
			})))
			out := r.commit(order{marks: marked("MMM"), opts: Options{Retries: 3}})
			if out.err != nil || out.Deleted != 3 {
				t.Errorf("%v, %+v, %q", out.err, out.Summary, r.drop.UIDLs())
			}
		})
	}
}

func TestNumbersCostNothing(t *testing.T) {
	const many = 300
	for _, pipelining := range []bool{true, false} {
		r := lateRig(t, many, asLong, pipelining, pop3server.WithHooks(uidlsAreNumbers()))
		out := r.commit(order{marks: marked(strings.Repeat("D", many)), opts: Options{Retries: 3}})
		if r.tops() > 64 || out.err != nil || out.Deleted != many {
			t.Errorf("%d TOPs for %d DELEs: %v, %+v", r.tops(), many, out.err, out.Summary)
		}
	}
}

func TestNumbersAndNoWorkingTOP(t *testing.T) {
	for name, hook := range map[string]pop3server.Hook{
		"ends":    pop3server.Cut(pop3server.On("TOP"), pop3server.Close),
		"garbage": pop3server.Answer(pop3server.On("TOP"), "?\r\n"),
	} {
		for _, pipelining := range []bool{true, false} {
			t.Run(fmt.Sprint(name, pipelining), func(t *testing.T) {
				r := lateRig(t, 3, asLong, pipelining, pop3server.WithHooks(uidlsAreNumbers(), hook))
				out := r.commit(order{marks: marked("DDD"), opts: Options{Retries: 3}})
				if out.err != nil || out.Deleted != 3 {
					t.Errorf("%v, %+v", out.err, out.Summary)
				}
			})
		}
	}
}

// Nothing in these headers tells but all of them, TOP's has a line that is new each time, and the line breaks once.
func TestAHeaderThatIsNewEachTimeIsNoOtherMessage(t *testing.T) {
	for _, pipelining := range []bool{true, false} {
		n := 0
		r := lateRig(t, 4, letter, pipelining, pop3server.WithHooks(
			pop3server.Lines(pop3server.On("TOP"), func(i int, line string) (string, bool) {
				if i == 0 {
					n++
					line += "\r\nX-Seen: " + strings.Repeat("i", n)
				}
				return line, true
			}),
			pop3server.Cut(pop3server.On("RETR 3").InSession(1), pop3server.Close)))
		out := r.commit(order{marks: marked("MMMM"), opts: Options{Retries: 3}})
		if left := r.drop.UIDLs(); out.err != nil || out.Failed > 0 || len(left) > 0 {
			t.Errorf("%v, %d deleted, %d failed, %q", out.err, out.Deleted, out.Failed, r.drop.UIDLs())
		}
	}
}

// A server may begin to give the texts of others late, or do so once. Where these have the same octets nothing but TOP tells.
func TestP2_NoTextOfAnotherMessageOfTheSameOctetsIsTaken(t *testing.T) {
	for name, with := range map[string]map[string]string{
		"from the fifth on": {"5": "6", "6": "7", "7": "8", "8": "9", "9": "5"},
		"the third":         {"3": "9"},
		"the sixth":         {"6": "9"},
		"the next one's":    {"7": "8"},
		"of one unmarked":   {"3": "10"},
	} {
		t.Run(name, func(t *testing.T) {
			inBothWays(t, func(t *testing.T, pipelining bool) {
				const letters = "MMMMMMMMM-"
				text := func(n int) string { return asLong(n%10 + 10) }
				r := lateRig(t, len(letters), text, pipelining, renumbered(len(letters), text, with))
				r.safe(r.commit(order{marks: marked(letters), opts: Options{Retries: 3}}), letters, text)
			})
		})
	}
}

// Where octets tell messages apart a text that has its own is not asked about.
func TestTextsOfTheirOwnOctetsCostLittle(t *testing.T) {
	const many, proof, glimpses = 100, 4, 7
	text := func(n int) string { return namedLetter(n) + strings.Repeat("x", n) + "\r\n" }
	inBothWays(t, func(t *testing.T, pipelining bool) {
		r := lateRig(t, many, text, pipelining)
		r.movedOnce(r.commit(order{marks: marked(strings.Repeat("M", many)), opts: Options{Retries: 3}}), many)
		if n := r.tops(); n > proof+glimpses {
			t.Errorf("%d TOPs", n)
		}
	})
}

// LIST's octets tell nothing here, so that nothing but TOP tells whose the twelfth text is.
func TestP2_WhereLISTIsWrongNoTextOfAnotherMessageIsTaken(t *testing.T) {
	const many = 14
	text := func(n int) string { return asLong(n) + strings.Repeat("x", n) + "\r\n" }
	r := lateRig(t, many, text, false, renumbered(many, text, map[string]string{"12": "14"}),
		pop3server.WithHooks(pop3server.Lines(pop3server.On("LIST"), func(_ int, line string) (string, bool) {
			var n, octets int
			if _, err := fmt.Sscanf(line, "%d %d", &n, &octets); err == nil {
				line = fmt.Sprintf("%d %d", n, octets+7)
			}
			return line, true
		})))
	letters := strings.Repeat("M", many-1) + "-"
	out := r.commit(order{marks: marked(letters), opts: Options{Retries: 3}})
	if r.safe(out, letters, text); len(r.drop.UIDLs()) > 2 {
		t.Errorf("%v, %+v, %q are left", out.err, out.Summary, r.drop.UIDLs())
	}
}
