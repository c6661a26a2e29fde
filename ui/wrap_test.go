package ui

import (
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"popmark/message"
)

func TestALongLineIsWrappedAsAShortOneIs(t *testing.T) {
	family := "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466"
	for name, unit := range map[string]string{
		"letters": "x", "words": "some words and others ", "wide": "\u4e2d\u6587", "combining": "e\u0301\u0302\u0303",
		"marks": "a" + strings.Repeat("\u0301", 600), "families": family, "flags": "\U0001F1E9\U0001F1EA", "spaces": "a       b",
	} {
		for _, method := range []message.WidthMethod{message.Wcwidth, message.Graphemes} {
			text := message.Safe(strings.Repeat(unit, 2000/len(unit)+3))
			cut := ansi.TruncateWc
			if method == message.Graphemes {
				cut = ansi.Truncate
			}
			for _, cells := range []int{1, 7, 80} {
				var want []message.Safe
				for rest := string(text); ; {
					head := cut(rest, max(cells, 2), "")
					if head == rest || head == "" {
						want = append(want, message.Safe(rest))
						break
					}
					if at := strings.LastIndexByte(head, ' '); at > 0 && rest[len(head)] != ' ' {
						head = head[:at]
					}
					want = append(want, message.Safe(head))
					rest = strings.TrimLeft(rest[len(head):], " ")
				}
				if got := wrap(method, text, cells); !slices.Equal(got, want) {
					t.Errorf("%s, method %v, %d cells: other lines than those of the whole text", name, method, cells)
				}
			}
		}
	}
}

// A message of one line has kept the screen for minutes.
func TestAMegabyteInOneLineIsWalkedThroughOnce(t *testing.T) {
	for _, unit := range []string{"x", "word ", "\u4e2d"} {
		text := strings.Repeat(unit, 1<<20/len(unit))
		walked := 0
		wrapBy(func(s string, cells int, tail string) string {
			walked += len(s)
			return ansi.Truncate(s, cells, tail)
		}, message.Safe(text), 80)
		if walked > 10*len(text) {
			t.Errorf("%d octets were looked at for %d of %q", walked, len(text), unit)
		}
	}
}
