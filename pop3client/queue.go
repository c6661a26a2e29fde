package pop3client

import (
	"strconv"
	"strings"
	"time"
)

// shape is what kind of answer a command has.
type shape uint8

const (
	shapeStatus    shape = iota // one line
	shapeList                   // LIST's lines
	shapeUidl                   // UIDL's lines
	shapeLines                  // other lines: CAPA, LANG
	shapeBody                   // a message's text
	shapeChallenge              // one line, which may be a SASL challenge
)

// phase is how far a command has come.
type phase uint8

const (
	phaseWaiting phase = iota
	phaseSent
	phaseText // its +OK was read, its text not to the end
	phaseDone
)

// command is one command and, later, its answer. Until it is done it belongs to whoever holds the
// token, except where the client's mutex is named.
type command struct {
	verb  string
	n, m  int    // numbers behind the verb, -1 for none
	arg   string // words behind the verb, "" for none
	raw   string // what goes on the wire in the place of verb and words, where these would tell a secret
	label string // how it is named in errors where raw is used
	shown string // how it stands in the transcript where raw is used

	shape     shape
	barrier   bool // nothing may follow it before its answer
	fetches   bool // RETR and DELE: not risked on pipelining that is not proven
	discarded bool // its text was thrown away
	floods    bool // what was read for its answer last filled the buffer

	phase  phase     // mutex
	sentAt time.Time // set where the line was idle: a sample of the round trip (mutex)
	expect int64     // octets still expected (mutex)
	size   int64     // octets expected at first

	err   error  // mutex
	text  string // the words behind +OK or the challenge
	asked bool   // text is a challenge
	list  *listState
	lines []string
	state State // the session's when it was sent (mutex)
	body  *Body // of a RETR or TOP
}

// String is the command as it may be shown: it holds no secret.
func (cmd *command) String() string {
	if cmd.label != "" {
		return cmd.label
	}
	return string(cmd.appendLine(nil))
}

func (cmd *command) appendLine(b []byte) []byte {
	b = append(b, cmd.verb...)
	if cmd.arg != "" {
		b = append(append(b, ' '), cmd.arg...)
	}
	if cmd.n >= 0 {
		b = strconv.AppendInt(append(b, ' '), int64(cmd.n), 10)
	}
	if cmd.m >= 0 {
		b = strconv.AppendInt(append(b, ' '), int64(cmd.m), 10)
	}
	return b
}

// queue is a first-in, first-out list of commands.
type queue struct {
	items []*command
	head  int
}

func (q *queue) len() int          { return len(q.items) - q.head }
func (q *queue) push(cmd *command) { q.items = append(q.items, cmd) }

func (q *queue) front() *command {
	if q.len() == 0 {
		return nil
	}
	return q.items[q.head]
}

func (q *queue) pop() {
	q.items[q.head] = nil
	q.head++
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	} else if q.head > 1024 && q.head*2 > len(q.items) {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
}

// enqueue takes a command in. It never blocks.
func (c *Client) enqueue(cmd *command) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fatal != nil {
		c.settle(cmd, c.reason(cmd))
		return
	}
	c.waiting.push(cmd)
	c.admit()
}

// admit moves commands from waiting to the wire as far as the protocol, the server's capabilities
// and the window allow. The mutex is held.
func (c *Client) admit() {
	for c.fatal == nil && !c.exchange && !c.barrier && !c.held {
		cmd := c.waiting.front()
		if cmd == nil {
			break
		}
		if n := c.wire.len(); n > 0 {
			if !c.pipelines() || n >= maxCommands || c.line.onWire >= c.line.budget() {
				break
			}
			if !c.trust.proven && n > 1 && (cmd.fetches || c.trust.fetching > 0) {
				break
			}
		}
		c.waiting.pop()
		if err := c.permit(cmd); err != nil {
			c.settle(cmd, err)
			continue
		}
		c.send(cmd)
	}
}

// send puts a command on the wire. The mutex is held.
func (c *Client) send(cmd *command) {
	if c.wire.len() == 0 {
		cmd.sentAt = time.Now()
		c.line.idle()
	} else {
		c.trust.overlapped = true
	}
	if cmd.fetches {
		c.trust.fetching++
	}
	c.deletes = c.deletes || cmd.verb == "DELE"
	cmd.phase = phaseSent
	cmd.state = c.state
	cmd.size = c.line.guess(cmd)
	cmd.expect = cmd.size
	c.line.onWire += cmd.expect
	c.wire.push(cmd)
	c.barrier = cmd.barrier
	if cmd.verb == "QUIT" && c.state == StateTransaction {
		c.state = StateUpdate
	}
	if cmd.label != "" {
		c.out = append(c.out, cmd.raw...)
		cmd.raw = ""
	} else {
		c.out = cmd.appendLine(c.out)
	}
	c.out = append(c.out, "\r\n"...)
	if t := c.opts.Transcript; t != nil {
		if cmd.shown != "" {
			t.client(cmd.shown)
		} else {
			t.client(cmd.String())
		}
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// permit says why a command may not be sent in the state the session is in, or nil.
func (c *Client) permit(cmd *command) error {
	var ok bool
	problem := ""
	switch cmd.verb {
	case "USER", "APOP", "AUTH", "STLS", "UTF8":
		ok = c.state == StateAuthorization
	case "PASS":
		ok = c.state == StateAuthorization
		if ok && !c.userOK {
			ok, problem = false, "it needs a USER that was answered +OK"
		}
	case "CAPA", "QUIT", "LANG":
		ok = c.state == StateAuthorization || c.state == StateTransaction
	default:
		ok = c.state == StateTransaction
	}
	if ok {
		return nil
	}
	return &StateError{Command: cmd.String(), State: c.state, Problem: problem}
}

// settle gives a command its end without an answer. The mutex is held.
func (c *Client) settle(cmd *command, err error) {
	cmd.phase = phaseDone
	cmd.err = err
	cmd.raw = ""
}

// pipelines reports whether a second command may be written before the first is answered.
func (c *Client) pipelines() bool {
	return c.opts.Pipelining == PipeliningAuto && c.several
}

// badArgument says why a word cannot stand in a command line, or "".
func badArgument(s string) string {
	if strings.ContainsAny(s, "\r\n\x00") {
		return "its argument holds a line end or a NUL"
	}
	return ""
}
