package pop3client

import (
	"errors"
	"time"
)

// Pipelining on trial. Some servers list PIPELINING and lose, stall on or garble commands that come
// together. The first flight of several commands on a connection is the trial: once the line has
// been idle again with every answer in place, pipelining counts as proven. Until then
//
//   - the patience with a server that answers the first command of a flight and then falls silent is
//     shorter (probePatience): it may have lost the rest. One that is late with the first answer has
//     lost nothing, and one that answered a command behind it may only be slow, as with a large UIDL,
//   - at most two commands are under way where one is RETR or DELE, so that an answer lost is
//     noticed before a wrong text can be taken for a message, and
//   - what goes wrong is told as a PipeliningError.
type trust struct {
	overlapped bool // the present flight has had more than one command under way
	answered   int  // of the present flight
	fetching   int  // RETR and DELE under way
	proven     bool
}

// probePatience is the longest wait for the second answer of a flight while pipelining is on trial.
const probePatience = 20 * time.Second

// PipeliningTrusted reports whether pipelining has been seen to work on this connection.
func (c *Client) PipeliningTrusted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.trust.proven
}

// onTrial reports whether a fault now might be pipelining's. The mutex is held. While a login has the
// answer to come, it might not: whoever suspects pipelining logs in once more, and a server that only
// takes its time, or wants no such login, must not see the password twice.
func (c *Client) onTrial() bool {
	if head := c.wire.front(); head != nil && head.label != "" {
		return false
	}
	return c.trust.overlapped && !c.trust.proven
}

// trial is onTrial for those who do not hold the mutex.
func (c *Client) trial() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.onTrial()
}

// patience is the longest wait for the answer at the head.
func (c *Client) patience() time.Duration {
	d := c.opts.AnswerTimeout
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.onTrial():
		return d
	case c.trust.answered == 1 && d == 0:
		return probePatience
	case c.trust.answered == 1:
		return min(d/2, probePatience)
	case d == 0: // what is lost would be waited for without end
		return DefaultAnswerTimeout
	}
	return d
}

// suspect wraps a fault of the line as pipelining's where that is on trial.
func (c *Client) suspect(fault PipeliningFault, err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var known *PipeliningError
	if !c.onTrial() || errors.As(err, &known) {
		return err
	}
	return &PipeliningError{Fault: fault, Err: err}
}
