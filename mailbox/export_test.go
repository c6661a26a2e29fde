package mailbox

// SetScreenOctets sets the bound on memory under the background scan, before it begins.
func (m *Mailbox) SetScreenOctets(most int) { m.screenOctets = most }
