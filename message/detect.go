package message

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wlynxg/chardet"
)

// maxDetect is how many octets the detector is shown: it is slow and learns nothing from more.
const maxDetect = 2048

// maxDetections bounds how often the detector runs for one message. What is beyond is decoded without it.
const maxDetections = 16

// minEvidence is how many octets above 0x7f it takes to recognise a charset against the account's.
const minEvidence = 8

// detector recognises charsets. One serves one message.
type detector struct {
	Decoder
	runs int
}

// rawCharset recognises the charset of 8-bit text that says nothing, or nothing true, of it: valid UTF-8,
// else what the message declares elsewhere, else what the text's structure and the detector agree on, else the
// account's charset. It never returns nil.
func (d *detector) rawCharset(b []byte, declared string) charset {
	if isNearlyUTF8(b) {
		return decodeUTF8
	}
	if c := lookupCharset(declared); c != nil && isClean(c(b)) {
		return c
	}
	sample := b[:min(len(b), maxDetect)]
	account := lookupCharset(d.DefaultCharset)
	if account != nil && highOctets(sample) < minEvidence && isClean(account(sample)) {
		return account
	}
	if name := structure(sample); name != "" {
		return lookupCharset(name)
	}
	if d.runs++; d.runs <= maxDetections {
		result := chardet.Detect(sample)
		c := lookupCharset(result.Encoding)
		if c != nil && result.Confidence >= 0.3 && !isLatin(result.Encoding) && isPlausible(result.Encoding, sample, c) {
			return c
		}
	}
	if account != nil && isClean(account(sample)) {
		return account
	}
	if name := cyrillic(sample); name != "" {
		return lookupCharset(name)
	}
	if account != nil {
		return account
	}
	return lookupCharset("windows-1252")
}

func highOctets(b []byte) (n int) {
	for _, c := range b {
		n += int(c >> 7)
	}
	return n
}

// isLatin tells whether the detector's answer is a charset of western Europe. These fit any text, so that they are
// no evidence against the account's charset.
func isLatin(name string) bool {
	switch charsetKey(name) {
	case "iso88591", "iso885915", "windows1252", "macroman":
		return true
	}
	return false
}

// isNearlyUTF8 tells whether b is UTF-8, allowing for a character that was cut and a stray octet in longer text.
func isNearlyUTF8(b []byte) bool {
	if utf8.Valid(b) {
		return true
	}
	good, bad := 0, 0
	for utf8.FullRune(b) { // up to a character that was cut
		r, size := utf8.DecodeRune(b)
		switch {
		case size > 1:
			good++
		case r == utf8.RuneError:
			bad++
		}
		b = b[size:]
	}
	return good > 0 && good >= 8*bad
}

// isClean tells whether text decoded without errors and without control characters.
func isClean(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return r == utf8.RuneError || r >= 0x7f && r < 0xa0
	}) < 0
}

// isPlausible checks the detector's answer against the text. Multibyte charsets must decode it whole and give
// common characters; of single-byte ones, letters must be most of what they give.
func isPlausible(name string, b []byte, c charset) bool {
	text := c(b)
	if !isClean(text) {
		return false
	}
	if count := pairCounters[charsetKey(name)]; count != nil {
		p := count(b)
		return p.bad == 0 && p.common*4 >= p.pairs*3
	}
	letters, others := 0, 0
	for _, r := range text {
		switch {
		case r < utf8.RuneSelf:
		case unicode.IsLetter(r):
			letters++
		default:
			others++
		}
	}
	return letters >= 2*others
}

// structure recognises what the octets' pattern alone shows: ISO-2022, Shift_JIS by its kana, Big5 by its
// second octets. It returns "" where the pattern fits several charsets.
func structure(b []byte) string {
	if name := escapeCharset(b); name != "" {
		return name
	}
	sjis, gbk, big5 := countShiftJIS(b), countGBK(b), countBig5(b)
	switch {
	case sjis.good() && sjis.pairs > 0 && (!gbk.good() || sjis.strong >= sjis.pairs/2+1) && sjis.common > gbk.common*3/4:
		return "shift_jis"
	case big5.good() && big5.strong > 0 && big5.pairs >= 2 && (!gbk.good() || gbk.common < big5.common):
		return "big5"
	case gbk.good() && gbk.pairs >= 2 && gbk.strong == 0 && gbk.common == gbk.pairs && gbk.beyondHangul*4 >= gbk.pairs:
		return "gb18030"
	}
	return ""
}

// escapeCharset recognises the charsets that announce themselves with an escape sequence.
func escapeCharset(b []byte) string {
	at := bytes.IndexByte(b, 0x1b)
	if at < 0 {
		return ""
	}
	switch rest := b[at+1:]; {
	case bytes.HasPrefix(rest, []byte("$)C")):
		return "iso-2022-kr"
	case bytes.HasPrefix(rest, []byte("$)A")):
		return "iso-2022-cn"
	case bytes.HasPrefix(rest, []byte("$B")), bytes.HasPrefix(rest, []byte("$@")), bytes.HasPrefix(rest, []byte("$(")),
		bytes.HasPrefix(rest, []byte("(I")), bytes.HasPrefix(rest, []byte("(J")):
		return "iso-2022-jp"
	}
	return ""
}

