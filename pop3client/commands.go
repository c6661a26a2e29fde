package pop3client

import "strings"

// none marks a number that a command line does not have.
const none = -1

func status0(verb string) command { return command{verb: verb, n: none, m: none} }

func words(cmd *command) string { return cmd.text }

// secretsOf makes a command whose words go on the wire and nowhere else.
func secretsOf(verb, raw, shown string) command {
	return command{verb: verb, n: none, m: none, raw: raw, label: verb, shown: shown, barrier: true}
}

// User queues USER (RFC 1939, section 7). Nothing is written behind it before its answer.
func (c *Client) User(name string) *Pending[string] {
	cmd := status0("USER")
	cmd.arg, cmd.barrier = name, true
	if problem := badName(name); problem != "" {
		cmd.arg = ""
		return refused[string](c, cmd, problem)
	}
	c.mu.Lock()
	c.userName = name
	c.mu.Unlock()
	return queued(c, cmd, words)
}

// Pass queues PASS (RFC 1939, section 7), which needs a USER answered +OK. Nothing is written behind
// it before its answer. It does not look at whether the line is encrypted: [Client.Login] does.
func (c *Client) Pass(password string) *Pending[string] {
	cmd := secretsOf("PASS", "PASS "+password, "PASS "+hidden)
	if problem := badArgument(password); problem != "" {
		return refused[string](c, cmd, problem)
	}
	c.keepSecret(password)
	return queued(c, cmd, words)
}

// Apop queues APOP (RFC 1939, section 7), which needs a greeting with a [Client.Timestamp]. Nothing
// is written behind it before its answer.
func (c *Client) Apop(name, secret string) *Pending[string] {
	stamp := c.Timestamp()
	digest := apopDigest(stamp, secret)
	cmd := secretsOf("APOP", "APOP "+name+" "+digest, "APOP "+name+" "+hidden)
	problem := badName(name)
	switch {
	case problem != "":
		return refused[string](c, cmd, problem)
	case stamp == "":
		return refused[string](c, cmd, "the greeting has no timestamp that can be used")
	}
	c.keepSecret(secret)
	c.keepSecret(digest)
	return queued(c, cmd, words)
}

// Capa queues CAPA (RFC 2449, section 5). What it answers, -ERR included, is what Capabilities returns next.
func (c *Client) Capa() *Pending[Capabilities] {
	cmd := status0("CAPA")
	cmd.shape = shapeLines
	return queued(c, cmd, func(cmd *command) Capabilities {
		return Capabilities{Lines: cmd.lines, State: cmd.state, Asked: true}
	})
}

// Stat queues STAT (RFC 1939, section 5): how many messages there are, and their octets together.
func (c *Client) Stat() *Pending[MaildropStat] {
	return queued(c, status0("STAT"), func(cmd *command) MaildropStat {
		stat, _ := parseStat(cmd.text) // it was checked when it was read
		return stat
	})
}

// List queues LIST for the whole maildrop (RFC 1939, section 5): every message's octets. A million messages take some 30 MB.
func (c *Client) List() *Pending[Listing] {
	cmd := status0("LIST")
	cmd.shape = shapeList
	return queued(c, cmd, func(cmd *command) Listing {
		return Listing{Entries: cmd.list.sizes, Odd: cmd.list.odd, OddLines: cmd.list.odds, Extra: cmd.list.extra}
	})
}

// ListOne queues LIST for message n. A line about another message is a [*ProtocolError].
func (c *Client) ListOne(n int) *Pending[ListEntry] {
	return numbered(c, "LIST", n, func(cmd *command) ListEntry {
		e, _, _ := parseListLine([]byte(cmd.text))
		return e
	})
}

// Uidl queues UIDL for the whole maildrop (RFC 1939, section 7): every message's unique-id. A million messages take some 50 MB and their UIDs' octets.
func (c *Client) Uidl() *Pending[UIDListing] {
	cmd := status0("UIDL")
	cmd.shape = shapeUidl
	return queued(c, cmd, func(cmd *command) UIDListing {
		return UIDListing{Entries: cmd.list.uids, Odd: cmd.list.odd, OddLines: cmd.list.odds, Extra: cmd.list.extra}
	})
}

