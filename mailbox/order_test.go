package mailbox_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"popmark/ledger"
	"popmark/mailbox"
	"popmark/message"
	"popmark/pop3server"
)

// outOfStep is a server without PIPELINING that says something nobody asked for in the place of
// its kth answer to TOP, and is one answer behind from there on.
func outOfStep(k int, stray string, every bool) pop3server.Hook {
	var mu sync.Mutex
	owed := make(map[int]string) // by session
	return func(e *pop3server.Event) pop3server.Action {
		mu.Lock()
		defer mu.Unlock()
		own := "+OK\r\n"
		number, _, _ := strings.Cut(e.Arg, " ")
		switch n, _ := strconv.Atoi(number); {
		case e.Verb == "TOP":
			own = fmt.Sprintf("+OK\r\nSubject: letter %d\r\n\r\n.\r\n", n)
		case e.Verb == "LIST" && n > 0:
			own = fmt.Sprintf("+OK %d %d\r\n", n, 100*n)
		}
		said, is := owed[e.Session]
		if !is {
			if e.Verb != "TOP" || e.Count != k || !every && e.Session != 1 {
				return pop3server.Action{}
			}
			said = stray
		}
		owed[e.Session] = own
		return pop3server.Action{Skip: true, Answer: strings.NewReader(said)}
	}
}

func TestP3_OneUnaskedLineBindsNoHeaderToAnotherMessage(t *testing.T) {
	for name, tt := range map[string]struct {
		k     int
		stray string
		every bool
	}{
		"a refusal, once":             {4, "-ERR idle\r\n", false},
		"a refusal, in every session": {4, "-ERR idle\r\n", true},
		"a refusal, the first":        {1, "-ERR idle\r\n", false},
		"a refusal, before a mark":    {8, "-ERR idle\r\n", true},
		"a refusal, the last":         {20, "-ERR idle\r\n", false},
		"a header, once":              {4, "+OK\r\nSubject: forged\r\n\r\n.\r\n", false},
		"a header, in every session":  {5, "+OK\r\nSubject: forged\r\n\r\n.\r\n", true},
		"a header, the last":          {20, "+OK\r\nSubject: forged\r\n\r\n.\r\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := openLedger(t)
			b := newBench(t, mailbox.Config{Ledger: l}, letters(20),
				pop3server.WithHooks(pop3server.HideCapability("PIPELINING"), outOfStep(tt.k, tt.stray, tt.every)))
			b.answerTimeout = 300 * time.Millisecond
			b.mustOpen()
			b.wantTold(20)
			_ = b.box.Release(t.Context()) // some of these servers owe an answer to the end
			b.wantKnown(l, 20)
		})
	}
}

func TestALineThatNobodyAskedForCostsASessionAndNoHeader(t *testing.T) {
	for name, alone := range map[string]bool{"one at a time": true, "pipelining": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hooks := []pop3server.Hook{pop3server.Whole(pop3server.On("TOP 3").InSession(1), func(answer string) string {
				return answer + "+OK what\r\n"
			})}
			if alone {
				hooks = append(hooks, pop3server.HideCapability("PIPELINING"))
			}
			b := newBench(t, mailbox.Config{Ledger: openLedger(t)}, letters(12), pop3server.WithHooks(hooks...))
			b.answerTimeout = 300 * time.Millisecond
			b.mustOpen()
			b.wantTold(12)
		})
	}
}

func TestP3_AMessageThatIsGoneEndsNoProof(t *testing.T) {
	gone := func(e *pop3server.Event) pop3server.Action {
		if number, _, _ := strings.Cut(e.Arg, " "); number == "8" && (e.Verb == "TOP" || e.Verb == "LIST") {
			return pop3server.Action{Skip: true, Answer: strings.NewReader("-ERR gone\r\n")}
		}
		return pop3server.Action{}
	}
	b := newBench(t, mailbox.Config{}, letters(20),
		pop3server.WithHooks(pop3server.HideCapability("PIPELINING"), gone, outOfStep(12, "+OK\r\nSubject: forged\r\n\r\n.\r\n", false)))
	b.answerTimeout = 300 * time.Millisecond
	b.mustOpen()
	b.wantTold(20, "uid-8")
}

func TestServerWithoutListOfOneMessageIsScannedToItsEnd(t *testing.T) {
	refuse := pop3server.Refuse(func(e *pop3server.Event) bool { return e.Verb == "LIST" && e.Arg != "" }, "what")
	b := newBench(t, mailbox.Config{}, letters(30), pop3server.WithHooks(pop3server.HideCapability("PIPELINING"), refuse))
	b.mustOpen()
	b.wantTold(30)
}

