package message

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// headerText decodes the values of one header section. Raw 8-bit text in it is taken to be in one charset,
// recognised when the first such value comes, from all of them together.
type headerText struct {
	*detector
	contentType string // which may declare a charset; "" once it has been read
	declares    string
	header      string // where raw 8-bit text can be found
	raw         charset
	octets      []byte // where an encoded word's octets come together
}

// declared returns the charset that Content-Type names. It is read when it is asked for, which few headers do.
func (h *headerText) declared() string {
	if h.contentType != "" {
		h.declares, h.contentType = parseMediaType(h.contentType).raw("charset"), ""
	}
	return h.declares
}

// maxWordCharset bounds a charset's name in an encoded word.
const maxWordCharset = 64

// encodedWord is one =?charset?encoding?text?= (RFC 2047).
type encodedWord struct {
	charset, text string
	base64        bool
	size          int // octets from "=?" to "?="
}

// decode decodes a header value: encoded words as RFC 2047 has them and as they are really written, and raw
// 8-bit text.
func (h *headerText) decode(s string) string {
	if strings.Contains(s, "=?") {
		return h.decodeWords(s)
	}
	return h.decodeRaw(s)
}

func (h *headerText) decodeWords(s string) string {
	var out strings.Builder
	afterWord := false // the space between two encoded words is not text (RFC 2047 section 6.2)
	for s != "" {
		at := strings.Index(s, "=?")
		if at < 0 {
			break
		}
		w, ok := parseWord(s[at:])
		if !ok {
			out.WriteString(h.decodeRaw(s[:at+2]))
			s, afterWord = s[at+2:], false
			continue
		}
		if gap := s[:at]; !afterWord || !isBlank(gap) {
			out.WriteString(h.decodeRaw(gap))
		}
		// Words that follow in the same charset are decoded together: a character or a shift state may be
		// split between them.
		octets := w.appendOctets(h.octets[:0])
		var ends []int // of all words but the last
		s = s[at+w.size:]
		for {
			gap := 0
			for gap < len(s) && (isBlankOctet(s[gap]) || s[gap] == '\r' || s[gap] == '\n') {
				gap++
			}
			next, ok := parseWord(s[gap:])
			if !ok || !sameCharset(next.charset, w.charset) {
				break
			}
			ends = append(ends, len(octets))
			octets = next.appendOctets(octets)
			s = s[gap+next.size:]
		}
		h.octets = octets
		text := h.decodeParts(w.charset, octets, ends)
		if s == "" && out.Len() == 0 {
			return text
		}
		out.WriteString(text)
		afterWord = true
	}
	out.WriteString(h.decodeRaw(s))
	return out.String()
}

// parseWord reads an encoded word at the start of s. Its text may hold spaces and question marks, which
// RFC 2047 forbids and mailers write.
func parseWord(s string) (encodedWord, bool) {
	if !strings.HasPrefix(s, "=?") {
		return encodedWord{}, false
	}
	n := strings.IndexByte(s[2:min(len(s), maxWordCharset+2)], '?')
	if n <= 0 || len(s) < n+5 || s[n+4] != '?' {
		return encodedWord{}, false
	}
	w := encodedWord{charset: s[2 : n+2]}
	if strings.ContainsAny(w.charset, " \t=\"<>") {
		return encodedWord{}, false
	}
	switch s[n+3] {
	case 'b', 'B':
		w.base64 = true
	case 'q', 'Q':
	default:
		return encodedWord{}, false
	}
	start := n + 5
	for i := start; ; i++ {
		q := strings.IndexByte(s[i:], '?')
		if q < 0 || i+q+1 >= len(s) {
			return encodedWord{}, false
		}
		i += q
		if s[i+1] == '=' {
			w.text, w.size = s[start:i], i+2
			return w, true
		}
		if s[i-1] == '=' && i > start { // another word begins here: this one was never ended
			return encodedWord{}, false
		}
	}
}

// appendOctets takes the word's transfer encoding off.
func (w encodedWord) appendOctets(out []byte) []byte {
	if w.base64 {
		return appendBase64(out, w.text)
	}
	out = slices.Grow(out, len(w.text))
	for i := 0; i < len(w.text); i++ {
		c := w.text[i]
		switch {
		case c == '_':
			c = ' '
		case c == '=' && i+2 < len(w.text):
			if v, ok := hexOctet(w.text[i+1], w.text[i+2]); ok {
				c = v
				i += 2
			}
		}
		out = append(out, c)
	}
	return out
}

