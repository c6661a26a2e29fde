package mailbox

import (
	"context"
	"errors"
	"fmt"
	"io"

	"popmark/pop3client"
)

// Retrieval is the handle of a RETR. Like a [pop3client.Body] its text is for one
// goroutine at a time, and must be read before a later answer is waited for.
type Retrieval struct {
	m     *Mailbox
	msg   Message
	body  *pop3client.Pending[*pop3client.Body]
	place *pop3client.Pending[pop3client.ListEntry] // nil where one command is under way at a time
	c     *pop3client.Client
}

// Retr asks for a whole message. Where several commands may be under way, LIST of the
// same message goes behind it: its answer names the message, and proves that the text
// before it is not that of another, on a server that loses commands which come together.
// Elsewhere LIST is asked where the text has not the octets that it gave: on a server that does
// not stuff dots the text goes on behind a lone one, and what comes then is no answer.
func (s *Session) Retr(n int) *Retrieval {
	msg := Message{Number: n}
	if i, ok := s.list.Number(n); ok {
		msg = s.list.Messages[i]
	}
	r := &Retrieval{m: s.m, msg: msg, body: s.client.RetrSized(n, msg.Octets), c: s.client}
	if s.Pipelines() {
		r.place = s.client.ListOne(n)
	}
	return r
}

// Wait waits for the answer and gives the message's text, which is read under the same
// context. Reading gives io.EOF only after the text's end was seen, and only where it is
// certain to be this message's.
func (r *Retrieval) Wait(ctx context.Context) (io.Reader, error) {
	body, err := r.body.Wait(ctx)
	if err != nil {
		return nil, err
	}
	return &provenText{ctx: ctx, body: body, of: r}, nil
}

// provenText is a text that ends only where it is proven to be its message's.
type provenText struct {
	ctx  context.Context
	body *pop3client.Body
	of   *Retrieval

	begin [len("-ERR ")]byte // its first octets
	seen  int                // how many of them were seen
	odd   bool               // they look like an answer
}

func (t *provenText) Read(p []byte) (int, error) {
	n, err := t.body.Read(p)
	if odd := t.look(p[:n]); odd != nil {
		return n, odd
	}
	if errors.Is(err, io.EOF) {
		if err := t.prove(); err != nil {
			return n, err
		}
	}
	return n, err
}

// WriteTo implements io.WriterTo.
func (t *provenText) WriteTo(w io.Writer) (int64, error) {
	n, err := t.body.WriteTo(lookingWriter{w, t})
	if err == nil {
		err = t.prove()
	}
	return n, err
}

// lookingWriter lets a text be looked at on its way.
type lookingWriter struct {
	to   io.Writer
	text *provenText
}

func (w lookingWriter) Write(p []byte) (int, error) {
	if err := w.text.look(p); err != nil {
		return 0, err
	}
	return w.to.Write(p)
}

// look sees whether a text begins with an answer: then a line that nobody asked for was taken for
// RETR's, and RETR's own for the text's first. In another session that is not so, unless it is the
// message that begins like that.
func (t *provenText) look(p []byte) error {
	if t.seen == len(t.begin) {
		return nil
	}
	t.seen += copy(t.begin[t.seen:], p)
	if t.odd || !pop3client.BeginsLikeAnswer(t.begin[:t.seen]) {
		return nil
	}
	t.odd = true
	if _, before := t.of.m.oddTexts[t.of.msg.ID]; before {
		return nil
	}
	if t.of.m.oddTexts == nil {
		t.of.m.oddTexts = make(map[ID]struct{})
	}
	t.of.m.oddTexts[t.of.msg.ID] = struct{}{}
	return t.of.errOdd()
}

// ErrOddText means that a text may not be the message's, for what it begins with. It is worth another session.
var ErrOddText = errors.New("the server has said something that nobody asked for")

func (r *Retrieval) errOdd() error {
	return fmt.Errorf("%w: %w", ErrOddText,
		&pop3client.ProtocolError{Command: fmt.Sprintf("RETR %d", r.msg.Number), Problem: "the text begins with what looks like an answer"})
}

// prove looks whether what was read is the message.
func (t *provenText) prove() error {
	switch expected := t.body.Octets() == t.of.msg.Octets; {
	case t.odd && !expected:
		return t.of.errOdd()
	case t.of.place != nil:
		return t.of.prove(t.ctx)
	case expected:
		return nil
	}
	// A server that does not know LIST of one message, or says it in words of its own, has answered in its turn as well.
	_, err := t.of.c.ListOne(t.of.msg.Number).Wait(t.ctx)
	_, misread := errors.AsType[*pop3client.ProtocolError](err)
	if err != nil && !refused(err) && (!misread || t.of.c.Err() != nil) {
		return fmt.Errorf("seeing whether the text of message %d is whole, as LIST told other octets: %w", t.of.msg.Number, err)
	}
	return nil
}

// prove looks whether the answer behind the text is about the same message.
func (r *Retrieval) prove(ctx context.Context) error {
	_, err := r.place.Wait(ctx)
	protocol, misread := errors.AsType[*pop3client.ProtocolError](err)
	switch {
	case err == nil:
		return nil
	case misread && !errors.Is(err, pop3client.ErrPipeliningBroken):
		err = garbled(protocol)
	case refused(err):
		err = garbled(err)
	}
	return fmt.Errorf("seeing whether the text is that of message %d: %w", r.msg.Number, err)
}
