package mailbox

import (
	"strings"

	"popmark/message"
)

// RetrEffect is what RETR does to a message on the server besides giving it.
type RetrEffect uint8

// The effects of RETR.
const (
	RetrUnknown  RetrEffect = iota // the server does not say
	RetrHarmless                   // no more than TOP does
	RetrMarks                      // the message is read, hidden or expires from then on
)

// marking are servers that treat a fetched message otherwise from then on, known by words
// in their greeting, IMPLEMENTATION or capabilities.
var marking = []struct {
	words string
	does  message.Safe
}{
	{"x-google-rico", "Gmail hides a message from POP3 once it was fetched, unless its settings say otherwise"},
	{"gpop ready", "Gmail hides a message from POP3 once it was fetched, unless its settings say otherwise"},
	{"dovecot", "Dovecot marks a fetched message as read for webmail and IMAP, unless its pop3_no_flag_updates is set"},
	{"zimbra", "Zimbra marks a fetched message as read for webmail and IMAP"},
	{"exchange", "Exchange can mark a fetched message as read for webmail and IMAP"},
	{"outlook", "Outlook can mark a fetched message as read for webmail and IMAP"},
}

// Retr says what RETR does to a message, and why that is thought: nothing that a server is
// asked tells it, so the words are what its makers or its capabilities (RFC 2449) say.
func (i Info) Retr() (RetrEffect, message.Safe) {
	days, _, _ := strings.Cut(string(i.Expire), " ")
	if days != "" && !strings.EqualFold(days, "NEVER") {
		if days == "0" {
			return RetrMarks, "EXPIRE 0: the server may delete a message as soon as it was fetched"
		}
		return RetrMarks, "EXPIRE " + i.Expire + ": the server itself deletes messages so many days after they were fetched"
	}
	words := strings.ToLower(string(i.Greeting) + "\n" + string(i.Implementation))
	for _, line := range i.Capabilities {
		words += "\n" + strings.ToLower(string(line))
	}
	for _, m := range marking {
		if strings.Contains(words, m.words) {
			return RetrMarks, m.does
		}
	}
	if days != "" {
		return RetrHarmless, "EXPIRE NEVER: fetching changes nothing"
	}
	return RetrUnknown, "the server does not say whether a fetched message counts as read"
}
