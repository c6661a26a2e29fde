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
	lose := func(from, to int) func(int, int) pop3server.Action {
		return func(_, count int) pop3server.Action {
			if count < from || count > to {
				return pop3server.Action{}
			}
			return pop3server.Action{Skip: true, Answer: strings.NewReader("")}
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
			if n := b.server.Sessions(); n != 1 || b.warned("PIPELINING") {
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

func top(subject string) []string {
	return []string{"From: Somebody <somebody@sender.example>", "Subject: " + subject, "Date: Mon, 01 Jun 2026 10:00:00 +0200"}
}

// alike makes letters some of which have the same header: those for which same gives the same.
func alike(n int, same func(number int) int) (subjects []string, messages []pop3server.Message) {
	for i := range n {
		subjects = append(subjects, fmt.Sprintf("text %d", same(i+1)))
		text := append(top(subjects[i]), "", strings.Repeat("x", i))
		messages = append(messages, pop3server.NewMessage(fmt.Sprintf("uid-%d", i+1), pop3server.CRLF(text...)))
	}
	return subjects, messages
}

// wantSubjects reads all headers: each message must be told with its own.
func (b *bench) wantSubjects(subjects []string) {
	b.t.Helper()
	n := 0
	for h, err := range b.box.Headers(b.t.Context(), ids(b.box.List())) {
		if err != nil {
			b.t.Fatal(err)
		}
		if h.Envelope == nil || string(h.Envelope.Subject) != subjects[n] {
			b.t.Errorf("%s, which is %q, was told with %+v, %v", h.ID, subjects[n], h.Envelope, h.Err)
		}
		n++
	}
	if n != len(subjects) {
		b.t.Errorf("%d headers were told", n)
	}
}

func TestP3_ATextTooLateIsNoOtherMessagesWhereHeadersAreAlike(t *testing.T) {
	last := func(n int) func(int) int {
		return func(number int) int {
			if number == n {
				return 1
			}
			return number
		}
	}
	each := func(number int) int { return number }
	pairs := func(number int) int { return (number + 1) / 2 }
	behind := func(k int) func(int, int) bool { return func(_, count int) bool { return count > k } }
	only := func(numbers ...int) func(int, int) bool {
		return func(number, _ int) bool { return slices.Contains(numbers, number) }
	}
	for name, tt := range map[string]struct {
		n    int
		same func(number int) int
		late func(number, count int) bool
		by   int
	}{
		"the last of four is a twin of the first":     {4, last(4), behind(2), 1},
		"the last of six is":                          {6, last(6), behind(2), 1},
		"it begins in the middle of the group":        {8, last(8), behind(6), 1},
		"it begins with the group's first":            {8, last(8), behind(3), 1},
		"it ends before the mark":                     {8, each, only(4, 5, 6), 1},
		"it ends before the mark behind one":          {2, each, only(2), 1},
		"a twin stands behind the one message":        {8, func(number int) int { return number - number/7*2 }, only(6), 1},
		"among many twins, one has another's":         {41, pairs, only(41), 1},
		"among many twins, all behind ten":            {40, pairs, behind(12), 1},
		"among many of the touchstone's, the last":    {40, func(number int) int { return number / 39 * number }, only(39), 1},
		"among many of the touchstone's, one is late": {40, func(number int) int { return number % 2 * number / 11 }, only(12, 14), 1},
		"two late, and the last but one is a twin":    {8, last(7), behind(3), 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Whether two TOPs come together, so that one is late, is a matter of time.
			for range 50 {
				if lateWhereAlike(t, tt.n, tt.same, tt.late, tt.by) {
					return
				}
			}
			t.Error("no two of its TOPs came together in any run")
		})
	}
}

// lateWhereAlike reads all headers of a server whose texts are late, and says whether any was.
func lateWhereAlike(t *testing.T, n int, same func(int) int, late func(number, count int) bool, by int) bool {
	t.Helper()
	l := openLedger(t)
	var wrong atomic.Int64
	subjects, messages := alike(n, same)
	b := newBench(t, mailbox.Config{Ledger: l}, messages, pop3server.WithHooks(tooLate(by, subjects, late, &wrong)))
	b.mustOpen()
	b.wantSubjects(subjects)
	b.mustRelease()
	if wrong.Load() == 0 {
		return false
	}
	if !b.warned("PIPELINING") {
		t.Errorf("warnings %q, with %q", b.box.Info().Warnings, b.server.Commands())
	}
	rows, err := l.Headers(t.Context(), "test", texts(ids(b.box.List())))
	if err != nil {
		t.Fatal(err)
	}
	for i, subject := range subjects {
		if row, known := rows[fmt.Sprintf("uid-%d", i+1)]; known && !strings.Contains(string(row.Header), "Subject: "+subject+"\r\n") {
			t.Errorf("the ledger has for message %d %q, its subject is %q", i+1, row.Header, subject)
		}
	}
	return true
}

func TestHeadersThatAreAlikeAreNotAskedForOneByOne(t *testing.T) {
	const n = 1000
	for name, tt := range map[string]struct {
		same func(number int) int
		most int // commands in all
	}{
		"all":               {func(int) int { return 1 }, n + n/10},
		"all but the first": {func(number int) int { return min(number, 2) }, 3*n + n/10},
		"each two":          {func(number int) int { return number / 2 }, 2*n + n/10},
		"all but one in ten": {func(number int) int {
			if number%10 == 9 {
				return number
			}
			return 0
		}, 3*n + n/10},
		"the first and a later one": {func(number int) int {
			if number == n/2 {
				return 1
			}
			return number
		}, n + n/25},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var alone atomic.Int64
			subjects, messages := alike(n, tt.same)
			b := newBench(t, mailbox.Config{}, messages, pop3server.WithHooks(func(e *pop3server.Event) pop3server.Action {
				if e.Verb == "TOP" && !e.Pipelined {
					alone.Add(1)
				}
				return pop3server.Action{}
			}))
			b.mustOpen()
			b.wantSubjects(subjects)
			b.mustRelease()
			if got := len(transaction(b.server.Commands())); got > tt.most {
				t.Errorf("%d commands, more than %d", got, tt.most)
			}
			if alone.Load() > n/2 {
				t.Errorf("%d TOPs came alone", alone.Load())
			}
			if b.server.Sessions() != 1 || len(b.box.Info().Warnings) > 0 {
				t.Errorf("%d sessions, warnings %q", b.server.Sessions(), b.box.Info().Warnings)
			}
		})
	}
}

