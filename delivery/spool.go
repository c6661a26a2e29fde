package delivery

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"os"
	"sync"
)

const (
	// smallBuffer holds a common message whole, so that many may be under way in
	// little memory; one that is longer gets a largeBuffer, and what is worth goroutines of its own besideBuffers.
	smallBuffer  = 16 << 10
	largeBuffer  = 128 << 10
	besideBuffer = 256 << 10
)

var (
	smallBuffers  = buffersOf(smallBuffer)
	largeBuffers  = buffersOf(largeBuffer)
	besideBuffers = buffersOf(besideBuffer)
)

func buffersOf(octets int) *sync.Pool {
	return &sync.Pool{New: func() any { b := make([]byte, 0, octets); return &b }}
}

// moved gives a buffer out of a pool with what is in the spool's, which is given back.
func (s *spool) moved(pool *sync.Pool) *[]byte {
	buf := pool.Get().(*[]byte)
	*buf = append((*buf)[:0], *s.buf...)
	s.giveBack()
	return buf
}

// spool takes a message as it arrives: counts and hashes it, turns its line ends
// and keeps it in memory until that is full, and then in a file. The file is made
// only when it is needed, so that beginning a delivery costs no system call.
type spool struct {
	ctx  context.Context // bounds each wait for the disk
	fsys FS
	path string // the file's name
	// otherPath, where not "", is taken instead where path's folder lets nobody make files.
	otherPath string
	stays     bool        // the file becomes the message's, so that sync will be called
	also      []io.Writer // get the octets as stored; they never fail

	beside *beside // takes the octets of a large message in; nothing below is touched then
	begun  int64   // octets taken in without it

	buf    *[]byte
	file   File
	lines  lineEnds
	sum    hash.Hash
	octets int64 // received
	stored int64 // after turning line ends
	whole  bool  // end has been called
	err    error // the first failure; nothing is written after it
}

func newSpool(ctx context.Context, fsys FS, path string, also ...io.Writer) *spool {
	return &spool{ctx: ctx, fsys: fsys, path: path, also: also, buf: smallBuffers.Get().(*[]byte), sum: sha256.New()}
}

// Write takes octets in. For a large message it may be that an error comes with a later call.
func (s *spool) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	if s.begun += int64(len(p)); s.begun >= besideFrom {
		if s.beside == nil {
			s.beside = startBeside(s)
		}
		n, err := s.beside.Write(p)
		if err != nil {
			s.settle()
		}
		return n, err
	}
	s.sum.Write(p)
	for rest := p; len(rest) > 0; {
		if rest = s.fill(s.buf, rest); len(rest) > 0 {
			if s.err = s.makeRoom(); s.err != nil {
				return 0, s.err
			}
		}
	}
	return len(p), nil
}

// settle waits until everything that was written has been taken in.
func (s *spool) settle() {
	if s.beside == nil {
		return
	}
	err := s.beside.finish()
	s.beside = nil
	if s.err == nil {
		s.err = err
	}
}

// bind lets waits for the disk end with another context from now on.
func (s *spool) bind(ctx context.Context) {
	s.settle()
	s.ctx = ctx
}

// fill keeps as much of p as the buffer has room for, with its line ends turned, and
// returns the rest.
func (s *spool) fill(buf *[]byte, p []byte) (rest []byte) {
	// What p is turned into may be longer by one octet.
	n := min(len(p), max(cap(*buf)-len(*buf)-1, 0))
	s.keep(buf, s.lines.appendLF(*buf, p[:n]))
	s.octets += int64(n)
	return p[n:]
}

// end takes in the message's end. Writing more is no longer possible.
func (s *spool) end() error {
	s.settle()
	if s.err == nil && !s.whole {
		if len(*s.buf) == cap(*s.buf) {
			s.err = s.makeRoom()
		}
		if s.err == nil {
			s.keep(s.buf, s.lines.appendEnd(*s.buf))
		}
		s.whole = true
	}
	return s.err
}

// keep makes a buffer longer, whose new octets are counted.
func (s *spool) keep(buf *[]byte, longer []byte) {
	added := longer[len(*buf):]
	s.stored += int64(len(added))
	for _, w := range s.also {
		_, _ = w.Write(added) // hashes, see the field
	}
	*buf = longer
}

