package message

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// Shown returns the address as a person should read it: an internationalised domain in its own script
// (U-labels, RFC 5890), followed by its ASCII form (A-labels) where the letters could be taken for others. A local
// part (RFC 6531) has no such form, so that of its letters only a hint is given.
func (a Address) Shown() Safe {
	at := strings.LastIndexByte(string(a.Address), '@')
	if at < 0 {
		return a.Address
	}
	domain, ascii := shownDomain(string(a.Address[at+1:]))
	var hints []string
	if ascii != "" {
		hints = append(hints, string(ascii))
	}
	if localPartDeceives(string(a.Address[:at])) {
		hints = append(hints, "look-alike letters")
	}
	shown := a.Address
	if domain != shown[at+1:] {
		shown = shown[:at+1] + domain
	}
	if len(hints) > 0 {
		shown += " (" + Safe(strings.Join(hints, ", ")) + ")"
	}
	return shown
}

// shownDomain returns a domain in its own script, and its ASCII form where that should be shown too.
func shownDomain(domain string) (native, ascii Safe) {
	if isASCII(domain) && !strings.Contains(strings.ToLower(domain), "xn--") {
		return Safe(domain), ""
	}
	text, err := idna.Display.ToUnicode(domain)
	if err != nil || MakeSafe(text) != Safe(text) {
		return Safe(domain), ""
	}
	if !deceives(text) {
		return Safe(text), ""
	}
	form, err := idna.ToASCII(domain)
	if err != nil {
		form = domain
	}
	return Safe(text), MakeSafe(form)
}

// localPartDeceives tells whether one of a local part's words has letters of several scripts, or of another script
// that all look Latin.
func localPartDeceives(local string) bool {
	if isASCII(local) {
		return false
	}
	for word := range strings.FieldsFuncSeq(local, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) }) {
		if !isASCII(word) && mixesScripts(word) {
			return true
		}
	}
	return false
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
	for _, r := range label {
		switch {
		case r < 0x80, unicode.Is(unicode.Inherited, r):
		case !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r):
			return true
		case unicode.Is(unicode.Latin, r) && (r > 0x17f || strings.ContainsRune("ıĸŀſĺļľłŧđħŋ", r)):
			return true
		}
	}
	return mixesScripts(label)
}

// mixesScripts tells whether a word has letters of scripts that no language writes together, or only such of another
// script that look Latin.
func mixesScripts(word string) bool {
	var latin, lookalikeScript, other *unicode.RangeTable
	eastAsian, onlyLookalikes := false, true
	for _, r := range word {
		if r < 0x80 && !isLetter(byte(r)) || unicode.Is(unicode.Inherited, r) {
			continue
		}
		switch {
		case unicode.Is(unicode.Latin, r):
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
