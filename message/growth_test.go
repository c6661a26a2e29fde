package message

import (
	"strings"
	"testing"
	"time"
)

// TestP8_WorkGrowsWithSizeAndNoFaster compares how long sixteen times as much of the same takes: a parser that goes over
// what it has read for everything that it reads takes 256 times as long. Times are compared with each other
// only, the best of as many as it takes, since others may be using the machine.
func TestP8_WorkGrowsWithSizeAndNoFaster(t *testing.T) {
	const small, times, most = 8 << 10, 16, 80
	for name, shape := range growingHeaders {
		t.Run("header/"+name, func(t *testing.T) {
			compareGrowth(t, times, most, func(factor int) func() {
				value := fill(shape, small*factor)
				var header strings.Builder
				for _, field := range []string{"From", "To", "Subject", "Date", "Content-Type", "Content-Disposition", "Authentication-Results", "Received", "List-Id", "X-Spamd-Result"} {
					header.WriteString(field + ": " + value + "\r\n")
				}
				raw := []byte(header.String())
				return func() {
					Decoder{}.Preview(raw)
					Decoder{}.Fields(raw)
				}
			})
		})
	}
	for name, shape := range growingBodies {
		t.Run("body/"+name, func(t *testing.T) {
			compareGrowth(t, times, most, func(factor int) func() {
				raw := []byte(shape[0] + "\r\n" + fill([3]string{"", shape[1], ""}, 2*small*factor))
				return func() { Decoder{}.Preview(raw) }
			})
		})
	}
}

// fill repeats a shape's middle between its ends until n octets are full.
func fill(shape [3]string, n int) string {
	room := n - len(shape[0]) - len(shape[2])
	return shape[0] + strings.Repeat(shape[1], room/len(shape[1])) + shape[2]
}

// compareGrowth fails where work made for the given factor takes more than most times as long as work made for 1.
func compareGrowth(t *testing.T, factor, most int, work func(factor int) func()) {
	t.Helper()
	small, large := work(1), work(factor)
	began, one, many := time.Now(), time.Hour, time.Hour
	for round := 0; round < 3 || round < 100 && time.Since(began) < 10*time.Second; round++ {
		one, many = min(one, timed(small)), min(many, timed(large))
		if many <= one*time.Duration(most) {
			return
		}
	}
	t.Errorf("%d times the size takes %.0f times as long", factor, float64(many)/float64(max(one, 1)))
}

func timed(work func()) time.Duration {
	began := time.Now()
	work()
	return time.Since(began)
}

