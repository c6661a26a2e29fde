package commit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"popmark/ledger"
	"popmark/mailbox"
	"popmark/pop3server"
	"popmark/triage"
)

func TestP3_TakingUpARunTouchesOnlyWhatItsJournalNamesForCertain(t *testing.T) {
	l, err := ledger.OpenMemory()
	must(t, err)
	defer func() { must(t, l.Close()) }()
	step := func(seq int, uid string, certain bool, state ledger.StepState) ledger.Step {
		return ledger.Step{Seq: seq, Number: 10 + seq, UID: uid, Certain: certain, Octets: 5, Mark: byte(triage.Delete), State: state}
	}
	_, err = l.BeginRun(t.Context(), ledger.Run{
		Account: account, Started: time.Unix(9, 0), Request: "--delete 10-16",
		Steps: []ledger.Step{
			step(0, "planned", true, ledger.StepPlanned), step(1, "asked", true, ledger.StepAsked),
			step(2, "deleted", true, ledger.StepDeleted), step(3, "shared then", false, ledger.StepPlanned),
			step(4, "shared now", true, ledger.StepPlanned), step(5, "resized", true, ledger.StepPlanned),
			step(6, "gone", true, ledger.StepAsked),
		},
	})
	must(t, err)
	for _, request := range []string{"", "--delete 10-15"} {
		if _, found, err := FindUnfinished(t.Context(), l, account, request); found || err != nil {
			t.Errorf("%q is taken for the same request, %v", request, err)
		}
	}
	before, found, err := FindUnfinished(t.Context(), l, account, "--delete 10-16")
	if err != nil || !found || !before.Started.Equal(time.Unix(9, 0)) {
		t.Fatalf("it is not found: %+v, %v", before, err)
	}
	var messages []mailbox.Message
	for i, uid := range []string{"new", "planned", "deleted", "asked", "shared then", "shared now", "resized"} {
		messages = append(messages, mailbox.Message{
			ID: mailbox.ID(uid), Number: i + 1, UID: uid, Octets: 5, Certain: uid != "shared now",
		})
	}
	messages[6].Octets = 6
	plan, left, _ := before.Plan(mailbox.NewList(messages), triage.AtEnd, nil)
	before.Renumber(&plan)
	var numbers []int
	for _, s := range left {
		numbers = append(numbers, s.Number)
	}
	var got []string
	for _, s := range plan.Steps {
		got = append(got, fmt.Sprint(s.Mark, " ", s.Message.UID, " ", s.Message.Number))
	}
	if want := "delete planned 10, delete asked 11"; strings.Join(got, ", ") != want || !slices.Equal(numbers, []int{13, 14, 15}) || plan.Order != triage.AtEnd {
		t.Errorf("the plan is %q, %v are left alone", got, left)
	}
}

func TestStopIsToldInPlainWords(t *testing.T) {
	err := &StopError{Err: fmt.Errorf("waiting for the answer to DELE 3: %w", context.Canceled), Copied: 1}
	if got, want := err.Error(), "carrying out the marks: stopped: nothing is deleted that was not said to be; 1 message fetched and kept; run the same again to go on"; got != want {
		t.Errorf("it says %q", got)
	}
	err.Next = "look first"
	if !strings.HasSuffix(err.Error(), "; look first") {
		t.Errorf("it says %q", err)
	}
}

