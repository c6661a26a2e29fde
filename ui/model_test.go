package ui

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"popmark/commit"
	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

func TestResizingInEveryState(t *testing.T) {
	for _, state := range states {
		t.Run(state.name, func(t *testing.T) {
			s := state.to(t, 80, 24)
			for _, size := range append(append(sizes[:len(sizes):len(sizes)], oddSizes...), [2]int{0, 0}, [2]int{80, 24}) {
				s.m.Update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
				s.frame()
			}
		})
	}
}

func TestGraphemesAreCountedOnceTheTerminalSaysSo(t *testing.T) {
	s := newScreen(t, 80, 24, many(1))
	s.send(tea.ModeReportMsg{Mode: ansi.ModeUnicodeCore, Value: ansi.ModeNotRecognized})
	if s.m.method != message.Wcwidth {
		t.Error("a terminal that does not know mode 2027 counts graphemes")
	}
	s.send(tea.ModeReportMsg{Mode: ansi.ModeUnicodeCore, Value: ansi.ModeReset})
	if s.m.method != message.Graphemes {
		t.Error("a terminal that knows mode 2027 does not count graphemes")
	}
}

func TestP7_NothingHostileReachesTheTerminal(t *testing.T) {
	const hostile = "a\x1b[2J\x1b]0;t\x07\x1b]8;;http://x\x1b\\\u009b31m\r\n\tb\u202eevil\u2066\u200b\U000e0041\x00"
	words := errors.New(hostile)
	mails := many(3)
	for i := range mails {
		mails[i].header = "From: " + hostile[:4] + " \"" + "x\x1b[1m\u202e" + "\" <a\x1b@example.org>\r\nSubject: " + "s\x1b]52;c;x\x07\u009b\u202e\u200b" + "\r\nX-Odd: \x1b[5m\r\n"
		mails[i].body = "text \x1b[31m red \u202e and\x08\x08 \u009b\r\n"
	}
	setting := func(s *screen, cfg *Config) {
		cfg.Title, cfg.Destination, cfg.Notice = "ann@"+hostile, "maildir:"+hostile, hostile
		s.box.info.Greeting = message.MakeSafe(hostile)
	}
	s := newScreen(t, 100, 40, mails, setting)
	s.frame()
	for _, keys := range []string{"enter", "h", "r", "r esc b", "b a", "esc L", "esc / x esc", "d c", "y", "esc ?"} {
		s.press(keys)
		s.frame()
	}
	s.send(feedMsg{
		lines: []message.Safe{message.MakeSafe("S: " + hostile)},
		events: []mailbox.Event{
			mailbox.WarningEvent{Text: message.MakeSafe(hostile)},
			mailbox.StateEvent{State: mailbox.Lost, Err: words},
			mailbox.HeadersEvent{Headers: []mailbox.Header{{ID: "uid00001", Err: words}}},
		},
	})
	s.frame()
	s.m.note = note{}
	s.press("esc L")
	s.frame()
	s.m.run.summary = &commit.Summary{Failed: 1, Failures: []commit.Event{{Action: triage.Move, Err: words}}}
	s.m.run.err, s.m.over, s.m.mode = words, nil, modeSummary
	s.frame()
	unopened(t, 80, 24, words).frame()
}

// TestAKeyCostsTheSameInAnyMailbox counts allocations, which follow the work and repeat, rather than time.
func TestAKeyCostsTheSameInAnyMailbox(t *testing.T) {
	small, large := newScreen(t, 120, 40, many(1_000)), newScreen(t, 120, 40, many(100_000))
	small.m.marks.ledger, large.m.marks.ledger = nil, nil
	work := func(s *screen, keys ...string) float64 {
		presses := make([]tea.KeyPressMsg, len(keys))
		for i, name := range keys {
			presses[i] = key(name)
		}
		return testing.AllocsPerRun(20, func() {
			for _, press := range presses {
				s.m.Update(press)
				_ = s.m.View()
			}
		})
	}
	for _, keys := range [][]string{{"j", "k"}, {"G", "g"}, {"ctrl+d", "ctrl+u"}, {"d", "k"}, {"space"}} {
		t.Run(fmt.Sprint(keys), func(t *testing.T) {
			few, all := work(small, keys...), work(large, keys...)
			if all > few*1.1+10 {
				t.Errorf("%.0f allocations among 1,000 messages, %.0f among 100,000", few, all)
			}
		})
	}
}

func BenchmarkKey(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newScreen(b, 120, 40, many(n))
			b.ReportAllocs()
			down, up := key("j"), key("k")
			for b.Loop() {
				s.m.Update(down)
				_ = s.m.View()
				s.m.Update(up)
				_ = s.m.View()
			}
		})
	}
}

