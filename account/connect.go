package account

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"popmark/pop3client"
)

// The pauses of Settings.Wait.
const (
	firstPause = time.Second
	maxPause   = time.Minute
)

// Hints are what an earlier session with the same server taught.
type Hints struct {
	// Capabilities are what Login.Capabilities gave: CAPA's lines before the login on the
	// line as it was then encrypted, with STLS among them where that is how it was. nil:
	// not known. They save one or two round trips.
	Capabilities []string
	// NoPipelining asks for one command at a time: the server advertises what it does not do.
	NoPipelining bool
}

// Login tells how a connection was made, or what was learnt of the server before it was refused.
type Login struct {
	Mechanism    string   // what logged in, such as "SCRAM-SHA-256"
	STLS         bool     // the server offers STLS before the login
	Capabilities []string // what Hints want to know; nil where CAPA was refused
}

// Connect dials, encrypts as the account asks, and logs in. One login is tried, with
// one mechanism; only a mailbox that is locked or a login that came too soon is tried
// again, for as long as Settings.Wait says, and an access token that is refused when it
// was used before, once, where its command gives another by now. The client that is returned is in the
// transaction state and the caller's to close.
//
// Errors are an [*Error], or the context's own.
func (a *Account) Connect(ctx context.Context, hints Hints) (*pop3client.Client, Login, error) {
	deadline := time.Now().Add(a.settings.Wait)
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		known := a.known(ctx)
		c, login, delay, err := a.tryFresh(ctx, &hints)
		if known != "" && loginRefused(err) && a.forget(ctx, known) && a.tokens() {
			// An access token expires, and no account is locked for one that has.
			if fresh, perr := a.Password(ctx); perr == nil && fresh != known {
				c, login, delay, err = a.tryFresh(ctx, &hints)
			}
		}
		if loginRefused(err) {
			a.forget(ctx, a.known(ctx))
		}
		if err == nil || !tryLater(err) {
			return c, login, err
		}
		wait := pause
		if delay > wait {
			wait = delay
		}
		left := time.Until(deadline)
		if left <= 0 || delay > left {
			return nil, Login{}, err
		}
		wait = min(wait, left)
		if a.settings.Waiting != nil {
			a.settings.Waiting(Wait{Err: err, Pause: wait, Left: left - wait})
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, Login{}, ctx.Err()
		}
	}
}

// errStale ends a session in which what was remembered of the server proved wrong. No password was
// refused in it, and none left over a line on which it might have been read.
var errStale = errors.New("the server offers something else than before")

// tryLater says whether the server itself asks to come back: never after a refused password.
func tryLater(err error) bool {
	var refusal *pop3client.ServerError
	return errors.As(err, &refusal) && refusal.Kind() == pop3client.KindTryLater
}

// loginRefused says whether the server looked at the password or the token and did not take it.
func loginRefused(err error) bool {
	var refusal *pop3client.ServerError
	return errors.As(err, &refusal) && refusal.Kind() == pop3client.KindRefused
}

// needsTLS says whether the server takes no password on a line that is not encrypted.
func needsTLS(err error) bool {
	var refusal *pop3client.ServerError
	return errors.As(err, &refusal) && refusal.NeedsTLS()
}

// tokens says whether an access token is what is logged in with.
func (a *Account) tokens() bool {
	switch strings.ToUpper(a.auth()) {
	case pop3client.MechanismXOAUTH2, pop3client.MechanismOAuthBearer:
		return true
	}
	return false
}

// tryFresh is try, and once more where what was remembered may not be true any more and no password
// was refused.
func (a *Account) tryFresh(ctx context.Context, hints *Hints) (c *pop3client.Client, login Login, delay time.Duration, err error) {
	c, login, delay, err = a.try(ctx, *hints)
	if hints.Capabilities != nil && (errors.Is(err, errStale) || errors.Is(err, pop3client.ErrNoMechanism)) {
		hints.Capabilities = nil
		return a.try(ctx, *hints)
	}
	return c, login, delay, err
}

