package commit

import (
	"bytes"
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
	strange  bool              // nor is it, but RETR and TOP may give different headers
	env      *message.Envelope // of the text's header
	lines    []uint64          // the hashes of its lines, sorted

	top    textAnswer
	head   [sha256.Size]byte // of what top gave, see mailbox.HashHeader
	lacks  int               // how many of its lines the text lacks
	like   bool              // it may be what RETR has made of it
	marks  bool              // it is that but for the subject
	twin   textAnswer        // TOP of the other message, where the one is not enough
	twinAt int               // that message's number
}

// mostLines is how many lines of a header are compared.
const mostLines = 4096

var lineSeed = maphash.MakeSeed()

// hashLines gives the hashes of a header's lines.
func hashLines(header []byte) (hashes []uint64) {
	for line := range mailbox.LastingLines(header) {
		if hashes = append(hashes, maphash.Bytes(lineSeed, line)); len(hashes) == mostLines {
			break
		}
	}
	return hashes
}

// claimOf gives what is to be asked of a text, whose header is in l.head, or nil.
func (l *leg) claimOf(st *step, came *arrival) *claim {
	c := claim{arrival: *came, of: l.e.arrivals.before(came), marked: l.e.markedPrint(st)}
	if c.marked != noPrint && came.print != noPrint && c.marked != came.print && len(l.head) < maxHeader {
		c.strange = c.marked[0] == mailbox.ImprintHeader
		c.replaced = !c.strange
	}
	if c.of == nil && !c.replaced && !c.strange && !st.garbled {
		return nil
	}
	if c.of != nil {
		c.of = new(*c.of) // another may take its place
	}
	c.env, c.lines = l.e.box.decode(l.head), hashLines(l.head)
	slices.Sort(c.lines)
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
	for _, line := range hashLines(header) {
		if _, found := slices.BinarySearch(c.lines, line); !found {
			n++
		}
	}
	return n
}

// lacksSubject tells whether the text lacks nothing of a header but its subject, which scanners rewrite.
func (c *claim) lacksSubject(header []byte) bool {
	subject := false
	for line := range mailbox.LastingLines(header) {
		if line[0] != ' ' && line[0] != '\t' {
			name, _, _ := bytes.Cut(line, []byte(":"))
			subject = bytes.EqualFold(name, []byte("subject"))
		}
		if _, found := slices.BinarySearch(c.lines, maphash.Bytes(lineSeed, line)); !found && !subject {
			return false
		}
	}
	return true
}

// again tells whether the very text came that came for the other message.
func (c *claim) again() bool { return c.sum == c.of.sum && c.octets == c.of.octets }

// resembles tells whether the text's header may be what RETR makes of the one that TOP gives: it has the same
// Message-ID or, without, the same date or subject, which may have got something before or behind it.
func (c *claim) resembles(header *message.Envelope) bool {
	a, b := c.env, header
	if a.MessageID != b.MessageID || a.From.Address != b.From.Address || a.HasDate != b.HasDate || !a.Date.Equal(b.Date) {
		return false
	}
	return b.MessageID != "" || (b.HasDate || b.Subject != "") && extends(string(a.Subject), string(b.Subject))
}

// extends tells whether a subject is another one, or that with words before or behind it.
func extends(longer, subject string) bool {
	if longer == subject || subject == "" {
		return longer == subject
	}
	return strings.HasSuffix(longer, " "+subject) || strings.HasPrefix(longer, subject+" ")
}

// sameSize tells whether LIST gives both messages the same octets, as it does where they are the same.
func (c *claim) sameSize(st *step) bool { return st.Message.Octets == c.of.st.Message.Octets }

// ofOtherSize tells that the very text that came for a message of another size came again. It has to do where TOP
// does not tell.
func (c *claim) ofOtherSize(st *step) bool {
	return c.of != nil && c.again() && !c.sameSize(st)
}

// refuted tells whether nothing need be asked: the text is not the one that it begins as, such as what a list has sent
// as well, and it has the octets that LIST gives its message.
func (c *claim) refuted(st *step) bool {
	return !c.replaced && !c.strange && !st.garbled && !c.again() && c.octets == st.Message.Octets
}

// ask has TOP tell of a text.
func (l *leg) ask(st *step, c *claim) {
	st.claimed = true
	c.top = l.s.top(st.number)
	l.sent = append(l.sent, command{st: st, claim: c})
}

