package mailbox

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"popmark/ledger"
	"popmark/message"
	"popmark/pop3client"
)

// Mailbox is a maildrop on a server as one thing over many connections. Make one with [New].
type Mailbox struct {
	cfg Config

	// turn is held by whoever uses the connection; waiting counts those in a hurry for it.
	turn    chan struct{}
	waiting atomic.Int32
	// conn is the open session's client, or nil. The turn's holder alone changes it and asks it for
	// anything; Close closes it under whoever held on to it for too long.
	conn atomic.Pointer[pop3client.Client]
	// order is what is known of the order of the open session's answers. The turn's holder owns it.
	order order
	// wary is set where a server's answers came out of order though commands went one at a time. The turn's holder owns it.
	wary bool
	// care is how scans get past a message at which the server ends sessions. The turn's holder owns it.
	care care
	// brokeAt is when a session was given up for an error. The turn's holder owns it.
	brokeAt time.Time
	// refusal is why the last login was refused, until somebody asks for another. The turn's holder owns it.
	refusal error
	// surveyTook is how long the newest session was looked at before it was open. It belongs to the turn's holder.
	surveyTook time.Duration
	// endless are messages for which TOP gave more than a session bears. The turn's holder owns it.
	endless map[ID]struct{}
	// oddTexts are messages whose text began like an answer. The turn's holder owns it.
	oddTexts map[ID]struct{}
	// odd is what was told of the server's ways. The turn's holder owns it.
	odd oddness
	// departed is how the last session that was lent ended. The turn's holder owns it.
	departed departure
	// guessing is what Config.Guess goes by.
	guessing guessing
	// keeper writes to the ledger what nobody waits for.
	keeper *keeper
	// cacheBroken is set when the ledger failed to take headers.
	cacheBroken atomic.Bool

	notifying sync.Mutex

	mu        sync.Mutex
	state     State
	err       error
	info      Info
	list      *List
	envelopes kept
	lent      map[ID]*message.Envelope // of wanted messages, where envelopes has no room
	crowded   bool                     // it has had none for some message of the list
	fresh     bits                     // by index in list: the header was read in the session that is open
	// screenOctets and lookEvery are the bounds of these names; fields for tests.
	screenOctets int
	lookEvery    time.Duration
	evicted      bool // some envelopes are known to the ledger alone
	noHeader     map[ID]error
	prints       map[ID]fingerprint
	// gone are the octets of messages with a UIDL that an earlier session listed and the newest did not.
	gone map[ID]int64
	// doubtful are UIDLs that have named more than one message in this Mailbox's life.
	doubtful map[string]struct{}
	tokens   int
	lastUse  time.Time
	wanted   []ID
	wants    int // counts the calls of Want
	// hasTOP is whether TOP is listed or was answered; topRefusals counts until then.
	hasTOP      bool
	topRefusals int
	// topAnswered is whether a scan had an answer to TOP; listedRefusals counts what a server that lists it refused.
	topAnswered    bool
	listedRefusals int
	refusedTOP     error // the first
	scanning       bool
	watching       bool
	pipelining     suspicion
	beforeLogin    []string // what CAPA said before the last login

	wake     chan struct{} // one token: the background scan has something to look at
	opened   chan struct{} // one token: the idle watch has a session to watch
	closing  context.Context
	shut     context.CancelFunc
	workers  sync.WaitGroup
	asked    bool        // the ledger was asked whether it knows headers
	knows    <-chan bool // gives its answer; nil once it was taken
	closeOne sync.Once
}

// New makes a mailbox; nothing is connected yet.
func New(cfg Config) *Mailbox {
	if cfg.Retries == 0 {
		cfg.Retries = DefaultRetries
	}
	if cfg.Release {
		cfg.IdleRelease = releaseAtOnce
	}
	if cfg.KeepAlive == 0 {
		cfg.KeepAlive = DefaultKeepAlive
	}
	closing, shut := context.WithCancel(context.Background())
	return &Mailbox{
		cfg: cfg, turn: make(chan struct{}, 1), wake: make(chan struct{}, 1), opened: make(chan struct{}, 1),
		noHeader: make(map[ID]error), prints: make(map[ID]fingerprint),
		gone: make(map[ID]int64), doubtful: make(map[string]struct{}), endless: make(map[ID]struct{}), care: newCare(cfg.Retries),
		list: newList(nil, 0), screenOctets: screenOctets, lookEvery: lookEvery, closing: closing, shut: shut, keeper: newKeeper(),
	}
}

