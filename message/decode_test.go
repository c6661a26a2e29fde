package message

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// lines joins header lines as a server sends them.
func lines(l ...string) []byte { return []byte(strings.Join(l, "\r\n") + "\r\n") }

func TestEnvelope(t *testing.T) {
	e := Decoder{}.Envelope(lines(
		"Received: from mx by store; Sat, 31 Jan 2026 10:00:02 +0100",
		"From: =?utf-8?Q?J=C3=BCrgen?= <j@example.org>",
		"Sender: Office <office@example.org>",
		"Reply-To: j@example.org",
		"To: a@example.net, \"B, C\" <b@example.net>",
		"cc: d@example.net",
		"SUBJECT: =?utf-8?B?5L2g5aU=?=",
		" =?utf-8?B?vQ==?=, world",
		"Date: Sat, 31 Jan 2026 10:00:00 +0100",
		"Message-ID: <1@example.org>",
		"List-Id: Friends of mail <friends.example.org>",
		"Importance: high",
		"Content-Type: Multipart/Mixed; boundary=x",
		"", "Subject: not in the header"))
	want := Envelope{
		From:        Address{"Jürgen", "j@example.org"},
		Sender:      Address{"Office", "office@example.org"},
		To:          []Address{{"", "a@example.net"}, {"B, C", "b@example.net"}},
		Cc:          []Address{{"", "d@example.net"}},
		Subject:     "你好, world",
		Date:        e.Date,
		HasDate:     true,
		MessageID:   "1@example.org",
		ListID:      "friends.example.org",
		ContentType: "multipart/mixed", HasAttachment: true,
		Importance: HighImportance,
		Judgement:  Judgement{Bulk: true, List: true},
	}
	if !reflect.DeepEqual(e, want) {
		t.Errorf("got  %+v\nwant %+v", e, want)
	}
	if got := e.Date.Format(time.RFC3339); got != "2026-01-31T10:00:00+01:00" {
		t.Errorf("Date = %s", got)
	}
}

