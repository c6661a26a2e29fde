package commit

import (
	"context"

	"popmark/mailbox"
	"popmark/message"
)

// finding is what is found out about a text.
type finding uint8

const (
	isOwn       finding = iota
	isOthers            // another message's
	isThirds            // neither its message's nor that of the other one for which it came
	isReplaced          // that of a message which has the UIDL of the marked one now
	askTwin             // TOP of the other message has to tell
	twinIsWrong         // its message's own, and came for another one before
	isUnclear           // its message's own, it came for another one before, and whether that has the same can't be asked
)

func isOwnIf(own bool) finding {
	if own {
		return isOwn
	}
	return isOthers
}

// alone tells what the header of a text's message shows, which is nil where TOP is refused.
func (l *leg) alone(ctx context.Context, c *claim, head []byte) (finding, error) {
	c.own = l.showing(c.st, head)
	now := noPrint
	if c.own != nil {
		now = c.own.print
	}
	switch {
	case c.replaced && (now == noPrint || now != c.marked):
		return isReplaced, nil
	case c.strange && now != noPrint && now != c.marked:
		shown, err := l.e.shown(ctx, c.st)
		if err != nil {
			return 0, err
		}
		if env := l.e.box.decode(head); shown != nil && (env.From != shown.From || env.Subject != shown.Subject) {
			return isReplaced, nil
		}
	}
	return l.whose(c), nil
}

// shown is what was known of a message when it was marked, nil where that is nothing.
func (e *engine) shown(ctx context.Context, st *step) (*message.Envelope, error) {
	if env := e.box.envelope(st.Message.ID); env != nil || !st.Message.Certain {
		return env, nil
	}
	rows, err := e.log.Headers(ctx, e.opts.Account, []string{st.Message.UID})
	if row, known := rows[st.Message.UID]; known && err == nil {
		return e.box.decode(row.Header), nil
	}
	return nil, err
}

// whose tells whether a text may be its message's, as far as that one's header shows.
func (l *leg) whose(c *claim) finding {
	switch own := c.own; {
	case own == nil && c.belied:
		return isOthers
	case own == nil:
		return c.bySize()
	case own.print == noPrint:
		switch told := c.print != noPrint && c.print[0] != mailbox.ImprintHeader; { // the text has what the message has not
		case told && c.of != nil && l.reaches(c):
			return askTwin // TOP may give nothing of any message
		case told:
			return isOwnIf(c.of != nil && c.again() && c.sameSize())
		}
		return c.bySize()
	case c.of == nil:
		return isOwnIf(c.fits(own))
	case c.whole() && !c.serves():
		return isOwn
	case c.of.top != nil:
		return c.beside(c.of.top)
	case l.reaches(c):
		return askTwin
	}
	return c.withoutTwin()
}

// mostEndings is how often TOP of a message may end a session before it is not asked any more.
const mostEndings = 2

// hasTOP tells whether TOP can be asked of a step's message, which has a number.
func (l *leg) hasTOP(st *step, number int) bool {
	return st.endings < mostEndings && l.s.hasTOP(number)
}

// reaches tells whether TOP can tell of the other message in this session.
func (l *leg) reaches(c *claim) bool {
	if c.of.st.sent {
		return false
	}
	m, err := l.s.bind(c.of.st.Message.ID)
	c.twinAt = m.Number
	return err == nil && l.hasTOP(c.of.st, m.Number)
}

// beside tells what the header of the other message shows as well, which is nil where TOP is refused.
func (c *claim) beside(twin *heading) finding {
	switch {
	case twin == nil:
		return c.withoutTwin()
	case c.own.print == noPrint:
		return isOwnIf(twin.print == noPrint && c.sameSize())
	}
	misled := c.matters() && c.misled(twin)
	own, other := c.parties(twin)
	switch {
	case !c.fits(c.own):
		if misled && c.again() {
			return isThirds
		}
		return isOthers
	case c.owner(c.octets, own, other) == ofAnother:
		return isOthers
	case misled:
		return twinIsWrong
	}
	return isOwn
}

// withoutTwin tells the same where TOP of the other message can't be had.
func (c *claim) withoutTwin() finding {
	switch {
	case c.own == nil || c.own.print == noPrint:
		return c.bySize()
	case !c.fits(c.own):
		return isOthers
	case !c.serves():
		return isOwn
	}
	own, other := c.parties(nil)
	switch {
	case c.again() && c.owner(c.octets, own, other) != ofEither:
		return c.bySize()
	case c.marks() && (c.sameSize() || !c.matters()):
		return isOwn
	case c.whole() && c.matters():
		return isUnclear
	}
	return isOwnIf(c.whole())
}

// bySize tells whose a text is where nothing but LIST's octets does. The very text that came for a message of another size
// is of one of the two.
func (c *claim) bySize() finding {
	if c.of == nil || !c.again() || c.sameSize() {
		return isOwn
	}
	switch {
	case c.octets != c.st.Message.Octets:
		return isOthers
	case !c.matters():
		return isOwn
	case c.of.st.sent:
		return isUnclear
	}
	return twinIsWrong
}
