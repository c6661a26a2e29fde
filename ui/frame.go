package ui

// frame says which part of the screen stands where, for one size of the terminal.
type frame struct {
	width, height int
	topBar        bool
	bottom        int // lines at the foot: 2, 1 or none
	bodyTop       int
	body          int // lines between the top line and the foot
	pad           int // of them, left free over a screen of text

	heads               bool // a line of column names over the list
	listTop, list       int  // the rows
	listWidth           int
	beside              bool // the preview stands beside the list, not below it
	previewTop, preview int
	previewLeft         int
	previewWidth        int
}

// widest is the width from which the preview stands beside the list.
const widest = 110

func (m *model) frame() frame {
	f := frame{width: max(m.width, 0), height: max(m.height, 0)}
	switch h := f.height; {
	case h >= 5:
		f.topBar, f.bottom = true, 2
	case h >= 3:
		f.topBar, f.bottom = true, 1
	case h == 2:
		f.bottom = 1
	}
	if f.topBar {
		f.bodyTop = 1
	}
	f.body = max(f.height-f.bodyTop-f.bottom, 0)
	f.heads = f.body >= 6
	if f.body >= 12 {
		f.pad = 1
	}
	f.listTop, f.list, f.listWidth = f.bodyTop, f.body, f.width
	if f.heads {
		f.listTop++
		f.list--
	}
	if !m.preview.open || m.mode == modeSenders {
		return f
	}
	if f.width >= widest {
		f.beside = true
		f.listWidth = max(f.width*45/100, 50)
		f.previewLeft = f.listWidth + 2
		f.previewWidth = f.width - f.previewLeft
		f.previewTop, f.preview = f.bodyTop, f.body
		return f
	}
	// Below the list, under a rule; the list keeps a few rows while there is room for both.
	f.previewWidth = f.width
	f.list = max(f.list*35/100, min(f.list, 1))
	f.previewTop = f.listTop + f.list
	f.preview = max(f.bodyTop+f.body-f.previewTop, 0)
	return f
}

// textHeight is how many lines the screens of text have.
func (m *model) textHeight() int {
	f := m.frame()
	return f.body - f.pad
}

// layOut fits the parts to the screen after each message, and tells the mailbox which rows are in view.
func (m *model) layOut() {
	f := m.frame()
	m.rows.resize(f.list)
	m.senders.resize(f.list)
	m.preview.resize(max(f.preview-1, 0))
	top := m.top()
	if top == modeDialogue && !m.dialogue.still {
		m.scroll[top] = m.textLines()
	}
	m.scroll[top] = max(min(m.scroll[top], m.textLines()-m.textHeight()), 0)
	m.want()
}

// want asks for the headers of the rows in view, once for each place in the list.
func (m *model) want() {
	if m.rows.list == nil || m.rows.known >= len(m.rows.envelopes) || m.run.active() {
		return
	}
	view := view{m.rows.top, m.rows.height, len(m.rows.shown), m.rows.list.Generation, m.rows.column, m.rows.descending}
	if view == m.server.asked {
		return
	}
	m.server.asked = view
	if ids := m.rows.wanted(); len(ids) > 0 {
		m.rows.giveBack()
		m.cfg.Mailbox.Want(ids)
	}
}
