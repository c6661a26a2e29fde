package mailbox

import (
	"context"
	"slices"

	"popmark/ledger"
	"popmark/pop3client"
)

// errPipelining is how pop3client says that a server does not bear pipelining.
var errPipelining = pop3client.ErrPipeliningBroken

// beforeLogin is behind the account's name where the ledger keeps what CAPA says before the login.
const beforeLogin = "#before-login"

// hints gives what the ledger knows for the next connection.
func (m *Mailbox) hints(ctx context.Context) Hints {
	h := Hints{NoPipelining: m.pipeliningBroken()}
	if m.cfg.Ledger == nil {
		return h
	}
	if broken, err := m.cfg.Ledger.Quirk(ctx, m.cfg.Account, quirkPipelining); err == nil && broken {
		h.NoPipelining = true
	}
	if lines, ok, err := m.cfg.Ledger.Caps(ctx, m.cfg.Account+beforeLogin); err == nil && ok {
		h.Capabilities = lines
	}
	return h
}

func (m *Mailbox) pipeliningBroken() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.noPipelining
}

// distrustPipelining remembers that the server must be asked one thing at a time.
func (m *Mailbox) distrustPipelining() {
	m.mu.Lock()
	m.noPipelining = true
	m.mu.Unlock()
	m.warn("the server says PIPELINING, but does not bear it: popmark asks one thing at a time")
	if m.cfg.Ledger != nil {
		if err := m.cfg.Ledger.SetQuirk(context.WithoutCancel(m.closing), m.cfg.Account, quirkPipelining); err != nil {
			m.warnLedger("remembering the server's pipelining", err)
		}
	}
}

func (m *Mailbox) rememberCapabilities(conn Connection) {
	if m.cfg.Ledger == nil || conn.Capabilities == nil {
		return
	}
	m.background(func(ctx context.Context) {
		if known, ok, err := m.cfg.Ledger.Caps(ctx, m.cfg.Account+beforeLogin); err == nil && ok && slices.Equal(known, conn.Capabilities) {
			return
		}
		if err := m.cfg.Ledger.PutCaps(ctx, m.cfg.Account+beforeLogin, conn.Capabilities); err != nil {
			m.warnLedger("remembering capabilities", err)
		}
	})
}

// background runs work that nobody waits for but Close.
func (m *Mailbox) background(work func(context.Context)) {
	m.workers.Go(func() { work(context.WithoutCancel(m.closing)) })
}

// markNew asks the ledger which messages were never listed before.
func (m *Mailbox) markNew(ctx context.Context, messages []Message) {
	if m.cfg.Ledger == nil {
		for i := range messages {
			messages[i].New = true
		}
		return
	}
	for chunk := range slices.Chunk(messages, seenChunk) {
		uids := make([]string, 0, len(chunk))
		for _, msg := range chunk {
			if msg.Certain {
				uids = append(uids, msg.UID)
			}
		}
		seen, err := m.cfg.Ledger.Seen(ctx, m.cfg.Account, uids)
		if err != nil {
			m.warnLedger("reading which messages were seen", err)
			return
		}
		for i := range chunk {
			chunk[i].New = !seen[chunk[i].UID]
		}
	}
}

// seenChunk is how many messages are asked for or remembered as seen at a time.
const seenChunk = 10_000

// remember notes what was listed, and forgets what is no longer there.
func (m *Mailbox) remember(list *List) {
	if m.cfg.Ledger == nil {
		return
	}
	m.background(func(ctx context.Context) {
		var fresh, all []string
		for _, msg := range list.Messages {
			if !msg.Certain {
				continue
			}
			all = append(all, msg.UID)
			if msg.New {
				fresh = append(fresh, msg.UID)
			}
		}
		for chunk := range slices.Chunk(fresh, seenChunk) {
			if err := m.cfg.Ledger.MarkSeen(ctx, m.cfg.Account, chunk); err != nil {
				m.warnLedger("remembering which messages were seen", err)
				return
			}
		}
		// A server that shows nothing for once must not cost what is known of its mail.
		if len(all) == 0 {
			return
		}
		if err := m.cfg.Ledger.Prune(ctx, m.cfg.Account, all); err != nil {
			m.warnLedger("forgetting messages that are gone", err)
		}
	})
}

// cacheBatch is how many headers are written to the ledger at a time.
const cacheBatch = 500

// cacheWriter writes headers to the ledger beside the scan.
type cacheWriter struct {
	m    *Mailbox
	rows []ledger.HeaderRow
}

func (m *Mailbox) newCacheWriter() *cacheWriter { return &cacheWriter{m: m} }

func (w *cacheWriter) add(row ledger.HeaderRow) {
	if w.m.cfg.Ledger == nil || len(row.Header) > ledger.MaxHeader {
		return
	}
	row.Header = slices.Clone(row.Header)
	if w.rows = append(w.rows, row); len(w.rows) >= cacheBatch {
		w.flush()
	}
}

func (w *cacheWriter) flush() {
	rows := w.rows
	if w.rows = nil; len(rows) == 0 {
		return
	}
	w.m.background(func(ctx context.Context) {
		if err := w.m.cfg.Ledger.PutHeaders(ctx, w.m.cfg.Account, rows); err != nil {
			w.m.warnLedger("remembering headers", err)
		}
	})
}
