package commit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"popmark/delivery"
	"popmark/mailbox"
	"popmark/pop3server"
	"popmark/triage"
)

// Each of these is what a known mail fetcher does when the line breaks.

// cutInside breaks the first session within message 3.
func cutInside() pop3server.Option {
	return pop3server.WithHooks(pop3server.InSession(1, pop3server.CutIn(pop3server.On("RETR 3"), 60, pop3server.Close)))
}

// mpop 1.4 spins for ever and leaves half a message in the mbox.
func TestLikeMpop_NoSpinningAndNoHalfMessageInTheMbox(t *testing.T) {
	r := newRig(t, 4, cutInside())
	path := filepath.Join(t.TempDir(), "mbox")
	dest, err := delivery.Parse("mbox:" + path)
	must(t, err)
	out := r.commit(order{marks: marked("MMMM"), opts: Options{Destination: dest}})
	if mailbox.ClassOf(out.err) != mailbox.Unavailable {
		t.Errorf("got %v", out.err)
	}
	text, err := os.ReadFile(path)
	must(t, err)
	if strings.Contains(string(text), "number 3") || strings.Count(string(text), "\nSubject: ") != 2 {
		t.Errorf("the mbox holds %q", text)
	}
	must(t, r.commit(order{marks: marked("MMMM"), opts: Options{Destination: dest}}).err)
	text, err = os.ReadFile(path)
	must(t, err)
	if strings.Count(string(text), "\nSubject: ") != 4 || len(r.drop.UIDLs()) != 0 {
		t.Errorf("in the end the mbox holds %q, the server %q", text, r.drop.UIDLs())
	}
}

// fetchmail 6.4 hands half a message to the mda, and after a cut leaves on the
// server for good what it had fetched.
func TestLikeFetchmail_NoHalfMessageForTheCommandAndNothingLeftBehind(t *testing.T) {
	r := newRig(t, 4, cutInside())
	log := filepath.Join(t.TempDir(), "got")
	dest, err := delivery.Parse("pipe:grep ^Subject: >> " + log)
	must(t, err)
	if out := r.commit(order{marks: marked("MMMM"), opts: Options{Destination: dest}}); out.err == nil {
		t.Error("a cut is no error")
	}
	must(t, r.commit(order{marks: marked("MMMM"), opts: Options{Destination: dest}}).err)
	text, err := os.ReadFile(log)
	must(t, err)
	if got := string(text); got != "Subject: number 1\nSubject: number 2\nSubject: number 3\nSubject: number 4\n" {
		t.Errorf("the command was given %q", got)
	}
	if left := r.drop.UIDLs(); len(left) != 0 {
		t.Errorf("%q are left on the server", left)
	}
}

// getmail 6.18 fetches all again, in duplicate.
func TestLikeGetmail_NothingIsFetchedTwice(t *testing.T) {
	r := newRig(t, 4, cutInside())
	if out := r.commit(order{marks: marked("MFMF")}); out.err == nil {
		t.Error("a cut is no error")
	}
	out := r.commit(order{marks: marked("MFMF")})
	must(t, out.err)
	if out.Kept != 2 || out.Fetched != 2 {
		t.Errorf("summary %+v", out.Summary)
	}
	r.expect([]int{1, 2, 3, 4}, "uid-2", "uid-4")
}

// fdm ends with status 0 after a cut.
func TestLikeFdm_ACutIsAnErrorThatSaysWhatIsTrue(t *testing.T) {
	r := newRig(t, 4, cutInside())
	out := r.commit(order{marks: marked("MMMM"), order: triage.AtEnd}) // where a DELE was sent, another session looks what became of it
	if mailbox.ClassOf(out.err) != mailbox.Unavailable || out.Committed || out.Deleted != 0 {
		t.Fatalf("%v, %+v", out.err, out.Summary)
	}
	if text := out.err.Error(); strings.Contains(text, "\n") || !strings.Contains(text, "2 messages fetched") {
		t.Errorf("it says %q", text)
	}
}

