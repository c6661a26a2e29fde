package message

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPreviewText(t *testing.T) {
	for _, tt := range []struct {
		name string
		raw  []byte
		want []Safe
	}{
		{"plain", lines("", "one", "", "two", "", ""), []Safe{"one", "", "two"}},
		{"no body", lines("Subject: x"), nil},
		{"UTF-8", lines("Content-Type: text/plain; charset=utf-8", "", "漢字"), []Safe{"漢字"}},
		{"declared charset", lines("Content-Type: text/plain; charset=\"koi8-r\"", "", "\xf0\xd2\xc9\xd7\xc5\xd4"), []Safe{"Привет"}},
		{"declared latin, is UTF-8", lines("Content-Type: text/plain; charset=iso-8859-1", "", "été"), []Safe{"été"}},
		{"no charset", lines("", "\xc4\xe3\xba\xc3\xa3\xac\xca\xc0\xbd\xe7\xa3\xa1"), []Safe{"你好，世界！"}},
		{"ISO-2022-JP without a word", lines("", "\x1b$BF|K\\\x1b(B"), []Safe{"日本"}},
		{"quoted-printable", lines("Content-Transfer-Encoding: quoted-printable", "Content-Type: text/plain; charset=utf-8", "", "caf=C3=A9 =", "noir=20", "100% = ok"), []Safe{"café noir ", "100% = ok"}},
		{"quoted-printable cut in an escape", []byte("Content-Transfer-Encoding: quoted-printable\n\ncaf=C3=A9 caf=C3=A"), []Safe{"café caf"}},
		{"quoted-printable cut after its equals sign", []byte("Content-Transfer-Encoding: Quoted-Printable\n\ncafe="), []Safe{"cafe"}},
		{"base64 cut anywhere", []byte("Content-Transfer-Encoding: base64\nContent-Type: text/plain; charset=utf-8\n\n5L2g5aW977yM\n5LiW5\n"), []Safe{"你好，世"}},
		{"UTF-8 cut in a character", []byte("Content-Type: text/plain; charset=utf-8\n\n漢\xe5\xad"), []Safe{"漢"}},
		{"control characters", lines("", "a\x1b[2Jb\u202ec"), []Safe{"a␛[2Jb\uFFFDc"}},
		{"encoded control characters", lines("Content-Transfer-Encoding: quoted-printable", "", "a=1B[2J"), []Safe{"a␛[2J"}},
		{"flowed", lines("Content-Type: text/plain; format=flowed", "", "one ", "two", "> quoted ", "> text", ">> deeper", " >not quoted", "-- ", "Joe"), []Safe{"one two", "> quoted text", ">> deeper", ">not quoted", "-- ", "Joe"}},
		{"flowed with DelSp", lines("Content-Type: text/plain; format=flowed; delsp=yes", "", "日 ", "本"), []Safe{"日本"}},
		{"unknown text type", lines("Content-Type: text/x-odd", "", "text"), []Safe{"text"}},
		{"unknown transfer encoding", lines("Content-Transfer-Encoding: x-odd", "", "text"), []Safe{"text"}},
		{"quoted text", lines("", "> one", ">> two"), []Safe{"> one", ">> two"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if p := (Decoder{}).Preview(tt.raw); !slices.Equal(p.Text, tt.want) {
				t.Errorf("Text = %q, want %q", p.Text, tt.want)
			}
		})
	}
}

