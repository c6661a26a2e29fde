package delivery

// earlyAfter is how many octets a file is ahead of the disk before they are brought there
// beside what is still to be written. Tests change it.
var earlyAfter int64 = 32 << 20

// earlySync is a file whose last Sync has little left to wait for, however large it is. It
// brings the octets to the disk with fsync: a hint to begin writing leaves the emptying of
// the disk's own cache, which may take longer, to the end. It is for one goroutine.
type earlySync struct {
	File
	ahead   int64      // octets written since the last early one began
	pending chan error // gives what the one that is under way ends with; nil where none is
	failed  error      // of an early one: a disk may tell of a failure only once
}

func (f *earlySync) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	f.ahead += int64(n)
	if err == nil && f.ahead >= earlyAfter {
		err = f.begin()
	}
	return n, err
}

// begin begins to sync, unless that is under way.
func (f *earlySync) begin() error {
	select {
	case err := <-f.pending:
		f.pending, f.failed = nil, err
	default:
	}
	if f.pending != nil || f.failed != nil {
		return f.failed
	}
	f.ahead, f.pending = 0, make(chan error, 1)
	go func(done chan<- error) { done <- f.File.Sync() }(f.pending)
	return nil
}

// await waits for the one that is under way.
func (f *earlySync) await() error {
	if f.pending != nil {
		f.failed = <-f.pending
		f.pending = nil
	}
	return f.failed
}

func (f *earlySync) Sync() error {
	if err := f.await(); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *earlySync) Close() error {
	_ = f.await() // is Sync's to tell
	return f.File.Close()
}
