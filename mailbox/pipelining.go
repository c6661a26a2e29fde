package mailbox

import (
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
	// cuts are those strikes that a scan gave: that a session opens without pipelining
	// proves nothing about them.
	cuts int
	// silence is how long a stall was waited for. A server that is about as slow without
	// pipelining is only slow: nothing is proven in this run.
	silence time.Duration
	slow    bool
}

// suspect weighs a fault of a session; several says whether more than one command was under way.
func (m *Mailbox) suspect(err error, several bool) {
	var (
		fault    *pop3client.PipeliningError
		timeout  *pop3client.TimeoutError
		protocol *pop3client.ProtocolError
		cut      *pop3client.CutError
	)
	cuts := 0
	weight := 0
	switch {
	case errors.As(err, &fault) && fault.Fault != pop3client.PipeliningCut:
		weight = strikesToDoubt
	case fault != nil, several && errors.As(err, &timeout), several && errors.As(err, &protocol):
		weight = 1
	case m.order.untried() && errors.As(err, &cut):
		// Some servers bear the flight that opens a session and close at the second TOP.
		weight, cuts = 1, 1
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pipelining.strikes += weight
	m.pipelining.cuts += cuts
	if errors.As(err, &timeout) {
		m.pipelining.silence = max(m.pipelining.silence, timeout.After)
	}
	if m.pipelining.strikes >= strikesToDoubt {
		m.pipelining.off = true
	}
}

// excuse lets nothing be remembered of what suspect weighs in this run.
func (m *Mailbox) excuse() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pipelining.slow = true
}

// judge closes the case that suspect opened, by how the opening of a session without pipelining went.
func (m *Mailbox) judge(ctx context.Context, well bool) {
	m.mu.Lock()
	p := &m.pipelining
	if p.off && p.silence > 0 && m.surveyTook > p.silence/2 {
		p.slow = true
	}
	waits := well && (p.cuts > 0 || p.slow)
	m.mu.Unlock()
	if !waits {
		m.decide(ctx, well)
	}
}

// judgeScan closes the case, or one strike of it, by how the scan in the present session ended.
// The turn is held.
func (m *Mailbox) judgeScan(ctx context.Context, err error) {
	m.mu.Lock()
	p := &m.pipelining
	if m.order.proven && !p.off {
		p.strikes, p.cuts = p.strikes-p.cuts, 0 // TOPs that came together were answered
	}
	open := p.off && p.cuts > 0
	m.mu.Unlock()
	switch {
	case !open || m.client() == nil:
	case m.client().State() == pop3client.StateClosed:
		m.decide(ctx, false)
	case err == nil && m.order.stone != nil: // an answer came
		m.decide(ctx, true)
	}
}

// decide says whether asking one thing at a time has helped, where that was being tried.
func (m *Mailbox) decide(ctx context.Context, well bool) {
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

// untried says that TOPs were asked for together in this session, and that none of them has been proven.
func (o *order) untried() bool { return o.marks > 0 && !o.proven && !o.unprovable }
