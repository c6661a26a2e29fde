package commit

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"popmark/mailbox"
	"popmark/pop3server"
	"popmark/triage"
)

// uidlsFollow has UIDL give each message a name that is made of its number.
func uidlsFollow(format string) pop3server.Hook {
	return pop3server.Lines(pop3server.On("UIDL"), func(_ int, line string) (string, bool) {
		var n int
		if _, err := fmt.Sscanf(line, "%d uid-", &n); err == nil {
			line = fmt.Sprintf("%d "+format, n, n)
		}
		return line, true
	})
}

// again carries the same request out once more, on the list as it is.
func (r *rig) again(request string) *outcome {
	r.t.Helper()
	box := r.connect()
	must(r.t, box.Open(r.t.Context()))
	list := box.List()
	must(r.t, box.Close())
	before, found, err := FindUnfinished(r.t.Context(), r.ledger, account, request)
	must(r.t, err)
	if !found {
		return nil
	}
	plan, left, was := before.Plan(list, triage.AsReceived, nil)
	return r.commit(order{opts: Options{Request: request, TakesUp: true, Holds: true, Left: left, Was: was, Retries: 3}, plan: func(p *triage.Plan) { *p = plan }})
}

// What was refused is marked still when something else was deleted, and its UIDL is another message's then.
func TestP1_WhatWasRefusedIsTakenUpByItsHeaderWhereUIDLsAreMadeOfNumbers(t *testing.T) {
	for _, format := range []string{"%08d", "msg%d", "%d-469"} {
		for name, tt := range map[string]struct {
			letters string
			refuse  string
			options []pop3server.Option
		}{
			"DELE":             {"--M-D--", "DELE 5", nil},
			"DELE of a move":   {"--M-M--", "DELE 5", nil},
			"RETR":             {"--D-M--", "RETR 5", nil},
			"RETR of a fetch":  {"--D-F--", "RETR 5", nil},
			"there is no TOP":  {"--D-D--", "DELE 5", []pop3server.Option{pop3server.Without("TOP")}},
			"TOP ends session": {"--D-D--", "DELE 5", []pop3server.Option{pop3server.WithHooks(pop3server.Cut(pop3server.On("TOP"), pop3server.Close))}},
		} {
			t.Run(format+" "+name, func(t *testing.T) {
				inBothWays(t, func(t *testing.T, pipelining bool) {
					refused := false
					r := lateRig(t, 7, asLong, pipelining, append(tt.options, pop3server.WithHooks(uidlsFollow(format),
						pop3server.On(tt.refuse).Do(func(*pop3server.Event) pop3server.Action {
							if refused {
								return pop3server.Action{}
							}
							refused = true
							return pop3server.Action{Skip: true, Answer: strings.NewReader("-ERR no\r\n")}
						})))...)
					first := r.commit(order{marks: marked(tt.letters), opts: Options{Request: "same", Holds: true, Retries: 3}})
					if first.err != nil || first.Deleted != 1 && name != "TOP ends session" {
						t.Fatalf("%v, deleted %d", first.err, first.Deleted)
					}
					for range 3 {
						r.again("same")
					}
					if wrong := r.unmarkedGone(tt.letters); len(wrong) > 0 {
						t.Errorf("unmarked deleted: %v", wrong)
					}
					for _, text := range r.texts() {
						if !slices.Contains([]string{asLong(3), asLong(5)}, text) {
							t.Errorf("there is a copy of %q", text)
						}
					}
				})
			})
		}
	}
}

