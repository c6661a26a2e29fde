package message

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Safe is text that can be shown on a terminal: valid UTF-8 in one line, without control characters,
// escape sequences, bidirectional controls or invisible characters. Text from a server becomes Safe through
// [MakeSafe] and [MakeSafeText] only; a program's own constants are Safe as they stand.
type Safe string

// String returns s as a string.
func (s Safe) String() string { return string(s) }

// hidden stands for what was there and must not be shown: one for a whole run.
const hidden = utf8.RuneError

// maxMarks is how many combining marks one character may bear. Living languages need four at most; what
// is piled higher runs over the neighbouring lines.
const maxMarks = 4

// MakeSafe makes text from anywhere safe to show in one line. A control character becomes its picture (ESC
// is ␛, LF is ␊), a tab a space; octets that are not UTF-8, bidirectional controls, invisible, private and
// unassigned characters and floods of combining marks become U+FFFD, one for a run. Joiners are left out or
// kept only where the script around them needs them, so that they hide nothing.
//
// MakeSafe is idempotent and returns s itself, without an allocation, where nothing needs to change.
func MakeSafe(s string) Safe {
	clean := asciiPrefix(s)
	if clean == len(s) {
		return Safe(s)
	}
	m := safeMaker{src: s}
	if clean > 0 {
		m.prev = rune(s[clean-1])
	}
	return m.run(clean)
}

// MakeSafeText makes text of many lines safe: one Safe a line, whether they end in LF, CRLF or CR. Tabs are
// widened to columns of eight cells. A line end at the end of the text does not make an empty line.
func MakeSafeText(s string) []Safe {
	if s == "" {
		return nil
	}
	lines := make([]Safe, 0, strings.Count(s, "\n")+1)
	for s != "" {
		line, rest := s, ""
		if i := strings.IndexAny(s, "\r\n"); i >= 0 {
			line, rest = s[:i], s[i+1:]
			if s[i] == '\r' && strings.HasPrefix(rest, "\n") {
				rest = rest[1:]
			}
		}
		lines = append(lines, safeLine(line))
		s = rest
	}
	return lines
}

// safeLine makes one line safe and widens its tabs.
func safeLine(line string) Safe {
	if strings.IndexByte(line, '\t') < 0 {
		return MakeSafe(line)
	}
	var b strings.Builder
	column := 0
	for i, cell := range strings.Split(line, "\t") {
		if i > 0 {
			gap := 8 - column%8
			b.WriteString("        "[:gap])
			column += gap
		}
		safe := MakeSafe(cell)
		b.WriteString(string(safe))
		column += Wcwidth.Width(safe)
	}
	// Once more over the whole, since a mark may now follow another cell's end.
	return MakeSafe(b.String())
}

// asciiPrefix returns how many octets at the start of s are printable ASCII.
func asciiPrefix(s string) int {
	i := 0
	for ; i+32 <= len(s); i += 32 {
		if unprintable(s[i:i+8])|unprintable(s[i+8:i+16])|unprintable(s[i+16:i+24])|unprintable(s[i+24:i+32]) != 0 {
			break
		}
	}
	for i < len(s) && s[i] >= 0x20 && s[i] < 0x7f {
		i++
	}
	return i
}

// unprintable returns a number other than zero where one of eight octets is not printable ASCII: below 0x20,
// 0x7f or above. Borrows can give a false alarm, never a miss.
func unprintable(w string) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	_ = w[7]
	v := uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 |
		uint64(w[4])<<32 | uint64(w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
	return ((v - ones*0x20) | (v + ones) | v) & highs
}

// safeMaker is one run of MakeSafe. out stays nil until something has to change.
type safeMaker struct {
	src      string
	out      []byte
	prev     rune // the last rune that was written; 0 at the start
	marks    int  // combining marks since the last base
	inHidden bool // the last thing written was a run's replacement
}

