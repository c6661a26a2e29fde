package mailbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"popmark/mailbox"
	"popmark/pop3server"
)

func take(t *testing.T, b *bench, fresh bool) *mailbox.Session {
	t.Helper()
	s, err := b.box.Take(t.Context(), fresh)
	if err != nil {
		t.Fatalf("taking the session: %v", err)
	}
	return s
}

func TestP3_NumbersAreBoundAnewInEachSession(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(4))
	b.mustOpen()
	if err := b.box.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.drop.Remove("uid-2")
	s := take(t, b, false)
	defer s.Give()
	if m, err := s.Bind("uid-3"); err != nil || m.Number != 2 {
		t.Errorf("uid-3 is number %d, %v; want 2", m.Number, err)
	}
	if _, err := s.Bind("uid-2"); !errors.Is(err, mailbox.ErrGone) {
		t.Errorf("a message that is gone: %v", err)
	}
}

func TestP3_AUIDLBorneTwiceIsNotCertain(t *testing.T) {
	b := newBench(t, mailbox.Config{}, []pop3server.Message{letter("same", "one", 10), letter("same", "two", 20), letter("own", "three", 30)})
	b.mustOpen()
	list := b.box.List()
	for i, certain := range []bool{false, false, true} {
		m := list.Messages[i]
		if m.Certain != certain || m.ID.Unique() != certain {
			t.Errorf("message %d: certain %v, ID %q", m.Number, m.Certain, m.ID)
		}
	}
	if list.Messages[0].ID == list.Messages[1].ID {
		t.Error("two messages have one ID")
	}
	if len(b.box.Info().Warnings) == 0 {
		t.Error("no warning of UIDLs that are borne twice")
	}
	s := take(t, b, false)
	defer s.Give()
	if m, err := s.Bind(list.Messages[1].ID); err != nil || m.Number != 2 {
		t.Errorf("in the session that listed it: number %d, %v", m.Number, err)
	}
}

func TestP3_AUIDLThatComesToBeSharedIsRefused(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(2))
	b.mustOpen()
	if err := b.box.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.drop.Add(letter("uid-1", "another", 5))
	s := take(t, b, false)
	defer s.Give()
	if _, err := s.Bind("uid-1"); !errors.Is(err, mailbox.ErrUncertain) {
		t.Errorf("binding a UIDL that names two messages now: %v", err)
	}
}

func TestP3_WithoutUIDLIDsFollowSizeAndHeader(t *testing.T) {
	messages := []pop3server.Message{
		letter("1", "twin", 50), letter("2", "twin", 50), // the same to the octet
		letter("3", "single", 50),
		letter("4", "other subject", 43), // single's size
	}
	b := newBench(t, mailbox.Config{}, messages, pop3server.Without("UIDL"))
	b.mustOpen()
	first := ids(b.box.List())
	for _, err := range b.box.Headers(t.Context(), first) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := b.box.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.drop.Add(letter("5", "new", 50))
	s := take(t, b, false)
	defer s.Give()
	for i, want := range map[int]int{2: 3, 3: 4} {
		if m, err := s.Bind(first[i]); err != nil || m.Number != want {
			t.Errorf("message %d is number %d, %v; want %d", i+1, m.Number, err, want)
		}
	}
	for _, i := range []int{0, 1} {
		if m, err := s.Bind(first[i]); !errors.Is(err, mailbox.ErrUncertain) {
			t.Errorf("a twin is bound to number %d, %v", m.Number, err)
		}
	}
}

func TestP3_WithoutUIDLAndHeadersNothingIsBoundAgain(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(2), pop3server.Without("UIDL"))
	b.mustOpen()
	first := ids(b.box.List())
	s := take(t, b, false)
	if m, err := s.Bind(first[1]); err != nil || m.Number != 2 {
		t.Errorf("in the session that listed it: number %d, %v", m.Number, err)
	}
	s.Give()
	s = take(t, b, true)
	defer s.Give()
	if m, err := s.Bind(first[1]); !errors.Is(err, mailbox.ErrUncertain) {
		t.Errorf("in another session: number %d, %v", m.Number, err)
	}
}

