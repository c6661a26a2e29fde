package message

import (
	"slices"
	"strings"
	"testing"
)

func TestAuthenticationResults(t *testing.T) {
	for _, tt := range []struct {
		name             string
		header           []byte
		server           Safe
		spf, dkim, dmarc Verdict
	}{
		{"three methods", lines("Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=a.b; dkim=fail header.d=a.b; dmarc=none"), "mx.example.net", Pass, Fail, None},
		{"only the topmost counts", lines("Authentication-Results: mx.example.net; spf=fail", "Authentication-Results: mx.example.net; spf=pass; dmarc=pass"), "mx.example.net", Fail, NoVerdict, NoVerdict},
		{"none", lines("Received-SPF: pass"), "", NoVerdict, NoVerdict, NoVerdict},
		{"no result", lines("Authentication-Results: mx.example.net; none"), "mx.example.net", NoVerdict, NoVerdict, NoVerdict},
		{"comments and folds", lines("Authentication-Results: mx.example.net (the; gate) 1;", "\tspf=softfail (says; no)", "  smtp.mailfrom=a.b;", " dmarc=permerror(p=none) header.from=a.b"), "mx.example.net", SoftFail, NoVerdict, PermError},
		{"one of several signatures holds", lines("Authentication-Results: mx; dkim=fail header.d=x; dkim=pass header.d=y; dkim=neutral"), "mx", NoVerdict, Pass, NoVerdict},
		{"Exchange leaves its name out", lines("Authentication-Results: spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=a.b; dkim=none; dmarc=bestguesspass action=none"), "", Pass, None, NoVerdict},
		{"method with a version, other case", lines("Authentication-Results: mx; SPF/1=HardFail; DKIM=TempError; DMARC=Policy"), "mx", Fail, TempError, Policy},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := Decoder{}.Envelope(tt.header).Judgement
			if j.AuthServer != tt.server || j.SPF != tt.spf || j.DKIM != tt.dkim || j.DMARC != tt.dmarc {
				t.Errorf("got %q spf=%v dkim=%v dmarc=%v", j.AuthServer, j.SPF, j.DKIM, j.DMARC)
			}
		})
	}
}