// try connects once. delay is the pause that the server wants between logins, where
// that is why it refused.
func (a *Account) try(ctx context.Context, hints Hints) (c *pop3client.Client, login Login, delay time.Duration, err error) {
	credentials := pop3client.Credentials{
		User:           a.target.User,
		Mechanism:      strings.ToUpper(a.auth()),
		AllowPlaintext: a.settings.AllowPlaintext,
		Host:           a.target.Host,
		UTF8:           true,
		Language:       a.settings.Language,
	}
	// Before connecting: nobody's server waits while somebody types.
	if credentials.Mechanism != pop3client.MechanismExternal {
		if credentials.Password, err = a.Password(ctx); err != nil {
			return nil, Login{}, 0, err
		}
	}
	c, err = a.dial(ctx, hints, credentials.Password)
	if err != nil {
		return nil, Login{}, 0, err
	}
	defer func() {
		if err != nil {
			_ = c.Close() // the error that ended the login says more
			c = nil
		}
	}()
	offered, err := a.prepare(ctx, c, hints, credentials)
	login.STLS = offered.stls
	if err != nil {
		return c, login, 0, err
	}
	if _, port, err := net.SplitHostPort(a.address()); err == nil {
		credentials.Port, _ = strconv.Atoi(port) // our own address: its port is a number
	}
	login.Capabilities = toRemember(c.Capabilities(), login.STLS)
	login.Mechanism, err = c.Login(ctx, credentials)
	if offered.now != nil {
		err = a.compare(ctx, offered.now, &login, err)
	}
	if err != nil {
		var refusal *pop3client.ServerError
		if errors.As(err, &refusal) && refusal.Code == "LOGIN-DELAY" {
			delay, _ = c.Capabilities().LoginDelay()
		}
		return c, login, delay, a.loginError(err)
	}
	return c, login, 0, nil
}

// prepare is encrypt within the time that a whole login may take: a server that goes on and on
// with what it offers never comes to it.
func (a *Account) prepare(ctx context.Context, c *pop3client.Client, hints Hints, cr pop3client.Credentials) (offer, error) {
	limit := cmp.Or(a.options.LoginTimeout, pop3client.DefaultLoginTimeout)
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	offered, err := a.encrypt(limited, c, hints, cr)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		err = a.askError(&pop3client.TimeoutError{Command: "CAPA", Step: "the login", After: limit})
	}
	return offered, err
}

func (a *Account) address() string {
	_, addr := a.target.address(a.mode == implicit)
	return addr
}

func (a *Account) dial(ctx context.Context, hints Hints, password string) (*pop3client.Client, error) {
	options := a.options
	options.Secrets = []string{password} // an earlier session may have told the server, which may tell it again
	if hints.NoPipelining {
		options.Pipelining = pop3client.PipeliningNever
	}
	network, addr := a.target.address(a.mode == implicit)
	dial := pop3client.Dial
	if a.mode == implicit {
		dial = pop3client.DialTLS
	}
	c, err := dial(ctx, network, addr, &options)
	if err == nil {
		return c, nil
	}
	e := &Error{Doing: "connecting to " + printable(addr), Err: plain(err)}
	if e.Next = explainTLS(err); e.Next != "" {
		e.Kind = Unavailable
	} else if TunnelEnded(err) {
		e.Kind, e.Next = Unavailable, "see that the command of --tunnel works by itself"
	} else if silent, ok := errors.AsType[*pop3client.TimeoutError](err); ok && silent.Step == "" && a.mode != implicit {
		e.Next = "write pop3s:// if the port is one for TLS from the first octet; else try again later"
		switch {
		case a.target.Scheme == POP3Unix: // which has no TLS from the first octet
			e.Next = ""
		case a.settings.Tunnel != "":
			e.Next = "write pop3s:// if TLS begins with the first octet there; else " + a.Unreachable()
		}
	}
	return nil, e
}

// offer is what is known of what a server offers before its login.
type offer struct {
	stls bool
	// now is not nil where the login goes by what was remembered and CAPA was asked with it.
	now *pop3client.Pending[pop3client.Capabilities]
}

