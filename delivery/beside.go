package delivery

import (
	"sync"
	"sync/atomic"
)

const (
	// besideFrom is from how many octets on a message is worth goroutines of its own.
	besideFrom = 1 << 20
	// besideChunks bounds the largeBuffers under way to them.
	besideChunks = 6
)

// beside does several things with the octets of a stream, each in a goroutine of its
// own, while the next come in. It is for one goroutine.
type beside struct {
	todo  []chan *chunk // one for each thing to do
	free  chan *chunk
	made  int
	works sync.WaitGroup

	failed chan struct{} // closed at the first error
	once   sync.Once
	err    error // to be read once failed is closed
}

// chunk is a piece of the stream.
type chunk struct {
	buf  *[]byte
	left atomic.Int32 // how many have it still to do
}

// startBeside starts the goroutines; finish ends them.
func startBeside(things ...func([]byte) error) *beside {
	b := &beside{free: make(chan *chunk, besideChunks), failed: make(chan struct{})}
	for _, do := range things {
		// Each channel has room for all chunks there are, so that only a want of chunks is waited for.
		todo := make(chan *chunk, besideChunks)
		b.todo = append(b.todo, todo)
		b.works.Go(func() { b.work(todo, do) })
	}
	return b
}

func (b *beside) work(todo <-chan *chunk, do func([]byte) error) {
	for c := range todo {
		if err := do(*c.buf); err != nil {
			b.once.Do(func() {
				b.err = err
				close(b.failed)
			})
			return
		}
		if c.left.Add(-1) == 0 {
			b.free <- c
		}
	}
}

// Write copies p and lets it be done. An error may be that of an earlier one, and ends it all.
func (b *beside) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		c := b.chunk()
		if c == nil {
			return len(p) - len(rest), b.err
		}
		*c.buf = append((*c.buf)[:0], rest[:min(len(rest), cap(*c.buf))]...)
		rest = rest[len(*c.buf):]
		c.left.Store(int32(len(b.todo)))
		for _, todo := range b.todo {
			todo <- c
		}
	}
	return len(p), nil
}

// chunk gives one that is not in use, or nil where an error ended everything.
func (b *beside) chunk() *chunk {
	select {
	case <-b.failed:
		return nil
	case c := <-b.free:
		return c
	default:
	}
	if b.made < besideChunks {
		b.made++
		return &chunk{buf: largeBuffers.Get().(*[]byte)}
	}
	select {
	case <-b.failed:
		return nil
	case c := <-b.free:
		return c
	}
}

// finish waits until everything is done. It is called once.
func (b *beside) finish() {
	for _, todo := range b.todo {
		close(todo)
	}
	b.works.Wait()
	for len(b.free) > 0 {
		c := <-b.free
		*c.buf = (*c.buf)[:0]
		largeBuffers.Put(c.buf)
	}
}
