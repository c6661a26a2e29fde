package message

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestP7_MakeSafe(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "Hello, world ~", "Hello, world ~"},
		{"empty", "", ""},
		{"escape sequence", "a\x1b[31mred\x1b[0m", "a␛[31mred␛[0m"},
		{"operating system command", "\x1b]0;title\x07", "␛]0;title␇"},
		{"unterminated command hides nothing", "\x1b]52;c;AAAA rest", "␛]52;c;AAAA rest"},
		{"line ends", "one\r\ntwo\nthree", "one␍␊two␊three"},
		{"tab", "a\tb", "a b"},
		{"null and delete", "a\x00b\x7f", "a␀b␡"},
		{"C1 as a character", "a\u009b31m", "a\uFFFD31m"},
		{"next line", "a\u0085b", "a␤b"},
		{"C1 as an octet", "a\x9b31m", "a\uFFFD31m"},
		{"line and paragraph separator", "a\u2028b\u2029c", "a␤b␤c"},
		{"invalid UTF-8", "a\xff\xfeb\xe4\xb8", "a\uFFFD\uFFFDb\uFFFD\uFFFD"},
		{"surrogates in UTF-8", "\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"},
		{"right-to-left override", "invoice\u202Efdp.exe", "invoice\uFFFDfdp.exe"},
		{"isolates", "a\u2066b\u2069c", "a\uFFFDb\uFFFDc"},
		{"a run is one", "a\u202a\u202b\u2066b", "a\uFFFDb"},
		{"zero width between Latin letters", "pay\u200bpal", "pay\uFFFDpal"},
		{"joiner between Latin letters", "pay\u200dpal", "pay\uFFFDpal"},
		{"soft hyphen", "Vi\u00adagra", "Vi\uFFFDagra"},
		{"byte order mark", "\ufeffHi", "\uFFFDHi"},
		{"tag characters", "\U0001F600\U000E0041\U000E0042\U000E007F!", "\U0001F600\uFFFD!"},
		{"private use run", "a\ue000\ue001\U000F0000b", "a\uFFFDb"},
		{"unassigned", "a\u0378b", "a\uFFFDb"},
		{"noncharacter", "a\uffffb", "a\uFFFDb"},
		{"invisible letters", "a\u3164\u115f\uffa0b", "a\uFFFDb"},
		{"grapheme joiner", "a\u034fb", "a\uFFFDb"},
		{"combining marks", "e\u0301 o\u0302\u0301", "e\u0301 o\u0302\u0301"},
		{"flood of combining marks", "Z" + strings.Repeat("\u0300", 50) + "a", "Z\u0300\u0300\u0300\u0300\uFFFDa"},
		{"mark without a base", "\u0301a", "◌\u0301a"},
		{"variation selectors as hidden data", "a\ufe01\ufe02b\U000e0101c", "a\uFFFDb\uFFFDc"},
		{"emoji with a selector", "❤\ufe0f 1\ufe0f\u20e3", "❤\ufe0f 1\ufe0f\u20e3"},
		{"emoji family loses its joiners", "👨\u200d👩\u200d👧", "👨👩👧"},
		{"Japanese name with a selector", "葛\U000e0100城", "葛\U000e0100城"},
		{"Persian keeps its non-joiner", "می\u200cخواهم", "می\u200cخواهم"},
		{"Thai loses its zero-width spaces", "สวัสดี\u200bครับ", "สวัสดีครับ"},
		{"Hebrew loses its direction marks", "שלום\u200f abc", "שלום abc"},
		{"direction mark in Latin text", "abc\u200edef", "abc\uFFFDdef"},
		{"Chinese", "您好，世界", "您好，世界"},
		{"Hindi", "नमस्ते क्\u200dष", "नमस्ते क्ष"},
		{"wide and narrow spaces stay", "a\u00a0b\u3000c", "a\u00a0b\u3000c"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := MakeSafe(tt.in)
			if string(got) != tt.want {
				t.Errorf("MakeSafe(%q) = %q, want %q", tt.in, got, tt.want)
			}
			checkSafe(t, tt.in, got)
		})
	}
}

// checkSafe fails the test where text that was made safe is not, or would change if made safe again.
func checkSafe(t *testing.T, in string, got Safe) {
	t.Helper()
	if !utf8.ValidString(string(got)) {
		t.Errorf("MakeSafe(%q) = %q is not UTF-8", in, got)
	}
	if again := MakeSafe(string(got)); again != got {
		t.Errorf("MakeSafe(%q) = %q, and once more %q", in, got, again)
	}
	marks := 0
	for i, r := range string(got) {
		switch {
		case unicode.Is(unicode.Cc, r), unicode.In(r, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp, unicode.Bidi_Control),
			r >= 0xe0000 && r < 0xe0100, r == '\u200b', r == '\u200d', r == '\ufeff', r == '\u2060', r == '\u00ad':
			t.Errorf("MakeSafe(%q) = %q holds %U at %d", in, got, r, i)
		}
		marks++
		if !unicode.In(r, unicode.Mn, unicode.Me) {
			marks = 0
		}
		if marks > maxMarks+2 { // a selector may stand among them
			t.Errorf("MakeSafe(%q) = %q piles up marks at %d", in, got, i)
		}
	}
}

