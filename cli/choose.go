package cli

import (
	"context"
	"errors"
	"fmt"

	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

// choose gives the indexes in the list of what is selected. Headers are asked for only
// where some selection needs them.
func (a *app) choose(ctx context.Context, b *opened, list *mailbox.List, selection *triage.Selection) ([]int, error) {
	if selection.NeedsHeaders() {
		if err := a.readHeaders(ctx, b, list); err != nil {
			return nil, err
		}
	}
	return selection.In(list, func(i int) triage.Row {
		m := &list.Messages[i]
		return triage.Row{Message: m, Envelope: b.box.Envelope(m.ID)}
	})
}

// lostTrack is an error where the line broke and a message of no UIDL of its own could not be
// found in the new session: it may be there, and what is asked about it can't be answered.
func lostTrack(header mailbox.Header) error {
	if header.ID.Unique() || !errors.Is(header.Err, mailbox.ErrGone) {
		return nil
	}
	return &statusError{exitUnavailable, errors.New("reading headers: the line broke, and messages without a UIDL of their own can't be found again in the new session: run it again")}
}

// readHeaders reads the headers of the whole mailbox; those that are known already cost nothing.
func (a *app) readHeaders(ctx context.Context, b *opened, list *mailbox.List) error {
	ids := make([]mailbox.ID, len(list.Messages))
	for i := range list.Messages {
		ids[i] = list.Messages[i].ID
	}
	for header, err := range b.box.Headers(ctx, ids) {
		if err != nil {
			return b.fault("reading headers from", err)
		}
		if err := lostTrack(header); err != nil {
			return err
		}
		if at, ok := list.Find(header.ID); ok && header.Err != nil && !errors.Is(header.Err, mailbox.ErrNoTOP) { // of that the mailbox warns once
			text := fmt.Sprintf("message %d: %v: no query that asks for its header selects it", list.Messages[at].Number, header.Err)
			if errors.Is(header.Err, mailbox.ErrPassedOver) { // nobody refused it: something was not done
				a.failed(errors.New(text))
			} else {
				a.warn(message.MakeSafe(text))
			}
		}
	}
	return nil
}
