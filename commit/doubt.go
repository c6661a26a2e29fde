package commit

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"popmark/mailbox"
	"popmark/message"
)

// Some servers and proxies answer RETR with the text of another message (P2). What shows it is that a text begins
// as one that came for another message, or is not that of the message that is marked, as far as its header is known.
// Neither such a text nor what comes behind it is put into place until TOP has told whose it is.

// claim is a text that may not be its message's own.
type claim struct {
	arrival
	of       *arrival          // one that came for another message and began as this one does; nil where there is none
	marked   [sha256.Size]byte // what the message that is marked is known by; zero where nothing is
	replaced bool              // that is not what the text shows
	env      *message.Envelope // of the text's header
	lines    map[uint64]bool   // the hashes of its lines

	top  textAnswer
	head []byte     // what top gave
	twin textAnswer // TOP of the other message, where the one is not enough

	twinNumber int // of the other message in this session
}

var lineSeed = maphash.MakeSeed()

// claimOf gives what is to be asked of a text, whose header is in l.head, or nil.
func (l *leg) claimOf(st *step, came *arrival) *claim {
	c := claim{arrival: *came, of: l.e.arrivals.before(came), marked: l.e.markedPrint(st)}
	c.replaced = c.marked != noPrint && came.print != noPrint && c.marked != came.print && len(l.head) < maxHeader
	if c.of == nil && !c.replaced && !st.garbled {
		return nil
	}
	if c.of != nil {
		c.of = new(*c.of) // another may take its place
	}
	c.env, c.lines = l.e.box.decode(l.head), make(map[uint64]bool)
	for line := range mailbox.LastingLines(l.head) {
		c.lines[maphash.Bytes(lineSeed, line)] = true
	}
	return &c
}

// markedPrint is what the message that is marked is known by, where RETR has to show the same.
func (e *engine) markedPrint(st *step) [sha256.Size]byte {
	if st.Message.Certain {
		return st.imprint
	}
	if env := e.box.envelope(st.Message.ID); env != nil {
		return mailbox.Imprint(env, nil)
	}
	return noPrint
}

// missing is how many lines of a header the text lacks.
func (c *claim) missing(header []byte) (n int) {
	for line := range mailbox.LastingLines(header) {
		if !c.lines[maphash.Bytes(lineSeed, line)] {
			n++
		}
	}
	return n
}

// resembles tells whether the text's header may be what RETR makes of the one that TOP gives: it has the same Message-ID
// or, without, its subject holds the other's.
func (c *claim) resembles(header *message.Envelope) bool {
	a, b := c.env, header
	same := a.MessageID == b.MessageID && a.From.Address == b.From.Address && a.HasDate == b.HasDate && a.Date.Equal(b.Date)
	return same && (b.MessageID != "" || strings.Contains(string(a.Subject), string(b.Subject)))
}

// ofOtherSize tells that the very text that came for a message of another size came again. It has to do where TOP
// does not tell.
func (c *claim) ofOtherSize(st *step) bool {
	return c.of != nil && c.sum == c.of.sum && c.octets == c.of.octets && st.Message.Octets != c.of.st.Message.Octets
}

// ask has TOP tell of a text.
func (l *leg) ask(st *step, c *claim) {
	st.claimed = true
	c.top = l.s.top(st.number)
	l.sent = append(l.sent, command{st: st, claim: c})
}

// examine waits for what TOP tells of a text, or of the message whose text began so before, and decides.
func (l *leg) examine(ctx context.Context, st *step, c *claim) error {
	var what finding
	if c.twin == nil {
		head, err := l.headOf(ctx, st, c.top)
		if err != nil {
			return l.unexamined(st, err)
		}
		c.head = head
		what = l.alone(st, c)
	} else {
		head, err := l.headOf(ctx, c.of.st, c.twin)
		if err != nil {
			return l.unexamined(st, err)
		}
		what = l.beside(c, head)
	}
	switch what {
	case askTwin:
		c.twin = l.s.top(c.twinNumber)
		l.sent = append(l.sent, command{st: st, claim: c})
		return nil
	case isOthers:
		return l.anothers(st)
	case twinIsWrong:
		return l.mislead(c.of.st)
	case isUnclear:
		c.of.st.disputed = c
		if l.e.spared < mostSpared { // both may be as they should
			l.e.spared++
			l.e.retries--
		}
		return &garbledError{fmt.Errorf("fetching message %d: its text is that of message %d, which can't be looked at any more: %w", st.Message.Number, c.of.st.Message.Number, mailbox.ErrDisorder)}
	case isReplaced:
		if err := l.leave(st, c.head); err != nil {
			return err
		}
	case isOwn:
		st.proven = c.head != nil
	}
	st.claimed = false
	return l.release(ctx)
}

