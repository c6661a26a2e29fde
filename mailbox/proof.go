package mailbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"popmark/pop3client"
)

const (
	// mostInGroup and leastInGroup are how many TOPs are between two marks.
	mostInGroup  = 64
	leastInGroup = 8
	// markPatience is how long the first mark may take once the TOP before it is answered.
	markPatience = 20 * time.Second
	// refusedAgain is how many TOPs that were refused among others are refused alone
	// before the other refusals of that time are believed as well.
	refusedAgain = 3
	// recovered is how many answers that only come alone speak against pipelining.
	recovered = 2
)

// groupSize is how many TOPs go between two marks where so many are asked for ahead.
// What is on a slow line must not wait for its mark longer than for itself.
func groupSize(ahead int) int { return min(max(ahead/2, leastInGroup), mostInGroup) }

// mark stands behind a group of TOPs that are under way together. It proves that the
// answers are those of their commands, on servers that lose, refuse or disarrange
// commands which come together: LIST of the group's last message, whose answer names it, shows that
// as many answers came as there were commands; and the TOP of a message whose header is
// known already, that the answers are not another command's. Both come on the heels of the group.
//
// Where commands go one at a time LIST is enough: what came between them shows in its answer.
type mark struct {
	stone *touchstone                           // nil where commands go one at a time
	top   *pop3client.Pending[*pop3client.Body] // of the touchstone's message
	last  Message
	place *pop3client.Pending[pop3client.ListEntry]
	first bool // in this session

	topRefused, placeRefused bool
}

// touchstone is a header that is known, or about to be.
type touchstone struct {
	msg Message
	raw []byte // nil while it is not known
}

// order is what is known of the order of a session's answers.
type order struct {
	stone *touchstone
	marks int // that were sent
	twins int // that were asked for again one at a time
	// proven is true once a mark was as it should be.
	proven bool
	// unprovable is true where the server does not say LIST of one message: what cannot
	// be proven is not risked.
	unprovable bool
}

// learn takes the touchstone's header from its first answer. An answer that came alone is known to be right.
func (o *order) learn(it *item, alone bool) {
	switch {
	case it.err != nil || it.overlong:
	case alone && o.stone == nil:
		o.stone = touch(it)
	case o.stone != nil && o.stone.raw == nil && o.stone.msg.Number == it.msg.Number:
		o.stone.raw = bytes.Clone(it.raw)
	}
}

// prefer takes a shorter touchstone: it goes over the line with every mark.
func (o *order) prefer(it *item) {
	if o.stone != nil && it.err == nil && !it.cached && 2*len(it.raw) < len(o.stone.raw) {
		o.stone = touch(it)
	}
}

// doubt is why an answer does not count yet.
type doubt uint8

const (
	noDoubt    doubt = iota
	notProven        // no mark has proven it
	repeated         // nor this, and the TOP before it was answered with the same
	twin             // the mark was as it should be, and the answer may still be another message's
	besideTwin       // its group has one
	wasRefused       // among others, which some servers refuse whatever it is
	misplaced        // its mark proves nothing
)

func refused(err error) bool {
	_, is := errors.AsType[*pop3client.ServerError](err)
	return is
}

// close sends the mark of the open group, unless its one command stands alone.
func (s *headerScan) close() {
	o := &s.m.order
	if s.open == 0 || !s.several && o.unprovable {
		s.open = 0
		return
	}
	if !s.several {
		s.push(&item{mark: &mark{last: s.last, place: s.c.ListOne(s.last.Number)}})
		s.open = 0
		s.pending++
		return
	}
	if o.stone == nil {
		o.stone = &touchstone{msg: s.last}
	}
	mk := &mark{stone: o.stone, last: s.last, first: o.marks == 0}
	mk.top, mk.place = s.c.Top(mk.stone.msg.Number, 0), s.c.ListOne(mk.last.Number)
	o.marks++
	s.open = 0
	s.pending++
	s.push(&item{mark: mk})
}

var (
	errTwins = errors.New("it answered the same TOP differently, so that no answer can be trusted to belong to its question")
	errAlone = errors.New("it refuses behind another command what it answers alone")
)

func garbled(err error) error {
	return &pop3client.PipeliningError{Fault: pop3client.PipeliningGarble, Err: err}
}

// check waits for a mark's answers and hands on what they prove.
func (s *headerScan) check(ctx context.Context, mk *mark) error {
	if mk.stone == nil {
		return s.checkPlace(ctx, mk)
	}
	patient := ctx
	if mk.first {
		var cancel context.CancelFunc
		patient, cancel = context.WithTimeout(ctx, markPatience)
		defer cancel()
	}
	err := mk.wait(patient)
	switch {
	case err != nil && mk.first && patient.Err() != nil && ctx.Err() == nil:
		return &pop3client.PipeliningError{Fault: pop3client.PipeliningStall, Err: err}
	case err != nil:
		return fmt.Errorf("seeing whether the answers are in order: %w", err)
	}
	if !mk.topRefused {
		s.note(mk.stone.raw)
	}
	if mk.topRefused || mk.placeRefused {
		s.doubts = append(s.doubts, mk)
		s.draining = true
		for i := range s.held {
			if it := &s.held[i]; it.doubt == notProven || it.doubt == repeated {
				it.doubt = misplaced
			}
		}
	} else {
		s.m.order.proven = true
		if err := s.c.ProveOrder(ctx); err != nil {
			return fmt.Errorf("seeing whether the answers are in order: %w", err)
		}
		s.believe(mk)
	}
	s.handOn()
	return nil
}

