package commit

import (
	"context"
	"strings"
	"testing"
	"time"

	"popmark/pop3server"
	"popmark/triage"
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

func TestP10_WhoLeavesAtTheFirstDeleWaitsForFew(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := newRig(t, 10*firstDeles, pop3server.WithHooks(pop3server.On("DELE").Do(func(*pop3server.Event) pop3server.Action {
		cancel()
		return pop3server.Action{}
	})))
	marks := make(map[int]triage.Mark)
	for n := 1; n <= 10*firstDeles; n++ {
		marks[n] = triage.Delete
	}
	if out := r.commit(order{marks: marks, ctx: ctx}); out.err == nil || out.Deleted != 0 {
		t.Errorf("%v, %+v", out.err, out.Summary)
	}
	sent := r.dialogue(1)
	if n := strings.Count(sent, "DELE"); n > firstDeles || !strings.HasSuffix(sent, "RSET, QUIT") {
		t.Errorf("sent %s", sent)
	}
}
