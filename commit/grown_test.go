package commit

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"popmark/ledger"
	"popmark/mailbox"
	"popmark/pop3server"
	"popmark/triage"
)

// grows has a server write fields into each message when its first session ends, as mailutils does.
func grows(t *testing.T, r func() *rig, fields func(uid string) string) pop3server.Option {
	var once sync.Once
	return pop3server.WithHooks(pop3server.On("").InSession(2).Do(func(*pop3server.Event) pop3server.Action {
		once.Do(func() {
			drop := r().drop
			old := drop.Snapshot()
			for i, uid := range drop.UIDLs() {
				in, err := old.Open(i + 1)
				must(t, err)
				text, err := io.ReadAll(in)
				must(t, err)
				drop.Remove(uid)
				drop.Add(pop3server.NewMessage(uid, bytes.Replace(text, []byte("\r\n\r\n"), []byte("\r\n"+fields(uid)+"\r\n"), 1)))
			}
		})
		return pop3server.Action{}
	}))
}

func asMailutils(uid string) string { return "X-UIDL: " + uid + "\r\nX-UID: 1\r\nStatus: O\r\n" }

func TestP5_WhatAServerWritesIntoAHeaderMakesNoOtherMessageOfIt(t *testing.T) {
	var r *rig
	r = newRig(t, 6, grows(t, func() *rig { return r }, asMailutils))
	out := r.commit(order{marks: marked("DMDMD-"), opts: Options{}, plan: func(p *triage.Plan) { p.Checkpoint = 1 }})
	if out.err != nil || out.Deleted != 5 || out.Failed != 0 {
		t.Errorf("%v, %+v", out.err, out.Summary)
	}
	if left := r.drop.UIDLs(); len(left) != 1 || left[0] != "uid-6" {
		t.Errorf("%q are left", left)
	}
}

// So it is where the commit is taken up by another process.
func TestP5_AMessageThatHasGrownIsTakenUp(t *testing.T) {
	for name, tt := range map[string]struct {
		fields func(uid string) string
		want   int
	}{
		"by what mailutils adds": {asMailutils, 2},
		"by something else":      {func(string) string { return "X-Other: 1\r\n" }, 0}, // it may be another message
		"without its UIDL":       {func(string) string { return "Status: O\r\n" }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var r *rig
			r = newRig(t, 3, grows(t, func() *rig { return r }, tt.fields), pop3server.WithHooks(pop3server.InSession(1, pop3server.Cut(pop3server.On("DELE"), pop3server.Close))))
			opts := Options{Request: "--delete 1,2", Holds: true}
			if out := r.commit(order{marks: marked("DD-"), opts: opts}); out.err == nil && out.Failed == 0 {
				t.Fatalf("it did not break: %+v", out.Summary)
			}
			box := r.connect()
			must(t, box.Open(t.Context()))
			before, found, err := FindUnfinished(t.Context(), r.ledger, account, opts.Request)
			if err != nil || !found {
				t.Fatalf("found %v, %v", found, err)
			}
			_, left, _ := before.Plan(box.List(), triage.AsReceived, nil)
			if len(left) != 2 {
				t.Fatalf("%d messages have other octets", len(left))
			}
			octets := make(map[mailbox.ID]int64)
			for _, s := range left {
				octets[mailbox.ID(s.UID)] = s.Octets
			}
			grown, err := box.GrownFrom(t.Context(), octets)
			must(t, err)
			if plan, _, _ := before.Plan(box.List(), triage.AsReceived, grown); len(plan.Steps) != tt.want {
				t.Errorf("%d are taken up, want %d", len(plan.Steps), tt.want)
			}
			must(t, box.Close())
		})
	}
}

