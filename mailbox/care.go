package mailbox

import (
	"errors"

	"popmark/pop3client"
)

const (
	// fewAnswers is less than how many headers a session gives on which a scan gets on.
	fewAnswers = 100
	// suspects is among how many messages, from where a session ended, the one is that it ended at.
	suspects = 2 * mostInGroup
	// mostPassed is how many messages in a row are passed over before that is the server's way with TOP.
	mostPassed = 3
)

// ErrPassedOver means that a message's header cannot be had: it was asked for more than once by itself.
var ErrPassedOver = errors.New("asked for its header, the server ends the session, falls silent or gets out of step")

// care gets scans past a message at which the server ends every session: behind sessions that gave few
// headers one is asked for at a time, and handed on before the next, until it is known which it is.
// It lasts until somebody asks for another try.
type care struct {
	retries int        // how often a line is taken up again
	breaks  map[ID]int // how often a session ended over the TOP of a message
	over    map[ID]struct{}
	passed  int // messages passed over since the last header
	stuck   int // sessions in a row that ended in a scan before many headers came

	taken bool // one header is asked for at a time
	cared int  // headers that came since
	kept  bool // taken, from one turn of the background scan to the next

	learnt    bool // a session that ended has shown something of what they end at: that try was not for nothing
	scanTries int  // how often the background scan was taken up without an answer more
}

func newCare(retries int) care {
	return care{retries: retries, breaks: make(map[ID]int), over: make(map[ID]struct{})}
}

// pace is a pace, but one by one while care is taken.
func (c *care) pace(usual pace) pace {
	return func(client *pop3client.Client, mean float64) int {
		if c.taken {
			return 1
		}
		return usual(client, mean)
	}
}

// mostBreaks is how many sessions may end over the TOP of one message before it is passed over: the
// first, and as many as a line is taken up. Right behind another such message fewer will do.
func (c *care) mostBreaks() int {
	if c.passed > 0 {
		return 2
	}
	return max(c.retries, 1) + 1
}

// blame notes that a session ended over a message's TOP, with nothing else under way.
func (c *care) blame(id ID) {
	if c.breaks[id]++; c.breaks[id] == c.mostBreaks() && c.passed < mostPassed {
		c.passed++
		c.over[id] = struct{}{}
		c.learnt = true
	}
}

// got ends care where the item is the message that was looked for, or the last of those that it could be.
func (c *care) got(it *item) {
	if !c.taken {
		return
	}
	if c.cared++; c.cared >= suspects || errors.Is(it.err, ErrPassedOver) {
		c.taken, c.stuck, c.cared = false, 0, 0
	}
}

// ended takes note of how a scan ended in a session that gave so many headers.
func (c *care) ended(err error, answers int) {
	if errors.Is(err, errOverlong) {
		return // that message is behind us already
	}
	if c.stuck++; err == nil || answers >= fewAnswers {
		c.stuck = 0
	}
	if c.stuck > 1 {
		c.learnt = c.learnt || !c.taken
		c.taken, c.cared = true, 0
	}
}

// forget forgets a message that is gone.
func (c *care) forget(id ID) {
	delete(c.breaks, id)
	delete(c.over, id)
}
