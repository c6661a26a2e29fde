package mailbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"popmark/pop3client"
)

// On a line so short as nearby the first answers come before all is asked, and both sides would
// wait for the other in turn: there no more than askAtOnce go out before an answer is read, and
// with nearbyAhead under way the server has enough to do.
const (
	nearby      = 2 * time.Millisecond
	askAtOnce   = 64
	nearbyAhead = 2048
)

// headerScan is one run of fetchHeaders.
type headerScan struct {
	m   *Mailbox
	c   *pop3client.Client
	got func(item)
	// several is true where more than one command may be under way.
	several bool

	queue   []*item // asked for, or known without asking, in order
	head    int     // in queue
	pending int     // commands under way, a mark being one
	open    int     // TOPs asked for since the last mark
	full    bool    // enough is under way for now
	alone   bool    // nothing but the last TOP is under way
	refused bool    // the last answer was a refusal, which may have been the server's goodbye
	last    Message
	held    []item // answered, and not handed on yet: the oldest waits for its proof
	doubts  []*mark
	before  []byte // the text that came for the last TOP, nil before the first
	// draining is true where nothing more may be asked for until every answer is in.
	draining bool
	back     *item // taken from the source, to be asked for next

	mean float64 // octets of a header
	seen int
}

// fetchHeaders asks for the headers of a source's messages and gives each to got,
// in the source's order. One message's -ERR goes into its item; an error ends the
// scan: the connection is of no use then, or the context ended. After errOverlong
// the scan can go on behind the last item in another session. The turn is held.
//
// A header is handed on, and remembered, only when it is proven to be its message's: one
// unasked line, of the server or in a message's text, and every later answer would be
// taken for the next message's. See mark.
func (m *Mailbox) fetchHeaders(ctx context.Context, next source, ahead pace, got func(item)) error {
	if err := m.readGuess(ctx); err != nil {
		return err
	}
	c := m.client()
	s := &headerScan{m: m, c: c, got: got, several: c.Window() > 1, mean: usualHeader}
	if o := &m.order; o.stone != nil && o.stone.raw != nil {
		s.note(o.stone.raw) // the last scan ended with it
	}
	defer s.forget()
	for {
		s.ask(next, ahead)
		if s.head < len(s.queue) {
			if err := s.answer(ctx, s.take()); err != nil {
				return err
			}
			continue
		}
		if !s.draining && len(s.held) == 0 {
			return nil
		}
		if err := s.settle(ctx); err != nil {
			return err
		}
	}
}

// ask asks for as many headers as may be asked for now.
func (s *headerScan) ask(next source, ahead pace) {
	if !s.several || !s.m.knowsTOP() || s.m.order.unprovable {
		ahead = oneByOne
	}
	limit, most := ahead(s.c, s.mean), math.MaxInt
	group := s.groupSize(limit)
	if rtt := s.c.RTT(); rtt > 0 && rtt < nearby {
		most = askAtOnce
		if limit > nearbyAhead {
			limit = nearbyAhead
			if s.full && s.pending > limit/2 {
				return // for what is asked for one by one the server would be woken each time
			}
		}
	}
	s.full = false
	for ; !s.draining; most-- {
		if most == 0 {
			return // an answer is there by now
		}
		if s.pending > 0 && s.pending >= limit {
			s.full = true
			return
		}
		it, ok := s.next(next)
		if !ok {
			break
		}
		if it.raw == nil && it.err == nil {
			it.raw = s.m.takeForeseen(it.msg.Number)
		}
		if it.raw == nil && it.err == nil {
			it.err = s.m.unaskable(it.msg)
		}
		if it.raw != nil || it.err != nil {
			s.push(it)
			return // hand it on before looking for more
		}
		if s.several && huge(it.msg) && s.pending > 0 {
			s.back, s.draining = it, true
			break
		}
		if s.open >= group || s.several && s.open > 0 && s.m.order.marks == 0 {
			if s.close(); !s.several && s.pending > 0 {
				s.back = it // nothing may stand behind a mark that may have to be asked again
				return
			}
		}
		it.first = s.pending == 0
		s.alone = it.first && s.open == 0
		it.answer = s.c.Top(it.msg.Number, 0)
		s.last = it.msg
		s.pending++
		s.open++
		s.push(it)
		s.draining = s.several && huge(it.msg)
	}
	if !s.alone || !s.several {
		s.close()
	}
}

// groupOfOne says whether each header is proven before the next is asked for.
func (s *headerScan) groupOfOne() bool { return s.m.wary || s.m.care.taken }

// blame notes that the session ended over a message, where nothing else was under way.
func (s *headerScan) blame(ctx context.Context, msg Message) {
	if s.pending == 0 && ctx.Err() == nil {
		s.m.care.blame(msg.ID)
	}
}

// groupSize is how many TOPs go before a mark, where so many are asked for ahead.
func (s *headerScan) groupSize(many int) int {
	if s.groupOfOne() {
		return 1
	}
	if s.several && many <= leastInGroup/2 {
		return leastInGroup / 2 // on a slow line, or of a slow server, what is there is to be seen soon
	}
	return groupSize(many)
}

