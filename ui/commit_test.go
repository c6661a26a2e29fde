package ui

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"popmark/commit"
	"popmark/ledger"
	"popmark/mailbox"
	"popmark/pop3client"
	"popmark/triage"
)

func TestOnlyYesOnTheReviewCommits(t *testing.T) {
	for _, tt := range []struct {
		name, keys string
		commits    bool
	}{
		{"yes", "c y", true},
		{"no", "c n", false},
		{"esc", "c esc", false},
		{"q", "c q", false},
		{"enter: it opens on No", "c enter", false},
		{"y without a review", "y", false},
		{"y after going back", "c n y", false},
		{"help in between", "c ? esc n", false},
		{"leaving from the review", "c ctrl+c", false},
		{"quitting with marks", "q y", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScreen(t, 80, 24, many(5)).press("d f m").press(tt.keys)
			if got := len(s.plans) > 0; got != tt.commits {
				t.Errorf("committed %v, want %v", got, tt.commits)
			}
			s.frame()
		})
	}
}

func TestP1_ThePlanIsWhatIsMarkedAndNothingElse(t *testing.T) {
	s := newScreen(t, 80, 24, many(5), func(_ *screen, cfg *Config) {
		cfg.Order, cfg.Checkpoint = triage.AtEnd, 2
	}).press("d j m O o o f c y")
	if len(s.plans) != 1 {
		t.Fatalf("%d plans", len(s.plans))
	}
	plan := s.plans[0]
	var got []string
	for _, st := range plan.Steps {
		got = append(got, st.Mark.String()+" "+st.Message.UID)
	}
	if text := strings.Join(got, ", "); text != "fetch uid00002, move uid00003, delete uid00005" {
		t.Errorf("the plan is %s: it must have the marked messages in the server's order", text)
	}
	if plan.Order != triage.AtEnd || plan.Checkpoint != 2 {
		t.Errorf("order %v, checkpoint %d", plan.Order, plan.Checkpoint)
	}
}

func TestP3_APlanOfAnOlderListIsNotCarriedOut(t *testing.T) {
	s := newScreen(t, 80, 24, many(5)).press("d c")
	s.box.mails = append(s.box.mails, many(1)...)
	s.box.relist()
	s.box.list.Generation = 2
	s.send(feedMsg{events: []mailbox.Event{mailbox.ListEvent{List: s.box.list}}})
	if s.press("y"); len(s.plans) != 0 {
		t.Error("the plan was carried out though the mailbox was listed anew under it")
	}
	if !strings.Contains(string(s.m.note.text), "review the plan again") {
		t.Errorf("said %q", s.m.note.text)
	}
	if s.press("c y"); len(s.plans) != 1 {
		t.Error("a review of the new list is not carried out")
	}
}

func TestMarksGoWithWhatWasCarriedOutAndStayWithWhatFailed(t *testing.T) {
	s := failing(t, 80, 24)
	if got := s.marksOf(); got != "--------M-" {
		t.Errorf("marks %s: message 9 failed and must keep its mark, the others lose theirs", got)
	}
	if len(s.ledger.marks) != 1 || s.ledger.marks["uid00009"].Kind != byte(triage.Move) {
		t.Errorf("the ledger keeps %v", s.ledger.marks)
	}
	if s.box.calls[len(s.box.calls)-1] != "scan" && !strings.Contains(strings.Join(s.box.calls, " "), "refresh") {
		t.Errorf("the mailbox was not listed anew: %v", s.box.calls)
	}
	if s.m.result.Commits[0].Failed != 1 || s.m.result.Destination == "" {
		t.Errorf("result %+v", s.m.result)
	}
}

func TestP4_DeletedOnlyWhenQuitSaysSo(t *testing.T) {
	s := committing(t, 80, 24)
	text := ansi.Strip(s.frame())
	if !strings.Contains(text, "to be deleted") || strings.Contains(text, "✓ D      5  5.5k  deleted") {
		t.Errorf("before QUIT's answer the word is \"to be deleted\":\n%s", text)
	}
	s.m.Update(runMsg{events: []commit.Event{{Kind: commit.Committed, Deleted: 2}}})
	if text = ansi.Strip(s.frame()); !strings.Contains(text, "5.5k  deleted") {
		t.Errorf("after it the word is \"deleted\":\n%s", text)
	}
}

func TestP4_PromisesOfABrokenSessionAreTakenBack(t *testing.T) {
	s := committing(t, 80, 24)
	s.m.Update(runMsg{events: []commit.Event{{Kind: commit.Reconnecting, Err: errors.New("cut"), Pause: time.Second}}})
	if text := ansi.Strip(s.frame()); strings.Contains(text, "to be deleted") {
		t.Errorf("the session that promised is gone:\n%s", text)
	}
}

