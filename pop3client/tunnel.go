package pop3client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// tunnelDialer runs a command for each connection.
type tunnelDialer struct{ command string }

// NewTunnelDialer returns a dialer that runs a command with the system's shell and speaks through
// its standard input and output, as with "ssh gateway nc host 110". Its standard error is this
// process's. Closing the connection closes the command's input and output, and ends the command if
// it has not ended half a second later. The address asked for serves to name the server in a certificate.
//
// A tunnel counts as not encrypted: where it leads, and how the rest of the way is, is not known.
func NewTunnelDialer(command string) ContextDialer { return tunnelDialer{command} }

// tunnelGrace is how long a tunnel command has to end by itself.
const tunnelGrace = 500 * time.Millisecond

func (d tunnelDialer) DialContext(ctx context.Context, _, addr string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if d.command == "" {
		return nil, errors.New("starting the tunnel: the command is empty")
	}
	// Pipes of the os package have deadlines, which exec's own do not promise.
	theirIn, ourOut, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("starting the tunnel: %w", err)
	}
	ourIn, theirOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting the tunnel: %w", err), theirIn.Close(), ourOut.Close())
	}
	shell, flag := "/bin/sh", "-c"
	if runtime.GOOS == "windows" {
		shell, flag = "cmd", "/C"
	}
	// The process outlives the dialling, so it does not get its context.
	cmd := exec.Command(shell, flag, d.command) //nolint:gosec,noctx // the user's own command
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirIn, theirOut, os.Stderr
	ownGroup(cmd)
	err = cmd.Start()
	// Ours to close whether or not the command has them now.
	_ = theirIn.Close()
	_ = theirOut.Close()
	if err != nil {
		_ = ourIn.Close()
		_ = ourOut.Close()
		return nil, fmt.Errorf("starting the tunnel: %w", err)
	}
	return &tunnelConn{in: ourIn, out: ourOut, cmd: cmd, far: farAddr{"tunnel", addr}}, nil
}

// tunnelConn is a command's input and output as a connection.
type tunnelConn struct {
	in, out *os.File
	cmd     *exec.Cmd
	far     net.Addr
	once    sync.Once
	err     error
}

func (t *tunnelConn) Read(p []byte) (int, error) {
	n, err := t.in.Read(p)
	return n, t.lineError("read", err)
}

func (t *tunnelConn) Write(p []byte) (int, error) {
	n, err := t.out.Write(p)
	return n, t.lineError("write", err)
}

// lineError makes a network's error of a file's. TLS takes a deadline that passed for the end of the
// connection unless it is a net.Error, which a file's is not.
func (t *tunnelConn) lineError(op string, err error) error {
	if err == nil || err == io.EOF { //nolint:errorlint // a file gives it bare
		return err
	}
	var file *os.PathError
	if errors.As(err, &file) {
		err = file.Err
	}
	return &net.OpError{Op: op, Net: t.far.Network(), Addr: t.far, Err: err}
}

func (t *tunnelConn) LocalAddr() net.Addr  { return farAddr{"tunnel", "local"} }
func (t *tunnelConn) RemoteAddr() net.Addr { return t.far }

func (t *tunnelConn) SetDeadline(d time.Time) error {
	return errors.Join(t.in.SetReadDeadline(d), t.out.SetWriteDeadline(d))
}
func (t *tunnelConn) SetReadDeadline(d time.Time) error  { return t.in.SetReadDeadline(d) }
func (t *tunnelConn) SetWriteDeadline(d time.Time) error { return t.out.SetWriteDeadline(d) }

// Close closes both directions and waits for the command, which it ends if need be.
func (t *tunnelConn) Close() error {
	t.once.Do(func() {
		t.err = errors.Join(t.out.Close(), t.in.Close())
		timer := time.AfterFunc(tunnelGrace, func() { endGroup(t.cmd) })
		defer timer.Stop()
		// How the command ended says nothing about the connection.
		_ = t.cmd.Wait()
	})
	return t.err
}