func (m *safeMaker) run(from int) Safe {
	src := m.src
	for i := from; i < len(src); {
		r, size := rune(src[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(src[i:])
		}
		if isCommon(r) {
			if m.out != nil {
				m.out = append(m.out, src[i:i+size]...)
			}
			m.prev, m.marks, m.inHidden = r, 0, false
		} else {
			m.rune(i, r, size)
		}
		i += size
	}
	if m.out == nil {
		return Safe(src)
	}
	return Safe(m.out)
}

func (m *safeMaker) rune(i int, r rune, size int) {
	switch c := classify(r); {
	case r == utf8.RuneError && size == 1:
		m.replace(i, hidden)
	case c == plainRune:
		m.keep(i, r, size)
		m.marks = 0
	case c == controlRune:
		m.replace(i, picture(r))
		m.marks = 0
	case c == markRune:
		m.mark(i, r, size)
	case c == selectorRune && selects(m.prev, r), r == zwnj && m.shapes(i, size):
		m.keep(i, r, size)
	case c == joinerRune && (isEmoji(m.prev) && r == zwj || m.shapes(i, size)),
		c == directionRune && (isRTL(m.prev) || isRTL(m.next(i+size))):
		m.drop(i)
	default:
		m.hide(i)
	}
}

// keep writes a rune as it is.
func (m *safeMaker) keep(i int, r rune, size int) {
	if m.out != nil {
		m.out = append(m.out, m.src[i:i+size]...)
	}
	m.prev, m.inHidden = r, false
}

// replace writes another rune.
func (m *safeMaker) replace(i int, with rune) {
	m.drop(i)
	m.out = utf8.AppendRune(m.out, with)
	m.prev, m.inHidden = with, false
}

// drop writes nothing: what was here changes no letter.
func (m *safeMaker) drop(i int) {
	if m.out == nil {
		m.out = make([]byte, i, len(m.src)+len(m.src)/8+8)
		copy(m.out, m.src)
	}
}

// hide writes one replacement for a whole run.
func (m *safeMaker) hide(i int) {
	if m.inHidden {
		return
	}
	m.replace(i, hidden)
	m.inHidden = true
}

func (m *safeMaker) mark(i int, r rune, size int) {
	if m.prev == 0 { // no base: it would land on whatever stands before the text
		m.replace(i, '◌')
		m.out = append(m.out, m.src[i:i+size]...)
		m.prev, m.marks = r, 1
		return
	}
	if m.marks++; m.marks > maxMarks {
		m.hide(i)
		return
	}
	m.keep(i, r, size)
}

func (m *safeMaker) next(i int) rune {
	if i >= len(m.src) {
		return 0
	}
	r, _ := utf8.DecodeRuneInString(m.src[i:])
	return r
}

// shapes tells whether the rune at i stands between two letters of a script whose letters join or whose
// words are not spaced, where joiners belong to spelling.
func (m *safeMaker) shapes(i, size int) bool {
	next := m.next(i + size)
	return isComplex(m.prev) && isComplex(next) && classify(next) == plainRune
}

// picture returns the visible form of a control character.
func picture(r rune) rune {
	switch {
	case r == '\t':
		return ' '
	case r < 0x20:
		return '␀' + r
	case r == 0x7f:
		return '␡'
	case r == 0x85, r == 0x2028, r == 0x2029:
		return '␤'
	}
	return hidden
}

const (
	zwnj = '\u200c'
	zwj  = '\u200d'
)

type runeClass uint8

const (
	plainRune     runeClass = iota
	controlRune             // C0, DEL, C1, line and paragraph separators
	markRune                // combining, without a width of its own
	selectorRune            // variation selectors
	joinerRune              // zero-width and soft hyphen: part of spelling in some scripts
	directionRune           // the implicit marks of right-to-left text
	hiddenRune
)

// isCommon tells, without any table, whether r is of a common script and plain.
func isCommon(r rune) bool {
	switch {
	case r < 0x300:
		return r >= 0x20 && r < 0x7f || r >= 0xa0 && r != 0xad
	case r < 0x1000:
		return r >= 0x400 && r <= 0x481 || r >= 0x48a && r <= 0x52f || r >= 0x3a3 && r <= 0x3ce || r >= 0x391 && r <= 0x3a1 ||
			r >= 0x5d0 && r <= 0x5ea || r >= 0x620 && r <= 0x64a || r >= 0xe01 && r <= 0xe30
	case r < 0xa000:
		return r >= 0x4e00 || r >= 0x3041 && r <= 0x3096 || r >= 0x30a0 && r <= 0x30ff || r >= 0x3000 && r <= 0x3029 || r >= 0x2010 && r <= 0x2027
	}
	return r >= 0xac00 && r <= 0xd7a3 || r >= 0xff01 && r <= 0xff9f || r >= 0x1f300 && r <= 0x1f64f
}

// classify tells what MakeSafe does with r.
func classify(r rune) runeClass {
	switch {
	case isCommon(r):
		return plainRune
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return controlRune
	case r == 0x34f, r == 0x115f, r == 0x1160, r == 0x17b4, r == 0x17b5, r == 0x3164, r == 0xffa0:
		return hiddenRune // letters and marks by their category, but drawn as nothing
	case r >= 0x180b && r <= 0x180f, r >= 0xfe00 && r <= 0xfe0f, r >= 0xe0100 && r <= 0xe01ef:
		return selectorRune
	case r == 0xad, r == 0x200b, r == zwnj, r == zwj, r == 0x2060:
		return joinerRune
	case r == 0x61c, r == 0x200e, r == 0x200f:
		return directionRune
	case r == 0x2028, r == 0x2029:
		return controlRune
	case r >= 0x600 && r <= 0x605, r == 0x6dd, r == 0x8e2, r == 0x110bd, r == 0x110cd:
		return plainRune // format characters by their category, but drawn
	case unicode.In(r, unicode.Mn, unicode.Me):
		return markRune
	case unicode.IsGraphic(r):
		return plainRune
	}
	return hiddenRune // format, private use, surrogate, unassigned
}

// selects tells whether the variation selector vs has something to select on base.
func selects(base, vs rune) bool {
	switch {
	case vs == 0xfe0e, vs == 0xfe0f:
		return base >= 0x2190 && classify(base) == plainRune && !unicode.IsLetter(base) ||
			base == 0xa9 || base == 0xae || base == '#' || base == '*' || base >= '0' && base <= '9'
	case vs >= 0x180b && vs <= 0x180f:
		return base >= 0x1820 && base <= 0x18aa
	}
	return unicode.Is(unicode.Han, base)
}

func isEmoji(r rune) bool {
	return r >= 0x1f000 && r <= 0x1faff || r >= 0x2190 && r <= 0x2bff || r == 0xfe0f
}

// isComplex tells whether r is of a script that is written joined or without spaces: Arabic, Syriac, the
// scripts of India, Thai, Lao, Tibetan, Myanmar, Khmer, Mongolian and their neighbours.
func isComplex(r rune) bool {
	return (r >= 0x620 && r <= 0x109f || r >= 0x1780 && r <= 0x18aa || r >= 0x1a20 && r <= 0x1cff ||
		r >= 0xa840 && r <= 0xabff || r >= 0xfb50 && r <= 0xfefc) && (unicode.IsLetter(r) || unicode.IsMark(r))
}

func isRTL(r rune) bool {
	return r >= 0x590 && r <= 0x8ff || r >= 0xfb1d && r <= 0xfefc || r >= 0x10800 && r <= 0x10fff ||
		r >= 0x1e800 && r <= 0x1efff
}
