package pop3server

import (
	"crypto/tls"
	"strings"
	"time"
)

// An Option sets up a [Server].
type Option func(*Server)

// WithUser lets somebody log in with a password.
func WithUser(name, password string, m Maildrop) Option {
	return WithAccount(name, User{Password: password, Maildrop: m})
}

// WithAccount is WithUser with all that a user can have.
func WithAccount(name string, u User) Option {
	if u.Maildrop == nil {
		u.Maildrop = NewMemory()
	}
	return func(s *Server) { s.users[name] = u }
}

// WithTLS offers STLS, and makes [Server.ListenTLS] possible. Ask for client
// certificates in the configuration to have EXTERNAL.
func WithTLS(config *tls.Config) Option {
	return func(s *Server) { s.tlsConfig = config }
}

// WithGreeting sets the greeting's text behind "+OK"; APOP's timestamp is
// looked for in it. "{timestamp}" is replaced with one made for the session.
func WithGreeting(text string) Option {
	return func(s *Server) { s.greeting = &text }
}

// Without takes commands and capabilities away, by their names in CAPA's
// answer or their verbs: "CAPA", "UIDL", "TOP", "STLS", "USER", "APOP", "SASL",
// "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE", "UTF8", "LANG" and so on.
// Such a command gets -ERR, and CAPA does not name it. Without PIPELINING the
// server still answers what comes early; without RESP-CODES errors have none.
func Without(names ...string) Option {
	return func(s *Server) {
		for _, n := range names {
			s.without[strings.ToUpper(n)] = true
		}
	}
}

// WithCapabilities lets rewrite change the lines that CAPA answers in a phase,
// without changing what the server can do.
func WithCapabilities(rewrite func(p Phase, lines []string) []string) Option {
	return func(s *Server) { s.capabilities = rewrite }
}

// LowerCase is for [WithCapabilities]: capabilities in lower case.
func LowerCase(_ Phase, lines []string) []string {
	for i := range lines {
		lines[i] = strings.ToLower(lines[i])
	}
	return lines
}

// WithMechanisms names the SASL mechanisms to offer, in this order. The default
// is all there are.
func WithMechanisms(names ...string) Option {
	return func(s *Server) { s.mechanisms = names }
}

// WithIterations sets SCRAM's iteration count, 4096 by default.
func WithIterations(n int) Option {
	return func(s *Server) { s.iterations = n }
}

// WithNonce replaces the source of APOP timestamps, CRAM-MD5 challenges and
// SCRAM nonces, for exchanges that are always the same.
func WithNonce(next func() string) Option {
	return func(s *Server) { s.nonce = next }
}

// WithIdleTimeout sets how long the server waits for a command or for its
// answer to be taken; 10 minutes by default.
func WithIdleTimeout(d time.Duration) Option {
	return func(s *Server) { s.idle = d }
}

// WithSharedMaildrops lets several sessions into one maildrop at once.
func WithSharedMaildrops() Option {
	return func(s *Server) { s.shared = true }
}

// WithPlainRefused refuses every login on a connection that is not encrypted.
func WithPlainRefused() Option {
	return func(s *Server) { s.plainRefused = true }
}

// WithHooks makes the server misbehave. At each event all hooks are asked, in
// this order.
func WithHooks(hooks ...Hook) Option {
	return func(s *Server) { s.hooks = append(s.hooks, hooks...) }
}

// WithoutLog keeps no record of commands, for servers that live long.
func WithoutLog() Option {
	return func(s *Server) { s.unlogged = true }
}
