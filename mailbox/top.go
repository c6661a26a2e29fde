package mailbox

import (
	"bytes"
	"context"
	"io"
)

// MaxTop bounds the octets that [Mailbox.Top] gives.
const MaxTop = 16 << 20

func (m *Mailbox) top(ctx context.Context, number, lines int) ([]byte, error) {
	body, err := m.client.Top(number, lines).Wait(ctx)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(io.LimitReader(body, MaxTop)); err != nil {
		return nil, err
	}
	if err := body.Close(); err != nil {
		return nil, err
	}
	m.noteTOP(true)
	return b.Bytes(), nil
}
