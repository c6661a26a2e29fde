package mailbox_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"popmark/ledger"
	"popmark/mailbox"
	"popmark/pop3client"
	"popmark/pop3server"
)

func openLedger(t *testing.T) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("closing the ledger: %v", err)
		}
	})
	return l
}

func TestPipeliningThatLiesIsRememberedForTheNextRun(t *testing.T) {
	plain := func(h pop3server.Hook) func(pop3server.Match) pop3server.Hook {
		return func(pop3server.Match) pop3server.Hook { return h }
	}
	// second is a session's second TOP where pipelining is allowed: which TOPs come together is a matter of time.
	for name, hook := range map[string]func(second pop3server.Match) pop3server.Hook{
		"swallowed from the start":   plain(pop3server.Swallow(pop3server.Pipelined(pop3server.On("*")))),
		"swallowed behind UIDL":      plain(pop3server.Swallow(pop3server.On("UIDL"))),
		"garbled":                    plain(pop3server.Disguise(pop3server.Pipelined(pop3server.On("LIST")), "+OK\r\nhello\r\n.\r\n")),
		"closed whenever it is used": plain(pop3server.Cut(pop3server.Pipelined(pop3server.On("LIST")), pop3server.Close)),
		"swallowed in the scan":      plain(pop3server.Swallow(pop3server.Pipelined(pop3server.On("TOP")))),
		"refused behind another":     plain(pop3server.Refuse(pop3server.Pipelined(pop3server.On("*")), "one at a time")),
		"UIDL refused behind STAT":   plain(pop3server.Refuse(pop3server.Pipelined(pop3server.On("UIDL")), "what")),
		"TOPs refused behind TOPs":   plain(pop3server.Refuse(pop3server.Pipelined(pop3server.On("TOP")), "what")),
		"answered in disorder":       plain(disorder()),
		"closed at the second TOP":   func(second pop3server.Match) pop3server.Hook { return pop3server.Cut(second, pop3server.Close) },
		"refused at it, and closed":  refuseAndClose,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := openLedger(t)
			for run := range 2 {
				var b *bench
				second := func(e *pop3server.Event) bool { return e.Verb == "TOP" && e.Count > 1 && b.pipelines() }
				b = newBench(t, mailbox.Config{Ledger: l}, letters(40), pop3server.WithHooks(hook(second)))
				b.answerTimeout = 300 * time.Millisecond
				b.mustOpen()
				scanAll(t, b, ids(b.box.List()))
				for _, m := range b.box.List().Messages {
					if e := b.box.Envelope(m.ID); e == nil || string(e.Subject) != "letter "+strings.TrimPrefix(m.UID, "uid-") {
						t.Errorf("run %d: message %d has the envelope %+v", run, m.Number, e)
					}
				}
				if !b.warned("PIPELINING") {
					t.Errorf("run %d: warnings %q", run, b.box.Info().Warnings)
				}
				b.mustRelease()
				if run == 1 && (len(b.hints) != 1 || !b.hints[0].NoPipelining) {
					t.Errorf("the second run opened sessions with %+v", b.hints)
				}
			}
		})
	}
}

// refuseAndClose answers -ERR and closes the connection.
func refuseAndClose(m pop3server.Match) pop3server.Hook {
	return m.Do(func(*pop3server.Event) pop3server.Action {
		return pop3server.Action{Skip: true, Answer: strings.NewReader("-ERR protocol violation\r\n"), Then: pop3server.Close}
	})
}

// disorder is a server in which commands that come together run after each other: each TOP
// is answered with what belongs to the one before, the first with what belongs to the last.
func disorder() pop3server.Hook {
	return func(e *pop3server.Event) pop3server.Action {
		if e.Verb != "TOP" || !e.Pipelined {
			return pop3server.Action{}
		}
		number, _, _ := strings.Cut(e.Arg, " ")
		n, err := strconv.Atoi(number)
		if err != nil {
			return pop3server.Action{}
		}
		text := fmt.Sprintf("+OK\r\nSubject: letter %d\r\n\r\n.\r\n", n-1)
		return pop3server.Action{Skip: true, Answer: strings.NewReader(text)}
	}
}

