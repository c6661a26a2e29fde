package commit

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"popmark/delivery"
	"popmark/triage"
)

// backwards is a Maildir into which messages come in the reverse of their order: each
// waits for the next one.
type backwards struct {
	delivery.Destination
	mu    sync.Mutex
	begun int
	safe  []chan struct{} // closed once that message is in place
}

func newBackwards(d delivery.Destination, messages int) *backwards {
	b := &backwards{Destination: d, safe: make([]chan struct{}, messages+1)}
	for i := range b.safe {
		b.safe[i] = make(chan struct{})
	}
	close(b.safe[messages]) // the last one waits for nothing
	return b
}

func (b *backwards) Begin(ctx context.Context, meta delivery.Meta) (delivery.Delivery, error) {
	d, err := b.Destination.Begin(ctx, meta)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.begun++
	return &backwardsDelivery{Delivery: d, after: b.safe[b.begun], done: b.safe[b.begun-1]}, err
}

type backwardsDelivery struct {
	delivery.Delivery
	after, done chan struct{}
}

func (d *backwardsDelivery) Commit(ctx context.Context) (delivery.Receipt, error) {
	<-d.after
	defer close(d.done)
	return d.Delivery.Commit(ctx)
}

func TestDelesAndEventsKeepMessageOrderWhateverIsSafeFirst(t *testing.T) {
	const n = busy - 1 // all are put into place at once, whenever each comes
	for _, o := range []triage.Order{triage.AsReceived, triage.AtEnd} {
		t.Run(o.String(), func(t *testing.T) {
			r := newRig(t, n)
			marks := make(map[int]triage.Mark)
			var deles, copies []string
			for i := 1; i <= n; i++ {
				copies = append(copies, fmt.Sprint(i))
				marks[i] = triage.Fetch
				if i%3 > 0 {
					marks[i] = triage.Move
					deles = append(deles, fmt.Sprint("DELE ", i))
				}
			}
			out := r.commit(order{marks: marks, order: o, opts: Options{Destination: newBackwards(r.dest, n)}})
			must(t, out.err)
			var sent, fetched []string
			for command := range strings.SplitSeq(r.dialogue(1), ", ") {
				if strings.HasPrefix(command, "DELE") {
					sent = append(sent, command)
				}
			}
			for _, ev := range out.events {
				if ev.Kind == Fetched {
					fetched = append(fetched, fmt.Sprint(ev.Number))
				}
			}
			if got, want := strings.Join(sent, ", "), strings.Join(deles, ", "); got != want {
				t.Errorf("sent %s, want %s", got, want)
			}
			if got, want := strings.Join(fetched, " "), strings.Join(copies, " "); got != want {
				t.Errorf("told of %s, want %s", got, want)
			}
			if out.Fetched != n || out.Deleted != len(deles) {
				t.Errorf("summary %+v", out.Summary)
			}
		})
	}
}
