// Package pop3server is a small POP3 server for demonstrations and tests,
// which can be told to misbehave.
//
// It speaks RFC 1939 in full, with CAPA and response codes (RFC 2449, 3206),
// STLS (RFC 2595), AUTH (RFC 5034) and pipelining. A [Maildrop] says what
// messages there are; [Memory] keeps them in memory, [Generated] makes them up
// when asked for, so that a maildrop of a million messages, or one message of
// gigabytes, costs nothing.
//
// Misbehaviour has one mechanism: a [Hook] is shown every [Event] of a session
// (the greeting, each command, a connection lost without QUIT) and gives back
// an [Action]: wait, answer something else, filter what is sent, end the
// connection in one of several ways. Refuse, Cut, LoseAnswer, CutAt and their
// kin are hooks made ready.
//
// What a server says of its messages needs no hook to be wrong: [Message] takes
// any size and any unique-id, twice the same too, and its octets are sent as
// they are, without a last line end or with NULs. [Without] and
// [WithCapabilities] make a server that lacks something or says what is not so;
// Lines and Whole leave out, disorder or disfigure lines of an answer; Swallow
// loses pipelined commands. What is not ready-made is a function of a few lines:
// see [Match.Do].
//
// It is not meant to keep anybody's mail: passwords are held in the clear, and
// nothing is written to a disk.
package pop3server
