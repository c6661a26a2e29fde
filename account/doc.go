// Package account turns a TARGET into a connection that is logged in.
//
// It knows how a TARGET is written ([ParseTarget]), where a password may come
// from and in which order, when a connection must be encrypted and what is
// trusted, which way leads to the server (directly, through a SOCKS proxy, a
// command's standard input and output, a unix socket), and for how long a locked
// mailbox is tried again. What is said on the wire is pop3client's affair; which
// messages are there, mailbox's.
//
// The way through it: [ParseTarget] reads what was typed, [New] makes an [Account] of
// it and of [Settings], which the command line and the configuration file
// ([ReadConfig]) fill, and [Account.Connect] gives a client in the transaction state.
//
// A password goes over a line only where it is encrypted or does not leave the
// machine, unless its owner asks for it; a certificate is always verified; an STLS
// that is refused or fails ends the connection.
//
// An [Account] keeps its password in memory for as long as it lives, so that a
// broken line can be taken up again without asking twice, and writes it nowhere.
package account
