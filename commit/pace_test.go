package commit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
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

func TestP10_AsManyOctetsAreAskedForAsComeInTime(t *testing.T) {
	for _, c := range []struct {
		name  string
		rate  int64 // octets a second
		trip  time.Duration
		each  int64
		least int64
		most  int64
	}{
		{"a modem", 5_000, 200 * time.Millisecond, 4_000, leastAhead, leastAhead},
		{"a slow line", 350_000, 30 * time.Millisecond, 20_000, 80_000, 140_000},
		{"a quick line", 100e6, 20 * time.Millisecond, 4_000, mostAhead, mostAhead},
		{"a quick line of messages that fill it", 1e9, 0, 100e6, mostAhead, mostAhead},
	} {
		f, now := flow{}, time.Unix(0, 0)
		if got := f.limit(); got != firstAhead {
			t.Fatalf("the first flight has %d octets", got)
		}
		f.begin(now)
		for range 20 {
			now = now.Add(c.trip)
			for ahead := int64(0); ahead < f.limit(); ahead += c.each {
				now = now.Add(time.Duration(c.each * int64(time.Second) / c.rate))
				f.got(c.each, now)
			}
		}
		if got := f.limit(); got < c.least || got > c.most {
			t.Errorf("%s: %d octets, want %d to %d", c.name, got, c.least, c.most)
		}
	}
}

// A line that takes its time leaves room for RSET within the second that leaving may take.
func TestP10_WhoLeavesASlowLineHasToldTheServer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var fetched atomic.Int32
	r := newRig(t, 0, pop3server.WithHooks(
		pop3server.Trickle(pop3server.On("RETR"), 4_000, 10*time.Millisecond),
		pop3server.On("RETR 30").Do(func(*pop3server.Event) pop3server.Action {
			fetched.Add(1)
			cancel()
			return pop3server.Action{}
		}),
	))
	marks := make(map[int]triage.Mark)
	for n := 1; n <= 100; n++ {
		r.drop.Add(pop3server.NewMessage(fmt.Sprintf("uid-%d", n), []byte(letter(n)+strings.Repeat("0123456789abcdef0123456789abcdef0123456789abcd\r\n", 400))))
		marks[n] = triage.Move
	}
	out := r.commit(order{marks: marks, ctx: ctx})
	if out.err == nil || out.Deleted != 0 || out.Unknown != 0 {
		t.Errorf("%v, %+v", out.err, out.Summary)
	}
	if sent := r.dialogue(1); !strings.HasSuffix(sent, "RSET, QUIT") {
		t.Errorf("sent %s", sent[max(0, len(sent)-100):])
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

func TestP10_WhoLeavesWhileItComesBackIsToldOfNoOtherTry(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := newRig(t, 2, pop3server.WithHooks(
		pop3server.Cut(pop3server.On("RETR 1").InSession(1), pop3server.Close),
		pop3server.InSession(2, pop3server.On("").Do(func(*pop3server.Event) pop3server.Action {
			cancel()
			return pop3server.Action{Skip: true, Then: pop3server.Hang}
		})),
	))
	out := r.commit(order{marks: marked("MM"), ctx: ctx, opts: Options{Retries: 3}})
	tries := 0
	for _, ev := range out.events {
		if ev.Kind == Reconnecting {
			tries++
		}
	}
	if !errors.Is(out.err, context.Canceled) || tries != 1 {
		t.Errorf("%v, after %d tries", out.err, tries)
	}
}
