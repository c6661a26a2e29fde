package delivery

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// mboxIndex knows which messages an mbox holds. It reads the file again when that
// has changed.
type mboxIndex struct {
	fsys FS
	path string

	mu      sync.Mutex
	keys    map[string]bool
	size    int64
	changed time.Time
}

func (x *mboxIndex) has(key string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	f, err := x.fsys.OpenFile(x.path, os.O_RDONLY, 0)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // only read
	fi, err := f.Stat()
	if err != nil || !fi.Mode().IsRegular() {
		return false
	}
	if x.keys == nil || fi.Size() != x.size || !fi.ModTime().Equal(x.changed) {
		keys := map[string]bool{}
		if scanMbox(io.NewSectionReader(f, 0, fi.Size()), func(key string) { keys[key] = true }) != nil {
			return false
		}
		x.keys, x.size, x.changed = keys, fi.Size(), fi.ModTime()
	}
	return x.keys[key]
}

// scanMbox tells the key of every message of an mbox.
func scanMbox(r io.Reader, found func(key string)) error {
	in := bufio.NewReaderSize(r, largeBuffer)
	var (
		from  string
		text  *identity
		start = true // at the start of a line
		empty = true // the line before was empty, or there was none
	)
	finish := func() {
		if text != nil {
			found(text.key(from))
		}
	}
	for {
		piece, err := in.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && !errors.Is(err, io.EOF) {
			return err
		}
		switch {
		case start && empty && bytes.HasPrefix(piece, fromMark):
			finish()
			from, text = string(bytes.TrimRight(piece, "\n")), newIdentity()
		case text != nil:
			if start && bytes.HasPrefix(bytes.TrimLeft(piece, ">"), fromMark) && piece[0] == '>' {
				_, _ = text.Write(piece[1:]) // a hash
			} else {
				_, _ = text.Write(piece)
			}
		}
		if errors.Is(err, io.EOF) {
			finish()
			return nil
		}
		empty = start && len(piece) == 1 && piece[0] == '\n'
		start = err == nil
	}
}

// lineStarts tells where lines begin that are a From_ line.
func lineStarts(r io.Reader, found func(at int64)) error {
	in := bufio.NewReaderSize(r, largeBuffer)
	start, at := true, int64(0)
	for {
		piece, err := in.ReadSlice('\n')
		if start && bytes.HasPrefix(piece, fromMark) {
			found(at)
		}
		at += int64(len(piece))
		start = err == nil
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}
