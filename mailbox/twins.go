package mailbox

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"popmark/pop3client"
)

// Some servers are one text late: each TOP, in a flight or in any case, gets what belongs to the one before it. A mark does
// not show that where the group's last message has the touchstone's header, or where the mark came in another flight.
// But the first message that gets a wrong header gets that of the message before it, which has got it
// too. So what comes twice running is a twin, and in doubt until it comes again alone, or behind another header.
//
// The touchstone's header in answer to another TOP is in doubt as well: of a server that is more than one text late
// from a group's first TOPs on, a mark shows nothing where the header that it gets is such a one. One that becomes
// so within a group, before a twin of the touchstone, is not found.

const (
	// fewTwins are asked for one at a time.
	fewTwins = 3
	// twinsAtOnce is how many are asked for before an answer is read.
	twinsAtOnce = mostInGroup
)

// repeats notes the text that came for a TOP, and says whether it is that of the TOP before.
func (s *headerScan) repeats(it *item) bool {
	if refused(it.err) {
		return false
	}
	again := s.before != nil && bytes.Equal(it.raw, s.before)
	s.note(it.raw)
	return again
}

func (s *headerScan) note(raw []byte) {
	if s.before == nil {
		s.before = make([]byte, 0, usualHeader)
	}
	s.before = append(s.before[:0], raw...)
}

// believe takes the answers before a mark that was as it should be for right, unless there are twins among them.
func (s *headerScan) believe(mk *mark) {
	with := false
	for i := range s.held {
		it := &s.held[i]
		if it.doubt != notProven && it.doubt != repeated {
			continue
		}
		same := bytes.Equal(it.raw, mk.stone.raw)
		switch {
		case same && it.msg.Number == mk.stone.msg.Number:
			it.doubt = notProven
		case same || it.doubt == repeated:
			it.doubt, with = twin, true
		}
	}
	s.draining = s.draining || with
	for i := range s.held {
		switch it := &s.held[i]; {
		case it.doubt != notProven:
		case with:
			it.doubt = besideTwin
		default:
			it.doubt = noDoubt
			s.m.order.prefer(it)
		}
	}
}

// settleTwins asks again for what came twice running. Nothing is under way now.
func (s *headerScan) settleTwins(ctx context.Context) error {
	var twins []*item
	for i := range s.held {
		if s.held[i].doubt == twin {
			twins = append(twins, &s.held[i])
		}
	}
	if len(twins) == 0 {
		return nil
	}
	var stone, other *item
	ofStone := false
	if known := s.m.order.stone; known != nil && known.raw != nil {
		stone = &item{msg: known.msg, raw: known.raw}
		other = s.otherThan(known.raw)
		ofStone = slices.ContainsFunc(twins, func(it *item) bool { return bytes.Equal(it.raw, known.raw) })
	}
	if len(twins) > fewTwins {
		if ofStone && other != nil {
			if err := s.expect(ctx, other, s.c.Top(other.msg.Number, 0)); err != nil {
				return err
			}
		}
		var err error
		if twins, err = s.askApart(ctx, twins, stone, other); err != nil {
			return err
		}
	}
	if n := len(twins); n > fewTwins {
		// Nothing that came has another header: a mailbox full of the same is not asked for twice.
		twins = []*item{twins[0], twins[n/2], twins[n-1]}
	}
	for _, it := range twins {
		if err := s.expect(ctx, it, s.c.Top(it.msg.Number, 0)); err != nil {
			return err
		}
	}
	if ofStone && other != nil {
		s.m.order.stone = touch(other) // one without twins brings less doubt
	}
	return nil
}

// otherThan gives what is held with another header, the shortest, and better one that came once. It may be nil.
func (s *headerScan) otherThan(raw []byte) *item {
	var best *item
	for i := range s.held {
		it := &s.held[i]
		if it.doubt != twin && it.doubt != besideTwin || it.err != nil || bytes.Equal(it.raw, raw) {
			continue
		}
		if best == nil || it.doubt > best.doubt || it.doubt == best.doubt && len(it.raw) < len(best.raw) {
			best = it
		}
	}
	return best
}

// askApart asks for twins together, each behind one of two messages whose headers are known and not alike, and
// gives back those for which there is none with another header.
func (s *headerScan) askApart(ctx context.Context, twins []*item, stone, other *item) (left []*item, err error) {
	type asked struct {
		it     *item
		answer *pop3client.Pending[*pop3client.Body]
	}
	for some := range slices.Chunk(twins, twinsAtOnce) {
		var under []asked
		for _, it := range some {
			before := stone
			if before != nil && bytes.Equal(before.raw, it.raw) {
				before = other
			}
			if before == nil {
				left = append(left, it)
				continue
			}
			for _, it := range []*item{before, it} {
				under = append(under, asked{it, s.c.Top(it.msg.Number, 0)})
			}
		}
		for _, a := range under {
			if err := s.expect(ctx, a.it, a.answer); err != nil {
				return nil, err
			}
		}
	}
	return left, nil
}

// alike says whether two answers to TOP of a message are the same, but for what servers write into a header by themselves.
func alike(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	one, tells := HashHeader(a)
	other, alsoTells := HashHeader(b)
	return tells && alsoTells && one == other
}

// expect waits for the answer to another TOP of a message, which must be what came before.
func (s *headerScan) expect(ctx context.Context, it *item, answer *pop3client.Pending[*pop3client.Body]) error {
	now := item{msg: it.msg, answer: answer}
	defer now.recycle()
	if err := receive(ctx, &now); err != nil {
		return fmt.Errorf("asking again for the header of message %d: %w", it.msg.Number, err)
	}
	s.repeats(&now)
	switch {
	case now.overlong:
		s.m.endless[it.msg.ID] = struct{}{}
		return errOverlong
	case refused(now.err): // what stands behind it stays in doubt, so that this session is of no use
		return fmt.Errorf("asking again for the header of message %d: %w", it.msg.Number, ErrDisorder)
	case (now.err == nil) != (it.err == nil), !alike(now.raw, it.raw):
		if !s.several { // pipelining is not to blame
			return fmt.Errorf("asking again for the header of message %d: %w", it.msg.Number, ErrDisorder)
		}
		return garbled(errTwins)
	}
	return nil
}
