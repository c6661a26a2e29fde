package mailbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"popmark/ledger"
	"popmark/pop3client"
)

const (
	// guessedTops is for how many messages headers are asked before it is known whether these are there. Some
	// servers end a session at so many refusals in a row, Dovecot at 20.
	guessedTops = 4
	fewGuessed  = 1
	// guessedOctets bounds the answer for each: a server that answers TOP with the whole message must not
	// keep a person who came because of a huge one.
	guessedOctets = 256 << 10
	// guessPatience is how long each answer may take. Whoever waits for more than the list loses no more by it, as
	// they would be asked for anyway; what is refused has its own bound.
	guessPatience = 10 * time.Second
	// slowRefusals is how long all refusals together may without harm: a server may make people wait for each. With
	// longRefusals the others are not waited for.
	slowRefusals = time.Second
	longRefusals = 3 * time.Second
	// usualDelay is the LOGIN-DELAY that Courier announces where nobody has set one, and does not keep to.
	usualDelay = 10 * time.Second
)

// The ledger's names for a server that does not bear a TOP of what may not be there, and for one where
// that ended badly the last time, which may have been the line.
const (
	quirkGuess = "guessed-top-broken"
	quirkDoubt = "guessed-top-doubtful"
)

var (
	// errGuess means that a session had to be given up while answers to guessed TOPs were to come.
	errGuess        = errors.New("asking for new mail's headers together with the list")
	errTooMuch      = errors.New("the answer to TOP is longer than a header")
	errSlowRefusals = errors.New("the server makes people wait for what it refuses")
	errUnknown      = errors.New("TOP was answered for a number that LIST does not show")
)

// guessing is what is known for asking ahead. The turn's holder owns it.
type guessing struct {
	wanted bool // who opens the session goes on to headers
	broken bool // the server does not bear it, as it seems
	doubt  bool // it ended badly the last time
	// tail is the end of the maildrop if none came or went since.
	tail ledger.Tail
	// under is what the open session was asked for together with the list, until the answers are read.
	under *guess
	// foreseen are headers that came of that, by number in the open session.
	foreseen map[int][]byte
}

// guess is what was asked for behind LIST, before its answer. It saves the round trip between a list and
// its first headers: those of the messages that stand behind the ones of the last time, if any came, or
// of the first ones, where the maildrop was empty the last time or was never seen.
//
// Two headers prove the new mail's, the last two of the last time, which earlier sessions gave: one is
// asked for before those that are guessed, the other behind them. A server that gives to each TOP of a
// flight some other message's header, each time the same, can't be told by a header that is known from
// the same flight only, nor by one alone that it may have named last (P3). Where no header is known the
// first message's is asked for twice, before and behind the others, which proves no less than the scan's
// first mark does. What is proven so is only what came with the proof: the scan proves the session's
// order by itself.
type guess struct {
	before, behind *item
	tops           []*item
	place          *pop3client.Pending[pop3client.ListEntry] // shows that as many answers came as there were commands
	known          map[string]ledger.HeaderRow               // by UIDL; nil where the first message was asked for twice
	listed         []Message                                 // by number; nil where LIST was refused
}

// guess asks behind LIST for the headers of new mail, where that is wanted and can be proven.
func (m *Mailbox) guess(ctx context.Context, c *pop3client.Client) *guess {
	g := &m.guessing
	if !g.wanted || m.cfg.Guess == GuessNothing || g.broken || !m.keeps() || m.wary || m.care.stuck > 0 || m.lacksTOP() {
		return nil
	}
	caps := c.Capabilities()
	// Where people are made to wait between two sessions, one that a guess cost could not be had again soon.
	if delay, _ := caps.LoginDelay(); !caps.TOP() || c.Window() == 1 || delay > usualDelay {
		return nil
	}
	switch {
	case g.tail.Messages == 0 && caps.UIDL() && (g.tail.Known || m.cfg.Guess == GuessFirst):
		tops := guessedTops
		if g.tail.Known { // empty as it was, it mostly is still
			tops = fewGuessed
		}
		return ask(c, 1, 1, 2, tops, 1, nil)
	case len(g.tail.UIDs) < 2:
		return nil
	}
	known, err := m.cfg.Ledger.Headers(ctx, m.cfg.Account, g.tail.UIDs)
	if err != nil || len(known) < 2 || m.sameHeader(known[g.tail.UIDs[0]].Header, known[g.tail.UIDs[1]].Header) {
		return nil
	}
	n := g.tail.Messages
	return ask(c, n, n-1, n+1, guessedTops, n+1, known)
}

