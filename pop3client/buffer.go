package pop3client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"time"
)

const (
	// bufferOctets is the read buffer's size.
	bufferOctets = 128 << 10
	// longBuffer is its size while one answer goes on and on, and comes faster than it is taken in: with fewer reads there
	// are fewer acknowledgements as well.
	longBuffer = 512 << 10
)

// buffer holds what was read and not yet used: b[r:w].
type buffer struct {
	b    []byte
	r, w int
}

func newBuffer() buffer { return buffer{b: make([]byte, bufferOctets)} }

func (b *buffer) bytes() []byte { return b.b[b.r:b.w] }

// room makes sure that b.b[b.w:] is not empty; long is for an answer that goes on and on.
func (b *buffer) room(long bool) {
	switch {
	case long && b.r == b.w && len(b.b) < longBuffer:
		*b = buffer{b: make([]byte, longBuffer)}
	case b.r == b.w:
		b.r, b.w = 0, 0
	case b.w == len(b.b) && b.r > 0:
		b.w = copy(b.b, b.b[b.r:b.w])
		b.r = 0
	case b.w == len(b.b):
		b.b = append(b.b, make([]byte, len(b.b))...)
	}
}

// blank reports whether nothing but line ends is held.
func (b *buffer) blank() bool { return len(bytes.Trim(b.bytes(), "\r\n")) == 0 }

// longAgo is a read deadline that has passed.
var longAgo = time.Unix(1, 0)

// fill reads once, for the answer to cmd. Its errors are final for the session, save the context's:
// what was read stays, and a later call goes on where this one was left.
func (c *Client) fill(ctx context.Context, cmd *command, deadline time.Time) error {
	if err := ctx.Err(); err != nil {
		return &leftError{cmd.String(), err}
	}
	c.in.room(cmd.floods)
	c.watchFor(ctx)
	n, err := 0, c.conn.SetReadDeadline(deadline) // only the token's holder changes conn
	// A context that ends from here on makes the deadline pass; one that ended before shows here.
	if err == nil && ctx.Err() != nil {
		return &leftError{cmd.String(), ctx.Err()}
	}
	if err == nil {
		n, err = c.conn.Read(c.in.b[c.in.w:])
	}
	c.in.w += n
	cmd.floods = c.in.w == len(c.in.b)
	if n > 0 {
		now := time.Now()
		c.noteOctets(n, now)
		if cmd.phase == phaseText {
			c.waitFrom = now // a long answer may go on as long as it goes on
		}
		return nil
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && errors.Is(err, os.ErrDeadlineExceeded):
		return &leftError{cmd.String(), ctx.Err()}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return c.suspect(PipeliningStall, &TimeoutError{Command: cmd.String(), After: c.patience()})
	}
	c.mu.Lock()
	fatal, writeErr := c.fatal, c.writeErr
	c.mu.Unlock()
	if fatal != nil {
		return fatal
	}
	if errors.Is(err, io.EOF) {
		err = writeErr
	}
	return c.suspect(PipeliningCut, &CutError{Command: cmd.String(), Err: err})
}

// quiet reports whether nothing comes in for a while.
func (c *Client) quiet(ctx context.Context, cmd *command) (bool, error) {
	err := c.fill(ctx, cmd, time.Now().Add(c.quietTime()))
	if timeout, ok := errors.AsType[*TimeoutError](err); ok && timeout.Command == cmd.String() {
		return true, nil
	}
	return false, err
}

// aMoment is long enough to read what has come already.
const aMoment = time.Millisecond

