package commit

import (
	"sync"
	"time"

	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

// Kind is what an Event tells.
type Kind uint8

// The kinds of events.
const (
	Starting     Kind = iota // the plan is about to be carried out; RunTotal is what it will download
	Progress                 // octets of a message have come
	Fetched                  // a message's copy is safe
	Kept                     // its copy was safe already: nothing was downloaded
	Deleted                  // DELE was answered +OK: a promise until Committed
	Failed                   // one message could not be handled; the rest goes on
	Committed                // QUIT was answered +OK: the deletions since the last one are true
	Warning                  // something odd that harms nothing
	Reconnecting             // the line broke and is taken up again after Pause
	Done                     // always the last
)

func (k Kind) String() string {
	return [...]string{
		"starting", "progress", "fetched", "kept", "deleted", "failed", "committed", "warning", "reconnecting", "done",
	}[k]
}

// Event is something that happened in a Run. Which fields are set depends on Kind;
// those that tell of a message are set wherever there is one.
type Event struct {
	Kind Kind

	Number int         // the message's number in the list that the plan was made from
	UID    string      // as the server gave it: not safe to show
	ID     mailbox.ID  // its identity
	Action triage.Mark // what its mark is

	Octets int64  // received, CRLF line ends counted as two; of a Progress, so far
	Total  int64  // of a Progress: the message's size as LIST has it
	Path   string // of a copy: the file's absolute path, "" where it has none

	RunOctets int64 // downloaded in the whole run so far
	RunTotal  int64 // expected for the whole run, by LIST's sizes

	Deleted int           // of a Committed: the deletions that are now true
	Err     error         // of a Failed and a Reconnecting, and of a Done that ends with an error
	Text    message.Safe  // of a Warning
	Attempt int           // of a Reconnecting: which one, from 1
	Pause   time.Duration // of a Reconnecting: how long until it is tried
	Summary *Summary      // of a Done
}

// queue holds events until they are read, so that a slow reader does not hold the
// mailbox's lock. It grows with the number of messages, not with their octets.
type queue struct {
	mu     sync.Mutex
	events []Event
	closed bool
	wake   chan struct{}
	out    chan Event
	start  sync.Once
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1), out: make(chan Event)} }

func (q *queue) put(e Event) {
	q.mu.Lock()
	if n := len(q.events); e.Kind == Progress && n > 0 && q.events[n-1].Kind == Progress {
		q.events[n-1] = e // an older one is of no use any more
	} else {
		q.events = append(q.events, e)
	}
	q.mu.Unlock()
	q.nudge()
}

func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.nudge()
}

func (q *queue) nudge() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// channel starts the goroutine that feeds the channel; it ends when all has been read.
func (q *queue) channel() <-chan Event {
	q.start.Do(func() { go q.feed() })
	return q.out
}

func (q *queue) feed() {
	defer close(q.out)
	for range q.wake {
		for {
			q.mu.Lock()
			events, closed := q.events, q.closed
			q.events = nil
			q.mu.Unlock()
			for _, e := range events {
				q.out <- e
			}
			if len(events) == 0 {
				if closed {
					return
				}
				break
			}
		}
	}
}
