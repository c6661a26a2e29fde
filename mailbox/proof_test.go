package mailbox_test

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"popmark/mailbox"
	"popmark/pop3server"
)

// pipelines says whether the newest session was opened with pipelining allowed.
func (b *bench) pipelines() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.hints) > 0 && !b.hints[len(b.hints)-1].NoPipelining
}

// late is a server to which the first k TOPs come alone, as over a slow line, and which
// does with those behind them what a server does that lies about PIPELINING.
func late(k int, b **bench, do func(number, count int) pop3server.Action) pop3server.Hook {
	return func(e *pop3server.Event) pop3server.Action {
		if e.Verb != "TOP" || e.Count <= k || !(*b).pipelines() {
			return pop3server.Action{}
		}
		word, _, _ := strings.Cut(e.Arg, " ")
		number, _ := strconv.Atoi(word)
		return do(number, e.Count)
	}
}

func TestP3_PipeliningThatLiesLateBindsNoHeaderToAnotherMessage(t *testing.T) {
	nothing := pop3server.Action{Skip: true, Answer: strings.NewReader("")}
	lose := func(from, to int) func(int, int) pop3server.Action {
		return func(_, count int) pop3server.Action {
			if count < from || count > to {
				return pop3server.Action{}
			}
			return nothing
		}
	}
	refuse := func(_, count int) pop3server.Action {
		if count > 150 { // not in the first flight any more
			return pop3server.Action{}
		}
		return pop3server.Action{Skip: true, Answer: strings.NewReader("-ERR one at a time\r\n")}
	}
	shift := func(number, _ int) pop3server.Action {
		return pop3server.Action{Skip: true, Answer: strings.NewReader(fmt.Sprintf("+OK\r\nSubject: letter %d\r\n\r\n.\r\n", number-1))}
	}
	const many = 1 << 30
	for name, tt := range map[string]struct {
		alone int
		do    func(number, count int) pop3server.Action
	}{
		"the third is lost":               {2, lose(3, 3)},
		"one in the middle is lost":       {70, lose(75, 75)},
		"all behind ten are lost":         {10, lose(0, many)},
		"seven and sixty are lost":        {20, lose(30, 96)},
		"all behind two are refused":      {2, refuse},
		"all from the middle are refused": {60, refuse},
		"disorder from the third on":      {2, shift},
		"disorder from the middle on":     {50, shift},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := openLedger(t)
			var b *bench
			b = newBench(t, mailbox.Config{Ledger: l}, letters(150), pop3server.WithHooks(late(tt.alone, &b, tt.do)))
			b.answerTimeout = 300 * time.Millisecond
			b.mustOpen()
			b.wantTold(150)
			if !b.warned("PIPELINING") {
				t.Errorf("warnings %q", b.box.Info().Warnings)
			}
			b.mustRelease()
			if known, err := l.Quirk(t.Context(), "test", "pipelining-broken"); !known || err != nil {
				t.Errorf("it is not remembered (%v)", err)
			}
			b.wantKnown(l, 0)
		})
	}
}

