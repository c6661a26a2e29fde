package mailbox

import (
	"errors"
	"slices"
	"sync"
	"time"
)

const (
	// batchWait is how long a header waits for others before it is told of.
	batchWait = 80 * time.Millisecond
	// batchSize is how many headers are told of at a time at the most.
	batchSize = 1000
	// screenChunk is how many messages ahead the ledger is asked for.
	screenChunk = 100
)

// StartScan begins the background header scan: every header that is not known is
// asked for, those named by [Mailbox.Want] first, then outward from them, else the
// newest first. Where memory has no room for more envelopes only those named are, and lent (see
// [Header]). It goes on until Close, gives way to whatever else is asked, and
// rests while the mailbox is released. Calling it again does nothing.
func (m *Mailbox) StartScan() {
	m.mu.Lock()
	started := m.scanning
	m.scanning = true
	m.mu.Unlock()
	if started {
		return
	}
	m.work(m.scan)
	m.poke()
}

// Want says which messages are on screen, in the order in which their headers are
// wanted. It never blocks. A released mailbox is opened again where one of them is not known.
func (m *Mailbox) Want(ids []ID) {
	m.mu.Lock()
	m.wanted = slices.Clone(ids)
	m.wants++
	m.takeBack()
	m.mu.Unlock()
	m.poke()
}

func (m *Mailbox) poke() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// scan is the background scan's goroutine.
func (m *Mailbox) scan() {
	told := &batch{notify: m.notify}
	defer told.close()
	feed := &feed{m: m}
	for {
		select {
		case <-m.wake:
		case <-m.closing.Done():
			return
		}
		for m.closing.Err() == nil {
			rest, tries, err := m.scanTurn(feed, told)
			told.flush()
			if err == nil {
				if rest {
					break
				}
				continue
			}
			feed.retrying = tries <= m.cfg.Retries && again(err, feed.retrying)
			if !feed.retrying || m.pause(m.closing, max(tries-1, 0)) != nil {
				break
			}
		}
		feed.retrying = false
	}
}

// scanTurn scans while nobody else wants the connection. It says true where there is nothing to scan
// now, and the how manieth in a row without an answer an error is.
func (m *Mailbox) scanTurn(feed *feed, told *batch) (rest bool, tries int, err error) {
	if err := m.acquireBackground(m.closing); err != nil {
		return true, 0, err
	}
	defer m.release()
	answered := feed.answered
	defer func() {
		if feed.answered > answered {
			m.care.scanTries = 0
		}
		if m.care.learnt {
			m.care.scanTries, m.care.learnt = -1, false
		}
		if err != nil {
			m.care.scanTries++
		}
		tries = m.care.scanTries
	}()
	feed.begin()
	if feed.empty() {
		if feed.finished() {
			m.notify(ScanDoneEvent{})
		}
		return true, 0, nil
	}
	if m.client() == nil && !feed.retrying {
		if state, _ := m.State(); state != Released || !feed.wanted() {
			return true, 0, nil
		}
	}
	if err := m.ensureOpen(m.closing); err != nil {
		return true, 0, err
	}
	feed.begin()
	cache := m.newCacheWriter(m.closing)
	defer cache.flush()
	m.care.taken = m.care.kept
	defer func() { m.care.kept, m.care.taken = m.care.taken, false }()
	err = m.fetchHeaders(m.closing, feed.next, m.care.pace(forScreen), func(it item) {
		m.care.got(&it)
		m.keepRefusal(&it)
		if feed.got(); errors.Is(it.err, ErrPassedOver) {
			answered++ // nobody answered
		}
		m.noteHeader(&it)
		h, here := m.decode(&it, cache)
		if h.Lent {
			feed.lent[it.index] = struct{}{}
		}
		if here {
			told.add(h)
		}
		it.recycle()
	})
	m.care.ended(err, feed.answered-answered)
	m.lose(m.closing, err)
	if errors.Is(err, errOverlong) {
		feed.retrying, err = true, nil
	}
	return false, 0, err
}

// feed gives the background scan its messages, by what is on screen.
type feed struct {
	m        *Mailbox
	list     *List
	asked    []bool // by index: known, refused, or under way
	left     int    // how many are not asked
	out      []int  // indexes handed out and not answered, in their order
	answered int    // how many were, over all lists
	wants    int    // the Want that the order below follows
	first    []int  // indexes on screen that are not known
	below    int    // the next index outward, downward
	above    int    // and upward
	turn     bool
	lent     map[int]struct{} // indexes whose envelopes there was no room for
	crowded  bool             // there is none: only what is on screen is asked for
	chunk    []*item
	told     bool // that the scan is done, for this list
	retrying bool // a broken line is being taken up again
}