func TestP7_EveryCharacterAlone(t *testing.T) {
	for r := rune(0); r < 0xe1000; r++ {
		if r == 0x20000 { // Han, then nothing up to the tag characters
			r = 0xe0000
		}
		for _, in := range []string{string(r), "a" + string(r) + "b", "ا" + string(r) + "ب"} {
			got := MakeSafe(in)
			if got != Safe(in) || r < 0x100 {
				checkSafe(t, in, got)
			}
		}
		if unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.Sc, unicode.Sm) && classify(r) != plainRune &&
			r != 0x115f && r != 0x1160 && r != 0x3164 && r != 0xffa0 {
			t.Errorf("%U is visible and is not kept", r)
		}
	}
}

func TestP7_MakeSafeText(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want []Safe
	}{
		{"", nil},
		{"one", []Safe{"one"}},
		{"one\n", []Safe{"one"}},
		{"one\r\ntwo\rthree\n\nfour", []Safe{"one", "two", "three", "", "four"}},
		{"\n\n", []Safe{"", ""}},
		{"a\tb\t\tc", []Safe{"a       b               c"}},
		{"漢\tb", []Safe{"漢      b"}},
		{"\x1b[2J\nx\u202ey", []Safe{"␛[2J", "x\uFFFDy"}},
		{"a\t\u0301b", []Safe{"a       ◌\u0301b"}},
	} {
		got := MakeSafeText(tt.in)
		if len(got) != len(tt.want) {
			t.Errorf("MakeSafeText(%q) = %q, want %q", tt.in, got, tt.want)
			continue
		}
		for i := range got {
			if got[i] != tt.want[i] {
				t.Errorf("MakeSafeText(%q) line %d = %q, want %q", tt.in, i, got[i], tt.want[i])
			}
		}
	}
}

func TestMakeSafeReturnsCleanTextItself(t *testing.T) {
	for _, in := range []string{strings.Repeat("clean ASCII ", 100), strings.Repeat("чистый текст 漢字 e\u0301 ", 50)} {
		if n := testing.AllocsPerRun(10, func() { _ = MakeSafe(in) }); n != 0 {
			t.Errorf("MakeSafe(%.20q…) makes %v allocations", in, n)
		}
	}
}

func FuzzMakeSafe(f *testing.F) {
	for _, s := range []string{
		"", "plain", "\x1b[31m", "a\u202eb", "e\u0301\u0302\u0303\u0304\u0305", "\u0301", "می\u200cخواهم", "👨\u200d👩", "❤\ufe0f\ufe0f", "葛\U000e0100\U000e0101",
		"\xff\xc0\x80", "ก\u200b\u200bข", "a\u200d\u0301\u0301\u0301\u0301\u0301b", "א\u200f\u200e\u200f1", "ᠠ\u180b\u180b", "\u0915\u094d\u200d\u200d\u0937",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		checkSafe(t, in, MakeSafe(in))
		for _, line := range MakeSafeText(in) {
			checkSafe(t, in, line)
		}
	})
}

func BenchmarkMakeSafe(b *testing.B) {
	for _, bb := range []struct{ name, in string }{
		{"ASCII", strings.Repeat("Quarterly numbers, final version. ", 2000)},
		{"Chinese", strings.Repeat("季度数字，最终版本。", 2000)},
		{"Hostile", strings.Repeat("a\x1b[31m\u202eb", 2000)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.SetBytes(int64(len(bb.in)))
			b.ReportAllocs()
			for b.Loop() {
				_ = MakeSafe(bb.in)
			}
		})
	}
}

func TestP7_TrickyMixturesAreSafeAtOnce(t *testing.T) {
	tricky := []rune{
		'a', '1', ' ', '\t', '\n', '\x1b', 0x7f, 0x85, 0xa0, 0xad, 0x300, 0x301, 0x34f, 0x489, 0x5d0, 0x61c, 0x627, 0x64b, 0x600, 0x915, 0x93f, 0x94d, 0xe01, 0xe31,
		0x115f, 0x1820, 0x180b, 0x180e, 0x200b, zwnj, zwj, 0x200e, 0x200f, 0x2028, 0x202e, 0x2060, 0x2066, 0x2764, 0x20e3, 0x25cc, 0x3164, '漢', 'あ', '한',
		0xe000, 0xfe00, 0xfe0f, 0xfeff, 0xfffd, 0xffff, 0x1f468, 0x1f3fb, 0xe0041, 0xe0100, 0x10ffff,
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		var b strings.Builder
		for range 1 + r.IntN(12) {
			if r.IntN(20) == 0 {
				b.WriteByte(byte(0x80 + r.IntN(0x80)))
			} else {
				b.WriteRune(tricky[r.IntN(len(tricky))])
			}
		}
		checkSafe(t, b.String(), MakeSafe(b.String()))
		if t.Failed() {
			return
		}
	}
}
