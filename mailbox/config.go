package mailbox

import (
	"context"
	"time"

	"popmark/ledger"
	"popmark/message"
	"popmark/pop3client"
)

// Defaults for the zero values of [Config].
const (
	DefaultKeepAlive = 90 * time.Second // well under the ten minutes of RFC 1939 section 3, which some servers shorten
	DefaultRetries   = 3
)

// Hints are what earlier sessions taught about the server.
type Hints struct {
	// Capabilities are CAPA's lines before login; nil where they are not known.
	Capabilities []string
	// NoPipelining says that the server does not bear the pipelining that it advertises.
	NoPipelining bool
}

// Connection is a session that has logged in, in the transaction state.
type Connection struct {
	// Client is the connection, which the Mailbox closes.
	Client *pop3client.Client
	// Mechanism is what logged in, by one of pop3client's names.
	Mechanism string
	// Capabilities are CAPA's lines before login, to be remembered; nil where it was not asked.
	Capabilities []string
	// STLS says that the server offered it before login.
	STLS bool
}

// Guess says whose headers are asked for together with the list.
type Guess uint8

const (
	// GuessNothing asks for none.
	GuessNothing Guess = iota
	// GuessNew asks for those of the messages that came since the last visit.
	GuessNew
	// GuessFirst asks for those of the first messages as well where the maildrop was never seen. Of a large
	// one they bring the last header no sooner: it is for who shows what is there.
	GuessFirst
)

// Config says how a mailbox is reached and who is told what happens.
type Config struct {
	// Account is the mailbox's name in the ledger: the same for the same maildrop, whatever the way to it.
	Account string
	// Connect dials and logs in. It is called again whenever a session is needed. With an error it may tell
	// the capabilities before login all the same.
	Connect func(context.Context, Hints) (Connection, error)
	// Ledger remembers headers and what was seen; nil remembers nothing.
	Ledger *ledger.Ledger
	// Guess has Open, Resume and Refresh ask for headers together with the list, before it is known which
	// messages there are: for who goes on to headers. It takes a Ledger, to remember a server that does not
	// bear it.
	Guess Guess
	// Shows says that whoever opens the mailbox shows the whole list, so that every message counts as seen.
	// Otherwise [Mailbox.MarkSeen] says which do.
	Shows bool
	// Decoder makes envelopes of headers; its zero value will do.
	Decoder message.Decoder
	// Notify is told of events, from several goroutines, never two at once. It must not block for long
	// and must not call the Mailbox. It may be nil.
	Notify func(Event)
	// Retries is how often a broken line is taken up again during a scan; negative means never.
	Retries int
	// IdleRelease is after how long without traffic the maildrop's lock is let go (P9); 0 means never.
	IdleRelease time.Duration
	// Release lets the lock go as soon as nothing is asked any more, whatever IdleRelease and the
	// server's LOGIN-DELAY say.
	Release bool
	// KeepAlive is after how long without traffic NOOP is sent while the lock is held; negative means never.
	KeepAlive time.Duration
}
