package pop3client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Client is one POP3 session on one connection.
//
// Its methods can be called from several goroutines. A command method queues the command and
// returns at once; [Pending.Wait] gives the answer. Answers come in the order of the commands, and
// one goroutine reads at a time: waiting for a later answer stores the earlier ones in their
// handles, except the text of a RETR or TOP, which is thrown away unless it was read (see [Body]).
//
// After a fault on the line every handle without an answer gives that fault; what is left to do is Close.
type Client struct {
	opts       Options
	serverName string

	// token is held by whoever reads from the connection. It is a channel so that waiting for it
	// can be left when a context ends.
	token chan struct{}
	in    buffer
	// waitFrom is when the wait for the answer at the head began, zero where what was read has not
	// come to an end yet. The token's holder owns it.
	waitFrom time.Time
	watch    *watch // the token's holder changes it, under the mutex
	// statusEnds is how the last status line ended, textEnds how the lines of the messages before do. The token's holder owns them.
	statusEnds, textEnds lineEnds
	bareEnds             bool // some text was taken to end behind a bare LF; the token's holder owns it
	// speaksUTF8 is true once the server was asked for UTF-8 or a language. The token's holder owns it.
	speaksUTF8 bool
	odd        atomic.Uint32 // what Oddities returns

	wake       chan struct{} // tells the writer that out has grown
	stop       chan struct{} // closed when the session is over
	writerDone chan struct{}
	closing    sync.WaitGroup // a tunnel or a TLS goodbye may take a moment to close

	mu         sync.Mutex
	conn       net.Conn
	state      State
	greeting   string
	timestamp  string
	caps       Capabilities
	several    bool   // caps list PIPELINING
	userOK     bool   // USER was answered +OK, so PASS makes sense
	userName   string // what USER said last
	introduced bool   // UTF8 and LANG were asked for, or not wanted, before the login
	exchange   bool   // between a SASL challenge and its response
	held       bool   // nothing is sent for now
	parted     bool   // QUIT was answered
	fatal      error  // why the session is over
	writeErr   error
	secrets    []string
	pieces     map[piece]struct{} // of the secrets

	ackAtOnce func() // nil where the system can't be told

	out     []byte            // admitted and not yet taken by the writer
	waiting queue             // not yet written
	wire    queue             // written, or about to be, and not answered in full
	spare   []*Pending[*Body] // handles that were recycled
	barrier bool              // nothing may be written until what is on the wire is answered
	line    estimate
	trust   trust
	deletes bool // a DELE was sent
	// refusedDele is true once one was refused.
	refusedDele bool
}

func newClient(conn net.Conn, opts Options) *Client {
	c := &Client{
		opts:       opts,
		token:      make(chan struct{}, 1),
		in:         newBuffer(),
		wake:       make(chan struct{}, 1),
		stop:       make(chan struct{}),
		writerDone: make(chan struct{}),
		conn:       conn,
	}
	for _, secret := range opts.Secrets {
		c.keepSecret(secret)
	}
	c.ackAtOnce = quickAck(netConn(conn))
	go c.write()
	return c
}

// Greeting returns the greeting's text behind +OK. It is the server's and not safe to print.
func (c *Client) Greeting() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.greeting
}

// Timestamp returns the greeting's msg-id with its angle brackets, for APOP (RFC 1939, section 7).
// It is "" where there is none, and where what stands in angle brackets is not an RFC 822 msg-id:
// a forged one can be used to find a password out (CVE-2007-1558).
func (c *Client) Timestamp() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.timestamp
}

// State returns the session's state as far as answers have been read.
func (c *Client) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// Err returns why the session is over, nil while it is not: [ErrClosed] after Close and after a QUIT
// that was answered, else the fault. What ended it may belong to no command's answer, as octets do
// that nobody asked for.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fatal
}