// A server that moves its messages' UIDLs with them is not asked more than once, and all is done.
func TestWhatWasRefusedIsDoneWhenItIsTakenUp(t *testing.T) {
	inBothWays(t, func(t *testing.T, pipelining bool) {
		refused := false
		r := lateRig(t, 7, asLong, pipelining, pop3server.WithHooks(pop3server.On("DELE 5").Do(func(*pop3server.Event) pop3server.Action {
			if refused {
				return pop3server.Action{}
			}
			refused = true
			return pop3server.Action{Skip: true, Answer: strings.NewReader("-ERR no\r\n")}
		})))
		r.commit(order{marks: marked("--D-D--"), opts: Options{Request: "same", Holds: true, Retries: 3}})
		if out := r.again("same"); out == nil || out.err != nil || out.Deleted != 1 || out.Failed > 0 {
			t.Errorf("%+v", out)
		}
		if left := strings.Join(r.drop.UIDLs(), " "); left != "uid-1 uid-2 uid-4 uid-6 uid-7" {
			t.Errorf("left: %s", left)
		}
	})
}

// One message that is another is a sign that all may be.
func TestP1_WhereOneUIDLIsSeenToNameAnotherThoseWithoutAHeaderAreLeftAlone(t *testing.T) {
	inBothWays(t, func(t *testing.T, pipelining bool) {
		r := lateRig(t, 7, asLong, pipelining, pop3server.WithHooks(pop3server.CommitOnDrop(), uidlsFollow("%08d"),
			pop3server.Cut(pop3server.On("DELE 5").InSession(2), pop3server.Close),
			pop3server.InSession(3, pop3server.Cut(pop3server.On(""), pop3server.Close))))
		box := r.connect() // message 4 is known by its header, message 5 by nothing else than its UIDL
		must(t, box.Open(t.Context()))
		for _, err := range box.Headers(t.Context(), []mailbox.ID{"00000004"}) {
			must(t, err)
		}
		must(t, box.Close())
		first := r.commit(order{marks: marked("--DDD--"), opts: Options{Request: "same"}})
		if first.err == nil {
			t.Fatal("the line did not break")
		}
		out := r.again("same")
		if wrong := r.unmarkedGone("--DDD--"); len(wrong) > 0 {
			t.Errorf("unmarked deleted: %v; %v %+v", wrong, out.err, out.Failures)
		}
	})
}

// Whatever is deleted between two runs, a message that was refused in the first one is known by its header in the second.
func TestP1_WhatWasRefusedIsKnownByItsHeaderWhoeverDeletesOthers(t *testing.T) {
	inBothWays(t, func(t *testing.T, pipelining bool) {
		for _, letters := range []string{"----D--", "----M--"} {
			r := lateRig(t, 7, asLong, pipelining, pop3server.WithHooks(uidlsFollow("%08d"), pop3server.Refuse(pop3server.On("DELE 5").InSession(1), "no")))
			r.commit(order{marks: marked(letters), opts: Options{Request: "same", Holds: true, Retries: 3}})
			r.drop.Remove("uid-2")
			r.again("same")
			if left := strings.Join(r.drop.UIDLs(), " "); left != "uid-1 uid-3 uid-4 uid-5 uid-6 uid-7" {
				t.Errorf("%s, left: %s", letters, left)
			}
		}
	})
}

// The answer to QUIT is lost, or the line drops and the server deletes, and the process ends.
func TestP1_WhatIsTakenUpBehindALostAnswerMeansNoOtherMessageWhereUIDLsAreMadeOfNumbers(t *testing.T) {
	for _, format := range []string{"%d", "%08d", "%d-451"} {
		for _, letters := range []string{"-D---", "-D-D-", "DMMF-"} {
			for name, hooks := range map[string][]pop3server.Hook{
				"QUIT": {pop3server.LoseAnswer(pop3server.On("QUIT").InSession(1), pop3server.Close)},
				"QUIT, and nobody looks": {
					pop3server.LoseAnswer(pop3server.On("QUIT").InSession(1), pop3server.Close),
					pop3server.InSession(2, pop3server.Cut(pop3server.On(""), pop3server.Close)),
				},
				"DELE": {pop3server.CommitOnDrop(), pop3server.LoseAnswer(pop3server.On("DELE 2").InSession(1), pop3server.Close)},
			} {
				t.Run(fmt.Sprintf("%s %s %s", format, letters, name), func(t *testing.T) {
					inBothWays(t, func(t *testing.T, pipelining bool) {
						r := lateRig(t, 5, asLong, pipelining, pop3server.WithHooks(append(hooks, uidlsFollow(format))...))
						r.commit(order{marks: marked(letters), opts: Options{Request: "same", Holds: true}})
						for range 3 {
							r.again("same")
						}
						if wrong := r.unmarkedGone(letters); len(wrong) > 0 {
							t.Errorf("unmarked deleted: %v", wrong)
						}
						for n, mark := range marked(letters) {
							if mark == triage.Move && !slices.Contains(r.drop.UIDLs(), fmt.Sprint("uid-", n)) && !slices.Contains(r.texts(), asLong(n)) {
								t.Errorf("message %d is lost", n)
							}
						}
					})
				})
			}
		}
	}
}

