// Package triage decides what is to be done with which message: the marks, the
// queries that find messages, the orders in which a list is shown, and the plan
// that a commit carries out.
//
// Nothing here talks to a server or to a disk, and nothing here knows a row of a
// screen: messages are known by their [mailbox.ID] (P3).
package triage