// ask sends a guess: so many TOPs from the message of a number on, between two that prove them, and
// LIST of the message that counts them.
func ask(c *pop3client.Client, before, behind, from, tops, counted int, known map[string]ledger.HeaderRow) *guess {
	top := func(n int) *item {
		return &item{msg: Message{Number: n}, answer: c.Top(n, 0), most: guessedOctets}
	}
	g := &guess{known: known, before: top(before)}
	for i := range tops {
		g.tops = append(g.tops, top(from+i))
	}
	g.behind, g.place = top(behind), c.ListOne(counted)
	return g
}

// sameHeader says whether two headers are one message's, or may be.
func (m *Mailbox) sameHeader(a, b []byte) bool {
	one, other := m.imprint(a), m.imprint(b)
	return one == other || one[0] == 0 || other[0] == 0
}

func (m *Mailbox) imprint(header []byte) [sha256.Size]byte {
	env := m.cfg.Decoder.Envelope(header)
	return Imprint(&env, header)
}

// isHeaderOf says whether two headers are one message's for certain: an empty one may be any message's.
func (m *Mailbox) isHeaderOf(a, b []byte) bool {
	one := m.imprint(a)
	return one[0] != 0 && one == m.imprint(b)
}

// readGuess takes in what was asked for together with the list, once. What is proven stays in foreseen.
func (m *Mailbox) readGuess(ctx context.Context) error {
	g := m.guessing.under
	if g == nil {
		return nil
	}
	m.guessing.under = nil
	slow, err := m.hearGuess(ctx, g)
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return blameGuess(err)
	case slow:
		m.doubtGuess()
	case m.guessing.doubt:
		m.trustGuess()
	}
	m.weighGuess(ctx, g)
	for _, it := range g.all() {
		it.recycle()
	}
	return nil
}

// blameGuess is an error for which the session is opened again without a guess.
func blameGuess(err error) error { return fmt.Errorf("%w: %w", errGuess, err) }

// all are the TOPs in their order.
func (g *guess) all() []*item { return append(append([]*item{g.before}, g.tops...), g.behind) }

// hearGuess waits for the answers. It says whether the server took its time to refuse what is not there.
func (m *Mailbox) hearGuess(ctx context.Context, g *guess) (slow bool, err error) {
	var refusing time.Duration
	for _, it := range g.all() {
		at, there := numbered(g.listed, it.msg.Number)
		if there {
			it.msg = g.listed[at]
		}
		began := time.Now()
		if err := hear(ctx, it, !there && g.listed != nil); err != nil {
			return false, err
		}
		if refused(it.err) {
			if refusing += time.Since(began); refusing >= longRefusals {
				return false, errSlowRefusals
			}
		}
	}
	limited, cancel := context.WithTimeout(ctx, guessPatience)
	defer cancel()
	_, err = g.place.Wait(limited)
	if refused(err) {
		g.place, err = nil, nil
	}
	return refusing > slowRefusals, err
}

// hear is receive with a bound on the wait. Where there is no such message an answer with a text, which may
// have no end, is not read.
func hear(ctx context.Context, it *item, missing bool) error {
	limited, cancel := context.WithTimeout(ctx, guessPatience)
	defer cancel()
	if missing {
		_, it.err = it.answer.Wait(limited)
		switch {
		case it.err == nil:
			return errUnknown
		case !refused(it.err):
			return it.err
		}
		return nil
	}
	return receive(limited, it)
}

// weighGuess keeps what is proven of the answers.
func (m *Mailbox) weighGuess(ctx context.Context, g *guess) {
	mails := g.all()
	proven := g.place != nil
	if g.known == nil {
		mails = mails[:len(mails)-1] // the last is the first once more
		proven = proven && g.before.err == nil && g.behind.err == nil && m.isHeaderOf(g.before.raw, g.behind.raw)
	} else {
		proven = m.asKnown(ctx, g) && proven
	}
	if !proven {
		return
	}
	var all [][]byte
	for _, it := range mails {
		if it.err != nil {
			continue
		}
		if slices.ContainsFunc(all, func(other []byte) bool { return bytes.Equal(other, it.raw) }) {
			return // twins, or one answer for two messages
		}
		all = append(all, it.raw)
	}
	m.guessing.foreseen = make(map[int][]byte, len(mails))
	for _, it := range mails {
		if _, cached := g.known[it.msg.UID]; it.err == nil && !cached {
			m.guessing.foreseen[it.msg.Number] = bytes.Clone(it.raw)
		}
	}
}