func TestP8_ATopThatIsTooLongCostsASessionAndNoOtherHeader(t *testing.T) {
	flood := pop3server.Whole(pop3server.On("TOP 5"), func(answer string) string {
		return strings.TrimSuffix(answer, ".\r\n") + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 1<<10) + ".\r\n"
	})
	for name, alone := range map[string]bool{"one at a time": true, "pipelining": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hooks := []pop3server.Hook{flood}
			if alone {
				hooks = append(hooks, pop3server.HideCapability("PIPELINING"))
			}
			b := newBench(t, mailbox.Config{}, letters(12), pop3server.WithHooks(hooks...))
			b.limits.TopOctets = 32 << 10
			b.mustOpen()
			b.wantTold(12, "uid-5")
			// The server may not have let go of a session that was given up when the next one comes.
			if sessions := len(b.hints); sessions > 6 {
				t.Errorf("it took %d sessions", sessions)
			}
		})
	}
}

// wantTold reads the headers of a mailbox of so many letters: each must be told with its own, but those named.
func (b *bench) wantTold(many int, but ...mailbox.ID) {
	b.t.Helper()
	n := 0
	for h, err := range b.box.Headers(b.t.Context(), ids(b.box.List())) {
		if err != nil {
			b.t.Fatal(err)
		}
		n++
		want := "letter " + strings.TrimPrefix(string(h.ID), "uid-")
		if !slices.Contains(but, h.ID) && (h.Envelope == nil || string(h.Envelope.Subject) != want) {
			b.t.Errorf("%s was told with %+v, %v", h.ID, h.Envelope, h.Err)
		}
	}
	if n != many {
		b.t.Errorf("%d headers were told", n)
	}
}

// wantKnown looks whether a ledger has at least so many headers of the letters listed, and each its own.
func (b *bench) wantKnown(l *ledger.Ledger, least int) {
	b.t.Helper()
	rows, err := l.Headers(b.t.Context(), "test", texts(ids(b.box.List())))
	if err != nil || len(rows) < least {
		b.t.Errorf("the ledger has %d headers, %v", len(rows), err)
	}
	for uid, row := range rows {
		if want := "letter " + strings.TrimPrefix(uid, "uid-") + "\r\n"; !strings.Contains(string(row.Header), want) {
			b.t.Errorf("the ledger has for %s %q", uid, row.Header)
		}
	}
}

// What can't be looked at stays in doubt, and is not for the others to wait for.
func TestP8_AHeaderThatIsTooLongIsNotTakenForOneThatHasGrown(t *testing.T) {
	const added = "X-UIDL: grown\r\n"
	grown := pop3server.NewMessage("grown", pop3server.CRLF("Subject: grown", strings.TrimSpace(added), "", "text"))
	flood := pop3server.Whole(pop3server.On("TOP 2"), func(answer string) string {
		return strings.TrimSuffix(answer, ".\r\n") + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 1<<10) + ".\r\n"
	})
	for name, tt := range map[string]struct {
		options []pop3server.Option
		want    int
	}{"as it is": {nil, 1}, "with all of its text": {[]pop3server.Option{pop3server.WithHooks(flood)}, 0}} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, mailbox.Config{}, append(letters(1), grown), tt.options...)
			b.limits.TopOctets = 32 << 10
			b.mustOpen()
			for range 2 {
				found, err := b.box.GrownFrom(t.Context(), map[mailbox.ID]int64{"grown": grown.Octets - int64(len(added))})
				if err != nil || len(found) != tt.want || tt.want > 0 && found["grown"].Subject != "grown" {
					t.Errorf("%v have grown, %v", found, err)
				}
			}
			b.mustOpen()
		})
	}
}

// What PassHeaders uses again is not what somebody keeps.
func TestEnvelopesThatAreKeptAreNotUsedAgain(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(300))
	b.mustOpen()
	all := ids(b.box.List())
	kept := make(map[mailbox.ID]*message.Envelope)
	for h, err := range b.box.Headers(t.Context(), all) {
		if err != nil {
			t.Fatal(err)
		}
		kept[h.ID] = h.Envelope
	}
	slices.Reverse(all)
	for h, err := range b.box.PassHeaders(t.Context(), all) {
		if want := "letter " + strings.TrimPrefix(string(h.ID), "uid-"); err != nil || string(h.Envelope.Subject) != want {
			t.Fatalf("%s was told with %+v, %v", h.ID, h.Envelope, err)
		}
	}
	for id, envelope := range kept {
		if want := "letter " + strings.TrimPrefix(string(id), "uid-"); string(envelope.Subject) != want || b.box.Envelope(id) != envelope {
			t.Errorf("%s is kept as %q", id, envelope.Subject)
		}
	}
}
