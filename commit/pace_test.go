package commit

import (
	"testing"
	"time"
)

func TestP10_AsManyDelesAreUnderWayAsAreAnsweredInTime(t *testing.T) {
	for _, c := range []struct {
		name       string
		each, trip time.Duration
		burst      int // answers to a round trip
		want       int
	}{
		{"a server that syncs for each", 100 * time.Millisecond, 100 * time.Millisecond, 8, 4},
		{"a slow server", 10 * time.Millisecond, 10 * time.Millisecond, 8, 40},
		{"a quick server at the end of a long line", time.Microsecond, time.Second, 8, mostDeles},
		{"one that takes long for nothing", 0, 0, 8, mostDeles},
	} {
		p, now := pace{}, time.Unix(0, 0)
		if got := p.limit(); got != firstDeles {
			t.Fatalf("the first flight has %d", got)
		}
		for i := range 5 * c.burst {
			if i%c.burst == 0 {
				now = now.Add(c.trip)
			} else {
				now = now.Add(c.each)
			}
			p.answered(now)
		}
		if got := p.limit(); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
