package delivery

import "bytes"

// lineEnds turns CRLF into LF and leaves every other octet as it is, a CR or LF
// that stands alone included. A CR at the end of what it was given waits for the
// next octet.
type lineEnds struct {
	cr bool
}

// appendLF converts src and appends it to dst. The result is at most one octet
// longer than src.
func (l *lineEnds) appendLF(dst, src []byte) []byte {
	if len(src) == 0 {
		return dst
	}
	if l.cr {
		l.cr = false
		if src[0] != '\n' {
			dst = append(dst, '\r')
		}
	}
	for {
		i := bytes.IndexByte(src, '\r')
		if i < 0 {
			return append(dst, src...)
		}
		if i == len(src)-1 {
			l.cr = true
			return append(dst, src[:i]...)
		}
		if src[i+1] == '\n' {
			dst = append(dst, src[:i]...)
			src = src[i+1:]
			// The line feed goes out with the next line, in one copy.
			continue
		}
		dst = append(dst, src[:i+1]...)
		src = src[i+1:]
	}
}

// appendEnd gives out a CR that was the very last octet.
func (l *lineEnds) appendEnd(dst []byte) []byte {
	if l.cr {
		l.cr = false
		dst = append(dst, '\r')
	}
	return dst
}
