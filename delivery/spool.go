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
	// little memory; one that is longer gets a largeBuffer.
	smallBuffer = 16 << 10
	largeBuffer = 128 << 10
)

var (
	smallBuffers = sync.Pool{New: func() any { b := make([]byte, 0, smallBuffer); return &b }}
	largeBuffers = sync.Pool{New: func() any { b := make([]byte, 0, largeBuffer); return &b }}
)

// spool takes a message as it arrives: counts and hashes it, turns its line ends
// and keeps it in memory until that is full, and then in a file. The file is made
// only when it is needed, so that beginning a delivery costs no system call.
type spool struct {
	ctx  context.Context // bounds each wait for the disk
	fsys FS
	path string // the file's name
	// otherPath, where not "", is taken instead where path's folder lets nobody make files.
	otherPath string
	also      []io.Writer // get the octets as stored; they never fail

	beside *beside // takes the octets of a large message in; nothing else is touched then
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
	if s.beside != nil {
		return s.beside.Write(p)
	}
	if s.begun += int64(len(p)); s.begun < besideFrom {
		return s.take(p)
	}
	s.beside = startBeside(s.store, s.hash)
	return s.beside.Write(p)
}

// settle waits until everything that was written has been taken in.
func (s *spool) settle() {
	if s.beside != nil {
		s.beside.finish() // its error is in s.err
		s.beside = nil
	}
}

// bind lets waits for the disk end with another context from now on.
func (s *spool) bind(ctx context.Context) {
	s.settle()
	s.ctx = ctx
}

// take is Write, at once.
func (s *spool) take(p []byte) (int, error) {
	if err := s.store(p); err != nil {
		return 0, err
	}
	return len(p), s.hash(p)
}

// hash takes octets into the message's hash, which never fails.
func (s *spool) hash(p []byte) error {
	_, err := s.sum.Write(p)
	return err
}

// store keeps octets, with their line ends turned.
func (s *spool) store(p []byte) error {
	if s.err != nil {
		return s.err
	}
	s.octets += int64(len(p))
	for rest := p; len(rest) > 0; {
		room := cap(*s.buf) - len(*s.buf) - 1
		if room <= 0 {
			if s.err = s.makeRoom(); s.err != nil {
				return s.err
			}
			continue
		}
		part := rest[:min(len(rest), room)]
		s.keep(s.lines.appendLF(*s.buf, part))
		rest = rest[len(part):]
	}
	return nil
}

// end takes in the message's end. Writing more is no longer possible.
func (s *spool) end() error {
	s.settle()
	if s.err == nil && !s.whole {
		if len(*s.buf) == cap(*s.buf) {
			s.err = s.makeRoom()
		}
		if s.err == nil {
			s.keep(s.lines.appendEnd(*s.buf))
		}
		s.whole = true
	}
	return s.err
}

// keep makes longer the buffer, whose new octets are counted.
func (s *spool) keep(longer []byte) {
	added := longer[len(*s.buf):]
	s.stored += int64(len(added))
	for _, w := range s.also {
		_, _ = w.Write(added) // hashes, see the field
	}
	*s.buf = longer
}

func (s *spool) makeRoom() error {
	if cap(*s.buf) < largeBuffer {
		large := largeBuffers.Get().(*[]byte)
		*large = append((*large)[:0], *s.buf...)
		s.giveBack()
		s.buf = large
		return nil
	}
	return s.flush()
}

func (s *spool) flush() error {
	buf, file, path, otherPath := s.buf, s.file, s.path, s.otherPath
	err := s.disk(func() error {
		var err error
		if file == nil {
			file, err = s.create(path)
			if sealed(err) && otherPath != "" {
				path = otherPath
				file, err = s.create(path)
			}
		}
		if err != nil || len(*buf) == 0 {
			return err
		}
		_, err = file.Write(*buf)
		return err
	}, func() {
		if file != nil {
			_ = errors.Join(file.Close(), s.fsys.Remove(path)) // nobody is there to tell
		}
	})
	if s.buf == nil {
		return err
	}
	s.file, s.path = file, path
	*s.buf = (*s.buf)[:0]
	return err
}

func (s *spool) create(path string) (File, error) {
	return s.fsys.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
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
	if cap(*s.buf) == largeBuffer {
		largeBuffers.Put(s.buf)
	} else {
		smallBuffers.Put(s.buf)
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