// client is the open session's, or nil. The turn is held.
func (m *Mailbox) client() *pop3client.Client { return m.conn.Load() }

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

// Envelope gives a message's envelope, or nil while it is not known. Behind a scan
// by [Mailbox.Headers] of more messages than memory is meant for it asks the ledger.
func (m *Mailbox) Envelope(id ID) *message.Envelope {
	m.mu.Lock()
	envelope := m.envelopes.by[id]
	if envelope == nil {
		envelope = m.lent[id]
	}
	evicted := m.evicted && !m.scanning // who has the background scan is told of what is read, and does not ask the disk
	m.mu.Unlock()
	if envelope != nil || !evicted || !id.Unique() || !m.keeps() {
		return envelope
	}
	rows, err := m.cfg.Ledger.Headers(m.closing, m.cfg.Account, []string{string(id)})
	if err != nil {
		return nil // a header that cannot be had is one that is not known
	}
	row, ok := rows[string(id)]
	list := m.List()
	if at, listed := list.Find(id); !ok || !listed || list.Messages[at].Octets != row.Octets {
		return nil
	}
	known := m.cfg.Decoder.Envelope(row.Header)
	return &known
}

// Decoder is what the mailbox reads headers with.
func (m *Mailbox) Decoder() message.Decoder { return m.cfg.Decoder }

// Relearn takes in that the message which bears an ID now, of these octets, has another header
// than the one that was known: the server has used the UIDL again.
func (m *Mailbox) Relearn(id ID, octets int64, header []byte) {
	envelope := m.cfg.Decoder.Envelope(header)
	m.mu.Lock()
	m.envelopes.put(id, &envelope)
	m.noteFresh(id, 0)
	m.mu.Unlock()
	if !id.Unique() || !m.keeps() || len(header) > ledger.MaxHeader {
		return
	}
	row := ledger.HeaderRow{UID: string(id), Octets: octets, Header: slices.Clone(header)}
	m.keeper.put(m.closing, len(header), func(ctx context.Context) {
		if err := m.cfg.Ledger.PutHeaders(ctx, m.cfg.Account, []ledger.HeaderRow{row}); err != nil {
			m.warnLedger(ctx, "remembering a header", err)
		}
	})
}

// Fresh says whether the header of a message was read in the session that is open. What is known of
// others an earlier session has shown, of this run or another.
func (m *Mailbox) Fresh(id ID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, ok := m.list.Find(id)
	return ok && m.fresh.has(at)
}

// Distrust forgets every header that is known, in memory and in the ledger: one was seen to be another
// message's than the one that bears its UIDL, and where the server counts anew the others are as well.
func (m *Mailbox) Distrust(ctx context.Context) {
	m.mu.Lock()
	m.envelopes, m.lent = kept{}, nil
	m.mu.Unlock()
	if !m.keeps() {
		return
	}
	m.keeper.wait(ctx) // it may have some of them still to write
	if err := m.cfg.Ledger.ForgetAllHeaders(ctx, m.cfg.Account); err != nil {
		m.warnLedger(ctx, "forgetting headers", err)
	}
}

// Open opens a session unless one is open, and lists the maildrop. It makes one try, and another where
// the server turns out not to bear how it was asked. What went wrong can be asked for with [ClassOf].
// After a login that was refused nothing else makes another, so that no account is locked for it: only
// Open and Refresh do.
func (m *Mailbox) Open(ctx context.Context) error {
	if m.keeps() {
		defer m.keeper.putOff()()
	}
	return m.use(ctx, func(ctx context.Context) error {
		m.forgive()
		return m.openGuessing(ctx)
	})
}

// Resume is Open for who goes on by itself: it makes no login after one that was refused.
func (m *Mailbox) Resume(ctx context.Context) error { return m.use(ctx, m.openGuessing) }

// openGuessing is ensureOpen for who goes on to headers. The turn is held.
func (m *Mailbox) openGuessing(ctx context.Context) error {
	m.guessing.wanted = true
	defer func() { m.guessing.wanted = false }()
	return m.ensureOpen(ctx)
}

