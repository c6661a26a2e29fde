package pop3client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// Body is the text of a RETR or a TOP: dots un-stuffed, line ends as they came (RFC 1939, section 3).
//
// Read gives io.EOF only after the lone dot was seen; an end of the connection before it is a
// [*CutError], so that no cut text can be taken for a whole one. Text comes straight from the read
// buffer: nothing is kept, whatever the message's size. WriteTo saves a copy and is what io.Copy uses.
//
// The text must be read, or given up with Close, before a later answer is waited for; else it is
// discarded, and Read gives [ErrBodyDiscarded]. Reading ends with the context that Wait was given.
// A reading that ended so can be taken up by calling Wait again with a fresh one: it returns
// the same Body at the place where it was left.
//
// A lone dot behind a bare LF may be part of the message, put there by its sender to make us take
// what follows for the server's words. It counts as the end where the text's lines end in LF alone,
// and only if the server's status lines or its earlier texts do so as well, or nothing follows.
//
// A Body, with its handle's Wait, is for one goroutine at a time.
type Body struct {
	c   *Client
	cmd *command
	ctx context.Context // of the last Wait

	text text
	left []byte // un-stuffed and not yet handed out; it lies in the read buffer
	out  atomic.Int64
	err  error // sticky: io.EOF or the session's fault
}

// Octets returns how many octets of text were handed out so far.
func (b *Body) Octets() int64 { return b.out.Load() }

// Read implements io.Reader.
func (b *Body) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := b.lock(); err != nil {
		return 0, err
	}
	defer b.c.release()
	if err := b.more(); err != nil {
		return 0, err
	}
	n := copy(p, b.left)
	b.left = b.left[n:]
	b.out.Add(int64(n))
	return n, nil
}

// WriteTo implements io.WriterTo. An error of w leaves what it did not take to be read or discarded.
// Nothing else can be read from the session until it returns: w must not wait for the same client.
func (b *Body) WriteTo(w io.Writer) (int64, error) {
	var total int64
	if err := b.lock(); err != nil {
		return 0, err
	}
	defer b.c.release()
	for {
		if err := b.more(); err != nil {
			if err == io.EOF { //nolint:errorlint // nothing that wraps io.EOF is the text's end
				err = nil
			}
			return total, err
		}
		n, err := w.Write(b.left)
		b.left = b.left[n:]
		b.out.Add(int64(n))
		total += int64(n)
		if err != nil {
			return total, err
		}
		b.c.waitFrom = time.Time{} // the writer's time is not the server's
	}
}

// Close gives up the rest of the text. It does not read it: the next Wait for a later answer does,
// under its own context. Its error is nil; whether the text was whole, Read and WriteTo tell.
func (b *Body) Close() error {
	if err := b.c.acquire(b.ctx); err != nil {
		// Whoever reads now will discard the text, or has.
		return nil
	}
	defer b.c.release()
	b.left = nil
	if b.err == nil {
		b.cmd.discarded = true
		b.err = fmt.Errorf("%s: %w", b.cmd, ErrBodyDiscarded)
	}
	return nil
}

// lock takes the right to read and checks that the body can still be read.
func (b *Body) lock() error {
	if err := b.c.acquire(b.ctx); err != nil {
		return b.c.unread(b.cmd.String(), err)
	}
	b.c.waitFrom = time.Time{}
	if b.err == nil && b.cmd.discarded {
		b.left = nil
		b.err = fmt.Errorf("%s: %w", b.cmd, ErrBodyDiscarded)
	}
	if b.err != nil && len(b.left) == 0 {
		b.c.release()
		return b.err
	}
	return nil
}

// more makes sure that left is not empty, or returns why it cannot.
func (b *Body) more() error {
	for len(b.left) == 0 {
		if b.err != nil {
			return b.err
		}
		piece, err := b.c.textPiece(b.ctx, b.cmd, &b.text)
		if err != nil {
			if err == io.EOF { //nolint:errorlint // textPiece gives it bare
				b.err = err
				return err
			}
			err = b.c.fault(b.cmd, b.cmd, err)
			var left *leftError
			if !errors.As(err, &left) {
				b.err = err
			}
			return err
		}
		b.left = piece
	}
	return nil
}