// What is known of the message that was marked has to be what its header says now.
func TestP3_AnotherMessageOfTheSameUIDLIsNotTakenForOneThatHasGrown(t *testing.T) {
	var r *rig
	swap := pop3server.On("").InSession(2).Do(func(*pop3server.Event) pop3server.Action {
		old := r.drop.Snapshot().Octets(1)
		r.drop.Remove("uid-1")
		text := "From: b@c.example\r\nSubject: invoice, keep it\r\n" + asMailutils("uid-1") + "\r\n"
		for int64(len(text)) < old+int64(len("Status: O\r\n")) {
			text = strings.TrimSuffix(text, "\r\n") + "y\r\n"
		}
		r.drop.Add(pop3server.NewMessage("uid-1", []byte(text)))
		return pop3server.Action{}
	})
	r = newRig(t, 0, pop3server.WithHooks(swap, pop3server.InSession(1, pop3server.Cut(pop3server.On("DELE"), pop3server.Close))))
	r.drop.Add(pop3server.NewMessage("uid-1", []byte("From: a@b.example\r\nSubject: spam\r\n\r\n"+strings.Repeat("x", 200)+"\r\n")))
	opts := Options{Request: "--delete 1", Holds: true}
	r.commit(order{marks: marked("D"), headers: true, opts: opts})
	box := r.connect()
	defer func() { must(t, box.Close()) }()
	must(t, box.Open(t.Context()))
	before, found, err := FindUnfinished(t.Context(), r.ledger, account, opts.Request)
	if err != nil || !found {
		t.Fatalf("found %v, %v", found, err)
	}
	id := box.List().Messages[0].ID
	grown, err := box.GrownFrom(t.Context(), map[mailbox.ID]int64{id: before.steps[0].Octets})
	if err != nil || len(grown) != 1 {
		t.Fatalf("%d have grown, %v: the test is about one that seems so", len(grown), err)
	}
	if plan, left, _ := before.Plan(box.List(), triage.AsReceived, grown); len(plan.Steps) != 0 || len(left) != 1 {
		t.Errorf("%d are taken up, %d are left", len(plan.Steps), len(left))
	}
}

// One of two that bear a UIDL stays one of two when the other is gone.
func TestP3_WhatWasSeenToBeSharedIsNeverCertainAgain(t *testing.T) {
	u := &Unfinished{steps: []ledger.Step{{UID: "shared", Octets: 5, Certain: true, Mark: byte(triage.Delete)}}}
	two := []mailbox.Message{{Number: 1, UID: "shared", Octets: 5}, {Number: 2, UID: "shared", Octets: 5}}
	plan, left, _ := u.Plan(mailbox.NewList(two), triage.AsReceived, nil)
	if len(plan.Steps) != 0 || len(left) != 1 {
		t.Fatalf("%d are taken up, %d are left", len(plan.Steps), len(left))
	}
	one := []mailbox.Message{{ID: "shared", Number: 1, UID: "shared", Octets: 5, Certain: true}}
	if plan, left, _ = (&Unfinished{steps: left}).Plan(mailbox.NewList(one), triage.AsReceived, nil); len(plan.Steps) != 0 || len(left) != 1 {
		t.Errorf("then %d are taken up, %d are left", len(plan.Steps), len(left))
	}
}

func TestWhatWasFetchedIsNotLeft(t *testing.T) {
	u := &Unfinished{steps: []ledger.Step{{UID: "twin", Octets: 5, Mark: byte(triage.Fetch), State: ledger.StepFetched}}}
	for _, there := range [][]mailbox.Message{nil, {{Number: 1, UID: "twin", Octets: 5}, {Number: 2, UID: "twin", Octets: 5}}} {
		if plan, left, _ := u.Plan(mailbox.NewList(there), triage.AsReceived, nil); len(plan.Steps)+len(left) != 0 {
			t.Errorf("of %d messages %d are taken up, %d are left", len(there), len(plan.Steps), len(left))
		}
	}
}

func TestP5_WhatWasFetchedBeforeItGrewIsNotFetchedTwice(t *testing.T) {
	for name, tt := range map[string]struct {
		fields func(uid string) string
		marks  string
		copies int
	}{
		"by what mailutils adds": {asMailutils, "F", 1},
		"moved":                  {asMailutils, "M", 2}, // before its DELE the copy is made of what is there
		"without its UIDL":       {func(string) string { return "Status: O\r\n" }, "F", 2},
		"by something else":      {func(uid string) string { return "X-UIDL: " + uid + "\r\nX-Other: 1\r\n" }, "F", 2},
	} {
		t.Run(name, func(t *testing.T) {
			var r *rig
			r = newRig(t, 1, grows(t, func() *rig { return r }, tt.fields))
			must(t, r.commit(order{marks: marked("F")}).err)
			var looks []int
			for range 2 {
				out := r.commit(order{marks: marked(tt.marks)})
				if out.err != nil || len(r.texts()) != tt.copies {
					t.Errorf("%v, %+v, %d copies", out.err, out.Summary, len(r.texts()))
				}
				looks = append(looks, strings.Count(strings.Join(r.server.SessionCommands(r.server.Sessions()), "\n"), "TOP"))
				if tt.marks == "M" {
					break
				}
			}
			if tt.copies == 1 && !slices.Equal(looks, []int{1, 0}) {
				t.Errorf("the header was asked for %v times", looks)
			}
			if out := r.commit(order{marks: marked("F"), opts: Options{Again: true}}); tt.marks == "F" && out.Fetched != 1 {
				t.Errorf("again: %+v", out.Summary)
			}
		})
	}
}
