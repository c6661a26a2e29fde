package ui

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// from is a mailbox with one message of each sender; the first is the largest.
func from(senders ...string) []fakeMail {
	mails := make([]fakeMail, len(senders))
	for i, sender := range senders {
		mails[i] = fakeMail{octets: int64(1000 - i), header: "From: " + sender + "\r\nSubject: x\r\n"}
	}
	return mails
}

func TestP1_AGroupIsShownWithoutOthersLikeIt(t *testing.T) {
	for _, tt := range []struct {
		name, keys string
		senders    []string
		marks      string
	}{
		{
			"sender", "b enter * d",
			[]string{"a@example.org", "aa@example.org", "a@example.org.evil.test", `"a@example.org" <x@evil.test>`, "A@Example.ORG", "<a@example.com>"},
			"D---D-",
		},
		{
			"domain", "b tab enter * d",
			[]string{"a@example.org", "b@notexample.org", "c@example.org.evil.test", `"example.org" <x@evil.test>`, "d@EXAMPLE.org", "e@sub.example.org"},
			"D---D-",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mails := from(tt.senders...)
			mails[0].octets = 1 << 30
			s := newScreen(t, 100, 24, mails).press(tt.keys)
			if got := s.marksOf(); got != tt.marks {
				t.Errorf("marks %s, want %s", got, tt.marks)
			}
			if n := len(s.m.rows.shown); n != strings.Count(tt.marks, "D") {
				t.Errorf("%d rows are shown", n)
			}
			s.frame()
		})
	}
}

func TestLookingAtAGroupAndBack(t *testing.T) {
	s := newScreen(t, 100, 24, from("a@x.org", "b@x.org", "c@x.org", "b@x.org")).press("/").typed("larger:10").press("enter b j")
	name := s.m.senders.groups[1].Name
	s.press("enter j")
	if foot := ansi.Strip(s.frame()); !strings.Contains(foot, fmt.Sprintf("of %s", name)) {
		t.Errorf("the foot does not say whose messages these are:\n%s", foot)
	}
	if s.press("b"); s.m.senders.cursor != 1 || len(s.m.senders.groups) != 3 {
		t.Errorf("back among the senders the cursor is on %d of %d", s.m.senders.cursor, len(s.m.senders.groups))
	}
	if s.press("b b"); s.m.senders.cursor != 1 {
		t.Errorf("after the list the cursor is on %d", s.m.senders.cursor)
	}
	s.press("enter esc")
	if s.m.rows.group != nil || s.m.rows.query == nil || len(s.m.rows.shown) != 4 {
		t.Errorf("esc takes off more than the group, or not even that: %d rows", len(s.m.rows.shown))
	}
	if s.press("esc"); s.m.rows.filtered() {
		t.Error("the second esc does not take the filter off")
	}
	s.press("b enter /").typed("from:a")
	if s.m.rows.group != nil {
		t.Error("a query does not take the group's place")
	}
}
