package mailbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"popmark/message"
	"popmark/pop3client"
)

// staleLock is for how long a server may hold the lock of a session that was given up.
const staleLock = 10 * time.Second

// mostGone bounds for how many messages that are gone it is remembered what they were.
const mostGone = 1_000_000

// openTries bounds the sessions opened to find out whether a server bears pipelining.
const openTries = 4

// ensureOpen opens a session unless one is open. The turn is held.
func (m *Mailbox) ensureOpen(ctx context.Context) (err error) {
	if c := m.client(); c != nil {
		if c.State() != pop3client.StateClosed {
			err := c.Unasked(ctx)
			if err == nil || ctx.Err() != nil {
				return err
			}
		}
		m.drop()
	}
	if m.refusal != nil {
		return m.refusal
	}
	broke := time.Since(m.brokeAt) < staleLock
	var first error
	guessed := false
	defer func() {
		if err != nil && guessed && ctx.Err() == nil {
			m.doubtGuess() // and for certain: a second session can't be had, the next time the first has to do
		}
	}()
	for try := 1; ; try++ {
		err := m.open(ctx)
		if ClassOf(err) != TryLater {
			m.judge(ctx, err == nil)
		}
		if first != nil && ClassOf(err) == TryLater && (try == openTries || ctx.Err() != nil) {
			return first // what ended the session whose own lock is in the way now
		}
		if errors.Is(err, errGuess) && ctx.Err() == nil { // before anything else is suspected; it happens once
			guessed, broke, try = true, true, try-1
			m.doubtGuess()
			continue
		}
		if err == nil || try == openTries || ctx.Err() != nil {
			return err
		}
		switch {
		case errors.Is(err, pop3client.ErrPipeliningBroken):
			m.suspect(err, true)
			broke, first = true, err
		case broke && ClassOf(err) == TryLater:
			// The server still holds the lock for the session that was just given up.
			if m.pause(ctx, 0) != nil {
				if first != nil {
					return first
				}
				return err
			}
		default:
			return err
		}
	}
}

// open makes one try. The turn is held and there is no session.
func (m *Mailbox) open(ctx context.Context) error {
	m.setState(Opening, nil)
	last := m.List()
	list, err := m.connect(ctx, last)
	if err != nil {
		if ClassOf(err) == Refused {
			m.refusal = err
		}
		return m.notOpened(err)
	}
	m.adopt(list, last)
	m.setState(Open, nil)
	m.notify(ListEvent{list})
	m.remember(list, last)
	if err := m.readGuess(ctx); err != nil {
		return m.notOpened(err)
	}
	m.keepAlive()
	m.poke()
	return nil
}

// notOpened gives up a session that could not be opened. Where a guess is to blame it is opened anew at once,
// and nobody need hear of it.
func (m *Mailbox) notOpened(err error) error {
	m.drop()
	if !errors.Is(err, errGuess) {
		m.setState(Lost, m.orClosed(err))
	}
	return err
}

// connect opens a session and looks at what there is.
func (m *Mailbox) connect(ctx context.Context, last *List) (*List, error) {
	conn, err := m.cfg.Connect(ctx, m.hints(ctx))
	if err != nil {
		m.rememberCapabilities(conn) // a refused login may go by what is remembered
		return nil, err
	}
	m.conn.Store(conn.Client)
	m.order, m.guessing.under, m.guessing.foreseen, m.odd = order{}, nil, nil, oddness{}
	if conn.Capabilities == nil {
		conn.Capabilities = capabilitiesBeforeLogin(conn.Client)
	}
	begin := time.Now()
	found, err := m.survey(ctx, conn)
	m.surveyTook = time.Since(begin)
	if err != nil {
		return nil, err
	}
	return m.identify(ctx, found, last)
}

// adopt makes a list the newest one.
func (m *Mailbox) adopt(list, last *List) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range last.Messages {
		old := &last.Messages[i]
		if _, there := list.Find(old.ID); !there {
			delete(m.prints, old.ID)
			m.care.forget(old.ID)
			delete(m.oddTexts, old.ID)
			delete(m.endless, old.ID)
			m.envelopes.drop(old.ID) // its UIDL may come back as another message's
			if old.Certain {
				if len(m.gone) == mostGone { // of a server that names all anew each time
					clear(m.gone)
				}
				m.gone[old.ID] = old.Octets
			}
		}
	}
	for i := range list.Messages {
		if len(m.gone) == 0 {
			break
		}
		delete(m.gone, list.Messages[i].ID)
	}
	m.lent, m.crowded, m.fresh = nil, false, newBits(len(list.Messages))
	clear(m.noHeader) // another session may answer what this one refused
	m.list = list
	m.info.Messages, m.info.Octets = len(list.Messages), list.Octets
}

