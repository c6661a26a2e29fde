package mailbox

import (
	"errors"
	"fmt"

	"popmark/message"
	"popmark/pop3client"
)

// noTOPError is [ErrNoTOP] of a server that has TOP as far as its words tell, and refuses it.
type noTOPError struct{ words string }

func (e *noTOPError) Error() string {
	return fmt.Sprintf("the server refuses TOP (%s): senders and subjects cannot be seen before fetching", e.words)
}

func (e *noTOPError) Is(target error) bool { return target == ErrNoTOP }

// WithoutTOP gives the [ErrNoTOP] that a refused TOP amounts to where no TOP is answered. The server's words in it
// are not safe to show.
func WithoutTOP(refusal error) error {
	server, ok := errors.AsType[*pop3client.ServerError](refusal)
	if !ok || server.Text == "" || server.UnknownCommand() {
		return ErrNoTOP
	}
	return &noTOPError{server.Text}
}

// keepRefusal keeps the first refused TOP, for its words.
func (m *Mailbox) keepRefusal(it *item) {
	if !refused(it.err) {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refusedTOP == nil {
		m.refusedTOP = it.err
	}
}

// noTOP is [ErrNoTOP], with the server's words where they say something else.
func (m *Mailbox) noTOP() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return WithoutTOP(m.refusedTOP)
}

func (m *Mailbox) warnNoTOP() {
	m.tell(WarningEvent{Text: message.MakeSafe(m.noTOP().Error()), NoTOP: true})
}
