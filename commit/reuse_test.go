package commit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"popmark/delivery"
	"popmark/ledger"
	"popmark/mailbox"
	"popmark/pop3server"
	"popmark/triage"
)

// knowHeader has the ledger remember message 1's header, as a listing would.
func (r *rig) knowHeader() { r.knowHeaderOf(1) }

func (r *rig) knowHeaderOf(n int) {
	r.t.Helper()
	text := letter(n)
	must(r.t, r.ledger.PutHeaders(r.t.Context(), account, []ledger.HeaderRow{{UID: fmt.Sprint("uid-", n), Octets: int64(len(text)), Header: []byte(text)}}))
}

// inItsPlace is a message of the size of message 1 and with its UIDL, and another header.
func inItsPlace() pop3server.Message {
	return pop3server.NewMessage("uid-1", []byte(strings.Replace(letter(1), "number 1", "number Z", 1)))
}

// deletions are the UIDLs that the history says were deleted.
func (r *rig) deletions() (uids []string) {
	r.t.Helper()
	for e, err := range r.ledger.History(r.t.Context()) {
		must(r.t, err)
		if e.Kind == ledger.KindDeleted {
			uids = append(uids, e.UID)
		}
	}
	slices.Sort(uids)
	return uids
}

func TestP1_AMessageThatGotAUIDLBeforeARunIsTakenUpIsLeftAlone(t *testing.T) {
	r := newRig(t, 1, pop3server.WithHooks(
		pop3server.LoseAnswer(pop3server.On("QUIT").InSession(1), pop3server.Close),
		pop3server.InSession(2, pop3server.Cut(pop3server.On(""), pop3server.Close)),
	))
	r.knowHeader()
	if out := r.commit(order{marks: marked("D"), opts: Options{Request: "same"}}); out.err == nil {
		t.Fatalf("the lost line is no error: %+v", out.Summary)
	}
	r.drop.Add(inItsPlace())
	for range 2 {
		out := r.takeUp(t.Context(), "same", marked("D"))
		if out.err != nil || out.Failed != 0 || out.Deleted != 0 {
			t.Errorf("%v, %+v", out.err, out.Summary)
		}
	}
	if left := r.drop.UIDLs(); !slices.Equal(left, []string{"uid-1"}) {
		t.Errorf("the server has %q", left)
	}
	if got := r.deletions(); !slices.Equal(got, []string{"uid-1"}) {
		t.Errorf("the history says that %q are deleted", got)
	}
}

// withID is the text of message n with a Message-ID of its own.
func withID(n int, id string) string { return "Message-ID: <" + id + "@example.org>\r\n" + letter(n) }

