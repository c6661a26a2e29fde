package pop3client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Pending is the handle of a command that was queued.
type Pending[T any] struct {
	c      *Client
	cmd    command
	result func(*command) T
}

// Wait reads up to the command's answer and returns it; called again it returns the same. Where the
// context ends first its error is returned, the session stays as usable as it was, and Wait may be
// called again. A -ERR is a [*ServerError]. The other errors are in the package's documentation.
//
// For RETR and TOP the answer is a [*Body], whose text is read under the same context.
func (p *Pending[T]) Wait(ctx context.Context) (T, error) {
	if err := p.c.await(ctx, &p.cmd); err != nil {
		var zero T
		return zero, err
	}
	return p.result(&p.cmd), nil
}

// queued puts a command into the queue and returns its handle.
func queued[T any](c *Client, cmd command, result func(*command) T) *Pending[T] {
	p := &Pending[T]{c: c, cmd: cmd, result: result}
	c.enqueue(&p.cmd)
	return p
}

// bodyHandle gives the handle of a RETR or TOP with its Body, one that was recycled if there is one.
func (c *Client) bodyHandle() *Pending[*Body] {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.spare); n > 0 {
		p := c.spare[n-1]
		c.spare = c.spare[:n-1]
		return p
	}
	h := new(struct {
		Pending[*Body]
		body Body
	})
	h.cmd.body = &h.body
	return &h.Pending
}

// Recycle lets the memory of a RETR's or TOP's handle, and of the Body that it gave, be used for a
// later command. It is for who reads very many: neither may be used afterwards. It does nothing
// unless the text was read to its end.
func (p *Pending[T]) Recycle() {
	h, ok := any(p).(*Pending[*Body])
	// Only who reads a Body sees its end, so nobody else is at work on it.
	if !ok || h.cmd.body == nil || h.cmd.body.err != io.EOF { //nolint:errorlint // nothing that wraps io.EOF is the text's end
		return
	}
	h.cmd.body.err = errRecycled
	c := h.c
	c.mu.Lock()
	defer c.mu.Unlock()
	h.cmd.err = errRecycled
	if len(c.spare) < mostSpare {
		c.spare = append(c.spare, h)
	}
}

var errRecycled = errors.New("the handle was given back with Recycle")

// refused is the handle of a command that cannot be sent.
func refused[T any](c *Client, cmd command, problem string) *Pending[T] {
	p := &Pending[T]{c: c, cmd: cmd}
	p.cmd.phase = phaseDone
	p.cmd.err = &StateError{Command: p.cmd.String(), State: c.State(), Problem: problem}
	p.cmd.raw = ""
	return p
}

// await reads until cmd has its answer. A body's answer is there once its status line is.
func (c *Client) await(ctx context.Context, cmd *command) error {
	if done, _, err := c.outcome(cmd); done {
		return err
	}
	if ctx.Err() != nil {
		return &leftError{cmd.String(), ctx.Err()} // before a text is thrown away for nothing
	}
	if err := c.acquire(ctx); err != nil {
		if done, _, outcome := c.outcome(cmd); done { // by whoever has the right, meanwhile
			return outcome
		}
		return c.unread(cmd.String(), err)
	}
	defer c.release()
	c.waitFrom = time.Time{}
	if err := c.pump(ctx, cmd); err != nil {
		return err
	}
	if cmd.shape == shapeBody {
		cmd.body.ctx = ctx
	}
	return nil
}

// outcome reports whether a command is done, how far it is, and how it ended.
func (c *Client) outcome(cmd *command) (bool, phase, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cmd.phase == phaseDone {
		if cmd.discarded && cmd.err == nil {
			return true, cmd.phase, fmt.Errorf("%s: %w", cmd, ErrBodyDiscarded)
		}
		return true, cmd.phase, cmd.err
	}
	return false, cmd.phase, nil
}

// pump reads answers, in their order, up to cmd's. The token is held.
func (c *Client) pump(ctx context.Context, cmd *command) error {
	for {
		done, phase, err := c.outcome(cmd)
		if done {
			return err
		}
		if cmd.discarded {
			return fmt.Errorf("%s: %w", cmd, ErrBodyDiscarded)
		}
		if phase == phaseText && cmd.shape == shapeBody {
			return nil
		}
		head, err := c.head(cmd)
		if err != nil {
			return err
		}
		if head != cmd && head.phase == phaseText && head.shape == shapeBody {
			err = c.discard(ctx, head)
		} else {
			err = c.advance(ctx, head)
		}
		if err != nil {
			return c.fault(head, cmd, err)
		}
	}
}

