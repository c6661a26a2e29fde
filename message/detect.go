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

// maxDetections bounds how many texts of one message are recognised. What is beyond has the account's charset.
const maxDetections = 16

// minEvidence is how many octets above 0x7f it takes to recognise a charset against the account's.
const minEvidence = 8

// minConfidence is what the detector must think of its own answer; the checks after it weigh more.
const minConfidence = 0.3

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
	if c := d.recognised(b); c != nil {
		return c
	}
	if account := lookupCharset(d.DefaultCharset); account != nil {
		return account
	}
	return lookupCharset("windows-1252")
}

// recognised returns the charset that b itself shows, or nil.
func (d *detector) recognised(b []byte) charset {
	if isNearlyUTF8(b) {
		return decodeUTF8
	}
	if d.runs++; d.runs > maxDetections {
		return nil
	}
	return recognise(b[:min(len(b), maxDetect)], lookupCharset(d.DefaultCharset))
}

// recognise returns the charset that the octets themselves show, or nil. account is the account's, or nil.
func recognise(b []byte, account charset) charset {
	fits := account != nil && isClean(account(b))
	if fits && highOctets(b) < minEvidence {
		return account
	}
	if name := structure(b); name != "" {
		return lookupCharset(name)
	}
	result := chardet.Detect(b)
	name := likelier(result.Encoding)
	if c := lookupCharset(name); c != nil && result.Confidence >= minConfidence && !isLatin(name) && isPlausible(name, b, c) {
		return c
	}
	if fits {
		return account
	}
	if name := cyrillic(b); name != "" {
		return lookupCharset(name)
	}
	if name := eastAsian(b); name != "" && account == nil {
		return lookupCharset(name)
	}
	return nil
}

// likelier returns the charset that mail has where the detector names its neighbour: KOI8-U has letters where
// KOI8-R has frames, and nobody writes mail in Macintosh Cyrillic.
func likelier(name string) string {
	switch charsetKey(name) {
	case "koi8r":
		return "koi8-u"
	case "maccyrillic":
		return "windows-1251"
	}
	return name
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
	if utf8.Valid(b) || surrogatePair(b) >= 0 && utf8.Valid(joinSurrogates(b)) {
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
	letters, others, mixed := 0, 0, 0
	var prev rune
	for _, r := range text {
		switch {
		case r < utf8.RuneSelf:
			if isLetter(byte(r)) && prev >= utf8.RuneSelf && unicode.IsLetter(prev) && !unicode.Is(unicode.Latin, prev) {
				mixed++
			}
		case unicode.IsLetter(r):
			letters++
			if prev < utf8.RuneSelf && isLetter(byte(prev)) && !unicode.Is(unicode.Latin, r) {
				mixed++
			}
		default:
			others++
		}
		prev = r
	}
	// A word has the letters of one script.
	return letters >= 2*others && mixed*4 <= letters
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
	case big5.good() && big5.strong > 0 && big5.pairs >= 2 && (!gbk.good() || gbk.common < big5.common) && asciiLetters(b) <= 4*big5.pairs:
		return "big5"
	case gbk.good() && gbk.pairs >= 2 && gbk.strong == 0 && gbk.common == gbk.pairs && gbk.beyondHangul*4 >= gbk.pairs && !smallCyrillic(b):
		return "gb18030"
	}
	return ""
}

// eastAsian recognises text whose high octets come in pairs of everyday characters: Japanese by its kana, Korean by
// keeping to the syllables' rows, else Chinese.
func eastAsian(b []byte) string {
	gbk, jp, kr := countGBK(b), countEUCJP(b), countEUCKR(b)
	switch {
	case jp.good() && jp.pairs >= 2 && jp.strong*2 >= jp.pairs:
		return "euc-jp"
	case gbk.strong > 0 || gbk.bad > 0 || gbk.pairs < 2 || gbk.common < gbk.pairs || smallCyrillic(b):
		return ""
	case gbk.beyondHangul == 0 && kr.good() && kr.pairs >= 4:
		return "euc-kr"
	}
	return "gb18030"
}

func asciiLetters(b []byte) (n int) {
	for _, c := range b {
		if isLetter(c) {
			n++
		}
	}
	return n
}

// smallCyrillic tells whether nearly all high octets are where KOI8-R has its small letters and windows-1251 its
// capitals: Chinese would use the other octets too.
func smallCyrillic(b []byte) bool {
	in, all := 0, 0
	for _, c := range b {
		if c >= 0x80 {
			all++
			if c >= 0xc0 && c <= 0xdf {
				in++
			}
		}
	}
	return in*10 >= all*9
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

// cyrillic recognises Russian in windows-1251 or KOI8-R, which keep capitals where the other has small
// letters: in words, small letters follow small letters.
func cyrillic(b []byte) string {
	best, score := "", 0
	for _, name := range []string{"windows-1251", "koi8-u"} {
		letters, odd := 0, 0
		prev := ' '
		for _, r := range lookupCharset(name)(b) {
			switch {
			case r < utf8.RuneSelf:
				if isLetter(byte(r)) && unicode.Is(unicode.Cyrillic, prev) {
					odd++
				}
			case !unicode.Is(unicode.Cyrillic, r), prev < utf8.RuneSelf && isLetter(byte(prev)):
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
