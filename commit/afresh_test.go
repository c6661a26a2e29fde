package commit

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"popmark/pop3server"
)

// unmarkedGone gives the numbers of the messages that are gone though nobody marked them.
func (r *rig) unmarkedGone(letters string) (gone []int) {
	marks := marked(letters)
	for n := 1; n <= len(letters); n++ {
		if !marks[n].Deletes() && !slices.Contains(r.drop.UIDLs(), fmt.Sprint("uid-", n)) {
			gone = append(gone, n)
		}
	}
	return gone
}

func TestP1_NumbersOfARunThatIsTakenUpMeanNoOtherMessages(t *testing.T) {
	inBothWays(t, func(t *testing.T, pipelining bool) {
		for _, letters := range []string{"-DDD--", "-MMM--"} {
			r := lateRig(t, 6, asLong, pipelining, pop3server.WithHooks(pop3server.CommitOnDrop(), uidlsAreNumbers(), pop3server.Cut(pop3server.On("DELE 3").InSession(1), pop3server.Close),
				pop3server.InSession(2, pop3server.Cut(pop3server.On(""), pop3server.Close))))
			r.commit(order{marks: marked(letters), opts: Options{Request: "same"}})
			r.takeUp(t.Context(), "same", marked(letters))
			if wrong := r.unmarkedGone(letters); len(wrong) > 0 {
				t.Errorf("%s: unmarked deleted: %v", letters, wrong)
			}
		}
	})
}

func TestP1_NumbersBehindACheckpointMeanNoOtherMessages(t *testing.T) {
	for name, top := range map[string]pop3server.Option{
		"none": pop3server.Without("TOP"), "refused": pop3server.WithHooks(pop3server.Refuse(pop3server.On("TOP"), "no")),
		"one refused": pop3server.WithHooks(pop3server.Refuse(pop3server.On("TOP 3").InSession(1), "no")),
	} {
		t.Run(name, func(t *testing.T) {
			inBothWays(t, func(t *testing.T, pipelining bool) {
				for _, letters := range []string{"D-D---", "M-M---"} {
					r := lateRig(t, 6, asLong, pipelining, top, pop3server.WithHooks(uidlsAreNumbers()))
					out := r.commit(order{marks: marked(letters), opts: Options{Checkpoint: 1, Retries: 3}})
					if wrong := r.unmarkedGone(letters); len(wrong) > 0 {
						t.Errorf("%s: unmarked deleted: %v; %v %+v", letters, wrong, out.err, out.Failed)
					}
				}
			})
		})
	}
}

func TestP1_AFetchByNumberBehindABrokenLineIsOfTheSameMessage(t *testing.T) {
	inBothWays(t, func(t *testing.T, pipelining bool) {
		r := lateRig(t, 6, asLong, pipelining, pop3server.WithHooks(pop3server.CommitOnDrop(), uidlsAreNumbers(), pop3server.Cut(pop3server.On("RETR 4").InSession(1), pop3server.Close)))
		out := r.commit(order{marks: marked("-D-F--"), opts: Options{Retries: 3}})
		for _, ev := range out.events {
			if ev.Kind == Fetched && !slices.Contains(r.texts(), asLong(ev.Number)) {
				t.Errorf("message %d is said to be fetched: %q", ev.Number, r.texts())
			}
		}
	})
}

func TestP2_OneBrokenLineEndsNoGlimpses(t *testing.T) {
	inBothWays(t, func(t *testing.T, pipelining bool) {
		r := lateRig(t, 2, asLong, pipelining, pop3server.WithHooks(
			answersWith(stuffed(2, asLong), map[string]string{"1": "2"}),
			pop3server.Cut(pop3server.On("TOP 1").InSession(1), pop3server.Close)))
		out := r.commit(order{marks: marked("M-"), opts: Options{Retries: 3}})
		r.safe(out, "M-", asLong)
	})
}

func TestP2_WhatAGlimpseShowedStandsWhereTOPEndsSessions(t *testing.T) {
	inBothWays(t, func(t *testing.T, pipelining bool) {
		n := 0
		r := lateRig(t, 2, asLong, pipelining, pop3server.WithHooks(
			answersWith(stuffed(2, asLong), map[string]string{"1": "2"}),
			pop3server.On("TOP 1").Do(func(*pop3server.Event) pop3server.Action {
				if n++; n%2 == 1 {
					return pop3server.Action{}
				}
				return pop3server.Action{Skip: true, Then: pop3server.Close}
			})))
		out := r.commit(order{marks: marked("M-"), opts: Options{Retries: 3}})
		r.safe(out, "M-", asLong)
	})
}