// decodeParts decodes the octets of adjacent words. ends holds where each word's octets end, but for the last one's.
func (h *headerText) decodeParts(name string, octets []byte, ends []int) string {
	text, errs := h.decodeOctets(name, octets)
	if errs == 0 || len(ends) == 0 {
		return text
	}
	// A writer that lost half a character at a word's end would spoil the words after it: each for itself then.
	var apart strings.Builder
	apartErrs := 0
	start := 0
	for _, end := range append(ends, len(octets)) {
		t, n := h.decodeOctets(name, octets[start:end])
		start = end
		apart.WriteString(t)
		apartErrs += n
	}
	if apartErrs <= errs {
		return apart.String()
	}
	return text
}

// decodeOctets decodes an encoded word's octets and counts what did not decode.
func (h *headerText) decodeOctets(name string, b []byte) (text string, errs int) {
	if c := lookupCharset(name); c != nil {
		text = c(b)
		errs = strings.Count(text, "\uFFFD")
		if errs == 0 || errs*2 <= nonASCII(text) {
			return text, errs
		}
	} else if isASCII(b) {
		return string(b), 0
	}
	// The charset is unknown or plainly another.
	guess := h.rawCharset(b, h.declared())(b)
	if n := strings.Count(guess, "\uFFFD"); text == "" || n < errs {
		return guess, n
	}
	return text, errs
}

// nonASCII counts the characters above U+007F.
func nonASCII(s string) (n int) {
	for _, r := range s {
		if r >= utf8.RuneSelf {
			n++
		}
	}
	return n
}

// decodeRaw decodes text outside encoded words.
func (h *headerText) decodeRaw(s string) string {
	if isASCII(s) {
		if strings.IndexByte(s, 0x1b) >= 0 {
			if name := escapeCharset([]byte(s)); name != "" {
				return lookupCharset(name)([]byte(s))
			}
		}
		return s
	}
	if utf8.ValidString(s) {
		return s
	}
	if h.raw == nil {
		h.raw = h.rawCharset(h.rawSample(s), h.declared())
	}
	text := h.raw([]byte(s))
	if !isClean(text) {
		text = h.rawCharset([]byte(s), h.declared())([]byte(s))
	}
	return text
}

// decodeLookalikes decodes the raw characters of a structured value where one of their octets looks like a quote,
// a bracket or the like: the second octet of a Shift_JIS, Big5 or GBK character, and all of ISO-2022.
func (h *headerText) decodeLookalikes(s string) string {
	if isASCII(s) {
		if strings.IndexByte(s, 0x1b) < 0 {
			return s
		}
		return h.decodeRaw(s)
	}
	for i := 1; i < len(s); i++ {
		if s[i-1] >= utf8.RuneSelf && (s[i] >= '[' && s[i] <= ']' || s[i] == '@') && !utf8.ValidString(s) {
			return h.decodeRaw(s)
		}
	}
	return s
}

// rawSample gathers the header's raw 8-bit values, since a detector needs more than a name.
func (h *headerText) rawSample(s string) []byte {
	sample := []byte(s)
	for f := range rawFields(h.header) {
		if !isASCII(f.value) && !utf8.ValidString(f.value) && len(sample) < maxDetect && !strings.Contains(f.value, s) {
			sample = append(append(sample, ' '), f.value...)
		}
	}
	return sample
}

func isBlank(s string) bool { return trimFold(s) == "" }

// hexOctet reads two hexadecimal digits of either case.
func hexOctet(a, b byte) (byte, bool) {
	x, y := hexDigit(a), hexDigit(b)
	return x<<4 | y, x < 16 && y < 16
}

func hexDigit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// decodeBase64 decodes what base64 there is: other octets are passed over, and padding may be wrong, missing
// or in the middle, where encoded pieces were joined.
func decodeBase64(b []byte) []byte { return appendBase64(nil, view(b)) }

func appendBase64(out []byte, s string) []byte {
	out = slices.Grow(out, len(s)/4*3+3)
	var acc uint32
	n := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		v := base64Values[c]
		if v < 64 {
			acc = acc<<6 | uint32(v)
			if n++; n == 4 {
				out = append(out, byte(acc>>16), byte(acc>>8), byte(acc))
				acc, n = 0, 0
			}
			continue
		}
		if c == '=' {
			out = flushBase64(out, acc, n)
			acc, n = 0, 0
		}
	}
	return flushBase64(out, acc, n)
}

// flushBase64 writes the octets of a last group of n sextets.
func flushBase64(out []byte, acc uint32, n int) []byte {
	switch n {
	case 2:
		return append(out, byte(acc>>4))
	case 3:
		return append(out, byte(acc>>10), byte(acc>>2))
	}
	return out
}

// base64Values maps octets to sextets, and all others to 0xff. The URL alphabet is read too.
var base64Values = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
		t[c] = byte(i)
	}
	t['-'], t['_'] = 62, 63
	return t
}()