// pairs counts two-octet characters of one charset.
type pairs struct {
	pairs, common int // all, and those of everyday text
	strong        int // those that only this charset explains
	bad           int // octets that the charset does not have
	beyondHangul  int // EUC only: those outside the rows where EUC-KR keeps its syllables
}

func (p pairs) good() bool { return p.bad == 0 && p.common*5 >= p.pairs*4 }

var pairCounters = map[string]func([]byte) pairs{
	"gb2312": countGBK, "gbk": countGBK, "gb18030": countGBK, "big5": countBig5,
	"shiftjis": countShiftJIS, "cp932": countShiftJIS, "euckr": countEUCKR, "cp949": countEUCKR, "eucjp": countEUCJP,
}

// countPairs walks over two-octet characters. lead tells whether an octet begins one; count looks at one and
// tells whether the charset has it; a high octet that begins none is bad unless single allows it.
func countPairs(b []byte, lead func(byte) bool, single func(byte) bool, count func(p *pairs, c, t byte) bool) pairs {
	var p pairs
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case c < 0x80 || single(c):
		case !lead(c):
			p.bad++
		case i+1 == len(b): // cut
		default:
			p.pairs++
			if !count(&p, c, b[i+1]) {
				p.bad++
			}
			i++
		}
	}
	return p
}

func never(byte) bool { return false }

func countGBK(b []byte) pairs {
	return countPairs(b, func(c byte) bool { return c >= 0x81 && c <= 0xfe }, never, func(p *pairs, c, t byte) bool {
		if t < 0xa1 {
			p.strong++ // GBK's own characters, which everyday text hardly has
		} else if c >= 0xb0 && c <= 0xd7 || c == 0xa1 || c == 0xa3 {
			p.common++
			if c > 0xc8 || c == 0xa3 {
				p.beyondHangul++
			}
		}
		return t >= 0x30 && t != 0x7f && t != 0xff
	})
}

func countBig5(b []byte) pairs {
	return countPairs(b, func(c byte) bool { return c >= 0xa1 && c <= 0xf9 }, never, func(p *pairs, c, t byte) bool {
		if c >= 0xa4 && c <= 0xc6 || c == 0xa1 {
			p.common++
		}
		if t < 0xa1 {
			p.strong++
		}
		return t >= 0x40 && t <= 0x7e || t >= 0xa1 && t <= 0xfe
	})
}

func countShiftJIS(b []byte) pairs {
	halfKana := func(c byte) bool { return c >= 0xa1 && c <= 0xdf }
	p := countPairs(b, func(c byte) bool { return c >= 0x81 && c <= 0x9f || c >= 0xe0 && c <= 0xfc }, halfKana, func(p *pairs, c, t byte) bool {
		kana := c == 0x82 && t >= 0x9f || c == 0x83 && t <= 0x96
		if kana || c == 0x81 || c == 0x82 || c >= 0x88 && c <= 0x97 {
			p.common++
		}
		if kana {
			p.strong++
		}
		return t >= 0x40 && t != 0x7f && t <= 0xfc
	})
	half := 0
	for _, c := range b {
		if halfKana(c) {
			half++
		}
	}
	if half > 2*p.pairs { // more of them than of all else: some other charset's letters
		p.bad++
	}
	return p
}

func countEUCKR(b []byte) pairs {
	return countPairs(b, func(c byte) bool { return c >= 0x81 && c <= 0xfe }, never, func(p *pairs, c, t byte) bool {
		if c >= 0xb0 && c <= 0xc8 && t >= 0xa1 || c >= 0xa1 && c <= 0xa3 {
			p.common++
		}
		return t >= 0x41 && t <= 0xfe
	})
}

func countEUCJP(b []byte) pairs {
	return countPairs(b, func(c byte) bool { return c >= 0xa1 && c <= 0xfe || c == 0x8e }, func(c byte) bool { return c == 0x8f }, func(p *pairs, c, t byte) bool {
		if c == 0x8e || c >= 0xa1 && c <= 0xa5 || c >= 0xb0 && c <= 0xcf {
			p.common++
		}
		return t >= 0xa1
	})
}

// cyrillic recognises Russian in windows-1251 or KOI8-R, which keep capitals where the other has small
// letters: in words, small letters follow small letters.
func cyrillic(b []byte) string {
	best, score := "", 0
	for _, name := range []string{"windows-1251", "koi8-r"} {
		letters, odd := 0, 0
		prev := ' '
		for _, r := range lookupCharset(name)(b) {
			switch {
			case r < utf8.RuneSelf:
			case !unicode.Is(unicode.Cyrillic, r):
				odd++
			case unicode.IsUpper(r) && unicode.IsLower(prev):
				odd++
			default:
				letters++
				if unicode.IsLower(r) && unicode.IsLower(prev) {
					letters++
				}
			}
			prev = r
		}
		if n := letters - 4*odd; letters >= 6 && n > score {
			best, score = name, n
		}
	}
	return best
}
