package triage

import (
	"popmark/mailbox"
	"popmark/message"
)

// Row is all that a query or a sort may ask of a message.
type Row struct {
	Message *mailbox.Message
	// Envelope is nil while the message's header is not known.
	Envelope *message.Envelope
	Mark     Mark
}

// senderName is what stands in the sender's column: the name, or else the address.
func senderName(e *message.Envelope) message.Safe {
	if e.From.Name != "" {
		return e.From.Name
	}
	return e.From.Address
}
