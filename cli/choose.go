package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

// choose gives the indexes in the list of what is selected, and the messages of which that can't be told.
// Headers are asked for only where some selection needs them. The error is errListChanged where there are
// messages by then that nobody looked at.
func (a *app) choose(ctx context.Context, b *opened, list *mailbox.List, selection *triage.Selection) (selected []int, open []unjudged, err error) {
	if selection.NeedsHeaders() {
		if open, err = a.readHeaders(ctx, b, list, selection.Unsure); err != nil {
			return nil, nil, err
		}
	}
	selected, err = selection.In(list, func(i int) triage.Row {
		m := &list.Messages[i]
		return triage.Row{Message: m, Envelope: b.box.Envelope(m.ID)}
	})
	return selected, open, err
}

// lostTrack is an error where the line broke and a message of no UIDL of its own could not be
// found in the new session: it may be there, and what is asked about it can't be answered.
func lostTrack(header mailbox.Header) error {
	if header.ID.Unique() || !errors.Is(header.Err, mailbox.ErrGone) {
		return nil
	}
	return &statusError{exitUnavailable, errors.New("reading headers: the line broke, and messages without a UIDL of their own can't be found again in the new session: run it again")}
}

// readHeaders reads the headers of the whole mailbox; those that are known already cost nothing. It gives
// the messages that a query leaves open without theirs. Of what is wrong with single messages nothing
// is told where there is an error.
func (a *app) readHeaders(ctx context.Context, b *opened, list *mailbox.List, unsure func(triage.Row) bool) ([]unjudged, error) {
	ids := make([]mailbox.ID, len(list.Messages))
	for i := range list.Messages {
		ids[i] = list.Messages[i].ID
	}
	var gone []mailbox.Header
	open := openMessages{list: list, unsure: unsure}
	for header, err := range b.box.Headers(ctx, ids) {
		if err != nil {
			return nil, b.fault("reading headers from", err)
		}
		if err := lostTrack(header); err != nil {
			return nil, err
		}
		switch {
		case errors.Is(header.Err, mailbox.ErrGone):
			gone = append(gone, header)
		case header.Err != nil:
			open.without(header)
		}
	}
	if unseen(b.box.List(), list, gone) {
		return nil, errListChanged
	}
	all, err := open.end(b)
	if err == nil {
		a.tellGone(list, gone)
	}
	return all, err
}

// tellGone tells of messages that went meanwhile: nothing is left to do with them.
func (a *app) tellGone(list *mailbox.List, gone []mailbox.Header) {
	for _, header := range gone {
		if at, ok := list.Find(header.ID); ok {
			a.warn(message.MakeSafe(fmt.Sprintf("message %d: %v", list.Messages[at].Number, header.Err)))
		}
	}
}

// mostChoices bounds how often something is chosen in a list that becomes another meanwhile.
const mostChoices = 3

// errListChanged means that the line was taken up again while something was chosen, and that there are
// messages now which nobody looked at: new mail, or all of it where the first list was garbled.
var errListChanged = &statusError{exitTryLater, errors.New("reading headers: each time the line was taken up again there were other messages: try again in some minutes")}

// inStanding chooses in a list, and again in the newest one as often as that has become another meanwhile.
func inStanding(list *mailbox.List, newest func() *mailbox.List, choose func(*mailbox.List) error) error {
	for try := 1; ; try++ {
		if err := choose(list); try == mostChoices || !errors.Is(err, errListChanged) {
			return err
		}
		list = newest()
	}
}

// unseen tells whether a list has messages that nobody looked at when headers were read by an earlier one: it
// did not have them, or the list of a session in between.
func unseen(list, before *mailbox.List, gone []mailbox.Header) bool {
	if list == before {
		return false
	}
	return slices.ContainsFunc(list.Messages, func(m mailbox.Message) bool {
		_, known := before.Find(m.ID)
		return !known
	}) || slices.ContainsFunc(gone, func(h mailbox.Header) bool {
		_, back := list.Find(h.ID)
		return back
	})
}
