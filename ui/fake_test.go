package ui

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"popmark/commit"
	"popmark/ledger"
	"popmark/mailbox"
	"popmark/message"
	"popmark/pop3client"
	"popmark/triage"
)

// testNow is the clock of every test.
var testNow = time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC)

// fakeMail is one message of the fake mailbox.
type fakeMail struct {
	octets  int64
	header  string
	body    string
	unknown bool // its header has not come
	noUIDL  bool
}

// fakeBox is a mailbox without a server. It answers at once and notes what it was asked.
type fakeBox struct {
	mails   []fakeMail
	list    *mailbox.List
	info    mailbox.Info
	openErr error
	topErr  error
	wanted  []mailbox.ID
	calls   []string
	known   map[mailbox.ID]*message.Envelope
	// disowned are UIDLs that have named several messages.
	disowned map[mailbox.ID]bool
}

func newFakeBox(mails []fakeMail) *fakeBox {
	b := &fakeBox{mails: mails, known: make(map[mailbox.ID]*message.Envelope)}
	b.info = mailbox.Info{
		Greeting: "+OK popmark demo ready", Implementation: "popmark demo", TLS: "TLS 1.3", Auth: "SCRAM-SHA-256",
		Capabilities: []message.Safe{"UIDL", "TOP", "PIPELINING", "RESP-CODES"}, UIDL: true, TOP: true, Pipelining: true,
		RTT: 1200 * time.Microsecond,
	}
	b.relist()
	return b
}

func (b *fakeBox) relist() {
	messages := make([]mailbox.Message, len(b.mails))
	for i, mail := range b.mails {
		uid := fmt.Sprintf("uid%05d", i+1)
		m := mailbox.Message{ID: mailbox.ID(uid), Number: i + 1, UID: uid, Octets: mail.octets, Certain: true}
		if mail.noUIDL {
			m.ID, m.UID, m.Certain = mailbox.ID(fmt.Sprintf("\x00%d", i)), "", false
		}
		messages[i] = m
		if !mail.unknown {
			e := message.Decoder{}.Envelope([]byte(mail.header))
			b.known[m.ID] = &e
		}
	}
	b.list = mailbox.NewList(messages)
}

func (b *fakeBox) Open(context.Context) error {
	b.calls = append(b.calls, "open")
	return b.openErr
}

func (b *fakeBox) Resume(ctx context.Context) error { return b.Open(ctx) }

func (b *fakeBox) Refresh(context.Context) error {
	b.calls = append(b.calls, "refresh")
	return b.openErr
}

func (b *fakeBox) Release(context.Context) error {
	b.calls = append(b.calls, "release")
	return nil
}

func (b *fakeBox) Info() mailbox.Info                       { return b.info }
func (b *fakeBox) List() *mailbox.List                      { return b.list }
func (b *fakeBox) Envelope(id mailbox.ID) *message.Envelope { return b.known[id] }
func (b *fakeBox) Disowned(id mailbox.ID) bool              { return b.disowned[id] }
func (b *fakeBox) StartScan()                               { b.calls = append(b.calls, "scan") }
func (b *fakeBox) Want(ids []mailbox.ID)                    { b.wanted = ids }
func (b *fakeBox) Whole(_ context.Context, id mailbox.ID) ([]byte, error) {
	b.calls = append(b.calls, "retr")
	i, ok := b.list.Find(id)
	if !ok {
		return nil, mailbox.ErrGone
	}
	return []byte(b.mails[i].header + "\r\n" + b.mails[i].body), nil
}

func (b *fakeBox) Top(_ context.Context, id mailbox.ID, lines int) ([]byte, error) {
	b.calls = append(b.calls, fmt.Sprintf("top %d", lines))
	if b.topErr != nil {
		return nil, b.topErr
	}
	i, ok := b.list.Find(id)
	if !ok {
		return nil, mailbox.ErrGone
	}
	body := strings.SplitAfter(b.mails[i].body, "\r\n")
	return []byte(b.mails[i].header + "\r\n" + strings.Join(body[:min(lines, len(body))], "")), nil
}

// fakeRun is a commit that tells a story and ends.
type fakeRun struct {
	events  chan commit.Event
	summary commit.Summary
	err     error
}

func (r *fakeRun) Events() <-chan commit.Event   { return r.events }
func (r *fakeRun) Wait() (commit.Summary, error) { return r.summary, r.err }

// fakeLedger keeps marks in memory.
type fakeLedger struct {
	marks map[string]ledger.Mark
	runs  []ledger.Run
	err   error
	dir   string
}

