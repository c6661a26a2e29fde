package mailbox

import (
	"bytes"
	"fmt"
	"strings"

	"popmark/message"
	"popmark/pop3client"
)

// oddness is what is known of how a server's answers differ from RFC 1939 and 2449. The turn's holder owns it.
type oddness struct {
	lines       pop3client.Oddities // told of the open session
	hasHeader   bool                // some message's header was had
	hasRefusal  bool                // TOP of some other was refused
	toldRefusal bool
	toldSmall   bool
}

// noteLines tells what was odd about the lines of the open session's answers. The turn is held.
func (m *Mailbox) noteLines() {
	c := m.client()
	if c == nil {
		return
	}
	odd := c.Oddities()
	if odd == m.odd.lines {
		return
	}
	m.odd.lines = odd
	if odd.BareLF {
		m.remark("the server ends lines in LF alone, where CRLF belongs")
	}
	if odd.NUL {
		m.remark("the server's answers hold NULs")
	}
	if odd.EightBit {
		m.remark("the server's answers hold 8-bit octets, where only ASCII belongs")
	}
}

// noteCapabilities compares what CAPA answered now with what it answered in this session before the login, if it was asked.
func (m *Mailbox) noteCapabilities(before, now pop3client.Capabilities, err error) {
	asked := before.Asked && !before.Remembered && before.State == pop3client.StateAuthorization
	switch {
	case refused(err) && len(before.Lines) > 0:
		m.remark("the server answers CAPA before the login and refuses it after")
		return
	case refused(err):
		m.remark("the server has no CAPA: what it can do is found out by trying")
		return
	case err != nil || !asked:
		return
	}
	// RFC 2449 lets these not differ; mechanisms, STLS and the like it does. UTF8 is asked for before the login alone.
	var more, fewer []string
	for _, name := range []string{"TOP", "UIDL", "PIPELINING", "UTF8"} {
		switch was, is := before.Has(name), now.Has(name); {
		case is && !was:
			more = append(more, name)
		case was && !is && name != "UTF8":
			fewer = append(fewer, name)
		}
	}
	if len(more) > 0 {
		m.remark(message.Safe("CAPA lists " + strings.Join(more, ", ") + " only after the login"))
	}
	if len(fewer) > 0 {
		m.remark(message.Safe("CAPA lists " + strings.Join(fewer, ", ") + " only before the login"))
	}
}

// noteNumbers says what is odd about the numbers and the words of a list; listed are its messages in number order.
func (m *Mailbox) noteNumbers(sizes pop3client.Listing, uids pop3client.UIDListing, listed []Message, sorted bool) {
	if !sorted {
		m.remark("LIST gives the numbers in disorder")
	}
	for i := 1; i < len(uids.Entries); i++ {
		if uids.Entries[i].Number < uids.Entries[i-1].Number {
			m.remark("UIDL gives the numbers in disorder")
			break
		}
	}
	if n := len(listed); n > 0 && listed[n-1].Number != n {
		m.remark("the numbers in LIST have gaps, where they should run from 1 on")
	}
	if sizes.Extra > 0 {
		m.remark("LIST's lines hold more than a number, a space and a size")
	}
	if uids.Extra > 0 {
		m.remark("UIDL's lines hold more than a number, a space and a UID")
	}
}

// addedOctets is what servers and scanners add to a header without counting it.
const addedOctets = 256

// noteOctets compares STAT's octets with LIST's, where both speak of as many messages. Mailutils adds to
// each message between the two, and line ends may be counted as one octet in the one and as two in the other.
func (m *Mailbox) noteOctets(total pop3client.MaildropStat, listed []Message) {
	var octets int64
	for i := range listed {
		if listed[i].Octets < 0 {
			return
		}
		octets += listed[i].Octets
	}
	if most := max(octets, total.Octets); most-min(octets, total.Octets) > most/16+addedOctets*int64(len(listed)) {
		m.remark(message.MakeSafe(fmt.Sprintf("STAT counts %d octets, the sizes in LIST make %d", total.Octets, octets)))
	}
}

// noteHeader looks at a settled answer to TOP, or a header that an earlier session had. The turn is held.
func (m *Mailbox) noteHeader(it *item) {
	o := &m.odd
	switch {
	case it.err == nil:
		o.hasHeader = true
		if !it.cached && !o.toldSmall && it.outgrows() {
			o.toldSmall = true
			m.remark("sizes in LIST are too small: a message's header alone is larger")
		}
	case refused(it.err):
		o.hasRefusal = true
	}
	if o.hasHeader && o.hasRefusal && !o.toldRefusal {
		o.toldRefusal = true
		m.remark("the server refuses TOP for some messages: their senders and subjects can't be seen before fetching")
	}
}

// outgrows says whether the header in an answer to TOP is larger than LIST says of the whole message, for which
// some servers count a line end as one octet.
func (it *item) outgrows() bool {
	most := it.msg.Octets + addedOctets
	if it.msg.Octets < 0 || int64(len(it.raw)) <= most {
		return false
	}
	header, _ := message.Split(it.raw)
	return int64(len(header)-bytes.Count(header, []byte("\r\n"))) > most
}
