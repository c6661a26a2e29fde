package pop3client

import "time"

// The window. A command is written while the octets that are expected from those under way stay
// below a budget: what the line carries in four round trips, or in half a second if that is more.
// Four, not one, since a rate measured while the window was too small is too small as well, and the
// window must be able to grow out of it.
//
// Before anything was measured the budget is large, so that a mailbox's headers are asked for in one
// go: a start such as TCP's own would cost a distant server's user several round trips.
const (
	startBudget = 16 << 20
	leastBudget = 64 << 10
	mostBudget  = 64 << 20
	// maxCommands bounds the commands under way, and so the memory for them here and in the server.
	maxCommands = 16 << 10
	// mostSpare bounds the handles that wait to be used again.
	mostSpare = 1 << 10

	// What an answer is taken to be until some were seen.
	topGuess  = 1 << 10
	retrGuess = 64 << 10
	listGuess = 16 << 10
	lineGuess = 64
)

// Rates are measured over at least so much.
const (
	sampleTime   = 10 * time.Millisecond
	sampleOctets = 16 << 10
	// slowSample is how long a sample may take that has fewer octets.
	slowSample = 200 * time.Millisecond
)

// estimate is what is known of the line. The client's mutex guards it.
type estimate struct {
	onWire int64         // octets still expected from the commands under way
	rtt    time.Duration // the shortest seen
	rate   float64       // octets a second
	top    float64       // mean octets of a TOP
	retr   float64       // mean octets of a RETR

	since  time.Time // when the present sample began, zero between samples
	octets int64     // in the present sample
}

func (e *estimate) budget() int64 {
	if e.rate == 0 {
		return startBudget
	}
	seconds := max(4*e.rtt.Seconds(), 0.5)
	return int64(min(max(e.rate*seconds, leastBudget), mostBudget))
}

// guess is how many octets a command's answer is expected to have.
func (e *estimate) guess(cmd *command) int64 {
	switch {
	case cmd.size > 0:
		return cmd.size
	case cmd.verb == "TOP":
		return orElse(e.top, topGuess)
	case cmd.verb == "RETR":
		return orElse(e.retr, retrGuess)
	case cmd.shape == shapeList, cmd.shape == shapeUidl:
		return listGuess
	}
	return lineGuess
}

func orElse(mean float64, guess int64) int64 {
	if mean > 0 {
		return int64(mean)
	}
	return guess
}

// idle ends a sample: a line with nothing to carry says nothing about its rate.
func (e *estimate) idle() { e.since = time.Time{} }

// arrived counts octets read at a time.
func (e *estimate) arrived(n int, now time.Time) {
	if e.since.IsZero() {
		// The first octets came after a wait of a round trip, which is not theirs.
		e.since, e.octets = now, 0
		return
	}
	e.octets += int64(n)
	took := now.Sub(e.since)
	if took < sampleTime || e.octets < sampleOctets && took < slowSample {
		return
	}
	rate := float64(e.octets) / took.Seconds()
	if e.rate == 0 {
		e.rate = rate
	} else {
		e.rate += (rate - e.rate) / 4
	}
	e.since, e.octets = now, 0
}

// answered takes the means and the round trip from a command that is done.
func (e *estimate) answered(cmd *command, octets int64) {
	switch cmd.verb {
	case "TOP":
		drift(&e.top, octets)
	case "RETR":
		drift(&e.retr, octets)
	}
	// PASS and its like measure the server's patience, not the line.
	if cmd.sentAt.IsZero() || (cmd.shape != shapeStatus && cmd.shape != shapeLines) || (cmd.barrier && cmd.verb != "USER") {
		return
	}
	if took := time.Since(cmd.sentAt); e.rtt == 0 || took < e.rtt {
		e.rtt = took
	}
}

func drift(mean *float64, octets int64) {
	if octets <= 0 {
		return
	}
	if *mean == 0 {
		*mean = float64(octets)
		return
	}
	*mean += (float64(octets) - *mean) / 8
}

// noteOctets accounts for what fill read.
func (c *Client) noteOctets(n int, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	head := c.wire.front()
	if head == nil || head.shape != shapeBody {
		// A server makes its lists while they are under way: their octets come at its pace, not the line's.
		c.line.idle()
		return
	}
	c.line.arrived(n, now)
	// A large body frees the window while it comes in, so that the next is asked for in time.
	freed := min(int64(n), head.expect)
	head.expect -= freed
	c.line.onWire -= freed
	c.admit()
}

// Window returns how many commands with TOP-sized answers are worth keeping under way: 1 where the
// server or the options do not pipeline. It adapts to the line, at first it is large. Who wants
// answers to come in the order of changing wishes keeps fewer than that under way, and can reckon
// with [Client.Rate] how long the wait behind them is.
func (c *Client) Window() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.pipelines() {
		return 1
	}
	return int(min(max(c.line.budget()/orElse(c.line.top, topGuess), 1), maxCommands))
}

// InFlight returns how many commands are queued or under way without a whole answer read.
func (c *Client) InFlight() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waiting.len() + c.wire.len()
}

// RTT returns the shortest round trip measured, zero before the first.
func (c *Client) RTT() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.line.rtt
}

// Rate returns how many octets a second came in lately while answers were being read, zero before
// it is known. It includes the reader's own pace.
func (c *Client) Rate() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.line.rate
}
