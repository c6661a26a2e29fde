package commit

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"popmark/pop3server"
)

// Without a UIDL of its own a message is known by what it holds.
func TestP5_WhatHasNoUIDLIsFetchedOnce(t *testing.T) {
	for name, opts := range map[string][]pop3server.Option{
		"no UIDL":    {pop3server.Without("UIDL")},
		"one by one": {pop3server.Without("UIDL"), oneAtATime},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 3, opts...)
			fetch := func(marks string, o Options, fetched, kept, copies int) {
				t.Helper()
				out := r.commit(order{marks: marked(marks), opts: o})
				if out.err != nil || out.Fetched != fetched || out.Kept != kept || out.Failed != 0 || len(r.texts()) != copies {
					t.Errorf("%s: %v, %+v, %d copies", marks, out.err, out.Summary, len(r.texts()))
				}
			}
			fetch("FF-", Options{}, 2, 0, 2)
			fetch("FFF", Options{}, 1, 2, 3)
			fetch("FFF", Options{}, 0, 3, 3)
			fetch("--F", Options{Again: true}, 1, 0, 4)
			fetch("M--", Options{}, 1, 0, 5) // what is to be deleted may be another that says the same
			if n := len(r.drop.UIDLs()); n != 2 {
				t.Errorf("%d messages are left", n)
			}
		})
	}
}

// Messages that say the same are as many as there are, however many are put into place at a time.
func TestTwinsAreAllFetched(t *testing.T) {
	const many = 300
	r := newRig(t, 0)
	for range many {
		r.drop.Add(pop3server.NewMessage("twin", []byte("From: a@b.example\r\n\r\nthe same\r\n")))
	}
	for i, want := range []Summary{{Fetched: many}, {Kept: many}} {
		out := r.commit(order{marks: marked(strings.Repeat("F", many))})
		if out.err != nil || out.Fetched != want.Fetched || out.Kept != want.Kept || len(r.texts()) != many {
			t.Errorf("run %d: %v, %+v, %d copies", i, out.err, out.Summary, len(r.texts()))
		}
	}
}

// So it is where a run is killed at the wrong moment: names are written down before, that they are in place behind.
func TestP5_ACopyThatIsInPlaceAndNotWrittenDownIsNotMadeTwice(t *testing.T) {
	for name, opts := range map[string][]pop3server.Option{"with UIDL": nil, "no UIDL": {pop3server.Without("UIDL")}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 1, opts...)
			out := r.commit(order{marks: marked("F"), log: func(j journal) journal { return fullLog{j} }})
			if !errors.Is(out.err, errFull) || len(r.texts()) != 1 {
				t.Fatalf("%v, %d copies", out.err, len(r.texts()))
			}
			for range 2 {
				out = r.commit(order{marks: marked("F")})
				if out.err != nil || out.Kept != 1 || len(r.texts()) != 1 || len(r.historyOf("fetched")) != 1 {
					t.Errorf("again: %v, %+v, %d copies, %q", out.err, out.Summary, len(r.texts()), r.historyOf("fetched"))
				}
			}
		})
		t.Run(name+", and it is not there", func(t *testing.T) {
			r := newRig(t, 1, opts...)
			if out := r.commit(order{marks: marked("F"), log: func(j journal) journal { return fullLog{j} }}); !errors.Is(out.err, errFull) {
				t.Fatal(out.err)
			}
			must(t, removeAll(filepath.Join(r.path, "new")))
			if out := r.commit(order{marks: marked("F")}); out.err != nil || out.Fetched != 1 || len(r.texts()) != 1 {
				t.Errorf("%v, %+v, %d copies", out.err, out.Summary, len(r.texts()))
			}
		})
	}
}