// checkPlace is check where commands go one at a time.
func (s *headerScan) checkPlace(ctx context.Context, mk *mark) error {
	_, err := mk.place.Wait(ctx)
	if refused(err) {
		// Either the server has no LIST of one message, or this is an answer to nothing.
		if _, err = s.c.ListOne(mk.last.Number).Wait(ctx); err == nil {
			err = ErrDisorder
		}
	}
	if refused(err) {
		err = s.proveByAnother(ctx, mk.last)
	}
	if _, misread := errors.AsType[*pop3client.ProtocolError](err); misread {
		err = fmt.Errorf("%w: %w", ErrDisorder, err)
	}
	if err != nil {
		s.m.wary = s.m.wary || errors.Is(err, ErrDisorder)
		return fmt.Errorf("seeing whether the answers are in order: %w", err)
	}
	for i := range s.held {
		if s.held[i].doubt == notProven {
			s.held[i].doubt = noDoubt
		}
	}
	s.handOn()
	return nil
}

// wait waits for the answers and compares them with what is known. A refusal is noted in the mark.
func (mk *mark) wait(ctx context.Context) error {
	twin := item{msg: mk.stone.msg, answer: mk.top}
	defer twin.recycle()
	if err := receive(ctx, &twin); err != nil {
		return err
	}
	switch {
	case twin.overlong:
		return errOverlong
	case refused(twin.err), mk.stone.raw == nil:
		mk.topRefused = true
	case twin.err != nil:
		return garbled(twin.err)
	case !alike(twin.raw, mk.stone.raw):
		return garbled(errTwins)
	}
	_, err := mk.place.Wait(ctx)
	protocol, misread := errors.AsType[*pop3client.ProtocolError](err)
	switch {
	case refused(err):
		mk.placeRefused = true
	case misread && !errors.Is(err, pop3client.ErrPipeliningBroken):
		return garbled(protocol)
	default:
		return err
	}
	return nil
}

// proveByAnother does what a mark would have, where the server refuses to LIST its message, which may be gone.
func (s *headerScan) proveByAnother(ctx context.Context, not Message) error {
	for i := range s.held {
		it := &s.held[i]
		if it.doubt != notProven || it.msg.Number == not.Number {
			continue
		}
		_, err := s.c.ListOne(it.msg.Number).Wait(ctx)
		if !refused(err) {
			return err
		}
		s.m.order.unprovable = true
		return nil
	}
	return nil
}

// verdict counts how what was refused among other commands is answered alone.
type verdict struct {
	again, alone int
	gone         map[int]bool // numbers of messages whose TOP is refused
}

func (v *verdict) note(err error) error {
	if refused(err) {
		v.again++
	} else if v.alone++; v.alone >= recovered {
		return garbled(errAlone)
	}
	return nil
}

// settle asks alone for what was refused or not proven while several commands were
// under way, and hands on all that is held. Nothing is under way now.
func (s *headerScan) settle(ctx context.Context) error {
	s.draining = false
	if err := s.settleTwins(ctx); err != nil {
		return err
	}
	v := verdict{gone: make(map[int]bool)}
	for i := range s.held {
		it := &s.held[i]
		was := it.doubt
		it.doubt = noDoubt
		if was == notProven || was == repeated || was == misplaced || was == wasRefused && v.again < refusedAgain {
			if err := s.again(ctx, it); err != nil {
				return err
			}
			if was == wasRefused {
				if err := v.note(it.err); err != nil {
					return err
				}
			}
		}
		if refused(it.err) {
			v.gone[it.msg.Number] = true
		}
	}
	for _, mk := range s.doubts {
		if err := s.lookInto(ctx, mk, &v); err != nil {
			return err
		}
	}
	s.doubts = s.doubts[:0]
	s.handOn()
	return nil
}

// lookInto asks alone for what was refused of a mark.
func (s *headerScan) lookInto(ctx context.Context, mk *mark, v *verdict) error {
	o := &s.m.order
	if mk.topRefused {
		o.stone = nil // another may be had
		if mk.stone.raw != nil && v.again < refusedAgain {
			it := item{msg: mk.stone.msg}
			err := s.again(ctx, &it)
			if err == nil {
				err = v.note(it.err)
			}
			it.recycle()
			if err != nil {
				return err
			}
		}
	}
	if !mk.placeRefused || o.unprovable || v.gone[mk.last.Number] {
		return nil
	}
	_, err := s.c.ListOne(mk.last.Number).Wait(ctx)
	if err != nil && !refused(err) {
		return fmt.Errorf("asking again for the size of message %d: %w", mk.last.Number, err)
	}
	o.unprovable = err != nil
	return v.note(err)
}
