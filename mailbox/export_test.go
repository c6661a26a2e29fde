package mailbox

import "time"

// SetScreenOctets sets the bound on memory under the background scan, before it begins.
func (m *Mailbox) SetScreenOctets(most int) { m.screenOctets = most }

// SetLookEvery sets how often an idle session is looked at, before it is opened.
func (m *Mailbox) SetLookEvery(every time.Duration) { m.lookEvery = every }
