package commit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync"

	"popmark/delivery"
	"popmark/ledger"
)

const (
	// maxUnderWay bounds the copies that are being put into place at once, and so
	// the memory that they take.
	maxUnderWay = 64
	// batch is how many copies' names are worth a record of their own while the
	// disk has enough to do; below busy it has not.
	batch = 32
	busy  = 16
)

// job is one copy that has come whole and is to be put into place.
type job struct {
	st       *step
	about    ledger.About
	print    [sha256.Size]byte // of the header
	serial   int               // the text's, among the arrivals
	delivery delivery.Delivery
	replaces string // the name of an earlier attempt; the step is the engine's alone once it is told of the copy
	record   ledger.Fetched
	earlier  *ledger.Fetched // what an earlier run has fetched of the very same octets, so that no copy is put into place
	confirms bool            // that run did not come to write down that it is in place
	receipt  delivery.Receipt
	err      error
}

// copier puts copies into place beside the download. Each copy's name is written
// down first, so that a run that is broken off just then finds the copy again.
// Records and fsyncs are made for as many at once as there are.
type copier struct {
	e *engine

	in   chan *job // whole messages
	out  chan *job // copies in place, or failed
	done chan struct{}

	put  chan *job // from the goroutines that wait for the disk
	work sync.WaitGroup
	last chan struct{} // closed when the last copy that keeps its order has come to its end
	// err is the ledger's, set before failed is closed: what it can't remember is not put into place.
	err    error
	failed chan struct{}
}

func (e *engine) newCopier() *copier {
	c := &copier{
		e: e, in: make(chan *job, maxUnderWay), out: make(chan *job, maxUnderWay),
		put: make(chan *job, maxUnderWay), done: make(chan struct{}), failed: make(chan struct{}),
	}
	go c.run()
	return c
}

// finish waits until everything given has come to its end and is written down. What
// out still holds can be read afterwards.
func (c *copier) finish() error {
	close(c.in)
	<-c.done
	return c.err
}

func (c *copier) run() {
	defer close(c.done)
	var fresh, ended []*job
	in, under := c.in, 0
	for in != nil || under > 0 {
		select {
		case j, ok := <-in:
			if !ok {
				in = nil
				break
			}
			fresh = append(fresh, j)
		case j := <-c.put:
			under--
			c.passOn(j)
			ended = append(ended, j)
		}
		fresh, ended = c.more(in, fresh, ended, &under)
		if !due(fresh, ended, under, in == nil) {
			continue
		}
		if err := c.record(c.e.late, fresh, ended); err != nil && c.err == nil {
			c.err = err
			close(c.failed)
		}
		for _, j := range ended {
			if !j.findable() {
				c.out <- j
			}
		}
		for _, j := range fresh {
			under++
			c.place(c.e.lateCopies, j)
		}
		fresh, ended = fresh[:0], ended[:0]
	}
	c.work.Wait()
	close(c.out)
}

// due tells whether a record is to be made now. What is in place needs none at
// once: it would be found.
func due(fresh, ended []*job, under int, last bool) bool {
	if len(fresh) > 0 && (under < busy || len(fresh) >= batch || last) {
		return true
	}
	return len(ended) > 0 && (last && under == 0 || slices.ContainsFunc(ended, func(j *job) bool { return !j.findable() }))
}

// findable tells whether the destination can say by what was written down before
// whether the copy is there. Of a command it can't be known.
func (j *job) findable() bool { return delivery.Receipt{Name: j.record.Name}.Findable() }

