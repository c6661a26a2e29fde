package message

import (
	"strings"
	"testing"
)

func TestWidth(t *testing.T) {
	for _, tt := range []struct {
		in          Safe
		wc, cluster int
	}{
		{"", 0, 0},
		{"hello", 5, 5},
		{"漢字", 4, 4},
		{"ｱｲｳ", 3, 3},
		{"한글", 4, 4},
		{"e\u0301", 1, 1},
		{"שלום", 4, 4},
		{"مرحبا", 5, 5},
		{"😀", 2, 2},
		{"❤\ufe0f", 1, 2},
		{"👨👩👧", 6, 6},
		{"สวัสดี", 4, 4},
		{"\uFFFD␛◌…", 4, 4},
	} {
		if got := Wcwidth.Width(tt.in); got != tt.wc {
			t.Errorf("Wcwidth.Width(%q) = %d, want %d", tt.in, got, tt.wc)
		}
		if got := Graphemes.Width(tt.in); got != tt.cluster {
			t.Errorf("Graphemes.Width(%q) = %d, want %d", tt.in, got, tt.cluster)
		}
	}
}

func TestTruncate(t *testing.T) {
	for _, tt := range []struct {
		in    Safe
		cells int
		want  Safe
	}{
		{"hello", 5, "hello"},
		{"hello", 4, "hel…"},
		{"hello", 1, "…"},
		{"hello", 0, ""},
		{"hello", -1, ""},
		{"", 3, ""},
		{"漢字漢", 6, "漢字漢"},
		{"漢字漢", 5, "漢字…"},
		{"漢字漢", 4, "漢…"},
		{"e\u0301e\u0301e\u0301", 2, "e\u0301…"},
		{"👍🏽ok", 3, "…"},
	} {
		if got := Truncate(tt.in, tt.cells); got != tt.want {
			t.Errorf("Truncate(%q, %d) = %q, want %q", tt.in, tt.cells, got, tt.want)
		}
	}
}

func TestFitTakesExactlyItsCells(t *testing.T) {
	for _, s := range []Safe{"", "a", "漢字漢字", "e\u0301tude", "שלום עולם", "👍🏽 ok", "❤\ufe0f❤\ufe0f", Safe(strings.Repeat("ｗ", 9)), "สวัสดีครับ"} {
		for _, m := range []WidthMethod{Wcwidth, Graphemes} {
			for cells := range 12 {
				if got := m.Width(m.Fit(s, cells)); got != cells {
					t.Errorf("method %d: Fit(%q, %d) = %q takes %d cells", m, s, cells, m.Fit(s, cells), got)
				}
			}
		}
	}
}

func FuzzTruncate(f *testing.F) {
	f.Add("漢字 e\u0301 👨👩", 3)
	f.Add("❤\ufe0f❤\ufe0f", 2)
	f.Fuzz(func(t *testing.T, in string, cells int) {
		cells %= 50
		s := MakeSafe(in)
		for _, m := range []WidthMethod{Wcwidth, Graphemes} {
			got := m.Truncate(s, cells)
			if w := m.Width(got); w > max(cells, 0) {
				t.Errorf("method %d: Truncate(%q, %d) = %q takes %d cells", m, s, cells, got, w)
			}
			if trimmed := strings.TrimSuffix(string(got), "…"); !strings.HasPrefix(string(s), trimmed) {
				t.Errorf("method %d: Truncate(%q, %d) = %q is not its beginning", m, s, cells, got)
			}
		}
	})
}
