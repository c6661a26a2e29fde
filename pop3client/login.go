package pop3client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-sasl"
)

// Which mechanisms MechanismAuto takes, the best first. Where the password itself may go over the
// line, CRAM-MD5 and APOP come last: many servers offer them to users who have no secret for them.
var (
	autoOverSafeLine = []string{
		MechanismSCRAMSHA256Plus, MechanismSCRAMSHA1Plus, MechanismSCRAMSHA256, MechanismSCRAMSHA1,
		MechanismPlain, MechanismLogin, MechanismUser, MechanismCRAMMD5, MechanismAPOP,
	}
	autoInClear = []string{MechanismSCRAMSHA256, MechanismSCRAMSHA1, MechanismCRAMMD5, MechanismAPOP}
)

// sendsPassword are the mechanisms in which whoever listens learns the password or the token.
var sendsPassword = []string{MechanismUser, MechanismPlain, MechanismLogin, MechanismXOAUTH2, MechanismOAuthBearer}

// Login logs in and returns the mechanism that did it. It makes one try: a refused password is not
// tried again with another mechanism, lest an account be locked.
//
// Credentials.Mechanism names the mechanism, or leaves the choice to the server's offer:
// where a password may go over the line (see [MayCarryPassword], Credentials.AllowPlaintext)
// SCRAM-SHA-256, SCRAM-SHA-1 (each bound to the TLS channel where the server can), PLAIN, LOGIN,
// USER, CRAM-MD5, APOP, and elsewhere the first two, CRAM-MD5 and APOP only. It goes to the next of
// them only where the server says that it does not know the mechanism, or neither kind of channel binding. XOAUTH2, OAUTHBEARER and
// EXTERNAL are used by name only.
//
// USER is not sent again where [Client.User] was answered +OK for the same name just before. CAPA is asked first where the choice needs it and it is not known. Errors: [*ServerError] for a
// refusal, [ErrPlaintextRefused] and [ErrNoMechanism] where nothing could be sent, and the line's.
// A wait that its context or Options.LoginTimeout ended (a [*TimeoutError] then) closes the connection.
func (c *Client) Login(ctx context.Context, cr Credentials) (mechanism string, err error) {
	if limit := c.opts.LoginTimeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, errLoginTimeout)
		defer cancel()
	}
	mechanism, err = c.login(ctx, cr)
	var left *leftError
	if errors.As(err, &left) {
		err = c.asLoginTimeout(ctx, err)
		c.end(err) // half a login cannot be taken up again
	}
	if err != nil {
		return "", err
	}
	return mechanism, nil
}

var errLoginTimeout = errors.New("the login takes too long")

// asLoginTimeout is what to tell of a wait that Options.LoginTimeout ended.
func (c *Client) asLoginTimeout(ctx context.Context, err error) error {
	var left *leftError
	if errors.As(err, &left) && errors.Is(context.Cause(ctx), errLoginTimeout) {
		return &TimeoutError{Command: left.command, Step: "the login", After: c.opts.LoginTimeout}
	}
	return err
}

func (c *Client) login(ctx context.Context, cr Credentials) (string, error) {
	if problem := badCredentials(cr); problem != "" {
		return "", &StateError{Command: "the login", State: c.State(), Problem: problem}
	}
	name := strings.ToUpper(cr.Mechanism)
	safe := cr.AllowPlaintext || c.MayCarryPassword()
	if name != "" && name != MechanismAuto {
		if !safe && slices.Contains(sendsPassword, name) {
			return "", fmt.Errorf("logging in with %s: %w", name, ErrPlaintextRefused)
		}
		if caps := c.Capabilities(); isSASL(name) && len(caps.SASL()) > 0 && !caps.HasSASL(name) {
			// One that is not known is refused like a password by some, and after a pause.
			return "", fmt.Errorf("%w: the server offers %s", ErrNoMechanism, c.offered())
		}
		return name, noMechanism(c.try(ctx, name, cr))
	}
	if !c.Capabilities().Asked {
		if _, err := c.Capa().Wait(ctx); err != nil && !isRefusal(err) {
			return "", err
		}
	}
	return c.choose(ctx, cr, safe)
}

