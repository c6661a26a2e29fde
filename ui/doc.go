// Package ui is the triage screen: the list of what waits in a mailbox, the marks that a person puts on it, and
// the commit that carries them out, as one Bubble Tea model of many small parts.
//
// Three rules hold everywhere in it. Update does no input or output: what takes time is a tea.Cmd, and a
// tea.Cmd changes no state but sends a message. Only what is in view is drawn, so that a key costs the same
// in a mailbox of ten messages and of a hundred thousand. Only [message.Safe] reaches the terminal: the one
// place that writes text takes nothing else.
//
// The screen leaves to others what it shows: package mailbox lists and reconnects, triage holds marks and
// makes the plan, commit carries it out, keymap says what keys mean. Leaving the screen, in whichever way, never
// commits: [Result] says what was committed, and only the review screen's yes starts that.
package ui
