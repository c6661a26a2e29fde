package mailbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"popmark/mailbox"
	"popmark/pop3client"
	"popmark/pop3server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a server with a mailbox on it, and what the mailbox told.
type bench struct {
	t      *testing.T
	server *pop3server.Server
	drop   *pop3server.Memory
	box    *mailbox.Mailbox

	mu     sync.Mutex
	events []mailbox.Event
	heard  chan struct{}
	hints  []mailbox.Hints // with which sessions were opened

	answerTimeout time.Duration
	limits        pop3client.Limits
	capabilities  []string // what the connection says that CAPA said before the login
	asks          bool     // it asks CAPA before the login
	sent          func(command string)
}

// letter makes a message with a subject and a body of some octets.
func letter(uid, subject string, body int) pop3server.Message {
	return pop3server.NewMessage(uid, pop3server.CRLF(
		"From: Somebody <somebody@sender.example>", "Subject: "+subject,
		"Date: Mon, 01 Jun 2026 10:00:00 +0200", "", strings.Repeat("x", body)))
}

func letters(n int) []pop3server.Message {
	messages := make([]pop3server.Message, n)
	for i := range messages {
		messages[i] = letter(fmt.Sprintf("uid-%d", i+1), fmt.Sprintf("letter %d", i+1), 100+i)
	}
	return messages
}

func newBench(t *testing.T, cfg mailbox.Config, messages []pop3server.Message, options ...pop3server.Option) *bench {
	t.Helper()
	b := &bench{t: t, drop: pop3server.NewMemory(messages...), heard: make(chan struct{}, 1)}
	b.server = pop3server.New(append(options, pop3server.WithUser("me", "secret", b.drop))...)
	addr, err := b.server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.box = b.open(addr, cfg)
	t.Cleanup(func() {
		if err := b.box.Close(); err != nil {
			t.Errorf("closing the mailbox: %v", err)
		}
		if err := b.server.Close(); err != nil {
			t.Errorf("closing the server: %v", err)
		}
	})
	return b
}

func (b *bench) open(addr net.Addr, cfg mailbox.Config) *mailbox.Mailbox {
	cfg.Account = "test"
	cfg.Notify = func(e mailbox.Event) {
		b.mu.Lock()
		b.events = append(b.events, e)
		b.mu.Unlock()
		select {
		case b.heard <- struct{}{}:
		default:
		}
	}
	cfg.Connect = func(ctx context.Context, hints mailbox.Hints) (mailbox.Connection, error) {
		options := &pop3client.Options{AnswerTimeout: 5 * time.Second, Limits: b.limits}
		b.mu.Lock()
		b.hints = append(b.hints, hints)
		timeout, sent := b.answerTimeout, b.sent
		b.mu.Unlock()
		if sent != nil {
			options.Transcript = pop3client.NewTranscript(io.Discard, func(line string) {
				if command, is := strings.CutPrefix(line, "C: "); is {
					sent(command)
				}
			})
		}
		if timeout > 0 {
			options.AnswerTimeout = timeout
		}
		if hints.NoPipelining {
			options.Pipelining = pop3client.PipeliningNever
		}
		c, err := pop3client.Dial(ctx, "tcp", addr.String(), options)
		if err != nil {
			return mailbox.Connection{}, err
		}
		if hints.Capabilities != nil {
			c.SetCapabilities(hints.Capabilities)
		} else if b.capabilities != nil || b.asks {
			if _, err := c.Capa().Wait(ctx); err != nil && !b.asks {
				return mailbox.Connection{}, errors.Join(err, c.Close())
			}
		}
		mechanism, err := c.Login(ctx, pop3client.Credentials{User: "me", Password: "secret", Mechanism: pop3client.MechanismUser})
		if err != nil {
			return mailbox.Connection{}, errors.Join(err, c.Close())
		}
		return mailbox.Connection{Client: c, Mechanism: mechanism, Capabilities: b.capabilities}, nil
	}
	return mailbox.New(cfg)
}

