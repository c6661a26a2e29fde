package mailbox

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"popmark/message"
	"popmark/pop3client"
)

const (
	// cacheChunk is how many messages the ledger is asked for at a time.
	cacheChunk = 500
	// headersAhead is how many decoded headers may wait for who asked for them.
	headersAhead = 512
	// bigHeader is half of what a buffer may have grown to that is used again, in octets.
	bigHeader = 32 << 10
	// keptEnvelopes is how many envelopes a scan by [Mailbox.Headers] leaves behind in memory.
	keptEnvelopes = 10_000
)

// Headers gives the headers of messages, in the order given: those that the ledger
// knows from there, the others by TOP as fast as the line is. It has the
// connection to itself while it runs. A line that breaks is taken up again as
// often as Config.Retries says; the error ends the sequence. Of a large mailbox not
// every envelope stays in memory for [Mailbox.Envelope].
func (m *Mailbox) Headers(ctx context.Context, ids []ID) iter.Seq2[Header, error] {
	return m.headers(ctx, ids, keptEnvelopes)
}

// PassHeaders is Headers for who looks at each header once: its envelope is good until the next
// one is given, though the texts in it may be kept, and none stays in memory.
func (m *Mailbox) PassHeaders(ctx context.Context, ids []ID) iter.Seq2[Header, error] {
	return m.headers(ctx, ids, 0)
}

func (m *Mailbox) headers(ctx context.Context, ids []ID, keep int) iter.Seq2[Header, error] {
	return func(yield func(Header, error) bool) {
		ctx, cancel := m.bound(ctx)
		headers := make(chan *decoded, headersAhead/decodeBatch)
		failed := make(chan error, 1)
		var work sync.WaitGroup
		work.Go(func() {
			defer close(headers)
			failed <- m.orClosed(m.scanInto(ctx, ids, keep, headers))
		})
		defer work.Wait()
		defer cancel()
		for some := range headers {
			for _, h := range some.headers {
				if !yield(h, nil) {
					return
				}
			}
			if keep == 0 {
				passed.Put(some)
			}
		}
		if err := <-failed; err != nil {
			yield(Header{}, err)
		}
	}
}

// scanInto scans, decodes beside the scan, and takes broken lines up again.
func (m *Mailbox) scanInto(ctx context.Context, ids []ID, keep int, headers chan<- *decoded) error {
	if err := m.acquire(ctx); err != nil {
		return err
	}
	defer m.release()
	defer m.keeper.putOff()()

	m.mu.Lock()
	if len(m.envelopes.by) == 0 { // to grow a map of thousands costs more than to fill it
		m.envelopes.by = make(map[ID]*message.Envelope, min(len(ids), keep))
	}
	m.mu.Unlock()
	decoders := m.newDecoders(ctx, keep)
	var collecting sync.WaitGroup
	collecting.Go(func() { decoders.collect(headers) })
	defer collecting.Wait()
	defer decoders.end()

	done, answered := 0, 0
	defer func() { m.care.taken = false }()
	put := func(it item) {
		done++
		if m.care.got(&it); !errors.Is(it.err, ErrPassedOver) {
			answered++
		}
		m.keepRefusal(&it)
		m.noteListedTOP(&it)
		m.noteHeader(&it)
		decoders.put(it)
	}
	var last lastWord
	for try, broke := 0, false; ; try++ {
		err := m.ensureOpen(ctx)
		if err == nil {
			before := answered
			err = m.fetchHeaders(ctx, m.lookup(ctx, ids[done:]), m.care.pace(fullSpeed), func(it item) { last.got(it, put) })
			last.settle(err, put)
			m.care.ended(err, answered-before)
			if answered > before {
				try, broke = 0, false
			}
			if m.care.learnt {
				m.care.learnt = false
				try, broke = -1, false
			}
		}
		if err == nil {
			m.judgeScan(ctx, nil)
			return ctx.Err()
		}
		m.lose(ctx, err)
		if errors.Is(err, errOverlong) && ctx.Err() == nil {
			try, broke = try-1, true // the message is behind us: nothing is wrong with the line
			continue
		}
		if ctx.Err() != nil || try >= m.cfg.Retries || !again(err, broke) {
			return err
		}
		broke = true
		if err := m.pause(ctx, max(try, 0)); err != nil {
			return err
		}
	}
}

// noteListedTOP counts what a server that lists TOP refuses, until it has answered one: what all
// are refused with is told once and not for each. It is for refusals that are settled: among other
// commands some servers refuse whatever it is. TOP is asked for all the same, as nothing that is
// checked by it may go unchecked where only some messages are refused.
func (m *Mailbox) noteListedTOP(it *item) {
	m.mu.Lock()
	switch {
	case it.cached:
	case it.err == nil:
		m.topAnswered = true
	case refused(it.err) && m.hasTOP:
		m.listedRefusals++
	}
	lacks := refused(it.err) && !m.topAnswered && m.listedRefusals >= topTries
	m.mu.Unlock()
	if errors.Is(it.err, ErrNoTOP) || lacks {
		it.err = m.noTOP()
	}
	if lacks {
		m.warnNoTOP()
	}
}