func TestEnvelopeOfHeadersAsTheyAre(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header string
		get    func(e Envelope) Safe
		want   Safe
	}{
		{"a character split between words that name one charset in two ways", "Subject: =?gb2312?b?u+HS?= =?GBK*zh?b?6c2o?= =?gb18030?b?1qo=?=", subject, "会议通知"},
		{"words that name UTF-8 in two ways", "Subject: =?utf8?B?5L2g5aU=?= =?utf-8?B?vQ==?=", subject, "你好"},
		{"words that name GBK in two ways", "Subject: =?x-gbk?b?u+HS?= =?gbk?b?6c2o1qo=?=", subject, "会议通知"},
		{"a byte order mark", "\xef\xbb\xbfSubject: one\r\nFrom: a@b.c", subject, "one"},
		{"LF line ends", "From: a@b.c\nSubject: one\n two\n\nSubject: body", subject, "one two"},
		{"CR CR LF line ends", "Subject: one\r\r\n\r\r\nFrom: a@b.c", subject, "one"},
		{"cut in the middle", "From: a@b.c\r\nSubject: on", subject, "on"},
		{"first line starts with a space", " Received: x\r\nSubject: one\r\n", subject, "one"},
		{"first line is a field with a space", " Subject: one\r\n", subject, "one"},
		{"mbox line first", "From joe Sat Jan 31 10:00:00 2026\r\nSubject: one\r\n", subject, "one"},
		{"a bad line costs that line", "From: a@b.c\r\nthis is no field\r\nSubject: one\r\n", subject, "one"},
		{"8-bit name costs that line", "Sübject: zwei\r\nSubject: one\r\n", subject, "one"},
		{"space before the colon", "Subject : one\r\n", subject, "one"},
		{"first of several", "Subject: one\r\nSubject: two\r\n", subject, "one"},
		{"empty one before", "Subject:\r\nSubject: two\r\n", subject, "two"},
		{"folded with a tab", "Subject: one\r\n\ttwo\r\n", subject, "one two"},
		{"line of spaces goes on", "Subject: one\r\n \r\n two\r\n", subject, "one  two"},
		{"empty", "", subject, ""},
		{"control characters", "Subject: \x1b]0;x\x07\r\n", subject, "␛]0;x␇"},
		{"encoded control characters", "Subject: =?utf-8?Q?=1B[2J=0D=0A=E2=80=AEfdp?=\r\n", subject, "␛[2J␍␊\uFFFDfdp"},
		{"raw UTF-8", "Subject: 漢字\r\n", subject, "漢字"},
		{"raw GBK, declared", "Content-Type: text/plain; charset=gb2312\r\nSubject: \xc4\xe3\xba\xc3\r\n", subject, "你好"},
		{"raw latin, declared wrongly", "Content-Type: text/plain; charset=utf-8\r\nSubject: \xe9t\xe9\r\n", subject, "été"},
		{"resent", "Resent-From: a@b.c\r\nSender: d@e.f\r\n", from, "a@b.c"},
		{"sender for from", "Sender: d@e.f\r\n", from, "d@e.f"},
		{"return path for from", "Return-Path: <d@e.f>\r\n", from, "d@e.f"},
		{"null return path", "Return-Path: <>\r\n", from, ""},
		{"empty from", "From: \"\" <>\r\nSender: d@e.f\r\n", from, "d@e.f"},
		{"several authors", "From: Somebody, a@b.c\r\n", from, "Somebody"},
		{"date", "Date: 31 Jan 2026 10:00 EST\r\n", date, "2026-01-31T10:00:00-05:00"},
		{"resent date", "Resent-Date: 31 Jan 2026 10:00 EST\r\n", date, "2026-01-31T10:00:00-05:00"},
		{"wrong date, received date", "Date: soon\r\nReceived: by x; 31 Jan 2026 10:00:00 +0900\r\nReceived: by y; 1 Jan 2026 10:00:00 +0000\r\n", date, "2026-01-31T10:00:00+09:00"},
		{"no date", "Date: soon\r\n", date, "none"},
		{"message id without brackets", "Message-Id: 1@x\r\n", func(e Envelope) Safe { return e.MessageID }, "1@x"},
		{"media type with a comment", "Content-Type: TEXT/HTML (web); charset=x\r\n", func(e Envelope) Safe { return e.ContentType }, "text/html"},
		{"long subject", "Subject: " + strings.Repeat("漢", 5000) + "\r\n", func(e Envelope) Safe { return e.Subject[len(e.Subject)-6:] }, "漢…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.get(Decoder{}.Envelope([]byte(tt.header))); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func subject(e Envelope) Safe { return e.Subject }
func from(e Envelope) Safe    { return e.From.Address }
func date(e Envelope) Safe {
	if !e.HasDate {
		return "none"
	}
	return Safe(e.Date.Format(time.RFC3339))
}

func TestEnvelopeLineOfAMegabyte(t *testing.T) {
	header := "Subject: " + strings.Repeat("word ", 200_000) + "\r\nFrom: a@b.c\r\n"
	e := Decoder{}.Envelope([]byte(header))
	if e.From.Address != "a@b.c" || len(e.Subject) > MaxSubject || !strings.HasSuffix(string(e.Subject), "…") {
		t.Errorf("From = %q, Subject has %d octets", e.From.Address, len(e.Subject))
	}
}

func TestEnvelopeKeepsNothingOfTheHeader(t *testing.T) {
	header := lines("From: Joe <joe@example.org>", "To: a@b.c", "Subject: hello", "Message-ID: <1@x>", "List-Id: <l.x>", "Content-Type: text/html",
		"Authentication-Results: mx.x; spf=pass")
	e := Decoder{}.Envelope(header)
	fields := Decoder{}.Fields(header)
	preview := Decoder{}.Preview(header)
	before, _ := json.Marshal([]any{e, fields, preview})
	for i := range header {
		header[i] = '!'
	}
	if after, _ := json.Marshal([]any{e, fields, preview}); string(after) != string(before) {
		t.Errorf("overwriting the header changed\n%s to\n%s", before, after)
	}
}

func TestEnvelopeSurvivesJSON(t *testing.T) {
	e := Decoder{}.Envelope(lines("From: Joe <joe@example.org>", "Subject: =?utf-8?Q?=C3=A9?=", "Date: 31 Jan 2026 10:00 EST",
		"Authentication-Results: mx.x; spf=softfail; dkim=pass; dmarc=fail", "X-Spam-Status: Yes, score=12.5"))
	octets, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var got Envelope
	if err := json.Unmarshal(octets, &got); err != nil {
		t.Fatal(err)
	}
	if !got.Date.Equal(e.Date) || got.Date.Format(time.RFC3339) != e.Date.Format(time.RFC3339) {
		t.Errorf("Date = %v, want %v", got.Date, e.Date)
	}
	got.Date = e.Date
	if !reflect.DeepEqual(got, e) {
		t.Errorf("got %+v, want %+v", got, e)
	}
	if err := new(Verdict).UnmarshalText([]byte("perhaps")); err == nil || !strings.Contains(err.Error(), `"perhaps"`) {
		t.Errorf("an unknown verdict gives %v", err)
	}
}

func TestFields(t *testing.T) {
	got := Decoder{}.Fields(lines("Subject: =?utf-8?Q?=C3=A9?=", "X-Long: one", " two", "no field", "x-raw: \x1b[m", "", "body: no"))
	want := []Field{{"Subject", "é"}, {"X-Long", "one two"}, {"x-raw", "␛[m"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Fields = %q, want %q", got, want)
	}
}

func TestSplit(t *testing.T) {
	for _, tt := range []struct{ in, header, body string }{
		{"a: b\r\n\r\nbody\r\n", "a: b\r\n", "body\r\n"},
		{"a: b\n\nbody", "a: b\n", "body"},
		{"a: b\r\n", "a: b\r\n", ""},
		{"\r\nbody", "", "body"},
		{"", "", ""},
	} {
		if h, b := Split([]byte(tt.in)); string(h) != tt.header || string(b) != tt.body {
			t.Errorf("Split(%q) = %q, %q", tt.in, h, b)
		}
	}
}

func TestRawCharsetIsRecognised(t *testing.T) {
	for _, tt := range []struct{ name, octets, want string }{
		{"GBK", "\xd6\xd8\xd2\xaa\xcd\xa8\xd6\xaa\xa3\xba\xc7\xeb\xbc\xb0\xca\xb1\xc9\xfd\xbc\xb6", "重要通知：请及时升级"},
		{"Big5", "\xad\xab\xad\x6e\xb3q\xaa\xbe\xa1G\xbd\xd0\xbe\xa8\xb3t\xa6^\xc2\xd0", "重要通知：請儘速回覆"},
		{"Shift_JIS", "\x89\xef\x8bc\x82\xcc\x82\xa8\x92m\x82\xe7\x82\xb9", "会議のお知らせ"},
		{"EUC-JP", "\xb2\xf1\xb5\xc4\xa4\xce\xa4\xaa\xc3\xce\xa4\xe9\xa4\xbb", "会議のお知らせ"},
		{"EUC-KR", "\xc8\xb8\xc0\xc7 \xc0\xcf\xc1\xa4 \xbe\xc8\xb3\xbb", "회의 일정 안내"},
		{"KOI8-R", "\xf0\xd2\xc9\xc7\xcc\xc1\xdb\xc5\xce\xc9\xc5 \xce\xc1 \xd7\xd3\xd4\xd2\xc5\xde\xd5", "Приглашение на встречу"},
		{"windows-1251", "\xcf\xf0\xe8\xe3\xeb\xe0\xf8\xe5\xed\xe8\xe5 \xed\xe0 \xe2\xf1\xf2\xf0\xe5\xf7\xf3", "Приглашение на встречу"},
		{"windows-1252", "R\xe9sum\xe9 de la r\xe9union", "Résumé de la réunion"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := Decoder{}.Envelope([]byte("Subject: " + tt.octets + "\r\n"))
			if e.Subject != Safe(tt.want) {
				t.Errorf("Subject = %q, want %q", e.Subject, tt.want)
			}
		})
	}
}

func TestAccountCharsetIsTheLastWord(t *testing.T) {
	header := []byte("Subject: \xb3adna wiadomo\xb6\xe6\r\n") // Polish in ISO-8859-2, too short to recognise
	if got := (Decoder{DefaultCharset: "iso-8859-2"}).Envelope(header).Subject; got != "ładna wiadomość" {
		t.Errorf("Subject = %q", got)
	}
	utf := []byte("Subject: ładna\r\n")
	if got := (Decoder{DefaultCharset: "iso-8859-2"}).Envelope(utf).Subject; got != "ładna" {
		t.Errorf("Subject = %q, and it was UTF-8", got)
	}
	if got := (Decoder{DefaultCharset: "no such charset"}).Envelope([]byte("Subject: \xe9\r\n")).Subject; got != "é" {
		t.Errorf("Subject = %q with an unknown default", got)
	}
}

func FuzzEnvelope(f *testing.F) {
	f.Add([]byte("From: a@b.c\r\nSubject: =?utf-8?Q?=C3=A9?=\r\n\r\nbody"))
	f.Add([]byte(" x\nSubject: \xc4\xe3\nContent-Type: text/plain; charset*0*=utf-8''a%20; name=\"x\nDate: 1 Jan 1"))
	f.Add([]byte("Authentication-Results: mx (c); spf=pass (x; y) smtp.mailfrom=a@b; dkim=\r\nX-Spam-Status: Yes, score=1e9\r\nReply-To: x@y.z\r\nFrom: \"a@b.c\" <d@e.f>"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e := Decoder{}.Envelope(raw)
		e.texts(func(s *Safe) { checkSafe(t, string(raw), *s) })
		if _, err := json.Marshal(e); err != nil {
			t.Errorf("Envelope(%q): %v", raw, err)
		}
		for _, f := range (Decoder{}).Fields(raw) {
			checkSafe(t, string(raw), f.Name)
			checkSafe(t, string(raw), f.Value)
		}
		for _, w := range e.Words() {
			checkSafe(t, string(raw), w)
		}
	})
}

func FuzzDate(f *testing.F) {
	for _, s := range []string{"Fri, 21 Nov 1997 09:55:06 -0600", "Tue Jan  1 10:00:00 EST 2002", "2002-01-31T10:00:00Z", "31.1.02 10.00", "1/2/3 4:5 PM +-0500", "(((", "1 Jan 9999 23:59:60 -1459"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		when, ok := parseDate(in)
		if !ok {
			return
		}
		if _, err := when.MarshalJSON(); err != nil {
			t.Errorf("parseDate(%q) = %v: %v", in, when, err)
		}
	})
}

// typicalHeader is about as long and as plain as most mail's.
var typicalHeader = lines(
	"Return-Path: <news@lists.example.org>",
	"Received: from mx.example.net (mx.example.net [192.0.2.7])",
	"\tby store.example.net with LMTP id abcdefgh",
	"\tfor <me@example.net>; Sat, 31 Jan 2026 10:00:02 +0100",
	"Received: from out.example.org (out.example.org [198.51.100.3])",
	"\tby mx.example.net (Postfix) with ESMTPS id 4XYZ",
	"\tfor <me@example.net>; Sat, 31 Jan 2026 10:00:01 +0100 (CET)",
	"Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=news@lists.example.org;",
	"\tdkim=pass header.d=example.org header.s=s1; dmarc=pass header.from=example.org",
	"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=s1;",
	"\th=from:to:subject:date; bh=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=;",
	"\tb=BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB",
	"Message-ID: <20260131100000.12345@out.example.org>",
	"Date: Sat, 31 Jan 2026 10:00:00 +0100",
	"From: =?utf-8?Q?J=C3=BCrgen_M=C3=BCller?= <j.mueller@example.org>",
	"To: Somebody Else <me@example.net>",
	"Subject: =?utf-8?B?UXVhcnRhbHN6YWhsZW4gZsO8ciBkZW4gVm9yc3RhbmQ=?=",
	"MIME-Version: 1.0",
	"Content-Type: multipart/alternative; boundary=\"=_0123456789abcdef\"",
	"List-Unsubscribe: <https://example.org/u?123>",
	"X-Spam-Status: No, score=-2.1 required=5.0 tests=DKIM_VALID,SPF_PASS",
	"")

func BenchmarkEnvelope(b *testing.B) {
	b.SetBytes(int64(len(typicalHeader)))
	b.ReportAllocs()
	var d Decoder
	for b.Loop() {
		_ = d.Envelope(typicalHeader)
	}
}

func TestListIDIsInTheLastBrackets(t *testing.T) {
	for value, want := range map[string]Safe{
		"<l.example>":                        "l.example",
		"l.example":                          "l.example",
		`"The <b>best</b> list" <l.example>`: "l.example",
		"Friends <of mail> <l.example":       "l.example",
		"":                                   "",
	} {
		if got := (Decoder{}).Envelope(lines("List-Id: "+value, "Subject: x")).ListID; got != want {
			t.Errorf("%q: %q", value, got)
		}
	}
}