func TestRefusalsThatAreMeantAreNotTakenForPipelining(t *testing.T) {
	sized := func(e *pop3server.Event) bool { return e.Verb == "LIST" && e.Arg != "" }
	for name, tt := range map[string]struct {
		hooks   []pop3server.Hook
		without []string
	}{
		"one message is gone": {[]pop3server.Hook{
			pop3server.Refuse(pop3server.On("TOP 66"), "expunged"), pop3server.Refuse(pop3server.On("LIST 66"), "expunged"),
		}, []string{"uid-66"}},
		"the first is gone": {[]pop3server.Hook{
			pop3server.Refuse(pop3server.On("TOP 1"), "expunged"), pop3server.Refuse(pop3server.On("LIST 1"), "expunged"),
		}, []string{"uid-1"}},
		"one is refused once":      {[]pop3server.Hook{pop3server.Refuse(pop3server.On("TOP 20").Nth(1), "busy")}, nil},
		"LIST of one is not there": {[]pop3server.Hook{pop3server.Refuse(sized, "no such command")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, mailbox.Config{}, letters(150), pop3server.WithHooks(tt.hooks...))
			b.mustOpen()
			var without []string
			for h, err := range b.box.Headers(t.Context(), ids(b.box.List())) {
				if err != nil {
					t.Fatal(err)
				}
				switch want := "letter " + strings.TrimPrefix(string(h.ID), "uid-"); {
				case h.Err != nil:
					without = append(without, string(h.ID))
				case string(h.Envelope.Subject) != want:
					t.Errorf("%s was told with %+v", h.ID, h.Envelope)
				}
			}
			if !slices.Equal(without, tt.without) {
				t.Errorf("no header for %q, want %q", without, tt.without)
			}
			if n := b.server.Sessions(); n != 1 || len(b.box.Info().Warnings) > 0 {
				t.Errorf("%d sessions, warnings %q", n, b.box.Info().Warnings)
			}
		})
	}
}

func TestTheHeaderOfAHugeMessageIsAskedForAlone(t *testing.T) {
	huge := pop3server.Lines(pop3server.On("LIST"), func(_ int, line string) (string, bool) {
		if strings.HasPrefix(line, "90 ") {
			line = "90 4000000000"
		}
		return line, true
	})
	var together atomic.Bool
	b := newBench(t, mailbox.Config{}, letters(150), pop3server.WithHooks(huge, func(e *pop3server.Event) pop3server.Action {
		if e.Verb == "TOP" && (strings.HasPrefix(e.Arg, "90 ") || strings.HasPrefix(e.Arg, "91 ")) && e.Pipelined {
			together.Store(true)
		}
		return pop3server.Action{}
	}))
	b.mustOpen()
	scanAll(t, b, ids(b.box.List()))
	if e := b.box.Envelope("uid-90"); e == nil || e.Subject != "letter 90" {
		t.Errorf("its envelope is %+v", e)
	}
	if together.Load() {
		t.Error("another command was under way together with it")
	}
}

func TestTheProofOfManyHeadersCostsLittle(t *testing.T) {
	const n = 2000
	b := newBench(t, mailbox.Config{}, letters(n))
	b.mustOpen()
	scanAll(t, b, ids(b.box.List()))
	b.mustRelease()
	if got := len(transaction(b.server.Commands())); got > n+n/25 {
		t.Errorf("%d commands for %d headers", got, n)
	}
}

func TestP2_ATextOfAnotherMessageHasNoEnd(t *testing.T) {
	for name, action := range map[string]pop3server.Action{
		"it is lost":                   {Skip: true, Answer: strings.NewReader("")},
		"what follows it is swallowed": {Swallow: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const n = 20
			b := newBench(t, mailbox.Config{}, letters(n), pop3server.WithHooks(pop3server.On("RETR 4").Do(func(*pop3server.Event) pop3server.Action { return action })))
			b.answerTimeout = 300 * time.Millisecond
			s, err := b.box.Take(t.Context(), false)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Abort(nil)
			if err := s.ProveOrder(t.Context(), 1, 2); err != nil {
				t.Fatal(err)
			}
			asked := make([]*mailbox.Retrieval, n)
			for i := range asked {
				asked[i] = s.Retr(i + 1)
			}
			failed := false
			for i, r := range asked {
				text, err := r.Wait(t.Context())
				var raw []byte
				if err == nil {
					raw, err = io.ReadAll(text)
				}
				failed = failed || err != nil
				if err == nil && !strings.Contains(string(raw), fmt.Sprintf("Subject: letter %d\r\n", i+1)) {
					t.Errorf("message %d ended with the text %q", i+1, raw)
				}
			}
			if !failed {
				t.Error("nothing was noticed")
			}
		})
	}
}
