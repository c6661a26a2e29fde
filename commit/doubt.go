package commit

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"popmark/mailbox"
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
	strange  bool              // nor is it, but RETR and TOP may give different headers
	belied   bool              // the glimpse was of another header
	resized  bool              // it is in doubt since it has other octets than LIST says, and for nothing else
	unsized  bool              // LIST's octets tell nothing

	asked  textAnswer // TOP of its message
	own    *heading   // what that gave; nil where it is refused
	twin   textAnswer // TOP of the other message, where the one is not enough
	twinAt int        // that message's number
}

// claimOf gives what is to be asked of a text, whose header is in l.head, or nil.
func (l *leg) claimOf(st *step, came *arrival) *claim {
	c := claim{arrival: *came, of: l.e.arrivals.before(came), marked: l.e.markedPrint(st)}
	c.belied = c.marked == noPrint && st.glimpse != noPrint && st.glimpse != came.print
	if c.marked != noPrint && came.print != noPrint && c.marked != came.print && len(l.head) < maxHeader {
		c.strange = c.marked[0] == mailbox.ImprintHeader
		c.replaced = !c.strange
	}
	if c.of == nil && !c.replaced && !c.strange && !c.belied && !st.garbled {
		return nil
	}
	if c.of != nil {
		c.of = new(*c.of) // another may take its place
	}
	return &c
}

// mostGuessed is how many texts are asked about for nothing but their octets, which are not LIST's, and turn out to be
// their messages' own: some servers guess. When so many were seen, octets tell nothing.
const mostGuessed = 8