func TestP10_EscStopsACommitAndLeavingStopsItFirst(t *testing.T) {
	for _, tt := range []struct {
		key   string
		quits bool
	}{{"esc", false}, {"ctrl+c", true}} {
		t.Run(tt.key, func(t *testing.T) {
			s := newScreen(t, 80, 24, many(5))
			told := make(chan context.Context, 1)
			run := &fakeRun{events: make(chan commit.Event)}
			s.m.cfg.Commit = func(ctx context.Context, plan triage.Plan) CommitRun {
				told <- ctx
				return run
			}
			s.press("d d c")
			s.m.pop()
			s.m.startRun(s.m.review.plan)
			stopped := <-told
			s.press("j L esc")
			if stopped.Err() != nil || s.m.top() != modeCommitting {
				t.Fatal("looking at the dialogue stopped the commit, or left its screen")
			}
			if s.press(tt.key); stopped.Err() == nil {
				t.Fatal("the commit was not told to stop")
			}
			if s.quit {
				t.Fatal("left before the commit had taken itself back")
			}
			close(run.events)
			s.send(runMsg{last: true, summary: commit.Summary{}, err: context.Canceled})
			if s.quit != tt.quits {
				t.Errorf("left %v, want %v", s.quit, tt.quits)
			}
			if got := s.marksOf(); got != "---DD" {
				t.Errorf("marks %s: nothing was carried out, so all of them stay", got)
			}
			s.frame()
		})
	}
}

func TestASecondCtrlCLeavesAtOnce(t *testing.T) {
	s := committing(t, 80, 24).press("ctrl+c")
	if s.quit {
		t.Fatal("the first leaves at once")
	}
	if s.press("ctrl+c"); !s.quit {
		t.Error("the second does not")
	}
}

func TestMarksSurviveLookingAgainAndReconnecting(t *testing.T) {
	s := newScreen(t, 80, 24, many(5)).press("d j m j")
	was := s.at()
	// Message 1 is gone and two are new: every number but the UIDLs has changed.
	s.box.mails = append(s.box.mails, many(2)...)
	s.box.relist()
	old := s.box.list.Messages
	for i := range old[1:] {
		old[i+1].Number = i + 1
	}
	s.box.list = mailbox.NewList(old[1:])
	s.box.list.Generation = 2
	s.press("R")
	got := make(map[string]string)
	for id, mark := range s.m.marks.All() {
		got[string(id)] = mark.String()
	}
	if len(got) != 2 || got["uid00005"] != "delete" || got["uid00003"] != "move" {
		t.Errorf("marks %v", got)
	}
	if m, _ := s.m.rows.at(); m.UID != "uid00001" && m.UID == "" || was == 0 {
		t.Errorf("the cursor is on %+v", m)
	}
	s.frame()
}

func TestTheCursorStaysWithItsMessageWhenTheListChanges(t *testing.T) {
	s := newScreen(t, 80, 24, many(5)).press("j j")
	s.box.mails = append(s.box.mails, many(3)...)
	s.box.relist()
	s.box.list.Generation = 2
	s.press("R")
	if s.at() != 3 {
		t.Errorf("on message %d, want 3", s.at())
	}
}

func TestMarksAreKeptInTheLedgerAndComeBack(t *testing.T) {
	s := newScreen(t, 80, 24, many(5)).press("d f m k s")
	if len(s.ledger.marks) != 2 || s.ledger.marks["uid00005"].Kind != byte(triage.Delete) || s.ledger.marks["uid00004"].Kind != byte(triage.Fetch) {
		t.Fatalf("kept %v", s.ledger.marks)
	}
	kept := s.ledger
	again := newScreen(t, 80, 24, many(5), func(s *screen, cfg *Config) { s.ledger, cfg.Ledger = kept, kept })
	if got := again.marksOf(); got != "---FD" {
		t.Errorf("marks %s came back", got)
	}
	if again.press("u"); again.marksOf() != "---FD" {
		t.Error("undo took back what an earlier run had marked")
	}
}

func TestP1_AKeptMarkDoesNotFallOnAnotherMessageThatGotTheUIDL(t *testing.T) {
	kept := newScreen(t, 80, 24, many(5)).press("d f").ledger
	mark := kept.marks["uid00005"]
	mark.Octets++
	kept.marks["uid00005"] = mark
	again := newScreen(t, 80, 24, many(5), func(s *screen, cfg *Config) { s.ledger, cfg.Ledger = kept, kept })
	if got := again.marksOf(); got != "---F-" {
		t.Errorf("marks %s came back", got)
	}
}

