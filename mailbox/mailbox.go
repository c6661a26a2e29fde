package mailbox

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"popmark/ledger"
	"popmark/message"
	"popmark/pop3client"
)

// Defaults for the zero values of [Config].
const (
	DefaultKeepAlive = 90 * time.Second
	DefaultRetries   = 3
)

// Hints are what earlier sessions taught about the server.
type Hints struct {
	// Capabilities are CAPA's lines before login; nil where they are not known.
	Capabilities []string
	// NoPipelining says that the server does not bear the pipelining that it advertises.
	NoPipelining bool
}

// Connection is a session that has logged in, in the transaction state.
type Connection struct {
	Client *pop3client.Client
	// Mechanism is what logged in, by one of pop3client's names.
	Mechanism string
	// Capabilities are CAPA's lines before login, to be remembered; nil where it was not asked.
	Capabilities []string
	// STLS says that the server offered it before login.
	STLS bool
}

// Config says how a mailbox is reached and who is told what happens.
type Config struct {
	// Account is the mailbox's name in the ledger: the same for the same maildrop, whatever the way to it.
	Account string
	// Connect dials and logs in. It is called again whenever a session is needed.
	Connect func(context.Context, Hints) (Connection, error)
	// Ledger remembers headers and what was seen; nil remembers nothing.
	Ledger  *ledger.Ledger
	Decoder message.Decoder
	// Notify is told of events, from several goroutines, never two at once. It must not block for long
	// and must not call the Mailbox. It may be nil.
	Notify func(Event)
	// Retries is how often a broken line is taken up again during a scan; negative means never.
	Retries int
	// IdleRelease is after how long without traffic the maildrop's lock is let go (P9); 0 means never.
	IdleRelease time.Duration
	// KeepAlive is after how long without traffic NOOP is sent while the lock is held; negative means never.
	KeepAlive time.Duration
}

// Mailbox is a maildrop on a server as one thing over many connections. Make one with [New].
type Mailbox struct {
	cfg Config

	// turn is held by whoever uses the connection; waiting counts those in a hurry for it.
	turn    chan struct{}
	waiting atomic.Int32
	// client is the open session's, or nil. Only the turn's holder uses it.
	client *pop3client.Client

	notifying sync.Mutex

	mu        sync.Mutex
	state     State
	err       error
	info      Info
	list      *List
	envelopes map[ID]*message.Envelope
	noHeader  map[ID]error
	prints    map[ID]fingerprint
	tokens    int
	lastUse   time.Time
	wanted    []ID
	wants     int // counts the calls of Want
	// hasTOP is whether TOP is listed or was answered; topRefusals counts until then.
	hasTOP       bool
	topRefusals  int
	scanning     bool
	watching     bool
	noPipelining bool

	wake     chan struct{} // one token: the background scan has something to look at
	opened   chan struct{} // one token: the idle watch has a session to watch
	closing  context.Context
	shut     context.CancelFunc
	workers  sync.WaitGroup
	closeOne sync.Once
}

// New makes a mailbox; nothing is connected yet.
func New(cfg Config) *Mailbox {
	if cfg.Retries == 0 {
		cfg.Retries = DefaultRetries
	}
	if cfg.KeepAlive == 0 {
		cfg.KeepAlive = DefaultKeepAlive
	}
	closing, shut := context.WithCancel(context.Background())
	return &Mailbox{
		cfg: cfg, turn: make(chan struct{}, 1), wake: make(chan struct{}, 1), opened: make(chan struct{}, 1),
		envelopes: make(map[ID]*message.Envelope), noHeader: make(map[ID]error), prints: make(map[ID]fingerprint),
		list: newList(nil, 0), closing: closing, shut: shut,
	}
}

// Info gives what is known of the server.
func (m *Mailbox) Info() Info {
	m.mu.Lock()
	defer m.mu.Unlock()
	info := m.info
	info.TOP = m.hasTOP
	info.Warnings = append([]message.Safe(nil), m.info.Warnings...)
	return info
}