func (l *fakeLedger) Marks(context.Context, string) (map[string]ledger.Mark, error) {
	return l.marks, l.err
}

func (l *fakeLedger) Dir() string { return l.dir }

func (l *fakeLedger) Runs(context.Context, string) ([]ledger.Run, error) { return l.runs, l.err }

func (l *fakeLedger) PutMarks(_ context.Context, _ string, marks map[string]ledger.Mark) error {
	if l.marks == nil {
		l.marks = make(map[string]ledger.Mark)
	}
	for uid, mark := range marks {
		if mark.Kind == 0 {
			delete(l.marks, uid)
		} else {
			l.marks[uid] = mark
		}
	}
	return l.err
}

// screen drives a model without a terminal: commands run at once, timers when a test says so.
type screen struct {
	t      testing.TB
	m      *model
	box    *fakeBox
	ledger *fakeLedger
	plans  []triage.Plan
	runs   []*fakeRun
	next   func(context.Context, triage.Plan) *fakeRun
	timers []tea.Msg
	quit   bool
	now    time.Time
}

type option func(*screen, *Config)

func newScreen(t testing.TB, width, height int, mails []fakeMail, options ...option) *screen {
	t.Helper()
	s := &screen{t: t, box: newFakeBox(mails), ledger: &fakeLedger{dir: "/var/state"}, now: testNow}
	cfg := Config{
		Mailbox: s.box, Feed: NewFeed(), Title: "ann@pop.example.org", Account: "pop3://ann@pop.example.org:995",
		Ledger: s.ledger, Destination: "maildir:/home/ann/Mail", Now: func() time.Time { return s.now },
	}
	cfg.Commit = func(ctx context.Context, plan triage.Plan) CommitRun {
		s.plans = append(s.plans, plan)
		run := s.next(ctx, plan)
		s.runs = append(s.runs, run)
		return run
	}
	s.next = func(_ context.Context, plan triage.Plan) *fakeRun { return goesWell(plan) }
	for _, o := range options {
		o(s, &cfg)
	}
	s.m = newModel(t.Context(), cfg)
	s.m.after = func(_ time.Duration, msg tea.Msg) tea.Cmd {
		s.timers = append(s.timers, msg)
		return nil
	}
	s.send(tea.WindowSizeMsg{Width: width, Height: height})
	s.do(s.m.Init())
	return s
}

// do runs a command and whatever comes of it.
func (s *screen) do(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			s.do(c)
		}
	case tea.QuitMsg:
		s.quit = true
	default:
		s.send(msg)
	}
}

func (s *screen) send(msg tea.Msg) {
	_, cmd := s.m.Update(msg)
	s.do(cmd)
}

// press presses keys by their names, with spaces between.
func (s *screen) press(names string) *screen {
	for name := range strings.FieldsSeq(names) {
		s.send(key(name))
	}
	return s
}

// typed types text as it is.
func (s *screen) typed(text string) *screen {
	for _, r := range text {
		s.send(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	return s
}

// tick lets every timer go off that is set now.
func (s *screen) tick() {
	timers := s.timers
	s.timers = nil
	for _, msg := range timers {
		s.send(msg)
	}
}

var specialKeys = map[string]rune{
	"up": tea.KeyUp, "down": tea.KeyDown, "home": tea.KeyHome, "end": tea.KeyEnd, "pgup": tea.KeyPgUp,
	"pgdown": tea.KeyPgDown, "enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab,
	"backspace": tea.KeyBackspace, "delete": tea.KeyDelete, "left": tea.KeyLeft, "right": tea.KeyRight,
}

func key(name string) tea.KeyPressMsg {
	if name == "space" {
		return tea.KeyPressMsg{Code: tea.KeySpace, Text: " "}
	}
	var mod tea.KeyMod
	for prefix, bit := range map[string]tea.KeyMod{"ctrl+": tea.ModCtrl, "alt+": tea.ModAlt, "shift+": tea.ModShift} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			name, mod = rest, mod|bit
		}
	}
	if code, ok := specialKeys[name]; ok {
		return tea.KeyPressMsg{Code: code, Mod: mod}
	}
	r := []rune(name)[0]
	if mod != 0 {
		return tea.KeyPressMsg{Code: r, Mod: mod}
	}
	return tea.KeyPressMsg{Code: r, Text: name}
}

