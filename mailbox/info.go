package mailbox

import (
	"time"

	"popmark/message"
)

// Info is what is known of the server and of the connection to it.
type Info struct {
	Greeting       message.Safe   // behind +OK
	Implementation message.Safe   // CAPA's IMPLEMENTATION, or ""
	Capabilities   []message.Safe // CAPA's lines after login
	TLS            string         // "TLS 1.3", or "" where the line is not encrypted
	Auth           string         // the mechanism that logged in, such as "APOP"
	APOP           bool           // the greeting has a timestamp
	UIDL           bool           // UIDL was answered
	ListsUIDL      bool           // the capabilities list it
	TOP            bool           // TOP is listed or was answered
	Pipelining     bool           // listed; whether it works is another matter
	STLS           bool           // offered before login
	Messages       int            // in the newest list
	Octets         int64          // of them together, as LIST gives them
	RTT            time.Duration  // the shortest round trip seen when the session was opened
	Expire         message.Safe   // CAPA's EXPIRE, such as "NEVER", or ""
	LoginDelay     message.Safe   // CAPA's LOGIN-DELAY, in seconds, or ""
	Warnings       []message.Safe // what is odd about the server, the newest last
}

// Protection says in a few words how the connection is protected.
func (i Info) Protection() string {
	switch {
	case i.TLS != "":
		return i.TLS
	case i.Auth == "APOP", i.Auth == "CRAM-MD5", len(i.Auth) > 5 && i.Auth[:5] == "SCRAM":
		return i.Auth + ", not encrypted"
	default:
		return "NOT ENCRYPTED"
	}
}