func TestP1_AMessageThatGotAUIDLBetweenTwoSessionsIsLeftAlone(t *testing.T) {
	cut := func(command string) pop3server.Hook {
		return pop3server.Cut(pop3server.On(command).InSession(1), pop3server.Close)
	}
	for _, c := range []struct {
		name, marks string
		order       triage.Order
		checkpoint  int
		ends        pop3server.Hook // the first session
		replaced    int
		headers     bool // were read in the first session; else the ledger has them
		left        []string
		copies      int
		failed      int
		reply       bool // the other message answers the one before
	}{
		{"its DELE was sent", "D-D", 0, 0, cut("DELE 1"), 1, false, []string{"uid-2", "uid-1"}, 0, 0, false},
		{"its header was seen", "D-D", 0, 0, cut("DELE 1"), 1, true, []string{"uid-2", "uid-1"}, 0, 0, false},
		{"it was fetched and its DELE sent", "M-M", 0, 0, cut("DELE 1"), 1, false, []string{"uid-2", "uid-1"}, 2, 0, false},
		{"it was fetched", "M-M", triage.AtEnd, 0, cut("RETR 3"), 1, false, []string{"uid-2", "uid-1"}, 2, 1, false},
		{"nothing was asked of it", "DD-", 0, 1, cut("NOOP"), 2, false, []string{"uid-3", "uid-2"}, 0, 1, false},
		{"it was to be moved, and its header seen", "M-M", 0, 0, cut("RETR 1"), 1, true, []string{"uid-2", "uid-1"}, 1, 1, false},
		{"it was to be moved, and its answer bears the UIDL", "M-M", 0, 0, cut("RETR 1"), 1, true, []string{"uid-2", "uid-1"}, 1, 1, true},
		{"it was to be moved", "M-M", 0, 0, cut("RETR 1"), 1, false, []string{"uid-2", "uid-1"}, 1, 1, false},
		{"it was to be fetched", "F-F", 0, 0, cut("RETR 1"), 1, false, []string{"uid-2", "uid-3", "uid-1"}, 1, 1, false},
		{"half of it came", "M-M", 0, 0, pop3server.CutIn(pop3server.On("RETR 1").InSession(1), 80, pop3server.Close), 1, false, []string{"uid-2", "uid-1"}, 1, 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r *rig
			r = newRig(t, 0, pop3server.WithHooks(c.ends,
				pop3server.InSession(2, pop3server.On("").Do(func(*pop3server.Event) pop3server.Action {
					r.drop.Remove(fmt.Sprintf("uid-%d", c.replaced))
					other := withID(c.replaced, "z")
					if c.reply {
						other = "References:   <a@example.org>\r\n" + other
					}
					r.drop.Add(pop3server.NewMessage(fmt.Sprintf("uid-%d", c.replaced), []byte(other)))
					return pop3server.Action{}
				})),
			))
			var rows []ledger.HeaderRow
			for n := 1; n <= 3; n++ {
				text := withID(n, "a")
				if c.reply {
					text = "X-As-Long-As: <b@example.org>\r\n" + text
				}
				r.drop.Add(pop3server.NewMessage(fmt.Sprintf("uid-%d", n), []byte(text)))
				rows = append(rows, ledger.HeaderRow{UID: fmt.Sprintf("uid-%d", n), Octets: int64(len(text)), Header: []byte(text)})
			}
			if !c.headers {
				must(t, r.ledger.PutHeaders(t.Context(), account, rows))
			}
			out := r.commit(order{marks: marked(c.marks), order: c.order, headers: c.headers, opts: Options{Retries: 1, Checkpoint: c.checkpoint}})
			if out.err != nil || out.Failed != c.failed {
				t.Errorf("%v, %+v", out.err, out.Summary)
			}
			if left := r.drop.UIDLs(); !slices.Equal(left, c.left) {
				t.Errorf("the server has %q, want %q", left, c.left)
			}
			if got := len(r.texts()); got != c.copies {
				t.Errorf("%d copies", got)
			}
		})
	}
}

// What is found to be another message is known as that one afterwards, and the run that meant
// the one before does not touch it when it is taken up.
func TestP1_AMessageThatWasFoundToBeAnotherIsNotTakenUp(t *testing.T) {
	for name, first := range map[string]string{"it was fetched": "RETR 2", "it was not fetched yet": "RETR 1"} {
		t.Run(name, func(t *testing.T) {
			var r *rig
			r = newRig(t, 2, pop3server.WithHooks(
				pop3server.InSession(2, pop3server.On("").Do(func(*pop3server.Event) pop3server.Action {
					r.drop.Remove("uid-1")
					r.drop.Add(inItsPlace())
					return pop3server.Action{}
				})),
				pop3server.Cut(pop3server.On(first).InSession(1), pop3server.Close),
				pop3server.Cut(pop3server.On("RETR 1").InSession(2), pop3server.Close),
			))
			var err error
			must(t, r.ledger.Close())
			r.ledger, err = ledger.Open(t.TempDir())
			must(t, err)
			r.knowHeader()
			if out := r.commit(order{marks: marked("MM"), order: triage.AtEnd, opts: Options{Request: "same", Retries: 1}}); out.err == nil {
				t.Fatalf("the lost line is no error: %+v", out.Summary)
			}
			rows, err := r.ledger.Headers(t.Context(), account, []string{"uid-1"})
			must(t, err)
			if !strings.Contains(string(rows["uid-1"].Header), "number Z") {
				t.Errorf("the ledger takes it for %q", rows["uid-1"].Header)
			}
			must(t, r.takeUp(t.Context(), "same", marked("MM")).err)
			if left := r.drop.UIDLs(); !slices.Equal(left, []string{"uid-1"}) {
				t.Errorf("the server has %q", left)
			}
		})
	}
}