// FirstMechanism is what Login would try first, with what is known of the server's offer: a
// Mechanism… name, or "" where it would end with an error or ask CAPA. Nothing is sent.
func (c *Client) FirstMechanism(cr Credentials) string {
	safe := cr.AllowPlaintext || c.MayCarryPassword()
	name := strings.ToUpper(cr.Mechanism)
	switch {
	case badCredentials(cr) != "" || !safe && slices.Contains(sendsPassword, name):
		return ""
	case name != "" && name != MechanismAuto:
		return name
	case !c.Capabilities().Asked:
		return ""
	}
	for _, name := range order(safe) {
		if c.offers(name) {
			return name
		}
	}
	return ""
}

// order is what MechanismAuto takes, the best first.
func order(safe bool) []string {
	if safe {
		return autoOverSafeLine
	}
	return autoInClear
}

// named reports whether USER was answered +OK for a name, so that PASS comes next.
func (c *Client) named(user string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.userOK && c.userName == user && c.waiting.len() == 0 && c.wire.len() == 0
}

// choose tries what both sides have, the best first, until the server knows one.
func (c *Client) choose(ctx context.Context, cr Credentials, safe bool) (string, error) {
	var last error
	for _, name := range order(safe) {
		if !c.offers(name) {
			continue
		}
		err := c.try(ctx, name, cr)
		if err == nil {
			return name, nil
		}
		var refused *ServerError
		var unfit *unfitError
		switch {
		case errors.As(err, &refused) && (refused.UnknownMechanism() || refused.unbound):
		case errors.As(err, &unfit):
		default:
			return "", err
		}
		last = err
	}
	if !safe && (c.offers(MechanismPlain) || c.offers(MechanismLogin) || c.offers(MechanismUser)) {
		return "", fmt.Errorf("logging in with a password: %w", ErrPlaintextRefused)
	}
	if last != nil {
		return "", noMechanism(last)
	}
	return "", fmt.Errorf("%w: the server offers %s", ErrNoMechanism, c.offered())
}

// noMechanism adds ErrNoMechanism where the server does not know what was tried.
func noMechanism(err error) error {
	var refused *ServerError
	if errors.As(err, &refused) && (refused.UnknownMechanism() || refused.unbound) {
		return fmt.Errorf("%w: %w", ErrNoMechanism, err)
	}
	return err
}

// isSASL reports whether a mechanism goes over AUTH.
func isSASL(name string) bool { return name != MechanismUser && name != MechanismAPOP }

func isRefusal(err error) bool {
	var refused *ServerError
	return errors.As(err, &refused)
}

// offers reports whether the server says that it has a mechanism, or may have it.
func (c *Client) offers(name string) bool {
	caps := c.Capabilities()
	switch name {
	case MechanismUser:
		// Not every list that lacks USER means that it is missing.
		return caps.User() || len(caps.SASL()) == 0
	case MechanismAPOP:
		return c.Timestamp() != ""
	case MechanismSCRAMSHA1Plus, MechanismSCRAMSHA256Plus:
		_, encrypted := c.TLS()
		return encrypted && caps.HasSASL(name)
	}
	return caps.HasSASL(name)
}

