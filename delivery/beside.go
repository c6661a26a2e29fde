package delivery

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// besideFrom is from how many octets on a message is worth goroutines of its own.
	besideFrom = 1 << 20
	// besideChunks bounds the besideBuffers under way to them. There are so many that a goroutine seldom
	// runs dry, and they are as large as lets them be in a processor's cache still.
	besideChunks = 12
)

// beside takes in what comes of a large message while the next octets arrive: one goroutine
// writes it to the file, another hashes it. Its methods are for one goroutine.
type beside struct {
	s    *spool
	ctx  context.Context
	free chan *chunk
	made int

	toHash chan *chunk
	hashed chan struct{} // closed when hashing has ended, which never hangs

	toStore chan *chunk
	stored  chan struct{} // closed when storing has ended
	buf     *[]byte       // the storing goroutine's until then, as what follows
	file    File
	path    string
	err     error

	mu    sync.Mutex // held while the spool is changed
	left  bool       // nobody waits for the disk any more, nor is the spool to be changed
	ended bool
}

// chunk is a piece of the stream.
type chunk struct {
	buf  *[]byte
	left atomic.Int32 // how many have it still to do
}

// startBeside takes a spool over; finish gives it back.
func startBeside(s *spool) *beside {
	b := &beside{
		s: s, ctx: s.ctx, buf: s.moved(besideBuffers), file: s.file, path: s.path,
		// Each channel has room for all chunks there are, so that only a want of chunks is waited for.
		free: make(chan *chunk, besideChunks), toHash: make(chan *chunk, besideChunks), toStore: make(chan *chunk, besideChunks),
		hashed: make(chan struct{}), stored: make(chan struct{}),
	}
	s.buf, s.file = nil, nil
	go b.hash()
	go b.store()
	return b
}

func (b *beside) hash() {
	defer close(b.hashed)
	for c := range b.toHash {
		_, _ = b.s.sum.Write(*c.buf) // never fails
		b.done(c)
	}
}

func (b *beside) store() {
	whole := true
	for c := range b.toStore {
		if whole = b.take(*c.buf); !whole {
			break
		}
		b.done(c)
	}
	if whole && len(*b.buf) > largeBuffer {
		b.flush()
	}
	b.mu.Lock()
	b.ended = true
	left := b.left
	b.mu.Unlock()
	if left {
		discard(b.s.fsys, b.file, b.path)
	}
	close(b.stored)
}

// take keeps a chunk, and writes the buffer where it is full. It reports false where that fails,
// or was left.
func (b *beside) take(p []byte) bool {
	for {
		b.mu.Lock()
		if b.left {
			b.mu.Unlock()
			return false
		}
		p = b.s.fill(b.buf, p)
		b.mu.Unlock()
		if len(p) == 0 {
			return true
		}
		if !b.flush() {
			return false
		}
	}
}

// flush writes the buffer. It reports false where that fails.
func (b *beside) flush() bool {
	b.file, b.path, b.err = b.s.put(b.file, b.path, *b.buf)
	*b.buf = (*b.buf)[:0]
	return b.err == nil
}

func (b *beside) done(c *chunk) {
	if c.left.Add(-1) == 0 {
		b.free <- c
	}
}

// Write copies p and lets it be taken in. An error may be that of an earlier one, and ends it all.
func (b *beside) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		c, err := b.chunk()
		if err != nil {
			return len(p) - len(rest), err
		}
		*c.buf = append((*c.buf)[:0], rest[:min(len(rest), cap(*c.buf))]...)
		rest = rest[len(*c.buf):]
		c.left.Store(2)
		b.toStore <- c
		b.toHash <- c
	}
	return len(p), nil
}

// chunk gives one that is not in use, or what ended the storing.
func (b *beside) chunk() (*chunk, error) {
	select {
	case <-b.stored:
		return nil, b.err
	case c := <-b.free:
		return c, nil
	default:
	}
	if b.made < besideChunks {
		b.made++
		return &chunk{buf: besideBuffers.Get().(*[]byte)}, nil
	}
	if c := b.wait(b.free); c != nil {
		return c, nil
	}
	return nil, b.fault()
}

// finish waits until everything has been taken in and gives the spool back.
func (b *beside) finish() error {
	close(b.toHash)
	<-b.hashed
	close(b.toStore)
	if !b.left {
		b.wait(nil)
	}
	if b.left {
		return b.fault()
	}
	b.s.buf, b.s.file, b.s.path = b.buf, b.file, b.path
	if b.err == nil {
		b.s.buf = b.s.moved(largeBuffers) // many may be whole and wait for the disk
	}
	for len(b.free) > 0 {
		c := <-b.free
		*c.buf = (*c.buf)[:0]
		besideBuffers.Put(c.buf)
	}
	return b.err
}

// wait waits for a chunk, or until storing has ended, or the disk is left alone: see untilDone.
func (b *beside) wait(free <-chan *chunk) *chunk {
	gone := b.ctx.Done()
	var late <-chan time.Time
	for {
		select {
		case <-b.stored:
			return nil
		case c := <-free:
			return c
		case <-gone:
			gone = nil
			t := time.NewTimer(patience)
			defer t.Stop()
			late = t.C
		case <-late:
			b.leave()
			return nil
		}
	}
}

// leave has the storing goroutine remove what it has written once the disk answers, unless
// it has ended.
func (b *beside) leave() {
	b.mu.Lock()
	b.left = !b.ended
	b.mu.Unlock()
	if !b.left {
		<-b.stored
	}
}

// fault is why storing has ended.
func (b *beside) fault() error {
	if b.left {
		return stopped(b.ctx)
	}
	return b.err
}
