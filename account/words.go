package account

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"syscall"

	"popmark/pop3client"
)

// plainError is an error of the network or of TLS in words that say each thing once.
type plainError struct {
	text string
	err  error
}

func (e *plainError) Error() string { return e.text }
func (e *plainError) Unwrap() error { return e.err }

// plain gives an error of connecting or encrypting without what stands before it
// anyway: the address, and the names of system calls.
func plain(err error) error {
	if text := plainWords(err); text != "" {
		return &plainError{text, err}
	}
	return err
}

// plainWords is "" where the error's own words will do.
func plainWords(err error) string {
	var (
		pin        *pinError
		unverified *tls.CertificateVerificationError
		record     tls.RecordHeaderError
		lookup     *net.DNSError
		op         *net.OpError
		timeout    *pop3client.TimeoutError
		tunnel     *pop3client.TunnelError
	)
	switch {
	case errors.Is(err, pop3client.ErrInjection):
		return pop3client.ErrInjection.Error()
	case errors.As(err, &pin):
		return pin.Error()
	case errors.As(err, &tunnel):
		return tunnel.Error()
	case errors.As(err, &unverified):
		return "its certificate can't be trusted: " + strings.TrimPrefix(unverified.Err.Error(), "x509: ")
	case errors.As(err, &record):
		return "the server does not speak TLS there"
	case errors.As(err, new(*pop3client.CutError)), errors.As(err, &timeout) && timeout.Step == "":
		return ""
	case errors.As(err, &lookup):
		return throughProxy(err) + lookupWords(lookup)
	case errors.As(err, &op):
		return throughProxy(err) + opWords(op)
	case timeout != nil:
		return timeout.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer came in time"
	}
	return ""
}

func lookupWords(e *net.DNSError) string {
	switch {
	case e.IsNotFound:
		return "there is no host " + quote(e.Name)
	case e.IsTimeout:
		return "looking up " + quote(e.Name) + " took too long"
	}
	return "looking up " + quote(e.Name) + ": " + e.Err
}

// opWords is the innermost cause: what is around it says again who was called.
func opWords(e *net.OpError) string {
	if inner, ok := errors.AsType[*net.OpError](e.Err); ok {
		return opWords(inner)
	}
	if e.Op == "remote error" {
		return "the server refused the TLS handshake: " + strings.TrimPrefix(e.Err.Error(), "tls: ")
	}
	if e.Timeout() {
		return "no answer came in time"
	}
	if errno, ok := errors.AsType[syscall.Errno](e.Err); ok {
		return errno.Error()
	}
	return strings.TrimPrefix(e.Err.Error(), "unknown error ") // as the SOCKS client says of what it knows well
}

// throughProxy names the proxy that the error is about.
func throughProxy(err error) string {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || !strings.HasPrefix(op.Op, "socks ") || op.Source == nil {
		return ""
	}
	return "through the proxy " + op.Source.String() + ": "
}