// tooLate is a server that gives a TOP the header of so many TOPs before it, where it came together with what was
// before it and late says so of the message's number and of how many TOPs the session has seen. It counts wrong answers.
func tooLate(by int, subjects []string, late func(number, count int) bool, wrong *atomic.Int64) pop3server.Hook {
	var mu sync.Mutex
	asked := make(map[int][]string) // by session
	return func(e *pop3server.Event) pop3server.Action {
		word, _, _ := strings.Cut(e.Arg, " ")
		n, err := strconv.Atoi(word)
		if e.Verb != "TOP" || err != nil || n > len(subjects) {
			return pop3server.Action{}
		}
		mu.Lock()
		defer mu.Unlock()
		before := asked[e.Session]
		asked[e.Session] = append(before, subjects[n-1])
		if !e.Pipelined || len(before) < by || !late(n, e.Count) {
			return pop3server.Action{}
		}
		given := before[len(before)-by]
		if given != subjects[n-1] {
			wrong.Add(1)
		}
		text := "+OK\r\n" + strings.Join(top(given), "\r\n") + "\r\n\r\n.\r\n"
		return pop3server.Action{Skip: true, Answer: strings.NewReader(text)}
	}
}

func TestALineThatBreaksIsNotTakenForPipelining(t *testing.T) {
	for name, hook := range map[string]pop3server.Hook{
		"cut while opening":     pop3server.InSession(1, pop3server.Cut(pop3server.On("UIDL"), pop3server.Reset)),
		"cut in the scan":       pop3server.InSession(1, pop3server.Cut(pop3server.On("TOP 20"), pop3server.Reset)),
		"cut at the first TOPs": pop3server.InSession(1, pop3server.Cut(pop3server.On("TOP").Nth(2), pop3server.Reset)),
		"stalled in the scan":   pop3server.InSession(1, pop3server.Stall(pop3server.On("TOP 20"))),
		"stalled, then refused": pop3server.InSession(2, pop3server.Cut(pop3server.On(""), pop3server.Reset)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := openLedger(t)
			b := newBench(t, mailbox.Config{Ledger: l}, letters(40), pop3server.WithHooks(hook))
			b.answerTimeout = 300 * time.Millisecond
			b.mustOpen()
			scanAll(t, b, ids(b.box.List()))
			b.mustRelease()
			if known, err := l.Quirk(t.Context(), "test", "pipelining-broken"); known || err != nil {
				t.Errorf("a broken line is remembered as broken pipelining (%v)", err)
			}
			if b.warned("PIPELINING") || b.hints[len(b.hints)-1].NoPipelining {
				t.Errorf("warnings %q, sessions %+v", b.box.Info().Warnings, b.hints)
			}
		})
	}
}

// behind sends octets behind the answer to a command, without being asked.
func behind(command, octets string) pop3server.Hook {
	return pop3server.Whole(pop3server.On(command), func(answer string) string { return answer + octets })
}

func TestOctetsThatNobodyAskedForEndAnOpeningWithTheirOwnName(t *testing.T) {
	for _, command := range []string{"STAT", "UIDL", "LIST"} {
		for _, octets := range []string{"junk", "+OK spam\r\n", "\x00"} {
			t.Run(command+" "+strconv.Quote(octets), func(t *testing.T) {
				b := newBench(t, mailbox.Config{}, letters(3), pop3server.Without("PIPELINING"), pop3server.WithHooks(behind(command, octets)))
				err := b.box.Open(t.Context())
				if mailbox.ClassOf(err) != mailbox.Protocol || !strings.Contains(fmt.Sprint(err), "octets follow that nobody asked for") {
					t.Errorf("opening: %v, of class %v", err, mailbox.ClassOf(err))
				}
			})
		}
	}
}

