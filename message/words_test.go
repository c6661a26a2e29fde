package message

import (
	"strings"
	"testing"
	"time"
)

func decodeHeaderValue(s string) string {
	h := headerText{detector: Decoder{}.detector()}
	return h.decode(s)
}

func TestEncodedWords(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"Q", "=?utf-8?Q?caf=C3=A9_noir?=", "café noir"},
		{"B", "=?UTF-8?B?5L2g5aW9?=", "你好"},
		{"between text", "Re: =?utf-8?q?=C3=A9t=C3=A9?= 2026", "Re: été 2026"},
		{"space between words goes", "=?utf-8?q?a?=  \t =?utf-8?q?b?=", "ab"},
		{"space between words of two charsets goes", "=?utf-8?q?a?= =?iso-8859-1?q?=E9?=", "aé"},
		{"words without a space between", "=?utf-8?q?a?==?utf-8?q?b?=", "ab"},
		{"within a word", "H=?ISO-8859-1?B?9g==?=hn", "Höhn"},
		{"split within a character, B", "=?utf-8?B?5L2g5aU=?= =?utf-8?B?vQ==?=", "你好"},
		{"split within a character, Q", "=?utf-8?Q?=E4=BD?= =?UTF-8?Q?=A0?=", "你"},
		{"split within a character, GBK", "=?gbk?B?xA==?= =?gbk?B?47rD?=", "你好"},
		{"half a character lost", "=?gb2312?B?xOPE?= =?gb2312?B?xOO6ww==?=", "你\uFFFD你好"},
		{"shift state over two words", "=?iso-2022-jp?B?GyRCRnxL?= =?iso-2022-jp?B?XBsoQg==?=", "日本"},
		{"each word with its own shift", "=?iso-2022-jp?B?GyRCRnwbKEI=?= =?iso-2022-jp?B?GyRCS1wbKEI=?=", "日本"},
		{"shift never ended", "=?iso-2022-jp?B?GyRCRnxLXA==?=", "日本"},
		{"no padding", "=?utf-8?B?5L2g5aW9ISE?=", "你好!!"},
		{"too much padding", "=?utf-8?B?5L2g5aW9====?=", "你好"},
		{"padding in the middle", "=?utf-8?B?YQ==Yg==?=", "ab"},
		{"spaces in base64", "=?utf-8?B?5L2g 5aW9?=", "你好"},
		{"spaces in Q", "=?utf-8?Q?Hello w=C3=B6rld?=", "Hello wörld"},
		{"question mark in Q", "=?utf-8?Q?How are you??= fine", "How are you? fine"},
		{"bad escapes in Q", "=?utf-8?Q?100=_=4x?=", "100= =4x"},
		{"lower-case escapes", "=?utf-8?q?=c3=a9?=", "é"},
		{"empty", "=?utf-8?Q??=", ""},
		{"language", "=?utf-8*en?Q?=C3=A9?=", "é"},
		{"never ended", "=?utf-8?Q?abc", "=?utf-8?Q?abc"},
		{"never ended before another", "=?utf-8?Q?abc =?utf-8?Q?=C3=A9?=", "=?utf-8?Q?abc é"},
		{"unknown encoding", "=?utf-8?X?abc?=", "=?utf-8?X?abc?="},
		{"no charset", "=??Q?abc?=", "=??Q?abc?="},
		{"not a word", "a =? b ?= c", "a =? b ?= c"},
		{"x-gbk", "=?x-gbk?B?xOO6ww==?=", "你好"},
		{"gb2312 that is GBK", "=?gb2312?B?6UU=?=", "镋"},
		{"gb2312 that is GB18030", "=?gb2312?B?gTCBMA==?=", "\u0080"},
		{"gb18030 in four octets", "=?gb2312?B?lTKQMQ==?=", "\U00020087"},
		{"cp932", "=?cp932?B?h0CD/A==?=", "①\uFFFD"},
		{"cp932 with vendor characters", "=?cp932?B?h0CDgQ==?=", "①メ"},
		{"ISO-2022-JP with vendor characters", "=?iso-2022-jp?B?GyRCLSEtahsoQg==?=", "①㈱"},
		{"ISO-2022-JP with katakana", "=?iso-2022-jp?B?GyhJMTIzGyhC?=", "ｱｲｳ"},
		{"cp50221", "=?cp50221?B?GyRCRnxLXBsoQg==?=", "日本"},
		{"ISO-2022-KR", "=?iso-2022-kr?B?GyQpQw4wIQ9B?=", "가A"},
		{"EUC-KR by its old name", "=?ks_c_5601-1987?B?x9Gx2w==?=", "한글"},
		{"Big5", "=?Big5?B?p0Gmbg==?=", "你好"},
		{"KOI8-R", "=?koi8-r?B?8NLJ18XU?=", "Привет"},
		{"windows-1251 by another name", "=?win-1251?Q?=CF=F0=E8=E2=E5=F2?=", "Привет"},
		{"ISO-8859-1 that is windows-1252", "=?iso-8859-1?Q?=93quoted=94?=", "“quoted”"},
		{"utf-7", "=?utf-7?Q?Hi_+AOk-t+AOk_+-?=", "Hi été +"},
		{"utf8 without a hyphen", "=?utf8?Q?=C3=A9?=", "é"},
		{"cp1252", "=?cp1252?Q?=80?=", "€"},
		{"unknown charset, ASCII", "=?x-unknown?Q?abc?=", "abc"},
		{"unknown charset, UTF-8", "=?x-unknown?Q?=C3=A9t=C3=A9?=", "été"},
		{"ASCII that is not", "=?us-ascii?Q?=C3=A9t=C3=A9?=", "été"},
		{"utf-8 that is not", "=?utf-8?B?xOO6w6OsytK95w==?=", "你好，室界"},
		{"raw UTF-8", "café 漢字", "café 漢字"},
		{"raw ISO-2022-JP", "\x1b$BF|K\\\x1b(B", "日本"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := decodeHeaderValue(tt.in); got != tt.want {
				t.Errorf("decode(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestP8_ManyWordsTakeBoundedTime(t *testing.T) {
	for name, value := range map[string]string{
		"words":          strings.Repeat("=?utf-8?Q?=C3=A9?= ", 100_000),
		"never ended":    strings.Repeat("=?utf-8?Q?abc ", 100_000),
		"openings":       strings.Repeat("=?", 300_000),
		"question marks": strings.Repeat("=?a?q?", 200_000),
		"unknown":        strings.Repeat("=?x-a?B?4uXg4g==?= =?x-b?B?4uXg4g==?= ", 20_000),
		"quotes":         strings.Repeat(`"`, 500_001),
		"comments":       strings.Repeat("(", 500_000),
		"brackets":       strings.Repeat("<", 500_000),
		"closing":        strings.Repeat("<>", 300_000),
		"commas":         strings.Repeat(",", 500_000) + "a@b",
		"addresses":      strings.Repeat("a@b.c, ", 100_000),
		"groups":         strings.Repeat("g:", 200_000) + ";",
		"colons":         strings.Repeat("a:;", 200_000),
		"at signs":       strings.Repeat("@", 500_000),
		"backslashes":    strings.Repeat(`\`, 500_000),
		"raw":            strings.Repeat("\xc4\xe3\xba\xc3 \xff", 50_000),
		"spaces":         strings.Repeat(" ", 900_000) + "x",
		"folds":          strings.Repeat("x\r\n ", 200_000),
		"literals":       strings.Repeat("[", 500_000),
		"dates":          strings.Repeat("1 Jan ", 100_000),
		"parameters":     strings.Repeat("; a*1*=b", 100_000),
		"commented":      strings.Repeat("a=b (c) ", 60_000),
		"results":        strings.Repeat("; dkim=pass (", 50_000),
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			var header strings.Builder
			for _, field := range []string{"From", "To", "Subject", "Date", "Content-Type", "Authentication-Results", "Received", "List-Id"} {
				header.WriteString(field + ": " + value + "\r\n")
			}
			e := Decoder{}.Envelope([]byte(header.String()))
			if len(e.Subject) > MaxSubject {
				t.Errorf("the subject has %d octets", len(e.Subject))
			}
			Decoder{}.Fields([]byte(header.String()))
			// The bound is wide, since it is there to tell a slope from a square: 500,000² steps take minutes.
			if took := time.Since(began); took > time.Minute {
				t.Errorf("took %v", took)
			}
		})
	}
}

func FuzzEncodedWord(f *testing.F) {
	for _, s := range []string{"=?utf-8?Q?=C3=A9?=", "=?iso-2022-jp?B?GyRCRnxL?= =?iso-2022-jp?B?XBsoQg==?=", "=?utf-7?B?K0FPay0=?=", "=?a?q?=?b?b?", "=?hz?Q?~{VPND~}?=", "\xc4\xe3\xba\xc3", "=?utf-16?B?/v8AYQ==?="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got := decodeHeaderValue(in)
		if isASCII(in) && !strings.Contains(in, "=?") && !strings.Contains(in, "\x1b") && got != in {
			t.Errorf("decode(%q) = %q, and it holds nothing to decode", in, got)
		}
		checkSafe(t, in, MakeSafe(got))
	})
}
