package commit

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"

	"popmark/ledger"
	"popmark/mailbox"
	"popmark/triage"
)

const (
	// topAhead bounds the TOPs that are under way while messages are looked at again.
	topAhead = 4096
	// spotChecks is how many messages are looked at of those that go by a header of an earlier session
	// which had no say in their marks. It costs a round trip.
	spotChecks = 64
)

// noPrint is the print of a header that is not known.
var noPrint [sha256.Size]byte

// recheck looks at the messages that would be deleted in this session without having
// been fetched or listed in it as what they are taken for: servers use a UIDL again, and
// the message that bears it now may be another one of the same size (P1, P2). So may one
// that is taken for fetched and was deleted after that, or one whose header an earlier session
// has shown: of these, some where [Options.Numbered] says so. It gives the steps that are left to do.
// Where TOP shows nothing, or what the message looked like was never known, the UIDL and the size have to do.
func (e *engine) recheck(ctx context.Context, s session, todo []*step) ([]*step, error) {
	var suspects, recalled []*step
	for _, st := range todo {
		switch {
		case st.rival != nil:
			suspects = append(suspects, st)
		case !st.Message.Certain:
		case st.suspect(s.later()):
			suspects = append(suspects, st)
		case st.recalled && !st.looked && st.imprint != noPrint && s.hasTOP(st.number):
			recalled = append(recalled, st)
		}
	}
	some := e.opts.Numbered && !e.disproved
	if some {
		recalled = spread(recalled, spotChecks)
	}
	suspects = append(suspects, recalled...)
	if len(suspects) == 0 {
		return todo, nil
	}
	others, err := e.compare(ctx, s, suspects)
	if err != nil {
		return nil, fmt.Errorf("looking at messages again: %w", err)
	}
	if err := e.noteVerdicts(ctx, suspects); err != nil {
		return nil, localError{err}
	}
	e.disproved = e.disproved || slices.ContainsFunc(recalled, (*step).isClosed)
	if (e.disproved || e.shuffled) && len(others) > 0 {
		e.box.distrust(ctx) // who counts anew does so with all
	}
	// Only now: what the journal takes for the messages of this run may not look like those others.
	for _, o := range others {
		if o.head == nil {
			e.box.distrust(ctx)
			break
		}
		e.box.relearn(o.st.Message.ID, o.st.Message.Octets, o.head)
	}
	todo = slices.DeleteFunc(todo, (*step).isClosed)
	if some && e.disproved {
		return e.recheck(ctx, s, todo)
	}
	return todo, nil
}

// noteVerdicts has the journal know what looking at messages again has shown.
func (e *engine) noteVerdicts(ctx context.Context, suspects []*step) error {
	var afresh, gone, givenUp []int
	for _, st := range suspects {
		switch {
		case st.closed && st.doubt:
			gone = append(gone, st.seq)
		case st.closed && e.opts.Request == "":
			givenUp = append(givenUp, st.seq)
		case st.closed: // the same request means it until it is forgotten, and fails
		case st.dest != nil && !st.copied && st.awaited == noPrint:
			afresh = append(afresh, st.seq) // what the journal takes for fetched
		}
	}
	if err := e.setSteps(ctx, ledger.StepPlanned, afresh); err != nil {
		return err
	}
	if err := e.setSteps(ctx, ledger.StepFailed, givenUp); err != nil {
		return err
	}
	return e.stepsDeleted(ctx, gone)
}

// spread gives so many of some steps at the most, the first and the last among them.
func spread(steps []*step, most int) []*step {
	if len(steps) <= most {
		return slices.Clone(steps)
	}
	some := make([]*step, most)
	for i := range some {
		some[i] = steps[i*(len(steps)-1)/(most-1)]
	}
	return some
}

// suspect tells whether a step's UIDL may name another message than it did; later: it was seen in
// an earlier session.
func (st *step) suspect(later bool) bool {
	if st.rival != nil {
		return true
	}
	if !st.Mark.Deletes() {
		return st.known && st.spent && !st.looked
	}
	before := st.copied || st.Mark == triage.Delete || st.byHeader() // RETR's header may not tell
	return st.doubt || st.known && !st.looked || (later || st.mine) && before
}

// byHeader tells whether all that the message is known by is its header as TOP gives it, which need not be RETR's.
func (st *step) byHeader() bool { return st.imprint[0] == mailbox.ImprintHeader }

// Why a message is left alone whose UIDL names another one now, or may do so while nothing else is known of it: of one that
// was pointed at, and of one that a request means, which means the one of before until it is forgotten.
var (
	ErrReplaced      = errors.New("another message bears its UIDL than the one that was marked, and is left alone: look at the mailbox again, and mark it if you want it")
	errReplacedNamed = errors.New("another message bears its UIDL than the one that was meant, and is left alone: look with popmark list; the same marks mean it once they were given with --forget")

	ErrShifted      = errors.New("the server's UIDLs are numbers, or were given to other messages, so that it may be another one: it is left alone: look at the mailbox again, and mark it if you want it")
	errShiftedNamed = errors.New("the server's UIDLs are numbers, or were given to other messages, so that it may be another one: it is left alone: look with popmark list; the same marks mean it once they were given with --forget")
)

