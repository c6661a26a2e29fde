package pop3server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// ErrGone is what opening a message gives when it has been removed since the
// session began, by another session or by [Memory.Remove].
var ErrGone = errors.New("message is gone")

// A Maildrop is one user's mailbox. It must be safe for concurrent use.
type Maildrop interface {
	// Snapshot gives the messages as they are now. What it gives keeps its
	// numbers whatever happens to the maildrop later (RFC 1939 section 4).
	Snapshot() Messages
}

// A Source gives messages by number, the first being 1. Octets and UIDL are
// what LIST and UIDL tell, which need not be true.
type Source interface {
	// Octets is the size of message n as LIST gives it.
	Octets(n int) int64
	// UIDL is the unique-id of message n.
	UIDL(n int) string
	// Open gives the octets of message n, with CRLF line ends and without
	// dot-stuffing. They are sent as they are.
	Open(n int) (io.ReadCloser, error)
}

// Messages are the numbered messages of one session.
type Messages interface {
	Source
	// Len is the number of messages.
	Len() int
	// Remove takes messages away for good; numbers stay as they are. It is
	// called once, in the UPDATE state.
	Remove(numbers []int) error
}

// A Message is one message of a [Memory] maildrop.
type Message struct {
	// UIDL is the unique-id; nothing hinders two messages having the same.
	UIDL string
	// Octets is the size that LIST tells.
	Octets int64
	// Open gives the message's octets.
	Open func() (io.ReadCloser, error)
}

// NewMessage gives a message with these octets and their true size.
func NewMessage(uidl string, octets []byte) Message {
	return Message{
		UIDL:   uidl,
		Octets: int64(len(octets)),
		Open:   func() (io.ReadCloser, error) { return readCloser{bytes.NewReader(octets)}, nil },
	}
}

// readCloser keeps a reader's WriteTo, which [io.NopCloser] would wrap anew.
type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// CRLF joins lines into a message: each ends in CRLF, and line ends within
// them become CRLF too.
func CRLF(lines ...string) []byte {
	text := strings.Join(lines, "\n")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return []byte(strings.ReplaceAll(text, "\n", "\r\n"))
}

// Memory is a maildrop kept in memory. Its methods may be called while
// sessions are open; a session sees what there was when it logged in.
type Memory struct {
	mu       sync.Mutex
	messages []*entry
	failure  error
}

type entry struct {
	Message
	removed atomic.Bool
}

// NewMemory gives a maildrop with these messages, the first being number 1.
func NewMemory(messages ...Message) *Memory {
	m := new(Memory)
	m.Add(messages...)
	return m
}

// Add puts messages at the end.
func (m *Memory) Add(messages ...Message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, msg := range messages {
		m.messages = append(m.messages, &entry{Message: msg})
	}
}

// Remove takes away every message with this unique-id, and says how many there
// were.
func (m *Memory) Remove(uidl string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.messages {
		if e.UIDL == uidl {
			e.removed.Store(true)
		}
	}
	return m.sweep()
}

// FailRemoval makes the UPDATE state fail with err, deleting nothing, until it
// is called with nil: QUIT then answers -ERR.
func (m *Memory) FailRemoval(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failure = err
}

// UIDLs gives the unique-ids of what is there now, in order.
func (m *Memory) UIDLs() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	ids := make([]string, len(m.messages))
	for i, msg := range m.messages {
		ids[i] = msg.UIDL
	}
	return ids
}

// Snapshot implements [Maildrop].
func (m *Memory) Snapshot() Messages {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &memorySnapshot{drop: m, messages: slices.Clone(m.messages)}
}

// sweep drops what is marked removed; snapshots keep their own slice.
func (m *Memory) sweep() int {
	before := len(m.messages)
	m.messages = slices.DeleteFunc(slices.Clone(m.messages), func(e *entry) bool { return e.removed.Load() })
	return before - len(m.messages)
}

type memorySnapshot struct {
	drop     *Memory
	messages []*entry
}

func (s *memorySnapshot) Len() int           { return len(s.messages) }
func (s *memorySnapshot) Octets(n int) int64 { return s.messages[n-1].Octets }
func (s *memorySnapshot) UIDL(n int) string  { return s.messages[n-1].UIDL }

func (s *memorySnapshot) Open(n int) (io.ReadCloser, error) {
	e := s.messages[n-1]
	if e.removed.Load() {
		return nil, fmt.Errorf("message %d: %w", n, ErrGone)
	}
	return e.Open()
}

func (s *memorySnapshot) Remove(numbers []int) error {
	s.drop.mu.Lock()
	defer s.drop.mu.Unlock()
	if s.drop.failure != nil {
		return s.drop.failure
	}
	for _, n := range numbers {
		s.messages[n-1].removed.Store(true)
	}
	s.drop.sweep()
	return nil
}