// asKnown says whether both messages that earlier sessions know were answered with the headers of then. Where one
// was not, the UIDL was used again, of a server that counts anew those of all, or the answers are not in
// order: all headers are read again, and the scan sees.
func (m *Mailbox) asKnown(ctx context.Context, g *guess) bool {
	both := true
	for _, it := range []*item{g.before, g.behind} {
		if m.isKnown(it, g.known) {
			continue
		}
		both = false
		row, cached := g.known[it.msg.UID]
		if !cached || it.err != nil || row.Octets != it.msg.Octets {
			continue
		}
		m.Distrust(ctx)
		return false
	}
	return both
}

// isKnown says whether a message was answered with the header that an earlier session gave for it.
func (m *Mailbox) isKnown(it *item, known map[string]ledger.HeaderRow) bool {
	row, ok := known[it.msg.UID]
	return ok && it.err == nil && m.isHeaderOf(row.Header, it.raw)
}

// takeForeseen gives a header of this session that came together with the list, once, or nil.
func (m *Mailbox) takeForeseen(n int) []byte {
	raw := m.guessing.foreseen[n]
	delete(m.guessing.foreseen, n)
	return raw
}

// doubtGuess notes that guessing did no good: it is not done again in this run. What happens once may
// have been the line; behind a second time in a row it is not done in later runs either.
func (m *Mailbox) doubtGuess() {
	name := quirkDoubt
	if m.guessing.doubt {
		name = quirkGuess
	}
	m.guessing.doubt, m.guessing.broken = true, true
	m.noteGuess(func(ctx context.Context) error { return m.cfg.Ledger.SetQuirk(ctx, m.cfg.Account, name) })
}

// trustGuess takes a doubt back.
func (m *Mailbox) trustGuess() {
	m.guessing.doubt = false
	m.noteGuess(func(ctx context.Context) error { return m.cfg.Ledger.ClearQuirk(ctx, m.cfg.Account, quirkDoubt) })
}

func (m *Mailbox) noteGuess(write func(context.Context) error) {
	m.keeper.put(m.closing, 0, func(ctx context.Context) {
		if err := write(ctx); err != nil {
			m.warnLedger(ctx, "remembering how the server answers TOP", err)
		}
	})
}

// readGuessing asks the ledger for what earlier runs know.
func (m *Mailbox) readGuessing(ctx context.Context) {
	g := &m.guessing
	if m.cfg.Guess == GuessNothing || g.broken || g.tail.Known {
		return
	}
	l := m.cfg.Ledger
	if broken, err := l.Quirk(ctx, m.cfg.Account, quirkGuess); err != nil || broken {
		g.broken = true
		return
	}
	if doubt, err := l.Quirk(ctx, m.cfg.Account, quirkDoubt); err == nil {
		g.doubt = doubt
	}
	if tail, err := l.Tail(ctx, m.cfg.Account); err == nil {
		g.tail = tail
	}
}

// noteTail notes how the maildrop ends, but for messages that are deleted, by index; nil for none.
func (m *Mailbox) noteTail(list *List, deles []dele) {
	tail := ledger.Tail{Known: true}
	named := true
	for i := len(list.Messages) - 1; i >= 0; i-- {
		if deles != nil && deles[i] != notAsked {
			continue
		}
		tail.Messages++
		named = named && list.Messages[i].Certain
		if named && len(tail.UIDs) < 2 {
			tail.UIDs = append(tail.UIDs, list.Messages[i].UID)
		}
	}
	if m.guessing.tail.Known && m.guessing.tail.Messages == tail.Messages && slices.Equal(m.guessing.tail.UIDs, tail.UIDs) {
		return
	}
	m.guessing.tail = tail
	if !m.keeps() {
		return
	}
	m.keeper.put(m.closing, 0, func(ctx context.Context) {
		if err := m.cfg.Ledger.PutTail(ctx, m.cfg.Account, tail); err != nil {
			m.warnLedger(ctx, "remembering how the maildrop ends", err)
		}
	})
}
