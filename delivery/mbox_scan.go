package delivery

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"regexp"
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

// dated is a From_ line with its date, as mail programs write it: "From addr Sat Jan  3
// 00:00:00 1970", with a time zone or without, with or without seconds.
var dated = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^From [^\n]{0,300}?(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[^\n]{1,20}[0-9]{1,2}:[0-9]{2}`)
})

// longestDated is the most octets that dated takes.
const longestDated = 512

// otherStarts tells whether a message may begin where known does not know of one: at a
// line that is a From_ line, or anywhere in a line that is one with a date.
func otherStarts(r io.Reader, known func(at int64) bool) (bool, error) {
	in := bufio.NewReaderSize(r, largeBuffer)
	start := true
	for at := int64(0); ; {
		piece, err := in.Peek(largeBuffer)
		last := errors.Is(err, io.EOF)
		if err != nil && !last {
			return false, err
		}
		// What begins in the last octets is looked at with those that follow.
		take := len(piece)
		if err == nil {
			take -= longestDated
		}
		for i := 0; i < take; {
			n := bytes.Index(piece[i:], fromMark)
			if n < 0 || i+n >= take {
				break
			}
			i += n
			first := i == 0 && start || i > 0 && piece[i-1] == '\n'
			if (first || datedAt(piece[i:])) && !known(at+int64(i)) {
				return true, nil
			}
			i += len(fromMark)
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		start = piece[take-1] == '\n'
		at += int64(take)
		if _, err := in.Discard(take); err != nil {
			return false, err
		}
	}
}

// datedAt tells whether a text begins with a From_ line that has a date.
func datedAt(text []byte) bool {
	return dated().Match(text[:min(len(text), longestDated)])
}
