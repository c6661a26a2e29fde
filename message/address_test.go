package message

import (
	"slices"
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
		{"comments inside", "Joe (his name) <joe(account)@(host)example.org>", []Address{{"Joe", "joe@example.org"}}},
		{"list", "a@b.c, D <d@e.f>; g@h.i", []Address{{"", "a@b.c"}, {"D", "d@e.f"}, {"", "g@h.i"}}},
		{"group", "Team: a@b.c, D <d@e.f>; x@y.z", []Address{{"", "a@b.c"}, {"D", "d@e.f"}, {"", "x@y.z"}}},
		{"empty group", "undisclosed-recipients:;", []Address{{"undisclosed-recipients", ""}}},
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