// goesWell is the run in which every step succeeds.
func goesWell(plan triage.Plan) *fakeRun {
	run := &fakeRun{events: make(chan commit.Event, 4*len(plan.Steps)+4)}
	total := plan.Download()
	run.events <- commit.Event{Kind: commit.Starting, RunTotal: total}
	for _, st := range plan.Steps {
		e := commit.Event{Number: st.Message.Number, ID: st.Message.ID, UID: st.Message.UID, Action: st.Mark, Octets: st.Message.Octets}
		if st.Mark.Downloads() {
			e.Kind = commit.Fetched
			run.summary.Fetched++
			run.summary.Octets += e.Octets
			e.RunOctets, e.RunTotal = run.summary.Octets, total
			run.events <- e
		}
		if st.Mark.Deletes() {
			e.Kind = commit.Deleted
			run.summary.Deleted++
			run.events <- e
		}
	}
	run.summary.Committed = true
	run.summary.Elapsed = 3 * time.Second
	run.events <- commit.Event{Kind: commit.Committed, Deleted: run.summary.Deleted}
	run.events <- commit.Event{Kind: commit.Done, Summary: &run.summary}
	close(run.events)
	return run
}

var errLocked = fmt.Errorf("logging in as ann: %w", &pop3client.ServerError{Command: "PASS", Code: "IN-USE", Text: "[IN-USE] mailbox locked by another session"})

// sample is a mailbox that shows what the list must bear.
func sample() []fakeMail {
	mail := func(octets int64, from, date, subject string, more ...string) fakeMail {
		header := "From: " + from + "\r\nTo: ann@example.org\r\nDate: " + date + "\r\nSubject: " + subject + "\r\n"
		for _, m := range more {
			header += m + "\r\n"
		}
		return fakeMail{octets: octets, header: header, body: "Dear Ann,\r\n\r\nhere it is.\r\n\r\nYours\r\n"}
	}
	return []fakeMail{
		mail(2_311, "Bob Builder <bob@example.org>", "Mon, 16 Nov 2026 09:12:00 +0100", "Lunch on Thursday?"),
		mail(31_457_280, "Carol <carol@example.net>", "Tue, 17 Nov 2026 18:30:00 +0000", "The video from the conference", "Content-Type: multipart/mixed; boundary=x"),
		mail(48_120, "News <news@shop.example.com>", "Wed, 18 Nov 2026 03:00:00 +0000", "This week's offers", "List-Unsubscribe: <https://shop.example.com/u>", "Precedence: bulk"),
		mail(8_004, "=?UTF-8?B?5byg5Lyf?= <zhang@example.cn>", "Thu, 19 Nov 2026 20:15:00 +0800", "=?UTF-8?B?5YWz5LqO5LiL5ZGo5Lya6K6u55qE5a6J5o6S?="),
		mail(5_630, "=?UTF-8?B?0JjQstCw0L0g0J/QtdGC0YDQvtCy?= <ivan@example.ru>", "Fri, 20 Nov 2026 11:00:00 +0300", "=?UTF-8?B?0J7RgtGH0ZHRgiDQt9CwINC90L7Rj9Cx0YDRjA==?="),
		mail(12_400, "Win <win@spam.example>", "Sat, 21 Nov 2026 02:00:00 +0000", "You\x1b[2J won!!!", "X-Spam-Flag: YES", "X-Spam-Status: Yes, score=9.1"),
		mail(3_999, "List <golang@lists.example.org>", "Sun, 22 Nov 2026 08:00:00 +0000", "Re: [golang] range over func", "List-Id: <golang.lists.example.org>"),
		mail(912, "dave@example.org", "Sun, 22 Nov 2026 14:40:00 +0000", ""),
		{octets: 15_000, unknown: true},
		{octets: 7_340_032, unknown: true},
	}
}

// many is a mailbox of n small messages.
func many(n int) []fakeMail {
	mails := make([]fakeMail, n)
	for i := range mails {
		mails[i] = fakeMail{
			octets: int64(1000 + i),
			header: fmt.Sprintf("From: Sender %d <s%d@example.org>\r\nDate: Sun, 22 Nov 2026 08:00:00 +0000\r\nSubject: Subject %d\r\n", i+1, i%7, i+1),
			body:   "text\r\n",
		}
	}
	return mails
}

func click(x, y int) tea.Msg { return tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft} }

func wheelDown(x, y int) tea.Msg { return tea.MouseWheelMsg{X: x, Y: y, Button: tea.MouseWheelDown} }

func paste(text string) tea.Msg { return tea.PasteMsg{Content: text} }
