package pop3server

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"
)

// A Phase is a session state of RFC 1939.
type Phase int

// The states of a session.
const (
	Authorization Phase = iota // until somebody has logged in
	Transaction                // from the login to QUIT
	Update                     // while QUIT is carried out
)

var errQuit = errors.New("session ended by QUIT")

// session is one connection. Only its own goroutine touches it.
type session struct {
	srv    *Server
	number int
	conn   net.Conn
	raw    net.Conn  // conn without TLS
	tls    *tls.Conn // conn if encrypted
	in     *bufio.Reader
	bw     *bufio.Writer
	out    Output // bw behind lasting filters
	top    *bufio.Reader
	hooks  []Hook
	counts map[string]int

	phase     Phase
	timestamp string
	candidate string // what USER said
	user      string
	messages  Messages
	deleted   map[int]bool
	octets    int64 // of all messages, -1 while not counted

	upgrade  bool // TLS begins when the answer to STLS is out
	quitting bool
	failures int
}

func (s *session) run() {
	err := s.converse()
	how := Close
	if ending := (*endError)(nil); errors.As(err, &ending) {
		how = ending.how
	}
	if how == Hang {
		s.hang()
	}
	s.leave()
	s.shut(how)
}

// converse holds the dialogue; the error says why it ended.
func (s *session) converse() error {
	if s.tls != nil {
		if err := s.handshake(); err != nil {
			return err
		}
	}
	if err := s.step(&Event{Kind: Greeting, TLS: s.tls != nil}, s.greet); err != nil {
		return err
	}
	for {
		pipelined := s.in.Buffered() > 0
		line, err := s.readLine()
		if err != nil {
			return s.refuseLine(err)
		}
		e := s.command(line)
		e.Pipelined = pipelined
		if err := s.step(e, func(out Output) error { return s.execute(out, e) }); err != nil {
			return err
		}
		if s.quitting {
			return errors.Join(errQuit, s.bw.Flush())
		}
		if s.upgrade {
			if err := s.startTLS(); err != nil {
				return err
			}
		}
	}
}

// command makes the event of a command line; one that is none has no verb.
func (s *session) command(line string) *Event {
	e := &Event{Kind: Command, TLS: s.tls != nil, User: s.user}
	s.srv.record(s.number, strings.TrimRight(line, "\r\n"))
	verb, arg, err := parseCommand(line)
	if err != nil || len(line) > MaxCommandLine && verb != "AUTH" {
		return e
	}
	s.counts[verb]++
	e.Verb, e.Arg, e.Count = verb, arg, s.counts[verb]
	return e
}

// step lets one event happen, as the hooks want it.
func (s *session) step(e *Event, happen func(Output) error) error {
	e.Session = s.number
	var action Action
	var filters []io.Writer
	own := s.out
	for _, h := range s.hooks {
		a := h(e)
		action = action.with(a)
		switch {
		case a.Filter == nil:
		case a.Lasting:
			s.out = &output{s, a.Filter(s.out)}
			own = s.out
		default:
			w := a.Filter(own)
			filters = append(filters, w)
			own = &output{s, w}
		}
	}
	if err := s.answer(action, own, happen); err != nil {
		return err
	}
	for _, w := range slices.Backward(filters) {
		if c, ok := w.(io.Closer); ok {
			if err := c.Close(); err != nil {
				return err
			}
		}
	}
	if action.Swallow {
		if _, err := s.in.Discard(s.in.Buffered()); err != nil {
			return err
		}
	}
	if action.Then != GoOn {
		return s.out.End(action.Then)
	}
	return nil
}

// answer gives the event's answer: its own, or the one that the hooks gave.
func (s *session) answer(a Action, own Output, happen func(Output) error) error {
	if a.Wait > 0 {
		if err := own.Pause(a.Wait); err != nil {
			return err
		}
	}
	if !a.Skip {
		to := own
		if a.Answer != nil {
			to = &output{s, io.Discard}
		}
		if err := happen(to); err != nil {
			return err
		}
	}
	if a.Answer != nil {
		if _, err := io.Copy(struct{ io.Writer }{own}, a.Answer); err != nil {
			return err
		}
	}
	return nil
}

