package ui

import (
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"popmark/keymap"
	"popmark/message"
	"popmark/triage"
)

// View draws the frame: every line exactly as wide as the terminal, and as many lines as it has.
func (m *model) View() tea.View {
	v := tea.View{AltScreen: true, WindowTitle: string(m.windowTitle())}
	if m.mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	f := m.frame()
	if f.width <= 0 || f.height <= 0 {
		return v
	}
	c := &canvas{method: m.method}
	c.b.Grow(f.width * f.height * 2)
	if f.topBar {
		m.drawTop(c.line(f.width, style{}))
	}
	m.drawBody(c, f)
	m.drawFoot(c, f, &v)
	v.SetContent(c.b.String())
	return v
}

func (m *model) windowTitle() message.Safe {
	return "popmark " + message.MakeSafe(m.cfg.Title)
}

// drawTop draws the account, its protection, what is in the mailbox, the scan, and the lock.
func (m *model) drawTop(l *line) {
	lock, lockStyle, glyph := m.lockWords()
	title := message.MakeSafe(m.cfg.Title)
	right := glyph + " " + lock
	width := l.c.width
	// On a narrow terminal words are shortened, and then what stands last gives way.
	room := l.left - width(right) - 2
	l.put(m.theme.strong, l.c.method.Truncate(title, max(room, 0)))
	room -= width(title)
	for _, item := range fitting(m.topItems(), room, width) {
		if need := 2 + width(item.text); need <= room {
			l.gap(2).put(item.style, item.text)
			room -= need
		}
	}
	if room < -1 {
		l.end()
		return
	}
	l.gap(l.left-width(right)).put(lockStyle, right)
	l.end()
}

// topItem is a piece of the top line, with other words for when there is little room.
type topItem struct {
	text, short message.Safe
	style       style
}

// fitting shortens as many items as it takes for all of them to fit, the first one first.
func fitting(items []topItem, room int, width func(message.Safe) int) []topItem {
	for i := -1; i < len(items); i++ {
		if i >= 0 && items[i].short != "" {
			items[i].text = items[i].short
		}
		need := 0
		for _, item := range items {
			need += 2 + width(item.text)
		}
		if need <= room {
			break
		}
	}
	return items
}

func (m *model) topItems() []topItem {
	var items []topItem
	if m.server.info.Greeting != "" || m.rows.list != nil {
		item := topItem{message.Safe(m.server.info.Protection()), "", m.theme.good}
		if m.server.info.TLS == "" {
			item.short, item.style = "not encrypted", m.theme.warn
		}
		items = append(items, item)
	}
	if m.rows.list == nil {
		return items
	}
	n := len(m.rows.list.Messages)
	items = append(items, topItem{
		plural(n, "message") + " " + octets(m.rows.list.Octets), count(n) + " msg " + octets(m.rows.list.Octets), m.theme.plain,
	})
	if m.rows.known < n {
		items = append(items, topItem{
			"headers " + count(m.rows.known) + "/" + count(n), message.Safe(strconv.Itoa(m.rows.known*100/n)) + "%", m.theme.quiet,
		})
	}
	return items
}

// drawBody draws what the mode on top shows between the top line and the foot.
func (m *model) drawBody(c *canvas, f frame) {
	switch top := m.top(); {
	case top == modeList, top == modeFilter, top == modeConfirm, top == modeSenders:
		switch {
		case m.rows.list == nil && m.mode != modeCommitting:
			m.drawText(c, f, m.openingText())
		case m.mode == modeSenders:
			m.drawSenders(c, f)
		default:
			m.drawList(c, f)
		}
	default:
		m.drawText(c, f, m.text(top))
	}
}

