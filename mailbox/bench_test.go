package mailbox_test

import (
	"context"
	"runtime"
	"testing"

	"popmark/ledger"
	"popmark/mailbox"
	"popmark/pop3client"
	"popmark/pop3server"
)

// benchBox is a mailbox on a server of n messages that are made up on demand.
func benchBox(b *testing.B, n int, l *ledger.Ledger) *mailbox.Mailbox {
	b.Helper()
	server := pop3server.New(pop3server.WithUser("me", "secret", pop3server.NewGenerated(n, pop3server.Uniform{})))
	addr, err := server.Listen("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = server.Close() })
	return mailbox.New(mailbox.Config{Account: "bench", Ledger: l, Connect: func(ctx context.Context, _ mailbox.Hints) (mailbox.Connection, error) {
		c, err := pop3client.Dial(ctx, "tcp", addr.String(), nil)
		if err != nil {
			return mailbox.Connection{}, err
		}
		mechanism, err := c.Login(ctx, pop3client.Credentials{User: "me", Password: "secret"})
		return mailbox.Connection{Client: c, Mechanism: mechanism}, err
	}})
}

// BenchmarkHeaders opens a mailbox of 10,000 messages and scans all headers: cold,
// with a ledger to write to, and with one that has them all.
func BenchmarkHeaders(b *testing.B) {
	const n = 10_000
	scan := func(b *testing.B, l *ledger.Ledger) {
		box := benchBox(b, n, l)
		if err := box.Open(b.Context()); err != nil {
			b.Fatal(err)
		}
		got := 0
		for h, err := range box.Headers(b.Context(), ids(box.List())) {
			if err != nil || h.Envelope == nil {
				b.Fatal(h.Err, err)
			}
			got++
		}
		if err := box.Close(); err != nil || got != n {
			b.Fatalf("%d headers, %v", got, err)
		}
	}
	b.Run("without state", func(b *testing.B) {
		for b.Loop() {
			scan(b, nil)
		}
	})
	b.Run("with state", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			l, err := ledger.Open(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			scan(b, l)
			b.StopTimer()
			if err := l.Close(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	})
}

// BenchmarkOpen lists a million messages and says what the list holds.
func BenchmarkOpen(b *testing.B) {
	const n = 1_000_000
	for b.Loop() {
		box := benchBox(b, n, nil)
		if err := box.Open(b.Context()); err != nil {
			b.Fatal(err)
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapAlloc)/n, "octets/message")
		if err := box.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
