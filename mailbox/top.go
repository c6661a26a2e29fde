package mailbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"popmark/message"
	"popmark/pop3client"
)

// MaxTop bounds the octets that [Mailbox.Top] gives.
const MaxTop = 4 << 20

// Top gives what TOP answers for a message: its header section and so many lines
// of its body, at most [MaxTop] octets. It opens a session where there is none, and
// where the one there is turns out to have ended while nobody used it.
func (m *Mailbox) Top(ctx context.Context, id ID, lines int) (raw []byte, err error) {
	raw, err = m.look(ctx, id, func(c *pop3client.Client, n int) *pop3client.Pending[*pop3client.Body] { return c.Top(n, lines) })
	if err == nil {
		m.noteTOP(true)
	}
	return raw, err
}

// topsAhead is how many TOPs of Tops are under way.
const topsAhead = 16

// Tops is Top for several messages, in their order: where the server bears it the next are asked for
// before one is read. An error is that of one message. It is for messages that are seen one after
// the other; between two of them nobody else has the connection.
func (m *Mailbox) Tops(ctx context.Context, ids []ID, lines int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for alone := false; len(ids) > 0; ids = ids[1:] {
			if !alone && len(ids) > 2 { // to see whether it is borne takes two
				came, more := m.topsTogether(ctx, ids, lines, yield)
				if ids = ids[came:]; !more || len(ids) == 0 {
					return
				}
				alone = came == 0
			}
			if !yield(m.Top(ctx, ids[0], lines)) {
				return
			}
		}
	}
}

// topsTogether gives as many as come together without a fault, and says how many that were and whether
// more are wanted. What it leaves is asked for one by one, where errors are told and lines taken up.
func (m *Mailbox) topsTogether(ctx context.Context, ids []ID, lines int, yield func([]byte, error) bool) (done int, more bool) {
	s, err := m.Take(ctx, false)
	if err != nil {
		return 0, true
	}
	var cause error
	defer func() {
		if cause != nil {
			s.Abort(cause)
			return
		}
		s.Give()
	}()
	var numbers []int
	for _, id := range ids {
		msg, err := s.Bind(id)
		if err != nil || !s.HasTOP(msg.Number) {
			break
		}
		numbers = append(numbers, msg.Number)
	}
	if len(numbers) < 2 || !s.Pipelines() {
		return 0, true
	}
	if cause = s.ProveOrder(ctx, numbers[0], numbers[1]); cause != nil || !s.Pipelines() {
		return 0, true
	}
	type asked struct {
		top   *pop3client.Pending[*pop3client.Body]
		place *pop3client.Pending[pop3client.ListEntry] // proves that the text before it is the message's
	}
	var under []asked
	for next := 0; done < len(numbers); done++ {
		for ; next < len(numbers) && len(under) < topsAhead; next++ {
			under = append(under, asked{s.client.Top(numbers[next], lines), s.client.ListOne(numbers[next])})
		}
		raw, err := m.text(ctx, under[0].top)
		if err == nil {
			_, err = under[0].place.Wait(ctx)
		}
		if err == nil && m.isAnother(ids[done], raw) {
			err = ErrDisorder
		}
		if err != nil {
			if !refused(err) {
				cause = err
			}
			return done, true
		}
		under = under[1:]
		if !yield(raw, nil) {
			return done + 1, false
		}
	}
	return done, true
}

// Whole gives all of a message by RETR, at most [MaxTop] octets. It is for a message that a
// person asked to see more of, on a server where [Info.Retr] says that this is harmless.
func (m *Mailbox) Whole(ctx context.Context, id ID) (raw []byte, err error) {
	return m.look(ctx, id, (*pop3client.Client).Retr)
}

// look gives the text that a command gives of a message.
func (m *Mailbox) look(ctx context.Context, id ID, ask func(*pop3client.Client, int) *pop3client.Pending[*pop3client.Body]) (raw []byte, err error) {
	err = m.use(ctx, func(ctx context.Context) error {
		for before := false; ; {
			stale := m.client() != nil
			if err := m.ensureOpen(ctx); err != nil {
				return err
			}
			list := m.List()
			at, ok := list.Find(id)
			if !ok {
				return ErrGone
			}
			number := list.Messages[at].Number
			if raw, err = m.text(ctx, ask(m.client(), number)); err == nil {
				if !m.isAnother(id, raw) {
					return nil
				}
				if before { // in another session as well: the UIDL names another message
					header, _ := message.Split(raw)
					m.Relearn(id, list.Messages[at].Octets, header)
					raw = nil
					return fmt.Errorf("looking at message %d: %w", number, errRenamed)
				}
				raw, err, before, stale = nil, ErrDisorder, true, true
			}
			m.lose(ctx, err)
			if !stale || ctx.Err() != nil || m.client() != nil || !again(err, false) {
				return fmt.Errorf("looking at message %d: %w", number, err)
			}
		}
	})
	return raw, err
}

var errRenamed = errors.New("the server gives another message for it than the one that is listed: look again before you mark it")

// isAnother says whether what a server gave for a message is certainly another's. What a scanner for
// viruses changes in a header makes no other message of it.
func (m *Mailbox) isAnother(id ID, raw []byte) bool {
	known := m.Envelope(id)
	if known == nil {
		return false
	}
	given := m.cfg.Decoder.Envelope(raw)
	switch {
	case known.MessageID != "" && given.MessageID != "":
		return known.MessageID != given.MessageID
	case known.MessageID != given.MessageID:
		return false
	}
	return known.HasDate && given.HasDate && !known.Date.Equal(given.Date) && known.From != given.From
}

func (m *Mailbox) text(ctx context.Context, answer *pop3client.Pending[*pop3client.Body]) ([]byte, error) {
	body, err := answer.Wait(ctx)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	n, err := b.ReadFrom(io.LimitReader(body, MaxTop))
	if err != nil {
		return nil, err
	}
	if n == MaxTop {
		// The server sends everything: better a new session than the wait for the rest.
		m.drop()
		m.setState(Released, nil)
	}
	return b.Bytes(), nil
}
