package commit

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"time"

	"popmark/ledger"
	"popmark/mailbox"
	"popmark/message"
)

// box is what a commit needs of a mailbox.
type box interface {
	take(ctx context.Context, fresh bool) (session, error)
	envelope(id mailbox.ID) *message.Envelope
	// learn looks at the headers of messages, so that they can be told from others in another session.
	learn(ctx context.Context, ids []mailbox.ID)
	// fresh tells whether a message's header was read in the session that is open.
	fresh(id mailbox.ID) bool
	// distrust forgets all headers that are known: a server has used a UIDL again.
	distrust(ctx context.Context)
	// written waits until the journal's headers are those that the mailbox has read.
	written(ctx context.Context)
	// decode reads a header as the mailbox does.
	decode(header []byte) *message.Envelope
	// relearn takes in that a header is that of the message which bears an ID now, of these octets.
	relearn(id mailbox.ID, octets int64, header []byte)
}

// session is what a commit needs of one POP3 session, as mailbox.Session has it.
// Answers have to be waited for in the order in which their commands were given:
// waiting for a later one throws an earlier one's text away. Exactly one of quit,
// give and abort ends it.
type session interface {
	bind(id mailbox.ID) (mailbox.Message, error)
	list() *mailbox.List
	// later tells whether the mailbox had another session before: what was seen there may be another message now.
	later() bool
	pipelines() bool
	hasUIDL() bool
	listsUIDL() bool   // its capabilities do
	hasTOP(n int) bool // of a message
	knowsTOP() bool    // it is listed, or one was answered
	proveOrder(ctx context.Context, a, b int) error
	top(n int) textAnswer // the header alone
	retr(n int) textAnswer
	dele(n int) answer
	noop(ctx context.Context) error
	rset(ctx context.Context) error
	quit(ctx context.Context) error
	give()
	abort(cause error)
}

type answer interface {
	wait(ctx context.Context) error
}

type textAnswer interface {
	// wait gives the message's text; reading it gives io.EOF only after its end was seen.
	wait(ctx context.Context) (io.Reader, error)
}

// realBox makes a box of a Mailbox.
type realBox struct{ m *mailbox.Mailbox }

func (b realBox) take(ctx context.Context, fresh bool) (session, error) {
	s, err := b.m.Take(ctx, fresh)
	if err != nil {
		return nil, err
	}
	return realSession{s}, nil
}

func (b realBox) learn(ctx context.Context, ids []mailbox.ID) {
	for _, err := range b.m.Headers(ctx, ids) {
		if err != nil {
			return // what was not learnt will not be certain
		}
	}
}

func (b realBox) fresh(id mailbox.ID) bool     { return b.m.Fresh(id) }
func (b realBox) distrust(ctx context.Context) { b.m.Distrust(ctx) }
func (b realBox) written(ctx context.Context)  { b.m.Written(ctx) }

func (b realBox) decode(header []byte) *message.Envelope {
	return new(b.m.Decoder().Envelope(header))
}

func (b realBox) relearn(id mailbox.ID, octets int64, header []byte) {
	b.m.Relearn(id, octets, header)
}

func (b realBox) envelope(id mailbox.ID) *message.Envelope { return b.m.Envelope(id) }

type realSession struct{ s *mailbox.Session }

func (r realSession) bind(id mailbox.ID) (mailbox.Message, error) { return r.s.Bind(id) }
func (r realSession) list() *mailbox.List                         { return r.s.List() }
func (r realSession) later() bool                                 { return r.s.List().Generation > 1 }
func (r realSession) pipelines() bool                             { return r.s.Pipelines() }
func (r realSession) listsUIDL() bool                             { return r.s.ListsUIDL() }
func (r realSession) hasUIDL() bool                               { return r.s.HasUIDL() }
func (r realSession) proveOrder(ctx context.Context, a, b int) error {
	return r.s.ProveOrder(ctx, a, b)
}
func (r realSession) hasTOP(n int) bool              { return r.s.HasTOP(n) }
func (r realSession) knowsTOP() bool                 { return r.s.KnowsTOP() }
func (r realSession) top(n int) textAnswer           { return textOf(r.s.Top(n, 0)) }
func (r realSession) retr(n int) textAnswer          { return textOf(r.s.Retr(n)) }
func (r realSession) dele(n int) answer              { return wordOf(r.s.Dele(n)) }
func (r realSession) noop(ctx context.Context) error { return wordOf(r.s.Noop()).wait(ctx) }
func (r realSession) rset(ctx context.Context) error { return r.s.Rset(ctx) }
func (r realSession) quit(ctx context.Context) error { return r.s.Quit(ctx) }
func (r realSession) give()                          { r.s.Give() }
func (r realSession) abort(cause error)              { r.s.Abort(cause) }

// handle is a command's handle, whatever type its answer has: that is the client's affair.
type handle[T any] interface {
	Wait(ctx context.Context) (T, error)
}

type word[T any] struct{ h handle[T] }

func wordOf[T any](h handle[T]) answer { return word[T]{h} }

func (w word[T]) wait(ctx context.Context) error {
	_, err := w.h.Wait(ctx)
	return err
}

type text[T io.Reader] struct{ h handle[T] }

func textOf[T io.Reader](h handle[T]) textAnswer { return text[T]{h} }

func (t text[T]) wait(ctx context.Context) (io.Reader, error) {
	r, err := t.h.Wait(ctx)
	if err != nil {
		return nil, err // r would be a nil pointer in an interface
	}
	return r, nil
}

// journal is what a commit needs of the ledger.
type journal interface {
	Fetched(ctx context.Context, account, destination string, uids []string) (map[ledger.FetchedKey]ledger.Fetched, error)
	NamesCopies(ctx context.Context, account, destination string) (bool, error)
	Headers(ctx context.Context, account string, uids []string) (map[string]ledger.HeaderRow, error)
	RecordCopies(ctx context.Context, account string, run int64, copies []ledger.Fetched, placed []ledger.Placed) error
	ForgetCopies(ctx context.Context, account string, of ledger.FetchedKey, since time.Time) error
	Runs(ctx context.Context, account string) ([]ledger.Run, error)
	BeginRun(ctx context.Context, run ledger.Run, resumed ...int64) (int64, error)
	SetSteps(ctx context.Context, run int64, state ledger.StepState, seqs ...int) error
	SetHeaders(ctx context.Context, run int64, headers map[int][sha256.Size]byte) error
	StepsDeleted(ctx context.Context, run int64, seqs ...int) error
	StepsKept(ctx context.Context, run int64, seqs ...int) error
	GiveUp(ctx context.Context, run int64, except map[string]bool) error
	DoubtRuns(ctx context.Context, account string) error
	EndRun(ctx context.Context, run int64) error
}

// fault says what an error means for the commit.
type fault uint8

const (
	refused   fault = iota // -ERR to this one command; the session goes on
	broken                 // the line broke; it may be taken up again
	confused               // the server broke the protocol
	cancelled              // the caller's context ended
	local                  // the destination or the ledger failed
)

// localError marks an error of this side. The operating system's errors look alike
// whether a disk or a connection gave them.
type localError struct{ error }

func (e localError) Unwrap() error { return e.error }

// faultOf is for errors within an open session, where of the server's only an -ERR is harmless.
func faultOf(err error) fault {
	if _, ok := errors.AsType[localError](err); ok {
		return local
	}
	switch mailbox.ClassOf(err) {
	case mailbox.Unavailable:
		return broken
	case mailbox.Protocol:
		return confused
	case mailbox.Cancelled:
		return cancelled
	default:
		return refused
	}
}
