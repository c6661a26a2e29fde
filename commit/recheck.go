package commit

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"

	"popmark/ledger"
	"popmark/mailbox"
)

// topAhead bounds the TOPs that are under way while messages are looked at again.
const topAhead = 256

// noPrint is the print of a header that is not known.
var noPrint [sha256.Size]byte

// recheck looks at the messages that would be deleted in this session without having
// been fetched or listed in it as what they are taken for: servers use a UIDL again, and
// the message that bears it now may be another one of the same size (P1, P2). It gives
// the steps that are left to do.
func (e *engine) recheck(ctx context.Context, s session, todo []*step) ([]*step, error) {
	var suspects []*step
	for _, st := range todo {
		if st.toDelete() && st.Message.Certain && (st.doubt || st.known && !st.looked) {
			suspects = append(suspects, st)
		}
	}
	if len(suspects) == 0 {
		return todo, nil
	}
	if err := e.findPrints(ctx, suspects); err != nil {
		return nil, localError{err}
	}
	blind, err := e.compare(ctx, s, suspects)
	if err != nil {
		return nil, fmt.Errorf("looking at messages again: %w", err)
	}
	if err := e.askHistory(ctx, blind); err != nil {
		return nil, localError{err}
	}
	var afresh []int // what the journal takes for fetched
	for _, st := range suspects {
		if st.dest != nil && !st.copied {
			afresh = append(afresh, st.seq)
		}
	}
	if len(afresh) > 0 {
		if err := e.log.SetSteps(ctx, e.run, ledger.StepPlanned, afresh...); err != nil {
			return nil, localError{err}
		}
	}
	return slices.DeleteFunc(todo, func(st *step) bool { return st.closed || st.fate == deleted }), nil
}

// findPrints finds the headers of messages that were never fetched, where the ledger has them.
func (e *engine) findPrints(ctx context.Context, suspects []*step) error {
	var uids []string
	for _, st := range suspects {
		if st.print == noPrint {
			uids = append(uids, st.Message.UID)
		}
	}
	if len(uids) == 0 {
		return nil
	}
	rows, err := e.log.Headers(ctx, e.opts.Account, uids)
	if err != nil {
		return err
	}
	for _, st := range suspects {
		if row, ok := rows[st.Message.UID]; ok && row.Octets == st.Message.Octets && st.print == noPrint {
			st.print, _ = mailbox.HashHeader(row.Header[:min(len(row.Header), maxHeader)])
		}
	}
	return nil
}

// compare asks for the headers of the suspects and holds them against what is expected.
// It gives those of which nothing was learnt.
func (e *engine) compare(ctx context.Context, s session, suspects []*step) (blind []*step, err error) {
	if !s.hasTOP() {
		return suspects, nil
	}
	var ask []*step
	for _, st := range suspects {
		if st.print == noPrint {
			blind = append(blind, st)
		} else {
			ask = append(ask, st)
		}
	}
	ahead := 1
	if s.pipelines() {
		ahead = topAhead
	}
	var sent []textAnswer
	var head []byte
	for i, st := range ask {
		for len(sent) < ahead && i+len(sent) < len(ask) {
			sent = append(sent, s.top(ask[i+len(sent)].number))
		}
		text, err := sent[0].wait(ctx)
		sent = sent[1:]
		if err == nil {
			head, err = readHeader(text, head)
		}
		switch {
		case err == nil:
		case faultOf(err) == refused:
			blind = append(blind, st)
			continue
		default:
			return nil, err
		}
		st.looked = true
		if sum, ok := mailbox.HashHeader(head); ok && sum != st.print {
			e.otherwise(st)
		}
	}
	return blind, nil
}

// readHeader reads a TOP's answer to its end and gives the header, as withHeader does.
func readHeader(text io.Reader, buf []byte) ([]byte, error) {
	head, rest, err := withHeader(text, buf)
	if err == nil {
		_, err = io.Copy(io.Discard, rest)
	}
	return head, err
}

// askHistory judges known copies of messages that could not be looked at: a message
// that was deleted after its copy was made is not the one that bears its UIDL now.
func (e *engine) askHistory(ctx context.Context, blind []*step) error {
	blind = slices.DeleteFunc(blind, func(st *step) bool { return !st.known })
	if len(blind) == 0 {
		return nil
	}
	uids := make([]string, len(blind))
	for i, st := range blind {
		uids[i] = st.Message.UID
	}
	deletions, err := e.log.Deletions(ctx, e.opts.Account, uids)
	if err != nil {
		return err
	}
	for _, st := range blind {
		st.looked = true
		at, ok := deletions[ledger.Message{UID: st.Message.UID, Octets: st.Message.Octets}]
		if ok && at.UnixNano() >= st.madeAt {
			e.otherwise(st)
		}
	}
	return nil
}

// otherwise takes in that a step's UIDL names another message than the one that was
// fetched, or asked to be deleted, before. Where the copy is not of the run that is taken
// up, what is marked now is the new message.
func (e *engine) otherwise(st *step) {
	if st.doubt || st.mine {
		e.warn(fmt.Sprintf("message %d is gone, and the server gave its UIDL to another message, which is left alone", st.Message.Number))
		e.vanished(st, st.vowed)
		return
	}
	e.warn(fmt.Sprintf("message %d has the UIDL and the size of one that was fetched before, but another header: it is fetched too", st.Message.Number))
	st.copied, st.known, st.path, st.prior = false, false, "", nil
	e.total += st.Message.Octets
}
