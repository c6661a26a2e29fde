package ui

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"popmark/message"
)

// wrap cuts text into lines of at most so many cells: at a space where there is one, never inside a cluster.
func wrap(method message.WidthMethod, text message.Safe, cells int) []message.Safe {
	cut := ansi.TruncateWc
	if method == message.Graphemes {
		cut = ansi.Truncate
	}
	return wrapBy(cut, text, cells)
}

func wrapBy(cut func(text string, cells int, tail string) string, text message.Safe, cells int) []message.Safe {
	cells = max(cells, 2) // a wide character must fit
	var out []message.Safe
	for rest := string(text); ; {
		head := firstLine(cut, rest, cells)
		if head == rest || head == "" {
			return append(out, message.Safe(rest))
		}
		if at := strings.LastIndexByte(head, ' '); at > 0 && rest[len(head)] != ' ' {
			head = head[:at]
		}
		out = append(out, message.Safe(head))
		rest = strings.TrimLeft(rest[len(head):], " ")
	}
}

// firstLine gives as much of text as so many cells hold. It looks at little more: cut walks through all that it is
// given, and a line may be a megabyte.
func firstLine(cut func(text string, cells int, tail string) string, text string, cells int) string {
	for some := 4*cells + 64; some < len(text); some *= 2 {
		for some < len(text) && !utf8.RuneStart(text[some]) {
			some++
		}
		// Where all of it fits, its last cluster may go on behind it.
		if head := cut(text[:some], cells, ""); len(head) < some {
			return head
		}
	}
	return cut(text, cells, "")
}
