package message

import "time"

// Envelope is what a list shows of a message, from its header section alone. It shares no memory with the
// header that it was made from and is small, since a mailbox may have a hundred thousand of them.
type Envelope struct {
	// From is the first author; where the header has no From, the next best: Resent-From, Sender, Return-Path.
	From Address `json:"from,omitzero"`
	// Sender and ReplyTo are zero unless they are there and name another address than From.
	Sender  Address `json:"sender,omitzero"`
	ReplyTo Address `json:"reply_to,omitzero"`
	// To and Cc hold at most [MaxAddresses] each.
	To []Address `json:"to,omitempty"`
	Cc []Address `json:"cc,omitempty"`
	// Subject is decoded, one line, at most [MaxSubject] octets.
	Subject Safe `json:"subject,omitzero"`
	// Date keeps the zone as it was written. Where the header has no readable Date it is Resent-Date's or the
	// first Received's. It means something only where HasDate is true.
	Date    time.Time `json:"date,omitzero"`
	HasDate bool      `json:"has_date,omitzero"`
	// MessageID is without its angle brackets; ListID is what they hold in List-Id (RFC 2919).
	MessageID Safe `json:"message_id,omitzero"`
	ListID    Safe `json:"list_id,omitzero"`
	// ContentType is the media type in lower case, "text/plain" where none is given.
	ContentType Safe `json:"content_type,omitzero"`
	// HasAttachment is a guess: TOP 0 shows no parts. It is true for multipart/mixed and for a body that is itself a file.
	HasAttachment bool `json:"has_attachment,omitzero"`
	// CanUnsubscribe is true where there is a List-Unsubscribe header (RFC 2369).
	CanUnsubscribe bool `json:"can_unsubscribe,omitzero"`
	// Importance is what Importance, Priority or X-Priority say.
	Importance Importance `json:"importance,omitzero"`
	// Judgement is what the header says of the message's trustworthiness.
	Judgement Judgement `json:"judgement,omitzero"`
}

// Importance is how urgent the author says the message is.
type Importance int8

// The three degrees of importance; the zero value is the usual one.
const (
	LowImportance    Importance = -1
	NormalImportance Importance = 0
	HighImportance   Importance = 1
)

// Limits on what an [Envelope] keeps.
const (
	MaxAddresses = 200  // addresses kept of To, and of Cc
	MaxSubject   = 2048 // octets kept of a subject; a longer one ends in an ellipsis
)

// Field is one header field, decoded.
type Field struct {
	Name  Safe
	Value Safe
}

// Decoder decodes headers and bodies. The zero value is ready to use. It holds no state: one may be used by
// many goroutines.
type Decoder struct {
	// DefaultCharset is the account's charset, the last word on raw 8-bit text that nothing else explains.
	// Empty or unknown means windows-1252.
	DefaultCharset string
}