// claimOfSize gives what is to be asked of a text that nothing but its octets, which are not LIST's, tells from
// another message's, or nil.
func (l *leg) claimOfSize(st *step, came *arrival) *claim {
	if st.Message.Octets < 0 || came.octets == st.Message.Octets || l.e.sized+l.sizing >= mostGuessed || l.e.markedPrint(st) != noPrint {
		return nil
	}
	l.sizing++
	return &claim{arrival: *came, resized: true}
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

// again tells whether the very text came that came for the other message.
func (c *claim) again() bool {
	return c.octets == c.of.octets && (c.sum == c.of.sum || c.of.sum == noPrint)
}

// serves tells whether the text that came for the other message would do for this one as well.
func (c *claim) serves() bool {
	if c.again() || c.of.lines == nil || c.of.octets == c.of.st.Message.Octets && c.octets == c.st.Message.Octets || c.of.lacks(c.own) > 0 {
		return c.again()
	}
	// Where LIST tells the two apart, and both have got as many octets more or fewer, each has its own.
	mine, others := c.st.Message.Octets, c.of.st.Message.Octets
	return c.sameSize() || c.octets-mine != c.of.octets-others || c.of.octets == mine || c.octets == others
}

// matters tells whether the other message has a copy that has to be its own.
func (c *claim) matters() bool {
	of := c.of.st
	return c.of.kept && !of.closed && of.fate != deleted && of.rival == nil
}

// whole tells whether the text has all that TOP gives of its message.
func (c *claim) whole() bool { return c.lacks(c.own) == 0 }

// marks tells whether it has that but for the subject.
func (c *claim) marks() bool {
	return c.whole() || c.resembles(c.own) && c.lacksSubject(c.own)
}

// sameSize tells whether LIST tells the two messages apart by nothing.
func (c *claim) sameSize() bool {
	return c.unsized || c.st.Message.Octets == c.of.st.Message.Octets
}

// parties are the text's message and the other one, of which TOP gives twin; nil where that is not known.
func (c *claim) parties(twin *heading) (own, other party) {
	if c.unsized {
		return party{top: c.own}, party{top: twin}
	}
	return party{c.own, c.st.Message.Octets}, party{twin, c.of.st.Message.Octets}
}

// misled tells whether the text that came for the other message is not that one's, of which TOP gives twin.
func (c *claim) misled(twin *heading) bool {
	text := &c.of.heading
	switch {
	case text.lines == nil: // of an earlier run: more is not known of it
		return c.again() && !c.fits(twin)
	case c.again():
		text = &c.heading
	}
	own, other := c.parties(twin)
	return !text.fits(twin) || text.owner(c.of.octets, other, own) == ofAnother
}

// refuted tells whether nothing need be asked: the text is not the one that it begins as, such as what a list has sent
// as well, and it has the octets that LIST gives its message.
func (c *claim) refuted() bool {
	return !c.replaced && !c.strange && !c.belied && !c.st.garbled && c.sum != c.of.sum && c.octets == c.st.Message.Octets && !c.sameSize()
}

// ask has TOP tell of a text.
func (l *leg) ask(st *step, c *claim) {
	st.claimed = true
	if c.of != nil {
		c.of.st.named++
	}
	c.asked = l.s.top(st.number)
	l.sent = append(l.sent, command{st: st, claim: c})
}

// examine waits for what TOP tells of a text, or of the message whose text began so before, and decides.
func (l *leg) examine(ctx context.Context, st *step, c *claim) error {
	asked, top := st, c.asked
	if c.twin != nil {
		asked, top = c.of.st, c.twin
	}
	head, err := l.headOf(ctx, asked, top, nil)
	if err != nil {
		switch fault := faultOf(err); {
		case fault == confused && c.twin == nil:
			return l.garbled(st, err)
		case fault == confused:
			asked.endings++
			return &garbledError{err}
		case fault == broken:
			asked.endings++
		}
		return err
	}
	if c.of != nil {
		l.e.arrivals.renew(c.of)
	}
	c.unsized = l.e.guessed >= mostGuessed
	var what finding
	if c.twin == nil {
		if what, err = l.alone(ctx, c, head); err != nil {
			return localError{err}
		}
	} else {
		what = c.beside(l.showing(asked, head))
	}
	if what == askTwin {
		c.twin = l.s.top(c.twinAt)
		l.sent = append(l.sent, command{st: st, claim: c})
		return nil
	}
	if c.of != nil {
		c.of.st.named--
	}
	if err := l.conclude(st, c, what, head); err != nil {
		return err
	}
	st.claimed = false
	return l.release(ctx)
}

// showing gives what TOP shows of a message, nil where it is refused.
func (l *leg) showing(st *step, head []byte) *heading {
	if head == nil {
		return nil
	}
	top := headingOf(l.e.box.decode(head), head, mostOfTOP)
	l.e.arrivals.tell(st, &top)
	return &top
}

// conclude takes in what was found out about a text; head is what TOP gave of its message. The error is what ends the session.
func (l *leg) conclude(st *step, c *claim, what finding, head []byte) error {
	if c.resized {
		l.sizing--
	}
	switch what {
	case isOthers:
		if of := c.of; c.mayBeThirds() {
			of.st.rival = c
			if !slices.Contains(l.todo, of.st) { // its part of the plan is over
				l.e.fail(of.st, errDisputed)
				l.misled = append(l.misled, misled{of.st, anyTime})
			}
		}
		return l.anothers(st)
	case isThirds:
		_ = l.mislead(c.of.st) // the next error says the same
		return l.anothers(st)
	case twinIsWrong:
		return l.mislead(c.of.st)
	case isUnclear:
		return l.dispute(st, c)
	case isReplaced:
		return l.leave(st, head)
	}
	if c.resized {
		l.e.sized++
	}
	if c.own != nil && c.octets != st.Message.Octets && st.Message.Octets >= 0 {
		l.e.guessed++
	}
	return nil
}

// mayBeThirds tells whether a text that is not its message's may not be the other one's either, for which it came too.
func (c *claim) mayBeThirds() bool {
	if c.of == nil || c.of.top != nil || !c.again() || !c.matters() {
		return false
	}
	return c.own != nil || c.octets != c.of.st.Message.Octets
}

// errUnclear is why a session ends without its deletions.
var errUnclear = fmt.Errorf("what came for it came for another message as well, which can't be looked at now: deletions are taken back, to look at it first: %w", mailbox.ErrDisorder)

// errAnothers is found out where the answers themselves are in order.
var errAnothers = fmt.Errorf("its text is another message's: deletions are taken back: %w", mailbox.ErrDisorder)

// dispute has the next session look at the other message, whose DELE has gone out.
func (l *leg) dispute(st *step, c *claim) error {
	c.of.st.rival = c
	if l.e.spared < mostSpared { // both may be as they should
		l.e.spared++
		l.e.retries = max(l.e.retries-1, 0)
	}
	return &garbledError{fmt.Errorf("fetching message %d: %w", st.Message.Number, errUnclear)}
}

// anothers takes in that a message's text is another message's.
func (l *leg) anothers(st *step) error {
	return l.garbled(st, fmt.Errorf("fetching message %d: %w", st.Message.Number, errAnothers))
}

// mislead takes in that a text which is taken for a message's, and may be in place, is another's.
func (l *leg) mislead(st *step) error {
	since := l.e.started
	if st.known { // an earlier run was misled
		since = anyTime
	}
	l.e.uncopy(st)
	st.misled = true
	l.misled = append(l.misled, misled{st, since})
	err := l.anothers(st)
	if !st.closed && !slices.Contains(l.todo, st) { // its part of the plan is over
		l.e.fail(st, err)
	}
	return err
}

// headOf waits for a header, which may be empty, and gives nil where it is refused. It lies in buf where that is long enough.
func (l *leg) headOf(ctx context.Context, st *step, top textAnswer, buf []byte) (head []byte, err error) {
	text, err := top.wait(ctx)
	if err == nil {
		if buf == nil {
			buf = []byte{}
		}
		head, err = readHeader(text, buf)
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
