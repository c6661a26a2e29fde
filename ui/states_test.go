package ui

import (
	"context"
	"errors"
	"fmt"
	imagecolor "image/color"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"popmark/commit"
	"popmark/ledger"
	"popmark/mailbox"
	"popmark/message"
	"popmark/pop3client"
	"popmark/triage"
)

// sizes are those that every state of the screen is looked at in.
var sizes = [][2]int{{80, 24}, {120, 40}, {40, 10}, {1, 1}}

// oddSizes must not break anything either.
var oddSizes = [][2]int{{2, 1}, {1, 2}, {3, 3}, {7, 5}, {16, 4}, {29, 9}, {30, 7}, {64, 6}, {111, 3}, {500, 200}}

// states are what the screen can show, each with the way to it.
var states = []struct {
	name string
	to   func(t testing.TB, w, h int) *screen
}{
	{"list", func(t testing.TB, w, h int) *screen { return newScreen(t, w, h, sample()) }},
	{"marked", func(t testing.TB, w, h int) *screen {
		return newScreen(t, w, h, sample()).press("d j f m j space space")
	}},
	{"range", func(t testing.TB, w, h int) *screen { return newScreen(t, w, h, sample()).press("j v j j") }},
	{"sorted", func(t testing.TB, w, h int) *screen { return newScreen(t, w, h, sample()).press("o g j") }},
	{"empty", func(t testing.TB, w, h int) *screen { return newScreen(t, w, h, nil) }},
	{"filter", func(t testing.TB, w, h int) *screen {
		return newScreen(t, w, h, sample()).press("/").typed("larger:10k")
	}},
	{"filter-mistake", func(t testing.TB, w, h int) *screen {
		return newScreen(t, w, h, sample()).press("/").typed("offers larger:huge")
	}},
	{"filtered", func(t testing.TB, w, h int) *screen {
		return newScreen(t, w, h, sample()).press("/").typed("larger:10k").press("enter")
	}},
	{"preview", func(t testing.TB, w, h int) *screen { return newScreen(t, w, h, sample()).press("j j j j enter") }},
	{"preview-part", func(t testing.TB, w, h int) *screen {
		mails := sample()
		mails[9].unknown, mails[9].header = false, mails[1].header
		mails[9].body = strings.Repeat("A line that a person wrote, and that is long enough to be wrapped in a narrow pane.\r\n", 60)
		return newScreen(t, w, h, mails).press("enter")
	}},
	{"preview-headers", func(t testing.TB, w, h int) *screen {
		return newScreen(t, w, h, sample()).press("j j j j enter h")
	}},
	{"preview-raw", func(t testing.TB, w, h int) *screen { return newScreen(t, w, h, sample()).press("j j j j enter r") }},
	{"preview-failed", func(t testing.TB, w, h int) *screen {
		return newScreen(t, w, h, sample(), func(s *screen, _ *Config) {
			s.box.topErr = errors.New("asking for message 10: the server said: -ERR no such message")
		}).press("enter")
	}},
	{"senders", func(t testing.TB, w, h int) *screen { return newScreen(t, w, h, sample()).press("b d") }},
	{"domains", func(t testing.TB, w, h int) *screen { return newScreen(t, w, h, sample()).press("b tab j") }},
	{"review", func(t testing.TB, w, h int) *screen { return newScreen(t, w, h, sample()).press("d f m c") }},
	{"committing", func(t testing.TB, w, h int) *screen { return committing(t, w, h) }},
	{"reconnecting", func(t testing.TB, w, h int) *screen {
		s := committing(t, w, h)
		s.m.Update(runMsg{events: []commit.Event{{Kind: commit.Reconnecting, Err: errors.New("the line broke"), Attempt: 1, Pause: 2 * time.Second}}})
		return s
	}},
	{"stopping", func(t testing.TB, w, h int) *screen { return committing(t, w, h).press("esc") }},
	{"summary", func(t testing.TB, w, h int) *screen { return newScreen(t, w, h, sample()).press("d f m c y") }},
	{"summary-failed", func(t testing.TB, w, h int) *screen { return failing(t, w, h) }},
	{"summary-broken", func(t testing.TB, w, h int) *screen {
		s := newScreen(t, w, h, sample())
		s.next = func(context.Context, triage.Plan) *fakeRun {
			run := &fakeRun{events: make(chan commit.Event), err: errors.New("committing: waiting for QUIT's answer: the connection was closed: run the same commit again")}
			run.summary = commit.Summary{Fetched: 1, Unknown: 2, Octets: 15_000, Elapsed: 1500 * time.Millisecond}
			close(run.events)
			return run
		}
		return s.press("d f m c y")
	}},
	{"help", func(t testing.TB, w, h int) *screen { return newScreen(t, w, h, sample()).press("?") }},
	{"dialogue", func(t testing.TB, w, h int) *screen {
		s := newScreen(t, w, h, sample())
		s.send(feedMsg{lines: []message.Safe{"S: +OK ready", "C: USER ann", "S: +OK", "C: PASS ***", "S: +OK logged in", "C: RETR 99", "S: -ERR no such message"}})
		return s.press("L")
	}},
	{"accounts", func(t testing.TB, w, h int) *screen {
		return newScreen(t, w, h, sample(), func(s *screen, _ *Config) {
			s.box.info.Warnings = []message.Safe{"LIST gave message 3 twice; the second line was passed over"}
		}).press("a")
	}},
	{"quit", func(t testing.TB, w, h int) *screen { return newScreen(t, w, h, sample()).press("d d q") }},
	{"connecting", func(t testing.TB, w, h int) *screen {
		s := newScreen(t, w, h, nil)
		m := newModel(t.Context(), s.m.cfg)
		m.after = s.m.after
		s.m = m
		s.m.Update(tea.WindowSizeMsg{Width: w, Height: h})
		s.m.Init()
		return s
	}},
	{"locked", func(t testing.TB, w, h int) *screen { return unopened(t, w, h, errLocked) }},
	{"refused", func(t testing.TB, w, h int) *screen {
		return unopened(t, w, h, fmt.Errorf("logging in as ann: %w", &pop3client.ServerError{Command: "PASS", Code: "AUTH", Text: "[AUTH] no"}))
	}},
	{"unreachable", func(t testing.TB, w, h int) *screen {
		return unopened(t, w, h, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")})
	}},
	{"lost", func(t testing.TB, w, h int) *screen {
		s := newScreen(t, w, h, sample())
		s.send(feedMsg{events: []mailbox.Event{mailbox.StateEvent{State: mailbox.Lost, Err: errors.New("reading: connection reset by peer")}}})
		return s
	}},
	{"released", func(t testing.TB, w, h int) *screen {
		s := newScreen(t, w, h, sample())
		s.send(feedMsg{events: []mailbox.Event{mailbox.StateEvent{State: mailbox.Released}}})
		return s
	}},
	{"broken-commit", func(t testing.TB, w, h int) *screen {
		return newScreen(t, w, h, sample(), func(s *screen, _ *Config) {
			s.ledger.runs = []ledger.Run{{Steps: []ledger.Step{
				{UID: "uid00003", Certain: true, Octets: -1, Mark: byte(triage.Delete), State: ledger.StepAsked},
				{UID: "uid00002", Certain: true, Octets: -1, Mark: byte(triage.Move), State: ledger.StepFetched},
				{UID: "uid00001", Certain: true, Octets: -1, Mark: byte(triage.Fetch), State: ledger.StepFetched},
				{UID: "uid00004", Octets: -1, Mark: byte(triage.Delete), State: ledger.StepPlanned},
			}}}
		})
	}},
	{"unbound", func(t testing.TB, w, h int) *screen { return newScreen(t, w, h, sample()).press("h") }},
}

// unopened is a screen whose mailbox can't be opened.
func unopened(t testing.TB, w, h int, err error) *screen {
	return newScreen(t, w, h, nil, func(s *screen, _ *Config) { s.box.openErr = err })
}

// committing is a screen in the middle of a commit.
func committing(t testing.TB, w, h int) *screen {
	s := newScreen(t, w, h, sample())
	s.next = func(context.Context, triage.Plan) *fakeRun {
		return &fakeRun{events: make(chan commit.Event, 8)}
	}
	s.press("d d f m m d c")
	s.m.pop()
	plan := s.m.review.plan
	s.m.startRun(plan) // its listener is left out: the test sends the events
	s.now = s.now.Add(4 * time.Second)
	at := func(i int, kind commit.Kind, run int64) commit.Event {
		m := plan.Steps[i].Message
		return commit.Event{
			Kind: kind, ID: m.ID, Number: m.Number, Action: plan.Steps[i].Mark, Octets: m.Octets, Total: m.Octets,
			RunOctets: run, RunTotal: plan.Download(),
		}
	}
	part := at(2, commit.Progress, 10_000)
	part.Octets = 6000
	s.m.Update(runMsg{events: []commit.Event{
		{Kind: commit.Starting, RunTotal: plan.Download()},
		at(0, commit.Deleted, 0),
		at(1, commit.Fetched, 4000), at(1, commit.Deleted, 4000), part,
	}})
	return s
}

// failing is a commit in which one message fails, with hostile words from the server.
func failing(t testing.TB, w, h int) *screen {
	s := newScreen(t, w, h, sample())
	s.next = func(_ context.Context, plan triage.Plan) *fakeRun {
		m := plan.Steps[1].Message
		failed := commit.Event{
			Kind: commit.Failed, ID: m.ID, Number: m.Number, Action: plan.Steps[1].Mark,
			Err: fmt.Errorf("fetching message %d: the server said: -ERR \x1b[31mdisk\x07 trouble", m.Number),
		}
		run := &fakeRun{events: make(chan commit.Event, 4)}
		run.summary = commit.Summary{Deleted: 1, Fetched: 1, Failed: 1, Committed: true, Octets: 15_000, Elapsed: 2 * time.Second, Failures: []commit.Event{failed}}
		first, third := plan.Steps[0].Message, plan.Steps[2].Message
		run.events <- commit.Event{Kind: commit.Fetched, ID: first.ID, Number: first.Number, Action: plan.Steps[0].Mark}
		run.events <- failed
		run.events <- commit.Event{Kind: commit.Deleted, ID: third.ID, Number: third.Number, Action: plan.Steps[2].Mark}
		run.events <- commit.Event{Kind: commit.Committed, Deleted: 1}
		close(run.events)
		return run
	}
	return s.press("d m f c y")
}

func TestScreens(t *testing.T) {
	for _, state := range states {
		for _, size := range sizes {
			t.Run(fmt.Sprintf("%s/%dx%d", state.name, size[0], size[1]), func(t *testing.T) {
				s := state.to(t, size[0], size[1])
				golden.RequireEqual(t, strings.ReplaceAll(ansi.Strip(s.frame()), "\n", "|\n")+"|\n")
			})
		}
	}
}

func TestScreensInColour(t *testing.T) {
	for _, background := range []struct {
		name string
		of   imagecolor.Color
	}{{"dark", imagecolor.Black}, {"light", imagecolor.White}} {
		t.Run(background.name, func(t *testing.T) {
			s := newScreen(t, 80, 14, sample())
			s.send(tea.BackgroundColorMsg{Color: background.of})
			golden.RequireEqual(t, s.press("d f m v j").frame())
		})
	}
}

// frame draws the screen and checks what must hold for every frame.
func (s *screen) frame() string {
	s.t.Helper()
	content := s.m.View().Content
	checkFrame(s.t, s.m, content)
	return content
}

// sgr is the one escape sequence that the screen draws with.
var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

// checkFrame asserts that a frame fills the terminal to the cell and holds no control characters but line ends and SGR.
func checkFrame(t testing.TB, m *model, content string) {
	t.Helper()
	if m.width <= 0 || m.height <= 0 {
		return
	}
	lines := strings.Split(content, "\n")
	if len(lines) != m.height {
		t.Errorf("%d lines on a terminal of %d", len(lines), m.height)
	}
	for i, text := range lines {
		if got := ansi.StringWidthWc(text); m.method == message.Wcwidth && got != m.width {
			t.Errorf("line %d takes %d cells of %d: %q", i+1, got, m.width, text)
		}
		plain := sgr.ReplaceAllString(text, "")
		if safe := message.MakeSafe(plain); string(safe) != plain {
			t.Errorf("line %d is not safe (P7): %q", i+1, plain)
		}
	}
}