func (s *spool) makeRoom() error {
	if cap(*s.buf) < largeBuffer {
		s.buf = s.moved(largeBuffers)
		return nil
	}
	return s.flush()
}

// flush writes what is in memory to the file.
func (s *spool) flush() error {
	buf, file, path := s.buf, s.file, s.path
	err := s.disk(func() error {
		var err error
		file, path, err = s.put(file, path, *buf)
		return err
	}, func() { discard(s.fsys, file, path) })
	if s.buf == nil {
		return err
	}
	s.file, s.path = file, path
	*s.buf = (*s.buf)[:0]
	return err
}

// put writes p to a file, which it makes where it is nil.
func (s *spool) put(file File, path string, p []byte) (File, string, error) {
	if file == nil {
		var err error
		file, err = s.create(path)
		if sealed(err) && s.otherPath != "" {
			path = s.otherPath
			file, err = s.create(path)
		}
		if err != nil {
			return nil, path, err
		}
	}
	if len(p) == 0 {
		return file, path, nil
	}
	_, err := file.Write(p)
	return file, path, err
}

func (s *spool) create(path string) (File, error) {
	f, err := s.fsys.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil && s.stays {
		return &earlySync{File: f}, nil
	}
	return f, err
}

// discard closes and removes the file, if there is one, of a spool that nobody waits for any more.
func discard(fsys FS, file File, path string) {
	if file != nil {
		_ = errors.Join(file.Close(), fsys.Remove(path)) // nobody is there to tell
	}
}

// disk waits for work with the file or, where the context has ended, leaves it alone with
// that and with the buffer, which it may use for as long as the disk does not answer.
func (s *spool) disk(work func() error, late func()) error {
	err := untilLeft(s.ctx, work, late)
	if left := (*stop)(nil); errors.As(err, &left) {
		s.buf, s.file = nil, nil
	}
	return err
}

// sync brings the whole message into its file, the file to the disk, and closes it. It
// may hang on the disk.
func (s *spool) sync() error {
	if err := s.end(); err != nil {
		return err
	}
	if s.err = s.flush(); s.err != nil {
		return s.err
	}
	if s.err = s.file.Sync(); s.err != nil {
		return s.err
	}
	f := s.file
	s.file = nil
	s.err = f.Close()
	return s.err
}

// ready brings the message to where a reader finds all of it.
func (s *spool) ready() error {
	if err := s.end(); err != nil || s.file == nil {
		return err
	}
	s.err = s.flush()
	return s.err
}

// reader reads what has been stored, from its beginning.
func (s *spool) reader() (io.Reader, error) {
	if err := s.ready(); err != nil {
		return nil, err
	}
	if s.file == nil {
		return bytes.NewReader(*s.buf), nil
	}
	return io.NewSectionReader(s.file, 0, s.stored), nil
}

// drop gives up the memory and the open file, and removes the file where remove
// says so. Calling it again does nothing.
func (s *spool) drop(remove bool) error {
	s.settle()
	s.giveBack()
	if s.err == nil {
		s.err = ErrClosed
	}
	f := s.file
	s.file = nil
	if f == nil {
		return nil
	}
	path := s.path
	return s.disk(func() error {
		err := f.Close()
		if remove {
			if rerr := s.fsys.Remove(path); err == nil {
				err = rerr
			}
		}
		return err
	}, func() {})
}

func (s *spool) giveBack() {
	if s.buf == nil {
		return
	}
	*s.buf = (*s.buf)[:0]
	switch cap(*s.buf) {
	case smallBuffer:
		smallBuffers.Put(s.buf)
	case largeBuffer:
		largeBuffers.Put(s.buf)
	case besideBuffer:
		besideBuffers.Put(s.buf)
	}
	s.buf = nil
}

// receipt is what is known here; the name and the path are the destination's.
func (s *spool) receipt(name, path string) Receipt {
	s.settle()
	r := Receipt{Name: name, Path: path, Octets: s.octets}
	s.sum.Sum(r.SHA256[:0])
	return r
}