func TestAGoodbyeInAScanIsTakenForALineThatBroke(t *testing.T) {
	const goodbye = "-ERR Disconnected for inactivity.\r\n"
	asAnswer := pop3server.On("TOP 3").Do(func(*pop3server.Event) pop3server.Action {
		return pop3server.Action{Skip: true, Answer: strings.NewReader(goodbye), Then: pop3server.Close}
	})
	for name, tt := range map[string]struct {
		hook    pop3server.Hook
		refused string // the message that may have no header
	}{
		"as an answer":            {pop3server.InSession(1, asAnswer), ""},
		"as an answer every time": {asAnswer, "uid-3"},
		"behind an answer":        {pop3server.InSession(1, behind("TOP 3", goodbye)), ""},
		"behind it, and closed": {pop3server.InSession(1, pop3server.On("TOP 3").Do(func(*pop3server.Event) pop3server.Action {
			text := "+OK\r\nSubject: letter 3\r\n\r\n.\r\n" + goodbye
			return pop3server.Action{Skip: true, Answer: strings.NewReader(text), Then: pop3server.Close}
		})), ""},
	} {
		for _, capability := range []string{"PIPELINING", "LANG"} {
			t.Run(name+" without "+capability, func(t *testing.T) {
				t.Parallel()
				b := newBench(t, mailbox.Config{}, letters(12), pop3server.Without(capability), pop3server.WithHooks(tt.hook))
				b.mustOpen()
				for h, err := range b.box.Headers(t.Context(), ids(b.box.List())) {
					if err != nil {
						t.Fatal(err)
					}
					if h.Err != nil != (string(h.ID) == tt.refused) {
						t.Errorf("%s: %v", h.ID, h.Err)
					}
				}
			})
		}
	}
}

func TestALineLostBehindTheLastAnswerIsToldWithItsCause(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(1), pop3server.Without("PIPELINING"), pop3server.WithHooks(behind("TOP", "junk")))
	b.mustOpen()
	b.box.StartScan()
	e := b.wait("the line's loss", func(e mailbox.Event) bool {
		s, ok := e.(mailbox.StateEvent)
		return ok && s.State == mailbox.Lost
	})
	if lost := e.(mailbox.StateEvent); lost.Err == nil {
		t.Error("the line is lost, and nothing says why")
	}
}

func TestAServerThatIsOnlySlowIsNotRemembered(t *testing.T) {
	l := openLedger(t)
	b := newBench(t, mailbox.Config{Ledger: l}, letters(3), pop3server.WithHooks(pop3server.Delay(pop3server.On("UIDL"), 700*time.Millisecond)))
	b.answerTimeout = time.Second
	for range 2 {
		b.mustOpen()
		b.mustRelease()
	}
	if known, err := l.Quirk(t.Context(), "test", "pipelining-broken"); known || err != nil || b.warned("PIPELINING") {
		t.Errorf("a slow server is remembered as one that does not bear pipelining (%v)", err)
	}
	if len(b.hints) < 2 || !b.hints[1].NoPipelining {
		t.Errorf("sessions %+v: the stall was not tried without pipelining", b.hints)
	}
}

