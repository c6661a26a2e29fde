package commit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"popmark/ledger"
	"popmark/mailbox"
)

// Some servers and proxies answer RETR with the text of a message before (P2). The first such text begins as one
// that came a little earlier, or is not that of the message that is marked, as far as its header is known. What
// came behind it is in doubt as well, until TOP has told whose it is.

// recentTexts is how many texts a server may be late without its being missed.
const recentTexts = 4

// texts are those that came in a session.
type texts struct {
	came []*step // whose they are, in order
	sure int     // in came: what came before it is its own
	// recent are those that came last, in turn.
	recent [recentTexts]struct {
		st  *step
		sum [sha256.Size]byte
	}
}

// doubt is what is asked of a text that may be another message's.
type doubt struct {
	top      textAnswer
	twin     textAnswer        // TOP of the message whose text began so before, where it is still there; else nil
	of       *step             // that message's, nil where there is none
	sum      [sha256.Size]byte // of the text's header, as mailbox.HashHeader has it
	replaced bool              // the text is not that of the message that is marked; it was thrown away
}

// doubtOf takes a text in by its header, which is in l.head. It gives what makes it doubtful, or nil: TOP has
// to tell then, where the server has it. A text that was not meant is doubted without it as well.
func (l *leg) doubtOf(st *step) *doubt {
	t := &l.texts
	header := l.head[:headerOctets(l.head)]
	sum := sha256.Sum256(header)
	var of *step
	for _, r := range t.recent {
		if r.st != nil && r.sum == sum && l.s.hasTOP(st.number) {
			of = r.st
		}
	}
	r := &t.recent[len(t.came)%recentTexts]
	r.st, r.sum = st, sum
	t.came = append(t.came, st)
	replaced := l.e.isReplaced(st, l.head)
	if of == nil && !replaced {
		l.advance()
		return nil
	}
	st.doubted = true
	d := &doubt{of: of, replaced: replaced}
	d.sum, _ = mailbox.HashHeader(header)
	return d
}

// advance goes on to the first text that is in doubt still.
func (l *leg) advance() {
	for t := &l.texts; t.sure < len(t.came) && !t.came[t.sure].doubted; {
		t.sure++
	}
}

// ask has TOP tell of a text that is in doubt.
func (l *leg) ask(st *step, d *doubt) error {
	if !l.s.hasTOP(st.number) {
		return l.leave(st, nil)
	}
	d.top = l.s.top(st.number)
	if d.of != nil && !d.of.sent {
		d.twin = l.s.top(d.of.number)
	}
	l.sent = append(l.sent, command{st: st, doubt: d})
	return nil
}

// clear waits for what tells of a text that is in doubt.
func (l *leg) clear(ctx context.Context, st *step, d *doubt) error {
	head, err := l.headOf(ctx, st, d.top)
	if err != nil {
		return err
	}
	var twin []byte
	if d.twin != nil {
		if twin, err = l.headOf(ctx, d.of, d.twin); err != nil {
			return err
		}
	}
	switch now := l.e.imprint(head); {
	case d.replaced && (now == noPrint || now != st.imprint):
		return l.leave(st, head)
	case !d.replaced && d.isOwn(head, twin), !d.replaced && head == nil && !l.s.knowsTOP():
		st.doubted = false
		l.advance()
		return nil
	case head == nil:
		return l.garbled(st, fmt.Errorf("fetching message %d: its text begins as that of message %d, and TOP does not tell whether it is its own: %w", st.Message.Number, d.of.Message.Number, mailbox.ErrDisorder))
	}
	return l.garbled(st, fmt.Errorf("fetching message %d: its text is another message's: %w", st.Message.Number, mailbox.ErrDisorder))
}

// isOwn says whether a text that began as another is its message's own, whose header TOP gives, as the other's in twin.
func (d *doubt) isOwn(head, twin []byte) bool {
	sum, _ := mailbox.HashHeader(head)
	if head == nil || sum == d.sum {
		return head != nil
	}
	other, tells := mailbox.HashHeader(twin)
	return tells && sum == other // RETR may give another header than TOP
}

// headOf waits for a header, which may be empty, and gives nil where it is refused.
func (l *leg) headOf(ctx context.Context, st *step, top textAnswer) (head []byte, err error) {
	text, err := top.wait(ctx)
	if err == nil {
		head, err = readHeader(text, []byte{})
	}
	if err != nil && !mailbox.IsRefusal(err) {
		return nil, fmt.Errorf("looking at message %d again: %w", st.Message.Number, err)
	}
	if err != nil {
		head = nil
	}
	return head, nil
}

// leave leaves a message alone that is another than the one that is marked; head is its header, nil where only
// a text tells, of which it is not known whose it is.
func (l *leg) leave(st *step, head []byte) error {
	if st.doubt {
		l.e.otherwise(st, isAnother)
	} else {
		l.e.replaced(st)
	}
	if err := l.e.noteVerdicts(l.e.late, []*step{st}); err != nil {
		return localError{err}
	}
	st.doubted = false
	l.advance()
	if head != nil {
		l.e.box.relearn(st.Message.ID, st.Message.Octets, head)
	}
	return nil
}

// discard takes back what came from the first text on that is in doubt when the session ends: it is fetched anew.
func (l *leg) discard() error {
	var copies []ledger.Fetched
	var seqs []int
	for _, st := range l.texts.came[l.texts.sure:] {
		receipt := st.fresh
		if receipt == nil {
			receipt = st.prior
		}
		if receipt != nil && receipt.Name != "" {
			copies = append(copies, l.e.recordOf(&job{st: st}, *receipt))
		}
		if st.copied {
			seqs = append(seqs, st.seq)
		}
		st.copied, st.known, st.path, st.fresh, st.prior, st.doubted = false, false, "", nil, nil, false
		st.print = noPrint
	}
	if len(copies)+len(seqs) == 0 {
		return nil
	}
	slices.Sort(seqs)
	return localOrNil(l.e.log.ForgetCopies(l.e.late, l.e.opts.Account, l.e.run, copies, seqs...))
}

// headerOctets is how many octets of a text are its header, as far as it is there.
func headerOctets(text []byte) int {
	for _, end := range []string{"\r\n\r\n", "\n\n"} {
		if at := bytes.Index(text, []byte(end)); at >= 0 {
			return at
		}
	}
	return len(text)
}