// finding is what is found out about a text.
type finding uint8

const (
	isOwn       finding = iota
	isOthers            // another message's
	isReplaced          // that of a message which has the UIDL of the marked one now
	askTwin             // TOP of the other message has to tell
	twinIsWrong         // its message's own, and came for another one before
	isUnclear           // its message's own, it came for another one before, and whether that has the same can't be asked
)

// alone tells what the header of a text's message shows, which is nil where TOP is refused.
func (l *leg) alone(st *step, c *claim) finding {
	now := l.e.imprint(c.head)
	if c.replaced && (now == noPrint || now != c.marked) {
		return isReplaced
	}
	if now == noPrint {
		refused := c.head == nil && l.s.knowsTOP()
		if refused || c.ofOtherSize(st) || c.print[0] != 0 && c.print[0] != mailbox.ImprintHeader {
			return isOthers
		}
		return isOwn
	}
	whole := c.missing(c.head) == 0
	mayBe := whole || c.resembles(l.e.box.decode(c.head))
	switch of := c.of; {
	case of == nil:
		return isOwnIf(mayBe)
	case whole && (of.sum != c.sum || of.st.proven || of.st.disputed != nil || of.st.closed || !of.kept):
		return isOwn
	case l.reaches(c):
		return askTwin
	case of.sum != c.sum:
		return isOwnIf(mayBe)
	case whole && of.st.sent && of.st.fate != deleted:
		return isUnclear
	}
	return isOwnIf(whole)
}

func isOwnIf(own bool) finding {
	if own {
		return isOwn
	}
	return isOthers
}

// reaches tells whether TOP can tell of the other message in this session.
func (l *leg) reaches(c *claim) bool {
	if c.of.st.sent {
		return false
	}
	m, err := l.s.bind(c.of.st.Message.ID)
	c.twinNumber = m.Number
	return err == nil && l.s.hasTOP(m.Number)
}

// beside tells what the header of the other message shows as well.
func (l *leg) beside(c *claim, twin []byte) finding {
	if twin == nil {
		if c.missing(c.head) == 0 {
			return isUnclear
		}
		return isOthers
	}
	sum, _ := mailbox.HashHeader(c.head)
	other, _ := mailbox.HashHeader(twin)
	own, others := c.missing(c.head), c.missing(twin)
	switch {
	case sum == other: // they are the same
		c.of.st.proven = true
		return isOwn
	case own >= others:
		return isOthers
	case c.of.sum == c.sum:
		return twinIsWrong
	}
	return isOwn
}

// anothers takes in that a message's text is another message's.
func (l *leg) anothers(st *step) error {
	return l.garbled(st, fmt.Errorf("fetching message %d: its text is another message's: %w", st.Message.Number, mailbox.ErrDisorder))
}

// mislead takes in that a text which is taken for a message's, and may be in place, is another's.
func (l *leg) mislead(st *step) error {
	l.e.uncopy(st)
	st.misled = true
	err := l.anothers(st)
	if !st.closed && !slices.Contains(l.todo, st) { // its part of the plan is over
		l.e.fail(st, err)
	}
	return err
}

// unexamined takes in that no answer told of a text.
func (l *leg) unexamined(st *step, err error) error {
	if faultOf(err) == confused {
		return l.garbled(st, err)
	}
	return err
}

// headOf waits for a header, which may be empty, and gives nil where it is refused.
func (l *leg) headOf(ctx context.Context, st *step, top textAnswer) (head []byte, err error) {
	text, err := top.wait(ctx)
	if err == nil {
		head, err = readHeader(text, []byte{})
	}
	if err == nil {
		return head, nil
	}
	if mailbox.IsRefusal(err) {
		return nil, nil
	}
	return nil, fmt.Errorf("looking at message %d again: %w", st.Message.Number, err)
}

// leave leaves a message alone that is another than the one that is marked; head is its header, nil where only
// a text tells, of which it is not known whose it is.
func (l *leg) leave(st *step, head []byte) error {
	l.e.replaced(st)
	if err := l.e.noteVerdicts(l.e.late, []*step{st}); err != nil {
		return localError{err}
	}
	if head != nil {
		l.e.box.relearn(st.Message.ID, st.Message.Octets, head)
	}
	return nil
}
