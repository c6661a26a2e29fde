package mailbox

import (
	"context"
	"iter"
	"slices"

	"popmark/ledger"
	"popmark/pop3client"
)

// beforeLogin is behind the account's name where the ledger keeps what CAPA says before the login.
const beforeLogin = "#before-login"

// keeps says whether what is learnt is worth writing down: a ledger in memory
// outlives nothing that the Mailbox does not know itself.
func (m *Mailbox) keeps() bool { return m.cfg.Ledger != nil && m.cfg.Ledger.Dir() != "" }

// hints gives what is known for the next connection, from this run or an earlier one.
func (m *Mailbox) hints(ctx context.Context) Hints {
	m.mu.Lock()
	h := Hints{Capabilities: m.beforeLogin, NoPipelining: m.pipelining.off}
	m.mu.Unlock()
	if !m.keeps() || m.cfg.Ledger.Making() {
		return h
	}
	if broken, err := m.cfg.Ledger.Quirk(ctx, m.cfg.Account, quirkPipelining); err == nil && broken {
		h.NoPipelining = true
		m.mu.Lock()
		m.pipelining = suspicion{off: true, proven: true}
		m.mu.Unlock()
		m.warn(pipeliningWarning)
	}
	m.readGuessing(ctx)
	if h.Capabilities == nil {
		if lines, ok, err := m.cfg.Ledger.Caps(ctx, m.cfg.Account+beforeLogin); err == nil && ok {
			h.Capabilities = lines
		}
	}
	m.askLedger()
	return h
}

// rememberCapabilities keeps what CAPA said before the login, so that the next one need not ask.
func (m *Mailbox) rememberCapabilities(conn Connection) {
	if conn.Capabilities == nil {
		return
	}
	m.mu.Lock()
	known := slices.Equal(m.beforeLogin, conn.Capabilities)
	m.beforeLogin = conn.Capabilities
	m.mu.Unlock()
	if known || !m.keeps() {
		return
	}
	m.keeper.put(m.closing, 0, func(ctx context.Context) {
		if known, ok, err := m.cfg.Ledger.Caps(ctx, m.cfg.Account+beforeLogin); err == nil && ok && slices.Equal(known, conn.Capabilities) {
			return
		}
		if err := m.cfg.Ledger.PutCaps(ctx, m.cfg.Account+beforeLogin, conn.Capabilities); err != nil {
			m.warnLedger(ctx, "remembering capabilities", err)
		}
	})
}

// capabilitiesBeforeLogin gives CAPA's lines before the login where the connection knows
// them and whoever made it did not say.
func capabilitiesBeforeLogin(c *pop3client.Client) []string {
	caps := c.Capabilities()
	if _, encrypted := c.TLS(); encrypted || !caps.Asked || caps.Remembered || caps.State != pop3client.StateAuthorization {
		return nil
	}
	return caps.Lines
}

// seenChunk is how many messages are asked for or remembered as seen at a time.
const seenChunk = 10_000

// markNew says which messages were never listed before this run: by the last list
// of this run, else by the ledger.
func (m *Mailbox) markNew(ctx context.Context, messages []Message, last *List) {
	ask := make([]int, 0, len(messages))
	for i := range messages {
		msg := &messages[i]
		if at, ok := last.Find(msg.ID); ok && msg.ID != "" {
			msg.New = last.Messages[at].New
			continue
		}
		msg.New = true
		if msg.Certain && m.keeps() {
			ask = append(ask, i)
		}
	}
	uids := make([]string, 0, min(len(ask), seenChunk))
	for chunk := range slices.Chunk(ask, seenChunk) {
		uids = uids[:0]
		for _, i := range chunk {
			uids = append(uids, messages[i].UID)
		}
		seen, err := m.cfg.Ledger.Seen(ctx, m.cfg.Account, uids)
		if err != nil {
			m.warnLedger(ctx, "reading which messages were seen", err)
			return
		}
		for _, i := range chunk {
			messages[i].New = !seen[messages[i].UID]
		}
	}
}

// pruneMost is for how many messages the ledger is told which are still there.
// Beyond it that would cost more memory than what it gives back on disk.
const pruneMost = 200_000

// remember notes what was listed for the first time, and forgets what is no longer there.
func (m *Mailbox) remember(list, last *List) {
	m.noteTail(list, nil)
	if !m.keeps() {
		return
	}
	if m.cfg.Shows {
		m.markSeen(func(yield func(*Message) bool) {
			for i := range list.Messages {
				if _, known := last.Find(list.Messages[i].ID); !known && !yield(&list.Messages[i]) {
					return
				}
			}
		})
	}
	m.keeper.put(m.closing, 0, func(ctx context.Context) {
		m.prune(ctx, list)
		m.forgetShared(ctx, list)
	})
}

// MarkSeen remembers that a person or a program was shown these messages of the
// list: in a later run they are not new any more. It does not wait for the ledger.
func (m *Mailbox) MarkSeen(ids []ID) {
	list := m.List()
	if !m.keeps() {
		return
	}
	m.markSeen(func(yield func(*Message) bool) {
		for _, id := range ids {
			if i, ok := list.Find(id); ok && !yield(&list.Messages[i]) {
				return
			}
		}
	})
}

