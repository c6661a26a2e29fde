package account

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"strings"

	"popmark/pop3client"
)

// Account is a mailbox and the way to it. It may be used by many goroutines.
type Account struct {
	target   Target
	settings Settings
	mode     tlsMode
	options  pop3client.Options

	passwordLock chan struct{} // held while the password is looked for
	password     string        // "" until it is known; guarded by passwordLock
}

// tlsMode is what the TARGET's scheme and --tls come to.
type tlsMode uint8

const (
	opportunistic tlsMode = iota // STLS where the server offers it
	implicit                     // TLS from the first octet
	required                     // STLS or nothing
	never                        // in clear
)

// New checks what is asked for and makes an Account of it. Nothing is connected and no
// password looked for. An error is an [*Error] of kind [Usage] where options
// contradict each other, of kind [Configuration] where a file can't be used.
func New(t Target, s Settings) (*Account, error) {
	a := &Account{target: t, settings: s, passwordLock: make(chan struct{}, 1)}
	if t.User == "" {
		return nil, usageError("reading the TARGET", targetForm, "it names no user")
	}
	var err error
	if a.mode, err = modeOf(t, s.TLS); err != nil {
		return nil, err
	}
	if s.Auth != "" && !ValidAuth(s.Auth) {
		return nil, usageError("reading --auth", "write one of "+strings.Join(AuthModes(), ", "), "%s is not known", quote(s.Auth))
	}
	for _, d := range []struct {
		option string
		value  int64
	}{{"--timeout", int64(s.Timeout)}, {"--wait", int64(s.Wait)}} {
		if d.value < 0 {
			return nil, usageError("reading "+d.option, "write a duration such as 90s or 5m", "it is negative")
		}
	}
	config, err := tlsConfig(t, s)
	if err != nil {
		return nil, err
	}
	dialer, err := dialerOf(t, s, a.address())
	if err != nil {
		return nil, err
	}
	a.options = pop3client.Options{
		TLSConfig:      config,
		Dialer:         dialer,
		AnswerTimeout:  s.Timeout,
		ConnectTimeout: s.Timeout,
	}
	if s.Timeout > pop3client.DefaultLoginTimeout/2 {
		// Who waits longer for an answer waits longer for a login, which is several.
		a.options.LoginTimeout = 2 * min(s.Timeout, math.MaxInt64/2)
	}
	if s.Transcript != nil || s.Dialogue != nil {
		a.options.Transcript = pop3client.NewTranscript(s.Transcript, s.Dialogue)
	}
	if s.NoPipeline {
		a.options.Pipelining = pop3client.PipeliningNever
	}
	return a, nil
}

// Target is what the account was made from.
func (a *Account) Target() Target { return a.target }

// Local says whether the way to the server is known not to leave this machine: a unix
// socket or a loopback address.
func (a *Account) Local() bool {
	if a.settings.Tunnel != "" || a.settings.Proxy != "" {
		return false
	}
	addr, err := netip.ParseAddr(a.target.Host)
	return a.target.Scheme == POP3Unix || a.target.Host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}

// Unreachable says what to look at where the server can't be reached or the line to it broke.
func (a *Account) Unreachable() string {
	switch {
	case a.target.Scheme == POP3Unix:
		return "see that the socket's path is right and that a server listens at it"
	case a.settings.Tunnel != "":
		return "see that the command of --tunnel reaches a POP3 server by itself"
	case a.settings.Proxy != "":
		return "see that the proxy, the host and the port are right and the line is up"
	}
	return "see that the host and the port are right and the line is up"
}

func modeOf(t Target, option string) (tlsMode, error) {
	switch option {
	case TLSAuto, "":
		switch t.Scheme {
		case POP3S:
			return implicit, nil
		case POP3Unix:
			return never, nil // the line never leaves this machine
		default:
			return opportunistic, nil
		}
	case TLSImplicit:
		return implicit, nil
	case TLSStartTLS, TLSNone:
		if t.Scheme == POP3S {
			return 0, usageError("reading --tls", "write pop3:// for a connection that begins in clear", "pop3s:// means TLS from the first octet, which --tls %s contradicts", option)
		}
		if option == TLSNone {
			return never, nil
		}
		return required, nil
	default:
		return 0, usageError("reading --tls", "write one of "+strings.Join(TLSModes(), ", "), "%s is not known", quote(option))
	}
}

// auth is the mechanism to log in with: what was asked for, else what the URL asks for.
func (a *Account) auth() string {
	if m := a.settings.Auth; m != "" && m != AuthAuto {
		return m
	}
	if a.target.Auth != "" {
		return a.target.Auth
	}
	return AuthAuto
}

// explainTLS adds to a failed handshake what its owner can do about it.
func explainTLS(err error) string {
	var (
		unverified *tls.CertificateVerificationError
		record     tls.RecordHeaderError
		pin        *pinError
	)
	switch {
	case errors.Is(err, pop3client.ErrInjection):
		return "somebody on the way may be speaking for the server: try pop3s://, or another network"
	case errors.As(err, &pin):
		return "if the server's certificate was renewed, give the new fingerprint with --tls-fingerprint"
	case errors.As(err, &unverified):
		next := explainCertificate(unverified.Err)
		if len(unverified.UnverifiedCertificates) > 0 {
			next += fmt.Sprintf(", or trust this very certificate with --tls-fingerprint %s if its owner tells you the same", fingerprint(unverified.UnverifiedCertificates[0].Raw))
		}
		return next
	case errors.As(err, &record):
		return "the port may be one that begins in clear, write pop3:// then"
	case wantsCertificate(err):
		return "the server asks who you are: name your certificate with --tls-cert FILE, and its key with --tls-key FILE"
	}
	return ""
}

// wantsCertificate tells whether a server has ended a handshake for want of a client's certificate. In TLS 1.3 that comes
// in the greeting's place. No type tells of the alert.
func wantsCertificate(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "remote error" && strings.HasSuffix(op.Err.Error(), "certificate required")
}

// explainCertificate says what helps where a certificate is not trusted. Whoever signed one that is
// past its time or for another host, it stays so.
func explainCertificate(err error) string {
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, new(x509.HostnameError)):
		return "write the host that the certificate is for"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "see that this machine's clock is right, and ask the server's owner to renew it"
	}
	return "name the authority that signed it with --tls-ca FILE"
}
