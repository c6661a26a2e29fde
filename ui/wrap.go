package ui

import (
	"strings"

	"popmark/message"
)

// wrap cuts text into lines of at most so many cells: at a space where there is one, never inside a cluster.
func wrap(method message.WidthMethod, text message.Safe, cells int) []message.Safe {
	const probe = "…" // what Truncate ends a cut text in
	cells = max(cells, 2)
	var out []message.Safe
	for {
		head := method.Truncate(text, cells)
		if head == text {
			return append(out, text)
		}
		// Truncate leaves a cell for its ellipsis; with one cell more that cell is text too.
		head = message.Safe(strings.TrimSuffix(string(method.Truncate(text, cells+1)), probe))
		if at := strings.LastIndexByte(string(head), ' '); at > 0 && !strings.HasPrefix(string(text[len(head):]), " ") {
			head = head[:at]
		}
		out = append(out, head)
		text = message.Safe(strings.TrimLeft(string(text[len(head):]), " "))
	}
}