// forgive forgets what kept the mailbox from trying again, since somebody asks for it.
func (m *Mailbox) forgive() {
	m.refusal, m.care = nil, newCare(m.cfg.Retries)
}

// Refresh ends the session, if there is one, and opens another. IDs stay with their messages.
func (m *Mailbox) Refresh(ctx context.Context) error {
	return m.use(ctx, func(ctx context.Context) error {
		_ = m.part(ctx) // a session that ends without its QUIT deletes nothing either
		m.forgive()
		return m.openGuessing(ctx)
	})
}

// Release lets the maildrop's lock go: QUIT with nothing deleted (P9). Whatever is
// asked next opens a session again. It also waits as Written does.
func (m *Mailbox) Release(ctx context.Context) error {
	err := m.use(ctx, func(ctx context.Context) error {
		if m.client() == nil {
			return nil
		}
		err := m.part(ctx)
		m.setState(Released, nil)
		return err
	})
	m.keeper.wait(ctx)
	return err
}

// Written waits until the ledger has what was found, or ctx ends.
func (m *Mailbox) Written(ctx context.Context) { m.keeper.wait(ctx) }

// closeWait bounds all of Close.
const closeWait = time.Second

// Close ends whatever waits, and the session with QUIT where the server still
// answers, and waits for the mailbox's goroutines. It takes about a second at the
// most: what the ledger does not have by then it does not get. Nothing is deleted
// by it. The Mailbox is of no use afterwards; a [Session] that is still lent breaks.
func (m *Mailbox) Close() error {
	m.closeOne.Do(func() {
		m.mu.Lock() // so that no goroutine starts afterwards
		m.shut()
		m.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), closeWait)
		defer cancel()
		if m.takeTurn(ctx) == nil {
			if m.client() != nil {
				_ = m.quit(ctx) // a session that ends without QUIT deletes nothing either
			}
			m.setState(Closed, nil)
			m.release()
		} else {
			if client := m.client(); client != nil {
				_ = client.Close() // the turn's holder finds it closed
			}
			m.setState(Closed, nil)
		}
		m.keeper.close(ctx)
		m.workers.Wait()
	})
	return nil
}

// partWait bounds the wait for the answer to a QUIT that deletes nothing. A line
// that is dead, as after a laptop's sleep, must not keep a new session waiting.
const partWait = 5 * time.Second

// part ends a session in which nothing is to be deleted. The turn is held.
func (m *Mailbox) part(ctx context.Context) error {
	if m.client() == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, partWait)
	defer cancel()
	return m.quit(ctx)
}

// quit ends the session in order. The turn is held.
func (m *Mailbox) quit(ctx context.Context) error {
	client := m.conn.Swap(nil)
	_, err := client.Quit().Wait(ctx)
	return joinClose(err, client.Close())
}

// drop ends the session without a word.
func (m *Mailbox) drop() {
	if client := m.conn.Swap(nil); client != nil {
		_ = client.Close() // nothing is expected of this connection any more
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
	if m.closing.Err() != nil && s != Closed {
		m.mu.Unlock()
		return
	}
	m.state, m.err = s, err
	m.mu.Unlock()
	m.notify(StateEvent{s, err})
}

// maxWarnings bounds the warnings kept: they quote a server, which can always say something new.
const maxWarnings = 100

func (m *Mailbox) warn(text message.Safe) { m.tell(WarningEvent{Text: text}) }

// remark is warn for what is minor.
func (m *Mailbox) remark(text message.Safe) { m.tell(WarningEvent{Text: text, Minor: true}) }

// tell keeps a warning and tells it, each text once.
func (m *Mailbox) tell(warning WarningEvent) {
	text := warning.Text
	m.mu.Lock()
	for _, before := range m.info.Warnings {
		if before == text {
			m.mu.Unlock()
			return
		}
	}
	if len(m.info.Warnings) == maxWarnings {
		m.info.Warnings = slices.Delete(m.info.Warnings, 0, 1)
	}
	m.info.Warnings = append(m.info.Warnings, text)
	m.mu.Unlock()
	m.notify(warning)
}

func (m *Mailbox) notify(e Event) {
	if m.cfg.Notify == nil {
		return
	}
	m.notifying.Lock()
	defer m.notifying.Unlock()
	m.cfg.Notify(e)
}