// wait waits until an event is told for which there is true.
func (b *bench) wait(what string, is func(mailbox.Event) bool) mailbox.Event {
	b.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		b.mu.Lock()
		i := slices.IndexFunc(b.events, is)
		var e mailbox.Event
		if i >= 0 {
			e = b.events[i]
		}
		b.mu.Unlock()
		if i >= 0 {
			return e
		}
		select {
		case <-b.heard:
		case <-deadline:
			b.t.Fatalf("no event came: %s", what)
		}
	}
}

func (b *bench) mustOpen() {
	b.t.Helper()
	if err := b.box.Open(b.t.Context()); err != nil {
		b.t.Fatalf("opening: %v", err)
	}
}

func ids(l *mailbox.List) []mailbox.ID {
	var all []mailbox.ID
	for _, m := range l.Messages {
		all = append(all, m.ID)
	}
	return all
}

// transaction gives the commands of a session behind the login.
func transaction(commands []string) []string {
	i := slices.IndexFunc(commands, func(c string) bool { return strings.HasPrefix(c, "PASS") })
	return commands[i+1:]
}

func TestOpenListsInOneFlight(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(3))
	b.mustOpen()
	list := b.box.List()
	if got := ids(list); !slices.Equal(got, []mailbox.ID{"uid-1", "uid-2", "uid-3"}) {
		t.Errorf("listed %q", got)
	}
	if m := list.Messages[1]; m.Number != 2 || m.UID != "uid-2" || !m.Certain || !m.New || m.Octets == 0 {
		t.Errorf("message 2 is %+v", m)
	}
	info := b.box.Info()
	if info.Messages != 3 || info.Octets != list.Octets || !info.UIDL || !info.TOP || !info.Pipelining || info.Auth != "USER" {
		t.Errorf("info: %+v", info)
	}
	if info.Protection() != "NOT ENCRYPTED" || len(info.Warnings) != 0 {
		t.Errorf("protection %q, warnings %q", info.Protection(), info.Warnings)
	}
	if state, err := b.box.State(); state != mailbox.Open || err != nil {
		t.Errorf("state %v, %v", state, err)
	}
	if err := b.box.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := transaction(b.server.Commands()), []string{"CAPA", "STAT", "UIDL", "LIST", "QUIT"}; !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
	if state, _ := b.box.State(); state != mailbox.Released {
		t.Errorf("after Release the state is %v", state)
	}
}

func TestHeadersComeInTheOrderAsked(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(700))
	b.mustOpen()
	asked := ids(b.box.List())
	slices.Reverse(asked)
	asked = slices.Insert(asked, 5, "nobody")
	var got []mailbox.ID
	for h, err := range b.box.Headers(t.Context(), asked) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, h.ID)
		switch {
		case h.ID == "nobody":
			if !errors.Is(h.Err, mailbox.ErrGone) {
				t.Errorf("a message that was never there: %v", h.Err)
			}
		case h.Envelope == nil || string(h.Envelope.Subject) != "letter "+strings.TrimPrefix(string(h.ID), "uid-"):
			t.Fatalf("%s has envelope %+v, error %v", h.ID, h.Envelope, h.Err)
		}
	}
	if !slices.Equal(got, asked) {
		t.Errorf("%d headers came in another order than asked", len(got))
	}
	if b.box.Envelope("uid-7") == nil {
		t.Error("the mailbox forgot an envelope")
	}
}

func TestOneRefusedTopCostsOneHeader(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(6), pop3server.WithHooks(pop3server.Refuse(pop3server.On("TOP 3"), "no such luck")))
	b.mustOpen()
	for h, err := range b.box.Headers(t.Context(), ids(b.box.List())) {
		if err != nil {
			t.Fatal(err)
		}
		if refused := h.ID == "uid-3"; refused != (h.Err != nil) || refused == (h.Envelope != nil) {
			t.Errorf("%s: %+v, %v", h.ID, h.Envelope, h.Err)
		}
	}
}

