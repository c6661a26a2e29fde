package message

import (
	"encoding/base64"
	"slices"
	"testing"
	"time"
)

// TestOddMail has mail as carriers, lists and programs really write it, each with what once came out wrong.
func TestOddMail(t *testing.T) {
	const qq = "Content-Type: text/plain; charset="
	for _, tt := range []struct {
		name string
		raw  []byte
		want []Safe
	}{
		{"pictures of a Japanese carrier", lines(qq+"Shift_JIS", "", "\x82\xb1\x82\xf1\xf9\x8b\xf7\x41\xf9\x8b"), []Safe{"こん\uFFFD"}},
		{"a declared charset with much that is broken", lines(qq+"gb2312", "", "\xc4\xe3\xba\xc3\xff\xa3\xac\xff\xca\xc0\xbd\xe7"), []Safe{"你好\uFFFD，\uFFFD世界"}},
		{"latin under the name of UTF-8", lines(qq+"utf-8", "", "\xe9t\xe9 caf\xe9"), []Safe{"été café"}},
		{"a list's footer behind base64", lines(qq+"utf-8", "Content-Transfer-Encoding: base64", "", "bGluZSBvbmUKbGluZSB0d28K", "", "-- ", "list footer here"), []Safe{"line one", "line two", "", "-- ", "list footer here"}},
		{"a footer behind padding", lines(qq+"utf-8", "Content-Transfer-Encoding: base64", "", "b25lCg==", "____________", "one list"), []Safe{"one", "____________", "one list"}},
		{"a stray delimiter behind base64", lines(qq+"utf-8", "Content-Transfer-Encoding: base64", "", "b25lCg==", "--SomeBoundary--", "", "tail"), []Safe{"one", "--SomeBoundary--", "", "tail"}},
		{"plain text that says it is base64", lines(qq+"utf-8", "Content-Transfer-Encoding: base64", "", "Hello Joe,", "", "these are words"), []Safe{"Hello Joe,", "", "these are words"}},
		{"a multipart that was encoded as a whole", lines("Content-Type: multipart/mixed; boundary=\"=_q\"", "Content-Transfer-Encoding: quoted-printable", "", "--=3D_q", "", "hello", "--=3D_q--"), []Safe{"hello"}},
		{"a first delimiter that went into the header", lines("Content-Type: multipart/mixed; boundary=q", "--q", "", "hello", "--q--"), []Safe{"hello"}},
		{"a part without an empty line", lines("Content-Type: multipart/mixed; boundary=q", "", "--q", "hello: it is", "--q", "no header at all", "--q--"), []Safe{"no header at all"}},
		{"a summary and its details", lines("Content-Type: text/html", "", "<details><summary>one</summary>two</details>three"), []Safe{"one", "two", "three"}},
		{"quoted-printable cut in a line end", []byte(qq + "utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9 =\r"), []Safe{"café"}},
		{"HTML cut in a tag's first character", lines("Content-Type: text/html", "", "<p>one<p>two<")[:len("Content-Type: text/html\r\n\r\n<p>one<p>two<")], []Safe{"one", "", "two"}},
		{"a multipart cut in its first delimiter", []byte("Content-Type: multipart/mixed; boundary=abc\r\n\r\n--ab"), nil},
		{"spaces and junk in base64", lines(qq+"utf-8", "Content-Transfer-Encoding: base64", "", "bGluZSBv bmUK", "bGluZSB0d2", "\x01 8K"), []Safe{"line one", "line two"}},
		{"base64 joined from pieces", lines(qq+"utf-8", "Content-Transfer-Encoding: base64", "", "b25lCg==", "dHdvCg=="), []Safe{"one", "two"}},
		{"UTF-16 of a little-endian writer", utf16Part("G\x00r\x00\xfc\x00\xdf\x00e\x00"), []Safe{"Grüße"}},
		{"UTF-16 as the standard has it", utf16Part("\x00G\x00r\x00\xfc\x00\xdf\x00e"), []Safe{"Grüße"}},
		{"UTF-16 with its mark", utf16Part("\xff\xfeG\x00r\x00\xfc\x00"), []Safe{"Grü"}},
		{"ASCII under the name of UTF-16", lines("Content-Type: text/html; charset=utf-16", "", "<p>plain words</p>"), []Safe{"plain words"}},
		{"UTF-8 of surrogates", lines(qq+"utf-8", "", "smile \xed\xa0\xbd\xed\xb8\x80 é"), []Safe{"smile 😀 é"}},
		{"returned headers", lines("Content-Type: text/rfc822-headers; charset=us-ascii", "", "Subject: =?utf-8?q?caf=C3=A9?=", "To: a@b,", "\tc@d", "", "rest"), []Safe{"Subject: café", "To: a@b,", "        c@d"}},
		{"links on a base", lines("Content-Type: text/html", "", "<head><base href='http://evil.example/x/'></head><a href=login>www.bank.example.com</a>"), []Safe{
			"www.bank.example.com [1 goes to evil.example!]", "", "[1] http://evil.example/x/login (its text says www.bank.example.com)",
		}},
		{"a host in capitals", lines("Content-Type: text/html", "", "<a href='http://evil.example/'>MyBank.com</a> <a href='http://evil.example/'>WWW.BANK.COM</a>"), []Safe{
			"MyBank.com [1 goes to evil.example!] WWW.BANK.COM [2 goes to evil.example!]", "", "[1] http://evil.example/ (its text says mybank.com)", "[2] http://evil.example/ (its text says www.bank.com)",
		}},
		{"targets that only browsers read as hosts", lines("Content-Type: text/html", "", "<a href='http:evil.example'>www.bank.com</a> <a href='https:///evil.example/x'>www.bank.com</a>",
			"<a href='http://www.bank.com%2eevil.example'>www.bank.com</a> <a href='http://evil.example/&#7;'>www.bank.com</a> <a href='http:\\\\evil.example'>www.bank.com</a>"), []Safe{
			"www.bank.com [1 goes to evil.example!] www.bank.com [2 goes to evil.example!] www.bank.com [3 goes to www.bank.com.evil.example!] www.bank.com [4 goes to evil.example!] www.bank.com [5 goes to evil.example!]", "",
			"[1] http:evil.example (its text says www.bank.com)", "[2] https:///evil.example/x (its text says www.bank.com)", "[3] http://www.bank.com%2eevil.example (its text says www.bank.com)",
			"[4] http://evil.example/␇ (its text says www.bank.com)", `[5] http:\\evil.example (its text says www.bank.com)`,
		}},
		{"a mail address that is another's", lines("Content-Type: text/html", "", "<a href='mailto:x@evil.example?subject=y'>help@bank.com</a> <a href='mailto:x@bank.com'>help@bank.com</a>"), []Safe{
			"help@bank.com [1 goes to evil.example!] help@bank.com [2]", "", "[1] mailto:x@evil.example?subject=y (its text says bank.com)", "[2] mailto:x@bank.com",
		}},
		{"a host in wide letters", lines("Content-Type: text/html; charset=utf-8", "", "<a href='http://evil.example'>ｗｗｗ．ｂａｎｋ．ｃｏｍ</a> <a href='http://evil.example'>bank。com</a>"), []Safe{
			"ｗｗｗ．ｂａｎｋ．ｃｏｍ [1 goes to evil.example!] bank。com [2 goes to evil.example!]", "", "[1] http://evil.example (its text says www.bank.com)", "[2] http://evil.example (its text says bank.com)",
		}},
		{"names that are no hosts", lines("Content-Type: text/html", "", "<a href='http://x.example/'>ASP.NET</a> <a href='http://x.example/'>try Asp.net</a>"), []Safe{
			"ASP.NET [1] try Asp.net [1]", "", "[1] http://x.example/",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := (Decoder{}).Preview(tt.raw).Text; !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func utf16Part(octets string) []byte {
	return lines("Content-Type: text/plain; charset=utf-16", "Content-Transfer-Encoding: base64", "", base64.StdEncoding.EncodeToString([]byte(octets)))
}

func TestOddDates(t *testing.T) {
	for in, want := range map[string]string{
		"=?utf-8?Q?Sat,_31_Jan_2026_10:00:00_+0100?=":      "2026-01-31T10:00:00+01:00",
		"星期六, 31 一月 2026 10:00:00 +0800":                   "2026-01-31T10:00:00+08:00", // Java's words for it in Chinese
		"周六, 31 12月 2026 10:00:00 +0800":                   "2026-12-31T10:00:00+08:00",
		"周六, 31 十二月 2026 10:00:00 +0800":                   "2026-12-31T10:00:00+08:00",
		"2026年1月31日 10:00":                                 "2026-01-31T10:00:00Z",
		"2026년 1월 31일 10:00:00 +0900":                      "2026-01-31T10:00:00+09:00",
		"2026年 1月 31日 (土) 10:00:00 +0900":                  "2026-01-31T10:00:00+09:00",
		"Sat, 31 Jan 2026 10:00:00 +0900 (東京 (標準時))":       "2026-01-31T10:00:00+09:00",
		"31 Jan 2026 10:00:00 +0100 (Mitteleurop\xe4ische": "2026-01-31T10:00:00+01:00",
	} {
		e := Decoder{}.Envelope(lines("Date: " + in))
		if got := e.Date.Format(time.RFC3339); !e.HasDate || got != want {
			t.Errorf("%q: %s (%v), want %s", in, got, e.HasDate, want)
		}
	}
}

func TestOddSubjects(t *testing.T) {
	for in, want := range map[string]Safe{
		"x\xed\xa0\xbd\xed\xb8\x80y": "x😀y",
		"=?utf-8?B?7aC97biA?=":       "😀",
		"=?Shift_JIS?B?grH5i4Lx?=":   "こ\uFFFDん",
	} {
		if got := (Decoder{}).Envelope(lines("Subject: " + in)).Subject; got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestOddAuthors(t *testing.T) {
	for in, want := range map[string]Address{
		"Smith, John <js@x.example>":         {"Smith, John", "js@x.example"},
		"Smith Jr., John <js@x.example>":     {"Smith Jr., John", "js@x.example"},
		"Smith, John <js@x.example>, c@d.e":  {"Smith, John", "js@x.example"},
		"root, js@x.example":                 {"", "root"},
		"a@b.c, John <js@x.example>":         {"", "a@b.c"},
		"\"Smith\" <a@b.c>, J <j@x.example>": {"Smith", "a@b.c"},
	} {
		if got := (Decoder{}).Envelope(lines("From: " + in)).From; got != want {
			t.Errorf("%q: %+q, want %+q", in, got, want)
		}
	}
}

func TestOddNamesThatHoldAddresses(t *testing.T) {
	for name, want := range map[string]bool{"ceo@bank.com": true, "ceo＠bank.com": true, "ceo﹫bank。com": true, "x＠evil.example": false, "a ＠ b": false} {
		if got := (Decoder{}).Envelope(lines("From: \"" + name + "\" <x@evil.example>")).Judgement.NameHoldsAddress; got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}
