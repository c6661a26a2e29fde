package cli

import (
	"strconv"
	"time"
	"unicode/utf8"

	"popmark/message"
	"popmark/triage"
)

// object writes one line of JSON, in the order of the calls. It is written by hand since
// a list of a hundred thousand messages is made of it, and since a UIDL needs escapes
// that encoding/json does not make.
type object struct {
	b     []byte
	comma bool
}

// begin starts a line, in the space of the one before.
func (o *object) begin() { o.b, o.comma = append(o.b[:0], '{'), false }

// end gives the finished line.
func (o *object) end() []byte {
	o.b = append(o.b, '}', '\n')
	return o.b
}

func (o *object) key(name string) {
	if o.comma {
		o.b = append(o.b, ',')
	}
	o.comma = true
	o.b = append(o.b, '"')
	o.b = append(o.b, name...)
	o.b = append(o.b, '"', ':')
}

func (o *object) int(name string, n int64) {
	o.key(name)
	o.b = strconv.AppendInt(o.b, n, 10)
}

func (o *object) bool(name string, v bool) {
	o.key(name)
	o.b = strconv.AppendBool(o.b, v)
}

func (o *object) text(name string, s message.Safe) {
	o.key(name)
	o.b = appendText(o.b, string(s))
}

// uid writes a UIDL as the server gave it, so that it can be used again behind uid:.
func (o *object) uid(s string) { o.exact("uid", triage.UIDText(s)) }

// exact writes text that is to be used again, such as a path: nothing is replaced, and
// whatever is not safe to print is escaped.
func (o *object) exact(name, s string) {
	o.key(name)
	o.b = appendExact(o.b, s)
}

func (o *object) date(name string, t time.Time, known bool) {
	o.key(name)
	if !known || t.Year() < 0 || t.Year() > 9999 {
		o.b = append(o.b, "null"...)
		return
	}
	o.b = append(o.b, '"')
	o.b = t.AppendFormat(o.b, time.RFC3339)
	o.b = append(o.b, '"')
}

func (o *object) list(name string, items []message.Safe) {
	o.key(name)
	o.b = append(o.b, '[')
	for i, item := range items {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = appendText(o.b, string(item))
	}
	o.b = append(o.b, ']')
}

// addresses writes a list of addresses as a header has it, in one text.
func (o *object) addresses(name string, list []message.Address) {
	o.key(name)
	o.b = append(o.b, '"')
	for i, a := range list {
		if i > 0 {
			o.b = append(o.b, ", "...)
		}
		o.b = appendSafe(o.b, string(a.Name))
		switch {
		case a.Name == "":
			o.b = appendSafe(o.b, string(a.Address))
		case a.Address != "":
			o.b = append(appendSafe(append(o.b, " <"...), string(a.Address)), '>')
		}
	}
	o.b = append(o.b, '"')
}

// appendText quotes text that is safe already.
func appendText(b []byte, s string) []byte {
	return append(appendSafe(append(b, '"'), s), '"')
}

// appendSafe appends what stands between the quotes: text that is safe already has only to be what JSON asks for.
func appendSafe(b []byte, s string) []byte {
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= 0x20 && c != '"' && c != '\\' && c != 0x7f {
				i++
				continue
			}
			b = append(b, s[from:i]...)
			b = appendEscape(b, rune(c))
			i++
			from = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || r == 0x2028 || r == 0x2029 {
			b = append(b, s[from:i]...)
			b = appendEscape(b, r)
			from = i + size
		}
		i += size
	}
	return append(b, s[from:]...)
}

// appendExact quotes text as it is. Octets that are no UTF-8 have no form in JSON: they become U+FFFD.
func appendExact(b []byte, s string) []byte {
	if string(message.MakeSafe(s)) == s {
		return appendText(b, s)
	}
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\' || r == utf8.RuneError, string(message.MakeSafe(string(r))) != string(r):
			b = appendEscape(b, r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

func appendEscape(b []byte, r rune) []byte {
	if r == '"' || r == '\\' {
		return append(b, '\\', byte(r))
	}
	if r > 0xffff {
		r -= 0x10000
		return appendEscape(appendEscape(b, 0xd800+r>>10), 0xdc00+r&0x3ff)
	}
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', hex[r>>12&0xf], hex[r>>8&0xf], hex[r>>4&0xf], hex[r&0xf])
}
