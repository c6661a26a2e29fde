package message

import (
	"bytes"
	"strconv"
	"strings"
)

// Preview is what a message shows of itself before it is downloaded: what TOP gave, decoded.
type Preview struct {
	Envelope Envelope
	// Headers are the fields that matter to a reader, decoded, in a fixed order; [Decoder.Fields] gives all.
	Headers []Field
	// Text is the body as lines to read: the plain text, or the HTML turned into text, its links numbered and
	// listed at the end with where they really go. A line may be long: a paragraph is one.
	Text []Safe
	// Attachments are the parts that are not shown as text, as far as they came.
	Attachments []Attachment
	// Findings are what the headers say of the message's trustworthiness, with reasons.
	Findings []Finding
	// FromHTML is true where some of Text was made from HTML.
	FromHTML bool
	// Truncated is true where the message's own structure shows that its end is missing. A message of one
	// part does not show that: compare BodyLines with what TOP was asked for.
	Truncated bool
	// Incomplete is true where parts lie deeper, or are more, than this package looks at.
	Incomplete bool
	// BodyLines counts the lines after the header section: fewer than TOP was asked for means that all came.
	BodyLines int
	// Octets counts what came, each line end as two.
	Octets int64
}

// Attachment is a part that is not shown as text.
type Attachment struct {
	Name   Safe  // as the message names it, without any folder; "" where it has none
	Type   Safe  // media type in lower case
	Octets int64 // decoded octets that came so far
	// Complete is false where the message's structure shows that the part's end did not come.
	Complete bool
}

// Preview reads what TOP or RETR gave of a message. It never fails: what does not decode is shown as it came.
// It takes time and memory in proportion to raw.
func (d Decoder) Preview(raw []byte) Preview {
	header, body, ended := split(raw)
	w := mimeWalk{detector: d.detector()}
	h := w.readHeader(header)
	reasons := map[string]string{}
	if ended {
		w.walk(w.newPart(h, body, "text/plain", true), 0)
	}
	p := Preview{
		Attachments: w.attachments,
		Truncated:   w.truncated,
		Incomplete:  w.tooDeep,
		BodyLines:   lineCount(body),
		Octets:      int64(len(raw) + bareLineEnds(raw)),
	}
	h.envelope(&p.Envelope, reasons)
	p.Headers = h.headers(&p.Envelope)
	p.Findings = p.Envelope.findings(reasons)
	for _, t := range w.texts {
		p.FromHTML = p.FromHTML || t.html
		lines := t.lines()
		if len(p.Text) > 0 && len(lines) > 0 {
			p.Text = append(p.Text, "")
		}
		p.Text = append(p.Text, lines...)
	}
	return p
}

// Raw returns a message line by line exactly as it was received, made safe.
func Raw(raw []byte) []Safe { return MakeSafeText(string(raw)) }

// lines makes the text of one part safe to read.
func (t bodyText) lines() []Safe {
	text := t.text
	var links []link
	switch {
	case t.html:
		text, links = htmlText(text)
	case t.flowed:
		text = flowedText(text, t.delSp)
	}
	lines := MakeSafeText(strings.TrimRight(text, " \t\r\n"))
	if len(links) > 0 {
		lines = append(lines, "")
	}
	for i, l := range links {
		lines = append(lines, MakeSafe("["+itoa(i+1)+"] "+l.line()))
	}
	return lines
}

// headers returns the fields that matter to a reader.
func (h *header) headers(e *Envelope) []Field {
	var fields []Field
	add := func(name Safe, value Safe) {
		if value != "" {
			fields = append(fields, Field{name, value})
		}
	}
	address := func(name Safe, list ...Address) {
		var all []string
		for _, a := range list {
			if a != (Address{}) {
				all = append(all, a.String())
			}
		}
		add(name, MakeSafe(strings.Join(all, ", ")))
	}
	address("From", e.From)
	address("Sender", e.Sender)
	address("Reply-To", e.ReplyTo)
	address("To", e.To...)
	address("Cc", e.Cc...)
	add("Subject", e.Subject)
	for _, f := range []struct {
		name Safe
		kind fieldKind
	}{{"Date", fieldDate}, {"List-Id", fieldListID}, {"List-Unsubscribe", fieldListUnsubscribe}, {"Importance", fieldImportance}} {
		add(f.name, shorten(h.field(string(f.name), h.values[f.kind]).Value, MaxSubject))
	}
	return fields
}

func lineCount(b []byte) int {
	n := bytes.Count(b, []byte("\n"))
	if len(b) > 0 && b[len(b)-1] != '\n' {
		n++
	}
	return n
}

// bareLineEnds counts the LFs without a CR before them.
func bareLineEnds(b []byte) int {
	return bytes.Count(b, []byte("\n")) - bytes.Count(b, []byte("\r\n"))
}

func itoa(n int) string { return strconv.Itoa(n) }