// begin looks at what has changed since the last turn. What a broken line left unanswered is asked again.
func (f *feed) begin() {
	m := f.m
	m.mu.Lock()
	defer m.mu.Unlock()
	if f.list == m.list {
		for _, it := range f.chunk {
			f.unask(it.index)
		}
		for _, i := range f.out {
			f.unask(i)
		}
	} else {
		f.list, f.told, f.lent = m.list, false, make(map[int]struct{})
		f.asked = make([]bool, len(m.list.Messages))
		f.left = len(f.asked)
		for i := range f.asked {
			if f.known(i) {
				f.asked[i] = true
				f.left--
			}
		}
	}
	f.chunk, f.out = nil, nil
	f.order()
}

// known says whether a header is there or was refused. The mailbox's lock is held.
func (f *feed) known(i int) bool {
	id := f.list.Messages[i].ID
	_, refused := f.m.noHeader[id]
	return refused || f.m.envelopes.by[id] != nil || f.m.lent[id] != nil
}

// got notes that the oldest of those handed out was answered.
func (f *feed) got() {
	f.out = f.out[1:]
	f.answered++
}

// order takes up the newest Want. The mailbox's lock is held.
func (f *feed) order() {
	m := f.m
	f.wants, f.crowded = m.wants, m.crowded
	f.first = f.first[:0]
	low, high := len(f.asked), -1
	for _, id := range m.wanted {
		if i, ok := f.list.Find(id); ok {
			low, high = min(low, i), max(high, i)
			if _, lent := f.lent[i]; lent && !f.known(i) { // it was taken back, and is wanted again
				delete(f.lent, i)
				f.unask(i)
			}
			if !f.asked[i] {
				f.first = append(f.first, i)
			}
		}
	}
	f.below, f.above = low-1, high+1
	if high < 0 {
		f.below, f.above = len(f.asked)-1, len(f.asked)
	}
}

func (f *feed) empty() bool  { return f.left == 0 || f.crowded && !f.wanted() }
func (f *feed) wanted() bool { return len(f.first) > 0 }

// finished says once for each list that every header was asked for for which there is room.
func (f *feed) finished() bool {
	if f.told || f.list == nil || f.list.Generation == 0 {
		return false
	}
	f.told = true
	return true
}

// next is the scan's source.
func (f *feed) next() (*item, bool) {
	m := f.m
	if m.waiting.Load() > 0 || m.closing.Err() != nil {
		return nil, false
	}
	m.mu.Lock()
	changed := f.wants != m.wants
	if changed {
		for _, it := range f.chunk {
			f.unask(it.index)
		}
		f.chunk = nil
		f.order()
	}
	m.mu.Unlock()
	if len(f.chunk) == 0 {
		f.fill()
	}
	if len(f.chunk) == 0 {
		return nil, false
	}
	it := f.chunk[0]
	f.chunk = f.chunk[1:]
	f.out = append(f.out, it.index)
	return it, true
}

func (f *feed) unask(i int) {
	f.asked[i] = false
	f.left++
}

// fill takes the next messages in order, with what the ledger knows of them.
func (f *feed) fill() {
	var ids []ID
	var at []int
	f.m.mu.Lock()
	for len(ids) < screenChunk {
		i, ok := f.pick()
		if !ok {
			break
		}
		f.asked[i] = true
		f.left--
		if !f.known(i) { // somebody else may have asked
			ids = append(ids, f.list.Messages[i].ID)
			at = append(at, i)
		}
	}
	f.m.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	f.chunk = f.m.cached(f.m.closing, f.list, ids, f.m.keeps())
	for i := range f.chunk {
		f.chunk[i].index = at[i]
	}
}

// pick gives the next index: on screen, then outward on both sides. The mailbox's lock is held.
func (f *feed) pick() (int, bool) {
	for len(f.first) > 0 {
		i := f.first[0]
		f.first = f.first[1:]
		if !f.asked[i] {
			return i, true
		}
	}
	for f.left > 0 && !f.m.crowded && (f.below >= 0 || f.above < len(f.asked)) {
		f.turn = !f.turn
		i := f.above
		if (f.turn || f.above >= len(f.asked)) && f.below >= 0 {
			i = f.below
			f.below--
		} else {
			f.above++
		}
		if i < len(f.asked) && !f.asked[i] {
			return i, true
		}
	}
	return 0, false
}

// batch gathers headers, so that the screen is told some ten times a second and not for each.
type batch struct {
	notify func(Event)

	mu      sync.Mutex
	headers []Header
	timer   *time.Timer
	closed  bool
}

func (b *batch) add(h Header) {
	b.mu.Lock()
	b.headers = append(b.headers, h)
	full := len(b.headers) >= batchSize
	if !full && b.timer == nil {
		b.timer = time.AfterFunc(batchWait, b.flush)
	}
	b.mu.Unlock()
	if full {
		b.flush()
	}
}

func (b *batch) flush() {
	b.mu.Lock()
	defer b.mu.Unlock()
	headers := b.headers
	b.headers = nil
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
	// Under the lock, so that nothing is told once close has returned.
	if len(headers) > 0 && !b.closed {
		b.notify(HeadersEvent{headers})
	}
}

func (b *batch) close() {
	b.mu.Lock()
	b.closed = true
	if b.timer != nil {
		b.timer.Stop()
	}
	b.mu.Unlock()
}