func TestOddServersLeaveAWorkingList(t *testing.T) {
	for name, tt := range map[string]struct {
		messages int
		options  []pop3server.Option
		warning  string // "" for none
	}{
		"no CAPA":              {5, []pop3server.Option{pop3server.Without("CAPA")}, "no CAPA"},
		"no UIDL":              {5, []pop3server.Option{pop3server.Without("UIDL")}, "no UIDL"},
		"STAT refused":         {5, hooks(pop3server.Refuse(pop3server.On("STAT"), "no")), "does not count"},
		"STAT without numbers": {5, hooks(pop3server.Disguise(pop3server.On("STAT").From(1), "+OK many\r\n")), "does not count"},
		"STAT that lies":       {5, hooks(pop3server.Disguise(pop3server.On("STAT"), "+OK 7 100\r\n")), "STAT counts 7 messages, LIST shows 5"},
		"LIST in disorder":     {5, hooks(pop3server.Reverse(pop3server.On("LIST"))), "LIST gives the numbers in disorder"},
		"UIDL in disorder":     {5, hooks(pop3server.Reverse(pop3server.On("UIDL"))), "UIDL gives the numbers in disorder"},
		"extra words":          {5, hooks(pop3server.Lines(pop3server.On("LIST"), more), pop3server.Lines(pop3server.On("UIDL"), more)), "LIST's lines hold more"},
		"an odd line in UIDL": {5, hooks(pop3server.Lines(pop3server.On("UIDL"), func(i int, line string) (string, bool) {
			return strings.Replace(line, "3 uid-3", "3", 1), true
		})), "odd line"},
		"UIDL leaves one out": {5, hooks(pop3server.Lines(pop3server.On("UIDL"), func(i int, line string) (string, bool) {
			return line, !strings.HasPrefix(line, "4 ")
		})), "leaves out 1"},
		"nothing there":                    {0, nil, ""},
		"nothing there, and LIST refused":  {0, hooks(pop3server.Refuse(pop3server.On("LIST"), "no messages")), ""},
		"nothing there, and both refused":  {0, hooks(pop3server.Refuse(pop3server.On("LIST"), "no messages"), pop3server.Refuse(pop3server.On("UIDL"), "no messages")), ""},
		"no pipelining":                    {5, []pop3server.Option{pop3server.Without("PIPELINING")}, ""},
		"capabilities in lower case":       {5, []pop3server.Option{pop3server.WithCapabilities(pop3server.LowerCase)}, ""},
		"TOP answers with the whole":       {5, hooks(pop3server.On("TOP").Do(wholeForTop)), ""},
		"line ends of LF alone everywhere": {5, hooks(pop3server.LFOnly(pop3server.On("*"))), "LF alone"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, mailbox.Config{}, letters(tt.messages), tt.options...)
			b.mustOpen()
			list := b.box.List()
			if len(list.Messages) != tt.messages {
				t.Fatalf("%d messages are listed, want %d", len(list.Messages), tt.messages)
			}
			for i, m := range list.Messages {
				if m.Number != i+1 || m.Octets == 0 || m.Certain && m.UID != fmt.Sprintf("uid-%d", i+1) {
					t.Errorf("message %d is %+v", i+1, m)
				}
			}
			scanAll(t, b, ids(list))
			for i, id := range ids(list) {
				if e := b.box.Envelope(id); e == nil || string(e.Subject) != fmt.Sprintf("letter %d", i+1) {
					t.Errorf("message %d has envelope %+v", i+1, e)
				}
			}
			if tt.warning == "" && len(b.box.Info().Warnings) > 0 || tt.warning != "" && !b.warned(tt.warning) {
				t.Errorf("warnings %q, want %q", b.box.Info().Warnings, tt.warning)
			}
		})
	}
}

func hooks(h ...pop3server.Hook) []pop3server.Option {
	return []pop3server.Option{pop3server.WithHooks(h...)}
}

func more(i int, line string) (string, bool) {
	if i == 0 || line == "." {
		return line, true
	}
	return strings.Replace(line, " ", "  ", 1) + " and more", true
}

// wholeForTop answers TOP with the whole message, as servers without a TOP of their own do.
func wholeForTop(e *pop3server.Event) pop3server.Action {
	n := strings.Fields(e.Arg)[0]
	return pop3server.Action{Skip: true, Answer: strings.NewReader(
		"+OK\r\nFrom: a@b.example\r\nSubject: letter " + n + "\r\n\r\n" + strings.Repeat("text\r\n", 400_000) + ".\r\n")}
}

func TestP8_ATopWithoutEndCostsOneSession(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(5), pop3server.WithHooks(pop3server.EndlessList(pop3server.On("TOP 3"), strings.Repeat("x", 900))))
	b.mustOpen()
	n := 0
	for h, err := range b.box.Headers(t.Context(), ids(b.box.List())) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; (h.ID == "uid-3") != (h.Err != nil) {
			t.Errorf("%s: %+v, %v", h.ID, h.Envelope, h.Err)
		}
	}
	if n != 5 || b.server.Sessions() > 3 { // the second may find the lock not let go yet
		t.Errorf("%d headers over %d sessions", n, b.server.Sessions())
	}
	b.box.StartScan()
	b.wait("the scan's end", func(e mailbox.Event) bool { _, ok := e.(mailbox.ScanDoneEvent); return ok })
}