func TestWhatABrokenRunWasToFetchAndIsGoneIsToldOf(t *testing.T) {
	r := newRig(t, 5, pop3server.WithHooks(
		pop3server.Cut(pop3server.On("RETR 3").InSession(1), pop3server.Close),
	))
	if out := r.commit(order{marks: marked("FFFMF"), opts: Options{Request: "same"}}); out.err == nil || out.Fetched != 2 {
		t.Fatalf("the lost line is no error: %v, %+v", out.err, out.Summary)
	}
	runs, err := r.ledger.Runs(t.Context(), account)
	must(t, err)
	must(t, r.ledger.SetSteps(t.Context(), runs[0].ID, ledger.StepPlanned, 1))
	for _, n := range []int{1, 2, 3, 4} {
		r.drop.Remove(fmt.Sprint("uid-", n))
	}
	out := r.takeUp(t.Context(), "same", marked("FFFMF"))
	if out.err != nil || out.Fetched != 1 {
		t.Errorf("%v, %+v", out.err, out.Summary)
	}
	var failed []string
	for _, ev := range out.Failures {
		failed = append(failed, fmt.Sprint(ev.Action, " ", ev.UID, " ", ev.Number))
		if !errors.Is(ev.Err, mailbox.ErrGone) {
			t.Errorf("%v", ev.Err)
		}
	}
	if want := []string{"fetch uid-3 3", "move uid-4 4"}; !slices.Equal(failed, want) {
		t.Errorf("failed: %q, want %q", failed, want)
	}
	r.expect([]int{1, 2, 5}, "uid-5")
}

func TestWhatWasDoneIsNotLeft(t *testing.T) {
	const moves, fetches = byte(triage.Move), byte(triage.Fetch)
	listed := []mailbox.Message{{ID: "a", Number: 1, UID: "a", Octets: 6, Certain: true}}
	for name, tt := range map[string]struct {
		step ledger.Step
		list []mailbox.Message
		left int
	}{
		"moved, and gone":                {ledger.Step{UID: "twin", Octets: 5, Mark: moves, State: ledger.StepFetched}, nil, 0},
		"its DELE asked for, and gone":   {ledger.Step{UID: "twin", Octets: 5, Mark: moves, State: ledger.StepAsked}, nil, 0},
		"never fetched, and gone":        {ledger.Step{UID: "twin", Octets: 5, Mark: moves, State: ledger.StepPlanned}, nil, 1},
		"fetched, and of another size":   {ledger.Step{UID: "a", Octets: 5, Certain: true, Mark: fetches, State: ledger.StepFetched}, listed, 0},
		"to be moved, of another size":   {ledger.Step{UID: "a", Octets: 5, Certain: true, Mark: moves, State: ledger.StepFetched}, listed, 1},
		"to be fetched, of another size": {ledger.Step{UID: "a", Octets: 5, Certain: true, Mark: fetches, State: ledger.StepPlanned}, listed, 1},
	} {
		u := &Unfinished{steps: []ledger.Step{tt.step}}
		if _, left, _ := u.Plan(mailbox.NewList(tt.list), triage.AsReceived, nil); len(left) != tt.left {
			t.Errorf("%s: left is %+v", name, left)
		}
	}
}

func TestAnotherCommitInBetweenHidesNotThatAMessageWasNeverFetched(t *testing.T) {
	for name, certain := range map[string]bool{"by UIDL": true, "of a shared UIDL": false} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 2)
			_, err := r.ledger.BeginRun(t.Context(), ledger.Run{Account: account, Request: "--move 3", Destination: r.dest.String(), Steps: []ledger.Step{
				{Number: 3, UID: "gone", Octets: 5, Certain: certain, Mark: byte(triage.Move), State: ledger.StepPlanned},
			}})
			must(t, err)
			must(t, r.commit(order{marks: marked("D-"), opts: Options{Request: "--delete 1"}}).err)
			before, found, err := FindUnfinished(t.Context(), r.ledger, account, "--move 3")
			must(t, err)
			if !found || before.steps[0].State != ledger.StepPlanned {
				t.Errorf("found: %v, %+v", found, before)
			}
			if out := r.takeUp(t.Context(), "--move 3", nil); certain && (out.err != nil || out.Failed != 1) {
				t.Errorf("%v, %+v", out.err, out.Summary)
			}
		})
	}
}

