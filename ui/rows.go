package ui

import (
	"slices"

	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

// rows is the list as the screen shows it: which messages in which order, where the cursor is, what is selected.
// It holds indexes into an immutable list, not copies.
type rows struct {
	list      *mailbox.List
	envelopes []*message.Envelope // beside list.Messages; nil: not known yet
	failed    map[int32]error     // why a header can't be had
	// lent are envelopes of rows in view that the mailbox has no room for. They are shown only: whoever
	// sorted by them would have to look at all the others.
	lent    map[int32]*message.Envelope
	known   int   // headers known or given up
	largest int64 // octets of the largest message

	shown      []int32 // indexes in the order of the screen
	query      *triage.Query
	group      *shownGroup
	column     triage.Column
	descending bool

	cursor, top, height int
	origin              int32 // where the cursor was before a filter was typed
	selected            selection
	mark                func(mailbox.ID) triage.Mark
}

// selection is a range of rows between two places on the screen.
type selection struct {
	on   bool
	open bool // its end follows the cursor
	all  bool // every row that the filter shows
	from int
	to   int
}

func newRows(mark func(mailbox.ID) triage.Mark) rows {
	return rows{descending: true, mark: mark}
}

// row gives what queries and sorting ask of a message.
func (r *rows) row(i int32) triage.Row {
	m := &r.list.Messages[i]
	return triage.Row{Message: m, Envelope: r.envelopes[i], Mark: r.mark(m.ID)}
}

// setList takes a new list over; the cursor stays with its message, and with its place where that is gone.
func (r *rows) setList(list *mailbox.List, envelope func(mailbox.ID) *message.Envelope) {
	at, had := r.at()
	r.list, r.failed, r.lent, r.known, r.largest = list, nil, nil, 0, 0
	r.envelopes = make([]*message.Envelope, len(list.Messages))
	for i := range list.Messages {
		r.largest = max(r.largest, list.Messages[i].Octets)
		if r.envelopes[i] = envelope(list.Messages[i].ID); r.envelopes[i] != nil {
			r.known++
		}
	}
	place := r.cursor
	r.selected = selection{}
	r.shown = nil
	r.arrange()
	r.cursor = place
	if had {
		if i, ok := list.Find(at.ID); ok {
			r.follow(int32(i))
		}
	}
	r.settle()
}

// learn takes headers in and tells whether any was new.
func (r *rows) learn(headers []mailbox.Header) bool {
	if r.list == nil {
		return false
	}
	before := r.known
	for _, h := range headers {
		i, ok := r.list.Find(h.ID)
		if !ok {
			continue
		}
		if h.Lent {
			if r.lent == nil {
				r.lent = make(map[int32]*message.Envelope)
			}
			r.lent[int32(i)] = h.Envelope
			continue
		}
		_, gaveUp := r.failed[int32(i)]
		if r.envelopes[i] == nil && !gaveUp {
			r.known++
		}
		if h.Err != nil && h.Envelope == nil {
			if r.failed == nil {
				r.failed = make(map[int32]error)
			}
			r.failed[int32(i)] = h.Err
			continue
		}
		r.envelopes[i] = h.Envelope
	}
	return r.known != before
}

// arrange filters and sorts anew. The cursor stays with its message where that is still shown.
func (r *rows) arrange() {
	if r.list == nil {
		return
	}
	at := int32(-1)
	if r.cursor < len(r.shown) {
		at = r.shown[r.cursor]
	}
	r.shown = slices.Grow(r.shown[:0], len(r.list.Messages))
	for i := range int32(len(r.list.Messages)) {
		if r.fits(i) {
			r.shown = append(r.shown, i)
		}
	}
	switch {
	case r.column != triage.ByNumber:
		triage.Sort(r.shown, r.column, r.descending, r.row)
	case r.descending:
		slices.Reverse(r.shown)
	}
	if at >= 0 {
		r.follow(at)
	}
	r.settle()
}

// shownGroup is a sender's or a domain's messages, which the list is narrowed down to. They are held by name, not
// asked for by a query: a query finds other senders' messages too, whose name or address only holds this one's.
type shownGroup struct {
	name message.Safe
	ids  map[mailbox.ID]bool
}

// filtered tells whether rows may be hidden.
func (r *rows) filtered() bool { return r.query != nil || r.group != nil }

func (r *rows) fits(i int32) bool {
	if r.group != nil {
		return r.group.ids[r.list.Messages[i].ID]
	}
	return r.query == nil || r.query.Match(r.row(i))
}

// asksHeaders tells whether a new header could change which rows are shown, or their order.
func (r *rows) asksHeaders() bool {
	return r.query != nil && r.query.NeedsHeaders() ||
		r.column == triage.ByDate || r.column == triage.ByFrom || r.column == triage.BySubject
}

// follow puts the cursor on a message if it is shown, keeping its height on the screen.
func (r *rows) follow(index int32) {
	if at := slices.Index(r.shown, index); at >= 0 {
		r.top += at - r.cursor
		r.cursor = at
	}
}

// leaveHome remembers the message under the cursor, and home goes back to it, or to the first row where it is
// not shown: while a query is typed rows come and go, and the cursor should not drift with them.
func (r *rows) leaveHome() {
	r.origin = -1
	if r.cursor < len(r.shown) {
		r.origin = r.shown[r.cursor]
	}
}

func (r *rows) home() {
	if r.origin >= 0 && slices.Contains(r.shown, r.origin) {
		r.follow(r.origin)
	} else {
		r.cursor = 0
	}
	r.settle()
}

// settle keeps the cursor among the rows and the rows in view around it.
func (r *rows) settle() {
	n := len(r.shown)
	r.cursor = min(max(r.cursor, 0), max(n-1, 0))
	r.top = min(r.top, r.cursor)
	r.top = max(r.top, r.cursor-r.height+1)
	r.top = max(min(r.top, n-r.height), 0)
	if r.selected.open {
		r.selected.to = r.cursor
	}
}

// move puts the cursor somewhere; beyond either end is that end.
func (r *rows) move(to int) {
	r.cursor = to
	r.settle()
}

// resize tells how many rows are in view.
func (r *rows) resize(height int) {
	r.height = max(height, 1)
	r.settle()
}

// at gives the message under the cursor.
func (r *rows) at() (*mailbox.Message, bool) {
	if r.list == nil || r.cursor >= len(r.shown) {
		return nil, false
	}
	return &r.list.Messages[r.shown[r.cursor]], true
}

// bounds gives the first and the last selected place; without a selection that is the cursor's.
func (r *rows) bounds() (first, last int) {
	switch s := r.selected; {
	case s.all:
		return 0, len(r.shown) - 1
	case s.on:
		return min(s.from, s.to), min(max(s.from, s.to), len(r.shown)-1)
	}
	return r.cursor, min(r.cursor, len(r.shown)-1)
}

// isSelected tells whether the row at a place is part of a selection.
func (r *rows) isSelected(place int) bool {
	if !r.selected.on {
		return false
	}
	first, last := r.bounds()
	return first <= place && place <= last
}

// targets gives the messages that a mark would go to.
func (r *rows) targets() []mailbox.ID {
	if r.list == nil {
		return nil
	}
	first, last := r.bounds()
	ids := make([]mailbox.ID, 0, last-first+1)
	for place := first; place <= last; place++ {
		ids = append(ids, r.list.Messages[r.shown[place]].ID)
	}
	return ids
}

// envelope gives what there is to show of a message.
func (r *rows) envelope(i int32) *message.Envelope {
	if e := r.envelopes[i]; e != nil {
		return e
	}
	return r.lent[i]
}

// giveBack lets go of what was lent for rows that are not in view any more.
func (r *rows) giveBack() {
	if len(r.lent) == 0 {
		return
	}
	lent := make(map[int32]*message.Envelope, len(r.lent))
	for place := r.top; place < min(r.top+r.height, len(r.shown)); place++ {
		if e := r.lent[r.shown[place]]; e != nil {
			lent[r.shown[place]] = e
		}
	}
	r.lent = lent
}

// wanted gives the messages in view whose header is not known, or only lent.
func (r *rows) wanted() []mailbox.ID {
	var ids []mailbox.ID
	for place := r.top; place < min(r.top+r.height, len(r.shown)); place++ {
		if i := r.shown[place]; r.envelopes[i] == nil && r.failed[i] == nil {
			ids = append(ids, r.list.Messages[i].ID)
		}
	}
	return ids
}