// mixed is a message with two alternatives, an attachment and a message within.
var mixed = lines(
	"From: Joe <joe@example.org>", "Subject: parts", "Date: Sat, 31 Jan 2026 10:00:00 +0100", "MIME-Version: 1.0",
	`Content-Type: multipart/mixed; boundary="outer"`, "",
	"This is a message in MIME format.",
	"--outer", `Content-Type: multipart/alternative; boundary=outer-in`, "",
	"--outer-in", "Content-Type: text/plain; charset=utf-8", "", "The plain text, which says all that there is to say.", "Yours, Joe",
	"--outer-in", "Content-Type: text/html", "", "<p>The <b>HTML</b> text</p>",
	"--outer-in--", "",
	"--outer", "Content-Type: application/pdf; name*=utf-8''%C3%BCber.pdf", "Content-Transfer-Encoding: base64", `Content-Disposition: attachment; filename="=?utf-8?Q?=C3=BCber.pdf?="`, "",
	"AAECAwQFBgcICQ==",
	"--outer", "Content-Type: message/rfc822", "",
	"From: Ann <ann@example.net>", "Subject: inner", "", "inner text",
	"--outer--", "epilogue")

func TestPreviewOfParts(t *testing.T) {
	p := Decoder{}.Preview(mixed)
	wantText := []Safe{
		"The plain text, which says all that there is to say.", "Yours, Joe", "",
		"From: Ann <ann@example.net>", "Subject: inner", "", "inner text",
	}
	if !slices.Equal(p.Text, wantText) {
		t.Errorf("Text = %q, want %q", p.Text, wantText)
	}
	if len(p.Attachments) != 2 || p.Attachments[0] != (Attachment{"über.pdf", "application/pdf", 10, true}) ||
		p.Attachments[1].Type != "message/rfc822" || p.Attachments[1].Name != "inner" {
		t.Errorf("Attachments = %+v", p.Attachments)
	}
	if p.Truncated || p.Incomplete || p.FromHTML {
		t.Errorf("Truncated, Incomplete, FromHTML = %v, %v, %v", p.Truncated, p.Incomplete, p.FromHTML)
	}
	if p.Octets != int64(len(mixed)) || p.BodyLines != bytes.Count(mixed, []byte("\n"))-6 {
		t.Errorf("Octets = %d of %d, BodyLines = %d", p.Octets, len(mixed), p.BodyLines)
	}
	wantHeaders := []Field{{"From", "Joe <joe@example.org>"}, {"Subject", "parts"}, {"Date", "Sat, 31 Jan 2026 10:00:00 +0100"}}
	if !reflect.DeepEqual(p.Headers, wantHeaders) {
		t.Errorf("Headers = %q", p.Headers)
	}
}

func TestPreviewCutAtEveryOctet(t *testing.T) {
	whole := Decoder{}.Preview(mixed)
	seen := 0
	for n := range mixed {
		p := Decoder{}.Preview(mixed[:n])
		if len(p.Attachments) < seen {
			t.Fatalf("%d octets show %d attachments, fewer octets showed %d", n, len(p.Attachments), seen)
		}
		seen = len(p.Attachments)
		if header, body := Split(mixed[:n]); len(body) > 60 && n < len(mixed)-20 && !p.Truncated {
			t.Fatalf("%d octets (header %d) do not count as truncated", n, len(header))
		}
		for _, line := range p.Text {
			checkSafe(t, string(mixed[:n]), line)
		}
	}
	if seen != len(whole.Attachments) {
		t.Errorf("saw %d attachments, want %d", seen, len(whole.Attachments))
	}
	cut := bytes.Index(mixed, []byte("AwQF"))
	if p := (Decoder{}).Preview(mixed[:cut]); len(p.Attachments) != 1 || p.Attachments[0].Octets != 3 || p.Attachments[0].Complete {
		t.Errorf("cut within an attachment: %+v", p.Attachments)
	}
}

