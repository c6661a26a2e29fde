package pop3server

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"
)

// A User is somebody who can log in.
type User struct {
	// Password serves USER and PASS, APOP, and AUTH with PLAIN, LOGIN, CRAM-MD5
	// and SCRAM.
	Password string
	// Token is the bearer token for XOAUTH2 and OAUTHBEARER; empty, these are
	// refused.
	Token string
	// Maildrop is what is served. Users may share one; each locks it alone.
	Maildrop Maildrop
}

// A Server serves maildrops to POP3 clients. Make one with [New]; all methods
// may be called from many goroutines at once.
type Server struct {
	users        map[string]User
	tlsConfig    *tls.Config
	greeting     *string
	without      map[string]bool
	capabilities func(Phase, []string) []string
	mechanisms   []string
	iterations   int
	idle         time.Duration
	shared       bool
	plainRefused bool
	unlogged     bool
	nonce        func() string

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu        sync.Mutex
	closed    bool
	hooks     []Hook
	listeners []net.Listener
	conns     map[net.Conn]bool
	locked    map[string]bool
	sessions  int
	log       []logged
}

type logged struct {
	session int
	line    string
}

// New makes a server; without options it has no users.
func New(options ...Option) *Server {
	s := &Server{
		users:      map[string]User{},
		without:    map[string]bool{},
		mechanisms: allMechanisms,
		iterations: 4096,
		idle:       10 * time.Minute,
		nonce:      rand.Text,
		conns:      map[net.Conn]bool{},
		locked:     map[string]bool{},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	for _, o := range options {
		o(s)
	}
	return s
}

// Listen serves addr ("127.0.0.1:0" takes a free port) until Close, and gives
// the address it listens on.
func (s *Server) Listen(addr string) (net.Addr, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("serve POP3 on %s: %w", addr, err)
	}
	return s.serveBehind(l)
}

// ListenTLS is Listen with implicit TLS (RFC 8314); it needs [WithTLS].
func (s *Server) ListenTLS(addr string) (net.Addr, error) {
	if s.tlsConfig == nil {
		return nil, fmt.Errorf("serve POP3 on %s: no certificate: give the server WithTLS", addr)
	}
	l, err := tls.Listen("tcp", addr, s.tlsConfig)
	if err != nil {
		return nil, fmt.Errorf("serve POP3 on %s: %w", addr, err)
	}
	return s.serveBehind(l)
}

func (s *Server) serveBehind(l net.Listener) (net.Addr, error) {
	if err := s.track(l); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	s.wg.Go(func() { _ = s.accept(l) }) // nobody is there to hear it
	return l.Addr(), nil
}

// Serve takes connections from l until Close, then gives nil, or until
// accepting fails. It closes l.
func (s *Server) Serve(l net.Listener) error {
	if err := s.track(l); err != nil {
		return errors.Join(err, l.Close())
	}
	return s.accept(l)
}

func (s *Server) track(l net.Listener) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errServerClosed
	}
	s.listeners = append(s.listeners, l)
	return nil
}

func (s *Server) accept(l net.Listener) error {
	for {
		conn, err := l.Accept()
		if err != nil {
			if s.ctx.Err() != nil {
				return nil //nolint:nilerr // a listener that Close closed gives this error
			}
			return errors.Join(fmt.Errorf("accept POP3 connections: %w", err), l.Close())
		}
		session := s.admit(conn)
		if session == nil {
			continue
		}
		go func() {
			defer s.dismiss(session)
			session.run()
		}()
	}
}

// ServeConn serves one connection, and returns when it has ended. A
// connection that is a [tls.Conn] counts as encrypted.
func (s *Server) ServeConn(conn net.Conn) {
	if session := s.admit(conn); session != nil {
		defer s.dismiss(session)
		session.run()
	}
}

// admit makes the session of a new connection, or nil when the server is
// closed. dismiss must follow.
func (s *Server) admit(conn net.Conn) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = conn.Close() // the client sees that it is closed
		return nil
	}
	s.wg.Add(1)
	s.sessions++
	s.conns[conn] = true
	session := &session{srv: s, number: s.sessions, conn: conn, raw: conn, hooks: s.hooks, counts: map[string]int{}}
	if t, ok := conn.(*tls.Conn); ok {
		session.tls, session.raw = t, t.NetConn()
	}
	session.in = bufio.NewReaderSize(conn, MaxAuthLine)
	session.bw = bufio.NewWriterSize(timedWriter{session}, 64<<10)
	session.out = &output{session, session.bw}
	return session
}

func (s *Server) dismiss(session *session) {
	s.mu.Lock()
	delete(s.conns, session.raw)
	delete(s.conns, session.conn)
	s.mu.Unlock()
	s.wg.Done()
}

// Close stops listening, ends all sessions without their UPDATE state, and
// waits until the last has ended. It may be called more than once.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.cancel()
	listeners := s.listeners
	s.listeners = nil
	conns := slices.Collect(maps.Keys(s.conns))
	s.mu.Unlock()

	var errs []error
	for _, l := range listeners {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	for _, c := range conns {
		if t, ok := c.(*tls.Conn); ok {
			c = t.NetConn() // a polite end could wait for the client
		}
		_ = c.Close() // the session may have closed it already
	}
	s.wg.Wait()
	return errors.Join(errs...)
}

// SetHooks replaces the hooks, for connections that begin from now on.
func (s *Server) SetHooks(hooks ...Hook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = slices.Clone(hooks)
}

// Commands gives the command lines received so far from all sessions, in the
// order in which they came, as they were sent: passwords too, and the lines
// that answer AUTH's challenges.
func (s *Server) Commands() []string {
	return s.commands(func(logged) bool { return true })
}

// SessionCommands is Commands for the server's nth connection, from 1.
func (s *Server) SessionCommands(n int) []string {
	return s.commands(func(l logged) bool { return l.session == n })
}

func (s *Server) commands(want func(logged) bool) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	for _, l := range s.log {
		if want(l) {
			lines = append(lines, l.line)
		}
	}
	return lines
}

// Sessions is the number of connections there have been.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions
}

func (s *Server) record(session int, line string) {
	if s.unlogged {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, logged{session, line})
}

// lock takes a user's maildrop for one session.
func (s *Server) lock(user string) bool {
	if s.shared {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.locked[user] {
		return false
	}
	s.locked[user] = true
	return true
}

func (s *Server) unlock(user string) {
	if s.shared {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.locked, user)
}