// discard reads a text that nobody wants to its end.
func (c *Client) discard(ctx context.Context, cmd *command) error {
	cmd.discarded = true
	cmd.body.left = nil
	for {
		if _, err := c.textPiece(ctx, cmd, &cmd.body.text); err != nil { // a wait that is left goes on there
			if err == io.EOF { //nolint:errorlint // textPiece gives it bare
				return nil
			}
			return err
		}
	}
}

// textPiece returns the next piece of a message's text, which lies in the read buffer and is valid
// until the next fill. After the lone dot it finishes the command and returns io.EOF.
func (c *Client) textPiece(ctx context.Context, cmd *command, t *text) ([]byte, error) {
	c.mu.Lock()
	fatal := c.fatal
	c.mu.Unlock()
	if fatal != nil {
		return nil, fatal
	}
	for {
		if t.over {
			if end, err := c.isEnd(ctx, cmd, t); err != nil {
				return nil, err
			} else if !end {
				continue
			}
			if t.ends == endsLF {
				c.noteOdd(oddBareLF)
			}
			if tr := c.opts.Transcript; tr != nil {
				tr.server(fmt.Sprintf("[%d octets]", t.octets))
				tr.server(".")
			}
			c.finish(cmd, t.octets, nil)
			if cmd.verb == "RETR" {
				// What follows though nothing was asked may be the rest of a message whose dots were not stuffed.
				if err := c.Err(); err != nil {
					return nil, err
				}
			}
			return nil, io.EOF
		}
		if t.ends == endsUnknown && c.statusEnds == endsCRLF && c.textEnds == endsCRLF {
			t.ends = endsCRLF
		}
		if t.ownDot {
			t.ownDot = false
			return t.lone(), nil
		}
		piece, used := t.gather(c.in.bytes())
		c.in.r += used
		if len(piece) > 0 {
			if cmd.verb == "TOP" && t.octets > c.opts.Limits.TopOctets {
				return nil, c.overLimit(cmd, "TopOctets", c.opts.Limits.TopOctets)
			}
			return piece, nil
		}
		if t.over {
			continue
		}
		if err := c.fill(ctx, cmd, c.deadline()); err != nil {
			return nil, err
		}
	}
}

// leastQuiet is the shortest silence that says something.
const leastQuiet = 250 * time.Millisecond

// holdIfAlone says whether nothing is under way but the command at the head. Then nothing more is sent
// until letGo: it would be answered into the silence that tells.
func (c *Client) holdIfAlone() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = c.wire.len() == 1
	return c.held
}

// quietTime is how long nothing must follow a lone dot that may be the message's own: on a long line the
// server may have to wait a round trip before it can go on.
func (c *Client) quietTime() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(leastQuiet, 2*c.line.rtt)
}

// isEnd says whether a lone dot ends the text. Where it does not, the dot becomes text.
func (c *Client) isEnd(ctx context.Context, cmd *command, t *text) (bool, error) {
	bare := t.ends == endsLF || t.ends == endsUnknown && t.bareDot
	if !bare || c.statusEnds != endsCRLF || c.textEnds == endsLF {
		if t.ends == endsCRLF && t.octets > 0 {
			c.textEnds = endsCRLF
		}
		return true, nil
	}
	alone := c.holdIfAlone()
	defer c.letGo()
	switch {
	case !alone && cmd.verb == "TOP":
		c.bareEnds = true
		return true, nil // an answer may follow: whoever asks ahead proves the order
	case !alone:
		// A message that is cut short here might be deleted, and one that goes on here take the next into it.
		return false, &PipeliningError{Fault: PipeliningGarble, Err: fmt.Errorf("%w: %w", ErrAmbiguousEnd,
			&ProtocolError{Command: cmd.String(), Problem: "a lone dot stands behind a line feed"})}
	case len(c.in.bytes()) > 0:
	default:
		quiet, err := c.quiet(ctx, cmd)
		if err != nil {
			return false, err
		}
		if quiet {
			c.textEnds = endsLF
			return true, nil
		}
	}
	t.over, t.ends = false, endsCRLF
	t.ownDot, t.inLine, t.afterCR = true, t.bareDot, false
	t.octets += int64(len(t.lone()))
	return false, nil
}

