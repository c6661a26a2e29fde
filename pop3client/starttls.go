package pop3client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"
)

// StartTLS sends STLS (RFC 2595) and changes the connection to TLS. It belongs before the login. What
// was known of the capabilities is forgotten, since it was told in clear: ask with Capa again.
//
// A -ERR leaves the session as it was, in clear: whether it may go on so is for the caller to
// decide, and mostly it may not. Every other error that comes once STLS waits to be sent, a context's end
// included, closes the connection, unless STLS does not belong here.
func (c *Client) StartTLS(ctx context.Context) error {
	if err := c.acquire(ctx); err != nil {
		return c.unread("STLS", err)
	}
	defer c.release()
	if _, on := c.TLS(); on {
		return fmt.Errorf("%w: the connection is encrypted already", ErrNoTLS)
	}
	cmd := &command{verb: "STLS", n: none, m: none, barrier: true}
	c.enqueue(cmd)
	c.waitFrom = time.Now()
	if err := c.pump(ctx, cmd); err != nil {
		var refused *ServerError
		var state *StateError
		switch {
		case errors.As(err, &refused):
			c.unfollowed(cmd)
		case !errors.As(err, &state):
			c.end(err)
		}
		return err
	}
	if len(c.in.bytes()) > 0 {
		c.end(ErrInjection)
		return fmt.Errorf("STLS: %w", ErrInjection)
	}
	c.unwatch() // the handshake has deadlines of its own
	conn := c.conn
	_ = conn.SetReadDeadline(time.Time{})
	limited, cancel := withTimeout(ctx, c.opts.ConnectTimeout)
	defer cancel()
	secured, err := handshake(ctx, limited, conn, &c.opts, c.serverName)
	if errors.As(err, new(tls.RecordHeaderError)) {
		err = fmt.Errorf("STLS: %w", ErrInjection) // they came late, but no handshake looks like this
		c.end(err)
		return err
	}
	if err != nil {
		err = fmt.Errorf("changing to TLS after STLS: %w", err)
		c.end(err)
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fatal != nil {
		return c.reason(cmd)
	}
	c.conn = secured
	c.exchange = false
	c.admit()
	return nil
}

// unfollowed ends the session where octets stand behind a refused STLS: nothing was asked behind it, and
// the next command must not have them for its answer.
func (c *Client) unfollowed(cmd *command) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.in.blank() {
		c.outOfTurn(cmd)
	}
}
