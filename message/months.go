package message

import (
	"strings"
	"time"
)

// monthNumber returns 1 to 12 for a month's name or its first letters, in English or in another language that
// mailers write in spite of RFC 5322, or 0.
func monthNumber(w string) int {
	if len(w) < 3 || len(w) > 12 {
		return 0
	}
	if m := monthByLetters(w); m > 0 {
		if m := monthIfWhole(w, m); m > 0 {
			return m
		}
	}
	return int(foreignMonths[foldMonth(w)])
}

// monthByLetters returns 1 to 12 for the first three letters of a month's English name in either case, or 0.
func monthByLetters(w string) int {
	switch uint32(w[0]|0x20)<<16 | uint32(w[1]|0x20)<<8 | uint32(w[2]|0x20) {
	case 'j'<<16 | 'a'<<8 | 'n':
		return 1
	case 'f'<<16 | 'e'<<8 | 'b':
		return 2
	case 'm'<<16 | 'a'<<8 | 'r':
		return 3
	case 'a'<<16 | 'p'<<8 | 'r':
		return 4
	case 'm'<<16 | 'a'<<8 | 'y':
		return 5
	case 'j'<<16 | 'u'<<8 | 'n':
		return 6
	case 'j'<<16 | 'u'<<8 | 'l':
		return 7
	case 'a'<<16 | 'u'<<8 | 'g':
		return 8
	case 's'<<16 | 'e'<<8 | 'p':
		return 9
	case 'o'<<16 | 'c'<<8 | 't':
		return 10
	case 'n'<<16 | 'o'<<8 | 'v':
		return 11
	case 'd'<<16 | 'e'<<8 | 'c':
		return 12
	}
	return 0
}

// monthIfWhole returns m where the rest of w is m's name too, so that "Mart" or "Marker" is not March.
func monthIfWhole(w string, m int) int {
	if len(w) == 3 {
		return m
	}
	name := time.Month(m).String()
	if strings.EqualFold(w, "sept") || len(w) <= len(name) && strings.EqualFold(w, name[:len(w)]) {
		return m
	}
	return 0
}

// foldMonth brings a month's name to small letters without accents, from UTF-8 and from ISO 8859-1 alike.
func foldMonth(w string) string {
	var b strings.Builder
	for i := 0; i < len(w); i++ {
		c := w[i]
		switch {
		case c == 0xc3 && i+1 < len(w) && w[i+1]&0xc0 == 0x80: // UTF-8 of U+00C0 to U+00FF
			i++
			c = w[i] + 0x40
			fallthrough
		case c >= 0xc0:
			switch c | 0x20 {
			case 0xe1, 0xe4:
				c = 'a'
			case 0xe7:
				c = 'c'
			case 0xe9:
				c = 'e'
			case 0xfb:
				c = 'u'
			}
		default:
			c |= 0x20
		}
		b.WriteByte(c)
	}
	return b.String()
}

// eastAsian reads a number with the sign for year, month or day behind it, as Chinese, Japanese and Korean have
// dates, and takes the sign off rest.
func (p *dateParser) eastAsian(token string, rest *string) bool {
	n, digits := leadingNumber(token)
	if digits == 0 || digits != len(token) {
		return false
	}
	for i, signs := range [...][2]string{{"年", "년"}, {"月", "월"}, {"日", "일"}} {
		for _, sign := range signs {
			after, ok := strings.CutPrefix(*rest, sign)
			if !ok {
				continue
			}
			switch *rest = after; i {
			case 0:
				p.setYear(n, digits)
			case 1:
				p.month, p.early = n, false
			default:
				p.day = n
			}
			return true
		}
	}
	return false
}

// foreignMonths has the names and usual short forms of German, French, Spanish, Italian, Portuguese, Dutch and Chinese
// that are not English too.
var foreignMonths = func() map[string]int8 {
	all := map[string]int8{}
	for i, names := range [...]string{
		"januar janner jaenner janv janvier ene enero gen genn gennaio janeiro januari 一月",
		"februar feber fevr fevrier febrero febb febbraio fev fevereiro februari 二月",
		"mar maer marz maerz mrz mars marzo marco mrt maart 三月",
		"avr avril abr abril aprile 四月",
		"mai mayo mag magg maggio maio mei 五月",
		"juni juin junio giu giugno junho 六月",
		"juli juil juillet julio lug luglio julho 七月",
		"aout aou ago agosto agos augustus 八月",
		"septembre septiembre setiembre set sett settembre setembro 九月",
		"okt oktober octobre octubre ott ottobre out outubro 十月",
		"novembre noviembre novembro 十一月",
		"dez dezember decembre dic dicembre diciembre dezembro 十二月", //nolint:misspell // French
	} {
		for name := range strings.FieldsSeq(names) {
			all[foldMonth(name)] = int8(i + 1)
		}
	}
	return all
}()
