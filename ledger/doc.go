// Package ledger keeps what outlives a run: the header cache, what was seen
// before, marks not yet committed, the journal of a commit under way, and the
// history of what was fetched and deleted.
//
// It is one SQLite database a user, in WAL mode, so that two popmarks at once
// both work. What a promise rests on (the journal, what was fetched, what was
// deleted) is written with synchronous=FULL and is on disk when the call
// returns; what can be asked of the server again (headers, capabilities) is
// written with synchronous=NORMAL, which can lose the last writes in a power
// failure but never damages the database.
//
// Everything is known by account and UIDL. The account is a string that the
// caller makes canonical; the ledger never sees a password. UIDLs are kept as
// the octets that the server sent.
//
// What a header means, which message is which and what to do with it is left
// to the packages above.
package ledger
