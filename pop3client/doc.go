// Package pop3client speaks POP3 to a server: RFC 1939 whole, CAPA (RFC 2449), STLS and implicit
// TLS (RFC 2595, 8314), AUTH (RFC 5034) and UTF8 and LANG (RFC 6856).
//
// # Commands and answers
//
// A command method queues its command and returns a handle at once; the handle's Wait gives the
// answer. So a round trip is paid once for all that is asked before the first Wait:
//
//	stat, uidl, list := c.Stat(), c.Uidl(), c.List()
//	s, err := stat.Wait(ctx)
//
// Where the server lists PIPELINING the commands go out together, as many as the line is worth (see
// [Client.Window]). Where it does not, each waits for the answer before it; callers need not know.
// USER, PASS, APOP, AUTH, STLS and QUIT are never followed by anything before their answer, whatever
// the server says, since some servers lose it.
//
// Answers come in the order of the commands. Wait reads what lies before its own answer and keeps
// it for the handles concerned. The exception is the text of RETR and TOP, which is not kept: it is
// read through a [Body] before a later answer is waited for, or it is lost, and its handle says so.
//
// A Wait ends with its context, and the session goes on from where it stood: RSET and QUIT can still
// be sent under a fresh context. [Client.Login], [Client.Auth] and [Client.StartTLS] are
// conversations; left in the middle, they close the connection.
//
// # States
//
// The client knows the states of RFC 1939. A command that does not belong in the present one fails
// with a [*StateError] and is not sent. Whether DELE was carried out, only the answer to QUIT tells.
//
// # Errors
//
//   - [*ServerError]: -ERR, with its code and words, and what it means for the one who asked ([Kind]).
//   - [*StateError]: nothing was sent.
//   - [*CutError]: the connection ended before the answer did; errors.Is finds io.ErrUnexpectedEOF.
//   - [*TunnelError], in a CutError or from a TLS handshake: a tunnel's command has ended.
//   - [*TimeoutError]: the server kept silent, or connecting or the login took too long.
//   - [*ProtocolError], [*LimitError]: the answer is not POP3, or is more than [Limits] allow.
//   - [*PipeliningError]: one of these three while pipelining was on trial, see below.
//   - [ErrPlaintextRefused], [ErrNoMechanism], [ErrInjection], [ErrServerUnverified], [ErrNoTLS], [ErrBodyDiscarded], [ErrClosed].
//   - The context's own errors, and those of package crypto/tls and crypto/x509.
//
// Cuts, silence, broken protocol and passed limits end the session: nothing that comes later could
// be trusted to be the answer to what was asked. Only a one-line answer whose words make no sense is
// a ProtocolError that harms nothing else.
//
// What the server wrote stands in errors, greetings, UIDs and texts as it came. None of it is safe to
// print on a terminal: that is for the caller to see to. Secrets that a server repeats are *** in errors.
//
// # Pipelining on trial
//
// A few servers list PIPELINING and stall on commands that come together, lose them or mix them up.
// The first flight of several commands on a connection is a trial (see [Client.PipeliningTrusted]).
// If it fails, the error is a [*PipeliningError], errors.Is finds [ErrPipeliningBroken], and the
// session is over. The way on is a new connection with [PipeliningNever], remembered for the
// account unless the Fault is PipeliningCut, which may be chance. What was answered since the line
// was last idle is to be thrown away: an answer lost among many alike gives each of the rest to the
// wrong command. For the same reason no more than two commands are under way on trial when one of
// them is RETR or DELE.
//
// # Logging in
//
// [Client.Login] chooses the mechanism, or uses the one it is told, and tries once. No password
// goes in clear to another machine unless that is asked for. [Client.User], [Client.Pass],
// [Client.Apop] and [Client.Auth] are there for those who choose themselves; they do not ask.
//
// # Memory
//
// A message's text is never held. Lists and lines are bounded by [Limits], and nothing is
// allocated from a number that a server sent. A scan of headers costs two small allocations a message.
//
// Left to others: retrying and reconnecting, what a message means, and what to do about duplicate
// UIDs or wrong sizes.
package pop3client