func TestP1_AHeaderOverTheLimitIsNotKnown(t *testing.T) {
	long := pop3server.NewMessage("long", pop3server.CRLF("Subject: long", "X-Long: "+strings.Repeat("x", 5<<20), "From: late@b.example", "", "text"))
	b := newBench(t, mailbox.Config{}, []pop3server.Message{long, letter("uid-2", "short", 5)})
	b.mustOpen()
	scanAll(t, b, ids(b.box.List()))
	if e := b.box.Envelope("long"); e != nil {
		t.Errorf("the envelope of a header of which not all was read: %+v", e)
	}
	if e := b.box.Envelope("uid-2"); e == nil || e.Subject != "short" {
		t.Errorf("the one behind it: %+v", e)
	}
}

func TestAPreviewComesBackAfterTheServerHungUp(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(2), pop3server.WithHooks(pop3server.InSession(1, pop3server.Cut(pop3server.On("TOP"), pop3server.Close))))
	b.mustOpen()
	if raw, err := b.box.Top(t.Context(), "uid-2", 1); err != nil || !strings.Contains(string(raw), "letter 2") {
		t.Errorf("the preview is %q, %v", raw, err)
	}
	if b.server.Sessions() != 2 {
		t.Errorf("%d sessions, want 2", b.server.Sessions())
	}
}

func TestTheScanComesBackWhileTheServerStillHoldsTheLock(t *testing.T) {
	t.Parallel()
	b := newBench(t, mailbox.Config{}, letters(100), pop3server.WithHooks(
		pop3server.InSession(1, pop3server.Cut(pop3server.On("TOP 50"), pop3server.Reset)),
		pop3server.InSession(2, pop3server.Refuse(pop3server.On("PASS"), "[IN-USE] locked by another session"))))
	b.mustOpen()
	b.box.StartScan()
	b.wait("the scan's end", func(e mailbox.Event) bool { _, ok := e.(mailbox.ScanDoneEvent); return ok })
	if b.box.Envelope("uid-1") == nil || b.box.Envelope("uid-100") == nil {
		t.Error("headers are missing")
	}
}

func TestARefusedHeaderIsAskedAgainInAnotherSession(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(2), pop3server.WithHooks(pop3server.InSession(1, pop3server.Refuse(pop3server.On("TOP 2"), "busy"))))
	b.mustOpen()
	b.box.StartScan()
	b.wait("the scan's end", func(e mailbox.Event) bool { _, ok := e.(mailbox.ScanDoneEvent); return ok })
	if err := b.box.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.wait("the header", func(e mailbox.Event) bool {
		h, ok := e.(mailbox.HeadersEvent)
		return ok && slices.ContainsFunc(h.Headers, func(h mailbox.Header) bool { return h.ID == "uid-2" && h.Err == nil })
	})
}

func TestCapabilitiesAreAskedBeforeTheLoginOnce(t *testing.T) {
	l := openLedger(t)
	lines := []string{"TOP", "UIDL", "PIPELINING"}
	for run := range 2 {
		b := newBench(t, mailbox.Config{Ledger: l}, letters(2))
		b.capabilities = lines
		b.mustOpen()
		b.mustRelease()
		if known := b.hints[0].Capabilities; (run == 0) != (known == nil) {
			t.Errorf("run %d opened its session with %q", run, known)
		}
	}
}

func TestOpeningIsOneFlightWhereCapabilitiesAreKnown(t *testing.T) {
	together := make(chan string, 10)
	b := newBench(t, mailbox.Config{}, letters(2), pop3server.WithHooks(
		// CAPA's answer comes long after whatever was sent with it.
		pop3server.InSession(2, pop3server.Delay(pop3server.On("CAPA"), 100*time.Millisecond)),
		pop3server.InSession(2, func(e *pop3server.Event) pop3server.Action {
			if e.Pipelined {
				together <- e.Verb
			}
			return pop3server.Action{}
		})))
	b.capabilities = []string{"TOP", "UIDL", "PIPELINING"}
	b.mustOpen()
	b.mustRelease()
	b.mustOpen()
	var got []string
	for len(together) > 0 {
		got = append(got, <-together)
	}
	if !slices.Equal(got, []string{"STAT", "UIDL", "LIST"}) {
		t.Errorf("sent behind CAPA without waiting: %q", got)
	}
}

