package message

// Preview is what a message shows of itself before it is downloaded: what TOP gave, decoded.
type Preview struct {
	Envelope Envelope
	// Headers are the fields that matter to a reader, decoded, in a fixed order.
	Headers []Field
	// Text is the body as lines to read: the plain text, or the HTML turned into text with numbered links.
	Text []Safe
	// Attachments are the parts that are not shown as text, as far as they came.
	Attachments []Attachment
	// Findings are what the headers say of the message's trustworthiness.
	Findings []Finding
	// FromHTML is true where Text was made from HTML.
	FromHTML bool
	// Truncated is true where the message's own structure shows that its end is missing. A single part
	// does not show that; compare BodyLines and Octets with what was asked for and with the listed size.
	Truncated bool
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
	// Complete is false where the part's end did not come.
	Complete bool
}