// readLine reads one line with its end, having sent what is due if the client
// may be waiting for it.
func (s *session) readLine() (string, error) {
	if n := s.in.Buffered(); n == 0 || !lineIn(s.in, n) {
		if err := s.bw.Flush(); err != nil {
			return "", err
		}
		if err := s.conn.SetReadDeadline(time.Now().Add(s.srv.idle)); err != nil {
			return "", err
		}
	}
	line, err := s.in.ReadSlice('\n')
	return string(line), err
}

func lineIn(r *bufio.Reader, n int) bool {
	buffered, err := r.Peek(n)
	return err == nil && bytes.IndexByte(buffered, '\n') >= 0
}

// refuseLine says why a line could not be read, where there is somebody to say
// it to.
func (s *session) refuseLine(err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return errors.Join(err, s.fail(s.out, "", "line too long, closing"), s.bw.Flush())
	case errors.As(err, &timeout) && timeout.Timeout():
		return errors.Join(err, s.fail(s.out, "", "idle for too long, closing"), s.bw.Flush())
	}
	return err
}

// leave ends what the session holds: deletions are forgotten unless QUIT came
// (RFC 1939 section 6), the maildrop is free.
func (s *session) leave() {
	if s.phase != Transaction {
		return
	}
	e := &Event{Kind: Drop, Session: s.number, TLS: s.tls != nil, User: s.user}
	for _, h := range s.hooks {
		if a := h(e); a.Commit {
			_ = s.update() // nobody is there to hear it
		}
	}
	s.release()
}

// update removes what is marked deleted.
func (s *session) update() error {
	if len(s.deleted) == 0 {
		return nil
	}
	numbers := make([]int, 0, len(s.deleted))
	for n := range s.deleted {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	s.deleted = nil
	return s.messages.Remove(numbers)
}

func (s *session) release() {
	s.phase = Update
	s.srv.unlock(s.user)
}

func (s *session) handshake() error {
	ctx, cancel := context.WithTimeout(s.srv.ctx, s.srv.idle)
	defer cancel()
	return s.tls.HandshakeContext(ctx)
}

// startTLS changes to TLS behind STLS's answer. What the client sent in clear
// behind STLS is thrown away (RFC 2595 section 4).
func (s *session) startTLS() error {
	s.upgrade = false
	if err := s.bw.Flush(); err != nil {
		return err
	}
	s.tls = tls.Server(s.conn, s.srv.tlsConfig)
	if err := s.handshake(); err != nil {
		return fmt.Errorf("start TLS: %w", err)
	}
	s.conn = s.tls
	s.in.Reset(s.tls)
	s.candidate = ""
	return nil
}

// lingering is how long a connection ended in good order waits for the client
// to leave: closing at once over unread commands would send RST, and the client
// would lose the last answers.
const lingering = time.Second

func (s *session) shut(how End) {
	switch how {
	case Hang:
	case Reset:
		if t, ok := s.raw.(*net.TCPConn); ok {
			_ = t.SetLinger(0)
		}
	case Truncate:
		s.linger()
	default:
		_ = s.bw.Flush()
		if s.tls != nil {
			_ = s.tls.CloseWrite()
		}
		s.linger()
	}
	_ = s.raw.Close()
}

// hang keeps the connection and the maildrop until the client leaves or the
// server is closed; either shows as an error in reading.
func (s *session) hang() {
	if s.conn.SetReadDeadline(time.Time{}) == nil {
		_, _ = io.Copy(io.Discard, s.conn)
	}
}

// linger sends FIN and waits for the client's, within bounds. All its errors
// mean that the client has gone.
func (s *session) linger() {
	t, ok := s.raw.(*net.TCPConn)
	if !ok || t.CloseWrite() != nil || t.SetReadDeadline(time.Now().Add(lingering)) != nil {
		return
	}
	_, _ = io.Copy(io.Discard, t)
}
