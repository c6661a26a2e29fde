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
	s = strings.TrimLeft(strings.TrimPrefix(s, "\ufeff"), " \t")
	colon := strings.IndexByte(s, ':')
	if colon <= 0 {
		return "", "", false
	}
	name = strings.TrimRight(s[:colon], " \t")
	for i := range len(name) {
		if name[i] <= ' ' || name[i] >= 0x7f {
			return "", "", false
		}
	}
	value = s[colon+1:]
	if len(value) > maxFieldOctets {
		value = value[:maxFieldOctets]
	}
	return name, value, name != ""
}

// unfold takes the line ends out of a field's value (RFC 5322 section 2.2.3) and the spaces off its ends.
func unfold(value string) string {
	value = strings.Trim(value, " \t\r\n")
	if strings.IndexByte(value, '\n') < 0 {
		return value
	}
	var b strings.Builder
	b.Grow(len(value))
	for line := range strings.Lines(value) {
		b.WriteString(strings.TrimRight(line, "\r\n"))
	}
	return b.String()
}
