package message

import "reflect"

var (
	envelopeOctets = int(reflect.TypeFor[Envelope]().Size())
	addressOctets  = int(reflect.TypeFor[Address]().Size())
)

// Octets is about how much memory the envelope takes, its texts and addresses among it.
func (e *Envelope) Octets() int {
	n := envelopeOctets + len(e.Subject) + len(e.MessageID) + len(e.ListID) + len(e.ContentType) + len(e.Judgement.AuthServer)
	for _, a := range [...]Address{e.From, e.Sender, e.ReplyTo} {
		n += len(a.Name) + len(a.Address)
	}
	for _, list := range [...][]Address{e.To, e.Cc} {
		n += cap(list) * addressOctets
		for i := range list {
			n += len(list[i].Name) + len(list[i].Address)
		}
	}
	return n
}
