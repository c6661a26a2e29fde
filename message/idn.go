package message

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// Shown returns the address as a person should read it: an internationalised domain in its own script
// (U-labels, RFC 5890), followed by its ASCII form (A-labels) where the letters could be taken for others.
func (a Address) Shown() Safe {
	at := strings.LastIndexByte(string(a.Address), '@')
	if at < 0 {
		return a.Address
	}
	local, domain := a.Address[:at+1], string(a.Address[at+1:])
	if isASCII(domain) && !strings.Contains(strings.ToLower(domain), "xn--") {
		return a.Address
	}
	native, err := idna.Display.ToUnicode(domain)
	if err != nil || MakeSafe(native) != Safe(native) {
		return a.Address
	}
	if !deceives(native) {
		return local + Safe(native)
	}
	ascii, err := idna.ToASCII(domain)
	if err != nil {
		ascii = domain
	}
	return local + Safe(native) + " (" + MakeSafe(ascii) + ")"
}

// deceives tells whether a domain's letters could be taken for others: scripts mixed within a label, letters
// that all look Latin, Latin letters that few languages have, signs that are no letters.
func deceives(domain string) bool {
	for label := range strings.SplitSeq(domain, ".") {
		if !isASCII(label) && labelDeceives(label) {
			return true
		}
	}
	return false
}

func labelDeceives(label string) bool {
	var latin, lookalikeScript, other *unicode.RangeTable
	eastAsian, onlyLookalikes := false, true
	for _, r := range label {
		if r < 0x80 && !isLetter(byte(r)) || unicode.Is(unicode.Inherited, r) {
			continue
		}
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) {
			return true
		}
		switch {
		case unicode.Is(unicode.Latin, r):
			if r > 0x17f || strings.ContainsRune("ıĸŀſĺļľłŧđħŋ", r) {
				return true
			}
			latin = unicode.Latin
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo):
			eastAsian = true
		default:
			script := scriptOf(r)
			if other != nil && other != script {
				return true
			}
			other = script
			if script == unicode.Cyrillic || script == unicode.Greek || script == unicode.Armenian {
				lookalikeScript = script
			}
			if !strings.ContainsRune(latinLookalikes, r) {
				onlyLookalikes = false
			}
		}
	}
	switch {
	case other != nil && (latin != nil || eastAsian):
		return true
	case lookalikeScript != nil:
		return onlyLookalikes
	}
	return false
}

// latinLookalikes are the letters of other scripts that most typefaces draw as Latin ones.
const latinLookalikes = "асԁеһіјӏорԛѕѵхуԝѡαικνορτυχωγηόάίύօսոցհզ"

// scriptOf returns the table of r's script, or nil where it has none of its own.
func scriptOf(r rune) *unicode.RangeTable {
	for _, t := range []*unicode.RangeTable{unicode.Cyrillic, unicode.Greek, unicode.Arabic, unicode.Hebrew, unicode.Thai, unicode.Devanagari, unicode.Armenian} {
		if unicode.Is(t, r) {
			return t
		}
	}
	for name, t := range unicode.Scripts {
		if name != "Common" && unicode.Is(t, r) {
			return t
		}
	}
	return nil
}