// encrypt does what --tls asks on a connection that began in clear, and says what
// the server offers. It never goes on in clear after an STLS that was refused or
// that failed. What the server offers before the login is known afterwards, unless
// nothing depends on it.
//
// In clear, where encrypting is not ruled out and somebody might listen, a remembered list is not
// believed: it would decide whether to encrypt.
func (a *Account) encrypt(ctx context.Context, c *pop3client.Client, hints Hints, cr pop3client.Credentials) (offer, error) {
	remembered := pop3client.Capabilities{Lines: hints.Capabilities}
	switch a.mode {
	case implicit:
		// One with STLS in it was learnt on another port.
		if hints.Capabilities != nil && !remembered.STLS() {
			c.SetCapabilities(hints.Capabilities)
			return offer{}, nil
		}
		return offer{}, a.askCapabilities(ctx, c)
	case never:
		// Whoever could change what the server says now can't have changed what it said then.
		if hints.Capabilities != nil {
			c.SetCapabilities(hints.Capabilities)
			return offer{stls: remembered.STLS()}, nil
		}
		err := a.askCapabilities(ctx, c)
		return offer{stls: c.Capabilities().STLS()}, err
	}
	// That the server once offered STLS is reason enough to ask for it at once: one that
	// has lost it since is refused below. That it once did not is no reason to stay in clear.
	switch first := a.firstAtOnce(c, hints, cr); {
	case remembered.STLS():
		c.SetCapabilities(hints.Capabilities)
	case first == pop3client.MechanismUser && !remembered.UTF8() && !remembered.LANG():
		// The password waits for what CAPA says now.
		if err := a.nameUser(ctx, c, cr); err != nil {
			return offer{}, err
		}
	case first != "" && c.MayCarryPassword():
		// Nobody listens between here and the server: whether to encrypt can be decided behind the login.
		return offer{now: c.Capa()}, nil
	default:
		if err := a.askCapabilities(ctx, c); err != nil {
			return offer{}, err
		}
	}
	if !c.Capabilities().STLS() {
		if option := a.demandsTLS(); option != "" {
			return offer{}, &Error{
				Kind: Unavailable, Doing: "encrypting the connection to " + printable(a.address()), Err: ErrNoSTLS,
				Next: "try pop3s://, or leave " + option + " out if a connection in clear will do",
			}
		}
		return offer{}, nil
	}
	if err := c.StartTLS(ctx); err != nil {
		if ctx.Err() != nil {
			return offer{stls: true}, ctx.Err()
		}
		next := explainTLS(err)
		if next == "" {
			next = "try pop3s://, or --tls none if a connection in clear will do"
		}
		return offer{stls: true}, &Error{Kind: Unavailable, Doing: "encrypting the connection to " + printable(a.address()), Err: plain(err), Next: next}
	}
	if remembered.STLS() {
		c.SetCapabilities(hints.Capabilities)
		return offer{stls: true}, nil
	}
	return offer{stls: true}, a.askCapabilities(ctx, c)
}

// firstAtOnce is the mechanism that a login begins with, where what was remembered allows for its going
// in one flight with CAPA, for which CAPA then costs no round trip; else "".
func (a *Account) firstAtOnce(c *pop3client.Client, hints Hints, cr pop3client.Credentials) string {
	if hints.Capabilities == nil || hints.NoPipelining || a.demandsTLS() != "" {
		return ""
	}
	c.SetCapabilities(hints.Capabilities)
	if !c.Capabilities().Pipelining() {
		return ""
	}
	return c.FirstMechanism(cr)
}

// compare takes in what the server offers now, where the login went by what was remembered, whether or not
// that was refused, and gives how the login ended. Where STLS is offered by now the next session has it:
// to leave this one for it would be a second login, for which a server may make people wait.
func (a *Account) compare(ctx context.Context, now *pop3client.Pending[pop3client.Capabilities], login *Login, err error) error {
	caps, capaErr := now.Wait(ctx)
	login.STLS, login.Capabilities = caps.STLS(), toRemember(caps, false)
	switch {
	case err != nil && needsTLS(err) && login.STLS:
		return errStale
	case err == nil && capaErr != nil && !isRefusal(capaErr):
		return a.askError(capaErr)
	}
	return err
}