// drawFoot draws the totals, and the note, the prompt or the keys that matter now.
func (m *model) drawFoot(c *canvas, f frame, v *tea.View) {
	long, last := m.noteLines(f)
	if f.bottom >= 2 {
		switch {
		case m.top() == modeFilter && m.mistake != nil:
			m.drawMistake(c.line(f.width, style{}))
		case len(long) > 0:
			c.line(f.width, style{}).put(m.note.style(m.theme), long[0]).end()
		default:
			m.drawTotals(c.line(f.width, style{}))
		}
	}
	if f.bottom < 1 {
		return
	}
	l := c.line(f.width, style{})
	switch {
	case m.top() == modeFilter:
		shown, cursor, _ := m.prompt.view(m.method, f.width-2)
		l.put(m.theme.accent, "/").put(style{}, shown)
		v.Cursor = tea.NewCursor(min(1+cursor, f.width-1), f.height-1)
	case m.top() == modeConfirm:
		m.drawQuestion(l)
	case m.top() == modeReview && m.note.text == "":
		m.drawReviewQuestion(l)
	case m.note.text != "":
		l.put(m.note.style(m.theme), last)
	default:
		m.drawHints(l)
	}
	l.end()
}

// noteLines gives the note's last line, and the one before it where it needs two: it then stands over the totals.
func (m *model) noteLines(f frame) (long []message.Safe, last message.Safe) {
	top := m.top()
	if m.note.text == "" || f.bottom < 2 || top == modeFilter || top == modeConfirm || m.method.Width(m.note.text) <= f.width {
		return nil, m.note.text
	}
	lines := wrap(m.method, m.note.text, f.width)
	return lines[:1], message.Safe(strings.TrimLeft(string(m.note.text[len(lines[0]):]), " "))
}

// drawQuestion asks, with fewer words where there is little room: the keys of the answers must be seen.
func (m *model) drawQuestion(l *line) {
	yes, no := m.hintKey(keymap.Confirm), m.hintKey(keymap.Decline)
	text := m.question.text
	if room := l.left - m.method.Width(yes+no) - len("   yes   no"); m.method.Width(text) > room {
		text = m.question.short
	}
	l.put(m.theme.warn, text).gap(2)
	l.put(m.theme.strong, yes).put(style{}, " yes").gap(2)
	l.put(m.theme.strong, no).put(style{}, " no")
}

// drawMistake points at the place in the query that is wrong, from the line above it.
func (m *model) drawMistake(l *line) {
	_, _, from := m.prompt.view(m.method, l.left-2)
	at := min(max(m.mistake.Pos, from), len(m.mistake.Query))
	column := 1 + m.method.Width(message.Safe(m.mistake.Query[from:at]))
	text := message.MakeSafe(m.mistake.Problem)
	pointer := message.Safe(m.glyphs.down)
	need := m.method.Width(text) + 1
	if after := l.left - column - 1; need <= after || after >= column {
		l.gap(column).put(m.theme.bad, pointer+" "+text)
	} else {
		l.right(m.theme.bad, text, column-1).gap(1).put(m.theme.bad, pointer)
	}
	l.end()
}

// hintKey names the first key of an action where the keys go now.
func (m *model) hintKey(a keymap.Action) message.Safe {
	return message.Safe(m.keys.Key(m.context(), a))
}

// hintsFor are the actions worth a hint in each context, the most useful first; help is always the last.
var hintsFor = map[keymap.Context][]keymap.Action{
	keymap.Opening:        {keymap.Close, keymap.LookAgain, keymap.Dialogue, keymap.Accounts, keymap.Quit},
	keymap.List:           {keymap.MarkDelete, keymap.MarkFetch, keymap.MarkMove, keymap.Skip, keymap.Review, keymap.Preview, keymap.Filter, keymap.Senders, keymap.Undo, keymap.Quit},
	keymap.PreviewPane:    {keymap.MarkDelete, keymap.MarkFetch, keymap.MarkMove, keymap.Skip, keymap.Review, keymap.AllHeaders, keymap.AsReceived, keymap.MoreLines, keymap.Preview},
	keymap.SendersView:    {keymap.MarkDelete, keymap.MarkFetch, keymap.MarkMove, keymap.Skip, keymap.Review, keymap.ShowGroup, keymap.GroupBy, keymap.Senders, keymap.Undo},
	keymap.Committing:     {keymap.Stop, keymap.Dialogue},
	keymap.Summary:        {keymap.Close, keymap.Down, keymap.Up, keymap.Dialogue},
	keymap.HelpScreen:     {keymap.Down, keymap.Up, keymap.Close},
	keymap.DialogueScreen: {keymap.Down, keymap.Up, keymap.LookAgain, keymap.Close},
	keymap.AccountsScreen: {keymap.LookAgain, keymap.Close},
}