func (m *Mailbox) markSeen(messages iter.Seq[*Message]) {
	m.keeper.put(m.closing, 0, func(ctx context.Context) {
		fresh := make([]string, 0, seenChunk)
		flush := func() bool {
			if len(fresh) == 0 {
				return true
			}
			err := m.cfg.Ledger.MarkSeen(ctx, m.cfg.Account, fresh)
			if err != nil {
				m.warnLedger(ctx, "remembering which messages were seen", err)
			}
			fresh = fresh[:0]
			return err == nil
		}
		for msg := range messages {
			if !msg.Certain || !msg.New {
				continue
			}
			if fresh = append(fresh, msg.UID); len(fresh) == seenChunk && !flush() {
				return
			}
		}
		flush()
	})
}

// prune lets the ledger forget messages that are gone: only where the server names
// every message that it lists, and some. One that shows nothing for once must not
// cost what is known of its mail, but for the headers, which can be had again: what comes into
// an empty maildrop is new, whatever UIDL it has.
func (m *Mailbox) prune(ctx context.Context, list *List) {
	if len(list.Messages) == 0 {
		if has, err := m.cfg.Ledger.HasHeaders(ctx, m.cfg.Account); err == nil && !has {
			return
		}
		if err := m.cfg.Ledger.ForgetAllHeaders(ctx, m.cfg.Account); err != nil {
			m.warnLedger(ctx, "forgetting headers of messages that are gone", err)
		}
		return
	}
	if len(list.Messages) > pruneMost {
		return
	}
	uids := make([]string, len(list.Messages))
	for i := range list.Messages {
		if uids[i] = list.Messages[i].UID; uids[i] == "" {
			return
		}
	}
	if err := m.cfg.Ledger.Prune(ctx, m.cfg.Account, uids); err != nil {
		m.warnLedger(ctx, "forgetting messages that are gone", err)
	}
}

// forgetDeleted forgets the headers of messages for which DELE was asked, by their indexes: a UIDL may come back as
// another message's, at once where it is no more than the number. By what they are told from others in a later
// session stays until the list shows which are gone. The turn is held.
func (m *Mailbox) forgetDeleted(list *List, deles []dele) {
	if deles == nil {
		return
	}
	var uids []string
	all := list.Counted()
	m.mu.Lock()
	for at := range deles {
		if deles[at] == notAsked {
			continue
		}
		msg := &list.Messages[at]
		m.envelopes.drop(msg.ID)
		delete(m.lent, msg.ID)
		if msg.UID != "" {
			uids = append(uids, msg.UID)
		}
		if len(uids) > pruneMost { // to ask again costs less than the memory for their names
			all = true
			break
		}
	}
	if all {
		m.envelopes, m.lent = kept{}, nil
	}
	m.mu.Unlock()
	m.noteTail(list, deles)
	if !m.keeps() {
		return
	}
	m.keeper.put(m.closing, 0, func(ctx context.Context) { // behind what is to be written of them still
		var err error
		if all {
			err = m.cfg.Ledger.ForgetAllHeaders(ctx, m.cfg.Account)
		} else {
			err = m.cfg.Ledger.ForgetHeaders(ctx, m.cfg.Account, uids)
		}
		if err != nil {
			m.warnLedger(ctx, "forgetting headers of messages that were deleted", err)
		}
	})
}

// forgetShared lets the ledger forget the header of a UIDL that several messages bear: when one of them is left it may
// be another than the one whose header it was.
func (m *Mailbox) forgetShared(ctx context.Context, list *List) {
	var shared []string
	for i := range list.Messages {
		if msg := &list.Messages[i]; !msg.Certain && msg.UID != "" {
			shared = append(shared, msg.UID)
		}
	}
	if len(shared) == 0 {
		return
	}
	if err := m.cfg.Ledger.ForgetHeaders(ctx, m.cfg.Account, shared); err != nil {
		m.warnLedger(ctx, "forgetting headers of messages that share a UIDL", err)
	}
}

const (
	// cacheBatch is how many headers are written to the ledger at a time, cacheOctets how many octets.
	cacheBatch  = 500
	cacheOctets = 2 << 20
	// arenaOctets is how much memory for headers is allocated at a time.
	arenaOctets = 64 << 10
)

// cacheWriter gathers headers for the ledger. It gives up at the first error: what
// is not cached costs a TOP some other day.
type cacheWriter struct {
	m      *Mailbox
	ctx    context.Context // of the scan
	rows   []ledger.HeaderRow
	octets int
	arena  []byte // what is left of where headers are copied to
}

func (m *Mailbox) newCacheWriter(ctx context.Context) *cacheWriter {
	return &cacheWriter{m: m, ctx: ctx}
}

func (w *cacheWriter) add(row ledger.HeaderRow) {
	if !w.m.keeps() || len(row.Header) > ledger.MaxHeader || w.m.cacheBroken.Load() {
		return
	}
	if cap(w.arena)-len(w.arena) < len(row.Header) {
		w.arena = make([]byte, 0, max(arenaOctets, len(row.Header)))
	}
	start := len(w.arena)
	w.arena = append(w.arena, row.Header...)
	row.Header = w.arena[start:len(w.arena):len(w.arena)]
	w.rows = append(w.rows, row)
	w.octets += len(row.Header)
	if len(w.rows) >= cacheBatch || w.octets >= cacheOctets {
		w.flush()
	}
}

func (w *cacheWriter) flush() {
	rows, octets, m := w.rows, w.octets, w.m
	w.rows, w.octets = nil, 0
	if len(rows) == 0 {
		return
	}
	m.keeper.put(w.ctx, octets, func(ctx context.Context) {
		if m.cacheBroken.Load() {
			return
		}
		if err := m.cfg.Ledger.PutHeaders(ctx, m.cfg.Account, rows); err != nil {
			m.cacheBroken.Store(true)
			m.warnLedger(ctx, "remembering headers", err)
		}
	})
}
