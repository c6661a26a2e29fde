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
	number int
	body   *pop3client.Pending[*pop3client.Body]
	place  *pop3client.Pending[pop3client.ListEntry]
}

// Retr asks for a whole message. Where several commands may be under way, LIST of the
// same message goes behind it: its answer names the message, and proves that the text
// before it is not that of another, on a server that loses commands which come together.
func (s *Session) Retr(n int) *Retrieval {
	octets := int64(0)
	if i, ok := s.list.Number(n); ok {
		octets = s.list.Messages[i].Octets
	}
	r := &Retrieval{number: n, body: s.client.RetrSized(n, octets)}
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
	if r.place == nil {
		return body, nil
	}
	return &provenText{ctx: ctx, body: body, of: r}, nil
}

// provenText is a text that ends only where it is proven to be its message's.
type provenText struct {
	ctx  context.Context
	body *pop3client.Body
	of   *Retrieval
}

func (t *provenText) Read(p []byte) (int, error) {
	n, err := t.body.Read(p)
	if errors.Is(err, io.EOF) {
		if err := t.of.prove(t.ctx); err != nil {
			return n, err
		}
	}
	return n, err
}

// WriteTo implements io.WriterTo.
func (t *provenText) WriteTo(w io.Writer) (int64, error) {
	n, err := t.body.WriteTo(w)
	if err == nil {
		err = t.of.prove(t.ctx)
	}
	return n, err
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
	return fmt.Errorf("seeing whether the text is that of message %d: %w", r.number, err)
}