// What the ledger knows of the other messages may be of others as well then.
func TestP3_WhereOneUIDLIsSeenToNameAnotherNoHeaderIsKept(t *testing.T) {
	r := lateRig(t, 7, asLong, true, pop3server.WithHooks(uidlsFollow("%08d"), pop3server.Refuse(pop3server.On("DELE 5").InSession(1), "no")))
	r.commit(order{marks: marked("----D--"), opts: Options{Request: "same", Holds: true, Retries: 3}})
	box := r.connect()
	must(t, box.Open(t.Context()))
	for _, err := range box.Headers(t.Context(), []mailbox.ID{"00000006"}) {
		must(t, err)
	}
	must(t, box.Close())
	r.drop.Remove("uid-2")
	r.again("same")
	rows, err := r.ledger.Headers(t.Context(), account, []string{"00000006"})
	if must(t, err); len(rows) > 0 {
		t.Errorf("of the sixth message is kept %q", rows["00000006"].Header)
	}
}

func TestP1_WhereUIDLsAreNumbersTheOnlyMessageBehindADeletedOneIsLeftAlone(t *testing.T) {
	for _, format := range []string{"%08d", "msg%d", "%d-451"} {
		for _, tt := range []struct {
			letters string
			options []pop3server.Option
			hooks   []pop3server.Hook
		}{
			{"---D-", nil, []pop3server.Hook{pop3server.LoseAnswer(pop3server.On("QUIT").InSession(1), pop3server.Close)}},
			{"---D-", nil, []pop3server.Hook{pop3server.CommitOnDrop(), pop3server.LoseAnswer(pop3server.On("DELE 4").InSession(1), pop3server.Close)}},
			{"---M-", []pop3server.Option{pop3server.Without("TOP")}, []pop3server.Hook{pop3server.LoseAnswer(pop3server.On("QUIT").InSession(1), pop3server.Close)}},
		} {
			t.Run(format+tt.letters, func(t *testing.T) {
				inBothWays(t, func(t *testing.T, pipelining bool) {
					r := lateRig(t, 5, asLong, pipelining, append(tt.options, pop3server.WithHooks(append(tt.hooks, uidlsFollow(format))...))...)
					out := r.commit(order{marks: marked(tt.letters), opts: Options{Request: "same", Holds: true, Retries: 3}})
					if wrong := r.unmarkedGone(tt.letters); len(wrong) > 0 {
						t.Errorf("unmarked deleted: %v; %v %+v", wrong, out.err, out.Summary)
					}
				})
			})
		}
	}
}

func TestP1_AUIDLAtAGreaterNumberClearsNoDoubt(t *testing.T) {
	inBothWays(t, func(t *testing.T, pipelining bool) {
		before := []int{3, 5, 6, 7, 8} // then the server counts anew
		r := lateRig(t, 5, asLong, pipelining, pop3server.WithHooks(
			pop3server.On("UIDL").Do(func(e *pop3server.Event) pop3server.Action {
				answer := "+OK\r\n"
				for i, uid := range before {
					if e.Session > 2 {
						uid = i + 1
					}
					answer += fmt.Sprintf("%d a%d\r\n", i+1, uid)
				}
				return pop3server.Action{Skip: true, Answer: strings.NewReader(answer + ".\r\n")}
			}),
			pop3server.Cut(pop3server.On("DELE 1").InSession(1), pop3server.Close),
			pop3server.InSession(2, pop3server.Cut(pop3server.On(""), pop3server.Close))))
		if out := r.commit(order{marks: marked("D----"), opts: Options{Request: "same"}}); out.err == nil {
			t.Fatal("the line did not break")
		}
		out := r.again("same")
		if wrong := r.unmarkedGone("D----"); len(wrong) > 0 {
			t.Errorf("unmarked deleted: %v; %v %+v", wrong, out.err, out.Summary)
		}
	})
}