// ProveOrder tells the client that every answer up to here was its command's, as the caller has found
// out: where texts ended behind a bare LF, that is how this server ends them.
func (c *Client) ProveOrder(ctx context.Context) error {
	if err := c.acquire(ctx); err != nil {
		return c.unread("the last command", err)
	}
	defer c.release()
	if c.bareEnds && c.textEnds == endsUnknown {
		c.textEnds = endsLF
	}
	return nil
}

// lone is the lone dot's line.
func (t *text) lone() []byte {
	if t.bareDot {
		return []byte(".\n")
	}
	return []byte(".\r\n")
}

// lineEnds is which line ends a text has, as its first line shows.
type lineEnds uint8

const (
	endsUnknown lineEnds = iota
	endsCRLF
	endsLF
)

// lineOctets is about how long a line is.
const lineOctets = 64

var lfDot = []byte("\n.")

// text is the state of un-stuffing one message's text.
type text struct {
	ends    lineEnds
	inLine  bool // not at a line's beginning
	afterCR bool // the last octet handed out was a CR
	bareDot bool // the lone dot had a bare LF behind it
	ownDot  bool // the lone dot turned out to be text, and is not handed out yet
	over    bool // the lone dot was met
	octets  int64
}

// gather takes all the text off data that there is, moving it together over the dots that are not
// text, so that a text of many dots is not many small writes. It returns how many of data were used.
func (t *text) gather(data []byte) (piece []byte, used int) {
	start, end := 0, 0
	for used < len(data) {
		p, n, over := t.next(data[used:])
		used += n
		if over {
			t.over = true
			break
		}
		if len(p) == 0 {
			break
		}
		if end == 0 {
			start, end = used-len(p), used
			continue
		}
		end += copy(data[end:], p)
	}
	return data[start:end], used
}

// next takes a piece off data: octets to hand out, how many of data were used (with the dots that
// are not text), and whether the lone dot was met. No piece and no end: more data is needed.
func (t *text) next(data []byte) (piece []byte, used int, end bool) {
	if len(data) == 0 {
		return nil, 0, false
	}
	if !t.inLine && data[0] == '.' {
		switch {
		case len(data) == 1:
			return nil, 0, false
		case data[1] == '\n' && t.ends != endsCRLF:
			t.bareDot = true
			return nil, 2, true
		case data[1] == '\r' && len(data) == 2:
			return nil, 0, false
		case data[1] == '\r' && data[2] == '\n':
			return nil, 3, true
		}
		used = 1
		data = data[1:]
	}
	t.inLine = true
	n := t.run(data)
	piece = data[:n]
	t.octets += int64(n)
	t.afterCR = piece[n-1] == '\r'
	return piece, used + n, false
}

// run returns how many octets of data, which is not empty, can be handed out as they are: up to the
// first line end that a dot follows, or all. It notes where that leaves the next octet.
func (t *text) run(data []byte) int {
	if t.ends == endsUnknown {
		i := bytes.IndexByte(data, '\n')
		if i < 0 {
			return len(data)
		}
		t.ends = endsLF
		if t.crBefore(data, i) {
			t.ends = endsCRLF
		}
	}
	for from, missed := 0, 0; ; missed++ {
		// A dot is looked for, not a line end: the text that makes messages large is base64, which has
		// none. In text with more dots than lines both together are found sooner.
		var i int
		if missed*lineOctets > from {
			if i = bytes.Index(data[from:], lfDot); i >= 0 {
				i++
			}
		} else {
			i = bytes.IndexByte(data[from:], '.')
		}
		if i < 0 {
			break
		}
		i += from
		if i > 0 && data[i-1] == '\n' && (t.ends == endsLF || t.crBefore(data, i-1)) {
			t.inLine = false
			return i
		}
		from = i + 1
	}
	last := len(data) - 1
	t.inLine = data[last] != '\n' || (t.ends == endsCRLF && !t.crBefore(data, last))
	return len(data)
}

// crBefore reports whether a CR stands before data[i].
func (t *text) crBefore(data []byte, i int) bool {
	if i == 0 {
		return t.afterCR
	}
	return data[i-1] == '\r'
}