// lastWord keeps a refused header back until something follows: a server that ends the
// session may say so in the place of an answer.
type lastWord struct {
	kept  item
	keeps bool
	once  ID // the message that such a word was kept from: a second one is its own
}

func (l *lastWord) got(it item, put func(item)) {
	l.settle(nil, put)
	if refused(it.err) && it.msg.ID != l.once {
		l.kept, l.keeps = it, true
		return
	}
	put(it)
}

// settle hands on what is kept, unless the line was cut behind it: then the message is asked for again.
func (l *lastWord) settle(err error, put func(item)) {
	if !l.keeps {
		return
	}
	l.keeps = false
	if errors.As(err, new(*pop3client.CutError)) || errors.As(err, new(*pop3client.ProtocolError)) || errors.Is(err, ErrDisorder) {
		l.once = l.kept.msg.ID
		return
	}
	put(l.kept)
}

// lookup goes through messages by ID, with what the ledger knows of them. What is
// gone or was never there comes with an error.
func (m *Mailbox) lookup(ctx context.Context, ids []ID) source {
	var chunk []*item
	list := m.List()
	known := m.keeps()
	if known && len(ids) > cacheChunk { // a first look at a large mailbox asks once
		known = m.hasHeaders(ctx)
	}
	return func() (*item, bool) {
		if len(chunk) == 0 {
			n := min(len(ids), cacheChunk)
			if n == 0 {
				return nil, false
			}
			chunk = m.cached(ctx, list, ids[:n], known)
			ids = ids[n:]
		}
		it := chunk[0]
		chunk = chunk[1:]
		return it, true
	}
}

// askLedger asks, beside the connecting, whether the ledger knows headers at all.
func (m *Mailbox) askLedger() {
	answer := make(chan bool, 1)
	m.mu.Lock()
	asked := m.asked
	if !asked {
		m.asked, m.knows = true, answer
	}
	m.mu.Unlock()
	if !asked {
		m.work(func() { answer <- m.ledgerKnows(m.closing) })
	}
}

// hasHeaders tells whether the ledger knows headers, as far as it was known when it was asked last. The turn is held.
func (m *Mailbox) hasHeaders(ctx context.Context) bool {
	m.mu.Lock()
	answer := m.knows
	m.knows = nil // later there may be some
	m.mu.Unlock()
	if answer == nil {
		return m.ledgerKnows(ctx)
	}
	select {
	case has := <-answer:
		return has
	case <-ctx.Done():
		return true // nobody waits for what comes of it
	}
}

func (m *Mailbox) ledgerKnows(ctx context.Context) bool {
	has, err := m.cfg.Ledger.HasHeaders(ctx, m.cfg.Account)
	return has || err != nil
}

// cached makes the items for some messages, with what the ledger knows of them where it is asked.
func (m *Mailbox) cached(ctx context.Context, list *List, ids []ID, ask bool) []*item {
	items := make([]*item, len(ids))
	var uids []string
	next := 0
	for i, id := range ids {
		at, ok := list.FindNext(id, next)
		if !ok {
			items[i] = newItem(Message{ID: id}, ErrGone)
			continue
		}
		next = at + 1
		items[i] = newItem(list.Messages[at], nil)
		if items[i].msg.Certain && ask {
			uids = append(uids, items[i].msg.UID)
		}
	}
	if len(uids) == 0 {
		return items
	}
	rows, err := m.cfg.Ledger.Headers(ctx, m.cfg.Account, uids)
	if err != nil {
		m.warnLedger(ctx, "reading known headers", err)
		return items
	}
	for _, it := range items {
		if !it.msg.Certain {
			continue
		}
		if row, ok := rows[it.msg.UID]; ok && row.Octets == it.msg.Octets {
			it.raw, it.cached = row.Header, true
		}
	}
	return items
}

// retryPause is the pause before a broken line is taken up again, doubled each time.
const retryPause = time.Second

func (m *Mailbox) pause(ctx context.Context, try int) error {
	timer := time.NewTimer(retryPause << min(try, 5))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-m.closing.Done():
		return ErrClosed
	}
}

// lose gives a session up that an error or a left wait made useless. The turn is held.
func (m *Mailbox) lose(ctx context.Context, err error) {
	client := m.client()
	if client == nil {
		return
	}
	m.judgeScan(ctx, err)
	if ctx.Err() != nil {
		// Answers of what was asked are still on their way, and nobody waits for them.
		m.drop()
		m.setState(Released, nil)
		return
	}
	if client.State() != pop3client.StateClosed && !errors.Is(err, pop3client.ErrPipeliningBroken) && !errors.Is(err, ErrDisorder) {
		return
	}
	m.brokeAt = time.Now()
	m.suspect(err, client.Window() > 1 && client.InFlight() > 1)
	if err == nil {
		err = client.Err() // it came behind the last answer
	}
	m.drop()
	m.setState(Lost, err)
}

// warnLedger says that the ledger failed at something that costs only time.
func (m *Mailbox) warnLedger(ctx context.Context, doing string, err error) {
	if ctx.Err() != nil || m.cfg.Ledger.Ready(ctx) != nil {
		return // nobody waits for it any more, or it could not be made, which its owner tells
	}
	m.warn(message.MakeSafe(doing + ": " + err.Error()))
}
