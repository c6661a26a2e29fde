package message

import (
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// maxDate is how many octets of a date are read; a real one has some forty.
const maxDate = 256

// dateParser gathers a date's parts in whatever order they stand.
type dateParser struct {
	day, month, year   int
	hour, minute, sec  int
	hasYear, hasTime   bool
	early              bool // the month's name stood before everything else
	pm, am             bool
	zone               int // minutes east of UTC
	hasOffset, hasName bool
	daylight           bool
	basic              bool // the date had no separators (ISO 8601's basic format), so that its time has none either
}

// parseDate reads a date as RFC 5322 section 3.3 and 4.3 have it, and as mailers of forty years have written
// it: any order, names for zones, two-digit years, asctime, ISO 8601. The zone as written is kept; without
// one it is UTC. ok is false where there is no day, month or year, or no such day.
func parseDate(s string) (t time.Time, ok bool) {
	if t, ok := standardDate(s); ok {
		return t, true
	}
	return looseDate(s)
}

// looseDate is parseDate for dates in any form.
func looseDate(s string) (t time.Time, ok bool) {
	s = s[:min(len(s), maxDate)]
	var p dateParser
	for s != "" {
		var token string
		token, s = dateToken(s)
		switch {
		case token == "":
		case token[0] == '(':
			// Only where nothing better says the zone: "(EST)".
			if !p.hasOffset && !p.hasName {
				p.word(strings.Trim(token, "() "))
			}
		case isDateLetter(token[0]):
			p.word(token)
		case p.isZone(token):
			p.offset(token)
		case s != "" && s[0] >= 0x80 && p.eastAsian(token, &s):
		default:
			p.number(token)
		}
	}
	return p.time()
}

// dateToken cuts the next token off s: a comment, a word of letters, or a run of digits and what joins them.
func dateToken(s string) (token, rest string) {
	s = strings.TrimLeft(s, " \t\r\n,;")
	if s == "" {
		return "", ""
	}
	i := 1
	switch {
	case s[0] == '(':
		if end := strings.IndexByte(s, ')'); end > 0 {
			return s[:end+1], s[end+1:]
		}
		return "", s[1:]
	case isDateLetter(s[0]):
		for i < len(s) && isDateLetter(s[i]) {
			i++
		}
		return s[:i], strings.TrimPrefix(posixRest(s[:i], s[i:]), ".")
	}
	for i < len(s) && strings.IndexByte(" \t\r\n,;(", s[i]) < 0 {
		if s[i] == '+' && s[i-1] != '+' { // 10:00:00+0200
			break
		}
		if isLetter(s[i]) && s[i-1] >= '0' && s[i-1] <= '9' {
			break // 10:00PM, 2026-01-02T10:00:00Z, 1Jan2026
		}
		if s[i] >= utf8.RuneSelf && s[i-1] >= '0' && s[i-1] <= '9' {
			break // 2026年1月31日
		}
		i++
	}
	return s[:i], s[i:]
}

// posixRest returns what follows a zone in the form of POSIX's TZ, such as EST5EDT, whose hours count westwards.
func posixRest(name, rest string) string {
	i := 0
	for i < len(rest) && i < 2 && rest[i] >= '0' && rest[i] <= '9' {
		i++
	}
	if _, ok := zoneOf(name); !ok || i == 0 || i < len(rest) && rest[i] >= '0' && rest[i] <= '9' {
		return rest
	}
	for i < len(rest) && isLetter(rest[i]) {
		i++
	}
	return rest[i:]
}

// isZone tells whether token is a numeric zone rather than part of a date.
func (p *dateParser) isZone(token string) bool {
	return (token[0] == '+' || token[0] == '-') && (p.hasTime || p.hasName || len(token) == 5)
}

// offset reads +hhmm, +hh:mm, +hh and what is near them.
func (p *dateParser) offset(token string) {
	sign, digits, n := 1, 0, 0
	for i := range len(token) {
		switch c := token[i]; {
		case c == '-':
			sign = -1
		case c >= '0' && c <= '9' && n < 4:
			digits = digits*10 + int(c-'0')
			n++
		case c == '+', c == ':', c >= '0' && c <= '9':
		default:
			return
		}
	}
	switch {
	case n == 0:
		return
	case n <= 2:
		digits *= 100
	}
	minutes := digits/100*60 + digits%100
	if minutes >= 24*60 {
		return
	}
	if p.hasName && p.zone != 0 && p.zone != sign*minutes && n <= 2 {
		return // EST5EDT
	}
	p.zone, p.hasOffset = sign*minutes, true
}

// word reads a word of letters: a month, half a day, a zone's name. A weekday says nothing.
func (p *dateParser) word(w string) {
	switch {
	case strings.EqualFold(w, "pm"):
		p.pm = true
		return
	case strings.EqualFold(w, "am"):
		p.am = true
		return
	case strings.EqualFold(w, "dst"), strings.EqualFold(w, "daylight"):
		p.daylight = true
		return
	}
	// A weekday in another language may look like a month, as Tuesday does in French and Spanish.
	if (p.month == 0 || p.early) && len(w) >= 3 {
		if m := monthNumber(w); m > 0 {
			p.month, p.early = m, p.day == 0 && !p.hasTime && !p.hasYear
			return
		}
	}
	if p.hasOffset || p.hasName {
		return
	}
	if z, ok := zoneOf(w); ok {
		p.zone, p.hasName = z, true
	}
}

// zoneOf returns a zone's minutes east of UTC by its name.
func zoneOf(name string) (minutes int, ok bool) {
	var upper [12]byte
	if len(name) > len(upper) {
		return 0, false
	}
	for i := range len(name) {
		upper[i] = name[i] &^ 0x20
	}
	z, ok := zones[string(upper[:len(name)])]
	return int(z), ok
}

// number reads what begins with a digit: a time, a date in one piece, a day or a year.
func (p *dateParser) number(token string) {
	token = strings.TrimRight(token, "-.:/")
	switch {
	case p.compact(token):
	case strings.IndexByte(token, ':') > 0:
		p.clock(token, ':')
	case strings.ContainsAny(token[min(1, len(token)):], "-/"):
		p.joined(token)
	case strings.Count(token, ".") == 2 && p.day == 0:
		p.joined(token)
	case strings.IndexByte(token, '.') > 0:
		p.clock(token, '.')
	default:
		n, digits := leadingNumber(token)
		if digits != len(token) || digits == 0 {
			return
		}
		p.dayOrYear(n, digits)
	}
}

// compact reads the date and the time of ISO 8601's basic format: 20020131, then 100000 or 100000-0500, or all in one.
func (p *dateParser) compact(token string) bool {
	digits, _, _ := strings.Cut(token, "-")
	digits, _, _ = strings.Cut(digits, ".")
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	if n := len(digits); !p.hasYear && p.day == 0 && (n == 8 || n == 12 || n == 14) && digits[:2] >= "19" && digits[:2] <= "20" {
		p.year, _ = leadingNumber(digits[:4])
		p.month, _ = leadingNumber(digits[4:6])
		p.day, _ = leadingNumber(digits[6:8])
		p.hasYear, p.basic = true, true
		if n == 8 {
			return true
		}
		token, digits = token[8:], digits[8:]
	}
	if n := len(digits); !p.basic || p.hasTime || n != 4 && n != 6 {
		return false
	}
	clock := digits[:2] + ":" + digits[2:4]
	if len(digits) == 6 {
		clock += ":" + digits[4:]
	}
	p.clock(clock+token[len(digits):], ':')
	return true
}

func (p *dateParser) dayOrYear(n, digits int) {
	switch {
	case p.hasYear && p.hasTime && digits == 4 && n < 1500 && !p.hasOffset && !p.hasName:
		p.zone, p.hasOffset = n/100*60+n%100, true // it lost its plus
	case p.day == 0 && digits <= 2 && n >= 1 && n <= 31:
		p.day = n
	case !p.hasYear && digits <= 4:
		p.setYear(n, digits)
	}
}

// setYear widens a short year as RFC 5322 section 4.3 says.
func (p *dateParser) setYear(n, digits int) {
	switch {
	case digits <= 2 && n < 50:
		n += 2000
	case digits <= 3:
		n += 1900
	}
	p.year, p.hasYear = n, true
}

// clock reads hh:mm, hh:mm:ss and hh:mm:ss.fraction, where sep may be a dot too.
func (p *dateParser) clock(token string, sep byte) {
	if p.hasTime {
		return
	}
	var parts [3]int
	n := 0
	for n < 3 {
		v, digits := leadingNumber(token)
		if digits == 0 || digits > 2 {
			return
		}
		parts[n] = v
		n++
		token = token[digits:]
		if token == "" || token[0] != sep {
			break
		}
		token = token[1:]
	}
	if n < 2 || parts[0] > 24 || parts[1] > 59 || parts[2] > 60 {
		return
	}
	p.hour, p.minute, p.sec, p.hasTime = parts[0], parts[1], parts[2], true
	if i := strings.IndexByte(token, '-'); i >= 0 { // 10:00:00-0500
		p.offset(token[i:])
	}
}

// joined reads 2026-01-31, 31-Jan-2026, 1/31/2026 (the American order, unless its month is past 12) and 31.1.2026.
func (p *dateParser) joined(token string) {
	a, rest, n := datePart(token)
	b, rest, m := datePart(rest)
	c, _, k := datePart(rest)
	switch {
	case p.day != 0 || n == 0 || m == 0 || k == 0:
		return
	case n == 4:
		p.setYear(a, n)
		p.month, p.day = b, c
	default:
		p.setYear(c, k)
		p.month, p.day = b, a
		if strings.IndexByte(token, '/') > 0 && m > 0 && b != 0 && a <= 12 {
			p.month, p.day = a, b
		}
	}
}

// datePart reads a number or a month's name up to the next separator; digits is 3 for a name.
func datePart(s string) (value int, rest string, digits int) {
	end := strings.IndexAny(s, "-/.")
	if end < 0 {
		end = len(s)
	}
	part := s[:end]
	rest = s[min(end+1, len(s)):]
	if value, digits = leadingNumber(part); digits == len(part) {
		return value, rest, digits
	}
	if m := monthNumber(part); m > 0 {
		return m, rest, 3
	}
	return 0, rest, 0
}

func leadingNumber(s string) (n, digits int) {
	for digits < len(s) && digits < 9 && s[digits] >= '0' && s[digits] <= '9' {
		n = n*10 + int(s[digits]-'0')
		digits++
	}
	return n, digits
}

func (p *dateParser) time() (time.Time, bool) {
	if p.day < 1 || p.month < 1 || p.month > 12 || !p.hasYear || p.year > 9999 {
		return time.Time{}, false
	}
	if p.day > daysIn(p.month, p.year) {
		return time.Time{}, false
	}
	switch {
	case p.pm && p.hour < 12:
		p.hour += 12
	case p.am && p.hour == 12:
		p.hour = 0
	}
	if p.daylight && p.hasName && !p.hasOffset {
		p.zone += 60
	}
	return time.Date(p.year, time.Month(p.month), p.day, p.hour, p.minute, p.sec, 0, location(p.zone)), true
}

// location returns the zone that is the given minutes east of UTC. Those in use are shared, since every
// message of a mailbox has one.
func location(minutes int) *time.Location {
	if minutes == 0 {
		return time.UTC
	}
	if i := minutes + maxSharedZone; minutes%15 == 0 && i >= 0 && i <= 2*maxSharedZone {
		return sharedZones()[i/15]
	}
	return time.FixedZone("", minutes*60)
}

const maxSharedZone = 15 * 60 // minutes

var sharedZones = sync.OnceValue(func() []*time.Location {
	var zones []*time.Location
	for m := -maxSharedZone; m <= maxSharedZone; m += 15 {
		zones = append(zones, time.FixedZone("", m*60))
	}
	return zones
})

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// isDateLetter tells whether c is part of a word; months in other languages have letters beyond ASCII.
func isDateLetter(c byte) bool { return isLetter(c) || c >= 0x80 }

// zones are the names of zones in minutes east of UTC: those of RFC 5322, and those that mail bears besides.
// A name with several meanings has the one that most mail means. Military letters were defined with the
// wrong sign for too long to mean anything (RFC 5322 section 4.3); they count as UTC.
var zones = map[string]int16{
	"UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "UCT": 0,
	"EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
	"AST": -240, "ADT": -180, "NST": -210, "NDT": -150, "AKST": -540, "AKDT": -480, "HST": -600, "HAST": -600,
	"EASTERN": -300, "CENTRAL": -360, "MOUNTAIN": -420, "PACIFIC": -480,
	"WEST": 60, "BST": 60, "CET": 60, "MET": 60, "MEZ": 60, "CEST": 120, "MEST": 120, "MESZ": 120, "MEDT": 120, "CEDT": 120, "CETDST": 120, "METDST": 120,
	"EET": 120, "EEST": 180, "EETDST": 180, "SAST": 120, "MSK": 180, "MSD": 240, "IDT": 180,
	"IST": 330, "PKT": 300, "NPT": 345, "ICT": 420, "WIB": 420, "HKT": 480, "SGT": 480, "AWST": 480, "MYT": 480, "PHT": 480,
	"JST": 540, "KST": 540, "ACST": 570, "AEST": 600, "ACDT": 630, "AEDT": 660, "NZST": 720, "NZT": 720, "NZDT": 780,
	"BRT": -180, "ART": -180, "BRST": -120, "CLT": -240, "COT": -300, "PET": -300, "VET": -240,
}