// TestForgedAuthenticationResults: where the receiving server wrote no results, those at the top are the sender's.
func TestForgedAuthenticationResults(t *testing.T) {
	const pass = "; spf=pass; dkim=pass; dmarc=pass"
	for _, tt := range []struct {
		name     string
		header   []byte
		doubtful bool
	}{
		{"the receiver's, above", lines("Authentication-Results: mx.example.org"+pass, "Received: from a.test (a.test [192.0.2.1]) by mx.example.org with ESMTP id 1; x"), false},
		{"the receiver's, below", lines("Received: from a.test (a.test [192.0.2.1])", "\tby mx.example.org (Postfix) with ESMTP id 1; x", "Authentication-Results: mx.example.org"+pass), false},
		{"a neighbour's", lines("Received: from a.test by mx1.example.co.uk with ESMTP", "Authentication-Results: filter.example.co.uk 1"+pass), false},
		{"by its domain", lines("Received: from a.test by MX1.Example.Org. with ESMTP", "Authentication-Results: example.org"+pass), false},
		{"in quotation marks", lines("Received: from a.test by mx1.example.org with ESMTP", "Authentication-Results: \"example.org\""+pass), false},
		{"the sender's", lines("Received: from a.test by mx.example.org with ESMTP", "Authentication-Results: mx.a.test"+pass), true},
		{"the sender's, and its Received", lines("Received: from a.test by mx.example.org with ESMTP", "Received: from x by mx.a.test", "Authentication-Results: mx.a.test"+pass), true},
		{"another of a public suffix", lines("Received: from a.test by mx.one.co.uk with ESMTP", "Authentication-Results: mx.two.co.uk"+pass), true},
		{"by in a comment is not by", lines("Received: from a.test (by mx.a.test) by mx.example.org with ESMTP", "Authentication-Results: mx.a.test"+pass), true},
		{"no name", lines("Received: from a.test by mx.example.org with ESMTP", "Authentication-Results: spf=pass; dmarc=pass"), true},
		{"Exchange leaves its name out", lines("Received: from a.prod.outlook.com by b.prod.outlook.com with HTTPS", "Authentication-Results: spf=pass; dmarc=pass"), false},
		{"nobody received it", lines("Authentication-Results: mx.example.org" + pass), true},
		{"Gmail hands on within itself", lines("Received: by 2002:a05:6a10:1a03:b0:1 with SMTP id x; d", "Received: from a.test (a.test [192.0.2.1]) by mx.google.com with ESMTPS", "Authentication-Results: mx.google.com"+pass), false},
		{"LMTP comes from within", lines("Received: from mx.example.org by store-7 with LMTP id x", "Received: from a.test by mx.example.org with ESMTPS", "Authentication-Results: mx.example.org"+pass), false},
		{"a private address is within", lines("Received: from mx6 ([10.202.2.205]) by compute1.internal (LMTPProxy)", "Authentication-Results: mx6.example.org"+pass, "Received: from a.test by mx6.example.org with ESMTPS"), false},
		{"what a peer calls itself is not its address", lines("Received: from [192.0.2.1] (helo=[10.0.0.1]) by store", "Received: from x by mx.a.test", "Authentication-Results: mx.a.test"+pass), true},
		{"above a receiver without a public name", lines("Authentication-Results: mta1.mail.example.org"+pass, "Received: from 127.0.0.1 (EHLO a.test) by 10.197.41.104 with SMTPs; x"), false},
		{"below a receiver without a public name", lines("Received: from a.test (a.test [192.0.2.1]) by mail", "Authentication-Results: mx.a.test"+pass), true},
		{"the same name, not public", lines("Received: from a.test (a.test [192.0.2.1]) by mail", "Authentication-Results: mail"+pass), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := Decoder{}.Preview(tt.header)
			if got := p.Envelope.Judgement.AuthDoubtful; got != tt.doubtful {
				t.Errorf("AuthDoubtful = %v", got)
			}
			for _, f := range p.Findings {
				if want := map[bool]Weight{false: Good, true: Info}[tt.doubtful]; f.Weight != want {
					t.Errorf("%q weighs %d, want %d", f.Word, f.Weight, want)
				}
				if strings.Contains(string(f.Reason), "not certain who wrote it") != tt.doubtful {
					t.Errorf("the reason of %q is %q", f.Word, f.Reason)
				}
			}
		})
	}
}

func TestDoubtfulFailStaysBad(t *testing.T) {
	p := Decoder{}.Preview(lines("Received: from a.test by mx.example.org with ESMTP", "Authentication-Results: mx.a.test; dmarc=fail"))
	if f := p.Findings; len(f) != 1 || f[0].Weight != Bad || !p.Envelope.Judgement.AuthDoubtful {
		t.Errorf("findings %+v", f)
	}
}

func TestSpamStatus(t *testing.T) {
	for _, tt := range []struct {
		name     string
		header   []byte
		spam     SpamStatus
		hasScore bool
		score    float32
	}{
		{"SpamAssassin, spam", lines("X-Spam-Status: Yes, score=12.5 required=5.0 tests=A,B"), SpamYes, true, 12.5},
		{"SpamAssassin, ham", lines("X-Spam-Status: No, score=-2.1 required=5.0"), SpamNo, true, -2.1},
		{"SpamAssassin of old", lines("X-Spam-Status: No, hits=3.2 required=5.0"), SpamNo, true, 3.2},
		{"flag", lines("X-Spam-Flag: YES"), SpamYes, false, 0},
		{"a later Yes outdoes a No", lines("X-Spam-Status: No, score=1", "X-Spam-Flag: YES"), SpamYes, true, 1},
		{"Rspamd", lines("X-Spamd-Result: default: False [3.20 / 15.00];"), SpamNo, true, 3.2},
		{"Rspamd, spam", lines("X-Spamd-Result: default: True [17.20 / 15.00];"), SpamYes, true, 17.2},
		{"Rspamd's score", lines("X-Rspamd-Score: -0.5"), SpamUnknown, true, -0.5},
		{"Exchange", lines("X-MS-Exchange-Organization-SCL: 6"), SpamYes, true, 6},
		{"Exchange, trusted", lines("X-MS-Exchange-Organization-SCL: -1"), SpamNo, true, -1},
		{"Exchange's report", lines("X-Forefront-Antispam-Report: CIP:192.0.2.1;CTRY:;SCL:5;SRV:;"), SpamYes, true, 5},
		{"nonsense", lines("X-Spam-Status: perhaps", "X-Spam-Score: high", "X-Spamd-Result: ["), SpamUnknown, false, 0},
		{"nothing", lines("Subject: x"), SpamUnknown, false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := Decoder{}.Envelope(tt.header).Judgement
			if j.Spam != tt.spam || j.HasScore != tt.hasScore || j.SpamScore != tt.score {
				t.Errorf("got spam=%v, score %v (%v)", j.Spam, j.SpamScore, j.HasScore)
			}
		})
	}
}

