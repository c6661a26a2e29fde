package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"popmark/account"
	"popmark/commit"
	"popmark/delivery"
	"popmark/pop3client"
	"popmark/triage"
)

func TestEveryErrorHasItsStatus(t *testing.T) {
	_, query := triage.ParseQuery("(", time.Now())
	for _, tc := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{&usageError{"reading", "it", "write"}, 64},
		{query, 64},
		{&triage.MissingError{Number: 4}, 64},
		{&account.Error{Kind: account.Usage, Err: io.EOF}, 64},
		{&account.Error{Kind: account.Unavailable, Err: io.EOF}, 69},
		{&account.Error{Kind: account.Configuration, Err: io.EOF}, 78},
		{&account.Error{Kind: account.Wire, Err: &pop3client.ServerError{Command: "PASS", Code: "AUTH"}}, 77},
		{&pop3client.ServerError{Command: "PASS", Code: "IN-USE"}, 75},
		{&pop3client.ServerError{Command: "PASS", Code: "SYS/TEMP"}, 75},
		{&pop3client.ServerError{Command: "PASS", Code: "SYS/PERM"}, 69},
		{&pop3client.ServerError{Text: "closed"}, 69},
		{&pop3client.CutError{Command: "RETR 1", Err: io.EOF}, 69},
		{&pop3client.TimeoutError{Command: "RETR 1"}, 69},
		{&pop3client.ProtocolError{Command: "RETR 1"}, 76},
		{&pop3client.LimitError{Limit: "ListEntries"}, 76},
		{pop3client.ErrInjection, 76},
		{pop3client.ErrPlaintextRefused, 78},
		{&delivery.Error{Class: delivery.ErrCannotCreate, Err: syscall.EACCES}, 73},
		{&delivery.Error{Class: delivery.ErrIO, Err: syscall.ENOSPC}, 74},
		{&delivery.Error{Class: delivery.ErrTemporary, Err: syscall.EAGAIN}, 75},
		{&fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, 74},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, 73},
		{&os.LinkError{Op: "rename", Old: "x", New: "y", Err: syscall.EIO}, 74},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, 69},
		// A commit that failed on this side is not the server's fault, whatever else broke.
		{&commit.StopError{Err: &delivery.Error{Class: delivery.ErrIO, Err: &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}}}, 74},
		// Nor is it this side's where the server, come back to, refuses its list or has no UIDL any more.
		{&commit.StopError{Err: &pop3client.ServerError{Command: "LIST", Text: "no"}}, 69},
		{&commit.StopError{Err: commit.ErrNoUIDL}, 69},
		{fmt.Errorf("committing: %w", commit.ErrUIDLMissing), 75},
		{errors.Join(&delivery.Error{Class: delivery.ErrIO, Err: syscall.ENOSPC}, &pop3client.ServerError{Command: "QUIT", Text: "no"}), 74},
		{&statusError{69, io.EOF}, 69},
		{&signalError{syscall.SIGHUP}, 129},
		{&signalError{syscall.SIGINT}, 130},
		{&signalError{syscall.SIGTERM}, 143},
	} {
		if got := statusOf(tc.err); got != tc.want {
			t.Errorf("%v has status %d, want %d", tc.err, got, tc.want)
		}
		if tc.err == nil {
			continue
		}
		if got := statusOf(fmt.Errorf("opening: %w", tc.err)); got != tc.want {
			t.Errorf("wrapped, %v has status %d, want %d", tc.err, got, tc.want)
		}
	}
}

func TestSignalIsTheStatusWhateverElseFailed(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(&signalError{syscall.SIGTERM})
	err := stoppedBy(ctx, &delivery.Error{Class: delivery.ErrIO, Err: syscall.ENOSPC})
	if got := statusOf(err); got != 143 {
		t.Errorf("status %d", got)
	}
}

func TestErrorIsOneSafeLine(t *testing.T) {
	got := line(errors.Join(errors.New("one\x1b[2J"), errors.New("two\r\nthree\u202e")))
	if strings.ContainsAny(got, "\r\n\x1b\u202e") || !strings.Contains(got, "one") || !strings.Contains(got, "three") {
		t.Errorf("got %q", got)
	}
}

// counter counts the octets written to it.
type counter struct{ atomic.Int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.Add(int64(len(p)))
	return len(p), nil
}

func TestOutputIsNotHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := new(counter)
		o := newOutput(to)
		for i := range 3 {
			if _, err := o.Write([]byte("line\n")); err != nil {
				t.Fatal(err)
			}
			if got, want := to.Load(), int64(5*i); got != want {
				t.Errorf("%d octets were written at once, want %d", got, want)
			}
			time.Sleep(outputDelay) // of the bubble: nothing really waits
			synctest.Wait()
			if got, want := to.Load(), int64(5*(i+1)); got != want {
				t.Errorf("%d octets were written after a moment, want %d", got, want)
			}
		}
	})
}

// brokenPipe is a standard output that nobody reads.
type brokenPipe struct{ err error }

func (w brokenPipe) Write([]byte) (int, error) { return 0, w.err }

func TestOutputErrorStays(t *testing.T) {
	gone := newOutput(brokenPipe{syscall.EPIPE})
	if _, err := gone.Write([]byte("x\n")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := gone.Flush(); !errors.Is(err, errReaderGone) {
			t.Errorf("got %v", err)
		}
	}
	full := newOutput(brokenPipe{syscall.ENOSPC})
	if _, err := full.Write(make([]byte, 2*outputBuffer)); statusOf(err) != 74 {
		t.Errorf("got %v", err)
	}
}
