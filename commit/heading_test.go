package commit

import (
	"strings"
	"testing"

	"popmark/message"
)

func TestP2_WhatTellsWhoseATextIs(t *testing.T) {
	of := func(lines string) *heading {
		head := []byte(strings.ReplaceAll(lines, "\n", "\r\n") + "\r\n\r\n")
		var env message.Envelope
		message.Decoder{}.ReadEnvelope(&env, head)
		h := headingOf(&env, head, mostLines)
		return &h
	}
	for name, c := range map[string]struct {
		text       string
		own, other string
		octets     [3]int64 // the text's, and LIST's of its own message and of the other
		want       owner
	}{
		"a line of the other, and one of both is left out":  {"X-Both: 1\nX-B: 1", "X-Both: 1\nX-A: 1\nX-C: 1", "X-Both: 1\nX-B: 1\nX-C: 2", [3]int64{9, 9, 9}, ofAnother},
		"a line of its own, and one of both is left out":    {"X-Both: 1\nX-A: 1", "X-Both: 1\nX-A: 1\nX-C: 1", "X-Both: 1\nX-B: 1\nX-C: 2", [3]int64{9, 9, 9}, ofItsOwn},
		"all of its own, and not the other's line":          {"X-Both: 1\nX-Stamp: 1", "X-Both: 1", "X-Both: 1\nX-List: 1", [3]int64{9, 9, 9}, ofItsOwn},
		"all of the other's, and not its own line":          {"X-Both: 1\nX-Stamp: 1", "X-Both: 1\nX-List: 1", "X-Both: 1", [3]int64{9, 9, 9}, ofAnother},
		"its own subject, which a scanner marked":           {"From: a@x\nSubject: [SPAM] one", "From: a@x\nSubject: one", "From: a@x\nSubject: two", [3]int64{9, 9, 9}, ofItsOwn},
		"the other's subject, which a scanner marked":       {"From: a@x\nSubject: [SPAM] two", "From: a@x\nSubject: one", "From: a@x\nSubject: two", [3]int64{9, 9, 9}, ofAnother},
		"one header, and its own octets":                    {"X-Both: 1", "X-Both: 1", "X-Both: 1", [3]int64{5, 5, 9}, ofItsOwn},
		"one header, and the other's octets":                {"X-Both: 1", "X-Both: 1", "X-Both: 1", [3]int64{9, 5, 9}, ofAnother},
		"one header, and octets of neither":                 {"X-Both: 1", "X-Both: 1", "X-Both: 1", [3]int64{7, 5, 9}, ofEither},
		"one header, and the same octets":                   {"X-Both: 1", "X-Both: 1", "X-Both: 1", [3]int64{9, 9, 9}, ofEither},
		"a line of its own weighs more than LIST's octets":  {"X-A: 1", "X-A: 1", "X-B: 1", [3]int64{9, 5, 9}, ofItsOwn},
		"a line of the other's weighs more than the octets": {"X-B: 1", "X-A: 1", "X-B: 1", [3]int64{5, 5, 9}, ofAnother},
	} {
		t.Run(name, func(t *testing.T) {
			got := of(c.text).owner(c.octets[0], party{of(c.own), c.octets[1]}, party{of(c.other), c.octets[2]})
			if got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestWhatScannersMakeOfASubject(t *testing.T) {
	for marked, is := range map[string]bool{
		"[SPAM] offer": true, "offer [SPAM]": true, "offer[SPAM]": true, "offer [EXTERNAL]": true, "offer ***UCE***": true, "offer {Disarmed}": true,
		"offer (unsolicited)": true, "Offer <bulk>": true, "offer is spam": true, "[x] a offer": true,
		"offer": false, "offered spam": false, "offers [SPAM]": false, "offer (web1)": false, "offer external": false, "offer 2": false, "offers": false, "offer [": false, "offer []": false, "other": false, "offer, and more": false,
	} {
		if isMarked(marked, "offer") != is {
			t.Errorf("%q is a marked one: %v", marked, !is)
		}
	}
}
