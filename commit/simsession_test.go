package commit

import (
	"context"
	"io"
	"strings"

	"popmark/mailbox"
	"popmark/triage"
)

// simSession is one POP3 session.
type simSession struct {
	w        *world
	first    bool
	snapshot []*mail
	messages *mailbox.List
	marked   map[int]bool      // deleted at QUIT
	headers  map[int]io.Reader // what was sent of them
	cut      bool
	over     bool
}

func (s *simSession) later() bool         { return !s.first }
func (s *simSession) list() *mailbox.List { return s.messages }
func (s *simSession) pipelines() bool     { return s.w.pipelines }
func (s *simSession) listsUIDL() bool     { return s.w.uidl }
func (s *simSession) hasUIDL() bool       { return s.w.uidl }

// bind follows, without UIDL, only some messages from one session into another.
func (s *simSession) bind(id mailbox.ID) (mailbox.Message, error) {
	i, ok := s.messages.Find(id)
	switch {
	case ok && (s.w.uidl || s.first || len(s.snapshot[i].text)%2 == 0):
		return s.messages.Messages[i], nil
	case ok || !s.w.uidl:
		return mailbox.Message{}, mailbox.ErrUncertain
	}
	return mailbox.Message{}, mailbox.ErrGone
}

// do sends one command. The server carries it out unless the error says otherwise.
func (s *simSession) do(carryOut func(blow) error) error {
	if s.cut || s.over {
		return errLineCut
	}
	b := s.w.op(onWire)
	switch b {
	case kill:
		s.cut = true
		return errLineCut
	case cutBefore:
		s.cut = true
		return errLineCut
	}
	s.w.mu.Lock()
	err := carryOut(b)
	s.w.mu.Unlock()
	if b == cutAfter {
		s.cut = true
		return errLineCut
	}
	return err
}

// simAnswer is an answer; where commands are pipelined they are carried out when they are sent.
type simAnswer struct {
	s    *simSession
	send func() error
	err  error
	sent bool
	body io.Reader
}

func (s *simSession) command(send func() error) *simAnswer {
	a := &simAnswer{s: s, send: send}
	if s.w.pipelines {
		a.sent, a.err = true, send()
	}
	return a
}

func (a *simAnswer) answered(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !a.sent {
		a.sent, a.err = true, a.send()
	}
	if a.err == nil && a.s.cut {
		return errLineCut
	}
	return a.err
}

type simText struct{ *simAnswer }

func (a simText) wait(ctx context.Context) (io.Reader, error) {
	err := a.answered(ctx)
	if err != nil && a.body != nil {
		return a.body, nil // the cut comes inside the text
	}
	return a.body, err
}

type simWord struct{ *simAnswer }

func (a simWord) wait(ctx context.Context) error { return a.answered(ctx) }

// proveOrder is one operation, which a refusal does not harm.
func (s *simSession) proveOrder(context.Context, int, int) error {
	if !s.w.pipelines {
		return nil
	}
	return s.do(func(blow) error { return nil })
}

func (s *simSession) hasTOP(int) bool { return !s.w.noTOP }
func (s *simSession) knowsTOP() bool  { return !s.w.noTOP }

func (s *simSession) top(n int) textAnswer {
	return simHeader{s.command(func() error {
		return s.do(func(b blow) error {
			if b == refuse && !s.w.firmTOP {
				return errMinus
			}
			header, _, _ := strings.Cut(s.snapshot[n-1].text, "\r\n\r\n")
			s.headers[n] = strings.NewReader(header + "\r\n\r\n")
			if s.w.emptyTOP {
				s.headers[n] = strings.NewReader("")
			}
			if b == cutAfter {
				s.headers[n] = io.MultiReader(strings.NewReader(header[:2]), brokenReader{})
			}
			return nil
		})
	}), s, n}
}

// simHeader is the answer to a TOP.
type simHeader struct {
	*simAnswer
	s *simSession
	n int
}

func (h simHeader) wait(ctx context.Context) (io.Reader, error) {
	err := h.answered(ctx)
	if header := h.s.headers[h.n]; err == nil || h.s.cut && header != nil {
		return header, nil // a cut comes inside it
	}
	return nil, err
}

func (s *simSession) retr(n int) textAnswer {
	var a *simAnswer
	a = &simAnswer{s: s, send: func() error {
		err := s.do(func(b blow) error {
			m := s.snapshot[n-1]
			if m.mark != triage.Fetch && m.mark != triage.Move {
				s.w.breachf("P1: RETR of %s, which is marked %s", m.uid, m.mark)
			}
			switch {
			case b == refuse:
				return errMinus
			case s.marked[n] || m.gone:
				return errMinus
			case b == cutAfter:
				a.body = io.MultiReader(strings.NewReader(m.text[:len(m.text)/2]), brokenReader{})
			default:
				a.body = strings.NewReader(m.text)
			}
			return nil
		})
		return err
	}}
	if s.w.pipelines {
		a.sent, a.err = true, a.send()
	}
	return simText{a}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errLineCut }

func (s *simSession) dele(n int) answer {
	return simWord{s.command(func() error {
		return s.do(func(b blow) error {
			m := s.snapshot[n-1]
			if m.mark != triage.Delete && m.mark != triage.Move {
				s.w.breachf("P1: DELE of %s, which is marked %s", m.uid, m.mark)
			}
			if m.mark == triage.Move && !s.w.onDisk(m) {
				s.w.breachf("P2: DELE of %s, which is not on the disk", m.uid)
			}
			if b == refuse {
				return errMinus
			}
			s.marked[n] = true
			return nil
		})
	})}
}

func (s *simSession) noop(context.Context) error { return s.do(func(blow) error { return nil }) }

func (s *simSession) rset(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.do(func(b blow) error {
		if b == refuse {
			return errMinus
		}
		clear(s.marked)
		return nil
	})
}

func (s *simSession) quit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := s.do(func(b blow) error {
		for n, m := range s.snapshot {
			if s.marked[n+1] {
				m.gone = true
				if b == refuse {
					break
				}
			}
		}
		s.end()
		if b == refuse {
			return errMinus
		}
		return nil
	})
	if s.cut {
		s.w.mu.Lock()
		defer s.w.mu.Unlock()
		s.drop()
	}
	return err
}

func (s *simSession) end() {
	s.over = true
	if s.w.open == s {
		s.w.open = nil
	}
}

// drop is the line's end without QUIT.
func (s *simSession) drop() {
	if s.over {
		return
	}
	if s.w.dropCommits {
		for n, m := range s.snapshot {
			if s.marked[n+1] {
				m.gone = true
			}
		}
	}
	s.end()
}

func (s *simSession) abort(error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.drop()
}

func (s *simSession) give() {
	if len(s.marked) > 0 {
		s.abort(nil)
		return
	}
	s.w.given = s
}