// drawHints draws the keys that matter now, as many as fit whole.
func (m *model) drawHints(l *line) {
	in := m.context()
	help := m.keys.Key(in, keymap.Help)
	tail := 0
	if help != "" {
		tail = len(help) + len(" help")
	}
	for _, a := range hintsFor[in] {
		key := m.keys.Key(in, a)
		words := m.hintWords(in, a)
		need := m.method.Width(message.Safe(key)) + 1 + len(words) + 2
		if key == "" || need+tail > l.left || m.idleKey(in, a) {
			continue
		}
		l.put(m.theme.strong, message.Safe(key)).put(m.theme.quiet, " "+message.Safe(words)).gap(2)
	}
	if help != "" && tail <= l.left {
		l.put(m.theme.strong, message.Safe(help)).put(m.theme.quiet, " help")
	}
}

// idleKey tells whether an action has nothing to do just now.
func (m *model) idleKey(in keymap.Context, a keymap.Action) bool {
	switch {
	case a == keymap.LookAgain:
		return !again(m.server.err) || m.server.opening
	case in&(keymap.Summary|keymap.HelpScreen|keymap.DialogueScreen) != 0 && (a == keymap.Down || a == keymap.Up):
		return m.textLines() <= m.textHeight()
	case in == keymap.Opening && a == keymap.Close:
		return !m.server.opening && m.server.again.IsZero()
	}
	return false
}

// hintWords are an action's words, where the moment calls for others than the table's.
func (m *model) hintWords(in keymap.Context, a keymap.Action) string {
	switch {
	case in == keymap.PreviewPane && a == keymap.Preview:
		return "close"
	case in == keymap.Opening && a == keymap.Close:
		return "stop"
	case in == keymap.SendersView && a == keymap.Senders:
		return "list"
	}
	return strings.TrimSuffix(m.keys.Hint(in, a), "…")
}

// drawTotals draws what is marked, what a commit would do, and where one is in the list.
func (m *model) drawTotals(l *line) {
	right := m.placeWords()
	room := l.left - l.c.width(right) - 2
	part := l.part(max(room, 0), style{})
	if m.marks.here() == 0 {
		part.put(m.theme.quiet, m.idleWords())
	}
	for mark := triage.Delete; mark <= triage.Move; mark++ {
		if t := m.marks.totals[mark]; t.messages > 0 {
			s := m.theme.strong.over(m.markStyle(mark))
			part.whole(run{s, message.Safe(mark.Letter()) + " "}, run{style{}, count(t.messages) + " "}, run{m.theme.quiet, octets(t.octets)})
		}
	}
	if n := m.marks.freed(); n > 0 {
		part.whole(run{m.theme.quiet, "frees "}, run{style{}, octets(n)})
	}
	if n := m.marks.downloaded(); n > 0 {
		part.whole(run{m.theme.quiet, "downloads "}, run{style{}, octets(n)})
	}
	part.end()
	l.gap(l.left-l.c.width(right)).put(m.theme.quiet, right)
	l.end()
}

func (m *model) idleWords() message.Safe {
	if m.rows.list == nil {
		return ""
	}
	return "nothing marked"
}

// placeWords says where the cursor is, and what the filter lets through.
func (m *model) placeWords() message.Safe {
	top := m.top()
	if n, height := m.textLines(), m.textHeight(); n > 0 {
		if n <= height || height < 1 || top == modeCommitting {
			return ""
		}
		first := m.scroll[top]
		return "lines " + count(first+1) + "-" + count(min(first+height, n)) + " of " + count(n)
	}
	if m.rows.list == nil {
		return ""
	}
	if m.mode == modeSenders {
		return count(min(m.senders.cursor+1, len(m.senders.groups))) + "/" + count(len(m.senders.groups))
	}
	place := count(min(m.rows.cursor+1, len(m.rows.shown))) + "/" + count(len(m.rows.shown))
	switch {
	case m.rows.group != nil:
		place = "of " + message.Wcwidth.Truncate(m.rows.group.name, 24) + "  " + place
	case m.rows.query != nil:
		place = "/" + message.Wcwidth.Truncate(message.MakeSafe(m.rows.query.String()), 24) + "  " + place
	default:
		return place
	}
	return place + " of " + count(len(m.rows.envelopes))
}
