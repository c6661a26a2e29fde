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

// choice is what a selection selects of a list, by index, and the messages of which that can't be told.
type choice struct {
	selected []int
	open     []unjudged
}

// choose gives what each selection selects. Headers are asked for only where some selection needs them, and once for
// all. The error, which is about the selection of an index, is errListChanged where there are messages by then
// that nobody looked at.
func (a *app) choose(ctx context.Context, b *opened, list *mailbox.List, selections []*triage.Selection) (choices []choice, of int, err error) {
	choices = make([]choice, len(selections))
	for i, s := range selections {
		if s.NeedsHeaders() {
			continue
		}
		choices[i].selected, err = s.In(list, func(at int) triage.Row { return triage.Row{Message: &list.Messages[at]} })
		if err != nil {
			return nil, i, err
		}
	}
	first := slices.IndexFunc(selections, (*triage.Selection).NeedsHeaders)
	if first < 0 {
		return choices, 0, nil
	}
	return choices, first, a.readHeaders(ctx, b, list, selections, choices)
}

// lostTrack is an error where the line broke and a message of no UIDL of its own could not be
// found in the new session: it may be there, and what is asked about it can't be answered.
func lostTrack(header mailbox.Header) error {
	if header.ID.Unique() || !errors.Is(header.Err, mailbox.ErrGone) {
		return nil
	}
	return &statusError{exitUnavailable, errors.New("reading headers: the line broke, and messages without a UIDL of their own can't be found again in the new session: run it again")}
}

// readHeaders reads the headers of the whole mailbox, and makes the choices that go by them, each header passing once:
// of a large mailbox not all stay in memory. Those that are known already cost nothing. Of what is wrong with
// single messages nothing is told where there is an error.
func (a *app) readHeaders(ctx context.Context, b *opened, list *mailbox.List, selections []*triage.Selection, choices []choice) error {
	ids := make([]mailbox.ID, len(list.Messages))
	for i := range list.Messages {
		ids[i] = list.Messages[i].ID
	}
	var gone []mailbox.Header
	open := make([]openMessages, len(selections))
	for i, s := range selections {
		open[i] = openMessages{list: list, unsure: s.Unsure}
	}
	next := 0
	for header, err := range b.box.Headers(ctx, ids) {
		if err != nil {
			return b.fault("reading headers from", err)
		}
		if err := lostTrack(header); err != nil {
			return err
		}
		if errors.Is(header.Err, mailbox.ErrGone) {
			gone = append(gone, header)
		}
		at, ok := list.FindNext(header.ID, next)
		if !ok {
			continue
		}
		next = at + 1
		row := triage.Row{Message: &list.Messages[at], Envelope: header.Envelope}
		for i, s := range selections {
			switch {
			case !s.NeedsHeaders():
			case s.Matches(row):
				choices[i].selected = append(choices[i].selected, at)
			case header.Err != nil:
				open[i].without(header)
			}
		}
	}
	if unseen(b.box.List(), list, gone) {
		return errListChanged
	}
	for i := range choices {
		var err error
		if choices[i].open, err = open[i].end(b); err != nil {
			return err
		}
	}
	a.tellGone(list, gone)
	return nil
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
