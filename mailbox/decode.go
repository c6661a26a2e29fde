package mailbox

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"popmark/ledger"
	"popmark/message"
)

const (
	// decodeBatch is how many headers go to a decoder at a time while they come fast, and
	// decodeOctets how many octets of headers end a batch before that.
	decodeBatch  = 64
	decodeOctets = 128 << 10
	// decodeWait is how long a header waits for others to be decoded with: to wake a decoder
	// for each costs more than to decode it.
	decodeWait = 2 * time.Millisecond
	// mostDecoders bounds the decoders. A connection does not keep more of them busy.
	mostDecoders = 4
)

// parcel is a batch of headers on its way through a decoder.
type parcel struct {
	items  []item
	octets int
	made   *decoded
	prints []fingerprint // of those that tell something of messages without a name of their own, else zero
	done   chan struct{} // closed by the decoder
}

// decoded is what became of a parcel.
type decoded struct {
	headers   []Header
	envelopes []message.Envelope
}

// passed are used again: nobody keeps their envelopes.
var passed = sync.Pool{New: func() any { return new(decoded) }}

// decoders makes envelopes of headers on several processors, in order. Its parcels are
// bounded in number and octets, and so is the memory for what waits.
type decoders struct {
	m    *Mailbox
	ctx  context.Context
	keep int           // how many envelopes stay in memory
	slot chan struct{} // one for each parcel under way
	work chan *parcel
	line chan *parcel // in order
	busy sync.WaitGroup

	mu    sync.Mutex
	next  *parcel     // being filled
	timer *time.Timer // that sends it
}

func (m *Mailbox) newDecoders(ctx context.Context, keep int) *decoders {
	n := min(max(runtime.GOMAXPROCS(0), 1), mostDecoders)
	d := &decoders{m: m, ctx: ctx, keep: keep, slot: make(chan struct{}, 2*n), work: make(chan *parcel, 2*n), line: make(chan *parcel, 2*n)}
	for range n {
		d.busy.Go(func() {
			for p := range d.work {
				p.made = new(decoded)
				if d.keep == 0 {
					p.made = passed.Get().(*decoded)
				}
				d.m.makeEnvelopes(p)
				close(p.done)
			}
		})
	}
	return d
}

// parcels are used again.
var parcels = sync.Pool{New: func() any { return &parcel{items: make([]item, 0, decodeBatch)} }}

// put takes an item in. It waits only where the decoders are behind.
func (d *decoders) put(it item) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.next == nil {
		d.next = parcels.Get().(*parcel)
		d.next.done = make(chan struct{})
		if d.timer == nil {
			d.timer = time.AfterFunc(decodeWait, d.flush)
		} else {
			d.timer.Reset(decodeWait)
		}
	}
	p := d.next
	p.items = append(p.items, it)
	p.octets += len(it.raw)
	if len(p.items) == decodeBatch || p.octets >= decodeOctets {
		d.send()
	}
}

// flush sends what has been put.
func (d *decoders) flush() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.send()
}

// send is flush. The lock is held.
func (d *decoders) send() {
	if d.next == nil {
		return
	}
	select {
	case d.slot <- struct{}{}:
		d.line <- d.next
		d.work <- d.next
	case <-d.ctx.Done():
		d.next.recycle()
	}
	d.next = nil
}

// end is called once after the last put; collect ends then.
func (d *decoders) end() {
	d.flush()
	close(d.work)
	close(d.line)
}

// collect keeps what the decoders made and hands it on, in order, until end.
func (d *decoders) collect(headers chan<- *decoded) {
	defer d.busy.Wait()
	cache := d.m.newCacheWriter(d.ctx)
	defer cache.flush()
	for p := range d.line {
		<-p.done
		d.m.keepEnvelopes(p, room{d.keep, scanOctets})
		for i := range p.items {
			if p.made.headers[i].Envelope != nil {
				p.items[i].cache(cache)
			}
		}
		made := p.made
		p.recycle()
		<-d.slot
		select {
		case headers <- made:
		case <-d.ctx.Done():
		}
	}
}

// recycle gives the parcel and its buffers back.
func (p *parcel) recycle() {
	for i := range p.items {
		p.items[i].recycle()
	}
	clear(p.items)
	*p = parcel{items: p.items[:0]}
	parcels.Put(p)
}

// cache has the ledger keep the item's header, where it is one by which the message is known again.
func (it *item) cache(to *cacheWriter) {
	if it.msg.Certain && !it.cached {
		to.add(ledger.HeaderRow{UID: it.msg.UID, Octets: it.msg.Octets, Header: it.raw})
	}
}

// makeEnvelopes decodes a parcel's headers. It touches nothing else.
func (m *Mailbox) makeEnvelopes(p *parcel) {
	made := p.made
	made.headers = slices.Grow(made.headers[:0], len(p.items))[:len(p.items)]
	made.envelopes = slices.Grow(made.envelopes[:0], len(p.items))[:len(p.items)]
	for i := range p.items {
		it, h := &p.items[i], &made.headers[i]
		*h = Header{ID: it.msg.ID, Err: it.err}
		if it.err != nil {
			continue
		}
		h.Envelope = &made.envelopes[i]
		m.cfg.Decoder.ReadEnvelope(h.Envelope, it.raw)
		if it.msg.Certain {
			continue
		}
		if mark, telling := printOf(it.msg, it.raw); telling {
			if p.prints == nil {
				p.prints = make([]fingerprint, len(p.items))
			}
			p.prints[i] = mark
		}
	}
}

// keepEnvelopes publishes a parcel's envelopes, as far as there is room.
func (m *Mailbox) keepEnvelopes(p *parcel, r room) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range p.made.headers {
		if !m.keep(p, i, r) {
			m.evicted = true
		}
	}
}

// keep publishes what a parcel's item taught. It says false where there is no room for its envelope.
// The lock is held.
func (m *Mailbox) keep(p *parcel, i int, r room) bool {
	h := &p.made.headers[i]
	if p.prints != nil && p.prints[i] != (fingerprint{}) {
		m.prints[h.ID] = p.prints[i]
	}
	if it := &p.items[i]; h.Err == nil && !it.cached {
		m.noteFresh(h.ID, it.msg.Number-1)
	}
	switch {
	case h.Err != nil:
		m.noHeader[h.ID] = h.Err
	case m.envelopes.fits(r, h.Envelope):
		m.envelopes.put(h.ID, h.Envelope)
	default:
		return false
	}
	return true
}

// decode makes and keeps the envelope of one header for the background scan, and has the ledger keep
// the header. The item's buffer may be used again afterwards. It says false where there is no room and
// nobody wants it any more.
func (m *Mailbox) decode(it *item, cache *cacheWriter) (Header, bool) {
	p := parcel{items: []item{*it}, made: new(decoded)}
	m.makeEnvelopes(&p)
	made := p.made.headers[0]
	m.mu.Lock()
	if made.Lent = !m.keep(&p, 0, m.screenRoom()); made.Lent {
		m.lend(made.ID, made.Envelope)
	}
	here := !made.Lent || m.lent[made.ID] != nil
	m.mu.Unlock()
	if made.Lent {
		m.warn(crowdedWarning) // once
	}
	if made.Envelope != nil {
		it.cache(cache)
	}
	return made, here
}
