package pop3client

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
)

// maxCommandOctets is the longest command line, its CRLF included (RFC 2449, section 4). An initial
// response that does not fit is sent in a second step (RFC 5034, section 4).
const maxCommandOctets = 255

// maxChallenges is how many challenges a login may have; no mechanism needs more than three.
const maxChallenges = 8

// detailer is a mechanism to which the server can tell why it refuses before it does.
type detailer interface{ Detail() string }

// verifier is a mechanism in which the server has to prove itself.
type verifier interface{ Verified() bool }

// Auth logs in with a SASL mechanism (RFC 5034). It waits for the answer. It does not look at
// whether the line is encrypted: [Client.Login] does.
//
// The mechanism's initial response goes with the command where the line stays within 255 octets. An
// error of the mechanism cancels the exchange and is returned. A -ERR is a [*ServerError] and
// leaves the session where it was; every other error that comes once AUTH was sent, a
// context's end included, closes the connection.
func (c *Client) Auth(ctx context.Context, mechanism sasl.Client) error {
	name, initial, err := mechanism.Start()
	if err != nil {
		return fmt.Errorf("preparing %s: %w", name, err)
	}
	if name == "" || strings.Trim(name, mechanismOctets) != "" {
		return &StateError{Command: "AUTH", State: c.State(), Problem: "the mechanism's name is not one"}
	}
	if err := c.acquire(ctx); err != nil {
		return c.unread("AUTH "+name, err)
	}
	defer c.release()
	cmd := &command{
		verb: "AUTH", n: none, m: none, shape: shapeChallenge, barrier: true,
		raw: "AUTH " + name, label: "AUTH " + name,
	}
	cmd.shown = cmd.raw
	if initial != nil {
		encoded := c.encodeSecret(initial)
		if encoded == "" {
			encoded = "="
		}
		if line := cmd.raw + " " + encoded; len(line)+2 <= maxCommandOctets {
			cmd.raw, cmd.shown, initial = line, cmd.raw+" "+hidden, nil
		}
	}
	err = c.converse(ctx, mechanism, cmd, initial)
	var refused *ServerError
	var state *StateError
	switch {
	case err == nil:
		if v, ok := mechanism.(verifier); ok && !v.Verified() {
			c.end(ErrServerUnverified)
			return fmt.Errorf("AUTH %s: %w", name, ErrServerUnverified)
		}
		return nil
	case errors.As(err, &refused):
		refused.unbound = strings.HasSuffix(name, "-PLUS") && saysUnbound(refused.Text)
		if d, ok := mechanism.(detailer); ok && refused.Detail == "" {
			refused.unbound = refused.unbound || saysUnbound(d.Detail())
			refused.Detail = c.redact(d.Detail())
		}
	case !errors.As(err, &state):
		err = c.asLoginTimeout(ctx, err)
		c.end(err)
	}
	return err
}

const mechanismOctets = "-_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// converse sends the AUTH command and answers challenges until the server is done. The token is held.
func (c *Client) converse(ctx context.Context, mechanism sasl.Client, cmd *command, initial []byte) error {
	c.enqueue(cmd)
	var failed error // the mechanism's, for which the exchange is being cancelled
	for range maxChallenges {
		c.waitFrom = time.Now()
		err := c.pump(ctx, cmd)
		switch {
		case err != nil && failed != nil:
			var refused *ServerError
			if errors.As(err, &refused) {
				return failed
			}
			return fmt.Errorf("%w, and then %w", failed, err)
		case err != nil:
			return err
		case failed != nil: // it goes on with what was cancelled
			return fmt.Errorf("%w, and the server goes on with what was cancelled", failed)
		case !cmd.asked:
			return nil
		}
		challenge, err := base64.StdEncoding.DecodeString(cmd.text)
		if err != nil && cmd.label == "AUTH "+MechanismLogin {
			challenge, err = nil, nil // its prompts say nothing, and some servers write them in clear
		}
		var response []byte
		switch {
		case err != nil:
			failed = &ProtocolError{Command: cmd.label, Problem: "the challenge is not base64"}
		case initial != nil:
			response, initial = initial, nil
		default:
			response, failed = mechanism.Next(challenge)
			if errors.Is(failed, errChallenge) || errors.Is(failed, sasl.ErrUnexpectedServerChallenge) {
				failed = &ProtocolError{Command: cmd.label, Problem: errChallenge.Error()}
			}
		}
		next := &command{verb: "AUTH", n: none, m: none, shape: shapeChallenge, barrier: true, label: cmd.label, shown: hidden}
		if failed != nil {
			next.raw, next.shown = "*", "*"
		} else {
			next.raw = c.encodeSecret(response)
		}
		c.respond(next)
		cmd = next
	}
	return &ProtocolError{Command: cmd.label, Problem: "the server does not come to an end with its challenges"}
}

// respond sends a SASL response, ahead of every command that waits.
func (c *Client) respond(cmd *command) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fatal != nil {
		c.settle(cmd, c.reason(cmd))
		return
	}
	c.send(cmd)
}

// encodeSecret is base64, and makes sure that the result is hidden from now on.
func (c *Client) encodeSecret(data []byte) string {
	if len(data) == 0 {
		return ""
	}
	encoded := base64.StdEncoding.EncodeToString(data)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hide(encoded)
	return encoded
}
