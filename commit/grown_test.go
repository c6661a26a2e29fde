package commit

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"testing"

	"popmark/mailbox"
	"popmark/pop3server"
	"popmark/triage"
)

// grows has a server write fields into each message when its first session ends, as mailutils does.
func grows(t *testing.T, r func() *rig, fields string) pop3server.Option {
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
				drop.Add(pop3server.NewMessage(uid, bytes.Replace(text, []byte("\r\n\r\n"), []byte("\r\n"+fields+"\r\n"), 1)))
			}
		})
		return pop3server.Action{}
	}))
}

func TestP5_WhatAServerWritesIntoAHeaderMakesNoOtherMessageOfIt(t *testing.T) {
	var r *rig
	r = newRig(t, 6, grows(t, func() *rig { return r }, "X-UIDL: 0123456789abcdef.1\r\nX-UID: 1\r\nStatus: O\r\n"))
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
	for fields, want := range map[string]int{
		"X-UID: 1\r\nStatus: O\r\n": 2,
		"X-Other: 1\r\n":            0, // it may be another message
	} {
		t.Run(fmt.Sprint(want), func(t *testing.T) {
			var r *rig
			r = newRig(t, 3, grows(t, func() *rig { return r }, fields), pop3server.WithHooks(pop3server.InSession(1, pop3server.Cut(pop3server.On("DELE"), pop3server.Close))))
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
			_, left := before.Plan(box.List(), triage.AsReceived, nil)
			if len(left) != 2 {
				t.Fatalf("%d messages have other octets", len(left))
			}
			octets := make(map[mailbox.ID]int64)
			for _, s := range left {
				octets[mailbox.ID(s.UID)] = s.Octets
			}
			grown, err := box.GrownFrom(t.Context(), octets)
			must(t, err)
			if plan, _ := before.Plan(box.List(), triage.AsReceived, grown); len(plan.Steps) != want {
				t.Errorf("%d are taken up, want %d", len(plan.Steps), want)
			}
			must(t, box.Close())
		})
	}
}
