package commit

import (
	"bytes"
	"errors"
	"io"
)

// maxHeader bounds, in octets, what is kept of a text to read its header from.
const maxHeader = 256 << 10

// withHeader reads a text until it has the empty line behind its header, maxHeader octets or
// its end. It gives what it has read, a little of the body may be among it, and the whole
// text to be read from the start.
func withHeader(text io.Reader) (head []byte, whole io.Reader, err error) {
	head = make([]byte, 0, 4<<10)
	for seen := 0; !endsHeader(head, seen) && len(head) < maxHeader; {
		seen = len(head)
		if seen == cap(head) {
			head = append(head, 0)[:seen]
		}
		n, err := text.Read(head[seen:min(cap(head), maxHeader)])
		head = head[:seen+n]
		if errors.Is(err, io.EOF) {
			return head, bytes.NewReader(head), nil
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return head, io.MultiReader(bytes.NewReader(head), text), nil
}

// endsHeader tells whether an empty line ends in head behind its first octets, in which there is none.
func endsHeader(head []byte, first int) bool {
	if bytes.HasPrefix(head, []byte("\r\n")) || bytes.HasPrefix(head, []byte("\n")) {
		return true
	}
	fresh := head[max(first-2, 0):]
	return bytes.Contains(fresh, []byte("\n\r\n")) || bytes.Contains(fresh, []byte("\n\n"))
}