// leaveAlone fails a step, for one reason where its message was pointed at, and for another where a request means it.
func (e *engine) leaveAlone(st *step, pointed, named error) {
	if e.opts.Request != "" {
		pointed = named
	}
	e.fail(st, pointed)
}

// replaced fails a step whose UIDL names another message now. It may be there still, under another UIDL.
func (e *engine) replaced(st *step) { e.leaveAlone(st, ErrReplaced, errReplacedNamed) }

func (e *engine) imprint(head []byte) [sha256.Size]byte {
	return mailbox.Imprint(e.box.decode(head), head)
}

// another is a step whose UIDL names another message now, with this header; nil where there are more than headsKept.
type another struct {
	st   *step
	head []byte
}

const (
	// headsKept is of how many messages that turn out to be others the headers are kept, to be known from then on. Of
	// more all headers are forgotten.
	headsKept = 64
	// askedAlone is of how many of them the header has to come twice, the second time alone.
	askedAlone = 8
)

// compare asks for the headers of the suspects and holds them against what is expected.
// It gives those that are other messages.
func (e *engine) compare(ctx context.Context, s session, suspects []*step) (others []another, err error) {
	var ask, blind []*step
	for _, st := range suspects {
		if s.hasTOP(st.number) && (st.copied && st.print != noPrint || st.imprint != noPrint) {
			ask = append(ask, st)
		} else {
			blind = append(blind, st)
		}
	}
	var alike, differ []*step
	heads, verdicts := make(map[*step][]byte), make(map[*step]verdict)
	err = eachHead(ctx, s, topAhead, ask, func(st *step, head []byte) error {
		switch v := e.judge(st, head); v {
		case same:
			alike = append(alike, st)
		case untold:
			blind = append(blind, st)
		default:
			if v == unsure {
				st.shows = new(headingOf(e.box.decode(head), head, linesAwaited))
			}
			verdicts[st] = v
			if differ = append(differ, st); len(differ) <= headsKept {
				heads[st] = slices.Clone(head)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	// One answer that is another's must not decide over a message. Where many differ, some tell for all.
	err = eachHead(ctx, s, 1, spread(differ, askedAlone), func(st *step, head []byte) error {
		if e.judge(st, head) == same {
			return &garbledError{fmt.Errorf("message %d: %w", st.Message.Number, mailbox.ErrDisorder)}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	e.shuffled = e.shuffled || slices.ContainsFunc(differ, func(st *step) bool { return verdicts[st] == isAnother && !st.byHeader() })
	// Only now: before, an answer may have been another's.
	for _, st := range alike {
		st.looked, st.doubt, st.risked = true, false, false
		st.rival = nil
	}
	for _, st := range blind {
		if st.rival != nil { // nor is it one for the next run
			if err := e.forgetCopies([]misled{{st, anyTime}}); err != nil {
				return nil, err
			}
		}
		e.askHistory(s, st)
	}
	for _, st := range differ {
		st.looked = true
		if verdicts[st] == isAnother {
			others = append(others, another{st, heads[st]})
		}
		e.otherwise(st, verdicts[st])
	}
	return others, nil
}

// eachHead asks for the headers of steps' messages, so many at a time at the most, and gives each, nil where it
// is refused. It is good until the next one is given.
func eachHead(ctx context.Context, s session, ahead int, ask []*step, got func(st *step, head []byte) error) error {
	if ahead > 1 && len(ask) > 1 {
		if err := s.proveOrder(ctx, ask[0].number, ask[1].number); err != nil {
			return err
		}
	}
	if !s.pipelines() {
		ahead = 1
	}
	var sent []textAnswer
	var buf []byte
	for i, st := range ask {
		for len(sent) < ahead && i+len(sent) < len(ask) {
			sent = append(sent, s.top(ask[i+len(sent)].number))
		}
		text, err := sent[0].wait(ctx)
		sent = sent[1:]
		var head []byte
		if err == nil {
			if buf, err = readHeader(text, buf); err == nil {
				head = buf
			}
		}
		if err != nil && faultOf(err) != refused {
			return err
		}
		if err := got(st, head); err != nil {
			return err
		}
	}
	return nil
}

// knowAgain looks at messages that a session refused to give or to delete, and of which nothing but the UIDL is known:
// the run that takes them up may find another message under it. TOP may end the session, and the next one has to delete then
// what this one was to.
func (e *engine) knowAgain(ctx context.Context, s session, todo []*step) error {
	if e.opts.Request == "" || e.retries >= e.opts.Retries {
		return nil
	}
	var left []*step
	for _, st := range todo {
		if st.refused && st.Message.Certain && st.imprint == noPrint && st.endings < mostEndings && s.hasTOP(st.number) {
			left = append(left, st)
		}
	}
	headers := make(map[int][sha256.Size]byte)
	err := eachHead(ctx, s, topAhead, left, func(st *step, head []byte) error {
		if st.imprint = e.imprint(head); st.imprint != noPrint {
			headers[st.seq] = st.imprint
		}
		return nil
	})
	if f := faultOf(err); err != nil && (f == broken || f == confused) {
		for _, st := range left {
			st.endings = mostEndings
		}
		return &garbledError{fmt.Errorf("looking at messages again: %w", err)}
	}
	if err != nil || len(headers) == 0 {
		return err
	}
	return localOrNil(e.log.SetHeaders(e.late, e.run, headers))
}

// verdict is what a header tells of a message that is looked at again.
type verdict uint8

const (
	same      verdict = iota // it is the one that is meant, and the copy that is known is its own
	untold                   // there is nothing to tell it by
	isAnother                // than the one that is meant, as its header says
	isLater                  // than the one that was copied, as the history says: that was deleted
	uncopied                 // it is the one that is meant, and the copy that is known may be another's
	unsure                   // the copy's header is another, and RETR may have given another than TOP
)

// judge holds the header that TOP gives of a message against what is known of the one that a step means; nil is a
// header that can't be had.
func (e *engine) judge(st *step, head []byte) verdict {
	now := e.imprint(head)
	marked := st.imprint != noPrint
	switch copied := st.copied && st.print != noPrint; {
	case head == nil, now == noPrint, !marked && !copied:
		return untold
	case marked && now != st.imprint:
		return isAnother
	case copied && st.rival != nil:
		top := new(headingOf(e.box.decode(head), head, mostOfTOP))
		e.arrivals.tell(st, top)
		if st.rival.misled(top) {
			return uncopied
		}
		return same
	case !copied, e.fits(st.print, head), marked && !st.known:
		return same
	case marked:
		return uncopied
	case st.print[0] == mailbox.ImprintFields, st.print[0] == mailbox.ImprintHeader:
		return unsure
	}
	return isAnother
}

// fits says whether a header is of the message whose copy is known by print: by its imprint, or as older ledgers have it
// by the hash of the header.
func (e *engine) fits(known [sha256.Size]byte, head []byte) bool {
	sum, _ := mailbox.HashHeader(head)
	return known != noPrint && (sum == known || e.imprint(head) == known)
}

// readHeader reads a TOP's answer to its end and gives the header, as withHeader does.
func readHeader(text io.Reader, buf []byte) ([]byte, error) {
	head, rest, err := withHeader(text, buf)
	if err == nil {
		_, err = io.Copy(io.Discard, rest)
	}
	return head, err
}

// linesAwaited is of how many lines of a header it is known that they are awaited.
const linesAwaited = 64

// errDisputed is why a message stays on the server whose copy may be another's.
var errDisputed = errors.New("the text that came for it came for another message as well, and the server does not show its header, so that it is not known whose it is: look at its copy, and at the message with popmark peek")

// askHistory judges the known copy of a message that could not be looked at: a message
// that was deleted after its copy was made is not the one that bears its UIDL now.
func (e *engine) askHistory(s session, st *step) {
	st.looked = true
	switch {
	case st.rival != nil:
		e.fail(st, errDisputed)
	case st.known && st.spent:
		e.otherwise(st, isLater)
	case st.doubt && (e.shuffled || e.doubted && st.mine || e.counted && s.list().Counted()):
		// Where the deletion came true, its UIDL is another message's.
		if st.risked {
			e.sum.Unknown++
			e.sum.Unclear++
		}
		st.doubt, st.risked = false, false
		e.fail(st, fmt.Errorf("it is not known whether the message was deleted: %w", mailbox.ErrUncertain))
	case (e.countedAnew(s) || e.doubted && st.mine || e.shuffled && (st.mine || s.later())) && st.toDelete() && !st.wantsCopy():
		e.leaveAlone(st, ErrShifted, errShiftedNamed)
	default:
		st.doubt, st.risked = false, false
	}
}

// otherwise takes in that a step's UIDL names, or may name, another message than the one that was
// fetched, or asked to be deleted, before. Where the copy is not of this run and the mark not of
// one that is taken up, what is marked now is the new message, unless it has replaced the one that was shown.
func (e *engine) otherwise(st *step, v verdict) {
	switch {
	case v == unsure && (st.mine || st.doubt || !st.known):
		st.awaited, st.copied = st.print, false // RETR tells
		st.renews = !st.mine && !st.doubt
		e.total += max(st.Message.Octets, 0)
		return
	case v == unsure:
	case v == uncopied:
		st.doubt, st.risked = false, false
	case st.doubt:
		e.warn(fmt.Sprintf("message %d is gone, and the server gave its UIDL to another message, which is left alone", st.Message.Number))
		st.closed = true
		if st.risked {
			e.vow(st)
			e.uncommitted++
		}
		return
	case !st.known || st.mine || v == isAnother && st.imprint != noPrint:
		e.replaced(st)
		return
	}
	e.warn(fmt.Sprintf("message %d has the UIDL and the size of one that was fetched before, but another header: it is fetched too", st.Message.Number))
	e.uncopy(st)
	e.total += max(st.Message.Octets, 0)
}