func TestP5_MarksOnTheirWayToTheLedgerAreKeptWhateverEndsTheScreen(t *testing.T) {
	s := newScreen(t, 80, 24, many(5))
	s.m.Update(key("d")) // its command, which would keep the mark, never runs
	s.m.Update(key("f"))
	s.m.finish(func() {})
	if len(s.ledger.marks) != 2 {
		t.Errorf("kept %v", s.ledger.marks)
	}
	s = newScreen(t, 80, 24, many(5))
	s.m.marks.ledger = &fakeLedger{err: errors.New("disk full")}
	s.press("d")
	whole := &fakeLedger{}
	s.m.marks.ledger = whole
	if s.press("f"); len(whole.marks) != 2 {
		t.Errorf("after a fault the ledger has %v", whole.marks)
	}
}

func TestABrokenCommitIsOfferedOnOpening(t *testing.T) {
	s := stateNamed(t, "broken-commit", 120, 24)
	if got := s.marksOf(); got != "-MD-------" {
		t.Errorf("marks %s: what was done is not marked again", got)
	}
	if !strings.Contains(string(s.m.note.text), "broken off") {
		t.Errorf("said %q", s.m.note.text)
	}
	if s.press("c y"); len(s.plans) != 1 || len(s.plans[0].Steps) != 2 {
		t.Errorf("it is not taken up: %v", s.plans)
	}
}

func TestALedgerThatFailsIsSaid(t *testing.T) {
	s := newScreen(t, 80, 24, many(2), func(s *screen, _ *Config) { s.ledger.err = errors.New("disk full") })
	if !strings.Contains(string(s.m.note.text), "disk full") {
		t.Errorf("reading: said %q", s.m.note.text)
	}
	if s.press("d"); !strings.Contains(string(s.m.note.text), "disk full") || s.marksOf() != "-D" {
		t.Errorf("keeping: said %q, marks %s", s.m.note.text, s.marksOf())
	}
}

func TestALockedMailboxIsTriedAgain(t *testing.T) {
	s := unopened(t, 80, 24, errLocked)
	opens := func() int { return strings.Count(strings.Join(s.box.calls, " "), "open") }
	if opens() != 1 || len(s.timers) != 1 {
		t.Fatalf("calls %v, %d timers", s.box.calls, len(s.timers))
	}
	s.now = s.now.Add(2 * time.Second)
	s.tick()
	if text := ansi.Strip(s.frame()); opens() != 1 || !strings.Contains(text, "in 3 s") || !strings.Contains(text, "[IN-USE]") {
		t.Fatalf("no countdown with the server's words:\n%s", text)
	}
	if s.press("R"); opens() != 2 {
		t.Fatal("R does not try at once")
	}
	s.box.openErr = nil
	s.now = s.now.Add(time.Minute)
	s.tick()
	if opens() != 3 || s.m.rows.list == nil || s.m.server.err != nil {
		t.Errorf("the countdown's end does not open: %v", s.box.calls)
	}
	s.tick()
	if opens() != 3 {
		t.Error("an old countdown opened once more")
	}
}

func TestARefusedPasswordIsTriedOnce(t *testing.T) {
	s := stateNamed(t, "refused", 80, 24)
	s.now = s.now.Add(time.Hour)
	s.tick()
	s.press("R R")
	if got := strings.Join(s.box.calls, " "); got != "open" {
		t.Errorf("calls %s, want one", got)
	}
	if !strings.Contains(string(s.m.note.text), "locked out") {
		t.Errorf("said %q", s.m.note.text)
	}
}

func TestALostLineComesBack(t *testing.T) {
	s := stateNamed(t, "lost", 80, 24)
	if text := ansi.Strip(s.frame()); !strings.Contains(text, "line lost") || !strings.Contains(text, "reset by peer") {
		t.Fatalf("the loss is not said:\n%s", text)
	}
	s.press("d")
	s.now = s.now.Add(2 * time.Second)
	s.tick()
	if got := strings.Count(strings.Join(s.box.calls, " "), "open"); got != 2 {
		t.Fatalf("calls %v", s.box.calls)
	}
	if text := ansi.Strip(s.frame()); !strings.Contains(text, "lock held") || s.marksOf() != "---------D" {
		t.Errorf("it did not come back with its marks:\n%s", text)
	}
}

