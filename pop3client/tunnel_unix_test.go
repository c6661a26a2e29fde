//go:build unix

package pop3client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"popmark/pop3client"
)

// gate is a tunnel's far end. Once it is shut, what the client sends next calls met and waits for
// open to be closed.
type gate struct {
	shut atomic.Bool
	met  func()
	open chan struct{}
}

// through starts a tunnel's far end and returns the command that leads to it.
func (g *gate) through(t *testing.T, addr string) (command string) {
	t.Helper()
	down, up := filepath.Join(t.TempDir(), "down"), filepath.Join(t.TempDir(), "up")
	for _, path := range []string{down, up} {
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	t.Cleanup(wg.Wait)
	wg.Go(func() {
		// Each is opened as soon as the command opens its other end.
		to, err := os.OpenFile(down, os.O_WRONLY, 0)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = to.Close() }()
		from, err := os.Open(up)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = from.Close() }()
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Error(err)
			return
		}
		wg.Go(func() { _, _ = io.Copy(to, conn) })
		defer func() { _ = conn.Close() }()
		buf := make([]byte, 4096)
		for {
			n, err := from.Read(buf)
			if err != nil {
				return
			}
			if g.shut.CompareAndSwap(true, false) {
				g.met()
				<-g.open
			}
			if _, err := conn.Write(buf[:n]); err != nil {
				return
			}
		}
	})
	return fmt.Sprintf("cat '%s' & exec cat > '%s'", down, up)
}

func TestP10_AWaitIsLeftAndTakenUpAgainWithTLSThroughATunnel(t *testing.T) {
	_, addr, config := secured(t, account())
	left, leave := context.WithCancel(t.Context())
	g := &gate{met: leave, open: make(chan struct{})}
	c, err := pop3client.DialTLS(t.Context(), "tcp", "localhost:995", &pop3client.Options{
		TLSConfig: config, Dialer: pop3client.NewTunnelDialer(g.through(t, addr)),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Login(t.Context(), pop3client.Credentials{User: "u", Password: "secret"}); err != nil {
		t.Fatal(err)
	}
	g.shut.Store(true)
	noop := c.Noop()
	if _, err := noop.Wait(left); !errors.Is(err, context.Canceled) {
		t.Fatalf("left: %v", err)
	}
	close(g.open)
	if _, err := noop.Wait(t.Context()); err != nil {
		t.Errorf("taken up again: %v", err)
	}
}

func TestErrorsOfATunnelsLineAreTheNetworks(t *testing.T) {
	conn, err := pop3client.NewTunnelDialer("exit 0").DialContext(t.Context(), "tcp", "mail.example:110")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); n != 0 || err != io.EOF { //nolint:errorlint // as readers ask for it
		t.Errorf("behind the command's end: %d, %v", n, err)
	}
	_ = conn.Close()
	var op *net.OpError
	_, rerr := conn.Read(make([]byte, 1))
	_, werr := conn.Write([]byte("x"))
	for _, err := range []error{rerr, werr} {
		if !errors.As(err, &op) || !errors.Is(err, net.ErrClosed) && !errors.Is(err, os.ErrClosed) {
			t.Errorf("%v (%T)", err, err)
		}
	}
}