// nameUser asks CAPA and sends USER with it. A server that offers STLS now, or what comes before USER,
// or something better than a password in USER's way, is begun with anew: many take nothing but PASS
// behind USER.
func (a *Account) nameUser(ctx context.Context, c *pop3client.Client, cr pop3client.Credentials) error {
	capa, user := c.Capa(), c.User(cr.User)
	if _, err := capa.Wait(ctx); err != nil && !isRefusal(err) {
		return a.askError(err)
	}
	if now := c.Capabilities(); now.STLS() || now.UTF8() || now.LANG() || c.FirstMechanism(cr) != pop3client.MechanismUser {
		return errStale
	}
	_, err := user.Wait(ctx)
	if refusal, ok := errors.AsType[*pop3client.ServerError](err); err == nil || ok && refusal.UnknownMechanism() {
		return nil
	}
	return a.loginError(err)
}

// demandsTLS names the option for which a connection that began in clear may not stay so, or is "".
// Whoever says which certificate the server has to show, or shows one, wants no server without any.
func (a *Account) demandsTLS() string {
	switch {
	case a.mode == required:
		return "--tls starttls"
	case a.mode != opportunistic:
		return ""
	case a.settings.TLSFingerprint != "":
		return "--tls-fingerprint"
	case a.settings.TLSCA != "":
		return "--tls-ca"
	case a.settings.TLSCert != "":
		return "--tls-cert"
	}
	return ""
}

// askCapabilities asks CAPA. A server that does not know it offers nothing, which is no error.
func (a *Account) askCapabilities(ctx context.Context, c *pop3client.Client) error {
	if _, err := c.Capa().Wait(ctx); err != nil && !isRefusal(err) {
		return a.askError(err)
	}
	return nil
}

func (a *Account) askError(err error) error {
	return &Error{Doing: "asking " + printable(a.address()) + " what it offers", Err: err}
}

// toRemember is what Hints want to know of the server the next time.
func toRemember(c pop3client.Capabilities, stls bool) []string {
	if !c.Asked || len(c.Lines) == 0 {
		return nil
	}
	if stls && !c.STLS() {
		return append(slices.Clone(c.Lines), "STLS")
	}
	return c.Lines
}

func isRefusal(err error) bool {
	var refusal *pop3client.ServerError
	return errors.As(err, &refusal)
}

func (a *Account) loginError(err error) error {
	doing := "logging in to " + printable(a.target.Name())
	switch {
	case errors.Is(err, pop3client.ErrPlaintextRefused):
		return &Error{
			Kind: Configuration, Doing: doing, Err: err,
			Next: "use pop3s:// or --tls starttls, or give --allow-plaintext if the password may be read on the way",
		}
	case needsTLS(err):
		return &Error{
			Kind: Unavailable, Doing: doing, Err: err,
			Next: "the server wants an encrypted line: use pop3s:// or --tls starttls; no password was judged",
		}
	case errors.Is(err, pop3client.ErrNoMechanism):
		return &Error{
			Kind: Unavailable, Doing: doing, Err: err,
			Next: "see what popmark check shows of the server, and name a mechanism with --auth",
		}
	case errors.As(err, new(*pop3client.TimeoutError)):
		return &Error{
			Kind: Unavailable, Doing: doing, Err: err,
			Next: "run the same command again, with a longer --timeout if the server is only slow; --transcript FILE shows where it falls silent",
		}
	case errors.As(err, new(*pop3client.StateError)):
		// A password was looked at before, so it is the user name or a token.
		return &Error{Kind: Usage, Doing: doing, Err: err, Next: "write another user name, or the token without what it should not hold"}
	}
	return &Error{Doing: doing, Err: err}
}
