package mailbox

import (
	"bytes"
	"context"
	"fmt"
	"io"

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

// Whole gives all of a message by RETR, at most [MaxTop] octets. It is for a message that a
// person asked to see more of, on a server where [Info.Retr] says that this is harmless.
func (m *Mailbox) Whole(ctx context.Context, id ID) (raw []byte, err error) {
	return m.look(ctx, id, (*pop3client.Client).Retr)
}

// look gives the text that a command gives of a message.
func (m *Mailbox) look(ctx context.Context, id ID, ask func(*pop3client.Client, int) *pop3client.Pending[*pop3client.Body]) (raw []byte, err error) {
	err = m.use(ctx, func(ctx context.Context) error {
		for {
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
				return nil
			}
			m.lose(ctx, err)
			if !stale || ctx.Err() != nil || m.client() != nil || !again(err, false) {
				return fmt.Errorf("looking at message %d: %w", number, err)
			}
		}
	})
	return raw, err
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
