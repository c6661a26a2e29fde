package message

import (
	"iter"
	"strings"
)

// Address is one mailbox of an address header (RFC 5322 section 3.4).
type Address struct {
	// Name is the decoded display name, or "" where there is none. A group without members is its name alone.
	Name Safe `json:"name,omitzero"`
	// Address is the addr-spec as it was written, so that it can be compared; [Address.Shown] is for reading.
	Address Safe `json:"address,omitzero"`
}

// String returns the address as a person reads it: the name with the address behind it, or whichever there is.
func (a Address) String() string {
	switch {
	case a.Name == "":
		return string(a.Shown())
	case a.Address == "":
		return string(a.Name)
	}
	return string(a.Name) + " <" + string(a.Shown()) + ">"
}

// maxAddressText is how many octets are kept of a display name, and of an address.
const maxAddressText = 512

// addresses reads an address header's value, already unfolded. Structure is found before encoded words are
// decoded, so that a decoded comma or bracket changes nothing.
func (h *headerText) addresses(value string) iter.Seq[Address] {
	value = h.decodeLookalikes(value)
	return func(yield func(Address) bool) {
		for entry, isGroup := range addressEntries(value) {
			var a Address
			if isGroup {
				a.Name = shorten(MakeSafe(h.decode(unquote(entry))), maxAddressText)
			} else {
				a = h.mailbox(entry)
			}
			if a != (Address{}) && !yield(a) {
				return
			}
		}
	}
}

// firstAddress returns the first mailbox of a value that has an address, else the first at all.
func (h *headerText) firstAddress(value string) (first Address) {
	if value == "" {
		return Address{}
	}
	n := 0
	for a := range h.addresses(unfold(value)) {
		n++
		switch {
		case n == 2 && surname(first) != "" && a.Name != "" && strings.IndexByte(string(a.Address), '@') > 0:
			a.Name = shorten(MakeSafe(string(surname(first)+", "+a.Name)), maxAddressText)
			return a
		case first.Address != "":
			return first
		case n == 1:
			first = a
		case a.Address != "":
			return a
		}
	}
	return first
}

// addressEntries divides a list at its commas, and at the semicolons that some write for them. A group gives its
// members, or its name, marked true, where it has none.
func addressEntries(s string) iter.Seq2[string, bool] {
	return func(yield func(string, bool) bool) {
		if isOne(s) {
			if e := strings.Trim(s, " \t"); e != "" {
				yield(e, false)
			}
			return
		}
		scan := newAddressScanner(s)
		lastSemicolon := strings.LastIndexByte(s, ';')
		start, group, members, hasAt := 0, "", 0, false
		seen := false
		entry := func(end int) bool {
			e := strings.Trim(s[start:end], " \t")
			hasAt = false
			if e == "" || (group != "" || seen) && isComment(e) {
				return true
			}
			members, seen = members+1, true
			return yield(e, false)
		}
		for i := 0; i < len(s); {
			switch c := s[i]; {
			case c == ',' || c == ';':
				if !entry(i) {
					return
				}
				if c == ';' {
					if seen = seen || group != ""; group != "" && members == 0 && !yield(group, true) {
						return
					}
					group = ""
				}
				start = i + 1
			case c == ':' && i < lastSemicolon && group == "" && !hasAt:
				group, members = strings.Trim(s[start:i], " \t"), 0
				start = i + 1
			}
			next := scan.next(i)
			hasAt = hasAt || s[i] == '@' || next > i+1 && strings.IndexByte(s[i:next], '@') >= 0
			for next < len(s) && isTextOctet[s[next]] {
				next++
			}
			i = next
		}
		entry(len(s))
	}
}

// isOne tells whether nothing in s can divide a list: so it is with most.
func isOne(s string) bool {
	return strings.IndexByte(s, ',') < 0 && strings.IndexByte(s, ';') < 0 && strings.IndexByte(s, ':') < 0
}

// isComment tells whether e is one comment and nothing else.
func isComment(e string) bool {
	return e[0] == '(' && newAddressScanner(e).comment(0) == len(e) && len(e) > 1
}

