package mailbox

import (
	"bytes"
	"context"
	"fmt"
	"io"
)

// MaxTop bounds the octets that [Mailbox.Top] gives.
const MaxTop = 4 << 20

// Top gives what TOP answers for a message: its header section and so many lines
// of its body, at most [MaxTop] octets. It opens a session where there is none, and
// where the one there is turns out to have ended while nobody used it.
func (m *Mailbox) Top(ctx context.Context, id ID, lines int) (raw []byte, err error) {
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
			if raw, err = m.top(ctx, number, lines); err == nil {
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

func (m *Mailbox) top(ctx context.Context, number, lines int) ([]byte, error) {
	body, err := m.client().Top(number, lines).Wait(ctx)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	n, err := b.ReadFrom(io.LimitReader(body, MaxTop))
	if err != nil {
		return nil, err
	}
	m.noteTOP(true)
	if n == MaxTop {
		// The server sends everything: better a new session than the wait for the rest.
		m.drop()
		m.setState(Released, nil)
	}
	return b.Bytes(), nil
}
