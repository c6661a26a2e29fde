package main

import (
	"fmt"
	"io"
	"strings"
)

// corpus makes up messages that are like what waits in mailboxes: a header of some
// 1,100 octets with the trace fields that servers add, and a body of text lines. It is a
// pop3server.Source.
type corpus struct {
	// size is a message's length in octets, header included.
	size int64
}

var bodyLine = []byte("VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZyBhbmQgc28gb24u\r\n")

// bodyBlock is whole lines, so that large messages go out in large pieces.
var bodyBlock = []byte(strings.Repeat(string(bodyLine), 1024))

func (corpus) header(n int) string {
	at := fmt.Sprintf("Mon, 2 Nov 2026 %02d:%02d:%02d +0100", n/3600%24, n/60%60, n%60)
	return fmt.Sprintf("Return-Path: <bounce+%[1]d@lists.example.org>\r\n"+
		"Received: from mx2.example.net (mx2.example.net [192.0.2.25])\r\n"+
		"\tby store7.example.net (Postfix) with ESMTPS id 4Xk%08[1]dz2Fh\r\n"+
		"\tfor <reader@example.net>; %[2]s\r\n"+
		"Received: from out%[3]d.example.org (out%[3]d.example.org [198.51.100.%[3]d])\r\n"+
		"\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\r\n"+
		"\t key-exchange X25519 server-signature RSA-PSS (2048 bits))\r\n"+
		"\tby mx2.example.net (Postfix) with ESMTPS id 8QJ%08[1]dx7\r\n"+
		"\tfor <reader@example.net>; %[2]s\r\n"+
		"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=k1;\r\n"+
		"\th=From:To:Subject:Date:Message-ID; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\r\n"+
		"\tb=dzdVyOfAKCdLXdJOc9G2q8LoXSlEniSbav+yuU4zGeeruD00lszZVoG4ZHRNiYzR\r\n"+
		"From: =?utf-8?Q?S=C3=A9nder?= %[3]d <sender%[3]d@example.org>\r\n"+
		"To: A Reader <reader@example.net>\r\n"+
		"Subject: Re: [list] Message number %[1]d of those that are waiting\r\n"+
		"Date: %[2]s\r\n"+
		"Message-ID: <%08[1]d.bench@example.org>\r\n"+
		"MIME-Version: 1.0\r\n"+
		"Content-Type: text/plain; charset=utf-8\r\n"+
		"Content-Transfer-Encoding: base64\r\n\r\n", n, at, n%97)
}

// Octets implements pop3server.Source.
func (c corpus) Octets(n int) int64 {
	if c.size >= mostHeader {
		return c.size // STAT and LIST ask for every message's
	}
	return max(c.size, int64(len(c.header(n)))+2)
}

// mostHeader is more octets than any header here has.
const mostHeader = 2 << 10

// UIDL implements pop3server.Source.
func (corpus) UIDL(n int) string { return fmt.Sprintf("bench-%08d", n) }

// Open implements pop3server.Source.
func (c corpus) Open(n int) (io.ReadCloser, error) {
	header := c.header(n)
	body := max(c.size-int64(len(header)), 2)
	return io.NopCloser(io.MultiReader(strings.NewReader(header), &filler{left: body - 2}, strings.NewReader("\r\n"))), nil
}

// filler reads so many octets of body lines.
type filler struct {
	left int64
	at   int
}

func (f *filler) Read(p []byte) (int, error) {
	if f.left <= 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(int64(len(p)), f.left)], bodyBlock[f.at:])
	f.advance(n)
	return n, nil
}

func (f *filler) advance(n int) {
	f.left -= int64(n)
	f.at = (f.at + n) % len(bodyBlock)
}

// WriteTo spares a copy of what may be gigabytes.
func (f *filler) WriteTo(w io.Writer) (int64, error) {
	var sent int64
	for f.left > 0 {
		chunk := bodyBlock[f.at:]
		n, err := w.Write(chunk[:min(int64(len(chunk)), f.left)])
		sent += int64(n)
		f.advance(n)
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}
