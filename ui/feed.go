package ui

import (
	"slices"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"popmark/mailbox"
	"popmark/message"
)

// dialogueLines is how much of the dialogue is kept.
const dialogueLines = 1000

// Feed carries what happens elsewhere to the screen: a mailbox's events and the dialogue's lines. It may be fed
// from many goroutines, before there is a screen and after it, and never blocks: of the dialogue it keeps the
// last thousand lines, and headers are bounded by the mailbox's messages.
type Feed struct {
	mu     sync.Mutex
	events []mailbox.Event
	lines  []message.Safe
	wait   *waitMsg
	shown  map[mailbox.ID][]message.Safe
	filled chan struct{}
}

// How much of what previews showed is kept for the history.
const (
	shownMessages = 1000
	shownLines    = 10
)

// NewFeed makes an empty feed.
func NewFeed() *Feed { return &Feed{filled: make(chan struct{}, 1)} }

// Event takes an event of a mailbox in. It fits mailbox.Config's Notify.
func (f *Feed) Event(e mailbox.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, e)
	f.signal()
}

// Waiting says that whoever connects waits before it tries again, and why: the screen counts down. It fits
// account.Settings' Waiting.
func (f *Feed) Waiting(err error, pause time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wait = &waitMsg{err, pause}
	f.signal()
}

// Shown gives the first lines that the preview showed of a message, nil where it showed none. It fits
// commit.Options' Lines: the history then remembers what a deleted message looked like.
func (f *Feed) Shown(id mailbox.ID) []message.Safe {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.shown[id]
}

func (f *Feed) remember(id mailbox.ID, lines []message.Safe) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.shown == nil || len(f.shown) >= shownMessages {
		f.shown = make(map[mailbox.ID][]message.Safe)
	}
	f.shown[id] = slices.Clone(lines[:min(len(lines), shownLines)])
}

// Line takes a line of the dialogue in, which must hold no secret: "C: …" or "S: …".
func (f *Feed) Line(text message.Safe) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.lines) == 2*dialogueLines {
		f.lines = append(f.lines[:0], f.lines[dialogueLines:]...)
	}
	f.lines = append(f.lines, text)
	f.signal()
}

func (f *Feed) signal() {
	select {
	case f.filled <- struct{}{}:
	default:
	}
}

// feedMsg is what came in since the last one.
type feedMsg struct {
	events []mailbox.Event
	lines  []message.Safe
	wait   *waitMsg // the latest, or nil
}

// waitMsg is a pause before another try.
type waitMsg struct {
	err   error
	pause time.Duration
}

// Take gives what came in as the message that the screen takes, for programs that drive [New]'s model themselves.
func (f *Feed) Take() tea.Msg { return f.take() }

func (f *Feed) take() feedMsg {
	f.mu.Lock()
	defer f.mu.Unlock()
	msg := feedMsg{f.events, f.lines, f.wait}
	f.events, f.lines, f.wait = nil, nil, nil
	return msg
}

// pump sends what comes in to the screen, at most some twenty times a second, until done is closed.
func (f *Feed) pump(send func(tea.Msg), done <-chan struct{}) {
	const breath = 50 * time.Millisecond
	timer := time.NewTimer(breath)
	defer timer.Stop()
	for {
		select {
		case <-f.filled:
			send(f.take())
		case <-done:
			return
		}
		timer.Reset(breath)
		select {
		case <-timer.C:
		case <-done:
			return
		}
	}
}
