package delivery

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// BenchmarkSmall moves small messages, as many under way at once as a pipelining
// client has, beside the least that a program must do that gives the same promise:
// write, fsync and rename each file, with the same number of fsyncs at once, and
// one fsync of the folder.
func BenchmarkSmall(b *testing.B) {
	const flight = 64
	message := []byte(sample(1, 4096))
	inFlight := func(b *testing.B, work func(i int)) {
		b.SetBytes(int64(len(message)))
		turns := make(chan int)
		var wg sync.WaitGroup
		for range flight {
			wg.Go(func() {
				for i := range turns {
					work(i)
				}
			})
		}
		for i := 0; b.Loop(); i++ {
			turns <- i
		}
		close(turns)
		wg.Wait()
	}
	for _, kind := range []string{"maildir", "eml", "mbox"} {
		b.Run(kind, func(b *testing.B) {
			dest, err := Parse(kind + ":" + filepath.Join(b.TempDir(), "box"))
			if err != nil {
				b.Fatal(err)
			}
			if err := dest.Prepare(b.Context()); err != nil {
				b.Fatal(err)
			}
			inFlight(b, func(i int) {
				d, err := dest.Begin(context.Background(), Meta{Subject: fmt.Sprint(i)})
				if err == nil {
					_, err = d.Write(message)
				}
				if err == nil {
					_, err = d.Commit(context.Background())
				}
				if err != nil {
					b.Error(err)
				}
			})
		})
	}
	b.Run("raw", func(b *testing.B) {
		dir := b.TempDir()
		inFlight(b, func(i int) {
			tmp, final := filepath.Join(dir, fmt.Sprint("tmp", i)), filepath.Join(dir, fmt.Sprint("new", i))
			f, err := os.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if err == nil {
				_, err = f.Write(message)
			}
			if err == nil {
				err = f.Sync()
			}
			if err == nil {
				err = f.Close()
			}
			if err == nil {
				err = os.Rename(tmp, final)
			}
			if err != nil {
				b.Error(err)
			}
		})
		if err := OS().SyncDir(dir); err != nil {
			b.Error(err)
		}
	})
}

// BenchmarkLarge is one message of many octets into a Maildir.
func BenchmarkLarge(b *testing.B) {
	piece := []byte(sample(1, 64<<10))
	const pieces = 1024
	m := NewMaildir(OS(), filepath.Join(b.TempDir(), "box"))
	if err := m.Prepare(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(pieces * len(piece)))
	b.ReportAllocs()
	for b.Loop() {
		d, err := m.Begin(b.Context(), Meta{})
		if err != nil {
			b.Fatal(err)
		}
		for range pieces {
			if _, err := d.Write(piece); err != nil {
				b.Fatal(err)
			}
		}
		r, err := d.Commit(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if err := os.Remove(r.Path); err != nil {
			b.Fatal(err)
		}
	}
}