func TestListingThatIsRefusedIsAnError(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(2), pop3server.WithHooks(pop3server.Refuse(pop3server.On("LIST"), "[SYS/TEMP] not now")))
	err := b.box.Open(t.Context())
	if mailbox.ClassOf(err) != mailbox.TryLater {
		t.Errorf("error %v", err)
	}
	if state, why := b.box.State(); state != mailbox.Lost || !errors.Is(why, err) && why == nil {
		t.Errorf("state %v, %v", state, why)
	}
}

func TestALoginThatWasRefusedIsNotTriedAgainUnasked(t *testing.T) {
	hangUp := pop3server.InSession(1, pop3server.Cut(pop3server.On("TOP"), pop3server.Close))
	refuse := pop3server.Refuse(pop3server.On("PASS"), "[AUTH] no")
	b := newBench(t, mailbox.Config{}, letters(2), pop3server.WithHooks(hangUp, pop3server.InSession(2, refuse)))
	b.mustOpen()
	for range 3 {
		if _, err := b.box.Top(t.Context(), "uid-2", 1); mailbox.ClassOf(err) != mailbox.Refused {
			t.Errorf("the preview: %v", err)
		}
	}
	s, err := b.box.Take(t.Context(), true)
	if mailbox.ClassOf(err) != mailbox.Refused {
		t.Errorf("the commit: %v", err)
	}
	if err == nil {
		s.Give() // so that what follows can be seen as well
	}
	if n := b.server.Sessions(); n != 2 {
		t.Errorf("%d sessions, want 2", n)
	}
	b.mustOpen() // somebody asks for it
	if _, err := b.box.Top(t.Context(), "uid-2", 1); err != nil {
		t.Error(err)
	}
}

// One message at whose header the server ends the session, or falls silent, costs its own header.
func TestAMessageThatEndsEverySessionIsPassedOver(t *testing.T) {
	for name, hook := range map[string]pop3server.Hook{
		"closed":           pop3server.Cut(pop3server.On("TOP 20"), pop3server.Close),
		"reset":            pop3server.Cut(pop3server.On("TOP 20"), pop3server.Reset),
		"never answered":   pop3server.On("TOP 20").Do(func(*pop3server.Event) pop3server.Action { return pop3server.Action{Skip: true} }),
		"one at a time":    pop3server.Cut(pop3server.On("TOP 20"), pop3server.Close),
		"two of them":      pop3server.Cut(func(e *pop3server.Event) bool { return e.Verb == "TOP" && (e.Arg == "20 0" || e.Arg == "30 0") }, pop3server.Close),
		"the first of all": pop3server.Cut(pop3server.On("TOP 1"), pop3server.Close),
	} {
		options := []pop3server.Hook{hook}
		if name == "one at a time" {
			options = append(options, pop3server.HideCapability("PIPELINING"))
		}
		for _, screen := range []bool{false, true} {
			if screen && name == "two of them" {
				continue // it takes long
			}
			t.Run(fmt.Sprint(name, ", screen ", screen), func(t *testing.T) {
				t.Parallel()
				cfg := mailbox.Config{Retries: 1}
				if name == "the first of all" {
					cfg.Retries = 0 // as many as usual
				}
				b := newBench(t, cfg, letters(40), pop3server.WithHooks(options...))
				b.answerTimeout = 300 * time.Millisecond
				b.mustOpen()
				missing := 1
				if name == "two of them" {
					missing = 2
				}
				told := 0
				if screen {
					b.box.StartScan()
					b.wait("the scan's end", func(e mailbox.Event) bool { _, ok := e.(mailbox.ScanDoneEvent); return ok })
				} else {
					for _, err := range b.box.Headers(t.Context(), ids(b.box.List())) {
						if err != nil {
							t.Fatal(err)
						}
						told++
					}
					if told != 40 {
						t.Errorf("%d were told", told)
					}
				}
				for _, id := range ids(b.box.List()) {
					e := b.box.Envelope(id)
					if e == nil {
						missing--
					} else if string(e.Subject) != "letter "+strings.TrimPrefix(string(id), "uid-") {
						t.Errorf("%s has the header of %s", id, e.Subject)
					}
				}
				if missing != 0 {
					t.Errorf("too many headers are missing, or too few: %d", missing)
				}
			})
		}
	}
}