func TestPreviewOfOddStructures(t *testing.T) {
	for _, tt := range []struct {
		name  string
		raw   []byte
		text  Safe // a line that must be there
		files []Attachment
	}{
		{"no boundary named", lines("Content-Type: multipart/mixed", "", "--x", "", "text here", "--x--"), "text here", nil},
		{"no boundary at all", lines("Content-Type: multipart/mixed", "", "text here"), "text here", nil},
		{"another boundary than named", lines("Content-Type: multipart/mixed; boundary=y", "", "--x", "", "text here"), "text here", nil},
		{"boundary in pieces", lines("Content-Type: multipart/mixed; boundary*0=ab; boundary*1=cd", "", "--abcd", "", "text here", "--abcd--"), "text here", nil},
		{"part without a header", lines("Content-Type: multipart/mixed; boundary=x", "", "--x", "", "text here", "--x--"), "text here", nil},
		{"only HTML", lines("Content-Type: multipart/alternative; boundary=x", "", "--x", "Content-Type: text/html", "", "<p>text here", "--x--"), "text here", nil},
		{"plain alternative that says nothing", lines("Content-Type: multipart/alternative; boundary=x", "", "--x", "", "Needs HTML.", "--x", "Content-Type: text/html", "", "<p>text here", "--x--"), "text here", nil},
		{"image inside HTML", lines("Content-Type: multipart/related; boundary=x", "", "--x", "Content-Type: text/html", "", "<p>text here<img src=cid:1>", "--x", "Content-Type: image/png; name=a.png", "Content-Transfer-Encoding: base64", "", "AAAA", "--x--"), "text here", []Attachment{{"a.png", "image/png", 3, true}}},
		{"attached text", lines("Content-Type: multipart/mixed; boundary=x", "", "--x", "", "text here", "--x", "Content-Disposition: attachment; filename=\"C:\\\\tmp\\\\..\\\\notes.txt\"", "", "12345", "--x--"), "text here", []Attachment{{"notes.txt", "text/plain", 5, true}}},
		{"a raw Shift_JIS name that ends in a backslash", lines("Content-Type: multipart/mixed; boundary=x", "", "--x", "Content-Type: application/pdf", "Content-Disposition: attachment; filename=\"\x94\x5c\x97\xcd\x95\x5c\"; x-by=\"me\"", "", "123", "--x--"), "", []Attachment{{"能力表", "application/pdf", 3, true}}},
		{"the body is a file", lines("Content-Type: application/zip", "Content-Transfer-Encoding: base64", "Content-Disposition: attachment; filename*0*=utf-8'en'a%20; filename*1=b.zip", "", "AAAA"), "", []Attachment{{"a b.zip", "application/zip", 3, true}}},
		{"name without quotation marks", lines("Content-Type: application/x; name=my file.bin", "", ""), "", []Attachment{{"my file.bin", "application/x", 2, true}}},
		{"hostile name", lines("Content-Type: application/x; name=\"../\u202egpj.exe\"", "", ""), "", []Attachment{{"\uFFFDgpj.exe", "application/x", 2, true}}},
		{"uuencoded file", lines("", "text here", "begin 644 a.txt", "#86)C", "`", "end", "after"), "after", []Attachment{{"a.txt", "application/octet-stream", 3, true}}},
		{"begin that is no file", lines("", "begin 644 words that go on"), "begin 644 words that go on", nil},
		{"digest", lines("Content-Type: multipart/digest; boundary=x", "", "--x", "", "Subject: one", "", "text here", "--x--"), "text here", []Attachment{{"one", "message/rfc822", 25, true}}},
		{"delivery report", lines("Content-Type: multipart/report; boundary=x", "", "--x", "", "It failed.", "--x", "Content-Type: message/delivery-status", "", "Action: failed", "--x--"), "Action: failed", nil},
		{"media type without a slash", lines("Content-Type: text", "", "text here"), "text here", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := Decoder{}.Preview(tt.raw)
			if tt.text != "" && !slices.Contains(p.Text, tt.text) {
				t.Errorf("Text = %q, without %q", p.Text, tt.text)
			}
			if !slices.Equal(p.Attachments, tt.files) {
				t.Errorf("Attachments = %+v, want %+v", p.Attachments, tt.files)
			}
		})
	}
}