func TestP4_GivingBackWithDeletionsWaitingDropsThem(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(2))
	s := take(t, b, false)
	if _, err := s.Dele(1).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Give()
	if err := b.box.Close(); err != nil {
		t.Fatal(err)
	}
	if left := b.drop.UIDLs(); len(left) != 2 || slices.Contains(b.server.Commands(), "QUIT") {
		t.Errorf("left: %q after %q", left, b.server.Commands())
	}
}

func TestSessionCarriesDeletionsOut(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(3))
	s := take(t, b, false)
	if _, err := s.Dele(1).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Rset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Dele(2).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Quit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := b.drop.UIDLs(); !slices.Equal(left, []string{"uid-1", "uid-3"}) {
		t.Errorf("left: %q", left)
	}
	b.mustOpen()
	if got := ids(b.box.List()); !slices.Equal(got, []mailbox.ID{"uid-1", "uid-3"}) {
		t.Errorf("listed afterwards: %q", got)
	}
}

func TestP9_AnIdleMailboxIsLetGo(t *testing.T) {
	b := newBench(t, mailbox.Config{IdleRelease: 30 * time.Millisecond}, letters(1))
	b.mustOpen()
	b.wait("the release", func(e mailbox.Event) bool {
		s, ok := e.(mailbox.StateEvent)
		return ok && s.State == mailbox.Released
	})
	if got := b.server.Commands(); got[len(got)-1] != "QUIT" {
		t.Errorf("let go by %q", got[len(got)-1])
	}
	if _, err := b.box.Top(t.Context(), "uid-1", 0); err != nil {
		t.Errorf("coming back: %v", err)
	}
	if b.server.Sessions() != 2 {
		t.Errorf("%d sessions, want 2", b.server.Sessions())
	}
}

func TestP9_AMailboxIsLetGoAtOnceWhereThatIsAskedWhateverLoginsAreDelayed(t *testing.T) {
	b := newBench(t, mailbox.Config{Release: true}, letters(1),
		pop3server.WithCapabilities(func(_ pop3server.Phase, lines []string) []string { return append(lines, "LOGIN-DELAY 900") }))
	b.mustOpen()
	b.wait("the release", func(e mailbox.Event) bool {
		s, ok := e.(mailbox.StateEvent)
		return ok && s.State == mailbox.Released
	})
}

