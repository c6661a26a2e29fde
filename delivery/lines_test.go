package delivery

import (
	"bytes"
	"strings"
	"testing"
)

// convert runs the line ends through in two pieces.
func convert(text []byte, at int) []byte {
	var l lineEnds
	out := l.appendLF(nil, text[:at])
	out = l.appendLF(out, text[at:])
	return l.appendEnd(out)
}

func TestLineEndsBecomeLFAndNothingElseChanges(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"one line", "a\r\n", "a\n"},
		{"bare LF stays", "a\nb\r\n", "a\nb\n"},
		{"bare CR stays", "a\rb\r\n", "a\rb\n"},
		{"CR before CRLF stays", "a\r\r\nb", "a\r\nb"},
		{"CR at the very end stays", "a\r", "a\r"},
		{"only CRs", "\r\r\r", "\r\r\r"},
		{"empty lines", "\r\n\r\n", "\n\n"},
		{"LF CR is two bare ones", "a\n\rb", "a\n\rb"},
		{"NUL and 8-bit octets", "\x00\xff\r\n\x80", "\x00\xff\n\x80"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for at := range len(c.in) + 1 {
				if got := string(convert([]byte(c.in), at)); got != c.want {
					t.Errorf("cut at %d: %q, want %q", at, got, c.want)
				}
			}
		})
	}
}

func FuzzLineEnds(f *testing.F) {
	for _, s := range []string{"", "a\r\nb", "\r", "\r\r\n", "a\rb\n\r\n"} {
		f.Add([]byte(s), uint(1))
	}
	f.Fuzz(func(t *testing.T, text []byte, at uint) {
		cut := int(at % uint(len(text)+1))
		want := bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
		if got := convert(text, cut); !bytes.Equal(got, want) {
			t.Errorf("%q cut at %d: %q", text, cut, got)
		}
	})
}

func TestSpoolKeepsTheSameOctetsWhateverTheBufferBorders(t *testing.T) {
	for _, size := range []int{0, 1, smallBuffer - 1, smallBuffer, smallBuffer + 1, largeBuffer - 1, largeBuffer, largeBuffer + 1, 3*largeBuffer + 5} {
		for _, unit := range []string{"\r\n", "a\r\n", "\r", "x"} {
			message := strings.Repeat(unit, size/len(unit)+1)[:size]
			m := NewMaildir(OS(), t.TempDir())
			if err := m.Prepare(t.Context()); err != nil {
				t.Fatal(err)
			}
			_, r, err := deliver(t.Context(), m, Meta{}, message, 4093)
			if err != nil {
				t.Fatal(err)
			}
			if got := readFile(t, r.Path); got != lf(message) {
				t.Errorf("%d octets of %q: %d stored, want %d", size, unit, len(got), len(lf(message)))
			}
		}
	}
}