// A run that has deleted something goes on being known for that when only what is left of it is written down.
func TestP3_WhatIsLeftOfARunWithoutUIDLRemembersThatNumbersHaveMoved(t *testing.T) {
	list := mailbox.NewList([]mailbox.Message{{ID: "\x001", Number: 1, Octets: 5}, {ID: "\x002", Number: 2, Octets: 5}})
	step := func(number int, state ledger.StepState) ledger.Step {
		return ledger.Step{Number: number, Octets: 5, Mark: byte(triage.Delete), State: state}
	}
	u := &Unfinished{steps: []ledger.Step{step(1, ledger.StepDeleted), step(2, ledger.StepPlanned)}}
	_, left, _ := u.Plan(list, triage.AsReceived, nil)
	if next := (&Unfinished{steps: left}); len(left) != 1 || !next.Shifted(list) {
		t.Errorf("left is %+v", left)
	}
	if u := (&Unfinished{steps: []ledger.Step{step(2, ledger.StepPlanned)}}); u.Shifted(list) {
		t.Error("where nothing was deleted the numbers are what they were")
	}
}

// The number of messages and their octets say nothing of it where all are of one size.
func TestP3_ARunWithoutUIDLKnowsThatALaterOneMayHaveMovedItsNumbers(t *testing.T) {
	list := mailbox.NewList([]mailbox.Message{{ID: "\x001", Number: 1, Octets: 5}, {ID: "\x002", Number: 2, Octets: 5}})
	for state, want := range map[ledger.StepState]bool{ledger.StepPlanned: false, ledger.StepAsked: true, ledger.StepDeleted: true} {
		r := newRig(t, 0)
		begin := func(request string) int64 {
			id, err := r.ledger.BeginRun(t.Context(), ledger.Run{Account: account, Request: request, Steps: []ledger.Step{
				{Number: 1, Octets: 5, Mark: byte(triage.Delete)},
			}})
			must(t, err)
			return id
		}
		begin("--delete 1")
		later := begin("--delete larger:1")
		if state == ledger.StepDeleted {
			must(t, r.ledger.StepsDeleted(t.Context(), later, 0))
			must(t, r.ledger.EndRun(t.Context(), later))
		} else {
			must(t, r.ledger.SetSteps(t.Context(), later, state, 0))
		}
		before, found, err := FindUnfinished(t.Context(), r.ledger, account, "--delete 1")
		must(t, err)
		if !found || before.Shifted(list) != want {
			t.Errorf("behind a run whose step is in state %d: shifted is %v", state, !want)
		}
	}
}

// A server that was moved gives its messages other UIDLs. None of them is gone.
func TestP4_UIDLsThatAreAllNewProveNoDeletionInALaterRun(t *testing.T) {
	for _, c := range []struct {
		letters string
		looked  bool
	}{{"D---D", false}, {"D---D", true}, {"DDDDD", false}, {"DF-M-", true}} {
		looked, marks := c.looked, len(strings.ReplaceAll(c.letters, "-", ""))
		r := lateRig(t, 5, asLong, true, pop3server.WithHooks(
			pop3server.Refuse(pop3server.On("RETR 2").InSession(1), "no"),
			pop3server.InSession(2, pop3server.Cut(pop3server.On(""), pop3server.Close)),
			pop3server.On("QUIT").InSession(1).Do(func(*pop3server.Event) pop3server.Action {
				return pop3server.Action{Skip: true, Then: pop3server.Close}
			}),
			pop3server.On("UIDL").Do(func(e *pop3server.Event) pop3server.Action {
				if e.Session < 3 {
					return pop3server.Action{}
				}
				return pop3server.Action{Skip: true, Answer: strings.NewReader("+OK\r\n1 new-1\r\n2 new-2\r\n3 new-3\r\n4 new-4\r\n5 new-5\r\n.\r\n")}
			})))
		if out := r.commit(order{marks: marked(c.letters), opts: Options{Request: "same"}}); out.err == nil {
			t.Fatal("the line did not break")
		}
		if looked {
			r.listNow()
		}
		other := r.commit(order{marks: marked("-----"), opts: Options{Request: "another", TakesUp: true}})
		if got := r.deletions(); len(got) > 0 || other.err != nil {
			t.Errorf("looked %v: the history says that %q are deleted: %v", looked, got, other.err)
		}
		before, found, err := FindUnfinished(t.Context(), r.ledger, account, "same")
		if err != nil || !found {
			t.Fatal(found, err)
		}
		plan, left, _ := before.Plan(r.listNow(), triage.AsReceived, nil)
		if len(plan.Steps) > 0 || len(left) != marks || left[0].State == ledger.StepFailed {
			t.Errorf("looked %v: %+v, left %+v", looked, plan, left)
		}
		for range 2 { // the same command means the same for as long as it is not forgotten
			if out := r.again("same"); out == nil || out.err != nil || out.Failed > 0 {
				t.Errorf("looked %v: %+v", looked, out)
			}
			before, found, err := FindUnfinished(t.Context(), r.ledger, account, "same")
			if err != nil || !found {
				t.Fatal(found, err)
			}
			if _, left, _ := before.Plan(r.listNow(), triage.AsReceived, nil); len(left) != marks {
				t.Errorf("looked %v: %d are left", looked, len(left))
			}
		}
		if got := r.deletions(); len(got) > 0 || len(r.drop.UIDLs()) != 5 {
			t.Errorf("looked %v: the history says that %q are deleted, and %q are there", looked, got, r.drop.UIDLs())
		}
	}
}

