package mailbox

import (
	"context"
	"sync"
	"time"
)

const (
	// keeperOctets bounds what waits to be written to the ledger.
	keeperOctets = 16 << 20
	// keeperHold is how long writing is put off while somebody waits for a list, and keeperLinger how
	// long behind that: who has opened a mailbox mostly goes on to its headers.
	keeperHold   = 2 * time.Second
	keeperLinger = 10 * time.Millisecond
)

// keeper writes to the ledger beside everything else, one thing after the other,
// so that neither the connection nor a person waits for the disk.
type keeper struct {
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu      sync.Mutex
	jobs    []keeperJob
	octets  int
	running bool
	closed  bool
	held    int           // how many want writing put off
	rush    chan struct{} // not nil while writing is put off; closed to begin
	since   time.Time     // when rush was made
	timer   *time.Timer   // begins
	moved   chan struct{} // closed and made anew when a job is done
}

type keeperJob struct {
	octets int
	do     func(context.Context)
}

func newKeeper() *keeper {
	ctx, cancel := context.WithCancel(context.Background())
	return &keeper{ctx: ctx, cancel: cancel, moved: make(chan struct{})}
}

// put takes a job in that holds so many octets. It waits while there is too much to
// do already, and forgets the job where ctx ends before that or the keeper is closed.
func (k *keeper) put(ctx context.Context, octets int, do func(context.Context)) {
	for {
		k.mu.Lock()
		if k.closed {
			k.mu.Unlock()
			return
		}
		if k.octets == 0 || k.octets+octets <= keeperOctets {
			k.octets += octets
			k.jobs = append(k.jobs, keeperJob{octets, do})
			if k.octets > keeperOctets/4*3 {
				k.begin(k.rush)
			}
			if !k.running {
				k.running = true
				k.work.Go(k.run)
			}
			k.mu.Unlock()
			return
		}
		moved := k.moved
		k.mu.Unlock()
		select {
		case <-moved:
		case <-ctx.Done():
			return
		}
	}
}

// run does the jobs there are.
func (k *keeper) run() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.jobs) > 0 {
		job := k.jobs[0]
		k.jobs[0] = keeperJob{}
		k.jobs = k.jobs[1:]
		rush := k.rush
		k.mu.Unlock()
		if rush != nil {
			<-rush
		}
		if k.ctx.Err() == nil {
			job.do(k.ctx)
		}
		k.mu.Lock()
		k.octets -= job.octets
		if len(k.jobs) == 0 {
			k.running = false
		}
		close(k.moved)
		k.moved = make(chan struct{})
	}
}

// putOff puts writing off, unless there is much, until a moment after the function that it
// gives is called, keeperHold is over or somebody waits for the keeper: the processor is
// for whoever waits for a list.
func (k *keeper) putOff() (goOn func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return func() {}
	}
	if k.held++; k.rush == nil {
		rush := make(chan struct{})
		k.rush, k.since = rush, time.Now()
		k.timer = time.AfterFunc(keeperHold, func() {
			k.mu.Lock()
			defer k.mu.Unlock()
			k.begin(rush)
		})
	} else {
		k.timer.Reset(keeperHold - time.Since(k.since))
	}
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.held--; k.held == 0 && k.rush != nil {
			k.timer.Reset(min(keeperLinger, keeperHold-time.Since(k.since)))
		}
	}
}

// begin ends what putOff began. The lock is held.
func (k *keeper) begin(rush chan struct{}) {
	if rush != nil && k.rush == rush {
		k.timer.Stop()
		close(rush)
		k.rush = nil
	}
}

// wait waits until nothing is left to do, or ctx ends.
func (k *keeper) wait(ctx context.Context) {
	k.mu.Lock()
	k.begin(k.rush)
	k.mu.Unlock()
	for {
		k.mu.Lock()
		running, moved := k.running, k.moved
		k.mu.Unlock()
		if !running {
			return
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return
		}
	}
}

// close takes no more jobs in, lets those under way be done until ctx ends, and ends the rest.
func (k *keeper) close(ctx context.Context) {
	k.mu.Lock()
	k.closed = true
	k.mu.Unlock()
	k.wait(ctx)
	k.cancel()
	k.work.Wait()
}
