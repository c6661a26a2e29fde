package pop3client

// Kind is what a -ERR means for the one who asked.
type Kind int

const (
	// KindOther is a refusal that says nothing about the login or about later: no such message, an
	// unknown command.
	KindOther Kind = iota
	// KindRefused is a refused user name, password or token.
	KindRefused
	// KindTryLater is a locked mailbox, a login delay, or a fault the server calls temporary.
	KindTryLater
	// KindPermanent is a fault that trying again will not mend.
	KindPermanent
)
