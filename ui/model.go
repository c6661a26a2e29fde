package ui

import (
	"context"
	"strings"
	"time"

	"charm.land/bubbles/v2/spinner"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"popmark/keymap"
	"popmark/message"
	"popmark/triage"
)

// mode is what the screen is for just now. It decides which context of the keymap a key is looked up in.
type mode uint8

const (
	modeList mode = iota // the list, with the preview beside it where that is open
	modeFilter
	modeSenders
	modeReview
	modeCommitting
	modeSummary
	modeHelp
	modeDialogue
	modeAccounts
	modeConfirm
)

// model is the root: it owns every part and routes messages to them.
type model struct {
	cfg  Config
	ctx  context.Context // ends with the screen
	keys *keymap.Map

	theme  theme
	glyphs glyphs
	method message.WidthMethod
	width  int
	height int
	mouse  bool

	mode mode
	over []mode // screens opened over the mode, the topmost last
	note note

	rows     rows
	marks    marks
	kept     *marksLoadedMsg // what the ledger knew, until there is a list to put it on
	server   server
	prompt   prompt
	mistake  *triage.QueryError // in what the prompt holds
	preview  preview
	senders  senders
	review   review
	run      progress
	dialogue dialogue
	scroll   map[mode]int // first line shown of the screens of text
	question question

	arranged time.Time     // when rows were last arranged for headers that came in
	cost     time.Duration // what that took
	stale    bool          // headers came in since
	waking   bool          // a wake-up for that is on its way

	spinner  spinner.Model
	spinning bool // a tick of the spinner is on its way

	canStop func() bool
	result  Result
	// interrupted says that a person left while a commit ran, which is then taken back.
	interrupted bool
	after       func(time.Duration, tea.Msg) tea.Cmd
}

// New gives the screen's model without a terminal, for programs that drive it themselves. [Run] is for people.
func New(ctx context.Context, cfg Config) tea.Model { return newModel(ctx, cfg) }

func newModel(ctx context.Context, cfg Config) *model {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Keys == nil {
		cfg.Keys = keymap.Default()
	}
	m := &model{
		cfg:     cfg,
		ctx:     ctx,
		keys:    cfg.Keys,
		theme:   newTheme(true),
		mouse:   cfg.Mouse,
		canStop: canStop,
		scroll:  make(map[mode]int),
		prompt:  newPrompt(),
		after: func(d time.Duration, msg tea.Msg) tea.Cmd {
			return tea.Tick(d, func(time.Time) tea.Msg { return msg })
		},
	}
	m.use(newGlyphs(true))
	m.marks.ledger, m.marks.account = cfg.Ledger, cfg.Account
	m.rows = newRows(m.marks.Get)
	if cfg.Notice != "" {
		m.note = note{text: message.MakeSafe(cfg.Notice)}
	}
	return m
}

// Init opens the mailbox and asks the terminal for its background, without waiting for either.
func (m *model) Init() tea.Cmd {
	return tea.Batch(m.open(), loadMarks(m.ctx, m.cfg.Ledger, m.cfg.Account), tea.RequestBackgroundColor)
}

// Update takes a message to the part that it is for. It does no input or output.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := m.update(msg)
	m.layOut()
	return m, tea.Batch(cmd, m.marks.save(m.ctx), m.spin())
}

func (m *model) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return m.key(msg)
	case tea.PasteMsg:
		return m.paste(msg.Content)
	case tea.MouseClickMsg:
		return m.click(msg.Mouse())
	case tea.MouseWheelMsg:
		return m.wheel(msg.Mouse())
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		m.theme = newTheme(msg.IsDark())
	case tea.ModeReportMsg:
		if msg.Mode == ansi.ModeUnicodeCore && !msg.Value.IsNotRecognized() && !msg.Value.IsPermanentlyReset() {
			m.method = message.Graphemes
		}
	case feedMsg:
		return m.events(msg)
	case marksLoadedMsg:
		m.kept = &msg
		m.restoreMarks()
	case marksSavedMsg:
		m.marks.saved(msg.err)
		if msg.err != nil {
			m.fail("keeping the marks", msg.err)
		}
	case openedMsg:
		return m.opened(msg)
	case retryMsg:
		return m.retry(msg)
	case spinner.TickMsg:
		m.spun(msg)
	case wakeMsg:
		m.waking = false
		return m.arrangeLate()
	case previewMsg:
		return m.previewed(msg)
	case runMsg:
		return m.runEvents(msg)
	case stopMsg:
		return m.suspend()
	case mailboxFreeMsg:
		return stopProcess()
	case continuedMsg:
		if msg.err != nil {
			m.fail("suspending", msg.err)
		}
		return tea.RequestBackgroundColor
	}
	return nil
}

// top is the mode on top: what the keys go to.
func (m *model) top() mode {
	if n := len(m.over); n > 0 {
		return m.over[n-1]
	}
	return m.mode
}

// context is where a key is pressed now.
func (m *model) context() keymap.Context {
	switch m.top() {
	case modeFilter:
		return keymap.FilterPrompt
	case modeSenders:
		return keymap.SendersView
	case modeReview:
		return keymap.ReviewScreen
	case modeCommitting:
		return keymap.Committing
	case modeSummary:
		return keymap.Summary
	case modeHelp:
		return keymap.HelpScreen
	case modeDialogue:
		return keymap.DialogueScreen
	case modeAccounts:
		return keymap.AccountsScreen
	case modeConfirm:
		return keymap.ConfirmPrompt
	}
	switch {
	case m.rows.list == nil:
		return keymap.Opening
	case m.preview.open:
		return keymap.PreviewPane
	}
	return keymap.List
}

// push opens a screen over the present one, pop closes it.
func (m *model) push(to mode) {
	if m.top() != to {
		m.over = append(m.over, to)
		m.scroll[to] = 0
	}
}

func (m *model) pop() {
	if n := len(m.over); n > 0 {
		m.over = m.over[:n-1]
	}
}

// weight says how a note is meant.
type weight uint8

const (
	plainNote weight = iota
	warnNote
	badNote
)

// note is the line that stands at the foot of the screen until the next key.
type note struct {
	text   message.Safe
	weight weight
}

// style is how the note looks.
func (n note) style(t theme) style {
	switch n.weight {
	case warnNote:
		return t.warn
	case badNote:
		return t.bad
	}
	return t.plain
}

func (m *model) say(text message.Safe)  { m.note = note{text: text} }
func (m *model) warn(text message.Safe) { m.note = note{text, warnNote} }

// fail shows an error: what was being done and what happened, with the server's own words made safe.
func (m *model) fail(doing message.Safe, err error) {
	m.note = note{doing + ": " + errorText(err), badNote}
}

// plainWords says what Go's words for the end of a wait mean.
var plainWords = strings.NewReplacer(
	context.Canceled.Error(), "stopped",
	context.DeadlineExceeded.Error(), "no answer in time",
)

// errorText makes an error's words, which may be a server's, safe to show.
func errorText(err error) message.Safe {
	if err == nil {
		return ""
	}
	return message.MakeSafe(plainWords.Replace(err.Error()))
}
