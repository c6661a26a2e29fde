package mailbox

import (
	"context"
	"errors"
	"time"
)

// use runs fn with the turn held, under a context that ends with the mailbox as well.
func (m *Mailbox) use(ctx context.Context, fn func(context.Context) error) error {
	ctx, cancel := m.bound(ctx)
	defer cancel()
	if err := m.acquire(ctx); err != nil {
		return err
	}
	defer m.release()
	return m.orClosed(fn(ctx))
}

// bound makes a context that ends with the mailbox as well.
func (m *Mailbox) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(m.closing, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

// orClosed says ErrClosed of a wait that ended with the mailbox.
func (m *Mailbox) orClosed(err error) error {
	if err != nil && m.closing.Err() != nil && errors.Is(err, context.Canceled) {
		return ErrClosed
	}
	return err
}

// acquire waits for the turn; background work gives way to it.
func (m *Mailbox) acquire(ctx context.Context) error {
	m.waiting.Add(1)
	defer m.waiting.Add(-1)
	return m.acquireBackground(ctx)
}

// acquireBackground waits for the turn without hurrying anybody.
func (m *Mailbox) acquireBackground(ctx context.Context) error {
	err := m.takeTurn(ctx)
	if m.closing.Err() == nil {
		return err
	}
	if err == nil {
		m.release()
	}
	return ErrClosed
}

func (m *Mailbox) takeTurn(ctx context.Context) error {
	select {
	case m.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *Mailbox) release() {
	m.noteLines()
	m.mu.Lock()
	m.lastUse = time.Now()
	m.mu.Unlock()
	<-m.turn
}

// work starts a goroutine that Close waits for; after Close it does nothing.
func (m *Mailbox) work(fn func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closing.Err() == nil {
		m.workers.Go(fn)
	}
}
