package commit

import (
	"bytes"
	"errors"
	"io"
	"slices"
)

// maxHeader bounds, in octets, what is kept of a text to read its header from.
const maxHeader = 256 << 10

// withHeader reads a text until it has the empty line behind its header, maxHeader octets or
// its end. It gives what it has read, a little of the body may be among it, and the whole
// text to be read from the start. What it has read lies in buf where that is long enough.
func withHeader(text io.Reader, buf []byte) (head []byte, whole io.Reader, err error) {
	head = buf[:0]
	for seen := 0; !endsHeader(head, seen) && len(head) < maxHeader; {
		seen = len(head)
		if seen == cap(head) {
			head = slices.Grow(head, max(len(head), leastHeader))
		}
		n, err := text.Read(head[seen:min(cap(head), maxHeader)])
		head = head[:seen+n]
		if errors.Is(err, io.EOF) {
			return head, bytes.NewReader(head), nil
		}
		if err != nil {
			return head, nil, err
		}
	}
	return head, &begun{head, text}, nil
}

// leastHeader is how many octets a header's buffer has at first.
const leastHeader = 4 << 10

// begun is a text whose first octets have been read. Unlike io.MultiReader it lets the
// text write itself, without a buffer in between.
type begun struct {
	head []byte
	rest io.Reader
}

func (b *begun) Read(p []byte) (int, error) {
	if len(b.head) == 0 {
		return b.rest.Read(p)
	}
	n := copy(p, b.head)
	b.head = b.head[n:]
	return n, nil
}

// WriteTo implements io.WriterTo.
func (b *begun) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(b.head)
	b.head = b.head[n:]
	if err != nil {
		return int64(n), err
	}
	more, err := io.Copy(w, b.rest)
	return int64(n) + more, err
}

// endsHeader tells whether an empty line ends in head behind its first octets, in which there is none.
func endsHeader(head []byte, first int) bool {
	if bytes.HasPrefix(head, []byte("\r\n")) || bytes.HasPrefix(head, []byte("\n")) {
		return true
	}
	fresh := head[max(first-2, 0):]
	return bytes.Contains(fresh, []byte("\n\r\n")) || bytes.Contains(fresh, []byte("\n\n"))
}
