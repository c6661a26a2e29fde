package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"popmark/pop3server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// mailbox serves messages for a test.
func mailbox(t *testing.T, messages int, size int64) (addr string, drop *pop3server.Generated) {
	t.Helper()
	drop = pop3server.NewGenerated(messages, corpus{size: size})
	s := pop3server.New(pop3server.WithUser(login, password, drop))
	a, err := s.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return a.String(), drop
}

func TestRawClientsDoAllOfTheirWork(t *testing.T) {
	const messages = 50
	addr, drop := mailbox(t, messages, 300_000)
	var told strings.Builder
	o := &rawOptions{addr: addr, messages: messages, dir: t.TempDir(), syncs: 4, timeout: time.Minute, told: &told}
	if err := rawScan(o); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("read %d headers\n", messages); told.String() != want {
		t.Errorf("the scan says %q, not %q", told.String(), want)
	}
	if err := rawRetr(o); err != nil {
		t.Fatal(err)
	}
	for n := range messages {
		got, err := os.ReadFile(filepath.Join(o.dir, "new", fmt.Sprint(n)))
		if err != nil {
			t.Fatal(err)
		}
		r, err := corpus{size: 300_000}.Open(n + 1)
		if err != nil {
			t.Fatal(err)
		}
		want, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Fatalf("message %d: %d octets were written, not the %d that it has", n+1, len(got), len(want))
		}
	}
	if err := rawDele(o); err != nil {
		t.Fatal(err)
	}
	if left := drop.Len(); left != 0 {
		t.Errorf("%d messages are left", left)
	}
}

func TestRawClientsTellWhatTheServerRefused(t *testing.T) {
	addr, _ := mailbox(t, 3, 0)
	o := &rawOptions{addr: addr, messages: 4, timeout: time.Minute, told: io.Discard}
	if err := rawScan(o); err == nil || !strings.Contains(err.Error(), "no such message") {
		t.Errorf("asking for a message that is not there gave %v", err)
	}
}

func TestTapTimesWhatPassesALine(t *testing.T) {
	addr, _ := mailbox(t, 10, 0)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	traces := make(chan trace, 2)
	served := make(chan error, 1)
	go func() {
		served <- serveLine(ctx, l, addr, line{Delay: time.Millisecond}, func(t trace) { traces <- t })
	}()
	o := &rawOptions{addr: l.Addr().String(), messages: 10, timeout: time.Minute, told: io.Discard}
	if err := rawScan(o); err != nil {
		t.Fatal(err)
	}
	if err := rawDele(o); err != nil {
		t.Fatal(err)
	}
	scan, dele := <-traces, <-traces
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if scan.FirstDele != 0 || !(0 < scan.FirstTop && scan.FirstTop < scan.LastBeforeQuit && scan.LastBeforeQuit <= scan.Quit) {
		t.Errorf("the scan's trace is %+v", scan)
	}
	if dele.FirstTop != 0 || !(0 < dele.FirstDele && dele.FirstDele < dele.LastBeforeQuit && dele.LastBeforeQuit <= dele.Quit) {
		t.Errorf("the deletions' trace is %+v", dele)
	}
	if scan.listed() != scan.FirstTop || dele.listed() != dele.Quit {
		t.Errorf("the list was there after %v and %v", scan.listed(), dele.listed())
	}
}

// However an answer is cut into pieces, the raw client sees its end when there is nothing behind it.
func TestTheRawClientWaitsForNothingBehindAnAnswer(t *testing.T) {
	const status, text = "+OK\r\n", "Subject: x\r\n\r\nsome text\r\n"
	for cut := 1; cut < len(status+text+".\r\n"); cut++ {
		near, far := net.Pipe()
		go func() {
			answer := []byte(status + text + ".\r\n")
			_, _ = far.Write(answer[:cut])
			_, _ = far.Write(answer[cut:])
			_, _ = io.Copy(io.Discard, far) // and no more, until the client hangs up
		}()
		var got bytes.Buffer
		c := &rawClient{near, bufio.NewReader(near)}
		if err := c.answer(&got); err != nil || got.String() != text {
			t.Errorf("cut at %d: %q, %v", cut, got.String(), err)
		}
		_ = near.Close()
		_ = far.Close()
	}
}
