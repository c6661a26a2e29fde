// Package message turns what a POP3 server sends of a message into what a person may safely read.
//
// It reads header sections and the parts of messages that TOP gives, which may stop anywhere, as mail
// really is: wrong charset names, split multibyte characters, raw 8-bit text, obsolete dates. A bad line
// costs that line and never the rest, so nothing here returns an error: what can't be understood is
// shown as it was written.
//
// Everything that comes out is [Safe]: free of control characters, escape sequences, bidirectional
// overrides and invisible text. That type is the only way from a server to a terminal.
//
// The package works on octets in memory. It leaves to others how they came here (pop3client), keeping
// them (ledger), storing whole messages (delivery) and drawing (ui). All functions may be called from
// many goroutines at once.
package message
