package ui

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"popmark/commit"
	"popmark/mailbox"
	"popmark/triage"
)

func TestMarksOfMessagesThatAreGoneAreCounted(t *testing.T) {
	s := newScreen(t, 100, 24, many(5)).press("d d d")
	s.box.mails = s.box.mails[:3]
	s.box.relist()
	s.box.list.Generation = 2
	s.press("R")
	s.says("2 marked messages no longer in the mailbox")
	if got := s.marksOf(); got != "--D" {
		t.Errorf("marks %s", got)
	}
	s.press("R")
	s.saysNot("no longer in the mailbox")
}

// Such a message may be there under another ID; its UIDL may bring the mark back on another one, from the ledger too.
func TestP1_AMarkDoesNotOutliveTheNameOfItsMessage(t *testing.T) {
	s := newScreen(t, 100, 24, many(5)).press("d d d")
	if len(s.ledger.marks) != 3 {
		t.Fatalf("kept: %v", s.ledger.marks)
	}
	s.box.disowned = map[mailbox.ID]bool{"uid00005": true}
	whole := s.box.mails
	s.box.mails = whole[:4]
	s.box.relist()
	s.box.list.Generation = 2
	s.press("R")
	s.saysNot("no longer in the mailbox")
	if _, kept := s.ledger.marks["uid00005"]; kept || len(s.ledger.marks) != 2 {
		t.Errorf("kept: %v", s.ledger.marks)
	}
	s.box.mails = whole
	s.box.relist()
	s.box.list.Generation = 3
	s.press("R")
	if got := s.marksOf(); got != "--DD-" {
		t.Errorf("marks %s", got)
	}
}

func TestP1_TheMarkOfAMessageThatIsAnotherComesOff(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"another":        {commit.ErrReplaced, "D----"},
		"may be another": {fmt.Errorf("message 2: %w", commit.ErrShifted), "D----"},
		"refused":        {errors.New("no"), "DD---"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScreen(t, 100, 24, many(5)).press("G d")
			s.press("k d")
			s.m.startRun(triage.Plan{Steps: s.stepsOf("DD---")})
			s.m.Update(runMsg{events: []commit.Event{{Kind: commit.Failed, ID: s.box.list.Messages[1].ID, Err: tt.err}}, last: true, summary: commit.Summary{Failed: 1}})
			if got := s.marksOf(); got != tt.want {
				t.Errorf("marks %s, want %s", got, tt.want)
			}
		})
	}
}

func TestP4_WhatWasFoundGoneIsCountedByItsSize(t *testing.T) {
	for _, tt := range []struct {
		name    string
		summary commit.Summary
		want    string
		marks   string
	}{
		{"all of it", commit.Summary{Deleted: 4, Committed: true}, "7.0 MiB freed on the server", "----F--F--"},
		{"it is not told which", commit.Summary{Deleted: 3, Unknown: 2}, "deleted     on the server", "----FDDFDD"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScreen(t, 100, 24, sample())
			s.m.startRun(triage.Plan{Steps: s.stepsOf("----FDDFDD")})
			s.m.Update(runMsg{events: []commit.Event{{Kind: commit.Reconnecting}}, last: true, summary: tt.summary})
			s.says(tt.want)
			s.saysNot("0 octets freed")
			if got := s.marksOf(); got != tt.marks {
				t.Errorf("marks %s, want %s", got, tt.marks)
			}
		})
	}
}

func TestTheTitleSaysHowMuchWasCarriedOut(t *testing.T) {
	for _, tt := range []struct {
		summary commit.Summary
		says    string
	}{
		{commit.Summary{Failed: 3, Committed: true}, "Nothing was carried out"},
		{commit.Summary{Failed: 2, Fetched: 1, Committed: true}, "Committed, but not all of it"},
		{commit.Summary{Failed: 2, Kept: 1, Committed: true}, "Committed, but not all of it"},
		{commit.Summary{Failed: 2, Deleted: 1, Committed: true}, "Committed, but not all of it"},
		{commit.Summary{Failed: 3, Unknown: 1, Committed: true}, "Committed, but not all of it"},
		{commit.Summary{Deleted: 3, Committed: true}, "Committed"},
	} {
		s := newScreen(t, 100, 24, sample())
		s.m.startRun(triage.Plan{Steps: s.stepsOf("----DDD---")})
		s.m.Update(runMsg{last: true, summary: tt.summary})
		s.says(tt.says)
	}
}

func TestWhatIsUnknownIsNotSaidToBeLeft(t *testing.T) {
	for _, tt := range []struct {
		summary commit.Summary
		says    string
		not     string
	}{
		{commit.Summary{Unknown: 2, Failed: 2, Unclear: 2}, "2  unknown", "left as they were"},
		{commit.Summary{Unknown: 2, Failed: 3, Unclear: 2}, "1  failed", "3  failed"},
		{commit.Summary{Unknown: 2, Failed: 1}, "1  failed", "0  failed"},
	} {
		s := newScreen(t, 100, 24, sample())
		s.m.startRun(triage.Plan{Steps: s.stepsOf("----FDDFDD")})
		s.m.Update(runMsg{events: []commit.Event{{Kind: commit.Reconnecting}}, last: true, summary: tt.summary})
		s.says(tt.says)
		s.saysNot(tt.not)
	}
}

func TestASizeThatTheServerDoesNotTell(t *testing.T) {
	mails := many(4)
	for i := range mails[:3] {
		mails[i].octets = -1
	}
	s := newScreen(t, 120, 30, mails).press("d d d d")
	s.says("   ?")
	if got := s.m.marks.freed(); got != mails[3].octets {
		t.Errorf("the marks would free %d octets, want %d", got, mails[3].octets)
	}
	for _, keys := range []string{"enter", "esc b", "b o o", "g c", "y"} {
		s.press(keys)
		s.frame()
	}
	s.saysNot("-1")
}

func TestALongSummarySaysThatItScrolls(t *testing.T) {
	if text := ansi.Strip(failing(t, 80, 24).frame()); strings.Contains(text, "j down") {
		t.Errorf("a short one does too:\n%s", text)
	}
	s := failing(t, 80, 10)
	s.says("j down")
	s.says("back")
}

// TestChecksLineUp compares where words begin below each other.
func TestChecksLineUp(t *testing.T) {
	mails := sample()[:1]
	mails[0].header += "Authentication-Results: mx.example.org; spf=neutral smtp.mailfrom=bob@example.org\r\n"
	s := newScreen(t, 80, 40, mails).press("enter")
	text := ansi.Strip(s.frame())
	column := func(label string) int {
		for row := range strings.Lines(text) {
			if _, value, found := strings.Cut(row, label); found {
				return len(row) - len(strings.TrimLeft(value, " "))
			}
		}
		t.Fatalf("no %s in:\n%s", label, text)
		return 0
	}
	if from, checks := column("From:"), column("Checks:"); from != checks {
		t.Errorf("values begin in column %d and %d:\n%s", from, checks, text)
	}
}

// stepsOf makes steps of letters in message order.
func (s *screen) stepsOf(letters string) (steps []triage.Step) {
	for i, letter := range letters {
		for mark := triage.Delete; mark <= triage.Move; mark++ {
			if mark.Letter() == string(letter) {
				m := s.box.list.Messages[i]
				steps = append(steps, triage.Step{Mark: mark, Message: m})
				s.m.marks.set(mark, m.ID)
			}
		}
	}
	return steps
}