// The users' old question: 15 messages, the line breaks at the 10th, why do all come again?
func TestP5_ABrokenLineIsTakenUpWhereItBroke(t *testing.T) {
	r := newRig(t, 15, pop3server.WithHooks(pop3server.InSession(1, pop3server.CutIn(pop3server.On("RETR 10"), 30, pop3server.Close))))
	out := r.commit(order{marks: marked("MMMMMMMMMMMMMMM"), opts: Options{Retries: 3}})
	must(t, out.err)
	if out.Fetched != 15 || out.Deleted != 15 || !out.Committed || out.count(Reconnecting) != 1 || out.count(Deleted) != 15 {
		t.Errorf("%d reconnections, %d promises, summary %+v", out.count(Reconnecting), out.count(Deleted), out.Summary)
	}
	if second := r.dialogue(2); strings.Contains(second, "RETR 9,") {
		t.Errorf("the second session sent %q", second)
	}
	r.expect([]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
}

func TestRetriesAreCounted(t *testing.T) {
	r := newRig(t, 2, pop3server.WithHooks(pop3server.Cut(pop3server.On("RETR 2"), pop3server.Reset)))
	out := r.commit(order{marks: marked("MM"), opts: Options{Retries: 2}})
	// The last session only looks what became of the DELE of message 1.
	if mailbox.ClassOf(out.err) != mailbox.Unavailable || out.count(Reconnecting) != 2 || r.server.Sessions() != 4 {
		t.Errorf("%d reconnections, %d sessions: %v", out.count(Reconnecting), r.server.Sessions(), out.err)
	}
	r.expect([]int{1}, "uid-1", "uid-2")
}

// No rival says, after a lost QUIT, what is true.
func TestLostQuitSaysWhatIsTrue(t *testing.T) {
	quit := pop3server.On("QUIT").InSession(1)
	for _, c := range []struct {
		name    string
		hook    pop3server.Hook
		retries int
		deleted int
		unknown int
		failed  int
		fault   bool
	}{
		{"carried out, answer lost, no retries", pop3server.LoseAnswer(quit, pop3server.Close), 0, 2, 0, 0, false},
		{"carried out, answer lost", pop3server.LoseAnswer(quit, pop3server.Reset), 3, 2, 0, 0, false},
		{"not carried out, no retries", pop3server.Cut(quit, pop3server.Close), 0, 0, 0, 0, true},
		{"not carried out", pop3server.Cut(quit, pop3server.Close), 3, 2, 0, 0, false},
		{"refused, nothing deleted", pop3server.Refuse(quit, "[SYS/PERM] some deleted messages not removed"), 3, 0, 0, 2, false},
		{"refused, all deleted", pop3server.Disguise(quit, "-ERR some deleted messages not removed\r\n"), 0, 2, 0, 0, false},
		{"no way back", both(pop3server.LoseAnswer(quit, pop3server.Close), pop3server.Cut(pop3server.On("").From(2), pop3server.Close)), 2, 0, 2, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, 3, pop3server.WithHooks(c.hook))
			out := r.commit(order{marks: marked("DM-"), opts: Options{Retries: c.retries}})
			if (out.err != nil) != c.fault || out.Deleted != c.deleted || out.Unknown != c.unknown || out.Failed != c.failed {
				t.Errorf("%v, summary %+v", out.err, out.Summary)
			}
			if c.unknown > 0 && !strings.Contains(out.err.Error(), "2 deletions") {
				t.Errorf("it says %v", out.err)
			}
			if gone := 3 - len(r.drop.UIDLs()); c.unknown == 0 && gone != c.deleted {
				t.Errorf("%d are gone", gone)
			}
			// Whatever it was, the history tells the truth after the next run.
			r.server.SetHooks()
			must(t, r.commit(order{marks: marked("DM-")}).err)
			r.commit(order{marks: map[int]triage.Mark{3: triage.Fetch}})
			r.expect([]int{2, 3}, "uid-3")
			if got := r.historyOf("deleted"); len(got) != 2 {
				t.Errorf("the history has %q", got)
			}
		})
	}
}

func both(hooks ...pop3server.Hook) pop3server.Hook {
	return func(e *pop3server.Event) pop3server.Action {
		for _, h := range hooks {
			if a := h(e); a.Skip || a.Answer != nil || a.Then != pop3server.GoOn {
				return a
			}
		}
		return pop3server.Action{}
	}
}

func TestP5_AServerThatDeletesWhenTheLineDrops(t *testing.T) {
	for _, marks := range []string{"MMMM", "DDDD", "MDFM"} {
		r := newRig(t, 4, pop3server.WithHooks(pop3server.CommitOnDrop(),
			pop3server.InSession(1, pop3server.Cut(pop3server.On("QUIT"), pop3server.Close))))
		out := r.commit(order{marks: marked(marks), opts: Options{Retries: 1}})
		if out.err != nil || out.Failed != 0 {
			t.Errorf("%s: %v, %+v", marks, out.err, out.Summary)
		}
		if want := len(marks) - strings.Count(marks, "F"); out.Deleted != want {
			t.Errorf("%s: %d deleted, want %d", marks, out.Deleted, want)
		}
	}
}