func TestP9_TheLockIsShownAndLetGoBeforeSuspending(t *testing.T) {
	s := newScreen(t, 80, 24, many(2))
	if !strings.Contains(ansi.Strip(s.frame()), "lock held") {
		t.Error("the lock is not shown")
	}
	s.m.canStop = func() bool { return true }
	cmd := s.m.suspend()
	if msg := cmd(); msg != (mailboxFreeMsg{}) || s.box.calls[len(s.box.calls)-1] != "release" {
		t.Errorf("got %T after %v", msg, s.box.calls)
	}
	s.send(feedMsg{events: []mailbox.Event{mailbox.StateEvent{State: mailbox.Released}}})
	if !strings.Contains(ansi.Strip(s.frame()), "mailbox free") {
		t.Error("the freed mailbox is not shown")
	}
}

func TestUnfinishedTellsWhatIsLeftOfABrokenCommit(t *testing.T) {
	for _, tt := range []struct {
		mark  triage.Mark
		state ledger.StepState
		want  bool
	}{
		{triage.Delete, ledger.StepPlanned, true},
		{triage.Delete, ledger.StepAsked, true},
		{triage.Delete, ledger.StepDeleted, false},
		{triage.Move, ledger.StepFetched, true},
		{triage.Fetch, ledger.StepFetched, false},
		{triage.Fetch, ledger.StepFailed, false},
	} {
		if got := unfinished(ledger.Step{Mark: byte(tt.mark), State: tt.state}); got != tt.want {
			t.Errorf("%v in state %d: %v", tt.mark, tt.state, got)
		}
	}
}

// What is kept for a way back is downloaded before its DELE, and the review says so.
func TestReviewShowsWhatIsKeptOfTheDeleted(t *testing.T) {
	s := newScreen(t, 80, 24, many(5), func(s *screen, cfg *Config) {
		cfg.KeepDeleted = s.box.list.Messages[3].Octets
		s.box.list.Messages[4].Octets = cfg.KeepDeleted + 1
	}).press("g d d c")
	got := ansi.Strip(s.frame())
	for _, want := range []string{"a copy of 1 deleted message", "no way back for 1 deleted message", "RETR 4 ", "DELE 4 ", "DELE 5 ", "D delete  2 messages"} {
		if !strings.Contains(got, want) {
			t.Errorf("the review lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "RETR 5 ") || strings.Contains(got, "never downloaded") {
		t.Errorf("the review says more than is done:\n%s", got)
	}
	if s.press("y"); len(s.plans) != 1 || s.plans[0].Steps[0].Mark != triage.Delete {
		t.Errorf("the plans %+v, want that of what is marked", s.plans)
	}
}

func TestALineThatIsLostAgainAndAgainIsTakenUpEverMoreSeldom(t *testing.T) {
	s := newScreen(t, 80, 24, many(5))
	cut := errors.New("reading: connection reset by peer")
	opens := func() int { return strings.Count(strings.Join(s.box.calls, " "), "open") }
	var pauses []time.Duration
	for range 8 {
		s.states(mailbox.StateEvent{State: mailbox.Open}, mailbox.StateEvent{State: mailbox.Lost, Err: cut})
		before, began := opens(), s.now
		for opens() == before && s.now.Sub(began) < 5*time.Minute {
			s.now = s.now.Add(time.Second)
			s.tick()
		}
		pauses = append(pauses, s.now.Sub(began))
	}
	for i, want := range []int{1, 5, 10, 20, 40, 300, 300, 300} {
		if pauses[i] != time.Duration(want)*time.Second {
			t.Fatalf("tried again after %v", pauses)
		}
	}
	s.press("R")
	s.states(mailbox.StateEvent{State: mailbox.Open}, mailbox.StateEvent{State: mailbox.Lost, Err: cut})
	before := opens()
	s.now = s.now.Add(time.Second)
	if s.tick(); opens() == before {
		t.Error("behind somebody's looking again nothing was tried")
	}
}

func TestP6_ARefusedLoginEndsTheCountdownToAnother(t *testing.T) {
	s := newScreen(t, 80, 24, many(5))
	refused := &pop3client.ServerError{Command: "PASS", Code: "AUTH", Text: "[AUTH] no"}
	s.states(mailbox.StateEvent{State: mailbox.Lost, Err: errors.New("reading: connection reset by peer")})
	before := len(s.box.calls)
	s.states(mailbox.StateEvent{State: mailbox.Opening}, mailbox.StateEvent{State: mailbox.Lost, Err: refused})
	s.now = s.now.Add(time.Hour)
	if s.tick(); len(s.box.calls) != before {
		t.Errorf("it went on with %v", s.box.calls[before:])
	}
}
