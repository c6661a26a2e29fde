package mailbox

import (
	"bytes"
	"context"
	"errors"
	"time"

	"popmark/message"
	"popmark/pop3client"
)

// quirkPipelining is the ledger's name for a server whose PIPELINING does not work.
const quirkPipelining = "pipelining-broken"

const pipeliningWarning message.Safe = "the server says PIPELINING, but does not bear it: popmark asks one thing at a time"

// strikesToDoubt is how many faults that may be chance count as pipelining's.
const strikesToDoubt = 2

// suspicion is what speaks against a server's PIPELINING. A line that breaks looks
// much the same, so nothing is remembered until a session without it has gone well.
type suspicion struct {
	off     bool // ask one thing at a time
	proven  bool // and it is known, and told, that this helps
	strikes int
}

// suspect weighs a fault of a session; several says whether more than one command was under way.
func (m *Mailbox) suspect(err error, several bool) {
	var (
		fault    *pop3client.PipeliningError
		timeout  *pop3client.TimeoutError
		protocol *pop3client.ProtocolError
	)
	weight := 0
	switch {
	case errors.As(err, &fault) && fault.Fault != pop3client.PipeliningCut:
		weight = strikesToDoubt
	case fault != nil, several && errors.As(err, &timeout), several && errors.As(err, &protocol):
		weight = 1
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pipelining.strikes += weight
	if m.pipelining.strikes >= strikesToDoubt {
		m.pipelining.off = true
	}
}

// judge closes the case that suspect opened, by how a session without pipelining went.
func (m *Mailbox) judge(ctx context.Context, well bool) {
	m.mu.Lock()
	p := &m.pipelining
	if !p.off || p.proven || !well && ctx.Err() != nil {
		m.mu.Unlock()
		return
	}
	if p.proven = well; !well {
		*p = suspicion{} // it was the line, or the server altogether
	}
	m.mu.Unlock()
	if !well {
		return
	}
	m.warn(pipeliningWarning)
	if m.keeps() {
		m.keeper.put(m.closing, 0, func(ctx context.Context) {
			if err := m.cfg.Ledger.SetQuirk(ctx, m.cfg.Account, quirkPipelining); err != nil {
				m.warnLedger(ctx, "remembering the server's pipelining", err)
			}
		})
	}
}

// twinPatience is how long the second of two equal questions may take once the first is answered.
const twinPatience = 20 * time.Second

var errTwins = errors.New("it answered the same TOP differently, so that no answer can be trusted to belong to its question")

// answersInOrder says whether answers to commands under way together were seen to be
// those of their commands.
func (m *Mailbox) answersInOrder() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.inOrder
}

// receiveTwins is receive for the first of many commands, which was sent twice. A server
// that answers in another order, or loses commands or parts of answers, shows it there:
// a header must not be taken for that of another message.
func (m *Mailbox) receiveTwins(ctx context.Context, it *item) error {
	twin := item{msg: it.msg, answer: it.twin}
	it.twin = nil
	if err := receive(ctx, it); err != nil {
		return err
	}
	defer twin.recycle()
	patient, cancel := context.WithTimeout(ctx, twinPatience)
	defer cancel()
	if err := receive(patient, &twin); err != nil {
		it.recycle()
		if patient.Err() != nil && ctx.Err() == nil {
			return &pop3client.PipeliningError{Fault: pop3client.PipeliningStall, Err: err}
		}
		return err
	}
	switch {
	case it.err != nil:
		return nil // it tells nothing
	case twin.err != nil:
		it.recycle()
		return &pop3client.PipeliningError{Fault: pop3client.PipeliningGarble, Err: twin.err}
	case !bytes.Equal(twin.raw, it.raw):
		it.recycle()
		return &pop3client.PipeliningError{Fault: pop3client.PipeliningGarble, Err: errTwins}
	}
	m.mu.Lock()
	m.inOrder = true
	m.mu.Unlock()
	return nil
}
