package pop3client

import (
	"bytes"
	"unicode/utf8"
)

// Oddities are ways in which what a server said was not as RFC 1939 has it, though it could be read.
type Oddities struct {
	// BareLF: a line ended in LF alone.
	BareLF bool
	// NUL: a line held a NUL. Those of a message's text are the message's own and do not count.
	NUL bool
	// EightBit: a line held an octet above 0x7F. A text's own do not count, and UTF-8 does not where it was asked for.
	EightBit bool
}

// The bits of Client.odd.
const (
	oddBareLF = 1 << iota
	oddNUL
	oddEightBit
)

// Oddities returns those of the answers read so far in this session.
func (c *Client) Oddities() Oddities {
	odd := c.odd.Load()
	return Oddities{BareLF: odd&oddBareLF != 0, NUL: odd&oddNUL != 0, EightBit: odd&oddEightBit != 0}
}

// noteOdd looks before it writes: lines that are odd are so by the million.
func (c *Client) noteOdd(bits uint32) {
	if c.odd.Load()&bits != bits {
		c.odd.Or(bits)
	}
}

// noteLine looks for octets that have no place in a line of an answer. The token is held.
func (c *Client) noteLine(line []byte) {
	for _, b := range line {
		if b-1 >= 0x7f { // NUL is past it as well
			c.strayOctets(line)
			return
		}
	}
}

func (c *Client) strayOctets(line []byte) {
	if bytes.IndexByte(line, 0) >= 0 {
		c.noteOdd(oddNUL)
	}
	if (!c.speaksUTF8 || !utf8.Valid(line)) && bytes.ContainsFunc(line, func(r rune) bool { return r >= utf8.RuneSelf }) {
		c.noteOdd(oddEightBit)
	}
}
