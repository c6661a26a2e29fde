package ui

import (
	"strings"
	"testing"
	"time"

	"charm.land/bubbles/v2/spinner"
	"github.com/charmbracelet/x/ansi"

	"popmark/commit"
)

// ticks counts the spinner's timers that are set.
func (s *screen) ticks() (n int) {
	for _, msg := range s.timers {
		if _, ok := msg.(spinner.TickMsg); ok {
			n++
		}
	}
	return n
}

func TestTheSpinnerTurnsOnlyWhileTheServerIsWaitedFor(t *testing.T) {
	s := newScreen(t, 80, 24, sample())
	s.tick()
	s.press("j d u")
	if n := s.ticks(); n != 0 {
		t.Fatalf("an idle screen has %d ticks set", n)
	}
	s.m.open() // its command is left out: the server does not answer yet
	s.press("j")
	s.press("k")
	before := ansi.Strip(s.frame())
	for range 30 {
		if n := s.ticks(); n != 1 {
			t.Fatalf("%d ticks set while the server is waited for, want 1", n)
		}
		s.tick()
		s.frame()
	}
	s.tick()
	if ansi.Strip(s.frame()) == before {
		t.Error("the spinner does not turn")
	}
	s.send(openedMsg{})
	s.tick()
	if n := s.ticks(); n != 0 {
		t.Errorf("%d ticks set after the server answered", n)
	}
	if strings.Contains(ansi.Strip(s.frame()), string(s.m.spinnerNow())) {
		t.Error("the spinner is still there")
	}
}

func TestTheSpinnerTurnsWhileACommitWaitsForItsLine(t *testing.T) {
	s := committing(t, 80, 24)
	s.timers = nil
	s.m.Update(runMsg{})
	if n := s.ticks(); n != 0 {
		t.Fatalf("%d ticks set while octets come in", n)
	}
	s.m.Update(runMsg{events: []commit.Event{{Kind: commit.Reconnecting, Err: errLocked, Attempt: 1, Pause: 2 * time.Second}}})
	if n := s.ticks(); n != 1 {
		t.Fatalf("%d ticks set while the line is taken up again, want 1", n)
	}
	s.m.Update(runMsg{events: []commit.Event{{Kind: commit.Starting}}})
	s.tick()
	if n := s.ticks(); n != 0 {
		t.Errorf("%d ticks set after it is back", n)
	}
}

func TestTheProgressBarIsPlainTextInAsciiToo(t *testing.T) {
	s := committing(t, 80, 24)
	s.m.use(newGlyphs(false))
	for done := range 5 {
		s.m.run.octets, s.m.run.total = int64(done), 4
		want := strings.Repeat("=", 15*done) + strings.Repeat("-", 60-15*done)
		if line := strings.Split(ansi.Strip(s.frame()), "\n")[3]; !strings.Contains(line, want) {
			t.Errorf("at %d of 4: %q, want %q in it", done, line, want)
		}
	}
}