// offered names what the server offers.
func (c *Client) offered() string {
	caps := c.Capabilities()
	names := caps.SASL()
	if caps.User() {
		names = append(names, MechanismUser)
	}
	if c.Timestamp() != "" {
		names = append(names, MechanismAPOP)
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// unfitError is a mechanism that this password or this connection cannot be used with. Nothing was sent.
type unfitError struct{ err error }

func (e *unfitError) Error() string { return e.err.Error() }
func (e *unfitError) Unwrap() error { return e.err }

// try logs in with one mechanism.
func (c *Client) try(ctx context.Context, name string, cr Credentials) error {
	c.keepSecret(cr.Password)
	c.international(cr)
	switch name {
	case MechanismUser:
		if !c.named(cr.User) {
			if _, err := c.User(cr.User).Wait(ctx); err != nil {
				return err
			}
		}
		_, err := c.Pass(cr.Password).Wait(ctx)
		return err
	case MechanismAPOP:
		if c.Timestamp() == "" {
			return fmt.Errorf("%w: the greeting has no timestamp for APOP that can be used", ErrNoMechanism)
		}
		_, err := c.Apop(cr.User, cr.Password).Wait(ctx)
		return err
	}
	mechanism, err := c.mechanism(name, cr, bindToChannel)
	if err != nil {
		return err
	}
	err = c.Auth(ctx, mechanism)
	if !unbound(err) {
		return err
	}
	other, unfit := c.mechanism(name, cr, bindOtherwise)
	if unfit != nil {
		return err
	}
	return c.Auth(ctx, other)
}

// unbound reports whether the server refused a -PLUS form for its kind of channel binding.
func unbound(err error) bool {
	var refused *ServerError
	return errors.As(err, &refused) && refused.unbound
}

// international asks, before the first mechanism is tried, for UTF-8 and for a language where
// the server offers them (RFC 6856). The answers are read with the login's: that one is refused
// changes nothing.
func (c *Client) international(cr Credentials) {
	c.mu.Lock()
	first := !c.introduced
	c.introduced = true
	c.mu.Unlock()
	if !first {
		return
	}
	caps := c.Capabilities()
	if cr.UTF8 && caps.UTF8() {
		c.Utf8()
	}
	if cr.Language != "" && caps.LANG() {
		c.Lang(cr.Language)
	}
}

// mechanism makes the SASL mechanism of a name; plus is how a -PLUS form binds the channel.
func (c *Client) mechanism(name string, cr Credentials, plus binding) (sasl.Client, error) {
	switch name {
	case MechanismPlain:
		return newPlain(cr), nil
	case MechanismLogin:
		return &loginMechanism{answers: []string{cr.User, cr.Password}}, nil
	case MechanismCRAMMD5:
		return &cramMechanism{user: cr.User, password: cr.Password}, nil
	case MechanismXOAUTH2:
		return &xoauth2Mechanism{user: cr.User, token: cr.Password}, nil
	case MechanismOAuthBearer:
		return newBearer(cr), nil
	case MechanismExternal:
		return newExternal(cr), nil
	case MechanismSCRAMSHA1, MechanismSCRAMSHA256, MechanismSCRAMSHA1Plus, MechanismSCRAMSHA256Plus:
		state, encrypted := c.TLS()
		bind := bindNothing
		caps := c.Capabilities()
		switch bound := strings.HasSuffix(name, "-PLUS"); {
		case bound && !encrypted:
			return nil, &unfitError{fmt.Errorf("%s needs TLS: %w", name, ErrNoMechanism)}
		case bound:
			bind = plus
		case encrypted && caps.Asked && !caps.Remembered && !caps.HasSASL(name+"-PLUS"):
			bind = bindOffered
		}
		m, err := newSCRAM(name, cr, bind, state, c.opts.Limits)
		if err != nil {
			return nil, &unfitError{err}
		}
		return m, nil
	}
	return nil, fmt.Errorf("%w: %q is not known here", ErrNoMechanism, name)
}

// badCredentials says what in the credentials cannot be sent by any mechanism, or would be read by
// the server as more than one thing, or "".
func badCredentials(cr Credentials) string {
	problem := badName(cr.User)
	switch {
	case cr.User == "" && strings.EqualFold(cr.Mechanism, MechanismExternal):
	case problem != "":
		return problem
	}
	token := strings.EqualFold(cr.Mechanism, MechanismXOAUTH2) || strings.EqualFold(cr.Mechanism, MechanismOAuthBearer)
	switch {
	case hasControl(cr.Identity):
		return "the identity holds a control character"
	case token && hasControl(cr.Password):
		return "the token holds a control character"
	case token && hasControl(cr.Host):
		return "the host's name holds a control character"
	case strings.ContainsAny(cr.Password, "\r\n\x00"):
		return "the password holds a line end or a NUL"
	}
	return ""
}