func TestP4_NewMailBehindACheckpointIsNoNewNaming(t *testing.T) {
	const many = mostWitnesses + 1
	var r *rig
	r = lateRig(t, many, asLong, true, pop3server.WithHooks(
		pop3server.LoseAnswer(pop3server.On("QUIT").InSession(2), pop3server.Close),
		pop3server.On("USER").InSession(3).Do(func(*pop3server.Event) pop3server.Action {
			r.drop.Add(pop3server.NewMessage("uid-100", []byte(asLong(100))))
			return pop3server.Action{}
		})))
	out := r.commit(order{marks: marked(strings.Repeat("D", many)), opts: Options{Retries: 3, Checkpoint: mostWitnesses}})
	if out.err != nil || out.Deleted != many || out.Failed > 0 || out.Unknown > 0 {
		t.Errorf("%v, deleted %d failed %d unknown %d, %q", out.err, out.Deleted, out.Failed, out.Unknown, r.drop.UIDLs())
	}
}

func TestP4_NewUIDLsOfFewMessagesProveNoDeletion(t *testing.T) {
	for _, letters := range []string{"DD", "DDD", "DD-", "MM"} {
		inBothWays(t, func(t *testing.T, pipelining bool) {
			many := len(letters)
			r := lateRig(t, many, asLong, pipelining, pop3server.WithHooks(
				pop3server.Lines(pop3server.On("UIDL").InSession(2), func(_ int, line string) (string, bool) {
					return strings.Replace(line, " uid-", " anew-", 1), true
				}),
				pop3server.Cut(pop3server.On("DELE 2").InSession(1), pop3server.Close)))
			out := r.commit(order{marks: marked(letters), opts: Options{Retries: 3}})
			if left := r.drop.UIDLs(); out.Deleted > many-len(left) || out.err == nil && out.Failed == 0 && len(left) > strings.Count(letters, "-") {
				t.Errorf("%s: %v, said deleted %d, failed %d, left %q", letters, out.err, out.Deleted, out.Failed, left)
			}
		})
	}
}

func TestP4_NewUIDLsProveNoDeletionWhereOneCameTrue(t *testing.T) {
	inBothWays(t, func(t *testing.T, pipelining bool) {
		r := lateRig(t, 8, asLong, pipelining, pop3server.WithHooks(pop3server.CommitOnDrop(),
			pop3server.Lines(pop3server.On("UIDL").InSession(2), func(_ int, line string) (string, bool) {
				return strings.Replace(line, " uid-", " anew-", 1), true
			}),
			pop3server.Cut(pop3server.On("DELE 2").InSession(1), pop3server.Close)))
		out := r.commit(order{marks: marked("DDD-----"), opts: Options{Retries: 3}})
		left := r.drop.UIDLs()
		if out.Deleted > 8-len(left) || out.err == nil && out.Failed == 0 && len(left) > 5 {
			t.Errorf("%v, said deleted %d, failed %d, left %q", out.err, out.Deleted, out.Failed, left)
		}
	})
}

func TestP2_AStatusThatChangesMakesNoTextItsMessages(t *testing.T) {
	text := func(n int) string {
		if n == 1 {
			return "List-Id: <l.example.org>\r\nMessage-ID: <m@example.org>\r\nDate: Mon, 2 Nov 2026 08:00:00 +0100\r\n\r\ntext\r\nfooter\r\n"
		}
		return "Message-ID: <m@example.org>\r\nDate: Mon, 2 Nov 2026 08:00:00 +0100\r\n\r\nonly here\r\n"
	}
	inBothWays(t, func(t *testing.T, pipelining bool) {
		for _, headers := range []bool{false, true} {
			r := lateRig(t, 2, text, pipelining, pop3server.WithHooks(slowTexts(), pop3server.On("RETR 2").Do(func(*pop3server.Event) pop3server.Action {
				return pop3server.Action{Skip: true, Answer: strings.NewReader("+OK\r\nStatus: RO\r\n" + text(1) + ".\r\n")}
			})))
			out := r.commit(order{marks: marked("MM"), headers: headers, opts: Options{Retries: 3}})
			r.safe(out, "MM", text)
		}
	})
}

