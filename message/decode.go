package message

import (
	"strings"
	"sync"
	"time"
)

// header is a header section with the fields that matter found: the first of each kind that is not empty, still
// folded and encoded.
type header struct {
	headerText
	values [fieldKinds]string
	// The Received fields from the top, and whether Authentication-Results stands above them.
	hops         [maxHops]string
	hopCount     int
	resultsFirst bool
	space        []byte // where an envelope's texts come together
}

// readHeader finds the fields of a header section. What it returns shares raw's memory.
func (d *detector) readHeader(raw []byte) *header {
	h := &header{headerText: headerText{detector: d}}
	h.read(raw)
	return h
}

// read finds the fields of raw, whose memory h shares afterwards. h is as good as new before.
func (h *header) read(raw []byte) {
	h.headerText.header = view(raw)
	for f := range rawFields(h.headerText.header) {
		k := kindOf(f.name)
		switch {
		case k == fieldReceived && h.hopCount < maxHops:
			h.hops[h.hopCount] = f.value
			h.hopCount++
		case k == fieldAuthResults:
			h.resultsFirst = h.resultsFirst || h.hopCount == 0
		}
		if k != fieldOther && h.values[k] == "" {
			h.values[k] = trimFold(f.value)
		}
	}
	h.contentType = h.values[fieldContentType]
}

// scratch is what one envelope is made with. It is used again: in a scan it was most of the garbage.
type scratch struct {
	header   header
	detector detector
}

// maxScratch is how many octets a scratch may hold on to.
const maxScratch = 8 << 10

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// Fields returns every field of a header section, in order, decoded.
func (d Decoder) Fields(header []byte) []Field {
	h := d.detector().readHeader(header)
	var fields []Field
	for f := range rawFields(h.headerText.header) {
		fields = append(fields, h.field(f.name, f.value))
	}
	return fields
}

func (d Decoder) detector() *detector { return &detector{Decoder: d} }

// field decodes one field into memory of its own.
func (h *headerText) field(name, value string) Field {
	return Field{Name: MakeSafe(strings.Clone(name)), Value: MakeSafe(strings.Clone(h.decode(unfold(value))))}
}

// Envelope reads a header section, which may end in its empty line, be cut anywhere or be followed by a body.
// It never fails: what is missing is zero.
func (d Decoder) Envelope(header []byte) Envelope {
	var e Envelope
	d.ReadEnvelope(&e, header)
	return e
}

// ReadEnvelope is Envelope into memory of the caller's, whatever it held before: of many envelopes
// each need not be copied.
func (d Decoder) ReadEnvelope(into *Envelope, header []byte) {
	s := scratches.Get().(*scratch)
	s.detector.Decoder = d
	s.header.headerText.detector = &s.detector
	s.header.read(header)
	s.header.envelope(into, nil)
	space, octets := s.header.space, s.header.octets
	*s = scratch{} // so that it keeps nobody's text alive
	if cap(space)+cap(octets) <= maxScratch {
		s.header.space, s.header.octets = space, octets
	}
	scratches.Put(s)
}

// envelope decodes the fields that were found into e. reasons, where not nil, takes what the findings rest on.
func (h *header) envelope(e *Envelope, reasons map[string]string) {
	v := &h.values
	*e = Envelope{
		Subject:        shorten(MakeSafe(strings.TrimSpace(h.decode(unfold(v[fieldSubject])))), MaxSubject),
		To:             h.addressList(v[fieldTo]),
		Cc:             h.addressList(v[fieldCc]),
		MessageID:      identifier(v[fieldMessageID]),
		ListID:         listID(v[fieldListID]),
		ContentType:    "text/plain",
		CanUnsubscribe: v[fieldListUnsubscribe] != "",
		Importance:     importance(v[fieldImportance], v[fieldPriority], v[fieldXPriority]),
	}
	for _, k := range []fieldKind{fieldFrom, fieldResentFrom, fieldSender, fieldReturnPath} {
		if e.From = h.firstAddress(v[k]); e.From != (Address{}) {
			break
		}
	}
	if a := h.firstAddress(v[fieldSender]); !sameAddress(a, e.From) {
		e.Sender = a
	}
	if a := h.firstAddress(v[fieldReplyTo]); !sameAddress(a, e.From) {
		e.ReplyTo = a
	}
	if ct := v[fieldContentType]; ct != "" {
		e.ContentType = mediaTypeOf(ct)
	}
	e.HasAttachment = e.ContentType == "multipart/mixed" || len(v[fieldContentDisposition]) >= 10 && strings.EqualFold(v[fieldContentDisposition][:10], "attachment") ||
		!strings.HasPrefix(string(e.ContentType), "text/") && !strings.HasPrefix(string(e.ContentType), "multipart/") && !strings.HasPrefix(string(e.ContentType), "message/")
	h.dates(e)
	h.judge(e, reasons)
	h.space = e.pack(h.space)
}

