package triage

import (
	"strings"
	"unicode/utf8"
)

// folded is a text that is looked for in either case.
type folded struct {
	lower string
	ascii bool
}

func newFolded(s string) folded {
	lower := strings.ToLower(s)
	return folded{lower, isASCII(lower)}
}

// in says whether the text stands in s. It allocates only where s has other than ASCII letters.
func (f folded) in(s string) bool {
	if !f.ascii || !isASCII(s) {
		return strings.Contains(strings.ToLower(s), f.lower)
	}
	n := len(f.lower)
	if n == 0 {
		return true
	}
	first := f.lower[0]
	for i := 0; i+n <= len(s); i++ {
		if lowerASCII(s[i]) == first && equalLower(s[i+1:i+n], f.lower[1:]) {
			return true
		}
	}
	return false
}

func equalLower(s, lower string) bool {
	for i := range len(lower) {
		if lowerASCII(s[i]) != lower[i] {
			return false
		}
	}
	return true
}

func lowerASCII(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
