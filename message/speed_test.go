package message

import (
	"strings"
	"testing"
	"time"
)

// largeHeaders are as the large providers' mail has them: long chains of Received, signatures and reports of each
// hop, most of which a list shows nothing of.
var largeHeaders = [][]byte{
	// A newsletter at Google.
	lines(
		"Delivered-To: somebody.else@example.net",
		"Received: by 2002:a05:7022:6394:b0:8d:1d10:dcb2 with SMTP id jv20csp1234567dlb;",
		"        Sat, 31 Jan 2026 01:00:05 -0800 (PST)",
		"X-Google-Smtp-Source: AGHT+IE"+strings.Repeat("kD9x/", 16),
		"X-Received: by 2002:a05:6512:3d06:b0:59e:2e1:c2d3 with SMTP id 2adb3069b0e04-59e02e1c2d3mr1234567e87.12.1769850004123;",
		"        Sat, 31 Jan 2026 01:00:04 -0800 (PST)",
		"ARC-Seal: i=1; a=rsa-sha256; t=1769850004; cv=none;",
		"        d=google.com; s=arc-20240605;",
		"        b="+strings.Repeat("Yh3kL0pQ/vW8+sTz\r\n         ", 20),
		"ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=google.com; s=arc-20240605;",
		"        h=list-unsubscribe-post:list-unsubscribe:to:reply-to:subject:message-id",
		"         :mime-version:from:date:dkim-signature;",
		"        bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;",
		"        b="+strings.Repeat("Yh3kL0pQ/vW8+sTz\r\n         ", 20),
		"ARC-Authentication-Results: i=1; mx.google.com;",
		"       dkim=pass header.i=@news.example.org header.s=s1 header.b=AbCdEfGh;",
		"       spf=pass (google.com: domain of bounces+1234-abcd@em.example.org designates 198.51.100.3 as permitted sender) smtp.mailfrom=\"bounces+1234-abcd@em.example.org\";",
		"       dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=example.org",
		"Return-Path: <bounces+1234-abcd@em.example.org>",
		"Received: from o1.em.example.org (o1.em.example.org. [198.51.100.3])",
		"        by mx.google.com with ESMTPS id 2adb3069b0e04-59e0123456si1234567e87.123.2026.01.31.01.00.03",
		"        for <somebody.else@example.net>",
		"        (version=TLS1_3 cipher=TLS_AES_128_GCM_SHA256 bits=128/128);",
		"        Sat, 31 Jan 2026 01:00:04 -0800 (PST)",
		"Received-SPF: pass (google.com: domain of bounces+1234-abcd@em.example.org designates 198.51.100.3 as permitted sender) client-ip=198.51.100.3;",
		"Authentication-Results: mx.google.com;",
		"       dkim=pass header.i=@news.example.org header.s=s1 header.b=AbCdEfGh;",
		"       spf=pass (google.com: domain of bounces+1234-abcd@em.example.org designates 198.51.100.3 as permitted sender) smtp.mailfrom=\"bounces+1234-abcd@em.example.org\";",
		"       dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=example.org",
		"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=news.example.org;",
		"        h=content-type:from:mime-version:subject:reply-to:to:list-unsubscribe:list-unsubscribe-post:cc:content-type:from:subject:to;",
		"        s=s1; bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;",
		"        b="+strings.Repeat("Yh3kL0pQ/vW8+sTz", 10),
		"Received: by recvd-5c6b7d8f9-abcde with SMTP id recvd-5c6b7d8f9-abcde-1-697DC5D3-4",
		"        2026-01-31 09:00:03.123456789 +0000 UTC m=+1234567.123456789",
		"Received: from MTIzNDU2Nzg (unknown) by geopod-ismtpd-8 (SG) with HTTP",
		"        id AbCdEfGhIjKlMnOpQrStUv Sat, 31 Jan 2026 09:00:03.045 +0000 (UTC)",
		"Content-Type: multipart/alternative; boundary=0123456789abcdef0123456789abcdef0123456789abcdef",
		"Date: Sat, 31 Jan 2026 09:00:03 +0000 (UTC)",
		"From: \"Example News\" <news@example.org>",
		"Mime-Version: 1.0",
		"Message-ID: <AbCdEfGhIjKlMnOpQrStUv@geopod-ismtpd-8>",
		"Subject: Your weekly digest: 12 new things to read",
		"Reply-To: support@example.org",
		"List-Unsubscribe: <mailto:unsubscribe@example.org?subject=1234>, <https://example.org/unsubscribe?token=0123456789abcdef>",
		"List-Unsubscribe-Post: List-Unsubscribe=One-Click",
		"X-SG-EID: "+strings.Repeat("u001.Yh3kL0pQ/vW8+sTz", 8),
		"To: Somebody Else <somebody.else@example.net>",
		"X-Entity-ID: u001.Yh3kL0pQ/vW8+sTz==",
		""),
	// A colleague at Exchange Online.
	lines(
		"Received: from AM0PR01MB1234.eurprd01.prod.exchangelabs.com",
		" (2603:10a6:208:1::1) by DB7PR01MB5678.eurprd01.prod.exchangelabs.com with",
		" HTTPS; Fri, 30 Jan 2026 15:12:01 +0000",
		"Received: from AS8PR04CA0123.eurprd04.prod.outlook.com (2603:10a6:20b:31a::8)",
		" by AM0PR01MB1234.eurprd01.prod.exchangelabs.com (2603:10a6:208:1::1) with",
		" Microsoft SMTP Server (version=TLS1_2,",
		" cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.20.9564.8; Fri, 30 Jan",
		" 2026 15:12:00 +0000",
		"Authentication-Results: spf=pass (sender IP is 192.0.2.7)",
		" smtp.mailfrom=example.com; dkim=pass (signature was verified)",
		" header.d=example.com;dmarc=pass action=none",
		" header.from=example.com;compauth=pass reason=100",
		"Received-SPF: Pass (protection.outlook.com: domain of example.com designates",
		" 192.0.2.7 as permitted sender) receiver=protection.outlook.com;",
		" client-ip=192.0.2.7; helo=mail.example.com; pr=C",
		"Received: from mail.example.com (192.0.2.7) by",
		" AM4PEPF00012345.mail.protection.outlook.com (10.167.16.4) with Microsoft SMTP",
		" Server (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384) id 15.20.9564.3 via",
		" Frontend Transport; Fri, 30 Jan 2026 15:12:00 +0000",
		"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel;",
		"\tt=1769785919; h=from:from:reply-to:subject:subject:date:date:message-id:message-id:",
		"\t to:to:cc:cc:mime-version:mime-version:content-type:content-type;",
		"\tbh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;",
		"\tb="+strings.Repeat("Yh3kL0pQ/vW8+sTz\r\n\t ", 10),
		"From: =?iso-8859-1?Q?M=FCller=2C_J=FCrgen?= <juergen.mueller@example.com>",
		"To: Somebody Else <somebody.else@example.net>, \"Public, Joe\"",
		"\t<joe.public@example.net>, Third <third@example.net>",
		"CC: =?iso-8859-1?Q?Andr=E9_Dupont?= <andre.dupont@example.com>",
		"Subject: =?iso-8859-1?Q?Re:_Quartalszahlen_f=FCr_den_Vorstand_=2D_bitte_pr=FCf?=",
		" =?iso-8859-1?Q?en?=",
		"Thread-Topic: =?iso-8859-1?Q?Quartalszahlen_f=FCr_den_Vorstand?=",
		"Thread-Index: AdyR"+strings.Repeat("x3kL", 10),
		"Date: Fri, 30 Jan 2026 15:11:58 +0000",
		"Message-ID: <AM0PR01MB1234ABCDEF0123456789@AM0PR01MB1234.eurprd01.prod.exchangelabs.com>",
		"References: <1@example.com> <2@example.net> <AM0PR01MB1234ABCDEF@AM0PR01MB1234.eurprd01.prod.exchangelabs.com>",
		"In-Reply-To: <2@example.net>",
		"Accept-Language: de-DE, en-US",
		"Content-Language: de-DE",
		"X-MS-Has-Attach: yes",
		"X-MS-TNEF-Correlator:",
		"X-MS-Exchange-Organization-SCL: -1",
		"X-Forefront-Antispam-Report: CIP:192.0.2.7;CTRY:DE;LANG:de;SCL:-1;SRV:;IPV:NLI;SFV:SKN;H:mail.example.com;PTR:;CAT:NONE;SFS:(13230040);DIR:INB;",
		"X-Microsoft-Antispam-Message-Info: "+strings.Repeat("=?us-ascii?Q?Yh3kL0pQ/vW8+sTzYh3kL0pQ/vW8+sTzYh3kL0pQ?=\r\n ", 12),
		"Content-Type: multipart/mixed;",
		"\tboundary=\"_004_AM0PR01MB1234ABCDEF0123456789AM0PR01MB1234eurp_\"",
		"MIME-Version: 1.0",
		""),
	// A mailing list behind Postfix, Rspamd and Dovecot.
	lines(
		"Return-Path: <dev-bounces@lists.example.org>",
		"Delivered-To: me@example.net",
		"Received: from mail.example.net ([192.168.1.5])",
		"\tby store.example.net with LMTP",
		"\tid qKbGAtO+fWmZJwAAvOJ1Xw",
		"\t(envelope-from <dev-bounces@lists.example.org>)",
		"\tfor <me@example.net>; Sat, 31 Jan 2026 10:00:02 +0100",
		"Received: from lists.example.org (lists.example.org [198.51.100.9])",
		"\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)",
		"\t key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256)",
		"\t(No client certificate requested)",
		"\tby mail.example.net (Postfix) with ESMTPS id 4f2Xyz0123zABC",
		"\tfor <me@example.net>; Sat, 31 Jan 2026 10:00:01 +0100 (CET)",
		"Authentication-Results: mail.example.net;",
		"\tdkim=pass header.d=lists.example.org header.s=mail header.b=AbCdEfGh;",
		"\tdmarc=none;",
		"\tspf=pass (mail.example.net: domain of dev-bounces@lists.example.org designates 198.51.100.9 as permitted sender) smtp.mailfrom=dev-bounces@lists.example.org",
		"X-Rspamd-Server: mail",
		"X-Spamd-Result: default: False [-2.31 / 15.00];",
		"\tBAYES_HAM(-3.00)[99.99%];",
		"\tMAILLIST(-0.18)[mailman];",
		"\tR_SPF_ALLOW(-0.20)[+ip4:198.51.100.9];",
		"\tFORGED_SENDER_MAILLIST(0.00)[];",
		"\tHAS_LIST_UNSUB(-0.01)[];",
		"\tRCVD_COUNT_THREE(0.00)[4]",
		"Received: from lists.example.org (localhost [IPv6:::1])",
		"\tby lists.example.org (Postfix) with ESMTP id 0123456789;",
		"\tSat, 31 Jan 2026 09:59:58 +0100 (CET)",
		"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d=lists.example.org; s=mail;",
		"\tt=1769849998; bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;",
		"\th=Date:To:Subject:List-Id:List-Archive:List-Help:List-Owner:List-Post:",
		"\t List-Subscribe:List-Unsubscribe:From:Reply-To:From;",
		"\tb="+strings.Repeat("Yh3kL0pQ/vW8+sTz\r\n\t ", 10),
		"X-Original-To: dev@lists.example.org",
		"Received: from out.example.com (out.example.com [203.0.113.4])",
		"\tby lists.example.org (Postfix) with ESMTPS id ABCDEF0123",
		"\tfor <dev@lists.example.org>; Sat, 31 Jan 2026 09:59:50 +0100 (CET)",
		"Message-ID: <20260131085948.12345@out.example.com>",
		"Date: Sat, 31 Jan 2026 08:59:48 +0000",
		"User-Agent: Mozilla Thunderbird",
		"To: dev@lists.example.org",
		"Content-Language: en-GB",
		"In-Reply-To: <87a5b6c7d8.fsf@example.edu>",
		"Content-Type: text/plain; charset=UTF-8; format=flowed",
		"Content-Transfer-Encoding: 7bit",
		"Subject: [dev] Re: [PATCH v3 2/7] net: do not wait for what never comes",
		"X-BeenThere: dev@lists.example.org",
		"X-Mailman-Version: 3.3.10",
		"Precedence: list",
		"List-Id: Development of things <dev.lists.example.org>",
		"Archived-At: <https://lists.example.org/archives/list/dev@lists.example.org/message/ABCDEF/>",
		"List-Archive: <https://lists.example.org/archives/list/dev@lists.example.org/>",
		"List-Help: <mailto:dev-request@lists.example.org?subject=help>",
		"List-Owner: <mailto:dev-owner@lists.example.org>",
		"List-Post: <mailto:dev@lists.example.org>",
		"List-Subscribe: <mailto:dev-join@lists.example.org>",
		"List-Unsubscribe: <mailto:dev-leave@lists.example.org>",
		"From: Somebody via dev <dev@lists.example.org>",
		"Reply-To: Somebody <somebody@example.com>",
		""),
	// A Chinese provider.
	lines(
		"Received: from smtp.qq.com (unknown [203.0.113.84])",
		"\tby mx.example.net (NewMx) with SMTP id ",
		"\tfor <me@example.net>; Sat, 31 Jan 2026 16:59:50 +0800",
		"X-QQ-FEAT: "+strings.Repeat("Yh3kL0pQ/vW8+sTz", 8),
		"X-QQ-SSF: 00000000000000F0000000000000",
		"X-QQ-XMAILINFO: "+strings.Repeat("Yh3kL0pQ/vW8+sTz", 16),
		"X-HAS-ATTACH: no",
		"X-QQ-BUSINESS-ORIGIN: 2",
		"X-Originating-IP: 203.0.113.85",
		"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=qq.com; s=s201512;",
		"\tt=1769849990; bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;",
		"\th=From:To:Subject:Date;",
		"\tb="+strings.Repeat("Yh3kL0pQ/vW8+sTz\r\n\t ", 10),
		"From: \"=?gb18030?B?1cXI/Q==?=\" <12345678@qq.com>",
		"To: \"=?gb18030?B?wO7LxA==?=\" <me@example.net>",
		"Subject: =?gb18030?B?UmU6ILnY09q74dLpzajWqrXEu9i4tA==?=",
		"Mime-Version: 1.0",
		"Content-Type: multipart/alternative;",
		"\tboundary=\"----=_NextPart_697DC5D3_12345678_12345678\"",
		"Content-Transfer-Encoding: 8Bit",
		"Date: Sat, 31 Jan 2026 16:59:49 +0800",
		"X-Priority: 3",
		"Message-ID: <tencent_ABCDEF0123456789ABCDEF01234567890000@qq.com>",
		"X-QQ-MIME: TCMime 1.0 by Tencent",
		"X-Mailer: QQMail 2.x",
		""),
}