func TestFormats(t *testing.T) {
	for _, tt := range []struct {
		n           int64
		short, long message.Safe
	}{
		{0, "0", "0 octets"},
		{1, "1", "1 octet"},
		{999, "999", "999 octets"},
		{1000, "1.0k", "1.0 KiB"},
		{1024 * 999, "999k", "999 KiB"},
		{1024 * 1023, "1.0M", "1.0 MiB"},
		{31_457_280, "30.0M", "30.0 MiB"},
		{131 << 20, "131M", "131 MiB"},
		{2 << 30, "2.0G", "2.0 GiB"},
		{-1, "?", "unknown size"},
	} {
		if got := octets(tt.n); got != tt.short || message.Width(got) > 5 {
			t.Errorf("octets(%d) = %q, want %q in five cells", tt.n, got, tt.short)
		}
		if got := longOctets(tt.n); got != tt.long {
			t.Errorf("longOctets(%d) = %q, want %q", tt.n, got, tt.long)
		}
	}
	for _, tt := range []struct {
		d    time.Duration
		want message.Safe
	}{{400 * time.Millisecond, "0.4 s"}, {3 * time.Second, "3 s"}, {200 * time.Second, "3 min 20 s"}, {2*time.Hour + 5*time.Minute, "2 h 5 min"}} {
		if got := span(tt.d); got != tt.want {
			t.Errorf("span(%v) = %q, want %q", tt.d, got, tt.want)
		}
	}
	for _, tt := range []struct {
		at   time.Time
		want message.Safe
	}{
		{testNow.Add(-time.Hour), "14:04"},
		{testNow.AddDate(0, 0, -3), "Nov 19"},
		{testNow.AddDate(-2, 0, 0), "Nov 2024"},
		{testNow.AddDate(3, 0, 0), "Nov 2029"},
		{time.Date(-400, 1, 1, 0, 0, 0, 0, time.UTC), "?"},
	} {
		if got := shortDate(tt.at, testNow); got != tt.want || message.Width(got) > 8 {
			t.Errorf("shortDate(%v) = %q, want %q", tt.at, got, tt.want)
		}
	}
}

func TestWrapLosesNothing(t *testing.T) {
	for _, text := range []message.Safe{
		"", "one", "a line that is longer than its pane and has words", "oneverylongwordwithoutanyspaceatall",
		"关于下周会议的安排和其他事情", "mixed 关于下周 words 会议的 here", "trailing   spaces   in  here",
	} {
		for cells := 2; cells < 40; cells += 3 {
			all := ""
			for _, part := range wrap(message.Wcwidth, text, cells) {
				if got := message.Width(part); got > cells {
					t.Errorf("wrap(%q, %d) gives %q, %d cells", text, cells, part, got)
				}
				all += string(part)
			}
			if squeeze(all) != squeeze(string(text)) {
				t.Errorf("wrap(%q, %d) loses text: %q", text, cells, all)
			}
		}
	}
}

func squeeze(s string) string {
	out := ""
	for _, r := range s {
		if r != ' ' {
			out += string(r)
		}
	}
	return out
}

func TestTheFeedKeepsTheLastOfTheDialogue(t *testing.T) {
	f := NewFeed()
	for i := range 5 * dialogueLines {
		f.Line(message.Safe(fmt.Sprint(i)))
	}
	got := f.take()
	if n := len(got.lines); n > 2*dialogueLines || n < dialogueLines || got.lines[n-1] != message.Safe(fmt.Sprint(5*dialogueLines-1)) {
		t.Errorf("%d lines, the last %q", n, got.lines[n-1])
	}
	s := newScreen(t, 80, 24, nil)
	s.send(got)
	for range 5 {
		s.send(feedMsg{lines: got.lines[:dialogueLines]})
	}
	if n := len(s.m.dialogue.lines); n > dialogueLines*5/4 {
		t.Errorf("the screen keeps %d lines", n)
	}
}

func TestTheDialogueFollowsUntilScrolledBack(t *testing.T) {
	s := newScreen(t, 80, 24, nil).press("L")
	say := func(n int) {
		lines := make([]message.Safe, n)
		for i := range lines {
			lines[i] = "S: +OK"
		}
		s.send(feedMsg{lines: lines})
	}
	say(100)
	end := s.m.scroll[modeDialogue]
	if end != 100-s.m.textHeight() {
		t.Fatalf("scrolled to %d", end)
	}
	s.press("k")
	say(10)
	if got := s.m.scroll[modeDialogue]; got != end-1 {
		t.Errorf("new lines moved what is read: %d, want %d", got, end-1)
	}
	s.press("G")
	say(10)
	if got := s.m.scroll[modeDialogue]; got != 120-s.m.textHeight() {
		t.Errorf("after G it does not follow: %d", got)
	}
}

// TestAnyKeysInAnyOrder presses keys at random on random sizes: every frame is whole, and nothing is committed
// without a review's yes.
func TestAnyKeysInAnyOrder(t *testing.T) {
	names := strings.Fields("j k g G d f m s space v * u ctrl+r enter J K h r + / esc o O b tab c y n L R a ? q M x 1 : - ctrl+u")
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 7))
		s := newScreen(t, random.IntN(130), random.IntN(45), sample())
		var pressed []string
		for range 60 {
			name := names[random.IntN(len(names))]
			pressed = append(pressed, name)
			reviewing, plans := s.m.top() == modeReview, len(s.plans)
			s.press(name)
			if random.IntN(10) == 0 {
				s.m.Update(tea.WindowSizeMsg{Width: random.IntN(130), Height: random.IntN(45)})
			}
			s.frame()
			if len(s.plans) > plans && (!reviewing || name != "y") {
				t.Fatalf("seed %d: %q committed outside the review, after %v", seed, name, pressed)
			}
			if t.Failed() {
				t.Fatalf("seed %d, after %v", seed, pressed)
			}
			if s.quit {
				break
			}
		}
	}
}