// A twin of the touchstone costs little and keeps nobody waiting: a touchstone without twins is taken after the first.
func TestTwinsOfTheTouchstoneAreAskedForAgainSoonAndOnce(t *testing.T) {
	const n = 6000
	subjects, messages := alike(n, func(number int) int {
		if number%50 == 3 {
			return 1
		}
		return number
	})
	b := newBench(t, mailbox.Config{}, messages)
	b.mustOpen()
	b.wantSubjects(subjects)
	b.mustRelease()
	commands := transaction(b.server.Commands())
	twice := 0
	for number := 3; number <= n; number += 50 {
		top := fmt.Sprintf("TOP %d 0", number)
		first := slices.Index(commands, top)
		again := slices.Index(commands[first+1:], top)
		if again >= 0 {
			twice++
		}
		if again >= n/2 || number == 3 && again < 0 {
			t.Errorf("%s came again %d commands later", top, again)
		}
	}
	if twice > n/50/2 {
		t.Errorf("%d twins were asked for twice", twice)
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

// Some servers are one text late whether or not commands come together.
func TestP3_AServerThatIsOneTextLateOneAtATimeIsNotBelieved(t *testing.T) {
	for name, options := range map[string][]pop3server.Option{
		"with PIPELINING":    nil,
		"without PIPELINING": {pop3server.WithHooks(pop3server.HideCapability("PIPELINING"))},
	} {
		t.Run(name, func(t *testing.T) {
			l := openLedger(t)
			last := 1
			late := pop3server.On("TOP").Do(func(e *pop3server.Event) pop3server.Action {
				n, _ := strconv.Atoi(strings.TrimSuffix(e.Arg, " 0"))
				defer func() { last = n }()
				return text(last)
			})
			b := newBench(t, mailbox.Config{Ledger: l, Retries: -1}, letters(30), append(options, pop3server.WithHooks(late))...)
			b.mustOpen()
			var err error
			for h, herr := range b.box.Headers(t.Context(), ids(b.box.List())) {
				if err = herr; err != nil {
					break
				}
				if want := "letter " + strings.TrimPrefix(string(h.ID), "uid-"); h.Err == nil && string(h.Envelope.Subject) != want {
					t.Errorf("%s is shown as %q", h.ID, h.Envelope.Subject)
				}
			}
			if err == nil || mailbox.ClassOf(err) != mailbox.Protocol {
				t.Errorf("it ended with %v", err)
			}
		})
	}
}