// State gives the state, and why it is [Lost].
func (m *Mailbox) State() (State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state, m.err
}

// List gives what the newest session found; an empty list before the first.
func (m *Mailbox) List() *List {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.list
}

// Envelope gives a message's envelope, or nil while it is not known.
func (m *Mailbox) Envelope(id ID) *message.Envelope {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.envelopes[id]
}

// Open opens a session unless one is open, and lists the maildrop. It makes one
// try. What went wrong can be asked for with [ClassOf].
func (m *Mailbox) Open(ctx context.Context) error {
	if err := m.acquire(ctx); err != nil {
		return err
	}
	defer m.release()
	return m.ensureOpen(ctx)
}

// Refresh ends the session, if there is one, and opens another. IDs stay with their messages.
func (m *Mailbox) Refresh(ctx context.Context) error {
	if err := m.acquire(ctx); err != nil {
		return err
	}
	defer m.release()
	if m.client != nil {
		m.quit(ctx)
	}
	return m.ensureOpen(ctx)
}

// Release lets the maildrop's lock go: QUIT with nothing deleted (P9). Whatever is
// asked next opens a session again.
func (m *Mailbox) Release(ctx context.Context) error {
	if err := m.acquire(ctx); err != nil {
		return err
	}
	defer m.release()
	if m.client == nil {
		return nil
	}
	err := m.quit(ctx)
	m.setState(Released, nil)
	return err
}

// closeWait bounds the QUIT of Close.
const closeWait = time.Second

// Close ends the session with QUIT where the server still answers, and waits for
// the mailbox's goroutines. Nothing is deleted by it. The Mailbox is of no use afterwards.
func (m *Mailbox) Close() error {
	m.closeOne.Do(func() {
		m.shut()
		ctx, cancel := context.WithTimeout(context.Background(), closeWait)
		defer cancel()
		if m.take(ctx) == nil {
			if m.client != nil {
				_ = m.quit(ctx) // a session that ends without QUIT deletes nothing either
			}
			m.setState(Closed, nil)
			m.release()
		}
		m.workers.Wait()
	})
	return nil
}

// acquire waits for the turn; background work gives way to it.
func (m *Mailbox) acquire(ctx context.Context) error {
	if m.closing.Err() != nil {
		return ErrClosed
	}
	return m.take(ctx)
}

func (m *Mailbox) take(ctx context.Context) error {
	m.waiting.Add(1)
	defer m.waiting.Add(-1)
	select {
	case m.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// acquireBackground waits for the turn without hurrying anybody.
func (m *Mailbox) acquireBackground(ctx context.Context) error {
	select {
	case m.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *Mailbox) release() {
	m.mu.Lock()
	m.lastUse = time.Now()
	m.mu.Unlock()
	<-m.turn
}

// quit ends the session in order. The turn is held.
func (m *Mailbox) quit(ctx context.Context) error {
	client := m.client
	m.client = nil
	_, err := client.Quit().Wait(ctx)
	return joinClose(err, client.Close())
}

// drop ends the session without a word. The turn is held.
func (m *Mailbox) drop() {
	if m.client != nil {
		_ = m.client.Close() // nothing is expected of this connection any more
		m.client = nil
	}
}

func joinClose(err, closing error) error {
	if err != nil {
		return err
	}
	return closing
}

func (m *Mailbox) setState(s State, err error) {
	m.mu.Lock()
	m.state, m.err = s, err
	m.mu.Unlock()
	m.notify(StateEvent{s, err})
}

func (m *Mailbox) warn(text message.Safe) {
	m.mu.Lock()
	for _, w := range m.info.Warnings {
		if w == text {
			m.mu.Unlock()
			return
		}
	}
	m.info.Warnings = append(m.info.Warnings, text)
	m.mu.Unlock()
	m.notify(WarningEvent{text})
}

func (m *Mailbox) notify(e Event) {
	if m.cfg.Notify == nil {
		return
	}
	m.notifying.Lock()
	defer m.notifying.Unlock()
	m.cfg.Notify(e)
}
