package mailbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"popmark/pop3client"
)

// Session is the mailbox's connection, lent to one user alone. It ends with exactly
// one of Quit, Give or Abort. It is for one goroutine at a time, but for the
// commands' handles, whose rules are pop3client's.
type Session struct {
	m      *Mailbox
	client *pop3client.Client
	list   *List
	// dirty is true while the server holds a DELE that only QUIT would carry out.
	dirty bool
	deles []dele // by index in the list, since the last RSET; nil where there is none
	over  bool
}

// Take lends the connection, opening a session where there is none, or always
// where fresh is asked: then the list is new. The background scan waits meanwhile.
func (m *Mailbox) Take(ctx context.Context, fresh bool) (*Session, error) {
	ctx, cancel := m.bound(ctx)
	defer cancel()
	if err := m.acquire(ctx); err != nil {
		return nil, err
	}
	if fresh && m.client() != nil {
		if err := m.part(ctx); err != nil && ctx.Err() != nil {
			m.setState(Released, nil)
			m.release()
			return nil, m.orClosed(ctx.Err())
		}
	}
	if err := m.ensureOpen(ctx); err != nil {
		m.release()
		return nil, m.orClosed(err)
	}
	return &Session{m: m, client: m.client(), list: m.List()}, nil
}

// List gives the maildrop as this session found it.
func (s *Session) List() *List { return s.list }

// Pipelines says whether several commands may be under way at once.
func (s *Session) Pipelines() bool { return s.client.Window() > 1 && !s.m.order.unprovable }

// HasUIDL says whether the server has UIDL.
func (s *Session) HasUIDL() bool { return s.m.Info().UIDL }

// ListsUIDL says whether the server's capabilities list UIDL.
func (s *Session) ListsUIDL() bool { return s.m.Info().ListsUIDL }

// HasTOP says whether TOP of a message can be asked for: the server has it, as far as is known,
// and would not end the session by answering with the whole of a message so large.
func (s *Session) HasTOP(n int) bool {
	i, ok := s.list.Number(n)
	return ok && !huge(s.list.Messages[i]) && s.m.unaskable(s.list.Messages[i]) == nil
}

// KnowsTOP says whether the server lists TOP or has answered one.
func (s *Session) KnowsTOP() bool { return s.m.knowsTOP() }

// Bind gives the message with an ID as this session knows it, with the number that
// it has in this session only (P3). The error is [ErrGone] or [ErrUncertain].
func (s *Session) Bind(id ID) (Message, error) {
	i, ok := s.list.Find(id)
	if !ok {
		if id.Unique() && s.shares(string(id)) || !id.Unique() {
			return Message{}, ErrUncertain
		}
		return Message{}, ErrGone
	}
	return s.list.Messages[i], nil
}

// shares says whether a UIDL that named one message names several now.
func (s *Session) shares(uid string) bool {
	for _, msg := range s.list.Messages {
		if msg.UID == uid {
			return true
		}
	}
	return false
}

// ProveOrder makes sure, where it has not been seen before, that answers to commands under
// way together are those of their commands: it asks for the headers of messages a and b
// together. It is for those who are about to ask for many texts at once.
func (s *Session) ProveOrder(ctx context.Context, a, b int) error {
	if !s.Pipelines() || s.m.order.proven {
		return nil
	}
	var asked []item
	for _, n := range []int{a, b} {
		if !s.HasTOP(n) {
			return nil
		}
		i, _ := s.list.Number(n)
		s.m.takeForeseen(n) // it is for the answers, not for the headers
		asked = append(asked, item{msg: s.list.Messages[i]})
	}
	err := s.m.fetchHeaders(ctx, sliceSource(asked), fullSpeed, func(it item) { it.recycle() })
	if err != nil {
		return fmt.Errorf("seeing whether the server bears pipelining: %w", err)
	}
	return nil
}

// Top asks for a message's header section and so many lines of its body.
func (s *Session) Top(n, lines int) *pop3client.Pending[*pop3client.Body] {
	return s.client.Top(n, lines)
}

// Dele asks for a message to be deleted at QUIT.
func (s *Session) Dele(n int) *Deletion {
	s.dirty = true
	d := new(Deletion)
	if at, ok := s.list.Number(n); ok {
		if s.deles == nil {
			s.deles = make([]dele, len(s.list.Messages))
		}
		s.deles[at], d.made = asked, &s.deles[at]
	}
	d.pending = s.client.Dele(n)
	return d
}

// Rset takes every DELE of the session back, once it is answered +OK.
func (s *Session) Rset(ctx context.Context) error {
	if _, err := s.client.Rset().Wait(ctx); err != nil {
		return fmt.Errorf("taking deletions back: %w", err)
	}
	s.dirty, s.deles = false, nil
	return nil
}

// Noop asks for nothing.
func (s *Session) Noop() *pop3client.Pending[string] { return s.client.Noop() }

// Quit ends the session and carries its DELEs out. Only an error of nil says that
// they are true (P4). The session is over either way.
func (s *Session) Quit(ctx context.Context) error {
	if s.over {
		return ErrClosed
	}
	s.over = true
	defer s.m.release()
	s.m.conn.CompareAndSwap(s.client, nil)
	_, err := s.client.Quit().Wait(ctx)
	err = joinClose(err, s.client.Close())
	s.m.departed = departure{s.list, s.deles, err == nil}
	s.m.forgetDeleted(s.list, s.deles) // whatever was answered: they may be gone
	if err != nil && broken(err) {
		s.m.setState(Lost, err)
		return fmt.Errorf("ending the session with QUIT: %w", err)
	}
	s.m.setState(Released, nil)
	if err != nil {
		return fmt.Errorf("ending the session with QUIT: %w", err)
	}
	return nil
}

// Give hands the connection back to the mailbox, open. Where deletions are still
// waiting for a QUIT it is closed instead, so that no QUIT of somebody else carries them out.
func (s *Session) Give() {
	if s.over {
		return
	}
	if s.dirty {
		s.Abort(nil)
		return
	}
	s.over = true
	s.m.release()
	s.m.poke()
}

// Abort closes the connection without QUIT: by RFC 1939 nothing is deleted. The
// cause is what the mailbox's state will show; nil for a connection that was closed on purpose.
func (s *Session) Abort(cause error) {
	if s.over {
		return
	}
	s.over = true
	s.m.departed = departure{list: s.list, deles: s.deles}
	s.m.forgetDeleted(s.list, s.deles) // some servers carry a DELE out whatever becomes of the session
	if cause != nil {
		s.m.brokeAt = time.Now()
		s.m.suspect(cause, s.client.Window() > 1)
		if errors.Is(cause, pop3client.ErrAmbiguousEnd) || s.m.order.proven && !errors.Is(cause, pop3client.ErrPipeliningBroken) {
			s.m.excuse() // it bears several commands: as likely it is the line, or a message, which proves nothing
		}
	}
	s.m.drop()
	if cause == nil {
		s.m.setState(Released, nil)
	} else {
		s.m.setState(Lost, cause)
	}
	s.m.release()
}
