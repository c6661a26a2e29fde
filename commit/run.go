package commit

import (
	"context"
	"errors"
	"time"

	"popmark/delivery"
	"popmark/ledger"
	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

// Options say how a plan is carried out.
type Options struct {
	// Destination is where fetched messages go; it may be nil where the plan fetches nothing.
	Destination delivery.Destination
	// Ledger remembers; one in memory forgets with the process, and P5 then holds within it only.
	Ledger *ledger.Ledger
	// Account is the ledger's key for the mailbox.
	Account string
	// Checkpoint is after how many deletions to QUIT and come back, where the
	// plan's own Checkpoint is 0. It needs UIDL.
	Checkpoint int
	// Again fetches what was fetched before once more.
	Again bool
	// Verify looks at the end whether what was deleted is really gone.
	Verify bool
	// Request is what the plan was made from, in one canonical form, for
	// [FindUnfinished]; "" where its messages were pointed at one by one.
	Request string
	// Numbered says that no header had a say in what the plan takes, but numbers, sizes and the like: of what is
	// known from an earlier session some is looked at then, and all only where one message is not what it was.
	Numbered bool
	// TakesUp says that the plan is what [Unfinished.Plan] gave: even an empty one is
	// carried out then, so that the journal learns what became of the run before.
	TakesUp bool
	// Left is what [Unfinished.Plan] left: it stays written down, so that the same request means it still.
	Left []ledger.Step
	// Was has the octets that messages had when they were marked, of those that have others now.
	Was map[mailbox.ID]int64
	// Holds leaves a run that came to its end in the journal until [Run.End]: should the
	// process be killed before it has told of the end, the same request means this run and no
	// other messages.
	Holds bool
	// Retries is how often a broken line is taken up again.
	Retries int
	// Bin keeps copies of messages that are deleted without being fetched; nil keeps none.
	Bin *Bin
	// Turn waits until no other process carries out a commit on the mailbox, and gives what
	// ends that, as [ledger.Ledger.Turn] does; nil where that was done.
	Turn func(context.Context) (done func(), err error)
	// Lines gives the first lines of a message that were shown, for the history; it may be nil.
	Lines func(mailbox.ID) []message.Safe
}

// Summary counts what a Run did.
type Summary struct {
	Fetched int // copies made
	Kept    int // copies that were there already
	Deleted int // deletions that are true
	Failed  int // messages that could not be handled
	Unknown int // deletions of which it could not be found out whether they are true
	// Unclear is how many of Unknown are among Failed.
	Unclear int
	// Committed is true where the last QUIT was answered +OK.
	Committed bool
	Octets    int64 // downloaded
	Elapsed   time.Duration
	// Failures are the Failed events.
	Failures []Event
}

// A Run is a plan being carried out. Its methods may be called from several goroutines.
type Run struct {
	engine  *engine
	events  *queue
	done    chan struct{}
	summary Summary
	err     error
}

// Start carries out a plan on a mailbox, in goroutines of its own.
//
// Cancelling ctx stops it within a second: RSET and QUIT are sent where the server
// still answers, nothing of the session is deleted, and what was fetched stays.
func Start(ctx context.Context, box *mailbox.Mailbox, plan triage.Plan, opts Options) *Run {
	return start(ctx, &engine{
		box: realBox{box}, log: opts.Ledger, plan: plan, opts: opts, now: time.Now, pause: pauseFor,
	})
}

func start(ctx context.Context, e *engine) *Run {
	r := &Run{engine: e, events: newQueue(), done: make(chan struct{})}
	e.events = r.events
	if e.plan.Checkpoint == 0 {
		e.plan.Checkpoint = e.opts.Checkpoint
	}
	go func() {
		defer close(r.done)
		defer r.events.close()
		began := time.Now()
		r.err = e.check()
		if r.err == nil && (len(e.plan.Steps) > 0 || e.opts.TakesUp) {
			e.steps = newSteps(e.plan, &e.opts)
			r.err = e.carryOut(ctx)
		}
		r.summary = e.sum
		r.summary.Elapsed = time.Since(began)
		r.events.put(Event{Kind: Done, Err: r.err, Summary: &r.summary, RunOctets: e.octets, RunTotal: e.total})
	}()
	return r
}

// errNoDestination is a mistake of the caller's.
var errNoDestination = errors.New("the plan fetches messages and there is no destination: give one with --to")

func (e *engine) check() error {
	if e.opts.Destination != nil {
		return nil
	}
	for _, s := range e.plan.Steps {
		if s.Mark.Downloads() {
			return errNoDestination
		}
	}
	return nil
}

// Events gives what happens, in order; the last is Done, and then the channel is
// closed. It has to be read to its end, or Events not to be called at all.
func (r *Run) Events() <-chan Event { return r.events.channel() }

// End forgets a run that came to its end, which Options.Holds left in the journal. It is
// called after Wait, when everything else is done.
func (r *Run) End(ctx context.Context) error {
	if _, err := r.Wait(); err == nil && r.engine.run != 0 {
		return r.engine.log.EndRun(ctx, r.engine.run)
	}
	return nil // a run that broke off stays
}

// Wait waits for the end. The error is nil where the run went through to QUIT, even
// if single messages failed: Summary.Failed counts those.
func (r *Run) Wait() (Summary, error) {
	<-r.done
	return r.summary, r.err
}