// emptyGroup returns the name of a group that has no members and that was written in brackets, in quotes or
// without its semicolon: "undisclosed-recipients:".
func emptyGroup(s string) (name string, ok bool) {
	name, ok = strings.CutSuffix(strings.TrimRight(s, " \t;"), ":")
	return strings.TrimSpace(name), ok && name != "" && strings.IndexByte(name, '@') < 0
}

// addressScanner steps over an address header's value, taking quoted strings, comments, encoded words, bracketed
// addresses and domain literals as one step each. Where one of these is never closed, its opening is an
// ordinary character. Every octet is looked at a bounded number of times.
type addressScanner struct {
	s                              string
	noQuote, noComment, noBrackets bool
}

func newAddressScanner(s string) *addressScanner { return &addressScanner{s: s} }

// next returns where the step that begins at i ends.
func (a *addressScanner) next(i int) int {
	switch a.s[i] {
	case '\\':
		return min(i+2, len(a.s))
	case '"':
		return a.quoted(i)
	case '(':
		return a.comment(i)
	case '<':
		if n := strings.IndexAny(a.s[i+1:], "<>"); n >= 0 && a.s[i+1+n] == '>' {
			return i + n + 2
		}
	case '[':
		if !a.noBrackets {
			if n := strings.IndexByte(a.s[i:], ']'); n >= 0 {
				return i + n + 1
			}
			a.noBrackets = true
		}
	case '=':
		if w, ok := parseWord(a.s[i:]); ok {
			return i + w.size
		}
	}
	return i + 1
}

func (a *addressScanner) quoted(i int) int {
	if a.noQuote {
		return i + 1
	}
	for j := i + 1; j < len(a.s); j++ {
		switch a.s[j] {
		case '\\':
			j++
		case '"':
			return j + 1
		}
	}
	a.noQuote = true
	return i + 1
}

func (a *addressScanner) comment(i int) int {
	if a.noComment {
		return i + 1
	}
	depth := 0
	for j := i; j < len(a.s); j++ {
		switch a.s[j] {
		case '\\':
			j++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return j + 1
			}
		}
	}
	a.noComment = true
	return i + 1
}

// address reads one mailbox.
func (h *headerText) address(entry string, depth int) Address {
	phrase, comment, bracketed, isBracketed := dissect(entry)
	spec := bracketed
	if !isBracketed {
		spec, phrase = specInPhrase(phrase)
	}
	if group, ok := emptyGroup(spec); ok {
		spec, comment = "", ""
		if strings.TrimSpace(phrase) == "" {
			phrase = group
		}
	}
	name := phrase
	if comment != "" { // it leaves spaces on both its sides
		name = strings.Join(strings.Fields(name), " ")
	}
	if strings.ContainsAny(name, `"\`) {
		name = unquote(name)
	}
	name = strings.TrimSpace(h.decode(strings.TrimSpace(name)))
	if group, ok := emptyGroup(name); ok && spec == "" && !isBracketed {
		return Address{Name: shorten(MakeSafe(group), maxAddressText)}
	}
	if spec == "" && depth == 0 && strings.Contains(name, "@") && strings.Contains(entry, "=?") {
		return h.address(name, depth+1) // the whole mailbox was encoded
	}
	if name == "" && comment != "" {
		name = strings.TrimSpace(h.decode(unquote(comment)))
	}
	return Address{
		Name:    shorten(MakeSafe(name), maxAddressText),
		Address: shorten(MakeSafe(h.decodeSpec(spec)), maxAddressText),
	}
}

// decodeSpec decodes an addr-spec, which should need none. Encoded words count in the local part only, and what
// they hold is quoted: decoded, it could look like another address.
func (h *headerText) decodeSpec(spec string) string {
	if !strings.Contains(spec, "=?") {
		return h.decodeRaw(spec)
	}
	at := strings.LastIndexByte(spec, '@')
	if at < 0 {
		return h.decode(spec)
	}
	local := h.decode(spec[:at])
	if strings.ContainsAny(local, "@<>()[],:;\\\" ") {
		local = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(local) + `"`
	}
	return local + h.decodeRaw(spec[at:])
}