func TestWhatIsLeftOutOfAPlanThatWasPointedAtIsGivenUp(t *testing.T) {
	r := newRig(t, 3, pop3server.WithHooks(
		pop3server.InSession(1, pop3server.Cut(pop3server.On("DELE"), pop3server.Close)),
		pop3server.InSession(2, pop3server.Cut(pop3server.On(""), pop3server.Close)),
	))
	if out := r.commit(order{marks: marked("DD"), opts: Options{Request: "same"}}); out.err == nil {
		t.Fatalf("the lost line is no error: %+v", out.Summary)
	}
	must(t, r.commit(order{marks: map[int]triage.Mark{2: triage.Delete}}).err)
	must(t, r.takeUp(t.Context(), "same", marked("DD")).err)
	r.expect(nil, "uid-1", "uid-3")
}

func TestP2_AnEarlierAttemptCountsForItsOwnMessageOnly(t *testing.T) {
	r := newRig(t, 1)
	ready := filepath.Join(t.TempDir(), "ready")
	to := delivery.Multi(r.dest, delivery.NewPipe("cat >/dev/null; test -e "+ready))
	if out := r.commit(order{marks: marked("M"), opts: Options{Destination: to}}); out.Failed != 1 {
		t.Fatalf("the command's refusal is none: %+v", out.Summary)
	}
	r.drop.Remove("uid-1")
	r.drop.Add(inItsPlace())
	must(t, os.WriteFile(ready, nil, 0o600))
	must(t, r.commit(order{marks: marked("M"), opts: Options{Destination: to}}).err)
	if got := r.texts(); len(got) != 2 || !strings.Contains(got[0]+got[1], "number Z") {
		t.Errorf("the Maildir has %q", got)
	}
}

func TestP2_AnEmptyHeaderProvesNothing(t *testing.T) {
	r := newRig(t, 1, pop3server.WithHooks(pop3server.Answer(pop3server.On("TOP"), "+OK\r\n.\r\n")))
	must(t, r.commit(order{marks: marked("M")}).err)
	other := inItsPlace()
	r.drop.Add(other)
	out := r.commit(order{marks: marked("M")})
	if out.err != nil || out.Failed != 0 || out.Deleted != 1 || out.Fetched != 1 {
		t.Errorf("%v, %+v", out.err, out.Summary)
	}
	if got := r.texts(); len(got) != 2 {
		t.Errorf("the Maildir has %q", got)
	}
}

func TestP3_ARequestMeansTheSameMessagesWhateverElseWasCommittedSince(t *testing.T) {
	for _, between := range []order{
		{marks: map[int]triage.Mark{4: triage.Fetch}, opts: Options{Request: "--fetch 4"}},
		{marks: map[int]triage.Mark{4: triage.Fetch}},
	} {
		r := newRig(t, 5, pop3server.WithHooks(
			pop3server.LoseAnswer(pop3server.On("QUIT").InSession(1), pop3server.Close),
			pop3server.InSession(2, pop3server.Cut(pop3server.On(""), pop3server.Close)),
		))
		if out := r.commit(order{marks: marked("DD"), opts: Options{Request: "--delete 1-2"}}); out.err == nil {
			t.Fatalf("the lost line is no error: %+v", out.Summary)
		}
		out := r.commit(between)
		must(t, out.err)
		before, found, err := FindUnfinished(t.Context(), r.ledger, account, "--delete 1-2")
		must(t, err)
		if !found {
			t.Fatalf("after %+v numbers mean other messages", between.opts)
		}
		if plan, left, _ := before.Plan(r.listNow(), triage.AsReceived, nil); len(plan.Steps)+len(left) > 0 {
			t.Errorf("there is still something to do: %+v", plan.Steps)
		}
		if got := r.deletions(); !slices.Equal(got, []string{"uid-1", "uid-2"}) {
			t.Errorf("the history says that %q are deleted", got)
		}
	}
}

