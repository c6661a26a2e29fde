package ui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"popmark/commit"
	"popmark/mailbox"
	"popmark/message"
	"popmark/pop3client"
)

// says fails the test unless the screen says something.
func (s *screen) says(want string) {
	s.t.Helper()
	if text := ansi.Strip(s.frame()); !strings.Contains(text, want) {
		s.t.Errorf("it does not say %q:\n%s", want, text)
	}
}

func (s *screen) saysNot(unwanted string) {
	s.t.Helper()
	if text := ansi.Strip(s.frame()); strings.Contains(text, unwanted) {
		s.t.Errorf("it says %q:\n%s", unwanted, text)
	}
}

// states sends changes of the session's state, as the feed brings them: in one go.
func (s *screen) states(states ...mailbox.StateEvent) {
	var msg feedMsg
	for _, e := range states {
		msg.events = append(msg.events, e)
	}
	s.send(msg)
}

func TestP4_ACommitsOwnQuitIsNotToldAsALockLetGo(t *testing.T) {
	s := newScreen(t, 100, 24, sample()).press("d c y")
	s.states(mailbox.StateEvent{State: mailbox.Released}, mailbox.StateEvent{State: mailbox.Opening}, mailbox.StateEvent{State: mailbox.Open})
	s.saysNot("deleted nothing")
	s.press("esc")
	s.states(mailbox.StateEvent{State: mailbox.Released})
	s.says("The mailbox is free: letting it go deleted nothing")
}

func TestP4_AStoppedCommitSaysOnlyWhatIsCertain(t *testing.T) {
	for _, tt := range []struct {
		name    string
		summary commit.Summary
		want    string
	}{
		{"before QUIT", commit.Summary{}, "Stopped: nothing was deleted"},
		{"QUIT without an answer", commit.Summary{Unknown: 2}, "Stopped: whether 2 messages came to be deleted is not known"},
		{"after a checkpoint", commit.Summary{Deleted: 1, Committed: true}, "Stopped: only what is counted here was deleted"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := committing(t, 100, 24).press("esc")
			s.m.Update(runMsg{last: true, summary: tt.summary, err: fmt.Errorf("carrying out the marks: %w", context.Canceled)})
			s.says(tt.want)
			s.saysNot("context canceled")
			if tt.summary.Unknown == 0 {
				s.saysNot("carrying out the marks")
			}
			if wrong := s.m.result.Err != nil; wrong != (tt.summary.Unknown > 0) {
				t.Errorf("the screen's error is %v", s.m.result.Err)
			}
		})
	}
}

func TestP4_NothingIsPromisedOnceQuitMayBeOut(t *testing.T) {
	s := committing(t, 100, 24)
	var events []commit.Event
	for _, step := range s.m.review.plan.Steps {
		kind := commit.Deleted
		if !step.Mark.Deletes() {
			kind = commit.Fetched
		}
		events = append(events, commit.Event{Kind: kind, ID: step.Message.ID})
	}
	s.m.Update(runMsg{events: events})
	s.press("esc")
	s.saysNot("nothing of this session")
	s.says("QUIT may be out already")
}

func TestLeavingACommitCountsAsInterrupted(t *testing.T) {
	s := committing(t, 80, 24).press("ctrl+c")
	if !s.m.interrupted || !s.m.run.stopping {
		t.Error("ctrl+c does not take the commit back")
	}
	if idle := newScreen(t, 80, 24, sample()).press("ctrl+c"); idle.m.interrupted {
		t.Error("leaving an idle screen counts as interrupting a commit")
	}
}

func TestQuitSaysWhetherMarksAreKept(t *testing.T) {
	s := newScreen(t, 100, 24, sample()).press("d q")
	s.says("They are kept.")
	s = newScreen(t, 100, 24, sample(), func(s *screen, _ *Config) { s.ledger.dir = "" }).press("d q")
	s.says("They are forgotten.")
}

