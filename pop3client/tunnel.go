package pop3client

import (
	"bytes"
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
// its standard input and output, as with "ssh gateway nc host 110". Of its standard error the last line
// is kept for the [*TunnelError] that ends a session when the command has ended. Closing the connection closes the command's input and output, and ends the command if
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
	t := &tunnelConn{in: ourIn, out: ourOut, cmd: cmd, far: farAddr{"tunnel", addr}, ended: make(chan struct{})}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirIn, theirOut, &t.words
	cmd.WaitDelay = tunnelGrace // what the command leaves running may keep its standard error
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
	go func() {
		defer close(t.ended)
		_ = cmd.Wait() // its ProcessState says how the command ended
	}()
	return t, nil
}

// TunnelError means that a tunnel's command has ended. It comes in a [*CutError], and from a TLS
// handshake by itself. It is a [net.Error], as what ends another connection is.
type TunnelError struct {
	// Status says how the command ended, as in "exit status 255".
	Status string
	// Words are the last line of its standard error, shortened, with control characters and octets
	// outside UTF-8 as \xNN. "" where it said nothing.
	Words string
}

func (e *TunnelError) Error() string {
	s := "the tunnel's command ended with " + e.Status
	if e.Words != "" {
		s += ": " + e.Words
	}
	return s
}

// Timeout is false.
func (e *TunnelError) Timeout() bool { return false }

// Temporary is false: the connection is gone.
func (e *TunnelError) Temporary() bool { return false }

// lastLine keeps the last line that is not empty of what is written to it.
type lastLine struct {
	mu         sync.Mutex
	line, last []byte
}

func (l *lastLine) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range p {
		switch {
		case b == '\n' || b == '\r':
			l.whole()
		case len(l.line) < shownOctets:
			l.line = append(l.line, b)
		}
	}
	return len(p), nil
}

// whole ends a line. The mutex is held.
func (l *lastLine) whole() {
	if len(bytes.TrimSpace(l.line)) > 0 {
		l.last = append(l.last[:0], l.line...)
	}
	l.line = l.line[:0]
}

func (l *lastLine) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.whole()
	return escapeControls(string(bytes.TrimSpace(l.last)))
}

// tunnelConn is a command's input and output as a connection.
type tunnelConn struct {
	in, out *os.File
	cmd     *exec.Cmd
	words   lastLine      // of its standard error
	ended   chan struct{} // closed when the command has ended
	far     net.Addr
	once    sync.Once
	err     error
}

func (t *tunnelConn) Read(p []byte) (int, error) {
	n, err := t.in.Read(p)
	if errors.Is(err, io.EOF) {
		return n, t.end()
	}
	return n, t.lineError("read", err)
}

// end is why nothing more comes: io.EOF where the command has nothing to tell.
func (t *tunnelConn) end() error {
	timer := time.NewTimer(2 * tunnelGrace)
	defer timer.Stop()
	select {
	case <-t.ended:
	case <-timer.C:
		return io.EOF // it closed its output and goes on
	}
	e := &TunnelError{Status: t.cmd.ProcessState.String(), Words: t.words.String()}
	if t.cmd.ProcessState.Success() && e.Words == "" {
		return io.EOF
	}
	return e
}

func (t *tunnelConn) Write(p []byte) (int, error) {
	n, err := t.out.Write(p)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, os.ErrClosed) {
		// The command reads no more. A TLS handshake begins with writing.
		if ended, ok := errors.AsType[*TunnelError](t.end()); ok {
			return n, ended
		}
	}
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
		timer := time.NewTimer(tunnelGrace)
		defer timer.Stop()
		select {
		case <-t.ended:
		case <-timer.C:
			endGroup(t.cmd)
			<-t.ended
		}
	})
	return t.err
}
