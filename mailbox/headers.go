package mailbox

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"popmark/ledger"
	"popmark/message"
)

const (
	// cacheChunk is how many messages the ledger is asked for at a time.
	cacheChunk = 500
	// decodeAhead is how many headers may wait between the connection and the decoder.
	decodeAhead = 512
)

// Headers gives the headers of messages, in the order given: those that the ledger
// knows from there, the others by TOP as fast as the line is. It has the
// connection to itself while it runs. A line that breaks is taken up again as
// often as Config.Retries says; the error ends the sequence.
func (m *Mailbox) Headers(ctx context.Context, ids []ID) iter.Seq2[Header, error] {
	return func(yield func(Header, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		headers := make(chan Header, decodeAhead)
		failed := make(chan error, 1)
		var work sync.WaitGroup
		work.Go(func() {
			defer close(headers)
			failed <- m.scanInto(ctx, ids, headers)
		})
		defer work.Wait()
		defer cancel()
		for h := range headers {
			if !yield(h, nil) {
				return
			}
		}
		if err := <-failed; err != nil {
			yield(Header{}, err)
		}
	}
}

// scanInto scans, decodes beside the scan, and takes broken lines up again.
func (m *Mailbox) scanInto(ctx context.Context, ids []ID, headers chan<- Header) error {
	if err := m.acquire(ctx); err != nil {
		return err
	}
	defer m.release()

	raw := make(chan item, decodeAhead)
	var decoding sync.WaitGroup
	decoding.Go(func() { m.decodeAll(ctx, raw, headers) })
	defer decoding.Wait()
	defer close(raw)

	done := 0
	got := func(it item) {
		done++
		select {
		case raw <- it:
		case <-ctx.Done():
			it.recycle()
		}
	}
	for try := 0; ; try++ {
		err := m.ensureOpen(ctx)
		if err == nil {
			before := done
			err = m.fetchHeaders(ctx, m.lookup(ctx, ids[done:]), fullSpeed, got)
			if done > before {
				try = 0
			}
		}
		if err == nil {
			return nil
		}
		m.lose(ctx, err)
		if ctx.Err() != nil || try >= m.cfg.Retries || !again(err) {
			return err
		}
		if err := m.pause(ctx, try); err != nil {
			return err
		}
	}
}

// decodeAll makes envelopes of headers and keeps both.
func (m *Mailbox) decodeAll(ctx context.Context, raw <-chan item, headers chan<- Header) {
	cache := m.newCacheWriter()
	defer cache.flush()
	for it := range raw {
		h := m.decode(&it, cache)
		it.recycle()
		select {
		case headers <- h:
		case <-ctx.Done():
		}
	}
}

// decode makes an envelope of one header and keeps it. The item's buffer may be used again afterwards.
func (m *Mailbox) decode(it *item, cache *cacheWriter) Header {
	h := Header{ID: it.msg.ID, Err: it.err}
	if it.err != nil {
		m.keepHeader(h, fingerprint{}, false)
		return h
	}
	envelope := m.cfg.Decoder.Envelope(it.raw)
	h.Envelope = &envelope
	if it.msg.Certain {
		m.keepHeader(h, fingerprint{}, false)
		if !it.cached {
			cache.add(ledger.HeaderRow{UID: it.msg.UID, Octets: it.msg.Octets, Header: it.raw})
		}
		return h
	}
	m.keepHeader(h, printOf(it.msg, it.raw), true)
	return h
}

func (m *Mailbox) keepHeader(h Header, print fingerprint, anonymous bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if h.Err != nil {
		m.noHeader[h.ID] = h.Err
		return
	}
	m.envelopes[h.ID] = h.Envelope
	if anonymous {
		m.prints[h.ID] = print
	}
}

// lookup goes through messages by ID, with what the ledger knows of them. What is
// gone or was never there comes with an error.
func (m *Mailbox) lookup(ctx context.Context, ids []ID) source {
	var chunk []item
	list := m.List()
	return func() (item, bool) {
		if len(chunk) == 0 {
			n := min(len(ids), cacheChunk)
			if n == 0 {
				return item{}, false
			}
			chunk = m.cached(ctx, list, ids[:n])
			ids = ids[n:]
		}
		it := chunk[0]
		chunk = chunk[1:]
		return it, true
	}
}

// cached makes the items for some messages.
func (m *Mailbox) cached(ctx context.Context, list *List, ids []ID) []item {
	items := make([]item, len(ids))
	var uids []string
	for i, id := range ids {
		at, ok := list.Find(id)
		if !ok {
			items[i] = item{msg: Message{ID: id}, err: ErrGone}
			continue
		}
		items[i] = item{msg: list.Messages[at]}
		if items[i].msg.Certain {
			uids = append(uids, items[i].msg.UID)
		}
	}
	if m.cfg.Ledger == nil || len(uids) == 0 {
		return items
	}
	rows, err := m.cfg.Ledger.Headers(ctx, m.cfg.Account, uids)
	if err != nil {
		m.warnLedger("reading known headers", err)
		return items
	}
	for i := range items {
		it := &items[i]
		if !it.msg.Certain {
			continue
		}
		if row, ok := rows[it.msg.UID]; ok && row.Octets == it.msg.Octets {
			it.raw, it.cached = row.Header, true
		}
	}
	return items
}

// Top gives what TOP answers for a message: its header section and so many lines
// of its body, at most [MaxTop] octets. It opens a session where there is none.
func (m *Mailbox) Top(ctx context.Context, id ID, lines int) ([]byte, error) {
	if err := m.acquire(ctx); err != nil {
		return nil, err
	}
	defer m.release()
	if err := m.ensureOpen(ctx); err != nil {
		return nil, err
	}
	list := m.List()
	at, ok := list.Find(id)
	if !ok {
		return nil, ErrGone
	}
	number := list.Messages[at].Number
	raw, err := m.top(ctx, number, lines)
	if err != nil {
		m.lose(ctx, err)
		return nil, fmt.Errorf("looking at message %d: %w", number, err)
	}
	return raw, nil
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
	if m.client == nil {
		return
	}
	if ctx.Err() != nil {
		// Answers of what was asked are still on their way, and nobody waits for them.
		m.drop()
		m.setState(Released, nil)
		return
	}
	if !broken(err) {
		return
	}
	m.drop()
	if errors.Is(err, errPipelining) {
		m.distrustPipelining()
	}
	m.setState(Lost, err)
}

// warnLedger says that the ledger failed at something that costs only time.
func (m *Mailbox) warnLedger(doing string, err error) {
	if m.closing.Err() != nil || errors.Is(err, context.Canceled) {
		return
	}
	m.warn(message.MakeSafe(doing + ": " + err.Error()))
}
