package message

import (
	"bytes"
	"iter"
	"strings"
	"unsafe"
)

// maxFieldOctets is how much of one field's value is read; what is beyond is left out.
const maxFieldOctets = 256 << 10

// rawField is one header field as it came: its value may be folded and holds no decoded text.
type rawField struct{ name, value string }

// Split divides a message, or what TOP gave of it, at the empty line after its header section. Without such
// a line all of it is header.
func Split(raw []byte) (header, body []byte) {
	header, body, _ = split(raw)
	return header, body
}

// split is Split, and tells whether the empty line was there.
func split(raw []byte) (header, body []byte, ended bool) {
	for at := 0; at < len(raw); {
		n := bytes.IndexByte(raw[at:], '\n')
		if n < 0 {
			break
		}
		if len(bytes.TrimRight(raw[at:at+n], "\r")) == 0 {
			return raw[:at], raw[at+n+1:], true
		}
		at += n + 1
	}
	return raw, nil, false
}

// view returns b as a string without copying it. The result must not outlive the call that b was given to:
// what is kept of it is cloned.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// rawFields yields the fields of a header section up to its empty line. A line that is neither a field nor
// the continuation of one is left out.
func rawFields(header string) iter.Seq[rawField] {
	return func(yield func(rawField) bool) {
		for rest := header; rest != ""; {
			line := rest
			if i := strings.IndexByte(rest, '\n'); i >= 0 {
				line = rest[:i]
			}
			if strings.TrimRight(line, "\r") == "" {
				return
			}
			end := fieldEnd(rest, len(line))
			name, value, ok := cutField(rest[:end])
			rest = rest[end:]
			if ok && !yield(rawField{name, value}) {
				return
			}
		}
	}
}

// fieldEnd returns where the field whose first line is n octets long ends, continuation lines included.
func fieldEnd(s string, n int) int {
	for n < len(s) {
		n++ // the LF
		if n == len(s) || s[n] != ' ' && s[n] != '\t' {
			break
		}
		i := strings.IndexByte(s[n:], '\n')
		if i < 0 {
			return len(s)
		}
		n += i
	}
	return n
}

// cutField divides a field at its colon. A first line may be indented or begin with a byte order mark
// by mistake, and spaces may stand before the colon.
func cutField(s string) (name, value string, ok bool) {
	start := 0
	if strings.HasPrefix(s, "\ufeff") {
		start = len("\ufeff")
	}
	for start < len(s) && isBlankOctet(s[start]) {
		start++
	}
	end := start
	for end < len(s) && s[end] > ' ' && s[end] < 0x7f && s[end] != ':' {
		end++
	}
	colon := end
	for colon < len(s) && isBlankOctet(s[colon]) {
		colon++
	}
	if end == start || colon == len(s) || s[colon] != ':' {
		return "", "", false
	}
	value = s[colon+1:]
	if len(value) > maxFieldOctets {
		value = value[:maxFieldOctets]
	}
	return s[start:end], value, true
}

func isBlankOctet(c byte) bool { return c == ' ' || c == '\t' }

// trimFold takes spaces, tabs and line ends off both ends of s. It does what strings.Trim does with these four,
// which builds a table of them anew for every field.
func trimFold(s string) string {
	for s != "" && (isBlankOctet(s[0]) || s[0] == '\r' || s[0] == '\n') {
		s = s[1:]
	}
	for s != "" && (isBlankOctet(s[len(s)-1]) || s[len(s)-1] == '\r' || s[len(s)-1] == '\n') {
		s = s[:len(s)-1]
	}
	return s
}

// unfold takes the line ends out of a field's value (RFC 5322 section 2.2.3) and the spaces off its ends.
func unfold(value string) string {
	value = trimFold(value)
	if strings.IndexByte(value, '\n') < 0 {
		return value
	}
	var b strings.Builder
	b.Grow(len(value))
	for {
		end := strings.IndexByte(value, '\n')
		if end < 0 {
			b.WriteString(strings.TrimRight(value, "\r"))
			return b.String()
		}
		b.WriteString(strings.TrimRight(value[:end], "\r"))
		value = value[end+1:]
	}
}
