package delivery

import (
	"context"
	"sync"
)

// groupSync lets many goroutines share one slow operation that serves all who
// asked before it began, such as the fsync of a folder into which they have all
// renamed a file. Whoever asks while one runs is served by the next.
type groupSync struct {
	sync func() error

	mu      sync.Mutex
	next    *syncRound
	running bool
}

type syncRound struct {
	done chan struct{}
	err  error
}

// wait returns the result of an operation that began after the call, or the
// context's error.
func (g *groupSync) wait(ctx context.Context) error {
	g.mu.Lock()
	if g.next == nil {
		g.next = &syncRound{done: make(chan struct{})}
	}
	round := g.next
	if !g.running {
		g.running = true
		go g.run()
	}
	g.mu.Unlock()
	select {
	case <-round.done:
		return round.err
	case <-ctx.Done():
		return stopped(ctx)
	}
}

func (g *groupSync) run() {
	for {
		g.mu.Lock()
		round := g.next
		g.next = nil
		if round == nil {
			g.running = false
			g.mu.Unlock()
			return
		}
		g.mu.Unlock()
		round.err = g.sync()
		close(round.done)
	}
}
