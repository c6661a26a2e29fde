package mailbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"popmark/pop3client"
)

const (
	// guessedTops is for how many messages headers are asked before it is known whether these are there. Some
	// servers end a session at so many refusals in a row, Dovecot at 20.
	guessedTops = 4
	// guessedOctets bounds the answer for each: a server that answers TOP with the whole message must not
	// keep a person who came because of a huge one.
	guessedOctets = 256 << 10
)

// The ledger's names for a server that does not bear a TOP of what may not be there, and for one that has
// fallen silent or hung up over it once, which may have been the line.
const (
	quirkGuess = "guessed-top-broken"
	quirkDoubt = "guessed-top-doubtful"
)

var (
	// errGuess means that a session had to be given up while answers to guessed TOPs were to come.
	errGuess   = errors.New("asking for new mail's headers together with the list")
	errTooMuch = errors.New("the answer to TOP is longer than a header")
	errUnknown = errors.New("TOP was answered for a number that LIST does not show")
)

// guess is what was asked for behind LIST, before its answer: the headers of the messages that stand
// behind those of the last time, if any came. It saves the round trip between a list and its new mail.
//
// A header that is known from an earlier session proves them: the one of the message that was the last
// then. Without it nothing would tell a server that answers its commands in order from one that gives to
// each TOP in such a flight another message's header, each time the same (P3).
type guess struct {
	tops  []*item
	stone *item
	place *pop3client.Pending[pop3client.ListEntry] // shows that as many answers came as there were commands

	listed []Message // by number
	blind  bool      // LIST was refused: nobody knows what is there
}

// ask asks behind LIST for the headers of new mail, where that is wanted and can be proven.
func (m *Mailbox) ask(c *pop3client.Client) *guess {
	if !m.guessing || !m.cfg.Guess || m.guessBroken || m.expected <= 0 || !m.keeps() {
		return nil
	}
	if m.wary || m.care.stuck > 0 || m.lacksTOP() || !c.Capabilities().TOP() || c.Window() == 1 {
		return nil
	}
	top := func(n int) *item {
		return &item{msg: Message{Number: n}, answer: c.Top(n, 0), most: guessedOctets}
	}
	var g guess
	for i := range guessedTops {
		g.tops = append(g.tops, top(m.expected+1+i))
	}
	g.stone, g.place = top(m.expected), c.ListOne(m.expected)
	return &g
}

// readGuess takes in what was asked for together with the list, once. What is proven stays in foreseen.
func (m *Mailbox) readGuess(ctx context.Context) error {
	g := m.guess
	if g == nil {
		return nil
	}
	m.guess = nil
	err := m.proveGuess(ctx, g)
	for _, it := range append(g.tops, g.stone) {
		it.recycle()
	}
	if err == nil || ctx.Err() != nil {
		return err
	}
	return blameGuess(err)
}

func blameGuess(err error) error { return fmt.Errorf("%w: %w", errGuess, err) }

func (m *Mailbox) proveGuess(ctx context.Context, g *guess) error {
	for _, it := range append(g.tops, g.stone) {
		at, there := numbered(g.listed, it.msg.Number)
		if there {
			it.msg = g.listed[at]
		}
		if err := receive(ctx, it); err != nil {
			return err
		}
		if !there && !g.blind && !refused(it.err) {
			return errUnknown
		}
	}
	_, err := g.place.Wait(ctx)
	if err != nil && !refused(err) {
		return err
	}
	if proven := err == nil && g.stone.err == nil && m.isKnownAs(ctx, g.stone); !proven {
		return nil // the scan finds out whether the server or the message has changed
	}
	if err := m.client().ProveOrder(ctx); err != nil {
		return err
	}
	m.order = order{stone: touch(g.stone), marks: 1, proven: true}
	m.foreseen = make(map[int][]byte, len(g.tops))
	for _, it := range g.tops {
		if it.err == nil {
			m.foreseen[it.msg.Number] = bytes.Clone(it.raw)
		}
	}
	return nil
}

// isKnownAs says whether a message has the header that an earlier session gave for it.
func (m *Mailbox) isKnownAs(ctx context.Context, it *item) bool {
	if it.msg.UID == "" {
		return false
	}
	rows, err := m.cfg.Ledger.Headers(ctx, m.cfg.Account, []string{it.msg.UID})
	if err != nil {
		return false
	}
	before, telling := HashHeader(rows[it.msg.UID].Header)
	now, _ := HashHeader(it.raw)
	return telling && before == now
}

// takeForeseen gives a header of this session that came together with the list, once, or nil.
func (m *Mailbox) takeForeseen(n int) []byte {
	raw := m.foreseen[n]
	delete(m.foreseen, n)
	return raw
}

// giveUpGuessing remembers what came of it, where a session without it has opened.
func (m *Mailbox) giveUpGuessing(cause error) {
	if !m.keeps() {
		return
	}
	name := quirkGuess
	if errors.As(cause, new(*pop3client.CutError)) || errors.As(cause, new(*pop3client.TimeoutError)) {
		name = quirkDoubt
	}
	m.keeper.put(m.closing, 0, func(ctx context.Context) {
		if doubted, err := m.cfg.Ledger.Quirk(ctx, m.cfg.Account, quirkDoubt); err == nil && doubted {
			name = quirkGuess // twice is not chance
		}
		if err := m.cfg.Ledger.SetQuirk(ctx, m.cfg.Account, name); err != nil {
			m.warnLedger(ctx, "remembering how the server answers TOP", err)
		}
	})
}

// expect notes how many messages the next session finds if none comes or goes until then.
func (m *Mailbox) expect(n int) {
	if m.expected == n {
		return
	}
	m.expected = n
	if !m.keeps() {
		return
	}
	m.keeper.put(m.closing, 0, func(ctx context.Context) {
		if err := m.cfg.Ledger.PutMessages(ctx, m.cfg.Account, n); err != nil {
			m.warnLedger(ctx, "remembering how many messages there are", err)
		}
	})
}
