package message

import (
	"bytes"
	"path"
	"strings"
	"unicode/utf8"
)

// Bounds on a message's structure; what is beyond is not looked into.
const (
	maxDepth = 16  // parts within parts
	maxParts = 500 // parts in all
)

// mimeWalk collects what a message's parts show.
type mimeWalk struct {
	*detector
	texts       []bodyText
	attachments []Attachment
	parts       int
	truncated   bool
	tooDeep     bool
}

// bodyText is one part's text, still unsafe, in UTF-8.
type bodyText struct {
	text   string
	html   bool
	flowed bool
	delSp  bool
}

// part is one entity: its header, its body still in its transfer encoding, and whether its end was seen.
type part struct {
	*header
	body        []byte
	typ         mediaType
	disposition mediaType
	complete    bool
}

func (w *mimeWalk) newPart(h *header, body []byte, defaultType string, complete bool) part {
	p := part{header: h, body: body, complete: complete}
	p.typ = parseMediaType(h.decodeLookalikes(h.values[fieldContentType]))
	if !strings.Contains(p.typ.name, "/") {
		switch p.typ.name {
		case "":
			p.typ.name = defaultType
		case "text":
			p.typ.name = "text/plain"
		default:
			p.typ.name = "application/octet-stream"
		}
	}
	p.disposition = parseMediaType(h.decodeLookalikes(h.values[fieldContentDisposition]))
	return p
}

// walk looks at one part and what is in it.
func (w *mimeWalk) walk(p part, depth int) {
	if w.parts++; w.parts > maxParts || depth > maxDepth {
		w.tooDeep = true
		return
	}
	major, minor, _ := strings.Cut(p.typ.name, "/")
	attached := p.disposition.name == "attachment"
	switch {
	case major == "multipart" && !attached:
		w.multipart(p, minor, depth)
	case p.typ.name == "message/rfc822", p.typ.name == "message/global":
		w.embedded(p, depth)
	case attached:
		w.attach(p)
	case p.typ.name == "text/html", p.typ.name == "application/xhtml+xml":
		w.text(p, true)
	case p.typ.name == "text/rfc822-headers":
		w.returnedHeader(p)
	case p.typ.name == "text/plain", p.typ.name == "message/delivery-status",
		p.typ.name == "message/disposition-notification", major == "text" && depth == 0:
		w.text(p, false)
	default:
		w.attach(p)
	}
}

func (w *mimeWalk) multipart(p part, minor string, depth int) {
	boundary := p.typ.raw("boundary")
	if boundary == "" {
		boundary = guessBoundary(p.body)
	}
	if boundary == "" {
		w.text(p, false)
		return
	}
	pieces, closed := splitParts(p.body, boundary)
	if len(pieces) == 0 && transferKey(p.transferEncoding()) != "" { // RFC 2045 section 6.4 forbids it
		p.body = decodeTransfer(p.transferEncoding(), p.body)
		pieces, closed = splitParts(p.body, boundary)
	}
	if !closed {
		w.truncated = true
	}
	defaultType := "text/plain"
	if minor == "digest" {
		defaultType = "message/rfc822"
	}
	if len(pieces) == 0 && bytes.HasPrefix([]byte("--"+boundary), p.body) {
		w.truncated = true // half of the first delimiter
		return
	}
	if len(pieces) == 0 && p.complete { // the boundary is not the one that was named, or went into the header
		if closed {
			p.body, _, _ = bytes.Cut(p.body, []byte("--"+boundary))
		}
		w.text(p, false)
		return
	}
	before := len(w.texts)
	var kinds []string
	var ends []int
	for i, piece := range pieces {
		header, body, ended := split(piece)
		cut := !closed && i == len(pieces)-1
		if !ended && !cut && !hasField(header) {
			header, body, ended = nil, piece, true // the empty line is missing, and so is the header
		}
		if !ended && cut {
			break // what it is has not come
		}
		child := w.newPart(w.readHeader(header), body, defaultType, !cut)
		w.walk(child, depth+1)
		kinds = append(kinds, child.typ.name)
		ends = append(ends, len(w.texts))
	}
	if minor == "alternative" {
		w.choose(before, kinds, ends)
	}
}

func hasField(header []byte) bool {
	for range rawFields(view(header)) {
		return true
	}
	return false
}

