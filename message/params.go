package message

import (
	"slices"
	"strconv"
	"strings"
)

// mediaType is a Content-Type or Content-Disposition value taken apart (RFC 2045 section 5.1, RFC 2183).
type mediaType struct {
	name   string // in lower case, such as "text/plain" or "attachment"
	params []param
}

// param is one parameter as it was written, or one piece of it (RFC 2231 section 3).
type param struct {
	name    string // in lower case, without asterisks
	value   string // without its quotation marks
	section int    // the piece's number; -1 where the value is whole
	percent bool   // percent-encoded, the first piece behind charset'language' (RFC 2231 section 4)
}

// maxParams bounds the parameters that are read of one value.
const maxParams = 200

// parseMediaType reads a value as far as it goes: values without their quotation marks may hold spaces, and a
// quotation mark may be missing.
func parseMediaType(value string) mediaType {
	value = unfold(value)
	var m mediaType
	scan := newAddressScanner(value)
	start := 0
	part := func(end int) {
		p := strings.TrimSpace(value[start:end])
		start = end + 1
		if m.name == "" && !strings.Contains(p, "=") {
			m.name = strings.ToLower(strings.Join(strings.Fields(p), ""))
		} else if q, ok := parseParam(p); ok && len(m.params) < maxParams {
			m.params = append(m.params, q)
		}
	}
	for i := 0; i < len(value); {
		next := i + 1
		switch value[i] {
		case ';':
			part(i)
		case '"':
			next = scan.quoted(i)
		}
		i = next
	}
	part(len(value))
	return m
}

func parseParam(s string) (param, bool) {
	name, value, ok := cutFirst(s, '=')
	name = strings.ToLower(strings.TrimSpace(name))
	value = strings.TrimSpace(value)
	if !ok || name == "" {
		return param{}, false
	}
	if strings.HasPrefix(value, `"`) {
		end := newAddressScanner(value).quoted(0)
		if end > 1 {
			value = value[:end] // a comment may follow
		}
		value = unquoteParam(value)
	} else if i := strings.Index(value, " ("); i > 0 && strings.HasSuffix(value, ")") {
		value = strings.TrimSpace(value[:i])
	}
	p := param{name: name, value: value, section: -1}
	if base, rest, ok := cutFirst(name, '*'); ok {
		p.name = base
		if strings.HasSuffix(name, "*") {
			p.percent = true
			rest = strings.TrimSuffix(rest, "*")
		}
		if rest != "" {
			n, err := strconv.Atoi(rest)
			if err != nil || n < 0 || n > 9999 {
				return param{}, false
			}
			p.section = n
		}
	}
	return p, true
}

// unquoteParam takes the quotation marks off. A backslash stays where it escapes nothing, since some write
// folders with it.
func unquoteParam(s string) string {
	s = strings.TrimSuffix(strings.TrimPrefix(s, `"`), `"`)
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(s)
}

// get returns a parameter's octets, its pieces joined and percent-decoded, and the charset that it names for them.
func (m mediaType) get(name string) (value, charset string) {
	var pieces []param
	plain, hasPlain := "", false
	for _, p := range m.params {
		switch {
		case p.name != name:
		case p.section < 0 && !p.percent:
			if !hasPlain {
				plain, hasPlain = p.value, true
			}
		default:
			pieces = append(pieces, p)
		}
	}
	if len(pieces) == 0 {
		return plain, ""
	}
	slices.SortStableFunc(pieces, func(a, b param) int { return a.section - b.section })
	var b strings.Builder
	for i, p := range pieces {
		if i > 0 && p.section == pieces[i-1].section {
			continue // written twice
		}
		v := p.value
		if p.percent {
			if cs, rest, ok := cutFirst(v, '\''); i == 0 && ok {
				if _, text, ok := cutFirst(rest, '\''); ok {
					charset, v = cs, text
				}
			}
			v = percentDecode(v)
		}
		b.WriteString(v)
	}
	return b.String(), charset
}

// raw returns a parameter's octets.
func (m mediaType) raw(name string) string {
	value, _ := m.get(name)
	return value
}

// param returns a parameter as text: decoded as RFC 2231 says, or as the encoded word that many write instead.
func (h *headerText) param(m mediaType, name string) string {
	value, charset := m.get(name)
	if charset == "" {
		return h.decode(value)
	}
	text, _ := h.decodeOctets(charset, []byte(value))
	return text
}

func percentDecode(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' && i+2 < len(s) {
			if v, ok := hexOctet(s[i+1], s[i+2]); ok {
				c = v
				i += 2
			}
		}
		out = append(out, c)
	}
	return string(out)
}

// mediaTypeOf returns a Content-Type value's media type alone, as [Envelope] shows it.
func mediaTypeOf(value string) Safe {
	value, _, _ = cutFirst(value, ';')
	value = strings.Trim(value, " \t\r\n")
	switch {
	case strings.EqualFold(value, "text/plain"), value == "", strings.EqualFold(value, "text"):
		return "text/plain"
	case strings.ContainsAny(value, " \t("):
		value, _, _ = strings.Cut(strings.Join(strings.Fields(value), " "), " ")
	}
	return shorten(MakeSafe(strings.ToLower(value)), maxAddressText)
}
