package mailbox_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"popmark/ledger"
	"popmark/mailbox"
	"popmark/pop3server"
)

// visit opens a maildrop that an earlier run has listed with all its headers, and into which so many
// messages came since, for who goes on to headers. prepare may be nil.
func visit(t *testing.T, l *ledger.Ledger, known, came int, prepare func(*bench), options ...pop3server.Option) *bench {
	t.Helper()
	first := newBench(t, mailbox.Config{Ledger: l}, letters(known))
	first.capabilities = []string{"TOP", "UIDL", "PIPELINING"}
	first.mustOpen()
	scanAll(t, first, ids(first.box.List()))
	first.mustRelease()
	return visitAgain(t, l, known+came, prepare, options...)
}

func visitAgain(t *testing.T, l *ledger.Ledger, n int, prepare func(*bench), options ...pop3server.Option) *bench {
	t.Helper()
	return visitGuessing(t, mailbox.GuessNew, l, n, prepare, options...)
}

func visitGuessing(t *testing.T, what mailbox.Guess, l *ledger.Ledger, n int, prepare func(*bench), options ...pop3server.Option) *bench {
	t.Helper()
	b := newBench(t, mailbox.Config{Ledger: l, Guess: what}, letters(n), options...)
	b.capabilities = []string{"TOP", "UIDL", "PIPELINING"}
	if prepare != nil {
		prepare(b)
	}
	b.mustOpen()
	return b
}

// hasAll fails unless every message of letters(n) is listed and has its own header.
func (b *bench) hasAll(n int) {
	b.t.Helper()
	scanAll(b.t, b, ids(b.box.List()))
	for i := range n {
		want := fmt.Sprintf("letter %d", i+1)
		if e := b.box.Envelope(mailbox.ID(fmt.Sprintf("uid-%d", i+1))); e == nil || string(e.Subject) != want {
			b.t.Errorf("message %d has the envelope %+v, its subject is %q", i+1, e, want)
		}
	}
}

// guessed gives the TOPs of a server's first session, which no scan has followed yet.
func (b *bench) guessed() (tops []string) {
	for _, c := range transaction(b.server.Commands()) {
		if top, ok := strings.CutPrefix(c, "TOP "); ok {
			tops = append(tops, strings.TrimSuffix(top, " 0"))
		}
	}
	return tops
}

func TestTheFirstTOPsAreBehindTheListInOneFlight(t *testing.T) {
	for _, tt := range []struct {
		came  int
		later int // TOPs behind the list's flight
	}{
		{0, 0}, {1, 0}, {4, 0}, {6, 4}, // of six two are left, and two prove them
	} {
		t.Run(fmt.Sprintf("%d new", tt.came), func(t *testing.T) {
			asked, waited := make(chan struct{}), false
			b := visit(t, openLedger(t), 5, tt.came, func(b *bench) {
				b.sent = func(command string) {
					if command == "LIST 6" {
						close(asked)
						b.sent = nil
					}
				}
			}, pop3server.WithHooks(pop3server.On("CAPA").Do(func(*pop3server.Event) pop3server.Action {
				select { // nothing is answered before all is asked
				case <-asked:
				case <-time.After(4 * time.Second):
					waited = true
				}
				return pop3server.Action{}
			})))
			flight := transaction(b.server.Commands())
			want := []string{"CAPA", "STAT", "UIDL", "LIST", "TOP 5 0", "TOP 6 0", "TOP 7 0", "TOP 8 0", "TOP 9 0", "TOP 4 0", "LIST 6"}
			if waited || !slices.Equal(flight, want) {
				t.Errorf("it asked for %q (before CAPA was answered: %v), want %q", flight, !waited, want)
			}
			before := len(b.guessed())
			b.hasAll(5 + tt.came)
			if later := len(b.guessed()) - before; later != tt.later {
				t.Errorf("%d TOPs came later, want %d", later, tt.later)
			}
			if b.server.Sessions() != 1 || len(b.box.Info().Warnings) != 0 {
				t.Errorf("%d sessions, warnings %q", b.server.Sessions(), b.box.Info().Warnings)
			}
		})
	}
}

