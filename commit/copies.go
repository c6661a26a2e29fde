package commit

import (
	"context"
	"encoding/hex"
	"strings"
	"sync"

	"popmark/delivery"
	"popmark/ledger"
)

// maxUnderWay bounds the copies that are being put into place at once, and so the
// memory that they take.
const maxUnderWay = 64

// job is one copy that has come whole and is to be put into place.
type job struct {
	st       *step
	delivery delivery.Delivery
	record   ledger.Fetched
	receipt  delivery.Receipt
	err      error
}

// copier puts copies into place beside the download. Each copy's name is written
// down first, so that a run that is broken off just then finds the copy again.
// Records and fsyncs are made for as many at once as there are.
type copier struct {
	e    *engine
	in   chan *job // whole messages
	out  chan *job // copies in place, or failed
	done chan struct{}

	put  chan *job // from the goroutines that wait for the disk
	work sync.WaitGroup
	last chan struct{} // closed when the last copy that keeps its order has come to its end
	// err is the ledger's; set before done is closed.
	err error
}

func (e *engine) newCopier(ctx context.Context) *copier {
	c := &copier{
		e: e, in: make(chan *job, maxUnderWay), out: make(chan *job, maxUnderWay),
		put: make(chan *job, maxUnderWay), done: make(chan struct{}),
	}
	go c.run(ctx)
	return c
}

// finish waits until everything given has come to its end and is written down. What
// out still holds can be read afterwards.
func (c *copier) finish() error {
	close(c.in)
	<-c.done
	return c.err
}

func (c *copier) run(ctx context.Context) {
	defer close(c.done)
	in, under := c.in, 0
	for in != nil || under > 0 {
		var fresh, ended []*job
		select {
		case j, ok := <-in:
			if !ok {
				in = nil
				continue
			}
			fresh = append(fresh, j)
		case j := <-c.put:
			ended = append(ended, j)
		}
		fresh, ended = c.more(in, fresh, ended)
		under += len(fresh) - len(ended)
		c.pass(ended, true)
		err := c.record(ctx, fresh, ended)
		c.pass(ended, false)
		if err != nil && c.err == nil {
			c.err = err
		}
		for _, j := range fresh {
			if err != nil {
				j.err = err
				_ = j.delivery.Abort() // the ledger's error says why
				c.put <- j
				continue
			}
			c.place(ctx, j)
		}
	}
	c.work.Wait()
	close(c.out)
}

// place puts a copy into place, beside others where their order shows nowhere.
func (c *copier) place(ctx context.Context, j *job) {
	before, done := c.last, make(chan struct{})
	if !keepsOrder(j.st.dest) {
		before = nil
	} else {
		c.last = done
	}
	c.work.Go(func() {
		if before != nil {
			<-before
		}
		j.receipt, j.err = j.delivery.Commit(ctx)
		close(done)
		c.put <- j
	})
}

// keepsOrder tells whether it shows in a destination which message came first. A
// path that looks so costs nothing but speed.
func keepsOrder(d delivery.Destination) bool {
	return strings.Contains(d.String(), "mbox:") || strings.Contains(d.String(), "pipe:")
}

// more takes what else has come by now.
func (c *copier) more(in chan *job, fresh, ended []*job) (_, _ []*job) {
	for {
		select {
		case j, ok := <-in:
			if !ok {
				return fresh, ended
			}
			fresh = append(fresh, j)
		case j := <-c.put:
			ended = append(ended, j)
		default:
			return fresh, ended
		}
	}
}

// pass hands copies that have come to their end on. Most go on before they are
// written down as safe: what was written before they were put into place is enough
// to find them. Those that can't be found so, a command's, go on afterwards.
func (c *copier) pass(ended []*job, findable bool) {
	for _, j := range ended {
		if (j.record.Name != "") == findable {
			c.out <- j
		}
	}
}

// record writes down what is about to be put into place and what is there, in one go.
func (c *copier) record(ctx context.Context, fresh, ended []*job) error {
	var records []ledger.Fetched
	var safe []int
	for _, j := range fresh {
		j.record = c.e.recordOf(j.st, j.delivery.Planned())
		if j.record.Name != "" {
			records = append(records, j.record)
		}
	}
	for _, j := range ended {
		record := c.e.recordOf(j.st, j.receipt)
		switch {
		case j.err == nil:
			record.Safe = true
			safe = append(safe, j.st.seq)
		case j.receipt.Name == "":
			continue // nothing of it is there
		}
		records = append(records, record)
	}
	if len(records) == 0 {
		return nil
	}
	return c.e.log.RecordCopies(ctx, c.e.opts.Account, c.e.run, records, safe)
}

func (e *engine) recordOf(st *step, r delivery.Receipt) ledger.Fetched {
	uid := st.Message.UID
	if !st.Message.Certain {
		// No UIDL of its own: known by what it holds, which nobody asks for.
		uid = "\x00" + hex.EncodeToString(r.SHA256[:])
	}
	return ledger.Fetched{
		UID: uid, Octets: st.Message.Octets, Destination: st.key,
		Name: r.Name, Path: r.Path, Received: r.Octets, SHA256: r.SHA256, At: e.now(),
		About: about(e.box.envelope(st.Message.ID)),
	}
}
