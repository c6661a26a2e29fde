// Package commit carries a plan out: RETR, delivery, DELE, QUIT.
//
// It is the part that must lose nothing. A message's DELE is sent only after its
// own copy is safe where it belongs (P2), to the number that the message's UIDL
// has in this very session (P3); a deletion is said to be true only after QUIT's
// +OK, or after a later session has seen it (P4); and whatever breaks in between,
// the same plan can be carried out again and ends as if nothing had broken (P5).
//
// What makes that possible is written down, in the ledger, before it happens:
// the plan before the first command, each copy's name before it is put into
// place, the deletions before QUIT. After a fault these records say what to look
// for, and the destination and the server's list say what is true.
//
// How to reach the server is left to mailbox, where messages go to delivery, and
// what to do with which message to triage.
package commit
