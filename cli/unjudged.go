package cli

import (
	"errors"
	"fmt"

	"popmark/mailbox"
	"popmark/triage"
)

// unjudged is a message of which it can't be told whether a query selects it, as its header can't be had.
type unjudged struct {
	at  int // in the list
	err error
}

// why is what is said of it; of is the query, or what else selects.
func (u unjudged) why(of string) error {
	return fmt.Errorf("%w: it can't be told whether %s selects it: look at the mailbox again later, or choose it by its number", u.err, of)
}

// openMessages collects the messages that a query leaves open.
type openMessages struct {
	list   *mailbox.List
	unsure func(triage.Row) bool // without its header
	all    []unjudged
	noTOP  error // that the server has no TOP, instead of each message that this leaves open
}

// without takes in a header that can't be had.
func (o *openMessages) without(header mailbox.Header) {
	at, ok := o.list.Find(header.ID)
	switch {
	case !ok, errors.Is(header.Err, mailbox.ErrGone), !o.unsure(triage.Row{Message: &o.list.Messages[at]}):
	case errors.Is(header.Err, mailbox.ErrNoTOP):
		o.noTOP = header.Err
	default:
		o.all = append(o.all, unjudged{at, header.Err})
	}
}

// end gives them. Where the server has no TOP the query can't be carried out at all, which is an error.
func (o *openMessages) end(b *opened) ([]unjudged, error) {
	noTOP := o.noTOP
	for _, u := range o.all {
		if noTOP == nil && mailbox.IsRefusal(u.err) && !b.box.Info().TOP { // of too few messages for ErrNoTOP
			noTOP = mailbox.WithoutTOP(u.err)
		}
	}
	if noTOP != nil {
		return nil, &statusError{exitUnavailable, fmt.Errorf(
			"reading headers from the mailbox of %s: %w, nor can a query that asks for them be judged: choose by number, or by larger:, smaller: or uid: alone", b.name(), noTOP)}
	}
	return o.all, nil
}
