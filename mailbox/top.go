package mailbox

import (
	"bytes"
	"context"
	"errors"
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
					m.Relearn(id, list.Messages[at].Octets, headerOf(raw))
					raw = nil
					return fmt.Errorf("looking at message %d: %w", number, errRenamed)
				}
				raw, err, before, stale = nil, errDisorder, true, true
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

// headerOf is a message's text up to the empty line behind its header.
func headerOf(raw []byte) []byte {
	end := len(raw)
	for _, empty := range []string{"\n\r\n", "\n\n"} {
		if i := bytes.Index(raw[:end], []byte(empty)); i >= 0 {
			end = min(end, i+len(empty))
		}
	}
	return raw[:end]
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