func TestAFirstVisitAsksForTheFirstHeadersWithTheList(t *testing.T) {
	for _, tt := range []struct{ there, later, laterBehindEmpty int }{
		{0, 0, 0}, {1, 0, 0}, {2, 0, 0}, {5, 0, 5}, {7, 4, 7}, // of seven two are left, or five, and two or more prove them
	} {
		for _, visits := range []string{"never seen", "empty the last time"} {
			t.Run(fmt.Sprintf("%d, %s", tt.there, visits), func(t *testing.T) {
				l, what, later := openLedger(t), mailbox.GuessFirst, tt.later
				want := []string{"CAPA", "STAT", "UIDL", "LIST", "TOP 1 0", "TOP 2 0", "TOP 3 0", "TOP 4 0", "TOP 5 0", "TOP 1 0", "LIST 1"}
				if visits != "never seen" {
					visitAgain(t, l, 0, nil).mustRelease()
					what, later = mailbox.GuessNew, tt.laterBehindEmpty
					want = slices.Delete(want, 6, 9)
				}
				b := visitGuessing(t, what, l, tt.there, nil)
				if flight := transaction(b.server.Commands()); !slices.Equal(flight, want) {
					t.Errorf("it asked for %q, want %q", flight, want)
				}
				before := len(b.guessed())
				b.hasAll(tt.there)
				if got := len(b.guessed()) - before; got != later {
					t.Errorf("%d TOPs came later, want %d", got, later)
				}
				if b.server.Sessions() != 1 || len(b.box.Info().Warnings) != 0 {
					t.Errorf("%d sessions, warnings %q", b.server.Sessions(), b.box.Info().Warnings)
				}
			})
		}
	}
}

func TestP3_AFirstVisitsHeadersAreNoOtherMessages(t *testing.T) {
	late := func(by int) pop3server.Hook {
		var texts []int
		return pop3server.On("TOP").Do(func(e *pop3server.Event) pop3server.Action {
			n, _ := strconv.Atoi(strings.TrimSuffix(e.Arg, " 0"))
			texts = append(texts, n)
			if len(texts) > 6 {
				return pop3server.Action{} // behind the guess it is in order
			}
			return text(texts[max(len(texts)-1-by, 0)])
		})
	}
	for name, hook := range map[string]pop3server.Hook{
		"one text late":            late(1),
		"two texts late":           late(2),
		"each TOP gives the first": pop3server.Pipelined(pop3server.On("TOP")).Do(func(*pop3server.Event) pop3server.Action { return text(1) }),
		"two TOPs give the same":   pop3server.On("TOP 3").Nth(1).Do(func(*pop3server.Event) pop3server.Action { return text(2) }),
		"the list once more first": pop3server.On("TOP").Do(instead(map[string]int{"1": 7, "2": 1, "3": 2, "4": 3, "5": 4})),
		"all but the first shifted": pop3server.On("TOP").Do(func() func(*pop3server.Event) pop3server.Action {
			asked := 0
			return func(*pop3server.Event) pop3server.Action {
				if asked++; asked > 1 && asked < 7 {
					return text(asked + 1)
				}
				return pop3server.Action{}
			}
		}()),
		"an answer lost":  pop3server.Answer(pop3server.On("TOP 2").Nth(1), ""),
		"a text lost":     pop3server.Answer(pop3server.On("TOP 2").Nth(1), "+OK\r\n"),
		"a count refused": pop3server.Refuse(pop3server.On("LIST 1").Nth(1), "no"),
		"an answer to nothing": pop3server.On("TOP 2").Nth(1).Do(func(*pop3server.Event) pop3server.Action {
			return pop3server.Action{Skip: true, Answer: strings.NewReader("+OK\r\n" + header(6) + ".\r\n+OK\r\n" + header(2) + ".\r\n")}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := visitGuessing(t, mailbox.GuessFirst, openLedger(t), 7, func(b *bench) { b.answerTimeout = time.Second },
				pop3server.WithHooks(pop3server.InSession(1, hook)))
			if b.guessed() == nil {
				t.Error("nothing was asked for with the list")
			}
			for n := 1; n <= 5; n++ {
				want := fmt.Sprintf("letter %d", n)
				for h, err := range b.box.Headers(t.Context(), []mailbox.ID{mailbox.ID(fmt.Sprintf("uid-%d", n))}) {
					if err == nil && h.Err == nil && string(h.Envelope.Subject) != want {
						t.Errorf("message %d has the subject %q", n, h.Envelope.Subject)
					}
				}
			}
		})
	}
}

