package message

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
)

// decodeUTF8 keeps valid UTF-8 and turns each run of other octets into one U+FFFD.
func decodeUTF8(b []byte) string {
	return strings.TrimPrefix(strings.ToValidUTF8(string(joinSurrogates(b)), "\uFFFD"), "\ufeff")
}

// joinSurrogates makes one character of two halves that a writer which thinks in UTF-16 put into UTF-8 each for itself
// (CESU-8, Unicode Technical Report 26). It returns b where there are none.
func joinSurrogates(b []byte) []byte {
	at := surrogatePair(b)
	if at < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for at >= 0 {
		half := func(i int) rune { return 0xd000 | rune(b[i+1]&0x3f)<<6 | rune(b[i+2]&0x3f) }
		out = append(out, b[:at]...)
		out = utf8.AppendRune(out, utf16.DecodeRune(half(at), half(at+3)))
		b = b[at+6:]
		at = surrogatePair(b)
	}
	return append(out, b...)
}

// surrogatePair returns where the first encoded pair of surrogates in b begins, or -1.
func surrogatePair(b []byte) int {
	for from := 0; ; {
		i := bytes.IndexByte(b[from:], 0xed)
		if i += from; i < from || i+6 > len(b) {
			return -1
		}
		p := b[i : i+6]
		if p[1]&0xf0 == 0xa0 && p[2]&0xc0 == 0x80 && p[3] == 0xed && p[4]&0xf0 == 0xb0 && p[5]&0xc0 == 0x80 {
			return i
		}
		from = i + 1
	}
}

// decodeUTF16 decodes UTF-16 in the order that its mark says. Without one it is big-endian by RFC 2781 section 4.3, but
// many who leave out the mark write little-endian, which the zeros of their spaces and line ends show.
func decodeUTF16(b []byte) string {
	order := unicode.BigEndian
	var zeros [2]int
	for i, c := range b {
		if c == 0 {
			zeros[i&1]++
		}
	}
	if zeros[1] > zeros[0] {
		order = unicode.LittleEndian
	}
	return decoderOf(unicode.UTF16(order, unicode.UseBOM))(b)
}

// looksLikeUTF8 tells whether what is declared as UTF-16 or UTF-32 is no such thing: it has no zeros, which both have
// for every space, and is UTF-8.
func looksLikeUTF8(b []byte) bool { return bytes.IndexByte(b, 0) < 0 && utf8.Valid(b) }

// decodeShiftJIS decodes Shift_JIS, with what Japanese carriers keep their pictures in as private characters: to the
// decoder these rows are errors, and a message full of pictures would look as if it were in another charset.
func decodeShiftJIS(b []byte) string {
	decode := decoderOf(japanese.ShiftJIS)
	var out strings.Builder
	start := 0
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c < 0x81 || c > 0x9f && c < 0xe0 || c > 0xfc || i+1 == len(b) {
			continue
		}
		trail := b[i+1]
		if trail < 0x40 || trail == 0x7f || trail > 0xfc {
			continue
		}
		if c >= 0xf0 && c <= 0xf9 {
			column := int(trail) - 0x40
			if trail > 0x7f {
				column--
			}
			out.WriteString(decode(b[start:i]))
			out.WriteRune(rune(0xe000 + int(c-0xf0)*188 + column))
			start = i + 2
		}
		i++
	}
	if start == 0 {
		return decode(b)
	}
	out.WriteString(decode(b[start:]))
	return out.String()
}
