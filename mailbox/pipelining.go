package mailbox

import (
	"context"
	"errors"

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
