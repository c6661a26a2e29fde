package commit

import (
	"slices"
	"time"
)

// Bounds on the DELEs that are under way. Whoever leaves waits for the answers to all of them
// before that to RSET, so that on a slow server there may only be few.
const (
	leastDeles = 4
	mostDeles  = 4096
	// firstDeles go before anything is known of the server.
	firstDeles = 8
	// takeBackTime is how long RSET may have to wait behind them.
	takeBackTime = 400 * time.Millisecond
)

// pace finds out from the times between answers how many DELEs may be under way. The longest of
// each row of times is left out: it is the line's round trip, not the server's work.
type pace struct {
	last time.Time
	gaps [firstDeles - 1]time.Duration
	n    int
	most int // DELEs; 0 while nothing is known
}

// limit is how many DELEs may be under way.
func (p *pace) limit() int {
	if p.most == 0 {
		return firstDeles
	}
	return p.most
}

// answered takes in an answer to a DELE at the time now.
func (p *pace) answered(now time.Time) {
	last := p.last
	p.last = now
	if last.IsZero() {
		return
	}
	p.gaps[p.n] = now.Sub(last)
	if p.n++; p.n < len(p.gaps) {
		return
	}
	p.n = 0
	var sum time.Duration
	for _, gap := range p.gaps {
		sum += gap
	}
	sum -= slices.Max(p.gaps[:])
	each := max(sum/time.Duration(len(p.gaps)-1), 1)
	p.most = int(min(max(takeBackTime/each, leastDeles), mostDeles))
}

// Bounds on the octets of RETRs that are under way: whoever leaves waits for all of them before
// the answer to RSET.
const (
	leastAhead = 16 << 10
	firstAhead = 64 << 10
	mostAhead  = 1 << 20
	// flowRow is how long octets are counted before they are taken for the line's rate.
	flowRow = 100 * time.Millisecond
)

// flow finds out from the texts that come how many octets may be asked for ahead.
type flow struct {
	since  time.Time
	octets int64
	most   int64 // 0 while nothing is known
}

// limit is how many octets may be under way before another message is asked for.
func (f *flow) limit() int64 {
	if f.most == 0 {
		return firstAhead
	}
	return f.most
}

// begin takes in that a session begins to ask for messages.
func (f *flow) begin(now time.Time) { f.since, f.octets = now, 0 }

// got takes in that octets have come by the time now.
func (f *flow) got(octets int64, now time.Time) {
	f.octets += octets
	took := now.Sub(f.since)
	if took < flowRow && f.octets < mostAhead {
		return
	}
	f.most = mostAhead
	if took > 0 {
		f.most = min(max(int64(float64(f.octets)*float64(takeBackTime)/float64(took)), leastAhead), mostAhead)
	}
	f.since, f.octets = now, 0
}
