package ledger

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkList keeps what the first listing of a large mailbox brings.
func BenchmarkList(b *testing.B) {
	const n = 100_000
	uids := make([]string, n)
	rows := make([]HeaderRow, n)
	header := []byte(strings.Repeat("Subject: a header of the usual length\r\n", 20))
	for i := range uids {
		uids[i] = fmt.Sprintf("%016x%08d", i*2654435761, i)
		rows[i] = HeaderRow{UID: uids[i], Octets: 4096, Header: header}
	}
	for _, part := range []struct {
		name string
		keep func(*Ledger) error
	}{
		{"seen", func(l *Ledger) error { return l.MarkSeen(b.Context(), "a", uids) }},
		{"headers", func(l *Ledger) error {
			for at := 0; at < n; at += 500 {
				if err := l.PutHeaders(b.Context(), "a", rows[at:at+500]); err != nil {
					return err
				}
			}
			return nil
		}},
	} {
		b.Run(part.name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				l, err := Open(b.TempDir())
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if err := part.keep(l); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if err := l.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