// choose keeps one of the alternatives' texts: the plain one, unless it says next to nothing.
func (w *mimeWalk) choose(before int, kinds []string, ends []int) {
	best, bestScore := -1, -1
	for i := range kinds {
		start := before
		if i > 0 {
			start = ends[i-1]
		}
		size, plain := 0, true
		for _, t := range w.texts[start:ends[i]] {
			n := len(strings.TrimSpace(t.text))
			if t.html {
				plain = false
				n = min(n, 1) // its size is mostly markup
			}
			size += n
		}
		score := 0
		switch {
		case size == 0:
		case plain && size >= minPlain:
			score = 3
		case !plain:
			score = 2
		default:
			score = 1
		}
		if score > bestScore {
			best, bestScore = i, score
		}
	}
	if best < 0 {
		return
	}
	start := before
	if best > 0 {
		start = ends[best-1]
	}
	kept := append([]bodyText(nil), w.texts[start:ends[best]]...)
	w.texts = append(w.texts[:before], kept...)
}

// minPlain is how many octets a plain alternative must have to be preferred to HTML: many say only that the
// reader's program should show HTML.
const minPlain = 60

// splitParts divides a multipart body at its delimiter lines (RFC 2046 section 5.1.1). closed tells whether the
// closing delimiter was there; without it the last part may be cut, and so may a delimiter at the very end.
func splitParts(body []byte, boundary string) (parts [][]byte, closed bool) {
	delimiter := []byte("--" + strings.TrimRight(boundary, " \t"))
	start := -1
	for at := 0; at < len(body); {
		end := len(body)
		if i := bytes.IndexByte(body[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		line := body[at:end]
		if bytes.HasPrefix(line, delimiter) {
			rest := bytes.TrimRight(line[len(delimiter):], " \t\r\n")
			closing := bytes.HasPrefix(rest, []byte("--"))
			if closing || len(rest) == 0 {
				if start >= 0 && len(parts) < maxParts {
					parts = append(parts, trimLineEnd(body[start:at]))
				}
				if closing {
					return parts, true
				}
				start = end
			}
		}
		at = end
	}
	if start >= 0 {
		last := body[start:]
		if i := bytes.LastIndexByte(last, '\n') + 1; len(last) > i+2 && bytes.HasPrefix(delimiter, last[i:]) {
			last = last[:i] // half a delimiter
		}
		parts = append(parts, last)
	}
	return parts, false
}

// trimLineEnd takes off the line end that belongs to the delimiter after it.
func trimLineEnd(b []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r"))
}

// guessBoundary finds the boundary that a multipart header forgot to name: the first line that begins as a delimiter.
func guessBoundary(body []byte) string {
	for line := range bytes.Lines(body[:min(len(body), 4096)]) {
		line = bytes.TrimRight(line, " \t\r\n")
		if len(line) > 2 && bytes.HasPrefix(line, []byte("--")) && !bytes.ContainsAny(line, " \t") {
			return string(line[2:])
		}
	}
	return ""
}

// embedded shows a message within the message: who wrote it about what, and its text.
func (w *mimeWalk) embedded(p part, depth int) {
	header, body := Split(decodeTransfer(p.transferEncoding(), p.body))
	h := w.readHeader(header)
	a := w.attachment(p)
	if a.Name == "" {
		var inner Envelope
		h.envelope(&inner, nil)
		a.Name = inner.Subject
	}
	w.attachments = append(w.attachments, a)
	if !p.complete {
		w.truncated = true
	}
	var intro strings.Builder
	for _, k := range []struct {
		name string
		kind fieldKind
	}{{"From", fieldFrom}, {"Date", fieldDate}, {"Subject", fieldSubject}} {
		if v := h.values[k.kind]; v != "" {
			intro.WriteString(k.name + ": " + h.decode(unfold(v)) + "\n")
		}
	}
	if intro.Len() > 0 {
		w.texts = append(w.texts, bodyText{text: intro.String()})
	}
	w.walk(w.newPart(h, body, "text/plain", p.complete), depth+1)
}

// returnedHeader shows the header of a message that came back (RFC 6522), decoded.
func (w *mimeWalk) returnedHeader(p part) {
	w.truncated = w.truncated || !p.complete
	h := w.readHeader(decodeTransfer(p.transferEncoding(), p.body))
	var text strings.Builder
	for f := range rawFields(h.headerText.header) {
		value := strings.TrimRight(f.value, "\r\n")
		if strings.Contains(value, "=?") || !isASCII(value) {
			value = " " + h.decode(unfold(value))
		}
		text.WriteString(f.name + ":" + value + "\n")
	}
	w.texts = append(w.texts, bodyText{text: text.String()})
}

func (p part) transferEncoding() string { return p.values[fieldTransferEncoding] }

func (w *mimeWalk) attach(p part) {
	if !p.complete {
		w.truncated = true
	}
	w.attachments = append(w.attachments, w.attachment(p))
}

func (w *mimeWalk) attachment(p part) Attachment {
	return Attachment{
		Name:     w.fileName(p),
		Type:     shorten(MakeSafe(strings.Clone(p.typ.name)), maxAddressText),
		Octets:   transferOctets(p.transferEncoding(), p.body),
		Complete: p.complete,
	}
}

// fileName returns the name that a part gives itself, without any folder.
func (w *mimeWalk) fileName(p part) Safe {
	name := p.param(p.disposition, "filename")
	if name == "" {
		name = p.param(p.typ, "name")
	}
	name = path.Base(strings.ReplaceAll(strings.TrimSpace(name), `\`, "/"))
	if name == "." || name == "/" {
		return ""
	}
	return shorten(MakeSafe(strings.Clone(name)), maxAddressText)
}

// text decodes a part to text.
func (w *mimeWalk) text(p part, html bool) {
	body := decodeText(p.transferEncoding(), p.body)
	declared := p.typ.raw("charset")
	if html && declared == "" {
		declared = metaCharset(body)
	}
	text := w.bodyString(body, declared)
	text = strings.TrimRight(text, "\uFFFD") // half a character, where the message was cut
	w.truncated = w.truncated || !p.complete
	if name := w.fileName(p); name != "" {
		w.attachments = append(w.attachments, w.attachment(p))
	}
	t := bodyText{text: text, html: html}
	if !html {
		t.flowed = strings.EqualFold(p.typ.raw("format"), "flowed")
		t.delSp = strings.EqualFold(p.typ.raw("delsp"), "yes")
		t.text = takeUUFiles(t.text, func(name string, octets int64, complete bool) {
			if w.parts++; w.parts > maxParts {
				w.tooDeep = true
				return
			}
			w.truncated = w.truncated || !complete
			w.attachments = append(w.attachments, Attachment{
				Name: shorten(MakeSafe(strings.Clone(path.Base(name))), maxAddressText), Type: "application/octet-stream", Octets: octets, Complete: complete,
			})
		})
	}
	w.texts = append(w.texts, t)
}

// bodyString decodes a body's octets: as its charset says where that is so, else as what they look like.
func (w *mimeWalk) bodyString(body []byte, declared string) string {
	if key := charsetKey(declared); (strings.HasPrefix(key, "utf16") || strings.HasPrefix(key, "utf32")) && looksLikeUTF8(body) {
		return decodeUTF8(body)
	}
	if isASCII(body) && !isStatefulCharset(declared) {
		if name := escapeCharset(body); name != "" {
			return lookupCharset(name)(body)
		}
		return string(body)
	}
	c := lookupCharset(declared)
	if c == nil || isSingleByte(declared) && utf8.Valid(body) {
		return w.rawCharset(body, declared)(body)
	}
	text := c(body)
	// One may be a character that was cut.
	bad := strings.Count(text, "\uFFFD")
	if bad <= 1 || bad*10 <= utf8.RuneCountInString(text) {
		return text
	}
	if bad*2 > nonASCII(text) {
		return w.rawCharset(body, "")(body)
	}
	if c := w.recognised(body); c != nil {
		return c(body)
	}
	return text // more of it is right than wrong
}

// isSingleByte tells whether a charset's name is one of those that programs write without looking: UTF-8 under
// it is no accident.
func isSingleByte(name string) bool {
	key := charsetKey(name)
	return strings.HasPrefix(key, "iso8859") || strings.HasPrefix(key, "windows125") || strings.HasPrefix(key, "latin")
}

// isStatefulCharset tells whether ASCII octets may mean other characters in the charset.
func isStatefulCharset(name string) bool {
	switch key := charsetKey(name); {
	case strings.HasPrefix(key, "utf7"), strings.HasPrefix(key, "utf16"), strings.HasPrefix(key, "utf32"), strings.HasPrefix(key, "hz"),
		strings.HasPrefix(key, "unicode11utf7"), strings.HasPrefix(key, "iso2022"), strings.HasPrefix(key, "cp5022"):
		return true
	}
	return false
}
