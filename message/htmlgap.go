package message

import (
	"unicode"
	"unicode/utf8"
)

// gapLength returns how many octets at the start of b are space or filler, and whether they are only filler.
func gapLength(b []byte) (n int, filler bool) {
	filler = true
	for n < len(b) {
		if b[n] < utf8.RuneSelf {
			if !isSpaceOctet(b[n]) {
				return n, filler
			}
			filler = false
			n++
			continue
		}
		r, size := utf8.DecodeRune(b[n:])
		switch {
		case unicode.IsSpace(r) && r != 0x85 && r != 0x2028 && r != 0x2029:
			filler = false
		case r == 0xad, r == 0x34f, r == 0x200b, r == 0x2060, r == 0xfeff:
		case (r == zwnj || r == zwj) && fillsGap(b[n+size:], n, filler):
		default:
			return n, filler
		}
		n += size
	}
	return n, filler
}

// fillsGap tells whether a joiner stands at a gap rather than between two letters: after n octets of gap that
// were not all filler, or before a space or the end.
func fillsGap(rest []byte, n int, filler bool) bool {
	if n > 0 && !filler || len(rest) == 0 || isSpaceOctet(rest[0]) {
		return true
	}
	r, _ := utf8.DecodeRune(rest)
	return unicode.IsSpace(r) || r == zwnj || r == 0x34f
}

// wordLength returns how many octets at the start of b come before the next space or possible filler.
func wordLength(b []byte) int {
	n := 0
	for n < len(b) {
		if b[n] < utf8.RuneSelf {
			if isSpaceOctet(b[n]) {
				break
			}
			n++
			continue
		}
		r, size := utf8.DecodeRune(b[n:])
		if n > 0 && (unicode.IsSpace(r) || r == 0xad || r == 0x34f || r >= 0x200b && r <= 0x200d || r == 0x2060 || r == 0xfeff) {
			break
		}
		n += size
	}
	return n
}

func isSpaceOctet(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' && c != '\v' }