func TestTheHistoryTakesBackWhatVerifyFindsStillThere(t *testing.T) {
	r := newRig(t, 2, pop3server.WithHooks(pop3server.Answer(pop3server.On("DELE 2"), "+OK\r\n")))
	out := r.commit(order{marks: marked("DD"), opts: Options{Verify: true}})
	if out.err != nil || out.Failed != 1 || out.Deleted != 1 {
		t.Errorf("%v, %+v", out.err, out.Summary)
	}
	if got := r.deletions(); !slices.Equal(got, []string{"uid-1"}) {
		t.Errorf("the history says that %q are deleted", got)
	}
}

func TestAServerThatDeletesWhenTheLineBreaksIsFoundOut(t *testing.T) {
	r := newRig(t, 3, pop3server.WithHooks(
		pop3server.CommitOnDrop(), pop3server.LoseAnswer(pop3server.On("DELE 2").InSession(1), pop3server.Close),
	))
	out := r.commit(order{marks: marked("DD"), opts: Options{Retries: 1}})
	if out.err != nil || out.Failed != 0 || out.Deleted != 2 {
		t.Errorf("%v, %+v", out.err, out.Summary)
	}
	for _, ev := range out.events {
		if ev.Kind == Warning && strings.Contains(string(ev.Text), "another client") {
			t.Errorf("it says %q", ev.Text)
		}
	}
	if got := r.deletions(); !slices.Equal(got, []string{"uid-1", "uid-2"}) {
		t.Errorf("the history says that %q are deleted", got)
	}
}

func TestTheHistoryTellsOfAMessageWhatTheLedgerKnows(t *testing.T) {
	r := newRig(t, 1)
	r.knowHeader()
	must(t, r.commit(order{marks: marked("D")}).err)
	for e, err := range r.ledger.History(t.Context()) {
		must(t, err)
		if e.About.Subject != "number 1" {
			t.Errorf("it says %+v", e.About)
		}
	}
}

// takeUp commits what is left of the broken run of a request, as the same command does.
func (r *rig) takeUp(ctx context.Context, request string, marks map[int]triage.Mark) *outcome {
	r.t.Helper()
	return r.commit(order{marks: marks, ctx: ctx, opts: Options{Request: request, TakesUp: true}, plan: func(plan *triage.Plan) {
		before, found, err := FindUnfinished(r.t.Context(), r.ledger, account, request)
		must(r.t, err)
		if !found {
			plan.Steps = nil
			return
		}
		var there []mailbox.Message
		for _, st := range plan.Steps {
			there = append(there, st.Message)
		}
		*plan, _, _ = before.Plan(mailbox.NewList(there), triage.AsReceived, nil)
	}})
}

func TestP1_AMessageThatWasFoundToBeAnotherStaysSoWhenTheRunIsLeft(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := newRig(t, 2, pop3server.WithHooks(
		pop3server.LoseAnswer(pop3server.On("QUIT").InSession(1), pop3server.Close),
		pop3server.InSession(2, pop3server.Cut(pop3server.On(""), pop3server.Close)),
		pop3server.InSession(3, pop3server.On("DELE").Do(func(*pop3server.Event) pop3server.Action {
			cancel()
			return pop3server.Action{}
		})),
	))
	r.knowHeader()
	r.knowHeaderOf(2)
	if out := r.commit(order{marks: marked("DD"), opts: Options{Request: "same"}}); out.err == nil {
		t.Fatalf("the lost line is no error: %+v", out.Summary)
	}
	// The one deletion came true and its UIDL is another message's; the other did not.
	r.drop.Add(inItsPlace(), pop3server.NewMessage("uid-2", []byte(letter(2))))
	if out := r.takeUp(ctx, "same", marked("DD")); out.err == nil || out.Unknown != 0 {
		t.Fatalf("it was not left, or RSET not believed: %v, %+v", out.err, out.Summary)
	}
	must(t, r.takeUp(t.Context(), "same", marked("DD")).err)
	if left := r.drop.UIDLs(); !slices.Equal(left, []string{"uid-1"}) {
		t.Errorf("the server has %q", left)
	}
	if got := r.deletions(); !slices.Equal(got, []string{"uid-1", "uid-2"}) {
		t.Errorf("the history says that %q are deleted", got)
	}
}