func TestP9_AHeldMailboxIsKeptAwake(t *testing.T) {
	b := newBench(t, mailbox.Config{KeepAlive: 10 * time.Millisecond}, letters(1))
	b.mustOpen()
	noops := make(chan struct{}, 100)
	deadline := time.After(10 * time.Second)
	go func() {
		defer close(noops)
		for {
			n := 0
			for _, c := range b.server.Commands() {
				if c == "NOOP" {
					n++
				}
			}
			if n >= 3 {
				return
			}
			select {
			case <-deadline:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	<-noops
	if strings.Count(strings.Join(b.server.Commands(), "\n"), "NOOP") < 3 {
		t.Errorf("no NOOPs: %q", b.server.Commands())
	}
	if state, _ := b.box.State(); state != mailbox.Open {
		t.Errorf("state %v", state)
	}
}

func TestP9_AServerThatDelaysLoginsIsHeldAndKeptAwake(t *testing.T) {
	noops := make(chan struct{}, 100)
	b := newBench(t, mailbox.Config{IdleRelease: 20 * time.Millisecond, KeepAlive: 10 * time.Millisecond}, letters(1),
		pop3server.WithCapabilities(func(_ pop3server.Phase, lines []string) []string { return append(lines, "LOGIN-DELAY 900") }),
		pop3server.WithHooks(pop3server.On("NOOP").Do(func(*pop3server.Event) pop3server.Action {
			select {
			case noops <- struct{}{}:
			default:
			}
			return pop3server.Action{}
		})))
	b.mustOpen()
	for range 6 { // three times as long as it takes to be let go
		<-noops
	}
	if state, _ := b.box.State(); state != mailbox.Open || slices.Contains(b.server.Commands(), "QUIT") {
		t.Errorf("state %v after %q", state, b.server.Commands())
	}
}

func TestP9_ANoopWithoutAnswerLosesTheSession(t *testing.T) {
	b := newBench(t, mailbox.Config{KeepAlive: 10 * time.Millisecond}, letters(1), pop3server.WithHooks(pop3server.Cut(pop3server.On("NOOP").Nth(2), pop3server.Reset)))
	b.mustOpen()
	b.wait("the loss", func(e mailbox.Event) bool {
		s, ok := e.(mailbox.StateEvent)
		return ok && s.State == mailbox.Lost && mailbox.ClassOf(s.Err) == mailbox.Unavailable
	})
	if _, err := b.box.Top(t.Context(), "uid-1", 0); err != nil {
		t.Errorf("coming back: %v", err)
	}
}

func TestP9_AServerThatHangsUpIsNoticedWithoutACommand(t *testing.T) {
	b := newBench(t, mailbox.Config{KeepAlive: time.Hour}, letters(1))
	b.box.SetLookEvery(10 * time.Millisecond)
	b.mustOpen()
	if err := b.server.Close(); err != nil {
		t.Fatal(err)
	}
	b.wait("the loss", func(e mailbox.Event) bool {
		s, ok := e.(mailbox.StateEvent)
		return ok && s.State == mailbox.Lost && mailbox.ClassOf(s.Err) == mailbox.Unavailable
	})
}

// Who comes back whenever a line is lost would hold the lock for ever.
func TestP9_WhatAServerLetsGoItselfIsReleased(t *testing.T) {
	b := newBench(t, mailbox.Config{KeepAlive: time.Hour, IdleRelease: time.Hour}, letters(1), pop3server.WithIdleTimeout(50*time.Millisecond))
	b.box.SetLookEvery(10 * time.Millisecond)
	b.mustOpen()
	b.wait("the release", func(e mailbox.Event) bool {
		s, ok := e.(mailbox.StateEvent)
		return ok && s.State == mailbox.Released && s.Err == nil
	})
	if _, err := b.box.Top(t.Context(), "uid-1", 0); err != nil {
		t.Errorf("coming back: %v", err)
	}
}

// A login that is refused for what was remembered would be refused for ever.
func TestWhatARefusedLoginLearntIsRemembered(t *testing.T) {
	l := openLedger(t)
	for run, want := range [][]string{nil, {"STLS"}} {
		var got []string
		box := mailbox.New(mailbox.Config{Account: "test", Ledger: l, Connect: func(_ context.Context, hints mailbox.Hints) (mailbox.Connection, error) {
			got = hints.Capabilities
			return mailbox.Connection{Capabilities: []string{"STLS"}}, errors.New("refused")
		}})
		if err := box.Open(t.Context()); err == nil {
			t.Error("it was opened")
		}
		if err := box.Close(); err != nil {
			t.Error(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("run %d was given %q", run, got)
		}
	}
}

// A DELE that was taken back is waited for late.
func TestADeletionThatWasTakenBackIsNone(t *testing.T) {
	var messages []pop3server.Message
	for n := 1; n <= 5; n++ {
		messages = append(messages, letter(fmt.Sprintf("u%d", n), "letter", 50))
	}
	b := newBench(t, mailbox.Config{}, messages)
	b.mustOpen()
	s := take(t, b, false)
	late := s.Dele(2)
	if err := s.Rset(t.Context()); err != nil {
		t.Fatal(err)
	}
	last := s.Dele(5)
	for _, d := range []*mailbox.Deletion{late, last} {
		if _, err := d.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Quit(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.mustOpen()
	for _, m := range b.box.List().Messages {
		if !m.Certain {
			t.Errorf("message %d is in doubt", m.Number)
		}
	}
}