func TestLookingAgainSaysWhyThereIsNoSession(t *testing.T) {
	for _, tt := range []struct {
		name, top, note string
		err             error
	}{
		{"locked", "locked or busy", "[IN-USE] mailbox locked by another session; R tries again", errLocked},
		{"refused", "not logged in", "wrong password", &pop3client.ServerError{Command: "PASS", Code: "AUTH", Text: "[AUTH] wrong password"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScreen(t, 140, 24, sample())
			s.box.openErr = tt.err
			s.press("R")
			s.states(mailbox.StateEvent{State: mailbox.Released}, mailbox.StateEvent{State: mailbox.Opening}, mailbox.StateEvent{State: mailbox.Lost, Err: tt.err})
			s.says(tt.top)
			s.says(tt.note)
			s.saysNot("line is lost")
		})
	}
}

// unanswered is a screen that waits for a server; its command is given, not run.
func unanswered(t testing.TB, mails []fakeMail, begin func(*model) tea.Cmd) (*screen, tea.Cmd) {
	s := newScreen(t, 80, 24, mails)
	if mails == nil {
		s.m.rows.list = nil
	}
	cmd := begin(s.m)
	s.m.Update(nil)
	return s, cmd
}

func TestP10_EscEndsTheWaitForAServer(t *testing.T) {
	for _, tt := range []struct {
		name  string
		mails []fakeMail
		begin func(*model) tea.Cmd
	}{
		{"opening", nil, (*model).open},
		{"looking again", sample(), (*model).lookAgain},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var waited context.Context
			s, _ := unanswered(t, tt.mails, tt.begin)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s.m.server.stop, waited = cancel, ctx
			s.press("esc")
			if waited.Err() == nil {
				t.Fatal("the attempt goes on")
			}
			s.states(mailbox.StateEvent{State: mailbox.Lost, Err: fmt.Errorf("dialling: %w", context.Canceled)})
			s.send(openedMsg{err: fmt.Errorf("dialling: %w", context.Canceled)})
			s.says("Connecting was stopped")
			s.says("R tries again")
			s.saysNot("context canceled")
			if s.tick(); s.m.server.opening {
				t.Error("it connects again by itself")
			}
			if s.m.finish(cancel); s.m.result.Err != nil {
				t.Errorf("what a person wanted is an error: %v", s.m.result.Err)
			}
			calls := len(s.box.calls)
			if s.press("R"); len(s.box.calls) == calls {
				t.Error("R does not try again")
			}
		})
	}
}

func TestP10_EscEndsACountdown(t *testing.T) {
	s := unopened(t, 80, 24, errLocked).press("esc")
	s.says("Stopped; R tries again")
	s.says("[IN-USE]")
	calls := len(s.box.calls)
	if s.tick(); len(s.box.calls) != calls {
		t.Error("the countdown goes on")
	}
}

func TestAnAttemptIsCancelledByItsOwnStop(t *testing.T) {
	s := newScreen(t, 80, 24, sample())
	begun := make(chan struct{})
	cmd := s.m.attempt(func(ctx context.Context) error {
		close(begun)
		<-ctx.Done()
		return ctx.Err()
	}, true)
	ended := make(chan tea.Msg)
	go func() { ended <- cmd() }()
	<-begun
	s.m.stopOpening()
	if msg, ok := (<-ended).(openedMsg); !ok || !errors.Is(msg.err, context.Canceled) {
		t.Errorf("got %v", msg)
	}
}

func TestALineThatNobodyMissedIsNotToldToBeBack(t *testing.T) {
	s := committing(t, 100, 24).press("esc")
	s.states(mailbox.StateEvent{State: mailbox.Lost, Err: context.Canceled})
	s.m.Update(runMsg{last: true, err: context.Canceled})
	s.send(openedMsg{})
	s.states(mailbox.StateEvent{State: mailbox.Opening}, mailbox.StateEvent{State: mailbox.Open})
	s.saysNot("The line is back")

	s = stateNamed(t, "lost", 100, 24)
	s.states(mailbox.StateEvent{State: mailbox.Open})
	s.says("The line is back")
}

func TestAWarningThatComesLateIsOnTheAccountsPage(t *testing.T) {
	s := newScreen(t, 100, 40, sample())
	const text = "the server ends lines in LF alone"
	s.box.info.Warnings = []message.Safe{text}
	s.send(feedMsg{events: []mailbox.Event{mailbox.WarningEvent{Text: text, Minor: true}}})
	s.says(text)
	s.m.note = note{}
	s.saysNot(text)
	s.press("a").says(text)
}
