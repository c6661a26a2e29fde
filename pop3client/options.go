package pop3client

import (
	"context"
	"crypto/tls"
	"net"
	"time"
)

// Defaults for the zero values of Options.
const (
	// DefaultConnectTimeout bounds name lookup, connecting and the TLS handshake together.
	DefaultConnectTimeout = 30 * time.Second
	// DefaultAnswerTimeout bounds a whole single-line answer, and each pause inside a longer one.
	DefaultAnswerTimeout = 60 * time.Second
	// DefaultLoginTimeout bounds one Login from its first octet to its last.
	// Servers hold an answer to PASS back for ten seconds and more while they wait for a lock.
	DefaultLoginTimeout = 2 * time.Minute
)

// ContextDialer opens connections. [net.Dialer] is one; [NewSOCKS5Dialer], [NewTunnelDialer] and
// [NewUnixDialer] make others.
type ContextDialer interface {
	DialContext(ctx context.Context, network, addr string) (net.Conn, error)
}

// PipeliningMode says whether several commands may be under way at once.
type PipeliningMode int

const (
	// PipeliningAuto keeps several commands under way where the server's CAPA lists PIPELINING
	// (RFC 2449, section 6.6), and one where it does not.
	PipeliningAuto PipeliningMode = iota
	// PipeliningNever keeps one command under way whatever CAPA says: for servers known to
	// advertise what they do not do.
	PipeliningNever
)

// Options are what a connection is made with. The zero value, like a nil pointer, means the
// defaults. The library keeps a copy; what the pointers point at must not be changed afterwards.
type Options struct {
	// TLSConfig is the base for implicit TLS and STLS. nil means an empty one. A missing ServerName
	// is taken from the address dialled, and a MinVersion below TLS 1.2 is raised to it.
	TLSConfig *tls.Config
	// Dialer opens the connection. nil means a [net.Dialer], which tries IPv6 and IPv4 side by
	// side (RFC 8305).
	Dialer ContextDialer
	// ConnectTimeout bounds connecting and the TLS handshake. Zero means DefaultConnectTimeout,
	// a negative value no limit.
	ConnectTimeout time.Duration
	// AnswerTimeout bounds the wait for a whole single-line answer, and for the next octets of a
	// longer one. Zero means DefaultAnswerTimeout, a negative value no limit.
	AnswerTimeout time.Duration
	// LoginTimeout bounds Login as a whole. Zero means DefaultLoginTimeout, a negative value no limit.
	LoginTimeout time.Duration
	// Transcript receives the dialogue, without secrets. nil: none is kept.
	Transcript *Transcript
	// Secrets are hidden in transcripts and errors from the greeting on, as what Login sends is
	// from then on. They are never sent.
	Secrets []string
	// Limits bound what a server may make the client hold or read.
	Limits Limits
	// Pipelining is PipeliningAuto unless set.
	Pipelining PipeliningMode
}

// withDefaults returns a copy with every zero value replaced, so that the rest of the package
// never has to ask whether something was set.
func (o *Options) withDefaults() Options {
	var out Options
	if o != nil {
		out = *o
	}
	out.ConnectTimeout = defaultDuration(out.ConnectTimeout, DefaultConnectTimeout)
	out.AnswerTimeout = defaultDuration(out.AnswerTimeout, DefaultAnswerTimeout)
	out.LoginTimeout = defaultDuration(out.LoginTimeout, DefaultLoginTimeout)
	if out.Dialer == nil {
		out.Dialer = &net.Dialer{}
	}
	out.Limits = out.Limits.withDefaults()
	return out
}

// defaultDuration maps zero to def and every negative value to zero, which means "no limit" inside.
func defaultDuration(d, def time.Duration) time.Duration {
	switch {
	case d == 0:
		return def
	case d < 0:
		return 0
	}
	return d
}

// withTimeout is context.WithTimeout, where zero means no limit.
func withTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d)
}