func TestP2_WhatAGlimpseShowedStandsWhereTOPIsRefusedThen(t *testing.T) {
	inBothWays(t, func(t *testing.T, pipelining bool) {
		r := lateRig(t, 2, asLong, pipelining, pop3server.WithHooks(
			answersWith(stuffed(2, asLong), map[string]string{"1": "2"}),
			pop3server.Refuse(pop3server.On("TOP 1").Nth(2), "no")))
		out := r.commit(order{marks: marked("M-"), opts: Options{Retries: 3}})
		r.safe(out, "M-", asLong)
	})
}

func TestUIDLsFromOneOnThatLastAreNoNumbers(t *testing.T) {
	names := pop3server.Lines(pop3server.On("UIDL"), func(_ int, line string) (string, bool) {
		return strings.Replace(line, " uid-", " ", 1), true
	})
	for _, letters := range []string{"DDDDD-", "MMMMM-"} {
		inBothWays(t, func(t *testing.T, pipelining bool) {
			r := lateRig(t, 6, asLong, pipelining, pop3server.WithHooks(names, pop3server.CommitOnDrop(), pop3server.Cut(pop3server.On("DELE 3").InSession(1), pop3server.Close)))
			out := r.commit(order{marks: marked(letters), opts: Options{Retries: 3}})
			if out.err != nil || out.Failed > 0 || out.Deleted != 5 {
				t.Errorf("%s %v, deleted %d failed %d unknown %d, left %q", letters, out.err, out.Deleted, out.Failed, out.Unknown, r.drop.UIDLs())
			}
		})
	}
}

func TestP4_ANumberThatIsGoneBehindABrokenLineIsNoDeletion(t *testing.T) {
	inBothWays(t, func(t *testing.T, pipelining bool) {
		r := lateRig(t, 6, asLong, pipelining, pop3server.WithHooks(pop3server.CommitOnDrop(), uidlsAreNumbers(),
			pop3server.LoseAnswer(pop3server.On("DELE 1").InSession(1), pop3server.Close)))
		out := r.commit(order{marks: marked("M----D"), opts: Options{Retries: 3}})
		if slices.Contains(r.drop.UIDLs(), "uid-6") && out.err == nil && out.Failed == 0 {
			t.Errorf("message 6 is there, %d are said to be deleted, and nothing failed: %q", out.Deleted, r.drop.UIDLs())
		}
	})
}

func TestP1_NumbersWhoseHeaderIsRefusedMeanNoOtherMessages(t *testing.T) {
	refused := pop3server.WithHooks(pop3server.Refuse(pop3server.On("TOP").InSession(2), "no"), pop3server.Refuse(pop3server.On("TOP").InSession(3), "no"))
	inBothWays(t, func(t *testing.T, pipelining bool) {
		for _, letters := range []string{"D-D---", "M-M---"} {
			r := lateRig(t, 6, asLong, pipelining, refused, pop3server.WithHooks(uidlsAreNumbers()))
			out := r.commit(order{marks: marked(letters), opts: Options{Checkpoint: 1, Retries: 3}})
			if wrong := r.unmarkedGone(letters); len(wrong) > 0 {
				t.Errorf("checkpoint, %s: unmarked deleted: %v; %v failed %d, left %q", letters, wrong, out.err, out.Failed, r.drop.UIDLs())
			}
		}
		for _, letters := range []string{"-DDD--", "-MMM--"} {
			r := lateRig(t, 6, asLong, pipelining, refused, pop3server.WithHooks(pop3server.CommitOnDrop(), uidlsAreNumbers(), pop3server.Cut(pop3server.On("DELE 3").InSession(1), pop3server.Close)))
			out := r.commit(order{marks: marked(letters), headers: true, opts: Options{Retries: 3}})
			if wrong := r.unmarkedGone(letters); len(wrong) > 0 {
				t.Errorf("a break, %s: unmarked deleted: %v; %v failed %d, left %q", letters, wrong, out.err, out.Failed, r.drop.UIDLs())
			}
		}
	})
}