// listNow lists what the server has.
func (r *rig) listNow() *mailbox.List {
	r.t.Helper()
	box := r.connect()
	defer func() { must(r.t, box.Close()) }()
	must(r.t, box.Open(r.t.Context()))
	return box.List()
}

// A server may carry DELEs out whose line drops, and use their UIDLs again.
func TestP1_WhatWasSentIsWrittenDownWhereLeavingIsNotAnswered(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := newRig(t, 2, pop3server.WithHooks(
		pop3server.On("DELE 2").InSession(1).Do(func(*pop3server.Event) pop3server.Action {
			cancel()
			return pop3server.Action{Skip: true, Then: pop3server.Hang}
		}),
		pop3server.CommitOnDrop(),
	))
	if out := r.commit(order{marks: marked("DD"), ctx: ctx, opts: Options{Request: "same"}}); out.err == nil || out.Unknown == 0 {
		t.Fatalf("leaving is no error: %v, %+v", out.err, out.Summary)
	}
	runs, err := r.ledger.Runs(t.Context(), account)
	must(t, err)
	for _, st := range runs[0].Steps {
		if st.State != ledger.StepAsked {
			t.Errorf("%s is %d in the journal", st.UID, st.State)
		}
	}
}

// Of what a killed process had sent its journal knows nothing, nor that a copy is in place.
func TestP1_AMessageThatGotAUIDLIsLeftAloneWhenAKilledRunIsTakenUp(t *testing.T) {
	same := pop3server.NewMessage("uid-1", []byte(letter(1)))
	for _, c := range []struct {
		name, marks string
		first, then string // the requests
		there       pop3server.Message
		left        []string
		copies      int
	}{
		{"another", "D", "same", "same", inItsPlace(), []string{"uid-1"}, 0},
		{"the same", "D", "same", "same", same, nil, 0},
		{"another than what was fetched", "M", "same", "same", inItsPlace(), []string{"uid-1"}, 1},
		{"what was fetched", "M", "same", "same", same, nil, 1},
		{"another, on the screen", "D", "", "", inItsPlace(), []string{"uid-1"}, 0},
		{"the same, on the screen", "D", "", "", same, nil, 0},
		{"another than what was fetched, on the screen", "M", "", "", inItsPlace(), []string{"uid-1"}, 1},
		{"another, of a command and on the screen", "D", "same", "", inItsPlace(), []string{"uid-1"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, 1, pop3server.WithHooks(
				pop3server.LoseAnswer(pop3server.On("DELE").InSession(1), pop3server.Close), pop3server.CommitOnDrop(),
				pop3server.InSession(2, pop3server.Cut(pop3server.On(""), pop3server.Close)),
			))
			r.knowHeader()
			if out := r.commit(order{marks: marked(c.marks), opts: Options{Request: c.first}}); out.err == nil {
				t.Fatalf("the lost line is no error: %+v", out.Summary)
			}
			runs, err := r.ledger.Runs(t.Context(), account)
			must(t, err)
			must(t, r.ledger.SetSteps(t.Context(), runs[0].ID, ledger.StepPlanned, 0))
			records, err := r.ledger.Fetched(t.Context(), account, r.dest.String(), []string{"uid-1"})
			must(t, err)
			for _, record := range records {
				record.Safe = false
				must(t, r.ledger.RecordCopies(t.Context(), account, runs[0].ID, []ledger.Fetched{record}, nil))
			}
			r.drop.Add(c.there)
			takeUp := func() *outcome { return r.commit(order{marks: marked(c.marks)}) }
			if c.then != "" {
				takeUp = func() *outcome { return r.takeUp(t.Context(), c.then, marked(c.marks)) }
			}
			if out := takeUp(); out.err != nil || out.Failed != len(c.left) {
				t.Errorf("%v, %+v", out.err, out.Summary)
			}
			if left := r.drop.UIDLs(); !slices.Equal(left, c.left) {
				t.Errorf("the server has %q, want %q", left, c.left)
			}
			if got := r.texts(); len(got) != c.copies {
				t.Errorf("the Maildir has %q", got)
			}
		})
	}
}