// head is the command whose answer comes next.
func (c *Client) head(cmd *command) (*command, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fatal != nil {
		return nil, c.reason(cmd)
	}
	head := c.wire.front()
	if head == nil {
		// Only a SASL exchange keeps commands back while nothing is under way, and it holds the token.
		return nil, &StateError{Command: cmd.String(), State: c.state, Problem: "a login is under way"}
	}
	return head, nil
}

// reason is the session's end as seen from a command. The mutex is held.
func (c *Client) reason(cmd *command) error {
	return fmt.Errorf("%s has no answer: %w", cmd, c.fatal)
}

// fault ends the session, unless err is only a wait that was left, and returns what to tell the one
// who waits for cmd while head's answer was being read.
func (c *Client) fault(head, cmd *command, err error) error {
	var left *leftError
	if errors.As(err, &left) {
		return err
	}
	var protocol *ProtocolError
	if errors.As(err, &protocol) {
		err = c.suspect(PipeliningGarble, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fatal != nil {
		return c.reason(cmd) // Close came in between
	}
	c.settle(head, err)
	c.endLocked(err)
	if head == cmd {
		return err
	}
	return c.reason(cmd)
}

// advance reads the status line of the command at the head, or goes on with its lines.
func (c *Client) advance(ctx context.Context, cmd *command) error {
	if cmd.phase == phaseSent {
		if err := c.readStatus(ctx, cmd); err != nil || cmd.phase != phaseText {
			return err
		}
	}
	switch cmd.shape {
	case shapeList, shapeUidl:
		return c.readListing(ctx, cmd)
	case shapeLines:
		return c.readLines(ctx, cmd)
	}
	return nil
}

// begin marks that a command's text follows.
func (c *Client) begin(cmd *command) {
	c.mu.Lock()
	cmd.phase = phaseText
	c.mu.Unlock()
}

// finish marks a command as answered in full, err being a *ServerError or what is wrong with its
// answer's meaning, and lets the next go out.
func (c *Client) finish(cmd *command, octets int64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waitFrom = time.Time{}
	c.wire.pop()
	c.line.onWire -= cmd.expect
	c.line.answered(cmd, octets)
	if c.trust.answered++; c.wire.len() == 0 {
		c.trust.answered = 0
	}
	if cmd.fetches {
		c.trust.fetching--
	}
	c.barrier = c.barrier && !cmd.barrier
	cmd.phase = phaseDone
	if cmd.verb == "DELE" && isRefusal(err) {
		c.refusedDele = true
	}
	if cmd.verb == "QUIT" && err == nil && c.deletes {
		if problem := c.tooMany(c.in.bytes()); problem != "" {
			err = &ProtocolError{Command: "QUIT", Problem: problem, Line: c.shownLocked(bytes.TrimSpace(c.in.bytes()))}
		}
	}
	cmd.err = err
	c.change(cmd, err)
	if c.wire.len() == 0 && c.fatal == nil && !c.exchange && cmd.verb != "STLS" {
		if !c.in.blank() {
			c.outOfTurn(cmd)
			return
		}
		if c.trust.overlapped {
			c.trust.proven, c.trust.overlapped = true, false
		}
	}
	c.admit()
}

// change is what an answer changes in the session. The mutex is held.
func (c *Client) change(cmd *command, err error) {
	switch cmd.verb {
	case "USER":
		c.userOK = err == nil
	case "PASS", "APOP":
		c.userOK = false
		if err == nil {
			c.loggedIn()
		}
	case "AUTH":
		c.userOK = false
		c.exchange = err == nil && cmd.asked
		if err == nil && !cmd.asked {
			c.loggedIn()
		}
	case "UTF8", "LANG":
		c.speaksUTF8 = c.speaksUTF8 || err == nil
	case "STLS":
		if err == nil {
			c.know(Capabilities{})
			c.userOK = false
			c.exchange = true // nothing may be sent before the handshake
		}
	case "CAPA":
		c.know(Capabilities{Lines: cmd.lines, State: cmd.state, Asked: true})
	case "QUIT":
		c.parted = true
		c.endLocked(ErrClosed)
	}
}

// loggedIn: what was seen of pipelining until now says nothing of the server behind the login.
func (c *Client) loggedIn() {
	c.state = StateTransaction
	c.trust = trust{}
}