// examine waits for what TOP tells of a text, or of the message whose text began so before, and decides.
func (l *leg) examine(ctx context.Context, st *step, c *claim) error {
	asked, top := st, c.top
	if c.twin != nil {
		asked, top = c.of.st, c.twin
	}
	head, err := l.headOf(ctx, asked, top)
	if err != nil {
		if faultOf(err) == confused {
			return l.garbled(st, err)
		}
		return err
	}
	var what finding
	if c.twin == nil {
		what, err = l.alone(ctx, st, c, head)
		if err != nil {
			return localError{err}
		}
	} else {
		what = c.beside(st, head, l.e.box.decode(head))
	}
	switch what {
	case askTwin:
		c.twin = l.s.top(c.twinAt)
		l.sent = append(l.sent, command{st: st, claim: c})
		return nil
	case isOthers:
		if of := c.of; of != nil && of.kept && c.again() && !of.st.proven {
			of.st.rival = c // it may be a third one's
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
		if err := l.leave(st, head); err != nil {
			return err
		}
	case isOwn:
		st.proven = c.head != noPrint && c.lacks == 0
	}
	st.claimed = false
	return l.release(ctx)
}

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
func (l *leg) alone(ctx context.Context, st *step, c *claim, head []byte) (finding, error) {
	now := l.e.imprint(head)
	switch {
	case c.replaced && (now == noPrint || now != c.marked):
		return isReplaced, nil
	case c.strange && now != noPrint && now != c.marked:
		shown, err := l.e.shown(ctx, st)
		if err != nil {
			return 0, err
		}
		if env := l.e.box.decode(head); shown != nil && (env.From != shown.From || env.Subject != shown.Subject) {
			return isReplaced, nil
		}
	}
	return l.whose(st, c, head), nil
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
func (l *leg) whose(st *step, c *claim, head []byte) finding {
	now := l.e.imprint(head)
	if now == noPrint {
		repeated := c.of != nil && c.print != noPrint && c.again() && !c.sameSize(st)
		told := head != nil && c.print != noPrint && c.print[0] != mailbox.ImprintHeader // the text has what the message has not
		return isOwnIf(!told && !(repeated && (head != nil || l.s.knowsTOP()) || c.ofOtherSize(st)))
	}
	c.head, _ = mailbox.HashHeader(head)
	c.lacks = c.missing(head)
	c.like = c.lacks == 0 || c.resembles(l.e.box.decode(head))
	c.marks = c.lacks == 0 || c.like && c.lacksSubject(head)
	if c.of == nil {
		return isOwnIf(c.like)
	}
	whole, of, again := c.lacks == 0, c.of.st, c.again()
	switch {
	case whole && !again, c.marks && (of.proven || of.rival != nil || of.closed || !c.of.kept):
		return isOwn
	case l.reaches(c):
		return askTwin
	case c.like && !again, c.marks && c.sameSize(st):
		return isOwn
	case whole && of.sent && of.fate != deleted:
		return isUnclear
	}
	return isOwnIf(whole)
}

// reaches tells whether TOP can tell of the other message in this session.
func (l *leg) reaches(c *claim) bool {
	if c.of.st.sent {
		return false
	}
	m, err := l.s.bind(c.of.st.Message.ID)
	c.twinAt = m.Number
	return err == nil && l.s.hasTOP(m.Number)
}

// beside tells what the header of the other message shows as well, which is nil where TOP is refused.
func (c *claim) beside(st *step, twin []byte, env *message.Envelope) finding {
	whole := c.lacks == 0
	if twin == nil {
		switch {
		case c.marks && c.sameSize(st):
			return isOwn
		case whole:
			return isUnclear
		}
		return isOthers
	}
	sum, _ := mailbox.HashHeader(twin)
	switch others := c.missing(twin); {
	case !c.like && c.again() && c.of.kept && others > 0 && !c.resembles(env):
		return isThirds
	case !c.like:
		return isOthers
	case sum == c.head: // they are the same
		c.of.st.proven = whole
		return isOwn
	case c.lacks > others:
		return isOthers
	case c.lacks < others && c.again() && c.of.kept:
		return twinIsWrong
	}
	return isOwn
}

// errUnclear is why a session ends without its deletions.
var errUnclear = fmt.Errorf("what came for it came for another message as well, which can't be looked at now: deletions are taken back, to look at it first: %w", mailbox.ErrDisorder)

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
	return l.garbled(st, fmt.Errorf("fetching message %d: its text is another message's: %w", st.Message.Number, mailbox.ErrDisorder))
}

// mislead takes in that a text which is taken for a message's, and may be in place, is another's.
func (l *leg) mislead(st *step) error {
	l.e.uncopy(st)
	st.misled = true
	l.misled = append(l.misled, st)
	err := l.anothers(st)
	if !st.closed && !slices.Contains(l.todo, st) { // its part of the plan is over
		l.e.fail(st, err)
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