// A person who comes because of one huge message has to see the list, whatever TOP brings.
func TestAFirstVisitBearsAServerThatSendsWholeMessages(t *testing.T) {
	whole := pop3server.On("TOP").Do(func(e *pop3server.Event) pop3server.Action {
		return pop3server.Action{Skip: true, Answer: io.MultiReader(
			strings.NewReader("+OK\r\nSubject: letter "+strings.TrimSuffix(e.Arg, " 0")+"\r\n\r\n"),
			io.LimitReader(zeros{}, 1<<20), strings.NewReader("\r\n.\r\n"))}
	})
	l := openLedger(t)
	var lists int
	b := visitGuessing(t, mailbox.GuessFirst, l, 3, nil, pop3server.WithHooks(whole))
	b.mu.Lock()
	for _, e := range b.events {
		if list, is := e.(mailbox.ListEvent); is && len(list.List.Messages) == 3 {
			lists++
		}
	}
	b.mu.Unlock()
	if lists != 2 {
		t.Errorf("%d lists were told: that of the first session, which the guess costs, is to be seen already", lists)
	}
	b.hasAll(3)
}

func TestTOPsAreGuessedOnlyWhereTheyCanBeProven(t *testing.T) {
	never := func(t *testing.T, b *bench) {
		t.Helper()
		if tops := b.guessed(); tops != nil {
			t.Errorf("it asked for the headers of %q with the list", tops)
		}
	}
	t.Run("a maildrop never seen, for who waits for the last header only", func(t *testing.T) {
		never(t, visitAgain(t, openLedger(t), 3, nil))
	})
	t.Run("a server that delays logins", func(t *testing.T) {
		for delay, guesses := range map[string]bool{"60": false, "11 USER": false, "10": true, "0": true} {
			b := visitGuessing(t, mailbox.GuessFirst, openLedger(t), 3, nil, pop3server.WithCapabilities(func(_ pop3server.Phase, lines []string) []string {
				return append(lines, "LOGIN-DELAY "+delay)
			}))
			if got := b.guessed() != nil; got != guesses {
				t.Errorf("LOGIN-DELAY %s: TOPs with the list: %v", delay, got)
			}
		}
	})
	t.Run("who keeps nothing", func(t *testing.T) {
		b := newBench(t, mailbox.Config{Guess: mailbox.GuessFirst}, letters(3))
		b.capabilities = []string{"TOP", "UIDL", "PIPELINING"}
		b.mustOpen()
		never(t, b)
	})
	for _, lacks := range []string{"PIPELINING", "TOP"} {
		t.Run("a server that does not list "+lacks, func(t *testing.T) {
			l := openLedger(t)
			for n := range 2 {
				b := newBench(t, mailbox.Config{Ledger: l, Guess: mailbox.GuessNew}, letters(3+n), pop3server.WithHooks(pop3server.HideCapability(lacks)))
				b.capabilities = slices.DeleteFunc([]string{"TOP", "UIDL", "PIPELINING"}, func(line string) bool { return line == lacks })
				b.mustOpen()
				never(t, b)
				b.hasAll(3 + n)
				b.mustRelease()
			}
		})
	}
	t.Run("one of a single message", func(t *testing.T) {
		never(t, visit(t, openLedger(t), 1, 2, nil))
	})
	t.Run("a server without UIDL", func(t *testing.T) {
		l := openLedger(t)
		for n := range 2 {
			b := newBench(t, mailbox.Config{Ledger: l, Guess: mailbox.GuessFirst}, letters(3+n), pop3server.Without("UIDL"))
			b.capabilities = []string{"TOP", "PIPELINING"}
			b.mustOpen()
			never(t, b)
			b.mustRelease()
		}
	})
	t.Run("headers that are not known", func(t *testing.T) {
		l := openLedger(t)
		visitAgain(t, l, 3, nil).mustRelease()
		never(t, visitAgain(t, l, 4, nil))
	})
	t.Run("two that have the same header", func(t *testing.T) {
		l := openLedger(t)
		twins := []pop3server.Message{letter("a", "one", 9), letter("b", "twins", 9), letter("c", "twins", 9)}
		for range 2 {
			b := newBench(t, mailbox.Config{Ledger: l, Guess: mailbox.GuessNew}, twins)
			b.capabilities = []string{"TOP", "UIDL", "PIPELINING"}
			b.mustOpen()
			never(t, b)
			scanAll(t, b, ids(b.box.List()))
			b.mustRelease()
		}
	})
	t.Run("who does not go on to headers", func(t *testing.T) {
		l := openLedger(t)
		visit(t, l, 3, 0, nil).mustRelease()
		b := newBench(t, mailbox.Config{Ledger: l, Guess: mailbox.GuessNew}, letters(3))
		b.capabilities = []string{"TOP", "UIDL", "PIPELINING"}
		take(t, b, true).Give()
		never(t, b)
		b.mustRelease()
		b.mustOpen()
		before := len(b.guessed())
		take(t, b, true).Give()
		if n := len(b.guessed()); before == 0 || n != before {
			t.Errorf("%d TOPs with the list for who does, %d for who does not", before, n-before)
		}
	})
}

