package demo

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/encoding"

	"popmark/pop3server"
)

// A letter is a sample message as its writer thinks of it; compose makes octets
// of it. The zero value of every field but slug and ago is a plain default.
type letter struct {
	slug    string        // names it for good: Message-ID and UIDL come of it
	ago     time.Duration // how long before now it was sent
	zone    int           // the sender's hours east of UTC
	from    person
	to      string   // by default the demo's reader
	subject string   // encoded with charset as words says; "-" for no Subject at all
	charset *charset // by default UTF-8
	words   words
	raw     string   // if not empty, the header fields From and Subject as they are
	headers []string // further header fields, in UTF-8 or ASCII, as they are
	body    string   // plain text
	html    string   // HTML; with body it makes multipart/alternative
	code    transfer
	attach  []attachment
	hops    int // Received fields beyond the first
}

type person struct{ name, addr string }

// A charset encodes text and has the name that goes into headers, which is not
// always the right one.
type charset struct {
	name string
	enc  encoding.Encoding // nil for UTF-8
}

// encode gives text's octets, with "?" for what the charset has not.
func (c *charset) encode(text string) string {
	if c.enc == nil {
		return text
	}
	octets, err := encoding.ReplaceUnsupported(c.enc.NewEncoder()).String(text)
	if err != nil {
		return "?"
	}
	return octets
}

// An attachment of filler octets, made when it is sent.
type attachment struct {
	name   string
	kind   string // MIME type
	octets int64  // as decoded
}

// reader is who the demo's mail is for.
const reader = "Sam Reader <sam@example.org>"

var utf8Charset = &charset{name: "UTF-8"}

// piece is a part of a message: text, or lines of filler behind it.
type piece struct {
	text   string
	filler int64 // octets decoded
}

// message composes a letter as it would be at now.
func (l *letter) message(now time.Time) pop3server.Message {
	if l.charset == nil {
		l.charset = utf8Charset
	}
	pieces := l.pieces(now)
	var octets int64
	for _, p := range pieces {
		octets += int64(len(p.text)) + fillerOctets(p.filler)
	}
	open := func() (io.ReadCloser, error) {
		var readers []io.Reader
		for _, p := range pieces {
			readers = append(readers, strings.NewReader(p.text))
			if p.filler > 0 {
				readers = append(readers, newFiller(p.filler))
			}
		}
		return io.NopCloser(io.MultiReader(readers...)), nil
	}
	return pop3server.Message{UIDL: l.uidl(), Octets: octets, Open: open}
}

// uidl looks like those that common servers give.
func (l *letter) uidl() string {
	sum := sha256.Sum256([]byte(l.slug))
	return hex.EncodeToString(sum[:8])
}

func (l *letter) domain() string {
	if _, domain, ok := strings.Cut(l.from.addr, "@"); ok {
		return domain
	}
	return "mail.example"
}

func (l *letter) header(now time.Time) string {
	sent := now.Add(-l.ago).In(time.FixedZone("", l.zone*3600)).Truncate(time.Second)
	id := l.uidl()
	var fields []string
	for hop := range l.hops + 1 {
		fields = append(fields, fmt.Sprintf("Received: from relay%d.%s (relay%d.%s [192.0.2.%d])\n\tby mx%d.example.org with ESMTPS id %s%d\n\tfor <sam@example.org>; %s",
			hop, l.domain(), hop, l.domain(), 10+hop, 1+hop, id[:8], hop, sent.Add(time.Duration(9-hop)*time.Second).UTC().Format(time.RFC1123Z)))
	}
	fields = append(fields, "Date: "+sent.Format("Mon, 2 Jan 2006 15:04:05 -0700"))
	if l.raw != "" {
		fields = append(fields, l.raw)
	} else {
		fields = append(fields, "From: "+l.mailbox(l.from))
		if l.subject != "-" {
			fields = append(fields, "Subject: "+l.phrase(l.subject, len("Subject: ")))
		}
	}
	to := l.to
	if to == "" {
		to = reader
	}
	fields = append(fields, "To: "+to, fmt.Sprintf("Message-ID: <%s.%s@%s>", l.slug, id[:6], l.domain()), "MIME-Version: 1.0")
	fields = append(fields, l.headers...)
	return strings.Join(fields, "\n") + "\n"
}

