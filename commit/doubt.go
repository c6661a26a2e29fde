package commit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"

	"popmark/mailbox"
	"popmark/message"
)

// Some servers and proxies answer RETR with the text of a message before (P2). The first such text begins as one
// that came a little earlier, or is not that of the message that is marked, as far as its header is known. Neither
// it nor what comes behind it is put into place until TOP has told whose it is.

// recentTexts is how many texts a server may be late without its being missed.
const recentTexts = 4

// mostSpared is how many retries are given back in a run for messages that came as they should in another session: a
// server that is late in each has no session for every message.
const mostSpared = 16

// texts are those that came in a session.
type texts struct {
	count int
	// recent are those that came last, in turn.
	recent [recentTexts]struct {
		st  *step
		sum [sha256.Size]byte // of the header as it came
	}
	// held are, in order, one in doubt and what came behind it.
	held []*job
}

// doubt is what is asked of a text that may be another message's.
type doubt struct {
	top      textAnswer
	head     []byte     // what it gave, nil where it was refused
	twin     textAnswer // TOP of the message whose text began so before, where the one is not enough
	of       *step      // that message's, nil where there is none
	replaced bool       // the text is not that of the message that is marked, as far as its header tells
	// Of the text's header, as mailbox.HashHeader has it, and what it says:
	sum [sha256.Size]byte
	env *message.Envelope
}

// doubtOf takes a text in by its header, which is in l.head. It gives what makes it doubtful, or nil.
func (l *leg) doubtOf(st *step) *doubt {
	t := &l.texts
	header := l.head[:headerOctets(l.head)]
	sum := sha256.Sum256(header)
	var of *step
	for i := 1; i <= min(t.count, recentTexts); i++ { // the newest first, and one that can be asked for still
		r := t.recent[(t.count-i)%recentTexts]
		if r.sum == sum && l.s.hasTOP(st.number) && (of == nil || of.sent && !r.st.sent) {
			of = r.st
		}
	}
	r := &t.recent[t.count%recentTexts]
	r.st, r.sum = st, sum
	t.count++
	replaced := l.e.isReplaced(st, l.head)
	if of == nil && !replaced {
		return nil
	}
	d := &doubt{of: of, replaced: replaced, env: l.e.box.decode(header)}
	d.sum, _ = mailbox.HashHeader(header)
	return d
}

// ask has TOP tell of a text that is in doubt.
func (l *leg) ask(st *step, d *doubt) {
	st.doubted = true
	d.top = l.s.top(st.number)
	l.sent = append(l.sent, command{st: st, doubt: d})
}

// clear waits for what tells of a text that is in doubt.
func (l *leg) clear(ctx context.Context, st *step, d *doubt) (err error) {
	var twin []byte
	if d.twin == nil {
		if d.head, err = l.headOf(ctx, st, d.top); err != nil {
			return err
		}
	} else if twin, err = l.headOf(ctx, d.of, d.twin); err != nil {
		return err
	}
	switch now := l.e.imprint(d.head); {
	case d.replaced && (now == noPrint || now != st.imprint):
		if err := l.leave(st, d.head); err != nil {
			return err
		}
	case d.head == nil && l.s.knowsTOP():
		return l.garbled(st, fmt.Errorf("fetching message %d: its text begins as that of message %d, and TOP does not tell whether it is its own: %w", st.Message.Number, d.of.Message.Number, mailbox.ErrDisorder))
	case d.head == nil, d.isOwn(l.e, twin):
	case d.twin == nil && d.of != nil && !d.of.sent:
		d.twin = l.s.top(d.of.number)
		l.sent = append(l.sent, command{st: st, doubt: d})
		return nil
	default:
		return l.garbled(st, fmt.Errorf("fetching message %d: its text is another message's: %w", st.Message.Number, mailbox.ErrDisorder))
	}
	st.doubted = false
	return l.release(ctx)
}

// isOwn says whether a text is its message's own, whose header TOP gives, as that of the one that began so in twin. RETR may
// give another header than TOP: then the two messages are the same as TOP has it, or, where nothing began so and there
// are no Message-IDs, sender and date are.
func (d *doubt) isOwn(e *engine, twin []byte) bool {
	sum, tells := mailbox.HashHeader(d.head)
	if sum == d.sum {
		return true
	}
	if d.of == nil {
		env := e.box.decode(d.head)
		return env.MessageID == "" && d.env.MessageID == "" && env.HasDate && d.env.HasDate && env.Date.Equal(d.env.Date) && env.From.Address == d.env.From.Address
	}
	other, _ := mailbox.HashHeader(twin)
	return tells && sum == other
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

// keep puts a text into place that has come whole, or holds it where one is in doubt.
func (l *leg) keep(ctx context.Context, j *job) error {
	l.texts.held = append(l.texts.held, j)
	return l.release(ctx)
}

// release puts into place what is held up to the first in doubt.
func (l *leg) release(ctx context.Context) error {
	for t := &l.texts; len(t.held) > 0 && !t.held[0].st.doubted; {
		j := t.held[0]
		t.held = t.held[1:]
		if j.st.closed {
			if err := j.delivery.Abort(); err != nil {
				return localError{err}
			}
			continue
		}
		if l.under == maxUnderWay {
			if err := l.collect(ctx, true); err != nil {
				_ = j.delivery.Abort() // err says why
				return err
			}
		}
		if j.st.garbled && l.e.spared < mostSpared {
			l.e.spared++
			l.e.retries = max(l.e.retries-1, 0)
		}
		l.under++
		l.e.passed = 0
		j.st.print = j.print
		l.copier.in <- j
	}
	return nil
}

// drop throws away what is held when the session ends: it is fetched anew.
func (l *leg) drop() {
	for _, j := range l.texts.held {
		_ = j.delivery.Abort() // why the session ends is the error to tell
		j.st.doubted = false
	}
	l.texts.held = nil
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