func TestWhatWasDeletedIsNotExpected(t *testing.T) {
	l := openLedger(t)
	b := visit(t, l, 6, 0, nil)
	s := take(t, b, true)
	for _, n := range []int{5, 2} {
		if _, err := s.Dele(n).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Quit(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.mustRelease()
	left := letters(6)
	again := newBench(t, mailbox.Config{Ledger: l, Guess: mailbox.GuessNew}, slices.Concat(left[:1], left[2:4], left[5:], letters(7)[6:]))
	again.capabilities = []string{"TOP", "UIDL", "PIPELINING"}
	again.mustOpen()
	if got := again.guessed(); !slices.Equal(got, []string{"4", "5", "6", "7", "8", "3"}) {
		t.Errorf("of 6 messages 2 were deleted, then it asked for %q with the list", got)
	}
	scanAll(t, again, ids(again.box.List()))
	if n := len(again.guessed()); n != 6 {
		t.Errorf("%d TOPs came later", n-6)
	}
}

// text is what a server answers to TOP for the letter of a number.
func text(n int) pop3server.Action {
	return pop3server.Action{Skip: true, Answer: strings.NewReader("+OK\r\n" + header(n) + ".\r\n")}
}

// instead answers the first TOP of a number with another letter, where there is one for it.
func instead(others map[string]int) func(*pop3server.Event) pop3server.Action {
	return func(e *pop3server.Event) pop3server.Action {
		number := strings.TrimSuffix(e.Arg, " 0")
		if n := others[number]; n > 0 {
			delete(others, number)
			return text(n)
		}
		return pop3server.Action{}
	}
}

func header(n int) string {
	return fmt.Sprintf("From: Somebody <somebody@sender.example>\r\nSubject: letter %d\r\nDate: Mon, 01 Jun 2026 10:00:00 +0200\r\n\r\n", n)
}

// A server that is in order on an idle line only would have each header be another message's. All four
// that are asked for are there, so that nothing but the headers gives it away.
func TestP3_GuessedHeadersAreNoOtherMessages(t *testing.T) {
	for name, hook := range map[string]pop3server.Hook{
		"each TOP gives the message before": pop3server.Pipelined(pop3server.On("TOP")).Do(func(e *pop3server.Event) pop3server.Action {
			n, _ := strconv.Atoi(strings.TrimSuffix(e.Arg, " 0"))
			return text(n - 1)
		}),
		"each TOP behind the first gives the next": pop3server.On("TOP").Do(instead(map[string]int{"6": 7, "7": 8, "8": 9, "9": 4, "4": 3})),
		"each TOP but the last gives the next":     pop3server.On("TOP").Do(instead(map[string]int{"5": 6, "6": 7, "7": 8, "8": 9, "9": 3})),
		"each TOP gives the same message":          pop3server.Pipelined(pop3server.On("TOP")).Do(func(*pop3server.Event) pop3server.Action { return text(1) }),
		"each TOP gives the first":                 pop3server.Pipelined(pop3server.On("TOP")).Do(func(*pop3server.Event) pop3server.Action { return text(5) }),
		"each TOP gives the last":                  pop3server.Pipelined(pop3server.On("TOP")).Do(func(*pop3server.Event) pop3server.Action { return text(4) }),
		"two TOPs give the same":                   pop3server.On("TOP 7").Nth(1).Do(func(*pop3server.Event) pop3server.Action { return text(8) }),
		"a new one gives an old header":            pop3server.On("TOP 7").Nth(1).Do(func(*pop3server.Event) pop3server.Action { return text(5) }),
		"an answer lost":                           pop3server.Answer(pop3server.On("TOP 6").Nth(1), ""),
		"an answer to nothing": pop3server.On("TOP 6").Nth(1).Do(func(*pop3server.Event) pop3server.Action {
			return pop3server.Action{Skip: true, Answer: strings.NewReader("+OK\r\n" + header(8) + ".\r\n+OK\r\n" + header(6) + ".\r\n")}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := visit(t, openLedger(t), 5, 4, nil, pop3server.WithHooks(pop3server.InSession(1, hook)))
			if b.guessed() == nil {
				t.Error("nothing was asked for with the list")
			}
			for _, n := range []int{6, 7, 8, 9} {
				want := fmt.Sprintf("letter %d", n)
				for h, err := range b.box.Headers(t.Context(), []mailbox.ID{mailbox.ID(fmt.Sprintf("uid-%d", n))}) {
					if err == nil && h.Err == nil && string(h.Envelope.Subject) != want {
						t.Errorf("message %d has the subject %q", n, h.Envelope.Subject)
					}
				}
			}
			b.hasAll(9) // in the end, in whichever session
		})
	}
}

func TestP3_AHeaderThatIsNotTheLedgersIsAskedAgain(t *testing.T) {
	for _, came := range []int{0, 2} {
		b := visit(t, openLedger(t), 5, came, nil, pop3server.WithHooks(pop3server.On("TOP 5").Do(func(*pop3server.Event) pop3server.Action {
			return pop3server.Action{Skip: true, Answer: strings.NewReader("+OK\r\nSubject: letter 5, changed\r\n\r\n.\r\n")}
		})))
		scanAll(t, b, []mailbox.ID{"uid-5"})
		if e := b.box.Envelope("uid-5"); e == nil || e.Subject != "letter 5, changed" {
			t.Errorf("with %d new ones it is shown as %+v", came, e)
		}
	}
}

func TestP3_HeadersThatCameWithAListAreOfItsSession(t *testing.T) {
	b := visit(t, openLedger(t), 5, 4, nil)
	b.drop.Remove("uid-1")
	take(t, b, true).Give()
	scanAll(t, b, ids(b.box.List()))
	for i := 2; i <= 9; i++ {
		if e := b.box.Envelope(mailbox.ID(fmt.Sprintf("uid-%d", i))); e == nil || string(e.Subject) != fmt.Sprintf("letter %d", i) {
			t.Errorf("message uid-%d is shown as %+v", i, e)
		}
	}
}

func TestAServerThatDoesNotBearGuessedTOPsIsRemembered(t *testing.T) {
	quick := func(b *bench) { b.answerTimeout = time.Second }
	for name, tt := range map[string]struct {
		hook     pop3server.Hook
		prepare  func(*bench)
		sessions int
	}{
		"it hangs up":                  {refuseAndClose(pop3server.On("TOP 9")), nil, 2},
		"it hangs up at once":          {refuseAndClose(pop3server.On("TOP 7").InSession(1)), nil, 2},
		"it falls silent":              {pop3server.Stall(pop3server.On("TOP 9")), quick, 2},
		"it takes its time":            {pop3server.Delay(pop3server.On("TOP 9"), 1100*time.Millisecond), nil, 1},
		"it answers what is not there": {pop3server.On("TOP 9").Do(func(*pop3server.Event) pop3server.Action { return text(9) }), nil, 2},
		"it sends without end":         {pop3server.EndlessList(pop3server.On("TOP 9"), "Subject: none"), nil, 2},
		"it sends whole messages": {pop3server.On("TOP 7").InSession(1).Do(func(*pop3server.Event) pop3server.Action {
			return pop3server.Action{Skip: true, Answer: io.MultiReader(
				strings.NewReader("+OK\r\nSubject: letter 7\r\n\r\n"),
				io.LimitReader(zeros{}, 300<<10), strings.NewReader("\r\n.\r\n"))}
		}), nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := openLedger(t)
			for k := range 2 { // once may have been the line
				var b *bench
				if k == 0 {
					b = visit(t, l, 5, 2, tt.prepare, pop3server.WithHooks(tt.hook))
				} else {
					b = visitAgain(t, l, 7, tt.prepare, pop3server.WithHooks(tt.hook))
				}
				if b.guessed() == nil {
					t.Errorf("visit %d: nothing was asked for with the list", k)
				}
				b.hasAll(7)
				b.mustRelease()
				if n := b.server.Sessions(); n < tt.sessions {
					t.Errorf("%d sessions: the server was not put to the test", n)
				}
				if hints := b.hints[len(b.hints)-1]; hints.NoPipelining {
					t.Error("its pipelining is taken for broken")
				}
				b.mu.Lock()
				for _, e := range b.events {
					if s, is := e.(mailbox.StateEvent); is && s.Err != nil && mailbox.ClassOf(s.Err) != mailbox.TryLater {
						t.Errorf("it was told %+v, though all went well", s)
					}
				}
				b.mu.Unlock()
			}
			again := visitAgain(t, l, 8, nil)
			if tops := again.guessed(); tops != nil {
				t.Errorf("the third run asks for %q all the same", tops)
			}
			again.hasAll(8)
		})
	}
}

func TestWhatHappensNowAndThenIsNotTheServersWay(t *testing.T) {
	l := openLedger(t)
	visit(t, l, 5, 0, nil).mustRelease()
	for n := range 5 {
		var options []pop3server.Option
		if n%2 == 0 {
			options = append(options, pop3server.WithHooks(refuseAndClose(pop3server.On("TOP 9"))))
		}
		b := visitAgain(t, l, 5, nil, options...)
		if b.guessed() == nil {
			t.Errorf("visit %d: nothing was asked for with the list", n)
		}
		b.mustRelease()
	}
}

// Where the server does not bear a guess, and does not let in a second time, the first session has to do the next time.
func TestAGuessThatKeepsAMailboxShutIsNotMadeAgain(t *testing.T) {
	for name, refusal := range map[string]string{"locked": "[IN-USE] locked", "too soon": "[LOGIN-DELAY] wait", "once only": "[AUTH] used"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := openLedger(t)
			visit(t, l, 5, 0, nil).mustRelease()
			again := pop3server.Match(func(e *pop3server.Event) bool { return e.Session > 1 && pop3server.On("PASS")(e) })
			b := newBench(t, mailbox.Config{Ledger: l, Guess: mailbox.GuessNew}, letters(5), pop3server.WithHooks(
				refuseAndClose(pop3server.On("TOP 7")), pop3server.Refuse(again, refusal)))
			b.capabilities = []string{"TOP", "UIDL", "PIPELINING"}
			err := b.box.Open(t.Context())
			want := mailbox.TryLater
			if name == "once only" {
				want = mailbox.Refused
			}
			if got := mailbox.ClassOf(err); err == nil || got != want || !strings.Contains(err.Error(), refusal[1:7]) {
				t.Errorf("it ended with %v, of the class %v", err, got)
			}
			b.mustRelease()
			next := visitAgain(t, l, 5, nil, pop3server.WithHooks(refuseAndClose(pop3server.On("TOP 7")), pop3server.Refuse(again, refusal)))
			next.hasAll(5)
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

// What a server loses of the list because of what stands behind it is the guess's fault, not pipelining's.
func TestPipeliningIsNotBlamedForGuessedTOPs(t *testing.T) {
	asked := make(chan struct{}, 10)
	// What the server has not sent yet is lost when it ends over a TOP.
	ends := pop3server.On("CAPA").Do(func(*pop3server.Event) pop3server.Action {
		select {
		case <-asked:
			return pop3server.Action{Skip: true, Then: pop3server.Close}
		case <-time.After(300 * time.Millisecond):
			return pop3server.Action{}
		}
	})
	b := visit(t, openLedger(t), 5, 2, func(b *bench) {
		b.sent = func(command string) {
			if command == "LIST 6" {
				asked <- struct{}{}
			}
		}
	}, pop3server.WithHooks(ends))
	if b.hints[len(b.hints)-1].NoPipelining || len(b.hints) > 3 {
		t.Errorf("%d sessions, the last with %+v", len(b.hints), b.hints[len(b.hints)-1])
	}
}

func TestAGuessWithoutItsCountProvesNothing(t *testing.T) {
	b := visit(t, openLedger(t), 5, 2, nil, pop3server.WithHooks(pop3server.Refuse(pop3server.On("LIST 6").Nth(1), "no")))
	before := len(b.guessed())
	b.hasAll(7)
	if len(b.guessed()) == before {
		t.Error("its headers were believed")
	}
}

func TestListingThatIsRefusedBehindACommandIsAskedAloneWithGuessedTOPsToo(t *testing.T) {
	for _, command := range []string{"STAT", "UIDL", "LIST"} {
		t.Run(command, func(t *testing.T) {
			hook := pop3server.Refuse(pop3server.Pipelined(pop3server.On(command)), "one at a time")
			b := visit(t, openLedger(t), 5, 2, nil, pop3server.WithHooks(hook))
			b.hasAll(7)
			if hints := b.hints[len(b.hints)-1]; !hints.NoPipelining {
				t.Error("its pipelining is trusted still")
			}
		})
	}
}

func TestP3_AnAnswerThatTellsNothingProvesNoGuess(t *testing.T) {
	for name, blank := range map[string]string{"empty": "+OK\r\n\r\n.\r\n", "what a server writes": "+OK\r\nStatus: RO\r\n\r\n.\r\n"} {
		t.Run(name, func(t *testing.T) {
			// Each is one text late: the first gets nothing, the next what belongs to the one before it.
			late, began := map[string]int{"6": 5, "7": 6, "8": 7, "9": 8}, false
			hook := pop3server.On("TOP").Do(func(e *pop3server.Event) pop3server.Action {
				if strings.HasPrefix(e.Arg, "5 ") && !began {
					began = true
					return pop3server.Action{Skip: true, Answer: strings.NewReader(blank)}
				}
				return instead(late)(e)
			})
			b := visit(t, openLedger(t), 5, 4, nil, pop3server.WithHooks(pop3server.InSession(1, hook)))
			if b.guessed() == nil {
				t.Error("nothing was asked for with the list")
			}
			b.hasAll(9)
		})
	}
}

// The guess looks at two messages. Where one has another header than it had under its UIDL, those that are not looked at
// are not believed either.
func TestP3_WhereAGuessShowsThatAUIDLWasUsedAgainNoHeaderIsBelieved(t *testing.T) {
	l := openLedger(t)
	serve := func(subjects ...string) *bench {
		var messages []pop3server.Message
		for i, s := range subjects {
			messages = append(messages, letter(strconv.Itoa(i+1), s, 50))
		}
		b := newBench(t, mailbox.Config{Ledger: l, Guess: mailbox.GuessNew}, messages)
		b.capabilities = []string{"TOP", "UIDL", "PIPELINING"}
		b.mustOpen()
		scanAll(t, b, ids(b.box.List()))
		return b
	}
	serve("kind a", "kind b", "kind c", "kind d", "kind e").mustRelease()
	now := []string{"kind b", "kind c", "kind d", "kind e", "kind f"} // another client deleted the first
	b := serve(now...)
	for i, id := range ids(b.box.List()) {
		if e := b.box.Envelope(id); e == nil || string(e.Subject) != now[i] {
			t.Errorf("message %d is %q and shown as %+v", i+1, now[i], e)
		}
	}
}

func TestP3_WhatAGuessDisprovesIsNotShownAnyMore(t *testing.T) {
	b := visit(t, openLedger(t), 5, 0, nil)
	scanAll(t, b, ids(b.box.List()))
	b.mustRelease()
	b.drop.Remove("uid-5")
	b.drop.Add(letter("uid-5", "retter 5", 104))
	if err := b.box.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.box.StartScan()
	b.wait("the scan's end", func(e mailbox.Event) bool { _, ok := e.(mailbox.ScanDoneEvent); return ok })
	if e := b.box.Envelope("uid-5"); e == nil || e.Subject != "retter 5" {
		t.Errorf("it is shown as %+v, commands %q", e, b.guessed())
	}
}

func TestProvingTheOrderAsksWhateverCameWithTheList(t *testing.T) {
	b := visit(t, openLedger(t), 5, 4, nil)
	s := take(t, b, false)
	defer s.Give()
	before := len(b.guessed())
	if err := s.ProveOrder(t.Context(), 6, 7); err != nil {
		t.Fatal(err)
	}
	if len(b.guessed()) == before {
		t.Error("it sent no TOP")
	}
}

func TestAGuessIsLeftWhereRefusalsAreWaitedForTooLong(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	visit(t, l, 5, 0, nil).mustRelease()
	asked := make(chan struct{})
	slow := pop3server.On("TOP 7").Do(func(*pop3server.Event) pop3server.Action {
		close(asked)
		return pop3server.Action{}
	})
	b := visitAgain(t, l, 5, nil, pop3server.WithHooks(pop3server.InSession(1, pop3server.Delay(pop3server.On("TOP 6"), 3*time.Second)),
		pop3server.InSession(1, pop3server.Stall(pop3server.On("TOP 7"))), pop3server.InSession(2, slow)))
	b.hasAll(5)
	if n := b.server.Sessions(); n != 2 && n != 3 { // the lock of the first may be held for a moment
		t.Errorf("%d sessions", n)
	}
	select {
	case <-asked:
		t.Error("the second session asked for what is not there as well")
	default:
	}
}

func TestAGuessThatEndsTheLastTryLeavesNoOpenStateBehind(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	visit(t, l, 5, 0, nil).mustRelease()
	locked := pop3server.Match(func(e *pop3server.Event) bool { return e.Session > 1 && e.Session < 5 && pop3server.On("PASS")(e) })
	b := newBench(t, mailbox.Config{Ledger: l, Guess: mailbox.GuessNew}, letters(5), pop3server.WithHooks(
		refuseAndClose(pop3server.On("TOP 7")), pop3server.Refuse(locked, "[IN-USE] locked")))
	b.capabilities = []string{"TOP", "UIDL", "PIPELINING"}
	take(t, b, true).Abort(errors.New("broken")) // by who does not guess
	if err := b.box.Open(t.Context()); err != nil {
		t.Error(err)
	}
	if state, _ := b.box.State(); state != mailbox.Open {
		t.Errorf("its state is %v", state)
	}
	b.hasAll(5)
}
