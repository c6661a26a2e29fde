package ui

import (
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"popmark/mailbox"
	"popmark/message"
)

func TestMouseIsOffUntilAskedFor(t *testing.T) {
	s := newScreen(t, 80, 24, many(10))
	if s.m.View().MouseMode != 0 {
		t.Error("the mouse is on")
	}
	s.press("M")
	if s.m.View().MouseMode == 0 {
		t.Error("M does not turn it on")
	}
	s.send(click(10, s.m.frame().listTop+3))
	if s.at() != 7 {
		t.Errorf("a click on the fourth row goes to %d, want 7", s.at())
	}
	s.send(wheelDown(10, 5))
	if s.at() != 4 {
		t.Errorf("the wheel goes to %d, want 4", s.at())
	}
}

func TestP3_UncertainMessagesAreSaid(t *testing.T) {
	mails := many(2)
	mails[1].noUIDL = true
	s := newScreen(t, 80, 24, mails).press("d")
	if !strings.Contains(string(s.m.note.text), "no UIDL") {
		t.Errorf("said %q", s.m.note.text)
	}
	if len(s.ledger.marks) != 0 {
		t.Errorf("a mark that has no name was kept: %v", s.ledger.marks)
	}
}

func TestPasteGoesIntoThePromptOnly(t *testing.T) {
	s := newScreen(t, 80, 24, many(5))
	s.send(paste("ddddcy"))
	if s.marksOf() != "-----" || s.m.mode != modeList || len(s.plans) != 0 {
		t.Fatalf("pasted text was taken for keys: %s", s.marksOf())
	}
	s.press("/")
	s.send(paste("subject:4\n\x1b[31m"))
	if got := s.m.prompt.value(); !strings.HasPrefix(got, "subject:4") || strings.ContainsAny(got, "\x1b\n") {
		t.Errorf("prompt %q", got)
	}
	s.frame()
}

func TestRowsInViewAreAskedFor(t *testing.T) {
	mails := many(100)
	for i := range mails {
		mails[i].unknown = true
	}
	s := newScreen(t, 80, 24, mails)
	if len(s.box.wanted) != 20 || s.box.wanted[0] != "uid00100" {
		t.Fatalf("asked for %d, first %v", len(s.box.wanted), s.box.wanted)
	}
	s.press("G")
	if len(s.box.wanted) != 20 || s.box.wanted[19] != "uid00001" {
		t.Errorf("after G asked for %v", s.box.wanted)
	}
	s.box.wanted = nil
	if s.press("k"); s.box.wanted != nil {
		t.Error("asked again though the rows in view are the same")
	}
}

func TestHeadersArriveInTheirRows(t *testing.T) {
	mails := many(3)
	mails[2].unknown = true
	s := newScreen(t, 80, 24, mails)
	known := *s.box.known["uid00001"]
	s.send(feedMsg{events: []mailbox.Event{mailbox.HeadersEvent{Headers: []mailbox.Header{{ID: "uid00003", Envelope: &known}}}}})
	if s.m.rows.known != 3 || !strings.Contains(strings.Split(ansi.Strip(s.frame()), "\n")[2], "Subject 1") {
		t.Errorf("the header did not come to its row:\n%s", ansi.Strip(s.frame()))
	}
}

// A header for which there is no memory is shown while it is in view, and nothing is sorted or filtered by it.
func TestP8_LentHeadersAreLetGoOutOfView(t *testing.T) {
	mails := many(100)
	for i := range mails {
		mails[i].unknown = true
	}
	s := newScreen(t, 80, 24, mails)
	lent := message.Decoder{}.Envelope([]byte("From: zoe@example.org\r\nSubject: only lent\r\n\r\n"))
	shows := func() bool { return strings.Contains(ansi.Strip(s.frame()), "only lent") }
	s.send(feedMsg{events: []mailbox.Event{mailbox.HeadersEvent{Headers: []mailbox.Header{{ID: "uid00100", Envelope: &lent, Lent: true}}}}})
	if !shows() || s.m.rows.known != 0 || s.m.envelope("uid00100") != &lent {
		t.Errorf("it is not shown, or taken for known (%d):\n%s", s.m.rows.known, ansi.Strip(s.frame()))
	}
	s.press("j") // still in view
	if !shows() {
		t.Error("it is gone though it is in view")
	}
	s.press("/")
	s.send(paste("subject:lent"))
	s.press("enter")
	if shows() {
		t.Error("it is filtered by")
	}
	s.press("esc")
	s.press("G")
	s.box.wanted = nil
	s.press("g")
	if shows() || s.m.envelope("uid00100") != nil || !slices.Contains(s.box.wanted, "uid00100") {
		t.Errorf("it was kept, or is not asked for again: %v", s.box.wanted)
	}
}
