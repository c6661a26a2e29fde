package mailbox_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
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
	b := newBench(t, mailbox.Config{Ledger: l, Guess: true}, letters(n), options...)
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

// guessed gives the TOPs that came between LIST and the LIST behind them.
func guessed(commands []string) (tops []string) {
	for _, c := range transaction(commands) {
		if top, ok := strings.CutPrefix(c, "TOP "); ok {
			tops = append(tops, strings.TrimSuffix(top, " 0"))
		} else if strings.HasPrefix(c, "LIST ") {
			return tops
		}
	}
	return nil
}

func TestTheFirstTOPsAreBehindTheListInOneFlight(t *testing.T) {
	for _, tt := range []struct {
		came  int
		later int // TOPs behind the list's flight
	}{
		{0, 0}, {1, 0}, {4, 0}, {6, 3}, // of six two are left, and one proves them
	} {
		t.Run(fmt.Sprintf("%d new", tt.came), func(t *testing.T) {
			var together []string
			var mu sync.Mutex
			b := visit(t, openLedger(t), 5, tt.came, nil, pop3server.WithHooks(
				pop3server.Delay(pop3server.On("CAPA"), 100*time.Millisecond),
				func(e *pop3server.Event) pop3server.Action {
					if e.Pipelined {
						mu.Lock()
						together = append(together, strings.TrimSpace(e.Verb+" "+e.Arg))
						mu.Unlock()
					}
					return pop3server.Action{}
				}))
			mu.Lock()
			flight := slices.Clone(together)
			mu.Unlock()
			if want := []string{"STAT", "UIDL", "LIST", "TOP 6 0", "TOP 7 0", "TOP 8 0", "TOP 9 0", "TOP 5 0", "LIST 5"}; !slices.Equal(flight, want) {
				t.Errorf("behind CAPA, without waiting, came %q, want %q", flight, want)
			}
			b.hasAll(5 + tt.came)
			later := -5
			for _, c := range b.server.Commands() {
				if strings.HasPrefix(c, "TOP ") {
					later++
				}
			}
			if later != tt.later {
				t.Errorf("%d TOPs came later, want %d", later, tt.later)
			}
			if b.server.Sessions() != 1 || len(b.box.Info().Warnings) != 0 {
				t.Errorf("%d sessions, warnings %q", b.server.Sessions(), b.box.Info().Warnings)
			}
		})
	}
}

func TestTOPsAreGuessedOnlyWhereTheyCanBeProven(t *testing.T) {
	never := func(t *testing.T, b *bench) {
		t.Helper()
		if tops := guessed(b.server.Commands()); tops != nil {
			t.Errorf("it asked for the headers of %q with the list", tops)
		}
	}
	t.Run("a maildrop never seen", func(t *testing.T) {
		b := visitAgain(t, openLedger(t), 3, nil)
		never(t, b)
	})
	t.Run("one that was empty", func(t *testing.T) {
		l := openLedger(t)
		visitAgain(t, l, 0, nil).mustRelease()
		never(t, visitAgain(t, l, 3, nil))
	})
	for _, lacks := range []string{"PIPELINING", "TOP"} {
		t.Run("a server that does not list "+lacks, func(t *testing.T) {
			l := openLedger(t)
			for n := range 2 {
				b := newBench(t, mailbox.Config{Ledger: l, Guess: true}, letters(3+n), pop3server.WithHooks(pop3server.HideCapability(lacks)))
				b.capabilities = slices.DeleteFunc([]string{"TOP", "UIDL", "PIPELINING"}, func(line string) bool { return line == lacks })
				b.mustOpen()
				never(t, b)
				b.hasAll(3 + n)
				b.mustRelease()
			}
		})
	}
	t.Run("who does not go on to headers", func(t *testing.T) {
		l := openLedger(t)
		visit(t, l, 3, 0, nil).mustRelease()
		b := newBench(t, mailbox.Config{Ledger: l, Guess: true}, letters(3))
		take(t, b, true).Give()
		never(t, b)
	})
}