// UidlOne queues UIDL for message n. A line about another message is a [*ProtocolError]. The UID may be one that [CheckUID] finds fault with.
func (c *Client) UidlOne(n int) *Pending[UidlEntry] {
	return numbered(c, "UIDL", n, func(cmd *command) UidlEntry {
		e, _ := parseUidlOne(cmd.text)
		return e
	})
}

// Retr queues RETR (RFC 1939, section 5): the whole of message n. Some servers mark it as read by that.
func (c *Client) Retr(n int) *Pending[*Body] { return c.RetrSized(n, 0) }

// RetrSized is Retr with the octets that LIST gave. They serve to reckon how many answers may be
// under way at once, not to find the text's end, and may be wrong.
func (c *Client) RetrSized(n int, octets int64) *Pending[*Body] {
	cmd := command{verb: "RETR", n: n, m: none, shape: shapeBody, fetches: true, size: max(octets, 0)}
	return numberedBody(c, cmd)
}

// Top queues TOP (RFC 1939, section 7): message n's header, the empty line, and so many lines of its
// body; a negative number of lines counts as 0. Some servers send the whole message all the same.
func (c *Client) Top(n, lines int) *Pending[*Body] {
	return numberedBody(c, command{verb: "TOP", n: n, m: max(lines, 0), shape: shapeBody})
}

// Dele queues DELE (RFC 1939, section 5). Message n is marked; it is gone when a QUIT was answered +OK, not before.
func (c *Client) Dele(n int) *Pending[string] {
	cmd := status0("DELE")
	cmd.n, cmd.fetches = n, true
	if n < 1 {
		return refused[string](c, cmd, "message numbers begin at 1")
	}
	return queued(c, cmd, words)
}

// Rset queues RSET (RFC 1939, section 5): the marks that DELE made are taken back.
func (c *Client) Rset() *Pending[string] { return queued(c, status0("RSET"), words) }

// Noop queues NOOP (RFC 1939, section 5), which asks for nothing but an answer.
func (c *Client) Noop() *Pending[string] { return queued(c, status0("NOOP"), words) }

// Quit queues QUIT (RFC 1939, sections 4 and 6). In the transaction state its +OK means that what DELE marked is deleted; -ERR
// means that some of it may not be; no answer, that nobody knows. The connection is closed after the
// answer. Nothing can be sent behind it.
func (c *Client) Quit() *Pending[string] {
	cmd := status0("QUIT")
	cmd.barrier = true
	return queued(c, cmd, words)
}

// Utf8 queues UTF8 (RFC 6856), which changes the session to UTF-8 and belongs before the login.
func (c *Client) Utf8() *Pending[string] {
	return queued(c, status0("UTF8"), words)
}

// Lang queues LANG with a language tag or "*" (RFC 6856): the language of the server's texts.
func (c *Client) Lang(tag string) *Pending[string] {
	cmd := status0("LANG")
	cmd.arg = tag
	if tag == "" || strings.Trim(tag, tagOctets) != "" {
		cmd.arg = ""
		return refused[string](c, cmd, "it needs a language tag such as fr, or *")
	}
	return queued(c, cmd, words)
}

const tagOctets = "*-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// Langs queues LANG without an argument (RFC 6856): the languages there are, a line each, the tag first.
func (c *Client) Langs() *Pending[[]string] {
	cmd := status0("LANG")
	cmd.shape = shapeLines
	return queued(c, cmd, func(cmd *command) []string { return cmd.lines })
}

func numbered[T any](c *Client, verb string, n int, result func(*command) T) *Pending[T] {
	cmd := status0(verb)
	cmd.n = n
	if n < 1 {
		return refused[T](c, cmd, "message numbers begin at 1")
	}
	return queued(c, cmd, result)
}

func numberedBody(c *Client, cmd command) *Pending[*Body] {
	if cmd.n < 1 {
		return refused[*Body](c, cmd, "message numbers begin at 1")
	}
	p := c.bodyHandle()
	body := p.cmd.body
	*body = Body{c: c, cmd: &p.cmd}
	p.c, p.cmd, p.result = c, cmd, bodyOf
	p.cmd.body = body
	c.enqueue(&p.cmd)
	return p
}

func bodyOf(cmd *command) *Body { return cmd.body }

// badName says why a user name cannot be sent, or "".
func badName(name string) string {
	if name == "" {
		return "the user name is empty"
	}
	if hasControl(name) {
		return "the user name holds a control character"
	}
	return ""
}

func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == 0x7f {
			return true
		}
	}
	return false
}
