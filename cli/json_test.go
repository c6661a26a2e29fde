package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"popmark/message"
)

func TestDateKeepsItsZoneOrIsNull(t *testing.T) {
	for _, tc := range []struct {
		date  time.Time
		known bool
		want  string
	}{
		{time.Date(2026, 11, 2, 8, 0, 0, 0, time.FixedZone("", 3600)), true, `"2026-11-02T08:00:00+01:00"`},
		{time.Date(2026, 11, 2, 8, 0, 0, 0, time.FixedZone("", -34200)), true, `"2026-11-02T08:00:00-09:30"`},
		{time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC), true, `"2026-11-02T08:00:00Z"`},
		{time.Time{}, false, "null"},
		{time.Date(12345, 1, 1, 0, 0, 0, 0, time.UTC), true, "null"},
	} {
		var o object
		o.begin()
		o.date("date", tc.date, tc.known)
		if got := string(o.end()); got != `{"date":`+tc.want+"}\n" {
			t.Errorf("got %s, want %s", got, tc.want)
		}
	}
}

func TestAddressesStandAsInAHeader(t *testing.T) {
	for want, list := range map[string][]message.Address{
		`""`:                    nil,
		`"a@b.example"`:         {{Address: "a@b.example"}},
		`"Ann"`:                 {{Name: "Ann"}},
		`"Ann <a@b.example>"`:   {{Name: "Ann", Address: "a@b.example"}},
		`"\"A\" <a@b>, c@d, é"`: {{Name: `"A"`, Address: "a@b"}, {Address: "c@d"}, {Name: "é"}},
	} {
		var o object
		o.begin()
		o.addresses("to", list)
		if got := string(o.end()); got != `{"to":`+want+"}\n" {
			t.Errorf("%v became %s, want %s", list, got, want)
		}
	}
}

func TestUIDCanBeUsedAgain(t *testing.T) {
	for in, want := range map[string]string{
		"uid-1":       `"uid-1"`,
		`a"b\c`:       `"a\"b\\c"`,
		"a\x1b[2Jb":   `"a\u001b[2Jb"`,
		"a\u202eb":    `"a\u202eb"`,
		"a\u0085b":    `"a\u0085b"`,
		"a\x7fb":      `"a\u007fb"`,
		"a\U000e0041": `"a\udb40\udc41"`,
		"\xff":        `"\uefff"`,
		"é":           `"é"`,
	} {
		var o object
		o.begin()
		o.uid(in)
		if got := string(o.end()); got != `{"uid":`+want+"}\n" {
			t.Errorf("%q became %s, want %s", in, got, want)
		}
	}
}

func FuzzJSONText(f *testing.F) {
	for _, s := range []string{"", "a\"\\b", "\x1b]0;x\x07", "\u202e\u2028", "日本語 👩‍👩‍👧", "\xff\xfe", "e\u0301\u0301\u0301\u0301\u0301", "\U000e0041"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		safe := string(message.MakeSafe(s))
		var got string
		if err := json.Unmarshal(appendText(nil, safe), &got); err != nil || got != safe {
			t.Errorf("%q came back as %q (%v)", safe, got, err)
		}
		line := appendExact(nil, s)
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%q became %s: %v", s, line, err)
		}
		if utf8.ValidString(s) && got != s {
			t.Errorf("the UIDL %q came back as %q", s, got)
		}
		if string(message.MakeSafe(string(line))) != string(line) {
			t.Errorf("%q became %q, which is not safe to print", s, line)
		}
	})
}

func BenchmarkJSONRow(b *testing.B) {
	var o object
	subject := message.Safe(strings.Repeat("a subject ", 6))
	b.ReportAllocs()
	for b.Loop() {
		o.begin()
		o.int("number", 12345)
		o.uid("000000016553f100")
		o.text("subject", subject)
		o.date("date", time.Unix(1795372233, 0).UTC(), true)
		o.end()
	}
}
