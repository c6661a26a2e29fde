package ui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"popmark/message"
)

// wrap cuts text into lines of at most so many cells: at a space where there is one, never inside a cluster.
func wrap(method message.WidthMethod, text message.Safe, cells int) []message.Safe {
	cells = max(cells, 2) // a wide character must fit
	cut := ansi.TruncateWc
	if method == message.Graphemes {
		cut = ansi.Truncate
	}
	var out []message.Safe
	for rest := string(text); ; {
		head := cut(rest, cells, "")
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