func BenchmarkLargeEnvelopes(b *testing.B) {
	size := 0
	for _, h := range largeHeaders {
		size += len(h)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	var d Decoder
	for b.Loop() {
		for _, h := range largeHeaders {
			_ = d.Envelope(h)
		}
	}
}

// TestStandardDatesReadAsOthersDo: the short way for dates in RFC 5322's own form and the long one agree.
func TestStandardDatesReadAsOthersDo(t *testing.T) {
	standard := 0
	for _, s := range standardDates() {
		if sameDate(t, s) {
			standard++
		}
	}
	if standard < 100 {
		t.Errorf("only %d dates went the short way", standard)
	}
	for _, s := range []string{
		"Sat, 31 Jan 2026 10:00:00 +0100", "31 Jan 2026 10:00:00 +0100", "Sun, 1 Feb 2026 10:00:00 -0000 (PST)", "29 Feb 2024 00:00:00 +0000",
	} {
		if !sameDate(t, s) {
			t.Errorf("%q is not read the short way", s)
		}
	}
}

// standardDates are dates in the standard form, and each with one thing changed.
func standardDates() (all []string) {
	for _, weekday := range []string{"", "Sat, ", "Sun,", "sat, ", "Mar, ", "Xyz, ", "Sat,\t"} {
		for _, date := range []string{
			"31 Jan 2026", "1 Feb 2026", "01 mar 1999", "29 Feb 2023", "29 Feb 2024", "29 Feb 1900", "31 APR 2026", "00 May 2026", "32 May 2026",
			"30 Jun 0070", "30 Jul 9999", "30 Aug 99", "9 Sept 2026", "9 Sep 202", "30 Oct 2026", "30 Nov 20262", "30 Dez 2026", "30-Dec-2026", "",
		} {
			for _, clock := range []string{"10:00:00", "23:59:59", "24:00:00", "00:00:60", "00:60:00", "1:00:00", "10:00", "10.00.00", "ab:cd:ef", ""} {
				for _, zone := range []string{"+0100", "-0800 (PST)", "+0000 ()", "-0000 (a) b", "+1400", "+1459", "-1500", "+0060", "+9999", "GMT", " +0100", "+01:00", "+100", "*0100", ""} {
					all = append(all, weekday+date+" "+clock+" "+zone)
				}
			}
		}
	}
	return all
}

// sameDate checks that both ways agree on s, and tells whether the short one took it.
func sameDate(t *testing.T, s string) bool {
	t.Helper()
	short, ok := standardDate(s)
	if !ok {
		return false
	}
	long, ok := looseDate(s)
	if !ok || !short.Equal(long) || short.Format(time.RFC3339) != long.Format(time.RFC3339) {
		t.Errorf("%q: %v the short way, %v, %v the long way", s, short, long, ok)
	}
	return true
}

func FuzzStandardDate(f *testing.F) {
	for i, s := range standardDates() {
		if i%97 == 0 {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) { sameDate(t, s) })
}

// usualMailboxes are forms that the short way takes, forms near them, and forms that only look like them.
var usualMailboxes = []string{
	"joe@example.org", "Joe <joe@example.org>", "Joe Q. Public <joe@example.org>", `"Public, Joe" <joe@example.org>`, "<joe@example.org>",
	"=?utf-8?Q?J=C3=BCrgen?= <j@example.org>", "=?utf-8?Q?J=C3=BCrgen?= =?utf-8?Q?J=C3=BCrgen?= <j@example.org>", `"=?utf-8?Q?J=C3=BCrgen?=" <j@example.org>`,
	"J\u00fcrgen <j@example.org>", "J\xfcrgen <j@example.org>", `"(comment) <other@example.org>" <joe@example.org>`, `""<a@b>`, `" " <a@b>`, `" joe " <a@b>`,
	`"joe\" <a@b>`, `"joe" x <a@b>`, `x "joe" <a@b>`, `"a" "b" <a@b>`, "a@b <c@d>", "a <b> <c@d>", "a (b) <c@d>", "a <c@d> (b)", "a <c@d", "c@d>", "a c@d", "a,b <c@d>",
	"Re: x <a@b>", "x: <a@b>", "a <a@b@c>", "a <@b>", "a <b@>", "a <b>", "@", "a@", "@b", "<>", ">", "a <mailto:b@c>", "a =?utf-8?Q?=3Cx=40y=3E?= <b@c>", "a@b\u00e9.c",
	"=?utf-8?Q?a=40b?= <c@d>", "=?utf-8?Q?a?=@b", "a  <b@c>", "a\t<b@c>", "a\u00a0<b@c>", "\x1b$B$\"\x1b(B <a@b>", "'a@b' <c@d>", "undisclosed-recipients: <a@b>",
}

// sameMailbox checks that both ways agree on entry, and tells whether the short one took it.
func sameMailbox(t *testing.T, entry string) bool {
	t.Helper()
	if _, _, ok := usualMailbox(entry); !ok {
		return false
	}
	short := (&headerText{detector: Decoder{}.detector()}).mailbox(entry)
	long := (&headerText{detector: Decoder{}.detector()}).address(entry, 0)
	if short != long {
		t.Errorf("%q: %+q the short way, %+q the long way", entry, short, long)
	}
	return true
}

func TestUsualMailboxesReadAsOthersDo(t *testing.T) {
	for i, entry := range usualMailboxes {
		if took := sameMailbox(t, entry); i < 12 && !took {
			t.Errorf("%q is not read the short way", entry)
		}
	}
	for _, h := range largeHeaders {
		for f := range rawFields(string(h)) {
			if k := kindOf(f.name); k == fieldFrom || k == fieldTo || k == fieldCc || k == fieldReplyTo {
				for entry := range addressEntries(unfold(f.value)) {
					if !sameMailbox(t, entry) && !strings.Contains(entry, "\t") {
						t.Errorf("%q is not read the short way", entry)
					}
				}
			}
		}
	}
}

func FuzzUsualMailbox(f *testing.F) {
	for _, entry := range usualMailboxes {
		f.Add(entry)
	}
	f.Fuzz(func(t *testing.T, entry string) {
		for entry := range addressEntries(unfold(entry)) {
			sameMailbox(t, entry)
		}
	})
}