// survey asks what a session is opened for, in one flight where the server takes it.
func (m *Mailbox) survey(ctx context.Context, conn Connection) (found []Message, err error) {
	c := conn.Client
	before := c.Capabilities()
	capa, stat, uidl, list := c.Capa(), c.Stat(), c.Uidl(), c.List()
	m.guessing.under = m.guess(ctx, c)
	defer func() {
		if m.guessing.under != nil && err != nil && ctx.Err() == nil {
			err = blameGuess(err) // a server that closes over a TOP may take with it what it said before
		}
	}()

	caps, capaErr := capa.Wait(ctx)
	if over(ctx, c) {
		return nil, fmt.Errorf("asking for capabilities: %w", orCause(ctx, c, capaErr))
	}
	total, statErr := stat.Wait(ctx)
	if over(ctx, c) {
		return nil, fmt.Errorf("counting messages: %w", orCause(ctx, c, statErr))
	}
	uids, uidErr := uidl.Wait(ctx)
	if over(ctx, c) {
		return nil, fmt.Errorf("asking for UIDLs: %w", orCause(ctx, c, uidErr))
	}
	sizes, err := list.Wait(ctx)
	if !over(ctx, c) && (refused(statErr) || refused(uidErr) || refused(err)) {
		if err := m.readGuess(ctx); err != nil { // what is asked alone comes behind it
			return nil, err
		}
	}
	if c.PipeliningTrusted() && !over(ctx, c) {
		if err := askAlone(ctx, c, statErr, uidErr, err); err != nil {
			return nil, err
		}
	}
	if over(ctx, c) {
		return nil, fmt.Errorf("listing messages: %w", orCause(ctx, c, err))
	}
	// Some servers refuse to list what is empty.
	empty := statErr == nil && total.Messages == 0
	if _, refused := errors.AsType[*pop3client.ServerError](err); err != nil && !(empty && refused) {
		return nil, fmt.Errorf("listing messages: %w", orCause(ctx, c, err))
	}
	lists := c.Capabilities().Asked && c.Capabilities().UIDL()
	if lists && ClassOf(uidErr) == TryLater && len(sizes.Entries) > 0 { // the list would not show for once what its messages are known by
		return nil, fmt.Errorf("asking for UIDLs: %w", uidErr)
	}
	hasUIDL := uidErr == nil || empty && c.Capabilities().UIDL()
	m.describe(conn, hasUIDL)
	m.noteCapabilities(before, caps, capaErr)
	m.noteLines()
	messages := m.merge(sizes, uids, hasUIDL)
	if g := m.guessing.under; g != nil {
		g.listed = messages
	}
	if !hasUIDL && len(messages) > 0 {
		m.warn(withoutUIDL(lists, uidErr))
	}
	switch {
	case statErr != nil:
		m.warn(message.MakeSafe("the server does not count its messages: " + statErr.Error()))
	case total.Messages != len(messages):
		m.warn(message.MakeSafe(fmt.Sprintf("STAT counts %d messages, LIST shows %d", total.Messages, len(messages))))
	default:
		m.noteOctets(total, messages)
	}
	return messages, nil
}

// withoutUIDL is the warning that a server gives no UIDLs, whether or not its capabilities list them; err is its refusal.
func withoutUIDL(lists bool, err error) message.Safe {
	why := "the server has no UIDL"
	if refusal, is := errors.AsType[*pop3client.ServerError](err); is && lists {
		why += ", though its capabilities list it (" + refusal.Text + ")"
	}
	return message.MakeSafe(why + ": messages are told apart by size and header, and marks do not outlive this run")
}

// askAlone asks once more, with nothing else under way, what was refused in a flight of
// commands. A server that answers now does not bear pipelining: it refuses what comes
// behind another command.
func askAlone(ctx context.Context, c *pop3client.Client, stat, uidl, list error) error {
	for _, one := range []struct {
		refusal error
		again   func() error
	}{
		{stat, func() error { _, err := c.Stat().Wait(ctx); return err }},
		{uidl, func() error { _, err := c.Uidl().Wait(ctx); return err }},
		{list, func() error { _, err := c.List().Wait(ctx); return err }},
	} {
		if _, refused := errors.AsType[*pop3client.ServerError](one.refusal); !refused {
			continue
		}
		if one.again() == nil {
			return &pop3client.PipeliningError{Fault: pop3client.PipeliningGarble, Err: one.refusal}
		}
		if over(ctx, c) {
			return fmt.Errorf("listing messages: %w", orCause(ctx, c, one.refusal))
		}
	}
	return nil
}

