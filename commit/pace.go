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
