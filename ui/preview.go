package ui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"popmark/keymap"
	"popmark/mailbox"
	"popmark/message"
)

// How many lines of a body TOP is asked for, and how many previews are remembered.
const (
	firstLines    = 40
	previewsKept  = 32
	maxMoreLines  = 100_000
	moreLinesTime = 4
	// smallOctets is up to where the whole message is asked for in the place of more lines.
	smallOctets = 64 << 10
)

// face is the way in which a preview is shown.
type face uint8

const (
	faceText face = iota
	faceHeaders
	faceRaw
)

// content is what TOP gave of one message, decoded.
type content struct {
	id      mailbox.ID
	lines   int // of the body that were asked for
	preview message.Preview
	fields  []message.Field
	raw     []message.Safe
	whole   bool // the whole message came
}

// preview is the pane beside or below the list. It follows the cursor; one TOP at a time is under way, so that
// running through the list asks only for where one stops.
type preview struct {
	open    bool
	face    face
	offset  int
	height  int
	shown   mailbox.ID
	lines   map[mailbox.ID]int // asked for with the key for more
	kept    []*content         // the latest last
	loading mailbox.ID
	err     error
	errID   mailbox.ID

	laid      []previewLine // of the message and width below
	laidFor   *content
	laidWidth int
	laidFace  face
}

// previewMsg ends one TOP.
type previewMsg struct {
	id      mailbox.ID
	content *content
	err     error
}

func (p *preview) resize(height int) {
	p.height = max(height, 1)
	p.offset = max(min(p.offset, len(p.laid)-p.height), 0)
}

func (p *preview) find(id mailbox.ID) *content {
	for _, c := range p.kept {
		if c.id == id {
			return c
		}
	}
	return nil
}

func (p *preview) keep(c *content) {
	p.kept = slices.DeleteFunc(p.kept, func(old *content) bool { return old.id == c.id })
	if len(p.kept) >= previewsKept {
		p.kept = slices.Delete(p.kept, 0, 1)
	}
	p.kept = append(p.kept, c)
}

func (m *model) togglePreview() tea.Cmd {
	if m.preview.open {
		m.preview.open = false
		return nil
	}
	if _, ok := m.rows.at(); !ok {
		m.say(m.nothingThere())
		return nil
	}
	m.preview.open = true
	m.preview.face = faceText
	return m.showPreview()
}

// showPreview brings the pane to the message under the cursor, asking the server where it must.
func (m *model) showPreview() tea.Cmd {
	p := &m.preview
	msg, ok := m.rows.at()
	if !p.open || !ok {
		return nil
	}
	if p.shown != msg.ID {
		p.shown, p.offset = msg.ID, 0
	}
	want := p.wanted(msg.ID)
	if c := p.find(msg.ID); p.loading != "" || c != nil && (c.whole || c.lines >= want) || p.err != nil && p.errID == msg.ID {
		return nil
	}
	p.loading, p.err = msg.ID, nil
	// Only where a person asked for more of this message, and RETR is a way of looking.
	effect, _ := m.server.info.Retr()
	whole := want > firstLines && effect == mailbox.RetrHarmless && msg.Octets <= smallOctets
	return loadPreview(m.ctx, m.cfg.Mailbox, m.cfg.Decoder, msg.ID, want, whole)
}

func (p *preview) wanted(id mailbox.ID) int {
	if n := p.lines[id]; n > 0 {
		return n
	}
	return firstLines
}

// previewed takes a TOP's answer in, and asks for the next where the cursor went on.
func (m *model) previewed(msg previewMsg) tea.Cmd {
	p := &m.preview
	p.loading = ""
	if msg.err != nil {
		p.err, p.errID = msg.err, msg.id
	} else {
		p.keep(msg.content)
		m.cfg.Feed.remember(msg.id, msg.content.preview.Text)
	}
	return m.showPreview()
}

func (m *model) previewAction(a keymap.Action) tea.Cmd {
	p := &m.preview
	if !p.open {
		m.unbound(m.keys.Key(keymap.PreviewPane, a))
		return nil
	}
	switch a {
	case keymap.ScrollDown:
		p.offset++
	case keymap.ScrollUp:
		p.offset--
	case keymap.ScrollPageDown:
		p.offset += max(p.height-1, 1)
	case keymap.ScrollPageUp:
		p.offset -= max(p.height-1, 1)
	case keymap.AllHeaders:
		p.turn(faceHeaders)
	case keymap.AsReceived:
		p.turn(faceRaw)
	case keymap.MoreLines:
		return m.moreLines()
	}
	return nil
}

// turn shows another face, or goes back to the text from it.
func (p *preview) turn(to face) {
	if p.face == to {
		to = faceText
	}
	p.face, p.offset = to, 0
}

// moreLines asks TOP for more of the message.
func (m *model) moreLines() tea.Cmd {
	p := &m.preview
	c := p.find(p.shown)
	switch {
	case p.loading != "":
		m.say("More is on its way")
		return nil
	case c == nil && p.err != nil:
		p.err = nil // try again
		return m.showPreview()
	case c == nil:
		return m.showPreview()
	case c.whole:
		m.say("This is the whole message")
		return nil
	}
	if p.lines == nil {
		p.lines = make(map[mailbox.ID]int)
	}
	p.lines[p.shown] = min(p.wanted(p.shown)*moreLinesTime, maxMoreLines)
	return m.showPreview()
}