func TestAMessageThatGotTheUIDLOfADeletedOneIsNotTakenForFetched(t *testing.T) {
	for _, c := range []struct {
		name    string
		again   pop3server.Message // what is there under the UIDL of the deleted one
		options []pop3server.Option
		copies  int
	}{
		{"another header", inItsPlace(), nil, 2},
		{"another header, no TOP", inItsPlace(), []pop3server.Option{pop3server.Without("TOP")}, 2},
		{"the same message again", pop3server.NewMessage("uid-1", []byte(letter(1))), nil, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, 1, c.options...)
			must(t, r.commit(order{marks: marked("M")}).err)
			r.drop.Add(c.again)
			for range 2 {
				out := r.commit(order{marks: marked("F")})
				if out.err != nil || out.Failed != 0 || out.Fetched+out.Kept != 1 {
					t.Errorf("%v, %+v", out.err, out.Summary)
				}
			}
			if got := r.texts(); len(got) != c.copies {
				t.Errorf("the Maildir has %q", got)
			}
			if left := r.drop.UIDLs(); !slices.Equal(left, []string{"uid-1"}) {
				t.Errorf("the server has %q", left)
			}
		})
	}
}

// What a run had fetched that was never taken up says nothing of what another request marks.
func TestAMessageThatAnotherRequestMarksIsNotTakenForThatOfABrokenRun(t *testing.T) {
	for _, again := range []string{"same", "other"} {
		t.Run(again, func(t *testing.T) {
			r := newRig(t, 1, pop3server.WithHooks(
				pop3server.InSession(1, pop3server.Refuse(pop3server.On("NOOP"), "")),
				pop3server.Cut(pop3server.On("DELE").InSession(1), pop3server.Close),
				pop3server.InSession(2, pop3server.Cut(pop3server.On(""), pop3server.Close)),
			))
			if out := r.commit(order{marks: marked("M"), opts: Options{Request: "same"}}); out.err == nil {
				t.Fatalf("the lost line is no error: %+v", out.Summary)
			}
			runs, err := r.ledger.Runs(t.Context(), account)
			must(t, err)
			// As a process leaves it that is killed before its DELE.
			must(t, r.ledger.SetSteps(t.Context(), runs[0].ID, ledger.StepFetched, 0))
			r.drop.Remove("uid-1")
			r.drop.Add(inItsPlace())
			for try := range 2 {
				failed := 0
				if try == 0 && again == "same" {
					failed = 1 // what that run meant is not there, and its end is told
				}
				out := r.commit(order{marks: marked("M"), opts: Options{Request: again}})
				if out.err != nil || out.Failed != failed {
					t.Errorf("%v, %+v", out.err, out.Summary)
				}
			}
			if left := r.drop.UIDLs(); len(left) > 0 {
				t.Errorf("the server has %q", left)
			}
			if got := r.texts(); len(got) != 2 {
				t.Errorf("the Maildir has %q", got)
			}
		})
	}
}

// What looks for viruses between the server and us may write its own lines into what RETR gives, and not
// into what TOP gives.
func TestP5_AMessageThatRETRShowsOtherwiseThanTOPIsDeletedAllTheSame(t *testing.T) {
	r := newRig(t, 0, pop3server.WithHooks(
		pop3server.Whole(pop3server.On("RETR"), func(answer string) string {
			status, text, _ := strings.Cut(answer, "\r\n")
			return status + "\r\nX-Virus-Scanned: clean\r\n" + text
		}),
		pop3server.Cut(pop3server.On("DELE 1").InSession(1), pop3server.Close),
	))
	for n := 1; n <= 2; n++ {
		r.drop.Add(pop3server.NewMessage(fmt.Sprintf("uid-%d", n), []byte(withID(n, "a"))))
	}
	out := r.commit(order{marks: marked("M-"), opts: Options{Retries: 1}})
	if out.err != nil || out.Deleted != 1 || out.Failed != 0 {
		t.Errorf("%v, %+v", out.err, out.Summary)
	}
	if left := r.drop.UIDLs(); !slices.Equal(left, []string{"uid-2"}) {
		t.Errorf("the server has %q", left)
	}
	if got := len(r.texts()); got != 1 {
		t.Errorf("%d copies", got)
	}
}