func TestP8_NestingIsBounded(t *testing.T) {
	var raw strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&raw, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	raw.WriteString("\r\nvery deep")
	began := time.Now()
	if p := (Decoder{}).Preview([]byte(raw.String())); !p.Incomplete {
		t.Errorf("5000 levels were looked into")
	}
	wide := "Content-Type: multipart/mixed; boundary=x\r\n\r\n" + strings.Repeat("--x\r\nContent-Type: a/b\r\n\r\n\r\n", 20_000)
	if p := (Decoder{}).Preview([]byte(wide)); len(p.Attachments) > maxParts || !p.Incomplete {
		t.Errorf("%d parts were looked at, Incomplete = %v", len(p.Attachments), p.Incomplete)
	}
	files := "\r\n" + strings.Repeat("begin 644 a\r\n#86)C\r\nend\r\n", 20_000)
	if p := (Decoder{}).Preview([]byte(files)); len(p.Attachments) > maxParts || !p.Incomplete {
		t.Errorf("%d files were looked at, Incomplete = %v", len(p.Attachments), p.Incomplete)
	}
	messages := strings.Repeat("Content-Type: message/rfc822\r\n\r\n", 5000)
	if p := (Decoder{}).Preview([]byte(messages)); !p.Incomplete {
		t.Errorf("5000 messages within messages were looked into")
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("took %v", took)
	}
}

func TestRaw(t *testing.T) {
	want := []Safe{"Subject: =?utf-8?Q?=C3=A9?=", "", "a␛[m\uFFFD"}
	if got := Raw([]byte("Subject: =?utf-8?Q?=C3=A9?=\r\n\r\na\x1b[m\xff\r\n")); !slices.Equal(got, want) {
		t.Errorf("Raw = %q, want %q", got, want)
	}
}

func FuzzPreview(f *testing.F) {
	f.Add(mixed)
	f.Add(lines("Content-Type: multipart/alternative; boundary=x", "", "--x", "", "a", "--x", "Content-Type: text/html", "", "<a href=x>b", "--x--"))
	f.Add(lines("Content-Transfer-Encoding: quoted-printable", "", "a=C3=A9=", "b=4"))
	f.Add(lines("Content-Transfer-Encoding: x-uue", "", "begin 644 a", "#86)C", "end"))
	f.Add(lines("Content-Type: text/plain; format=flowed; delsp=yes", "", "> a ", ">b", "-- ", "begin 644 x", "M"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p := Decoder{}.Preview(raw)
		for _, line := range p.Text {
			checkSafe(t, string(raw), line)
		}
		for _, a := range p.Attachments {
			checkSafe(t, string(raw), a.Name)
			checkSafe(t, string(raw), a.Type)
			if a.Octets < 0 || a.Octets > int64(len(raw)) {
				t.Errorf("an attachment of %d octets in %d", a.Octets, len(raw))
			}
		}
		for _, finding := range p.Findings {
			checkSafe(t, string(raw), finding.Reason)
		}
		for _, h := range p.Headers {
			checkSafe(t, string(raw), h.Value)
		}
	})
}

func BenchmarkPreview(b *testing.B) {
	plain := strings.Repeat("Some words of a message that goes on and on, été, 漢字.\r\n", 1100)
	markup := strings.Repeat("<tr><td style=\"color:red\">Some <b>words</b> &amp; <a href=\"https://example.org/x?y=z\">a link</a></td></tr>\r\n", 600)
	for _, bb := range []struct{ name, raw string }{
		{"Plain64KB", string(typicalPart("text/plain")) + plain},
		{"HTML64KB", string(typicalPart("text/html")) + markup},
	} {
		b.Run(bb.name, func(b *testing.B) {
			raw := []byte(bb.raw)
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				_ = Decoder{}.Preview(raw)
			}
		})
	}
}

func typicalPart(mediaType string) []byte {
	return lines("From: a@b.c", "Subject: x", "Content-Type: "+mediaType+"; charset=utf-8", "")
}