// Unasked looks whether the server has said something, or hung up, while nothing was asked of it. Then
// its next answers could be taken for other commands', so that the session is ended, and the error
// says why. It is for a session that has been idle; where commands are under way it does nothing.
func (c *Client) Unasked(ctx context.Context) error {
	if err := c.acquire(ctx); err != nil {
		return c.unread("the next command", err)
	}
	defer c.release()
	c.mu.Lock()
	busy, fatal := c.wire.len() > 0 || c.waiting.len() > 0, c.fatal
	c.held = !busy // what is asked from here on would be answered into the silence
	c.mu.Unlock()
	if busy || fatal != nil {
		return fatal
	}
	defer c.letGo()
	cmd := &command{label: "the next command"}
	if c.in.blank() {
		err := c.fill(ctx, cmd, time.Now().Add(aMoment))
		var left *leftError
		switch {
		case errors.As(err, new(*TimeoutError)):
			return nil
		case errors.As(err, &left):
			return err
		case err != nil:
			c.end(err)
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.in.blank() {
		c.outOfTurn(cmd)
	}
	return c.fatal
}

// watch makes a context's end interrupt reads. It stays in place from one read to the next, so that
// the many short reads of a scan do not each pay for it.
type watch struct {
	done <-chan struct{} // the context's
	stop func() bool
	over chan struct{} // closed when it can have no effect any more
}

// end takes the watch off. Only one of several callers finds it still there.
func (w *watch) end() {
	if w.stop() {
		close(w.over)
	}
}

// watchFor makes ctx, and no other context, interrupt reads. The token is held.
func (c *Client) watchFor(ctx context.Context) {
	if c.watch != nil && c.watch.done == ctx.Done() {
		return
	}
	c.unwatch()
	if ctx.Done() == nil {
		return
	}
	conn := c.conn
	w := &watch{done: ctx.Done(), over: make(chan struct{})}
	w.stop = context.AfterFunc(ctx, func() {
		_ = conn.SetReadDeadline(longAgo) // a closed connection ends the Read just as well
		close(w.over)
	})
	c.mu.Lock()
	c.watch = w
	c.mu.Unlock()
}

// unwatch takes the watch off and waits until it can set no deadline any more. The token is held.
func (c *Client) unwatch() {
	c.mu.Lock()
	w := c.watch
	c.watch = nil
	c.mu.Unlock()
	if w != nil {
		w.end()
		<-w.over
	}
}

// leftError is a wait that its context ended. The session is not harmed.
type leftError struct {
	command string
	err     error
}

func (e *leftError) Error() string {
	if e.command == "" {
		return "waiting for the greeting: " + e.err.Error()
	}
	return "waiting for the answer to " + e.command + ": " + e.err.Error()
}

func (e *leftError) Unwrap() error { return e.err }

// abandonedError is why a session is over whose login, say, was left: for those who wait later it is not
// that their own context ended.
type abandonedError struct{ text string }

func (e *abandonedError) Error() string { return e.text }

// readLine returns the next line without its end, CRLF or LF. It is valid until the next fill.
func (c *Client) readLine(ctx context.Context, cmd *command, limit string, most int) ([]byte, error) {
	scanned := 0
	for {
		held := c.in.bytes()
		if i := bytes.IndexByte(held[scanned:], '\n'); i >= 0 {
			line := held[:scanned+i]
			c.in.r += len(line) + 1
			end := len(line)
			for end > 0 && line[end-1] == '\r' {
				end--
			}
			if end == len(line) {
				c.noteOdd(oddBareLF)
			}
			line = line[:end]
			if len(line) > most {
				return nil, c.overLimit(cmd, limit, int64(most))
			}
			return line, nil
		}
		scanned = len(held)
		if scanned-1 > most {
			return nil, c.overLimit(cmd, limit, int64(most))
		}
		if err := c.fill(ctx, cmd, c.deadline()); err != nil {
			return nil, err
		}
	}
}

func (c *Client) overLimit(cmd *command, limit string, most int64) error {
	return &LimitError{Limit: limit, Max: most, Command: cmd.String()}
}

// deadline is when the answer at the head must be whole.
func (c *Client) deadline() time.Time {
	d := c.patience()
	if d == 0 {
		return time.Time{}
	}
	if c.waitFrom.IsZero() {
		c.waitFrom = time.Now()
	}
	return c.waitFrom.Add(d)
}

// letGo sends what was held back.
func (c *Client) letGo() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = false
	c.admit()
}