func TestServerWithoutTopIsAskedFewTimes(t *testing.T) {
	refuse := pop3server.WithHooks(pop3server.Refuse(pop3server.On("TOP"), "unknown command"))
	busy := pop3server.WithHooks(pop3server.Refuse(pop3server.On("TOP"), "busy \x1b[31mnow"))
	const has, refuses = "the server has no TOP: ", "the server refuses TOP (busy "
	for name, tt := range map[string]struct {
		most    int // TOPs: where it lists TOP it is asked on
		says    string
		options []pop3server.Option
	}{
		"it does not list TOP":                 {200, has, []pop3server.Option{pop3server.Without("TOP")}},
		"it lists TOP":                         {600, has, []pop3server.Option{refuse}},
		"it lists TOP and bears one at a time": {600, has, []pop3server.Option{refuse, pop3server.Without("PIPELINING")}},
		"it lists TOP and says another reason": {600, refuses, []pop3server.Option{busy}},
		"it is busy and lists nothing":         {200, refuses, []pop3server.Option{busy, pop3server.Without("CAPA")}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, mailbox.Config{}, letters(500), tt.options...)
			b.mustOpen()
			own := 0
			for h, err := range b.box.Headers(t.Context(), ids(b.box.List())) {
				switch {
				case err != nil:
					t.Fatal(err)
				case h.Err == nil:
					t.Fatalf("%s has a header", h.ID)
				case !errors.Is(h.Err, mailbox.ErrNoTOP):
					own++
				case !strings.HasPrefix(h.Err.Error(), tt.says):
					t.Fatalf("%s: %v, want %s", h.ID, h.Err, tt.says)
				}
			}
			tops := 0
			for _, c := range b.server.Commands() {
				if strings.HasPrefix(c, "TOP") {
					tops++
				}
			}
			if tops > tt.most || own > 3 {
				t.Errorf("a server without TOP was asked %d times, and %d refusals are told", tops, own)
			}
			if warnings := texts(b.box.Info().Warnings); !b.warned(tt.says) || strings.Contains(strings.Join(warnings, ""), "\x1b") {
				t.Errorf("warnings: %q", warnings)
			}
		})
	}
}

func texts[S ~string](in []S) (out []string) {
	for _, s := range in {
		out = append(out, string(s))
	}
	return out
}

func TestScanAsksForRowsOnScreenFirst(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(400), pop3server.Without("PIPELINING"))
	b.mustOpen()
	b.box.Want([]mailbox.ID{"uid-200", "uid-199", "uid-198"})
	b.box.StartScan()
	b.wait("the scan's end", func(e mailbox.Event) bool { _, ok := e.(mailbox.ScanDoneEvent); return ok })
	var tops []string
	for _, c := range b.server.Commands() {
		if n, ok := strings.CutPrefix(c, "TOP "); ok {
			tops = append(tops, strings.TrimSuffix(n, " 0"))
		}
	}
	if want := []string{"200", "199", "198", "197", "201", "196", "202"}; len(tops) != 400 || !slices.Equal(tops[:7], want) {
		t.Errorf("%d TOPs, the first %q, want %q", len(tops), tops[:7], want)
	}
	for i := range 400 {
		if b.box.Envelope(mailbox.ID(fmt.Sprintf("uid-%d", i+1))) == nil {
			t.Fatalf("message %d has no envelope after the scan", i+1)
		}
	}
}

func TestScanGivesWayToAPreview(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(3000))
	b.mustOpen()
	b.box.StartScan()
	b.wait("the first headers", func(e mailbox.Event) bool { _, ok := e.(mailbox.HeadersEvent); return ok })
	raw, err := b.box.Top(t.Context(), "uid-9", 5)
	if err != nil || !strings.Contains(string(raw), "Subject: letter 9\r\n") || !strings.HasSuffix(string(raw), "xxx\r\n") {
		t.Errorf("the preview is %q, %v", raw, err)
	}
	b.wait("the scan's end", func(e mailbox.Event) bool { _, ok := e.(mailbox.ScanDoneEvent); return ok })
	if b.box.Envelope("uid-1") == nil || b.box.Envelope("uid-3000") == nil {
		t.Error("the scan left headers out after it gave way")
	}
}