// pieces lays the whole message out, with CRLF line ends.
func (l *letter) pieces(now time.Time) []piece {
	header := l.header(now)
	if len(l.attach) == 0 {
		return []piece{{text: crlf(header + l.text(""))}}
	}
	boundary := "mix_" + l.uidl()
	pieces := []piece{{text: crlf(header + fmt.Sprintf("Content-Type: multipart/mixed; boundary=%q\n\nThis is a message in several parts.\n--%s\n", boundary, boundary) + l.text(boundary))}}
	for _, a := range l.attach {
		pieces[len(pieces)-1].text += crlf(fmt.Sprintf("\n--%s\n%sContent-Transfer-Encoding: base64\n\n", boundary, l.named(a)))
		pieces[len(pieces)-1].filler = a.octets
		pieces = append(pieces, piece{})
	}
	pieces[len(pieces)-1].text = crlf("\n--" + boundary + "--\n")
	return pieces
}

// named gives the fields that name an attachment: outside ASCII by RFC 2231, or,
// in charsets older than that, by an encoded word in quotes, which no RFC allows
// and many programs write.
func (l *letter) named(a attachment) string {
	kind := mime.FormatMediaType(a.kind, map[string]string{"name": a.name})
	disposition := mime.FormatMediaType("attachment", map[string]string{"filename": a.name})
	if !ascii(a.name) && l.charset != utf8Charset {
		word := l.word(a.name)
		kind, disposition = fmt.Sprintf("%s; name=%q", a.kind, word), fmt.Sprintf("attachment; filename=%q", word)
	}
	return "Content-Type: " + kind + "\nContent-Disposition: " + disposition + "\n"
}

// text gives the Content- fields, the blank line and the body of what is
// written, be it the whole message or its first part.
func (l *letter) text(outer string) string {
	switch {
	case l.html == "":
		return l.leaf("plain", l.body)
	case l.body == "":
		return l.leaf("html", l.html)
	}
	boundary := "alt_" + l.uidl() + outer
	return fmt.Sprintf("Content-Type: multipart/alternative; boundary=%q\n\n--%s\n%s\n--%s\n%s\n--%s--\n",
		boundary, boundary, l.leaf("plain", l.body), boundary, l.leaf("html", l.html), boundary)
}

func (l *letter) leaf(kind, text string) string {
	octets, code := l.code.encode(l.charset.encode(strings.TrimLeft(text, "\n")))
	return fmt.Sprintf("Content-Type: text/%s; charset=%s\nContent-Transfer-Encoding: %s\n\n%s", kind, l.charset.name, code, octets)
}

// crlf gives lines the ends that the wire has.
func crlf(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
}

// minutes makes a round number of hours less round.
func (l *letter) minutes() time.Duration {
	if l.ago%time.Hour != 0 {
		return 0
	}
	sum := sha256.Sum256([]byte(l.slug))
	return time.Duration(sum[9]%59)*time.Minute + time.Duration(sum[10]%60)*time.Second
}

// sample composes all letters, oldest first.
func sample(now time.Time) []pop3server.Message {
	letters := slices.Concat(people(), work(), lists(), newsletters(), shops(), spam(), chineseMail(), japaneseMail(), russianMail(), oddities(), huge())
	for i := range letters {
		letters[i].ago += letters[i].minutes()
	}
	slices.SortStableFunc(letters, func(a, b letter) int { return cmp.Compare(b.ago, a.ago) })
	messages := make([]pop3server.Message, len(letters))
	for i := range letters {
		messages[i] = letters[i].message(now)
	}
	return messages
}
