package message

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestAddresses(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     []Address
	}{
		{"bare", "joe@example.org", []Address{{"", "joe@example.org"}}},
		{"name", "Joe Q. Public <joe@example.org>", []Address{{"Joe Q. Public", "joe@example.org"}}},
		{"quoted name", `"Public, Joe \"JQ\"" <joe@example.org>`, []Address{{`Public, Joe "JQ"`, "joe@example.org"}}},
		{"comment as name", "joe@example.org (Joe Public)", []Address{{"Joe Public", "joe@example.org"}}},
		{"nested comment", "joe@example.org (Joe (the first) Public)", []Address{{"Joe (the first) Public", "joe@example.org"}}},
		{"comment between names", "Joe (his desk) Public <joe@example.org>", []Address{{"Joe Public", "joe@example.org"}}},
		{"comments inside", "Joe (his name) <joe(account)@(host)example.org>", []Address{{"Joe", "joe@example.org"}}},
		{"list", "a@b.c, D <d@e.f>; g@h.i", []Address{{"", "a@b.c"}, {"D", "d@e.f"}, {"", "g@h.i"}}},
		{"group", "Team: a@b.c, D <d@e.f>; x@y.z", []Address{{"", "a@b.c"}, {"D", "d@e.f"}, {"", "x@y.z"}}},
		{"empty group", "undisclosed-recipients:;", []Address{{"undisclosed-recipients", ""}}},
		{"empty group without its semicolon", "undisclosed-recipients:", []Address{{"undisclosed-recipients", ""}}},
		{"empty group without its semicolon, spaced", "Undisclosed recipients: ", []Address{{"Undisclosed recipients", ""}}},
		{"empty group after members", "a@b.c, undisclosed-recipients:", []Address{{"", "a@b.c"}, {"undisclosed-recipients", ""}}},
		{"empty group with a comment inside", "undisclosed-recipients: (none) ;", []Address{{"undisclosed-recipients", ""}}},
		{"empty group with a comment behind", "unlisted-recipients:; (no To-header on input)", []Address{{"unlisted-recipients", ""}}},
		{"empty group with a comment for its semicolon", "unlisted-recipients: (no To-header on input)", []Address{{"unlisted-recipients", ""}}},
		{"empty group in brackets", "<undisclosed-recipients:;>", []Address{{"undisclosed-recipients", ""}}},
		{"empty group in brackets without its semicolon", "<Undisclosed-Recipient:>", []Address{{"Undisclosed-Recipient", ""}}},
		{"empty group in quotes", `"Undisclosed-Recipient:;"`, []Address{{"Undisclosed-Recipient", ""}}},
		{"group without its semicolon", "Team: a@b.c, d@e.f", []Address{{"Team:", "a@b.c"}, {"", "d@e.f"}}},
		{"comment alone", "(no To-header on input)", []Address{{"no To-header on input", ""}}},
		{"colon in a name", "Re: sales <joe@example.org>", []Address{{"Re: sales", "joe@example.org"}}},
		{"quoted local part", `"joe blow"@example.org`, []Address{{"", `"joe blow"@example.org`}}},
		{"quoted local part in brackets", `Joe <"joe@home"@example.org>`, []Address{{"Joe", `"joe@home"@example.org`}}},
		{"comma in a quoted local part", `"a,b"@example.org, c@d.e`, []Address{{"", `"a,b"@example.org`}, {"", "c@d.e"}}},
		{"encoded name", "=?utf-8?Q?Doe=2C_J=C3=BCrgen?= <j@example.org>", []Address{{"Doe, Jürgen", "j@example.org"}}},
		{"bare comma in an encoded name", "=?iso-8859-1?Q?Doe,_J=FCrgen?= <j@example.org>", []Address{{"Doe, Jürgen", "j@example.org"}}},
		{"encoded within quotes", `"=?utf-8?Q?J=C3=BCrgen?=" <j@example.org>`, []Address{{"Jürgen", "j@example.org"}}},
		{"all of it encoded", "=?utf-8?Q?J=C3=BCrgen_=3Cj=40example.org=3E?=", []Address{{"Jürgen", "j@example.org"}}},
		{"encoded local part is quoted", "=?utf-8?Q?ceo=40bank.example=3E?=@example.org", []Address{{"", `"ceo@bank.example>"@example.org`}}},
		{"route", "<@a.b,@c.d:joe@example.org>", []Address{{"", "joe@example.org"}}},
		{"spaces around", "Joe < joe @ example.org >", []Address{{"Joe", "joe@example.org"}}},
		{"spaces without brackets", "joe @ example.org", []Address{{"", "joe@example.org"}}},
		{"name before a bare address", "Joe Public joe@example.org", []Address{{"Joe Public", "joe@example.org"}}},
		{"bracket never closed", "Joe <joe@example.org", []Address{{"Joe", "joe@example.org"}}},
		{"bracket never opened", "joe@example.org>", []Address{{"", "joe@example.org"}}},
		{"brackets twice", "Joe <<joe@example.org>>", []Address{{"Joe", "joe@example.org"}}},
		{"name in brackets", "<Joe> <joe@example.org>", []Address{{"", "joe@example.org"}}},
		{"quote never closed", `"Joe <joe@example.org>`, []Address{{"Joe", "joe@example.org"}}},
		{"comment never closed", "Joe :( <joe@example.org>", []Address{{"Joe :(", "joe@example.org"}}},
		{"mailto", "<mailto:joe@example.org>", []Address{{"", "joe@example.org"}}},
		{"user name alone", "root", []Address{{"", "root"}}},
		{"words alone", "Mail Delivery Subsystem", []Address{{"Mail Delivery Subsystem", ""}}},
		{"empty path", "<>", nil},
		{"commas", ", , a@b.c,,", []Address{{"", "a@b.c"}}},
		{"domain literal", "joe@[192.0.2.1]", []Address{{"", "joe@[192.0.2.1]"}}},
		{"control characters", "\x1b[2JJoe <joe@exa\u202emple.org>", []Address{{"␛[2JJoe", "joe@exa\uFFFDmple.org"}}},
		{"UTF-8", "用户 <用户@例子.公司>", []Address{{"用户", "用户@例子.公司"}}},
		{"", "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := headerText{detector: Decoder{}.detector()}
			if got := slices.Collect(h.addresses(tt.in)); !slices.Equal(got, tt.want) {
				t.Errorf("addresses(%q) = %+q, want %+q", tt.in, got, tt.want)
			}
		})
	}
}