func TestKnownHeadersAreNotAskedAgain(t *testing.T) {
	l := openLedger(t)
	b := newBench(t, mailbox.Config{Ledger: l, Shows: true}, letters(50))
	b.mustOpen()
	for _, err := range b.box.Headers(t.Context(), ids(b.box.List())) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := b.box.Close(); err != nil {
		t.Fatal(err)
	}
	b.drop.Add(letter("uid-new", "fresh", 10))

	second := newBench(t, mailbox.Config{Ledger: l}, nil)
	second.drop.Add(letters(50)[1:]...)
	second.drop.Add(letter("uid-new", "fresh", 10))
	second.mustOpen()
	fresh := 0
	for _, m := range second.box.List().Messages {
		if m.New {
			fresh++
		}
	}
	if fresh != 1 {
		t.Errorf("%d messages are new, want 1", fresh)
	}
	for h, err := range second.box.Headers(t.Context(), ids(second.box.List())) {
		if err != nil || h.Envelope == nil {
			t.Fatalf("%s: %v, %v", h.ID, h.Err, err)
		}
	}
	var tops []string
	for _, c := range second.server.Commands() {
		if strings.HasPrefix(c, "TOP") {
			tops = append(tops, c)
		}
	}
	if !slices.Equal(tops, []string{"TOP 50 0"}) {
		t.Errorf("asked for %q, want the new message alone", tops)
	}
}

func TestHeadersTakeABrokenLineUpAgain(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(300), pop3server.WithHooks(
		pop3server.InSession(1, pop3server.Cut(pop3server.On("TOP 120"), pop3server.Reset))))
	b.mustOpen()
	n := 0
	for h, err := range b.box.Headers(t.Context(), ids(b.box.List())) {
		if err != nil || h.Envelope == nil {
			t.Fatalf("%s: %v, %v", h.ID, h.Err, err)
		}
		n++
	}
	if n != 300 || b.server.Sessions() != 2 {
		t.Errorf("%d headers over %d sessions, want 300 over 2", n, b.server.Sessions())
	}
}

func TestLockedMailboxIsTryLater(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(1))
	b.mustOpen()
	other := newBench(t, mailbox.Config{}, nil, pop3server.WithHooks(pop3server.Refuse(pop3server.On("PASS"), "[IN-USE] locked by another session")))
	err := other.box.Open(t.Context())
	if mailbox.ClassOf(err) != mailbox.TryLater || !strings.Contains(err.Error(), "locked by another session") {
		t.Errorf("error %v, class %v", err, mailbox.ClassOf(err))
	}
	if state, why := other.box.State(); state != mailbox.Lost || why == nil {
		t.Errorf("state %v, %v", state, why)
	}
}

func TestWaitsCanBeLeft(t *testing.T) {
	for _, at := range []string{"", "CAPA", "STAT", "UIDL", "LIST"} {
		t.Run("at "+at, func(t *testing.T) {
			b := newBench(t, mailbox.Config{}, letters(2), pop3server.WithHooks(pop3server.Stall(pop3server.On(at))))
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if err := b.box.Open(ctx); err == nil {
				t.Error("a mailbox opened on a server that says nothing")
			}
		})
	}
	t.Run("for the turn", func(t *testing.T) {
		b := newBench(t, mailbox.Config{}, letters(2))
		s, err := b.box.Take(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Give()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := b.box.Top(ctx, "uid-1", 0); !errors.Is(err, context.Canceled) {
			t.Errorf("waiting for the turn: %v", err)
		}
	})
}