// TLS returns the TLS connection's state, and whether the connection is encrypted.
func (c *Client) TLS() (tls.ConnectionState, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t, ok := c.conn.(*tls.Conn); ok {
		return t.ConnectionState(), true
	}
	return tls.ConnectionState{}, false
}

// Capabilities returns the last capability list known. It is forgotten after STLS. After the login
// the earlier one stands until CAPA is asked again, and its State says so.
func (c *Client) Capabilities() Capabilities {
	c.mu.Lock()
	defer c.mu.Unlock()
	caps := c.caps
	caps.Lines = slices.Clone(caps.Lines)
	return caps
}

// SetCapabilities tells what CAPA answered in an earlier session, so that it need not be asked
// before the login. A list that the server gave in this session is not replaced. Being remembered,
// it serves to choose a mechanism and to pipeline; it says nothing about STLS that should be trusted.
func (c *Client) SetCapabilities(lines []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.caps.Asked && !c.caps.Remembered {
		return
	}
	c.know(Capabilities{Lines: slices.Clone(lines), State: c.state, Asked: true, Remembered: true})
	c.admit()
}

// know takes a capability list in. The mutex is held.
func (c *Client) know(caps Capabilities) {
	c.caps = caps
	c.several = caps.Pipelining()
}

// Close ends the connection. Without a QUIT before it the server deletes nothing. It waits for the
// client's goroutines. Closing twice does no harm. Its error is nil.
func (c *Client) Close() error {
	c.end(ErrClosed)
	c.mu.Lock()
	if c.watch != nil {
		c.watch.end() // or a context that lives on would keep the client in memory
	}
	c.mu.Unlock()
	<-c.writerDone
	c.closing.Wait()
	return nil
}

// end makes err the reason for every command that has no answer yet, and closes the connection.
// Only the first call counts.
func (c *Client) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endLocked(err)
}

func (c *Client) endLocked(err error) {
	if c.fatal != nil {
		return
	}
	var left *leftError
	if errors.As(err, &left) {
		err = &abandonedError{left.Error()}
	}
	conn := c.conn
	if !c.parted {
		// close_notify could block on a peer that does not read, and only one that answered QUIT is owed it.
		conn = netConn(conn)
	}
	c.fatal = err
	c.state = StateClosed
	clear(c.out)
	c.out = nil
	close(c.stop)
	c.closing.Go(func() { _ = conn.Close() })
}

// netConn is the connection below TLS.
func netConn(conn net.Conn) net.Conn {
	if t, ok := conn.(*tls.Conn); ok {
		return t.NetConn()
	}
	return conn
}

// write is the writer goroutine: it alone writes, so that a server which stops reading until its
// own answers are read cannot block the one who reads them.
func (c *Client) write() {
	defer close(c.writerDone)
	var buf []byte
	for {
		select {
		case <-c.wake:
		case <-c.stop:
			return
		}
		c.mu.Lock()
		buf, c.out = c.out, buf[:0]
		conn, alone := c.conn, c.wire.len() == 1
		c.mu.Unlock()
		if len(buf) == 0 {
			continue
		}
		_, err := conn.Write(buf)
		clear(buf) // it may have held a password
		if err != nil {
			// The server's last words may still be there to be read, so the reader ends the session.
			c.mu.Lock()
			c.writeErr = err
			c.mu.Unlock()
			return
		}
		if alone && c.ackAtOnce != nil {
			c.ackAtOnce()
		}
	}
}

// acquire takes the right to read. Its error is ctx's, or why the session is over.
func (c *Client) acquire(ctx context.Context) error {
	select {
	case c.token <- struct{}{}:
		return nil
	default:
	}
	select {
	case c.token <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.stop: // who has the right may be busy with something else for long
		return c.Err()
	}
}

func (c *Client) release() { <-c.token }

// unread is what to tell of an error of acquire.
func (c *Client) unread(command string, err error) error {
	if fatal := c.Err(); fatal != nil {
		return fmt.Errorf("%s has no answer: %w", command, fatal)
	}
	return &leftError{command, err}
}