// TestRawNamesAreDecodedBeforeTheyAreRead: octets of 8-bit and escaped characters may look like quotes, commas,
// brackets and backslashes.
func TestRawNamesAreDecodedBeforeTheyAreRead(t *testing.T) {
	for _, tt := range []struct {
		name, charset string
		in            string
		want          []Address
	}{
		{"Shift_JIS, backslash", "Shift_JIS", "\"\x95\x5c\x8e\xa6 \x94\x5c\x97\xcd\x83\x5c\" <a@b.c>", []Address{{"表示 能力ソ", "a@b.c"}}},
		{"Shift_JIS, at sign and bracket", "Shift_JIS", "\x83\x40\x83\x5b\x83\x5d <a@b.c>, d@e.f", []Address{{"ァゼゾ", "a@b.c"}, {"", "d@e.f"}}},
		{"Big5, backslash", "Big5", "\"\xb3\x5c\xa5\x5c\xbb\x5c\" <a@b.c>", []Address{{"許功蓋", "a@b.c"}}},
		{"GBK, backslash", "GBK", "\"\x8f\x5c\xc4\xe3\xba\xc3\" <a@b.c>", []Address{{"廫你好", "a@b.c"}}},
		{"ISO-2022-JP, quotes and commas", "", "\x1b$B$\"$,$<\x1b(B <a@b.c>, d@e.f", []Address{{"あがぜ", "a@b.c"}, {"", "d@e.f"}}},
		{"ISO-2022-JP in quotes", "", "\"\x1b$B;3ED\x1b(B\" <a@b.c>", []Address{{"山田", "a@b.c"}}},
		{"Latin-1 beside UTF-8", "iso-8859-1", "J\u00fcrgen <a@b.c>, Ren\xe9 <d@e.f>", []Address{{"J\u00fcrgen", "a@b.c"}, {"Ren\u00e9", "d@e.f"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := Decoder{}.Envelope(lines("Content-Type: text/plain; charset="+tt.charset, "To: "+tt.in))
			if !slices.Equal(e.To, tt.want) {
				t.Errorf("To = %+q, want %+q", e.To, tt.want)
			}
		})
	}
}

// BenchmarkHugeAddressHeader has a header and one of twice its size of each shape: the second takes about twice the time.
func BenchmarkHugeAddressHeader(b *testing.B) {
	for name, shape := range map[string]func(n int) string{
		"entries":      func(n int) string { return strings.Repeat("Joe <j@e.f>, ", n/13) },
		"commas":       func(n int) string { return strings.Repeat(",", n) },
		"comments":     func(n int) string { return strings.Repeat("(c) ", n/4) },
		"nested":       func(n int) string { return strings.Repeat("(", n/2) + strings.Repeat(")", n/2) },
		"open":         func(n int) string { return strings.Repeat("(", n) },
		"openquotes":   func(n int) string { return strings.Repeat("\"a,", n/3|1) },
		"brackets":     func(n int) string { return strings.Repeat("<", n) },
		"literals":     func(n int) string { return strings.Repeat("[", n) },
		"colons":       func(n int) string { return strings.Repeat("a", n/2) + "@" + strings.Repeat(":", n/2) + ";" },
		"groups":       func(n int) string { return strings.Repeat("g:a@b;", n/6) },
		"emptygroups":  func(n int) string { return strings.Repeat("g:", n/2) },
		"words":        func(n int) string { return strings.Repeat("=?utf-8?q?a?= ", n/14) },
		"unendedwords": func(n int) string { return strings.Repeat("=?utf-8?q?a", n/11) },
		"at":           func(n int) string { return strings.Repeat("@ ", n/2) },
		"8bit":         func(n int) string { return strings.Repeat("\xe9\xe8 a@b,", n/8) },
		"escapes":      func(n int) string { return strings.Repeat("\x1b$B$\"\x1b(B a@b,", n/14) },
	} {
		for _, n := range []int{128 << 10, 256 << 10} {
			value := shape(n)
			b.Run(name+"/"+strconv.Itoa(n>>10)+"KiB", func(b *testing.B) {
				b.SetBytes(int64(len(value)))
				for b.Loop() {
					h := headerText{detector: Decoder{}.detector()}
					for range h.addresses(value) {
					}
				}
			})
		}
	}
}

func TestShownAddresses(t *testing.T) {
	for _, tt := range []struct{ name, in, want Safe }{
		{"ASCII", "joe@example.org", "joe@example.org"},
		{"no domain", "root", "root"},
		{"German", "joe@xn--mnchen-3ya.example", "joe@münchen.example"},
		{"German as it is", "joe@münchen.example", "joe@münchen.example"},
		{"Chinese", "joe@xn--fsqu00a.xn--55qx5d", "joe@例子.公司"},
		{"Japanese", "joe@xn--wgv71a119e.jp", "joe@日本語.jp"},
		{"Russian", "joe@xn--e1afmkfd.xn--p1ai", "joe@пример.рф"},
		{"Cyrillic among Latin", "joe@pаypal.com", "joe@pаypal.com (xn--pypal-4ve.com)"},
		{"Cyrillic that looks Latin", "joe@xn--80ak6aa92e.com", "joe@аррӏе.com (xn--80ak6aa92e.com)"},
		{"rare Latin letters", "joe@ɡoogle.com", "joe@ɡoogle.com (xn--oogle-qmc.com)"},
		{"dotless i", "joe@wıkipedia.org", "joe@wıkipedia.org (xn--wkipedia-tkb.org)"},
		{"Cyrillic among Latin in the local part", "pаypal@example.org", "pаypal@example.org (look-alike letters)"},
		{"Cyrillic that looks Latin in the local part", "support.аррӏе@example.org", "support.аррӏе@example.org (look-alike letters)"},
		{"look-alike letters on both sides", "pаypal@pаypal.com", "pаypal@pаypal.com (xn--pypal-4ve.com, look-alike letters)"},
		{"Greek among Latin, with an A-label", "gοοgle@xn--mnchen-3ya.example", "gοοgle@münchen.example (look-alike letters)"},
		{"Russian local part", "почта.joe@example.org", "почта.joe@example.org"},
		{"Chinese and Latin local part", "用户abc@example.org", "用户abc@example.org"},
		{"Vietnamese local part", "nguyễn.văn.tư@example.org", "nguyễn.văn.tư@example.org"},
		{"emoji in the local part", "☕tea@example.org", "☕tea@example.org"},
		{"broken Punycode", "joe@xn--\u007f.com", "joe@xn--\u007f.com"},
		{"not Punycode", "joe@xn--0.pt", "joe@xn--0.pt"},
	} {
		t.Run(string(tt.name), func(t *testing.T) {
			if got := (Address{Address: tt.in}).Shown(); got != tt.want {
				t.Errorf("Shown(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func FuzzAddresses(f *testing.F) {
	for _, s := range []string{
		"Joe <joe@example.org>", `"a,b"@c.d`, "g: a@b, c@d;", "<@a:b@c>", "=?utf-8?Q?a=3Cb=40c=3E?=", "a@b (c (d) e)", "(((", `"""`, "<<<>>>", "joe@xn--80ak6aa92e.com", "a @ b c d",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		h := headerText{detector: Decoder{}.detector()}
		for a := range h.addresses(in) {
			if a == (Address{}) {
				t.Errorf("addresses(%q) yields an empty one", in)
			}
			if len(a.Name) > maxAddressText || len(a.Address) > maxAddressText {
				t.Errorf("addresses(%q) yields a long one", in)
			}
			checkSafe(t, in, a.Name)
			checkSafe(t, in, a.Address)
			checkSafe(t, in, a.Shown())
		}
	})
}
