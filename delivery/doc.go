// Package delivery puts fetched messages where their owner wants them: a
// Maildir, an mbox file, a folder of .eml files or a command's standard input.
//
// A [Destination] is made by [Parse] from what a person writes after --to.
// [Destination.Begin] starts a [Delivery]; the message is written to it as the
// server sent it, un-stuffed and with CRLF line ends, and nothing of it shows in
// the destination before [Delivery.Commit]. When Commit returns without an error
// the message survives a killed process and a power failure, so that the
// server's copy may be deleted. Until then, and after [Delivery.Abort] or any
// error, the destination holds either the whole message or nothing of it.
//
// Stored messages have LF line ends and otherwise exactly the octets received: a
// CR or an LF that stands alone stays as it is. An mbox file adds what the format
// asks for: a From_ line, mboxrd quoting and an empty line at the end.
//
// Every error is a [*Error] that says what was being done, what happened and what
// to do next, and wraps one of [ErrCannotCreate], [ErrIO], [ErrTemporary] and
// [ErrRejected].
//
// A Destination may be used by several goroutines at once, and gains from it:
// commits under way at the same time share the waits for the disk. A Delivery
// belongs to one goroutine.
//
// What to fetch, when to delete, and the record of what was fetched are left to
// the callers. Tests that need a disk that fails or forgets find one in the
// package faultfs.
package delivery
