package message

import (
	"bytes"
	"strings"
)

// decodeTransfer takes a part's Content-Transfer-Encoding off (RFC 2045 section 6). Input that stops anywhere, or
// that is not what it says, gives what there is.
func decodeTransfer(encoding string, body []byte) []byte {
	switch transferKey(encoding) {
	case "quoted-printable":
		return decodeQuotedPrintable(body)
	case "base64":
		return decodeBase64(body)
	case "uuencode":
		return decodeUU(body)
	}
	return body
}

// decodeText is decodeTransfer for text. A mailing list may have put its footer, as it is, behind text in base64.
func decodeText(encoding string, body []byte) []byte {
	if transferKey(encoding) != "base64" {
		return decodeTransfer(encoding, body)
	}
	encoded, footer := cutFooter(body)
	text := decodeBase64(encoded)
	if len(footer) > 0 && len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(text, '\n')
	}
	return append(text, footer...)
}

// cutFooter divides base64 from plain text behind it: a line that can't be base64, after one that looked like the last.
func cutFooter(body []byte) (encoded, footer []byte) {
	at, end, width := 0, 0, 0 // end is behind the last line of base64 where it looked like the last
	ended := false
	for line := range bytes.Lines(body) {
		text := bytes.TrimSpace(line)
		switch {
		case len(text) == 0:
			ended = ended || width > 0
		case ended && isPlainLine(text):
			return body[:end], body[end:]
		case width == 0 && isSentence(text):
			return nil, body // none of it is base64
		default:
			ended = bytes.HasSuffix(text, []byte("=")) || len(text) < width
			width = max(width, len(text))
			end = at + len(line)
		}
		at += len(line)
	}
	return body, nil
}

// isPlainLine tells whether a line is text to read rather than base64, perhaps damaged.
func isPlainLine(line []byte) bool {
	other, rules := 0, 0
	for _, c := range line {
		switch {
		case c < ' ' && c != '\t', c == 0x7f:
			return false
		case c == '-', c == '_':
			rules++
		case c != '=' && base64Values[c] >= 64:
			other++
		}
	}
	return other > 0 || rules == len(line) || bytes.HasPrefix(line, []byte("--"))
}

// isSentence tells whether a line holds words: several signs that base64 does not have, and no control characters.
func isSentence(line []byte) bool {
	signs := 0
	for _, c := range line {
		if c != '=' && base64Values[c] >= 64 {
			signs++
		}
	}
	return signs > 1 && isPlainLine(line)
}

// transferOctets returns how many octets decodeTransfer would give, without decoding what is large.
func transferOctets(encoding string, body []byte) int64 {
	if transferKey(encoding) != "base64" {
		return int64(len(decodeTransfer(encoding, body)))
	}
	n := 0
	for _, c := range body {
		if base64Values[c] < 64 {
			n++
		}
	}
	return int64(n * 3 / 4)
}

// transferKey returns an encoding's canonical name. Comments and semicolons that some put behind it are passed over.
func transferKey(encoding string) string {
	encoding = strings.ToLower(strings.Trim(encoding, " \t\r\n\"';"))
	if i := strings.IndexAny(encoding, " ;("); i > 0 {
		encoding = encoding[:i]
	}
	switch strings.TrimPrefix(encoding, "x-") {
	case "quoted-printable", "quotedprintable", "qp", "quoted":
		return "quoted-printable"
	case "base64", "base-64":
		return "base64"
	case "uuencode", "uue", "uu", "x-uu":
		return "uuencode"
	}
	return ""
}

// decodeQuotedPrintable decodes RFC 2045 section 6.7. An "=" that is no escape stays; half an escape at the very end
// was cut and goes.
func decodeQuotedPrintable(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		line, ending := b, []byte(nil)
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			line, ending = b[:i], b[i:i+1]
			if i > 0 && b[i-1] == '\r' {
				line, ending = b[:i-1], b[i-1:i+1]
			}
		}
		last := len(ending) == 0
		b = b[len(line)+len(ending):]
		if last {
			line = bytes.TrimSuffix(line, []byte("\r")) // half a line end
		}
		// Spaces at a line's end were added on the way.
		text := bytes.TrimRight(line, " \t")
		soft := bytes.HasSuffix(text, []byte("="))
		if last && !soft {
			text = line
		}
		if soft {
			text, ending = text[:len(text)-1], nil
		}
		out = appendUnescaped(out, text, last)
		out = append(out, ending...)
	}
	return out
}

func appendUnescaped(out, text []byte, last bool) []byte {
	for len(text) > 0 {
		i := bytes.IndexByte(text, '=')
		if i < 0 {
			return append(out, text...)
		}
		out, text = append(out, text[:i]...), text[i:]
		if last && len(text) == 2 && hexDigit(text[1]) < 16 {
			return out
		}
		if len(text) >= 3 {
			if c, ok := hexOctet(text[1], text[2]); ok {
				out, text = append(out, c), text[3:]
				continue
			}
		}
		out, text = append(out, '='), text[1:]
	}
	return out
}

// decodeUU decodes the lines between "begin" and "end", or all lines where there is no "begin".
func decodeUU(b []byte) []byte {
	var out []byte
	for line := range bytes.Lines(b) {
		line = bytes.TrimRight(line, "\r\n")
		if bytes.HasPrefix(line, []byte("begin ")) || len(line) == 0 {
			continue
		}
		if bytes.Equal(line, []byte("end")) {
			break
		}
		out = append(out, uuLine(line)...)
	}
	return out
}

// uuLine decodes one line of uuencoded data, whose first character is its length.
func uuLine(line []byte) []byte {
	n := int(line[0]-' ') & 0x3f
	out := make([]byte, 0, n+3)
	for i := 1; i < len(line) && len(out) < n; i += 4 {
		var v [4]byte
		for k := range v {
			if i+k < len(line) {
				v[k] = (line[i+k] - ' ') & 0x3f
			}
		}
		out = append(out, v[0]<<2|v[1]>>4, v[1]<<4|v[2]>>2, v[2]<<6|v[3])
	}
	return out[:min(n, len(out))]
}
