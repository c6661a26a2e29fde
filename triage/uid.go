package triage

import (
	"strings"
	"time"
	"unicode/utf8"
)

// octetBase is where the characters begin that stand for octets: U+EF00 to U+EFFF are for
// private use, so that no text of anybody's is likely to have them.
const octetBase = 0xef00

// UIDText gives a UIDL as text that a person or a script can hand back behind uid:. A UIDL
// that is UTF-8 is its own text. In one that is not, each octet from 0x80 up, and NUL, is
// the character U+EF00 plus its value, so that \xe9 is U+EFE9; the same goes for a UIDL that
// has such characters itself. No two UIDLs have the same text.
func UIDText(uid string) string {
	if utf8.ValidString(uid) && !strings.ContainsFunc(uid, func(r rune) bool { return r == 0 || standsForOctet(r) }) {
		return uid
	}
	b := make([]byte, 0, 3*len(uid))
	for i := range len(uid) {
		if c := uid[i]; c == 0 || c >= utf8.RuneSelf {
			b = utf8.AppendRune(b, octetBase+rune(c))
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}

func standsForOctet(r rune) bool { return r >= octetBase && r <= octetBase+0xff }

// uidOf gives the UIDL that a text is of: the inverse of UIDText. What is no UIDL's text
// is taken as the UIDL's own octets.
func uidOf(text string) string {
	if !utf8.ValidString(text) || !strings.ContainsFunc(text, standsForOctet) {
		return text
	}
	b := make([]byte, 0, len(text))
	for _, r := range text {
		switch {
		case standsForOctet(r):
			b = append(b, byte(r-octetBase))
		case r < utf8.RuneSelf:
			b = append(b, byte(r))
		default:
			return text
		}
	}
	if uid := string(b); UIDText(uid) == text {
		return uid
	}
	return text
}

func uid(value string, _ time.Time) (term, string) {
	want := uidOf(value)
	return listTest(func(r Row) truth { return truthOf(r.Message.UID == want) }), ""
}