// A server that gives another message's text: in one session it is out of step, in two the UIDL names another.
func TestP3_APreviewIsNoOtherMessages(t *testing.T) {
	give := func(sessions int) pop3server.Hook {
		return func(e *pop3server.Event) pop3server.Action {
			if e.Verb != "TOP" || e.Arg != "3 5" || e.Session > sessions {
				return pop3server.Action{}
			}
			text := "+OK\r\nFrom: else@sender.example\r\nSubject: another\r\nDate: Tue, 02 Jun 2026 10:00:00 +0200\r\n\r\nbody\r\n.\r\n"
			return pop3server.Action{Skip: true, Answer: strings.NewReader(text)}
		}
	}
	b := newBench(t, mailbox.Config{}, letters(4), pop3server.WithHooks(give(1)))
	b.mustOpen()
	scanAll(t, b, ids(b.box.List()))
	if raw, err := b.box.Top(t.Context(), "uid-3", 5); err != nil || !strings.Contains(string(raw), "letter 3") {
		t.Errorf("it shows %q, %v", raw, err)
	}

	b = newBench(t, mailbox.Config{}, letters(4), pop3server.WithHooks(give(10)))
	b.mustOpen()
	scanAll(t, b, ids(b.box.List()))
	if raw, err := b.box.Top(t.Context(), "uid-3", 5); err == nil || !strings.Contains(err.Error(), "another message") {
		t.Errorf("it shows %q, %v", raw, err)
	}
	if e := b.box.Envelope("uid-3"); e == nil || e.Subject != "another" {
		t.Errorf("it is known as %+v", e)
	}
	if raw, err := b.box.Top(t.Context(), "uid-3", 5); err != nil || !strings.Contains(string(raw), "another") {
		t.Errorf("then it shows %q, %v", raw, err)
	}
}

// A line that broke twice is no reason to ask for one header at a time for ever.
func TestCareEndsBehindTheMessagesThatWereSuspected(t *testing.T) {
	t.Parallel()
	const n = 1000
	cut := func(session int, at string) pop3server.Hook {
		return pop3server.InSession(session, pop3server.Cut(pop3server.On(at), pop3server.Close))
	}
	b := newBench(t, mailbox.Config{}, letters(n), pop3server.WithHooks(cut(1, "TOP 10"), cut(2, "TOP 20")))
	b.mustOpen()
	b.wantTold(n)
	alone := 0 // TOPs of the third session before the first mark
	for _, line := range b.server.SessionCommands(3) {
		if strings.HasPrefix(line, "LIST ") {
			break
		}
		if strings.HasPrefix(line, "TOP ") {
			alone++
		}
	}
	if alone < 128 || alone > 160 {
		t.Errorf("%d headers were asked for one at a time", alone)
	}
}

// A line that dies in a commit, time and again, is not remembered as the server's PIPELINING where that was seen to work.
func TestALineThatDiesUnderPipeliningThatWorkedIsNotRememberedAsItsFault(t *testing.T) {
	l := openLedger(t)
	b := newBench(t, mailbox.Config{Ledger: l}, letters(20))
	for range 4 {
		b.mustOpen()
		scanAll(t, b, ids(b.box.List()))
		s := take(t, b, false)
		if err := s.ProveOrder(t.Context(), 1, 2); err != nil {
			t.Fatal(err)
		}
		s.Abort(&pop3client.TimeoutError{Command: "RETR 1", After: time.Minute})
	}
	b.mustOpen()
	b.mustRelease()
	if known, err := l.Quirk(t.Context(), "test", "pipelining-broken"); known || err != nil || b.warned("PIPELINING") {
		t.Errorf("it is remembered: %v, %v, %q", known, err, b.box.Info().Warnings)
	}
}