// dissect takes a mailbox apart: the text outside brackets and comments, the last comment's text, and what
// the angle brackets hold.
func dissect(entry string) (phrase, comment, bracketed string, isBracketed bool) {
	if strings.IndexByte(entry, '(') < 0 && strings.IndexByte(entry, '<') < 0 {
		return entry, "", "", false
	}
	scan := newAddressScanner(entry)
	lastOpen, lastAt := strings.LastIndexByte(entry, '<'), strings.LastIndexByte(entry, '@')
	var text strings.Builder
	start := 0
	leaveOut := func(from, to int) {
		text.WriteString(entry[start:from])
		text.WriteByte(' ')
		start = to
	}
	for i := 0; i < len(entry); {
		end := scan.next(i)
		switch step := entry[i:end]; {
		case step[0] == '(' && len(step) > 1:
			comment = step[1 : len(step)-1]
			leaveOut(i, end)
		case step[0] == '<' && len(step) > 1:
			if !isBracketed || strings.IndexByte(bracketed, '@') < 0 {
				bracketed, isBracketed = cleanSpec(step[1:len(step)-1]), true
			}
			leaveOut(i, end)
		case i == lastOpen && lastAt > i: // never closed
			return text.String() + entry[start:i], comment, cleanSpec(entry[end:]), true
		case step == "<", step == ">":
			leaveOut(i, end)
		}
		i = end
	}
	if start == 0 {
		return entry, comment, bracketed, isBracketed
	}
	return text.String() + entry[start:], comment, bracketed, isBracketed
}

// cleanSpec brings what stood between angle brackets to a bare addr-spec: without spaces, comments, a source route
// (RFC 5322 section 4.4) or a scheme.
func cleanSpec(s string) string {
	s = strings.Trim(s, " \t<>")
	if strings.HasPrefix(s, "@") {
		if i := strings.IndexByte(s, ':'); i > 0 {
			s = s[i+1:]
		}
	}
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s = s[7:]
	}
	if !strings.ContainsAny(s, " \t(") {
		return s
	}
	scan := newAddressScanner(s)
	var spec strings.Builder
	for i := 0; i < len(s); {
		end := scan.next(i)
		if step := s[i:end]; step != " " && step != "\t" && (step[0] != '(' || len(step) == 1) {
			spec.WriteString(step)
		}
		i = end
	}
	return spec.String()
}

// specInPhrase finds the addr-spec in a mailbox without angle brackets, and what is left for a name. A word
// without "@" is an address only where it stands alone.
func specInPhrase(s string) (spec, rest string) {
	s = strings.TrimSpace(s)
	if strings.IndexByte(s, '@') < 0 {
		if s != "" && !strings.ContainsAny(s, " \t\"") && !strings.Contains(s, "=?") {
			return s, ""
		}
		return "", s
	}
	scan := newAddressScanner(s)
	at := -1
	for i := 0; i < len(s); i = scan.next(i) {
		if s[i] == '@' {
			at = i
			break
		}
	}
	if at < 0 {
		return "", s // inside quotes or an encoded word
	}
	// Spaces may stand around the "@" and around dots (RFC 5322 section 4.4).
	left := strings.TrimRight(s[:at], " \t")
	start := localPartStart(left)
	right := strings.TrimLeft(s[at+1:], " \t")
	end := strings.IndexAny(right, " \t")
	if end < 0 {
		end = len(right)
	}
	return cleanSpec(left[start:] + "@" + right[:end]), strings.TrimSpace(left[:start] + right[end:])
}

// localPartStart returns where the local part that ends s begins: at its quote, or after its last space.
func localPartStart(s string) int {
	scan := newAddressScanner(s)
	start := 0
	for i := 0; i < len(s); {
		end := scan.next(i)
		if s[i] == ' ' || s[i] == '\t' {
			start = end
		}
		i = end
	}
	return start
}

// unquote takes quotation marks and backslashes off a phrase (RFC 5322 section 3.2.4).
func unquote(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// shorten cuts text to at most limit octets, an ellipsis included.
func shorten(s Safe, limit int) Safe {
	if len(s) <= limit {
		return s
	}
	cut := limit - len("…")
	for cut > 0 && s[cut]&0xc0 == 0x80 {
		cut--
	}
	return MakeSafe(string(s[:cut]) + "…")
}