func TestWhatWasDeletedIsNotExpected(t *testing.T) {
	l := openLedger(t)
	b := visit(t, l, 5, 0, nil)
	s := take(t, b, true)
	for _, n := range []int{2, 4} {
		if _, err := s.Dele(n).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Quit(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.mustRelease()
	if got := guessed(visitAgain(t, l, 3, nil).server.Commands()); !slices.Equal(got, []string{"4", "5", "6", "7", "3"}) {
		t.Errorf("of 5 messages 2 were deleted, then it asked for %q with the list", got)
	}
}

// A server that is in order on an idle line only would have each header be another message's.
func TestP3_GuessedHeadersAreNoOtherMessages(t *testing.T) {
	for name, hook := range map[string]pop3server.Hook{
		"each TOP gives the message before": disorder(),
		"each TOP gives the same message": pop3server.Pipelined(pop3server.On("TOP")).Do(func(*pop3server.Event) pop3server.Action {
			return pop3server.Action{Skip: true, Answer: strings.NewReader("+OK\r\nSubject: letter 1\r\n\r\n.\r\n")}
		}),
		"an answer to nothing": pop3server.On("TOP 6").Nth(1).Do(func(*pop3server.Event) pop3server.Action {
			return pop3server.Action{Skip: true, Answer: strings.NewReader("+OK\r\nSubject: letter 9\r\n\r\n.\r\n+OK\r\nSubject: letter 6\r\n\r\n.\r\n")}
		}),
		"an answer lost": pop3server.Answer(pop3server.On("TOP 6").Nth(1), ""),
		"a message with another's header": pop3server.On("TOP 5").Do(func(*pop3server.Event) pop3server.Action {
			return pop3server.Action{Skip: true, Answer: strings.NewReader("+OK\r\nSubject: letter 5, changed\r\n\r\n.\r\n")}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			b := visit(t, openLedger(t), 5, 3, nil, pop3server.WithHooks(hook))
			b.hasAll(8)
		})
	}
}

func TestAServerThatDoesNotBearGuessedTOPsIsRemembered(t *testing.T) {
	quick := func(b *bench) { b.answerTimeout = time.Second }
	for name, tt := range map[string]struct {
		hook    pop3server.Hook
		prepare func(*bench)
		times   int // once may have been the line
	}{
		"it hangs up":         {refuseAndClose(pop3server.On("TOP 9")), nil, 2},
		"it hangs up at once": {refuseAndClose(pop3server.On("TOP 7").InSession(1)), nil, 2},
		"it falls silent":     {pop3server.Stall(pop3server.On("TOP 9")), quick, 2},
		"it answers what is not there": {pop3server.On("TOP 9").Do(func(*pop3server.Event) pop3server.Action {
			return pop3server.Action{Skip: true, Answer: strings.NewReader("+OK\r\nSubject: none\r\n\r\n.\r\n")}
		}), nil, 1},
		"it sends whole messages": {pop3server.On("TOP 6").Nth(1).Do(func(*pop3server.Event) pop3server.Action {
			return pop3server.Action{Skip: true, Answer: io.MultiReader(
				strings.NewReader("+OK\r\nSubject: letter 6\r\n\r\n"),
				io.LimitReader(zeros{}, 300<<10), strings.NewReader("\r\n.\r\n"))}
		}), nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			l := openLedger(t)
			for k := range tt.times {
				var b *bench
				if k == 0 {
					b = visit(t, l, 5, 2, tt.prepare, pop3server.WithHooks(tt.hook))
				} else {
					b = visitAgain(t, l, 7, tt.prepare, pop3server.WithHooks(tt.hook))
				}
				b.hasAll(7)
				b.mustRelease()
				if b.server.Sessions() != 2 {
					t.Errorf("%d sessions, with %q: the server was not put to the test", b.server.Sessions(), b.server.Commands())
				}
				if hints := b.hints[len(b.hints)-1]; hints.NoPipelining {
					t.Error("its pipelining is taken for broken")
				}
			}
			again := visitAgain(t, l, 8, nil)
			if tops := guessed(again.server.Commands()); tops != nil {
				t.Errorf("the next run asks for %q all the same", tops)
			}
			again.hasAll(8)
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
