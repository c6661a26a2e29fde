package delivery

const (
	// besideFrom is from how many octets on a message is worth a goroutine of its own.
	besideFrom = 1 << 20
	// besideChunks bounds the largeBuffers under way between the two.
	besideChunks = 4
)

// beside does one thing with the octets of a stream while the next come in. It is for
// one goroutine.
type beside struct {
	todo chan *[]byte
	free chan *[]byte
	made int
	done chan struct{}
	err  error // the first; to be read once done is closed
}

// startBeside starts the goroutine; finish ends it.
func startBeside(do func([]byte) (int, error)) *beside {
	b := &beside{
		todo: make(chan *[]byte, besideChunks), free: make(chan *[]byte, besideChunks), done: make(chan struct{}),
	}
	go func() {
		defer close(b.done)
		for p := range b.todo {
			if _, b.err = do(*p); b.err != nil {
				return
			}
			b.free <- p // it has room for all there are
		}
	}()
	return b
}

// Write copies p and lets it be done. An error may be that of an earlier one, and ends it all.
func (b *beside) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		chunk, ok := b.chunk()
		if !ok {
			return len(p) - len(rest), b.err
		}
		*chunk = append((*chunk)[:0], rest[:min(len(rest), cap(*chunk))]...)
		rest = rest[len(*chunk):]
		b.todo <- chunk // as free has
	}
	return len(p), nil
}

// chunk gives one that is not in use. It says false where an error ended everything.
func (b *beside) chunk() (*[]byte, bool) {
	if b.made < besideChunks {
		select {
		case p := <-b.free:
			return p, true
		default:
			b.made++
			return largeBuffers.Get().(*[]byte), true
		}
	}
	select {
	case p := <-b.free:
		return p, true
	case <-b.done:
		return nil, false
	}
}

// finish waits until everything is done and gives the first error. It is called once.
func (b *beside) finish() error {
	close(b.todo)
	<-b.done
	for len(b.free) > 0 {
		p := <-b.free
		*p = (*p)[:0]
		largeBuffers.Put(p)
	}
	return b.err
}