// dates sets the date, or the next best one, and whether it is far from when the message came.
func (h *header) dates(e *Envelope) {
	_, stamp := cutLast(h.values[fieldReceived], ';')
	received, hasReceived := parseDate(unfold(stamp))
	date := unfold(h.values[fieldDate])
	if strings.Contains(date, "=?") {
		date = h.decode(date)
	}
	if e.Date, e.HasDate = parseDate(date); e.HasDate {
		apart := e.Date.Sub(received)
		e.Judgement.DateFarOff = hasReceived && (apart > farOff || apart < -farOff)
		return
	}
	for _, k := range []fieldKind{fieldResentDate, fieldDeliveryDate} {
		if e.Date, e.HasDate = parseDate(unfold(h.values[k])); e.HasDate {
			return
		}
	}
	if hasReceived {
		e.Date, e.HasDate = received, true
	} else {
		e.Date = time.Time{}
	}
}

// judge fills in the judgement.
func (h *header) judge(e *Envelope, reasons map[string]string) {
	v, j := &h.values, &e.Judgement
	if v[fieldAuthResults] != "" {
		j.readAuthResults(unfold(v[fieldAuthResults]), reasons)
		j.AuthDoubtful = (j.SPF|j.DKIM|j.DMARC) != NoVerdict && !h.isReceiver(string(j.AuthServer))
	}
	for k := fieldSpamStatus; k <= fieldForefront; k++ {
		if v[k] != "" {
			j.readSpam(k, unfold(v[k]), reasons)
		}
	}
	precedence := strings.ToLower(v[fieldPrecedence])
	j.List = v[fieldListID] != "" || v[fieldListPost] != "" || precedence == "list"
	j.Bulk = j.List || v[fieldListUnsubscribe] != "" || v[fieldFeedbackID] != "" || precedence == "bulk" || precedence == "junk"
	j.Auto = v[fieldAutoSubmitted] != "" && !strings.HasPrefix(strings.ToLower(v[fieldAutoSubmitted]), "no")
	if reasons != nil {
		for word, kinds := range map[string][]fieldKind{"bulk": {fieldPrecedence, fieldListUnsubscribe, fieldFeedbackID}, "auto": {fieldAutoSubmitted}} {
			for _, k := range kinds {
				if v[k] != "" && reasons[word] == "" {
					reasons[word] = unfold(v[k][:min(len(v[k]), maxReason)])
				}
			}
		}
	}
	e.judgeSender()
}

func (h *headerText) addressList(value string) []Address {
	if value == "" {
		return nil
	}
	var list []Address
	for a := range h.addresses(unfold(value)) {
		if list = append(list, a); len(list) == MaxAddresses {
			break
		}
	}
	return list
}

// pack moves all text of the envelope into one piece of memory, so that it does not keep the header alive.
func (e *Envelope) pack(space []byte) []byte {
	space = space[:0]
	e.texts(func(s *Safe) { space = append(space, *s...) })
	all := string(space)
	e.texts(func(s *Safe) {
		n := len(*s)
		*s, all = Safe(all[:n]), all[n:]
	})
	return space
}

func (e *Envelope) texts(each func(*Safe)) {
	for _, a := range [...]*Address{&e.From, &e.Sender, &e.ReplyTo} {
		each(&a.Name)
		each(&a.Address)
	}
	for _, list := range [...][]Address{e.To, e.Cc} {
		for i := range list {
			each(&list[i].Name)
			each(&list[i].Address)
		}
	}
	for _, s := range [...]*Safe{&e.Subject, &e.MessageID, &e.ListID, &e.ContentType, &e.Judgement.AuthServer} {
		each(s)
	}
}

func sameAddress(a, b Address) bool { return strings.EqualFold(string(a.Address), string(b.Address)) }

// listID returns what the last angle brackets of a List-Id hold: the phrase before them may have
// some of its own (RFC 2919 section 3).
func listID(value string) Safe {
	return identifier(value[max(strings.LastIndexByte(value, '<'), 0):])
}

// identifier returns what the angle brackets of a Message-ID hold, or all of it without them.
func identifier(value string) Safe {
	value = unfold(value)
	if _, rest, ok := cutFirst(value, '<'); ok {
		value, _, _ = cutFirst(rest, '>')
	}
	return shorten(MakeSafe(strings.TrimSpace(value)), maxAddressText)
}

func importance(importance, priority, xPriority string) Importance {
	is := func(s, word string) bool { return len(s) >= len(word) && strings.EqualFold(s[:len(word)], word) }
	switch {
	case is(importance, "high"), is(priority, "urgent"), is(xPriority, "1"), is(xPriority, "2"):
		return HighImportance
	case is(importance, "low"), is(priority, "non-urgent"), is(xPriority, "4"), is(xPriority, "5"):
		return LowImportance
	}
	return NormalImportance
}

func cutFirst(s string, sep byte) (before, after string, ok bool) {
	if i := strings.IndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// cutLast divides s at the last sep; without one, all of it is after.
func cutLast(s string, sep byte) (before, after string) {
	i := strings.LastIndexByte(s, sep)
	return s[:max(i, 0)], s[i+1:]
}
