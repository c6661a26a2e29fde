package mailbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"
	"testing"

	"popmark/pop3client"
)

func TestErrorOfAFileIsNoErrorOfTheLine(t *testing.T) {
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	file := &fs.PathError{Op: "write", Path: "ledger.db", Err: syscall.ENOSPC}
	for _, tc := range []struct {
		err  error
		want Class
	}{
		{nil, Other},
		{file, Other},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, Other},
		{&os.LinkError{Op: "rename", Old: "tmp/x", New: "new/x", Err: syscall.EIO}, Other},
		{syscall.EROFS, Other},
		{dial, Unavailable},
		{&net.DNSError{Err: "no such host", Name: "nohost.invalid", IsNotFound: true}, Unavailable},
		{&pop3client.CutError{Command: "RETR 1", Err: &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}}, Unavailable},
		// A tunnel's line is a file of this machine.
		{&pop3client.CutError{Command: "RETR 1", Err: &fs.PathError{Op: "read", Path: "|0", Err: syscall.EIO}}, Unavailable},
		{&pop3client.TimeoutError{Command: "RETR 1"}, Unavailable},
		// The line's own limit, not the caller's context, though the network speaks of one.
		{&pop3client.TimeoutError{Step: "connecting", Err: &net.OpError{Op: "dial", Net: "tcp", Err: context.DeadlineExceeded}}, Unavailable},
		{io.ErrUnexpectedEOF, Unavailable},
		{errors.Join(file, dial), Unavailable},
		{context.Canceled, Cancelled},
		// What the server answers out of step is no fault of this side.
		{ErrDisorder, Protocol},
		{fmt.Errorf("%w: %w", ErrDisorder, &pop3client.ProtocolError{Command: "LIST 3"}), Protocol},
		{errOverlong, Protocol},
		{blameGuess(errTooMuch), Protocol},
		{blameGuess(errUnknown), Protocol},
		{blameGuess(&pop3client.CutError{Command: "TOP 1 0"}), Unavailable},
		{garbled(errTwins), Protocol},
		{garbled(errAlone), Protocol},
		{garbled(pop3client.ErrAmbiguousEnd), Protocol},
	} {
		if got := ClassOf(tc.err); got != tc.want {
			t.Errorf("%v has class %v, want %v", tc.err, got, tc.want)
		}
		if tc.err == nil {
			continue
		}
		if got := ClassOf(fmt.Errorf("doing something: %w", tc.err)); got != tc.want {
			t.Errorf("wrapped, %v has class %v, want %v", tc.err, got, tc.want)
		}
	}
}
