package mailbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"popmark/pop3client"
)

const (
	// maxHeader is how many octets of a message's header section are looked at.
	maxHeader = 1 << 20
	// scanDelay is how long a row that scrolls into view may wait behind what was asked before.
	scanDelay = 400 * time.Millisecond
	// fewAhead is how many headers are asked for ahead before the line's rate is known.
	fewAhead = 16
	// waitingAhead is how many commands wait in the client's queue for its window to open.
	waitingAhead = 512
	// topTries is how many TOPs are refused, and none answered, before a server that
	// does not list TOP is taken to have none.
	topTries = 3
	// usualHeader is how many octets a header is taken for until some were seen.
	usualHeader = 2048
)

// item is one message on its way through a header scan.
type item struct {
	msg   Message
	index int // the caller's own
	// raw is the header section, in a buffer of the pool; nil where err is set.
	raw    []byte
	buf    *bytes.Buffer
	cached bool
	err    error
	// overlong is true where the server answered with so much that the session had to be given up.
	overlong bool

	answer *pop3client.Pending[*pop3client.Body]
	// first is true where nothing else was under way when it was asked for.
	first bool
	// most bounds the octets of the answer, where it is not 0.
	most int
	// pooled is true where it is the pool's.
	pooled bool
	// mark is set in an item that is no message but a mark between messages.
	mark *mark
	// doubt is why the answer does not count yet.
	doubt doubt
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// itemPool has items that were taken: a scan asks for a few at a time, whatever it asks for in all.
var itemPool = sync.Pool{New: func() any { return new(item) }}

func newItem(msg Message, err error) *item {
	it := itemPool.Get().(*item)
	it.msg, it.err, it.pooled = msg, err, true
	return it
}

// recycle gives the item's buffer back; raw is of no use afterwards.
func (it *item) recycle() {
	if it.buf != nil && it.buf.Cap() <= 2*bigHeader {
		it.buf.Reset()
		buffers.Put(it.buf)
	}
	it.buf, it.raw = nil, nil
}

// source gives the next message to ask for. Cached ones come with raw filled in.
// It says false where there is nothing now.
type source func() (*item, bool)

func sliceSource(items []item) source {
	return func() (*item, bool) {
		if len(items) == 0 {
			return nil, false
		}
		it := &items[0]
		items = items[1:]
		return it, true
	}
}

// pace says how many headers may be asked for ahead, given the headers' mean octets.
type pace func(c *pop3client.Client, mean float64) int

// fullSpeed keeps the client's own window full and a little more, so that it never waits for this side.
func fullSpeed(c *pop3client.Client, _ float64) int { return c.Window() + waitingAhead }

// oneByOne is for a server of which it is not known whether it has TOP.
func oneByOne(*pop3client.Client, float64) int { return 1 }

// forScreen keeps the queue so short that what scrolls into view comes soon.
func forScreen(c *pop3client.Client, mean float64) int {
	window := c.Window()
	if window <= 1 {
		return 1
	}
	rate := c.Rate()
	if rate <= 0 {
		return min(window, fewAhead)
	}
	// A rate that was measured with few commands under way is as low as they are few.
	delay := max(scanDelay, 2*c.RTT())
	return max(min(window, int(rate*delay.Seconds()/mean)), 2)
}

// errOverlong means that a server answered TOP with so much that the session had to be given up.
var errOverlong = errors.New("the server answers TOP with the whole message")

// receive waits for one answer to TOP. It gives an error only where the scan cannot go on.
func receive(ctx context.Context, it *item) error {
	answer := it.answer
	it.answer = nil
	body, err := answer.Wait(ctx)
	if err == nil {
		defer answer.Recycle()
		it.buf = buffers.Get().(*bytes.Buffer)
		it.overlong, err = readHeader(it.buf, body, it.most)
		it.raw = it.buf.Bytes()
	}
	if err == nil {
		if it.err = unknowable(it.raw, it.msg.Octets); it.err != nil {
			it.recycle()
		}
		return nil
	}
	it.recycle()
	if _, refused := errors.AsType[*pop3client.ServerError](err); refused {
		it.err = err
		return nil
	}
	return err
}

// unknowable says why a TOP's answer does not tell what a message's header has: of
// a header that is not whole nobody knows what else it says.
func unknowable(raw []byte, octets int64) error {
	switch {
	case len(raw) == 0 && octets != 0:
		return errNoHeader
	case len(raw) >= maxHeader && !bytes.Contains(raw, []byte("\n\r\n")) && !bytes.Contains(raw, []byte("\n\n")):
		return errLongHeader
	}
	return nil
}

var (
	errNoHeader   = errors.New("the server's answer to TOP is empty")
	errLongHeader = fmt.Errorf("its header is longer than %d MiB", maxHeader>>20)
)

// headerSink keeps the first maxHeader octets that are written to it, and takes no more than most, where that is not 0.
type headerSink struct {
	kept *bytes.Buffer
	most int
}

func (s headerSink) Write(p []byte) (int, error) {
	if s.most > 0 && s.kept.Len()+len(p) > s.most {
		return 0, errTooMuch
	}
	s.kept.Write(p[:min(len(p), maxHeader-s.kept.Len())])
	return len(p), nil
}

// readHeader keeps the first maxHeader octets and reads the rest away: some servers
// answer TOP with everything. It says true where that was too much for the session. Where most is not 0
// and less than maxHeader, more than that is an error, and the session of no use.
func readHeader(into *bytes.Buffer, body *pop3client.Body, most int) (overlong bool, err error) {
	_, err = body.WriteTo(headerSink{into, most})
	if limit, ok := errors.AsType[*pop3client.LimitError](err); ok && limit.Limit == "TopOctets" {
		return true, nil
	}
	return false, err
}

// noteTOP counts the server's answers to TOP, until one says that it has it.
func (m *Mailbox) noteTOP(answered bool) {
	m.mu.Lock()
	if answered {
		m.hasTOP, m.topRefusals = true, 0
	} else if !m.hasTOP {
		m.topRefusals++
	}
	lacks := m.topRefusals == topTries
	m.mu.Unlock()
	if lacks {
		m.warnNoTOP()
	}
}

// knowsTOP says whether the server lists TOP or has answered one.
func (m *Mailbox) knowsTOP() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.hasTOP
}

func (m *Mailbox) lacksTOP() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.topRefusals >= topTries
}
