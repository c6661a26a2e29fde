package mailbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"

	"popmark/pop3client"
)

// Errors to be asked for with errors.Is.
var (
	// ErrClosed is given by every method after Close.
	ErrClosed = errors.New("the mailbox is closed")
	// ErrGone means that the message is no longer in the maildrop.
	ErrGone = errors.New("the message is no longer in the mailbox")
	// ErrDisorder means that what a session has said, and was not proven, can't be believed.
	ErrDisorder = errors.New("the server's answers do not follow its questions")
	// ErrUncertain means that a message cannot be told from others in this session (P3).
	ErrUncertain = errors.New("it can't be told from others for certain in this session: the server gives it no UIDL of its own, or not with the octets of before: look at the list again and mark it there")
	// ErrNoTOP means that the server has no TOP, so that headers cannot be seen before fetching.
	ErrNoTOP = errors.New("the server has no TOP: senders and subjects cannot be seen before fetching")
)

// Class says what an error from a server or a connection means for the one who asked.
type Class int

// The classes.
const (
	Other       Class = iota // none of those below: of one message or command, or of a file
	Refused                  // the login was refused
	TryLater                 // a locked mailbox, a login delay, a fault that the server calls temporary
	Permanent                // a fault that trying again does not mend
	Unavailable              // no connection, a broken one, a time-out, TLS that failed
	Protocol                 // the server broke the protocol, or a limit was passed
	Unsafe                   // a password would have gone over a clear line: nothing was sent
	Cancelled                // the caller's context ended
)

// ClassOf gives the class of an error that came from a Mailbox, whatever wraps it.
func ClassOf(err error) Class {
	var (
		pipelining *pop3client.PipeliningError
		server     *pop3client.ServerError
		timeout    *pop3client.TimeoutError
		limit      *pop3client.LimitError
		protocol   *pop3client.ProtocolError
		cut        *pop3client.CutError
		op         *net.OpError
		network    net.Error
		verify     *tls.CertificateVerificationError
		unknown    x509.UnknownAuthorityError
		record     tls.RecordHeaderError
	)
	switch {
	case err == nil:
		return Other
	case errors.Is(err, ErrOddText):
		return Unavailable // as after a line that broke, all is well in another session
	case errors.As(err, &pipelining) && pipelining.Fault == pop3client.PipeliningGarble:
		return Protocol
	case errors.As(err, &server):
		return classOfServer(server)
	case errors.Is(err, pop3client.ErrPlaintextRefused):
		return Unsafe
	case errors.Is(err, pop3client.ErrNoMechanism), errors.Is(err, pop3client.ErrNoTLS), errors.Is(err, ErrNoTOP):
		return Permanent
	case errors.As(err, &limit), errors.As(err, &protocol), errors.Is(err, pop3client.ErrInjection),
		errors.Is(err, pop3client.ErrServerUnverified), outOfStep(err):
		return Protocol
	case errors.As(err, &cut) && cut.Last != nil:
		return classOfGoodbye(cut.Last)
	case errors.As(err, &timeout), errors.As(err, &cut), errors.Is(err, io.ErrUnexpectedEOF):
		return Unavailable
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return Cancelled
	case errors.As(err, &op):
		return Unavailable
	case local(err):
		return Other
	case errors.As(err, &network), errors.As(err, &verify), errors.As(err, &unknown), errors.As(err, &record),
		errors.Is(err, pop3client.ErrClosed), errors.Is(err, ErrClosed):
		return Unavailable
	}
	return Other
}

// outOfStep says whether an error is an answer that is none to its question.
func outOfStep(err error) bool {
	return errors.Is(err, ErrDisorder) || errors.Is(err, errOverlong) || errors.Is(err, errTooMuch) || errors.Is(err, errUnknown)
}

// IsCut tells whether a server has ended a connection, or the line broke, before an answer was complete.
func IsCut(err error) bool {
	_, is := errors.AsType[*pop3client.CutError](err)
	return is
}

// IsLocked tells whether a server says that another session has the maildrop, or that there is one too many.
func IsLocked(err error) bool {
	refusal, is := errors.AsType[*pop3client.ServerError](err)
	return is && ClassOf(err) == TryLater && (refusal.Code == "" || refusal.Code == "IN-USE")
}

// IsRefusal says whether an error is a -ERR of the server, of whatever class.
func IsRefusal(err error) bool { return refused(err) }

// local says whether an error is of a file. It is asked since the operating system's error
// numbers are net.Errors, whatever they came from; those of a connection are in a net.OpError.
func local(err error) bool {
	return errors.As(err, new(*fs.PathError)) || errors.As(err, new(*os.LinkError)) || errors.As(err, new(syscall.Errno))
}

func classOfServer(e *pop3client.ServerError) Class {
	switch e.Kind() {
	case pop3client.KindRefused:
		return Refused
	case pop3client.KindTryLater:
		return TryLater
	case pop3client.KindPermanent:
		return Permanent
	}
	if e.Command == "" {
		return Permanent // a greeting of -ERR
	}
	return Other
}

// classOfGoodbye is for what a server said when it ended a session.
func classOfGoodbye(e *pop3client.ServerError) Class {
	switch e.Kind() {
	case pop3client.KindTryLater:
		return TryLater
	case pop3client.KindPermanent:
		return Permanent
	}
	return Unavailable
}

// broken says whether an error leaves the connection of no use.
func broken(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if _, ok := errors.AsType[*pop3client.ServerError](err); ok {
		return false
	}
	_, state := errors.AsType[*pop3client.StateError](err)
	return !state
}

// again says whether a broken connection is worth another try: the server may answer
// next time. Behind a line that broke it may still hold the lock for the old session.
func again(err error, broke bool) bool {
	switch ClassOf(err) {
	case Unavailable:
		return true
	case TryLater:
		return broke || errors.As(err, new(*pop3client.CutError))
	}
	_, garbled := errors.AsType[*pop3client.ProtocolError](err)
	return garbled || errors.Is(err, pop3client.ErrPipeliningBroken) || errors.Is(err, ErrDisorder)
}