// over says whether a session, or the wait for it, has ended. An answer that only
// makes no sense does not end it.
func over(ctx context.Context, c *pop3client.Client) bool {
	return ctx.Err() != nil || c.State() == pop3client.StateClosed
}

// orCause is what ended a wait or a session, where a command's own error is not that: it has none,
// or was refused, where what ends the session comes behind its answer.
func orCause(ctx context.Context, c *pop3client.Client, err error) error {
	_, refused := errors.AsType[*pop3client.ServerError](err)
	switch cause := c.Err(); {
	case ctx.Err() != nil:
		return ctx.Err()
	case cause != nil && (err == nil || refused):
		return cause
	}
	return err
}

// describe keeps what the session taught about the server.
func (m *Mailbox) describe(conn Connection, hasUIDL bool) {
	c := conn.Client
	caps := c.Capabilities()
	info := Info{
		Greeting: message.MakeSafe(c.Greeting()), Implementation: message.MakeSafe(caps.Implementation()),
		Auth: conn.Mechanism, APOP: c.Timestamp() != "", STLS: conn.STLS,
		UIDL: hasUIDL, ListsUIDL: caps.Asked && caps.UIDL(), Pipelining: caps.Pipelining(), RTT: c.RTT(),
	}
	for _, line := range caps.Lines {
		info.Capabilities = append(info.Capabilities, message.MakeSafe(line))
	}
	if state, ok := c.TLS(); ok {
		info.TLS = tls.VersionName(state.Version)
	}
	if words, ok := caps.Args("EXPIRE"); ok {
		info.Expire = message.MakeSafe(strings.Join(words, " "))
	}
	if words, ok := caps.Args("LOGIN-DELAY"); ok {
		info.LoginDelay = message.MakeSafe(strings.Join(words, " "))
	}
	m.mu.Lock()
	info.Warnings = m.info.Warnings
	m.hasTOP = m.hasTOP || caps.TOP()
	m.info = info
	m.mu.Unlock()
	m.rememberCapabilities(conn)
}

// merge puts LIST and UIDL together, in number order.
func (m *Mailbox) merge(sizes pop3client.Listing, uids pop3client.UIDListing, hasUIDL bool) []Message {
	m.warnOdd("LIST", sizes.Odd, sizes.OddLines)
	m.warnOdd("UIDL", uids.Odd, uids.OddLines)
	messages := make([]Message, len(sizes.Entries))
	sorted := true
	for i, e := range sizes.Entries {
		messages[i] = Message{Number: e.Number, Octets: e.Octets}
		sorted = sorted && (i == 0 || messages[i-1].Number < e.Number)
	}
	if !sorted {
		slices.SortStableFunc(messages, func(a, b Message) int { return a.Number - b.Number })
		before := len(messages)
		messages = slices.CompactFunc(messages, func(a, b Message) bool { return a.Number == b.Number })
		if len(messages) != before {
			m.warn("LIST gives a message number twice: the first of each is taken")
		}
	}
	m.noteNumbers(sizes, uids, messages, sorted)
	if !hasUIDL {
		return messages
	}
	unknown := 0
	for i, e := range uids.Entries {
		at := i
		if at >= len(messages) || messages[at].Number != e.Number {
			var ok bool
			at, ok = slices.BinarySearchFunc(messages, e.Number, func(m Message, n int) int { return m.Number - n })
			if !ok {
				unknown++
				continue
			}
		}
		messages[at].UID = e.UID
	}
	if nameless := countNameless(messages); nameless > 0 {
		m.warn(message.MakeSafe(fmt.Sprintf("UIDL leaves out %d of the messages that LIST shows: they are told apart by size and header", nameless)))
	}
	switch {
	case unknown == 1:
		m.warn("UIDL names a message that LIST does not show: it is left alone")
	case unknown > 1:
		m.warn(message.MakeSafe(fmt.Sprintf("UIDL names %d messages that LIST does not show: they are left alone", unknown)))
	}
	return messages
}

func countNameless(messages []Message) (n int) {
	for i := range messages {
		if messages[i].UID == "" {
			n++
		}
	}
	return n
}

func (m *Mailbox) warnOdd(command string, odd []pop3client.OddLine, count int) {
	if count == 0 {
		return
	}
	text := fmt.Sprintf("%d odd lines in the answer to %s", count, command)
	if count == 1 {
		text = "an odd line in the answer to " + command
	}
	if len(odd) > 0 {
		text += fmt.Sprintf(", the first: %s (%s)", odd[0].Line, odd[0].Problem)
	}
	m.warn(message.MakeSafe(text))
}

// idleSince says when the connection was last used.
func (m *Mailbox) idleSince() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lastUse
}