// growingHeaders are values that grow in their middle.
var growingHeaders = map[string][3]string{
	"one word":             {"", "x", ""},
	"spaces":               {"a", " ", "b"},
	"folds":                {"", "x\r\n ", ""},
	"addresses":            {"", "Joe <j@e.f>, ", ""},
	"bare addresses":       {"", "a@b.c, ", ""},
	"commas":               {"", ",", "a@b"},
	"semicolons":           {"", ";", "a@b"},
	"at signs":             {"", "@", ""},
	"spaced at signs":      {"", "@ ", ""},
	"dots and at":          {"", "a . ", "@b.c"},
	"comments":             {"", "(c) ", "a@b"},
	"nested comments":      {strings.Repeat("(", 10), "((c)", "a@b"},
	"open comments":        {"", "(", ""},
	"entries that open":    {"", "(,", "a@b"},
	"closed comments":      {"", ")", ""},
	"comments in results":  {"mx; spf=pass ", "(c) ", "x"},
	"comments in a route":  {"by a ", "(c) with lmtp ", "; 1 Jan 2026"},
	"comment in brackets":  {"<", "(c)", "a@b>"},
	"quotes":               {"", `"`, ""},
	"odd quotes":           {`"`, `""`, ""},
	"quoted entries":       {"", `"a,b" `, "<a@b>"},
	"entries that quote":   {"", `",`, ""},
	"escaped quotes":       {`"`, `\"`, ""},
	"backslashes":          {"", `\`, ""},
	"opening brackets":     {"", "<", ""},
	"closing brackets":     {"", ">", ""},
	"brackets":             {"", "<>", ""},
	"bracketed":            {"", "<a>", ""},
	"literals":             {"", "[", ""},
	"closed literals":      {"", "[]", ""},
	"groups":               {"", "g:a@b;", ""},
	"empty groups":         {"", "g:;", ""},
	"open groups":          {"", "g:", ";"},
	"routes":               {"<", "@a,", ":b@c>"},
	"words":                {"", "=?utf-8?q?=c3=a9?= ", ""},
	"words of one":         {"", "=?utf-8?b?w6k=?=", ""},
	"words in turn":        {"", "=?utf-8?q?=c3=a9?= =?koi8-r?q?=c3?= ", ""},
	"unknown words":        {"", "=?x-a?b?4uXg4g==?= =?x-b?b?4uXg4g==?= ", ""},
	"halved words":         {"", "=?utf-8?b?w6nD?= ", ""},
	"languages":            {"", "=?utf-8*en?q?a?= =?utf-8*de?q?b?= ", ""},
	"unended words":        {"", "=?utf-8?q?a", ""},
	"unended at spaces":    {"", "=?utf-8?q?a ", ""},
	"word openings":        {"", "=?", ""},
	"question marks":       {"", "?", ""},
	"a word of marks":      {"=?utf-8?q?", "?", ""},
	"words without text":   {"", "=?a?q?", ""},
	"addresses in words":   {"", "=?utf-8?q?a=40b.c?=, ", ""},
	"a long word":          {"=?utf-8?q?", "=c3=a9", "?="},
	"base64 groups":        {"=?utf-8?b?", "YQ==", "?="},
	"bad octets in a word": {"=?utf-8?q?", "=ff_", "?="},
	"raw UTF-8":            {"", "\u00e9 ", ""},
	"raw 8-bit":            {"", "\xe9\xe8 a@b,", ""},
	"surrogates":           {"", "\xed\xa0\xbd\xed\xb8\x80", ""},
	"halves of surrogates": {"", "\xed\xa0\xbd", ""},
	"carrier pictures":     {"=?shift_jis?q?", "=f9=8b", "?="},
	"East Asian dates":     {"", "1月", ""},
	"raw of no charset":    {"", "\xc4\xe3\xba\xc3 \xff", ""},
	"raw Shift_JIS":        {"", "\x83\x5c, ", ""},
	"escapes":              {"", "\x1b$B$\"\x1b(B a@b,", ""},
	"escapes alone":        {"", "\x1b", ""},
	"dates":                {"", "1 Jan ", ""},
	"parameters":           {"text/plain", "; a=b", ""},
	"pieces":               {"text/plain", "; charset*1*=b", ""},
	"empty parameters":     {"text/plain", ";", ""},
	"parameter in percent": {"text/plain; charset*=utf-8''", "%41", ""},
	"results":              {"mx", "; dkim=pass (", ""},
	"properties":           {"mx; spf=pass", " a=b", ""},
	"equals signs":         {"", "=", ""},
	"marks":                {"a", "\u0301", ""},
	"joiners":              {"a", "\u200d", "b"},
	"hidden":               {"a", "\u202e", "b"},
	"tabs":                 {"a", "\t", "b"},
	"controls":             {"", "\x01", ""},
	"list ids":             {"", "<a.b> ", ""},
	"colons":               {"", ":", ""},
	"mail in a name":       {`"`, "a@b ", `" <c@d>`},
	"UTF-7":                {"=?utf-7?q?", "+", "?="},
	"UTF-7 runs":           {"=?utf-7?q?", "+AGE-", "?="},
	"ISO-2022-JP":          {"=?iso-2022-jp?b?", "GyRCJCIbKEI=", "?="},
	"HZ":                   {"=?hz-gb-2312?q?", "~{", "?="},
}

// growingBodies are a header and what its body repeats.
var growingBodies = map[string][2]string{
	"lines":              {"", "a\n"},
	"empty lines":        {"", "\n"},
	"one line":           {"", "a"},
	"carriage returns":   {"", "\r"},
	"tabs":               {"", "a\t"},
	"one part's lines":   {"Content-Type: multipart/mixed; boundary=x\r\n", "--x\r\n\r\n"},
	"half delimiters":    {"Content-Type: multipart/mixed; boundary=x\r\n", "--\r\n"},
	"guessed boundary":   {"Content-Type: multipart/mixed\r\n", "--x\r\n\r\na\r\n"},
	"nested parts":       {"Content-Type: multipart/mixed; boundary=x\r\n", "--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"},
	"alternatives":       {"Content-Type: multipart/alternative; boundary=x\r\n", "--x\r\nContent-Type: text/html\r\n\r\na\r\n"},
	"messages":           {"Content-Type: message/rfc822\r\n", "Content-Type: message/rfc822\r\n\r\n"},
	"messages in a part": {"Content-Type: multipart/digest; boundary=x\r\n", "--x\r\n\r\nSubject: x\r\n\r\n"},
	"quoted-printable":   {"Content-Transfer-Encoding: quoted-printable\r\n", "=C3=A9"},
	"soft line ends":     {"Content-Transfer-Encoding: quoted-printable\r\n", "=\r\n"},
	"trailing spaces":    {"Content-Transfer-Encoding: quoted-printable\r\n", " "},
	"equals signs":       {"Content-Transfer-Encoding: quoted-printable\r\n", "="},
	"base64":             {"Content-Transfer-Encoding: base64\r\n", "YQ==\r\n"},
	"base64 and footers": {"Content-Transfer-Encoding: base64\r\n", "YQ==\r\n-- \r\n"},
	"returned headers":   {"Content-Type: text/rfc822-headers\r\n", "a: =?utf-8?q?b?=\r\n"},
	"bases":              {"Content-Type: text/html\r\n", "<base href=http://a.example><a href=b>c</a>"},
	"uuencode":           {"Content-Transfer-Encoding: x-uuencode\r\n", "begin 644 a\r\n"},
	"uuencoded files":    {"", "begin 644 a\n#86)C\nend\n"},
	"unended files":      {"", "begin 644 a\n"},
	"begins and data":    {"", "begin 644 a\n#86)C\n"},
	"flowed":             {"Content-Type: text/plain; format=flowed\r\n", "a \r\n"},
	"flowed quotes":      {"Content-Type: text/plain; format=flowed\r\n", ">"},
	"flowed depths":      {"Content-Type: text/plain; format=flowed\r\n", "> a \r\n>> b \r\n"},
	"raw 8-bit":          {"", "\xe9\xe8 a\n"},
	"raw of no charset":  {"", "\xc4\xe3\xba\xc3 \xff"},
	"UTF-7":              {"Content-Type: text/plain; charset=utf-7\r\n", "+AGE-"},
	"ISO-2022-JP":        {"Content-Type: text/plain; charset=iso-2022-jp\r\n", "\x1b$B$\"\x1b(B"},
	"marks":              {"Content-Type: text/plain; charset=utf-8\r\n", "\u0301"},
	"elements":           {"Content-Type: text/html\r\n", "<b>"},
	"unknown elements":   {"Content-Type: text/html\r\n", "<x-y>"},
	"end tags":           {"Content-Type: text/html\r\n", "</b>"},
	"paragraphs":         {"Content-Type: text/html\r\n", "<p>a"},
	"crossed":            {"Content-Type: text/html\r\n", "<b><i></b></i>"},
	"lists":              {"Content-Type: text/html\r\n", "<ul><li>"},
	"quotes":             {"Content-Type: text/html\r\n", "<blockquote>a"},
	"links":              {"Content-Type: text/html\r\n", "<a href=http://a.example>b</a> "},
	"open links":         {"Content-Type: text/html\r\n", "<a href=http://a.example>b "},
	"link text":          {"Content-Type: text/html\r\n<a href=x>", "a.example "},
	"attributes":         {"Content-Type: text/html\r\n\r\n<a ", "b=c "},
	"open tags":          {"Content-Type: text/html\r\n", "<a "},
	"less-than signs":    {"Content-Type: text/html\r\n", "<"},
	"open end tags":      {"Content-Type: text/html\r\n", "</"},
	"comments":           {"Content-Type: text/html\r\n", "<!--"},
	"dashes":             {"Content-Type: text/html\r\n\r\n<!--", "-"},
	"CDATA":              {"Content-Type: text/html\r\n", "<![CDATA["},
	"scripts":            {"Content-Type: text/html\r\n", "<script></scrip"},
	"references":         {"Content-Type: text/html\r\n", "&#1"},
	"ampersands":         {"Content-Type: text/html\r\n", "&"},
	"hidden":             {"Content-Type: text/html\r\n", "<p style=display:none>a"},
	"preformatted":       {"Content-Type: text/html\r\n", "<pre>\n"},
	"fillers":            {"Content-Type: text/html\r\n", "\u200c\u034f "},
	"joiners":            {"Content-Type: text/html\r\n", "\u200d"},
	"table":              {"Content-Type: text/html\r\n", "<tr><td>"},
}