func TestWords(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header []byte
		want   []Safe
	}{
		{"nothing to say", lines("From: a@b.c", "Date: 31 Jan 2026 10:00 +0000", "Received: by x; 31 Jan 2026 10:00 +0000"), []Safe{}},
		{"bad ones first", lines("From: a@b.c", "Authentication-Results: mx; spf=pass; dmarc=fail", "X-Spam-Status: Yes, score=9"), []Safe{"dmarc fail", "spam 9", "spf pass"}},
		{"a name with another address", lines(`From: "security@bank.example" <x@evil.example>`), []Safe{"name≠address"}},
		{"a name with the same address", lines(`From: "X@Evil.example" <x@evil.example>`), []Safe{}},
		{"a name with an at sign", lines(`From: "Joe @ Work" <x@evil.example>`), []Safe{}},
		{"answers elsewhere", lines("From: a@bank.example", "Reply-To: a@evil.test"), []Safe{"reply elsewhere"}},
		{"answers to a neighbour", lines("From: a@mail.bank.co.uk", "Reply-To: b@bank.co.uk"), []Safe{}},
		{"answers to another of a public suffix", lines("From: a@one.co.uk", "Reply-To: b@two.co.uk"), []Safe{"reply elsewhere"}},
		{"a list may send answers elsewhere", lines("From: a@b.example", "Reply-To: l@lists.test", "List-Id: <l.lists.test>"), []Safe{"list"}},
		{"date far off", lines("Date: 31 Jan 2030 10:00 +0000", "Received: by x; 31 Jan 2026 10:00 +0000"), []Safe{"date far off"}},
		{"date a little off", lines("Date: 30 Jan 2026 10:00 +0000", "Received: by x; 31 Jan 2026 10:00 +0000"), []Safe{}},
		{"bulk", lines("Precedence: Bulk"), []Safe{"bulk"}},
		{"newsletter", lines("List-Unsubscribe: <https://x.example>"), []Safe{"bulk"}},
		{"answered by a program", lines("Auto-Submitted: auto-replied"), []Safe{"auto"}},
		{"not by a program", lines("Auto-Submitted: no"), []Safe{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := Decoder{}.Envelope(tt.header)
			if got := e.Words(); !slices.Equal(got, tt.want) {
				t.Errorf("Words = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFindingsHaveReasons(t *testing.T) {
	p := Decoder{}.Preview(lines(
		"Authentication-Results: mx.example.net; spf=fail smtp.mailfrom=evil.test; dmarc=pass header.from=bank.example",
		"From: \"info@bank.example\" <a@bank.test>",
		"Reply-To: b@evil.test",
		"X-Spam-Status: Yes, score=9.5 required=5 tests=X\x1b[m",
		"Precedence: bulk"))
	reasons := map[Safe]string{}
	for _, f := range p.Findings {
		checkSafe(t, string(f.Word), f.Reason)
		reasons[f.Word] = string(f.Reason)
	}
	for word, part := range map[Safe]string{
		"spf fail":        "mx.example.net: smtp.mailfrom=evil.test",
		"dmarc pass":      "header.from=bank.example",
		"spam 9.5":        "required=5 tests=X␛[m",
		"bulk":            "bulk",
		"reply elsewhere": "b@evil.test",
		"name≠address":    "info@bank.example",
	} {
		if !strings.Contains(reasons[word], part) {
			t.Errorf("the reason of %q is %q, without %q", word, reasons[word], part)
		}
	}
}