func (s *headerScan) next(next source) (*item, bool) {
	if it := s.back; it != nil {
		s.back = nil
		return it, true
	}
	return next()
}

// huge says whether TOP might be answered with more than a session bears, by a server
// that sends the whole message: then nothing else must be under way.
func huge(msg Message) bool { return msg.Octets > pop3client.DefaultTopOctets/2 }

// unaskable says why there is no use in asking for a message's header.
func (m *Mailbox) unaskable(msg Message) error {
	if m.lacksTOP() {
		return ErrNoTOP
	}
	if _, endless := m.endless[msg.ID]; endless {
		return errOverlong
	}
	if _, passed := m.care.over[msg.ID]; passed {
		return ErrPassedOver
	}
	return nil
}

// push puts an item behind the others in the queue.
func (s *headerScan) push(it *item) { s.queue = append(s.queue, it) }

// take gives the oldest in the queue.
func (s *headerScan) take() item {
	from := s.queue[s.head]
	it := *from
	*from, s.queue[s.head] = item{}, nil
	if it.pooled {
		itemPool.Put(from)
	}
	s.head++
	if s.head > 1024 && s.head*2 > len(s.queue) {
		s.queue = append(s.queue[:0], s.queue[s.head:]...)
		s.head = 0
	}
	return it
}

// answer waits for an answer, where one is to come, and hands on what it proves.
func (s *headerScan) answer(ctx context.Context, it item) error {
	if it.mark != nil {
		s.pending--
		one := s.groupOfOne()
		err := s.check(ctx, it.mark)
		if err != nil && one {
			s.blame(ctx, it.mark.last)
		}
		return err
	}
	if it.answer == nil {
		s.hold(it)
		return nil
	}
	s.pending--
	if err := receive(ctx, &it); err != nil {
		if !s.refused {
			s.blame(ctx, it.msg)
		}
		return fmt.Errorf("reading the header of message %d: %w", it.msg.Number, err)
	}
	s.m.noteTOP(it.err == nil)
	if s.refused = refused(it.err); !s.refused {
		s.m.care.passed = 0
	}
	s.seen++
	s.mean += (float64(len(it.raw)) - s.mean) / float64(min(s.seen, 100))

	alone := !s.several || it.first && s.pending == 0 && s.open <= 1 // what was asked before it may wait for its mark
	s.m.order.learn(&it, alone)
	overlong := it.overlong
	repeats := s.repeats(&it)
	if repeats && !s.several && !overlong && s.m.order.twins < fewTwins {
		s.m.order.twins++
		// One thing at a time, too, some servers are one text late: then another answer comes now.
		if err := s.expect(ctx, &it, s.c.Top(it.msg.Number, 0)); err != nil {
			s.m.wary = s.m.wary || errors.Is(err, ErrDisorder)
			return err
		}
	}
	switch {
	case !s.several && !s.m.order.unprovable && !overlong:
		if !refused(it.err) { // a refusal binds nothing to a message
			it.doubt = notProven
		}
	case !s.several && overlong && len(s.held) > 0:
		// What it ends takes with it what is not proven: the next session proves each before the next.
		s.m.wary = true
		it.recycle()
		return errOverlong
	case alone:
		s.open = 0
	case overlong:
		// The session is over before anything proves the answer.
		s.m.endless[it.msg.ID] = struct{}{}
		it.recycle()
		return errOverlong
	case refused(it.err):
		it.doubt = wasRefused
		s.draining = true
	case repeats:
		it.doubt = repeated
	default:
		it.doubt = notProven
	}
	s.hold(it)
	if overlong {
		return errOverlong
	}
	return nil
}

// hold takes an answered item in, and hands on what need not wait.
func (s *headerScan) hold(it item) {
	if len(s.held) == 0 && it.doubt == noDoubt {
		s.got(it)
		return
	}
	s.held = append(s.held, it)
}

// handOn hands on the held items up to the first in doubt.
func (s *headerScan) handOn() {
	n := 0
	for n < len(s.held) && s.held[n].doubt == noDoubt {
		s.got(s.held[n])
		n++
	}
	rest := copy(s.held, s.held[n:])
	clear(s.held[rest:])
	s.held = s.held[:rest]
}

// forget gives the buffers back of what was not handed on.
func (s *headerScan) forget() {
	for i := range s.held {
		s.held[i].recycle()
	}
}

// again asks for a header anew, alone.
func (s *headerScan) again(ctx context.Context, it *item) error {
	it.recycle()
	it.err, it.doubt = nil, noDoubt
	it.answer = s.c.Top(it.msg.Number, 0)
	if err := receive(ctx, it); err != nil {
		return fmt.Errorf("asking again for the header of message %d: %w", it.msg.Number, err)
	}
	if it.overlong {
		s.m.endless[it.msg.ID] = struct{}{}
		return errOverlong
	}
	s.repeats(it)
	return nil
}

// touch keeps a copy of a header to compare an answer with.
func touch(it *item) *touchstone {
	return &touchstone{msg: it.msg, raw: bytes.Clone(it.raw)}
}