func TestP1_WhatIsTakenUpWithoutAHeader(t *testing.T) {
	list := func(lasts bool, uids ...string) *mailbox.List {
		var messages []mailbox.Message
		for i, uid := range uids {
			messages = append(messages, mailbox.Message{ID: mailbox.ID(uid), UID: uid, Number: i + 1, Octets: 50, Certain: true})
		}
		l := mailbox.NewList(messages)
		l.Lasts = lasts
		return l
	}
	for name, c := range map[string]struct {
		list    *mailbox.List
		gone    bool // c is deleted
		header  byte // of d
		doubted bool
		goes    bool // d is in the plan
	}{
		"it stands where it stood":                  {list(true, "a", "b", "c", "d", "e"), false, 0, false, true},
		"and one before it is deleted":              {list(true, "a", "b", "c", "d"), true, 0, false, false},
		"its header is known":                       {list(true, "a", "b", "c", "d"), true, 7, false, true},
		"another has the number of the deleted one": {list(true, "n", "a", "b", "d", "e"), true, 0, false, true},
		"it has moved":                              {list(true, "a", "b", "d", "e"), true, 0, false, true},
		"the run is doubted":                        {list(false, "a", "b", "c", "d"), false, 0, true, false},
		"doubted, and its header is known":          {list(false, "a", "b", "c", "d"), false, 7, true, true},
		"doubted, and it has moved":                 {list(false, "a", "b", "d", "e"), true, 0, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := ledger.OpenMemory()
			must(t, err)
			defer func() { must(t, l.Close()) }()
			run := ledger.Run{Account: account, Request: "same", Doubted: c.doubted}
			for i, uid := range []string{"c", "d"} {
				run.Steps = append(run.Steps, ledger.Step{Seq: i, Number: i + 3, UID: uid, Certain: true, Octets: 50, Mark: byte(triage.Delete)})
			}
			run.Steps[1].Header[0] = c.header
			if c.gone {
				run.Steps[0].State = ledger.StepDeleted
			}
			_, err = l.BeginRun(t.Context(), run)
			must(t, err)
			before, _, err := FindUnfinished(t.Context(), l, account, "same")
			must(t, err)
			plan, left, _ := before.Plan(c.list, triage.AsReceived, nil)
			goes := slices.ContainsFunc(plan.Steps, func(s triage.Step) bool { return s.Message.UID == "d" })
			at := slices.IndexFunc(left, func(s ledger.Step) bool { return s.UID == "d" })
			if goes != c.goes || (at < 0) != c.goes || at >= 0 && left[at].Certain {
				t.Errorf("in the plan: %v; left: %+v", goes, left)
			}
		})
	}
}
