package mailbox

import (
	"fmt"
	"strings"
	"testing"
)

// Where all octets are the same the UIDLs alone tell.
func TestP3_WhatShowsThatUIDLsStayWithTheNumbers(t *testing.T) {
	list := func(uids string, first int) []Message {
		var messages []Message
		for _, uid := range strings.Fields(uids) {
			messages = append(messages, Message{ID: ID(uid), UID: uid, Number: first + len(messages), Octets: 50, Certain: true})
			if uid == "other" {
				messages[len(messages)-1].Octets = 99
			}
		}
		return messages
	}
	for name, c := range map[string]struct {
		deles     []dele // of a b c d e
		committed bool
		now       string
		first     int // the number of the first message then
		want      int
	}{
		"they stay":                            {[]dele{0, promised, 0, 0, 0}, true, "a b c d", 1, 2},
		"and new mail has come":                {[]dele{0, promised, 0, 0, 0}, true, "a b c d e f", 1, 2},
		"two are gone":                         {[]dele{promised, 0, promised, 0, 0}, true, "a b c", 1, 1},
		"they move":                            {[]dele{0, promised, 0, 0, 0}, true, "a c d e", 1, 0},
		"they move, and one has come in front": {[]dele{0, 0, promised, 0, 0}, true, "n a b d e", 1, 0},
		"that one has the first's number":      {[]dele{promised, 0, 0, 0, 0}, true, "n b c d e", 1, 0},
		"one came where none is gone before":   {[]dele{0, 0, promised, 0, 0}, true, "a n c d", 1, 0},
		"they change places":                   {[]dele{0, promised, 0, 0, 0}, true, "a e c d", 1, 0},
		"one of other octets came before":      {[]dele{0, 0, promised, 0, 0}, true, "other b c d", 1, 0},
		"and behind":                           {[]dele{0, promised, 0, 0, 0}, true, "a b c other", 1, 2},
		"the numbers have a gap":               {[]dele{0, promised, 0, 0, 0}, true, "a b c d", 2, 0},
		"the last was deleted":                 {[]dele{0, 0, 0, 0, promised}, true, "a b c d", 1, 0},
		"nothing was deleted":                  {nil, true, "a b c d e", 1, 0},
		"DELE was refused":                     {[]dele{0, asked, 0, 0, 0}, true, "a b c d e", 1, 0},
		"QUIT unanswered, and one is gone":     {[]dele{0, asked, 0, 0, 0}, false, "a b c d", 1, 2},
		"QUIT unanswered, and none is gone":    {[]dele{0, promised, 0, 0, 0}, false, "a b c d e", 1, 0},
		"one is behind, and stays":             {[]dele{0, 0, 0, promised, 0}, true, "a b c d", 1, 4},
		"so it does with QUIT unanswered":      {[]dele{0, 0, 0, asked, 0}, false, "a b c d", 1, 4},
		"one of two was left":                  {[]dele{promised, promised, 0, 0, 0}, true, "a c d e", 1, 0},
		"one is behind, and moves":             {[]dele{0, 0, 0, promised, 0}, true, "a b c e", 1, 0},
		"one is behind, and nothing is gone":   {[]dele{0, 0, 0, promised, 0}, true, "a b c d e", 1, 4},
		"all are gone":                         {[]dele{0, promised, 0, 0, 0}, true, "", 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			d := departure{list: NewList(list("a b c d e", 1)), deles: c.deles, committed: c.committed}
			if got := d.staysFrom(list(c.now, c.first)); got != c.want {
				t.Errorf("they stay from %d on, want %d", got, c.want)
			}
		})
	}
}

// Octets speak for a server whose UIDLs stand where they stood only where they do so of each message: another client may have been there.
func TestP3_OctetsOfSomeMessagesAreNoProof(t *testing.T) {
	list := func(octets ...int64) []Message {
		var messages []Message
		for i, o := range octets {
			uid := fmt.Sprintf("%08d", i+1)
			messages = append(messages, Message{ID: ID(uid), UID: uid, Number: i + 1, Octets: o, Certain: true})
		}
		return messages
	}
	d := departure{list: NewList(list(30, 10, 20, 10, 20, 10)), deles: []dele{promised, 0, 0, 0, 0, 0}, committed: true}
	if got := d.staysFrom(list(10, 10, 20, 10)); got != 1 { // the third is gone as well
		t.Errorf("they stay from %d on, want 1", got)
	}
	if got := d.staysFrom(list(30, 10, 20, 10, 20, 10)); got != 0 { // nothing is gone yet
		t.Errorf("they stay from %d on where all is as it was", got)
	}
}

func TestWhichUIDLsMayBeMadeOfNumbers(t *testing.T) {
	for uids, want := range map[string]bool{
		"1 2 3":                            true,
		"0 1 2":                            true,
		"msg1 msg2 msg3":                   true,
		"00000001 00000002 00000003":       true,
		"1.50 2.60 3.50":                   true,
		"50.1 60.2 50.3":                   true,
		"0000000165af 0000000265af":        true,
		"x1 x2 x3 x4 x5 x6 x7 x8 x9 xa":    true,
		"4a1b2c3d-x 4a1b2c3d-y 4a1b2c3d-z": false,
		"17 28 39":                         false,
		"1 2 4":                            false,
		"one two three":                    false,
	} {
		var messages []Message
		for i, uid := range strings.Fields(uids) {
			messages = append(messages, Message{UID: uid, Number: i + 1})
		}
		if got := maybeNumbers(messages); got != want {
			t.Errorf("%s: %v", uids, got)
		}
	}
}
