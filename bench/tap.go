package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// trace is what one connection through a line showed at the client's end of it.
type trace struct {
	// FirstTop, FirstDele and Quit are when the client sent its first command of the
	// kind, counted from its connecting; 0 where there was none.
	FirstTop, FirstDele, Quit time.Duration
	// LastBeforeQuit is when the last octets came that were not QUIT's answer.
	LastBeforeQuit time.Duration
}

// scan is how long the header scan took, from its first TOP to its last octet.
func (t trace) scan() time.Duration { return max(t.LastBeforeQuit-t.FirstTop, 0) }

// deletions is how long the deletions took, from the first DELE to the last answer.
func (t trace) deletions() time.Duration { return max(t.LastBeforeQuit-t.FirstDele, 0) }

// listed is when the client knew the list, as its asking for the first header or its leaving shows.
func (t trace) listed() time.Duration {
	if t.FirstTop > 0 {
		return t.FirstTop
	}
	return t.Quit
}

// tap makes a trace of what passes.
type tap struct {
	began time.Time

	mu    sync.Mutex
	trace trace
}

// up looks at commands as the client sends them. A command that is cut in two by
// its packets is not seen; clients write each whole.
func (t *tap) up(data []byte, delivered bool) {
	if delivered {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range []struct {
		verb string
		at   *time.Duration
	}{{"TOP ", &t.trace.FirstTop}, {"DELE ", &t.trace.FirstDele}, {"QUIT\r\n", &t.trace.Quit}} {
		if *c.at == 0 && bytes.Contains(data, []byte(c.verb)) {
			*c.at = time.Since(t.began)
		}
	}
}

func (t *tap) down(_ []byte, delivered bool) {
	if !delivered {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.trace.Quit == 0 {
		t.trace.LastBeforeQuit = time.Since(t.began)
	}
}

// serveLine puts a line before a server: it takes connections on l, forwards them
// to addr and gives a trace of each to ended, until the context ends.
func serveLine(ctx context.Context, l net.Listener, addr string, shape line, ended func(trace)) error {
	var work sync.WaitGroup
	defer work.Wait()
	stop := context.AfterFunc(ctx, func() { _ = l.Close() }) // Accept then tells
	defer stop()
	for {
		near, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("taking connections for the line: %w", err)
		}
		work.Go(func() {
			t := &tap{began: time.Now()}
			if forward(ctx, near, addr, shape, t) == nil {
				ended(t.trace)
			}
		})
	}
}

func forward(ctx context.Context, near net.Conn, addr string, shape line, t *tap) error {
	defer func() { _ = near.Close() }()
	// A loopback connection is made at once. Over the line the server would hear of it after one and a half round trips.
	time.Sleep(3 * shape.Delay)
	var dialer net.Dialer
	far, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = far.Close() }()
	cut := context.AfterFunc(ctx, func() { _, _ = near.Close(), far.Close() })
	defer cut()
	up := make(chan error, 1)
	go func() {
		err := shape.carry(far, near, t.up)
		up <- errors.Join(err, halfClose(far))
	}()
	down := shape.carry(near, far, t.down)
	_ = near.Close() // the client has all there is
	<-up             //nolint:errcheck // that it ended says nothing: the client may just have closed
	return down
}

func halfClose(c net.Conn) error {
	if t, ok := c.(*net.TCPConn); ok {
		return t.CloseWrite()
	}
	return nil
}

// printTraces writes each trace as a line of JSON.
func printTraces(w io.Writer) func(trace) {
	var mu sync.Mutex
	enc := json.NewEncoder(w)
	return func(t trace) {
		mu.Lock()
		defer mu.Unlock()
		_ = enc.Encode(t) // whoever wants them reads them
	}
}
