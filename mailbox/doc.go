// Package mailbox is a maildrop on a server as one thing over many connections.
//
// A POP3 session numbers messages anew each time (RFC 1939 section 3) and dies
// with its connection. A [Mailbox] outlives sessions: it opens one when there is
// something to do, lets it go while nobody needs it, and knows each message by an
// [ID] that stays with it from session to session. It asks for the headers of a
// list in the order in which a person wants to see them, and it lends its
// connection to a commit as a [Session], in which IDs are bound to numbers.
//
// One goroutine at a time uses the connection; a turn is waited for with a
// context. All methods of Mailbox may be called from many goroutines.
//
// How to log in is the caller's to say (package account), what to do with which
// message triage's, and carrying that out commit's.
package mailbox
