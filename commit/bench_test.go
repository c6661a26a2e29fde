package commit

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"popmark/delivery"
	"popmark/ledger"
	"popmark/pop3server"
	"popmark/triage"
)

// BenchmarkMove moves messages of 4 KiB from a server on loopback into a Maildir on
// the disk, with a ledger beside it and every promise kept.
func BenchmarkMove(b *testing.B) {
	for _, options := range []struct {
		name string
		with []pop3server.Option
	}{{"pipelined", nil}, {"one at a time", []pop3server.Option{oneAtATime}}} {
		b.Run(options.name, func(b *testing.B) {
			const n = 2000
			text := []byte("Subject: x\r\n\r\n" + strings.Repeat(strings.Repeat("y", 62)+"\r\n", 64))
			marks := make(map[int]triage.Mark)
			for i := 1; i <= n; i++ {
				marks[i] = triage.Move
			}
			b.SetBytes(int64(n * len(text)))
			for b.Loop() {
				b.StopTimer()
				r := newRig(b, 0, options.with...)
				for i := 1; i <= n; i++ {
					r.drop.Add(pop3server.NewMessage(fmt.Sprintf("uid-%d", i), text))
				}
				must(b, r.ledger.Close())
				var err error
				r.ledger, err = ledger.Open(filepath.Join(b.TempDir(), "state"))
				must(b, err)
				b.StartTimer()
				out := r.commit(order{marks: marks})
				if out.err != nil || out.Deleted != n {
					b.Fatal(out.err, out.Summary)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

// BenchmarkDeliver is the part of BenchmarkMove that is the disk's: the same
// messages into the same Maildir, as many at once.
func BenchmarkDeliver(b *testing.B) {
	const n = 2000
	text := []byte("Subject: x\r\n\r\n" + strings.Repeat(strings.Repeat("y", 62)+"\r\n", 64))
	for b.Loop() {
		dest := delivery.NewMaildir(delivery.OS(), b.TempDir())
		must(b, dest.Prepare(b.Context()))
		slots := make(chan struct{}, maxUnderWay)
		var work sync.WaitGroup
		for range n {
			slots <- struct{}{}
			work.Go(func() {
				defer func() { <-slots }()
				d, err := dest.Begin(b.Context(), delivery.Meta{})
				if err == nil {
					_, err = d.Write(text)
				}
				if err == nil {
					_, err = d.Commit(b.Context())
				}
				if err != nil {
					b.Error(err)
				}
			})
		}
		work.Wait()
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