// The UIDL of the last but one is there still, as its octets are in it, and as many are there as before.
func TestP1_UIDLsThatAreMadeOfNumberAndOctetsAreDoubted(t *testing.T) {
	text := func(n int) string { return fmt.Sprintf("Subject: %d\r\n\r\ntext %d\r\n", n, n) }
	for name, top := range map[string]pop3server.Option{
		"no TOP": pop3server.Without("TOP"), "TOP refused": pop3server.WithHooks(pop3server.Refuse(pop3server.On("TOP").InSession(1), "no")),
	} {
		for _, letters := range []string{"M-M--", "D-DD-"} {
			t.Run(name+" "+letters, func(t *testing.T) {
				inBothWays(t, func(t *testing.T, pipelining bool) {
					var r *rig
					r = lateRig(t, 5, text, pipelining, top, pop3server.WithHooks(
						pop3server.Lines(pop3server.On("UIDL"), func(_ int, line string) (string, bool) {
							var n int
							if _, err := fmt.Sscanf(line, "%d uid-", &n); err == nil {
								line = fmt.Sprintf("%d %d.%d", n, n, r.drop.Snapshot().Octets(n))
							}
							return line, true
						}),
						pop3server.CommitOnDrop(), pop3server.Cut(pop3server.On("DELE 3").InSession(1), pop3server.Close),
						pop3server.InSession(2, pop3server.Cut(pop3server.On(""), pop3server.Close))))
					r.commit(order{marks: marked(letters), opts: Options{Request: "same", Holds: true}})
					r.drop.Add(pop3server.NewMessage("uid-6", []byte(text(6)+"and more\r\n")))
					r.again("same")
					if wrong := r.unmarkedGone(letters + "-"); len(wrong) > 0 {
						t.Errorf("unmarked deleted: %v", wrong)
					}
				})
			})
		}
	}
}

// What a run knows of its messages can't be compared with where TOP is refused by then, and their names are in doubt.
func TestP1_ADoubtedNameIsNotEnoughWhereTOPIsRefused(t *testing.T) {
	for _, letters := range []string{"-D-D-", "-M-M-"} {
		t.Run(letters, func(t *testing.T) {
			inBothWays(t, func(t *testing.T, pipelining bool) {
				r := lateRig(t, 5, asLong, pipelining, pop3server.WithHooks(
					pop3server.Cut(pop3server.On("DELE 2").InSession(1), pop3server.Close),
					pop3server.InSession(2, pop3server.Cut(pop3server.On(""), pop3server.Close))))
				if out := r.commit(order{marks: marked(letters), headers: true, opts: Options{Request: "same", Holds: true}}); out.err == nil {
					t.Fatal("the run came to its end")
				}
				must(t, r.ledger.DoubtRuns(t.Context(), account))
				for _, uid := range r.drop.UIDLs() { // each is another's now
					r.drop.Remove(uid)
				}
				for n := range 5 {
					r.drop.Add(pop3server.NewMessage(fmt.Sprint("uid-", n+1), []byte(asLong(n+6))))
				}
				r.server.SetHooks(pop3server.Refuse(pop3server.On("TOP"), "no"))
				out := r.again("same")
				if left := r.drop.UIDLs(); len(left) != 5 {
					t.Errorf("%v, %+v: the server has %q", out.err, out.Summary, left)
				}
			})
		})
	}
}