// passOn hands on a copy that is in place, unless it has to be written down first.
func (c *copier) passOn(j *job) {
	if j.findable() {
		c.out <- j
	}
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
		select {
		case <-c.failed:
			j.err = c.err
			_ = j.delivery.Abort() // the ledger's error says why
		default:
			if j.earlier != nil {
				j.receipt = receiptOf(j.earlier)
				_ = j.delivery.Abort() // what may be left of it is in nobody's way
			} else {
				j.receipt, j.err = j.delivery.Commit(ctx)
			}
		}
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
func (c *copier) more(in chan *job, fresh, ended []*job, under *int) (_, _ []*job) {
	for {
		select {
		case j, ok := <-in:
			if !ok {
				return fresh, ended
			}
			fresh = append(fresh, j)
		case j := <-c.put:
			*under--
			c.passOn(j)
			ended = append(ended, j)
		default:
			return fresh, ended
		}
	}
}

// record writes down what is about to be put into place and what is there, in one go.
func (c *copier) record(ctx context.Context, fresh, ended []*job) error {
	var records []ledger.Fetched
	var placed []ledger.Placed
	for _, j := range fresh {
		j.record = c.e.recordOf(j, j.delivery.Planned())
		if err := c.findEarlier(ctx, j); err != nil {
			return err
		}
		if j.record.Name != "" && j.earlier == nil {
			records = append(records, j.record)
		}
	}
	for _, j := range ended {
		record := c.e.recordOf(j, j.receipt)
		switch {
		case j.earlier != nil:
			placed = append(placed, j.st.placed(j.receipt.Path))
			if j.confirms {
				records = append(records, *j.earlier)
			}
			continue
		case j.err == nil:
			record.Safe = true
			placed = append(placed, j.st.placed(j.receipt.Path))
		case j.receipt.Name == "":
			continue // nothing of it is there
		}
		records = append(records, record)
	}
	if len(records)+len(placed) == 0 {
		return nil
	}
	return c.e.log.RecordCopies(ctx, c.e.opts.Account, c.e.run, records, placed)
}

// findEarlier looks whether an earlier run has fetched the same octets, where a message has no UIDL of
// its own to be known by. One that is to be deleted is copied all the same: it may be another
// that says the same.
func (c *copier) findEarlier(ctx context.Context, j *job) error {
	if j.st.Message.Certain || j.st.Mark.Deletes() || c.e.opts.Again || !j.findable() {
		return nil
	}
	if _, mine := c.e.unnamed[j.record.UID]; mine {
		return nil
	}
	records, err := c.e.log.Fetched(ctx, c.e.opts.Account, j.st.key, []string{j.record.UID})
	if err != nil {
		return err
	}
	r, found := records[j.record.Key()]
	if found && !r.Safe {
		if r.Safe, err = j.st.dest.Secure(ctx, receiptOf(&r)); err != nil {
			return err
		}
		j.confirms = r.Safe
	}
	if r.Safe {
		j.earlier = &r
		return nil
	}
	if c.e.unnamed == nil {
		c.e.unnamed = make(map[string]struct{})
	}
	c.e.unnamed[j.record.UID] = struct{}{}
	return nil
}

// forgetCopies has the ledger know that what is there is no copy of some steps' messages.
func (e *engine) forgetCopies(steps []misled) error {
	for _, m := range steps {
		st := m.st
		if !st.Message.Certain {
			continue
		}
		key := ledger.FetchedKey{UID: st.Message.UID, Octets: st.recorded(), Destination: st.key}
		if err := e.log.ForgetCopies(e.late, e.opts.Account, key, m.since); err != nil {
			return localError{err}
		}
		if err := e.setSteps(e.late, ledger.StepPlanned, []int{st.seq}); err != nil {
			return localError{err}
		}
	}
	return nil
}

func (e *engine) recordOf(j *job, r delivery.Receipt) ledger.Fetched {
	uid := j.st.Message.UID
	if !j.st.Message.Certain {
		// No UIDL of its own: known by what it holds.
		uid = "\x00" + hex.EncodeToString(r.SHA256[:])
	}
	return ledger.Fetched{
		UID: uid, Replaces: j.replaces, Octets: j.st.recorded(), Destination: j.st.key,
		Name: r.Name, Path: r.Path, Received: r.Octets, SHA256: r.SHA256, Header: j.print, At: e.now(),
		About: j.about,
	}
}
