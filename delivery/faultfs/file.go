package faultfs

import (
	"io"
	"io/fs"
	"path"
	"slices"
)

// file is an open file. Its writes go to the end.
type file struct {
	fs     *FS
	n      *inode
	name   string
	life   int
	at     int
	closed bool
}

// begin is the FS's, for a file that is open in this life. The lock is held.
func (f *file) begin(kind Kind) error {
	if f.closed || f.life != f.fs.life {
		return &fs.PathError{Op: string(kind), Path: f.name, Err: fs.ErrClosed}
	}
	return f.fs.begin(kind, f.name, "")
}

func (f *file) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, int64(f.at))
	f.at += n
	if n > 0 {
		err = nil
	}
	return n, err
}

func (f *file) ReadAt(p []byte, offset int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.begin(Read); err != nil {
		return 0, err
	}
	if offset >= int64(len(f.n.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.n.data[offset:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) Write(p []byte) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.closed || f.life != f.fs.life || f.fs.dead {
		return 0, f.begin(Write)
	}
	n := len(p)
	err := f.begin(Write)
	if err != nil {
		n /= 2
	}
	f.n.data = append(f.n.data, p[:n]...)
	f.n.changed = f.fs.tick()
	return n, err
}

func (f *file) Stat() (fs.FileInfo, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.begin(Stat); err != nil {
		return nil, err
	}
	return f.n.info(path.Base(f.name)), nil
}

func (f *file) Truncate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.begin(Truncate); err != nil {
		return err
	}
	data := make([]byte, size)
	copy(data, f.n.data)
	f.n.data = data
	f.n.changed = f.fs.tick()
	return nil
}

func (f *file) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.begin(Sync); err != nil {
		return err
	}
	f.n.disk = slices.Clone(f.n.data)
	return nil
}

func (f *file) TryLock() (bool, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.begin(Lock); err != nil {
		return false, err
	}
	if f.n.locked != nil && f.n.locked != f {
		return false, nil
	}
	f.n.locked = f
	return true, nil
}

// Close closes the file even where the hook lets it fail, as close(2) does.
func (f *file) Close() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	err := f.begin(Close)
	f.closed = true
	if f.n.locked == f {
		f.n.locked = nil
	}
	return err
}
