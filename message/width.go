package message

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// WidthMethod is one of the two ways in which terminals count the cells of text.
type WidthMethod uint8

// Terminals count rune by rune, as wcwidth does, until they report that mode 2027 is set; then by grapheme cluster.
const (
	Wcwidth WidthMethod = iota
	Graphemes
)

// Width returns how many cells s takes, counted with [Wcwidth].
func Width(s Safe) int { return Wcwidth.Width(s) }

// Truncate shortens s to at most cells, counted with [Wcwidth]; see [WidthMethod.Truncate].
func Truncate(s Safe, cells int) Safe { return Wcwidth.Truncate(s, cells) }

// Width returns how many cells s takes.
func (m WidthMethod) Width(s Safe) int {
	if asciiPrefix(string(s)) == len(s) {
		return len(s)
	}
	if m == Graphemes {
		return ansi.StringWidth(string(s))
	}
	return ansi.StringWidthWc(string(s))
}

// Truncate shortens s to at most cells. It never splits a character or a cluster, and what it cut ends in an
// ellipsis, which counts.
func (m WidthMethod) Truncate(s Safe, cells int) Safe {
	const tail = "…"
	switch {
	case cells <= 0:
		return ""
	case len(s) <= cells && asciiPrefix(string(s)) == len(s):
		return s
	}
	if _, whole := m.prefix(s, cells); whole {
		return s
	}
	fits, _ := m.prefix(s, cells-1)
	return s[:fits] + tail
}

// Fit shortens s or fills it with spaces so that it takes exactly the given cells, as a table's column needs it.
func (m WidthMethod) Fit(s Safe, cells int) Safe {
	s = m.Truncate(s, cells)
	if gap := cells - m.Width(s); gap > 0 {
		return s + Safe(strings.Repeat(" ", gap))
	}
	return s
}

// prefix returns the octets of the longest start of s, in whole clusters, that takes at most the given cells, and
// whether that is all of s.
func (m WidthMethod) prefix(s Safe, cells int) (octets int, whole bool) {
	method := ansi.WcWidth
	if m == Graphemes {
		method = ansi.GraphemeWidth
	}
	rest, width := string(s), 0
	for rest != "" {
		var cluster string
		var w int
		if c := rest[0]; c < 0x80 && (len(rest) == 1 || rest[1] < 0x80) {
			cluster, w = rest[:1], 1
		} else {
			cluster, w = ansi.FirstGraphemeCluster(rest, method)
		}
		if width+w > cells {
			return octets, false
		}
		octets, width, rest = octets+len(cluster), width+w, rest[len(cluster):]
	}
	return octets, true
}
