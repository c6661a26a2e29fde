package main

import (
	"bytes"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// arrival is how many octets had come by when.
type arrival struct {
	after  time.Duration
	octets int
}

// travel sends octets through a line at once and tells when they arrive.
func travel(t *testing.T, l line, octets int) []arrival {
	t.Helper()
	near, in := net.Pipe()
	out, far := net.Pipe()
	begin := time.Now()
	sent := bytes.Repeat([]byte("0123456789"), octets/10)
	go func() {
		_, _ = near.Write(sent) // a write that fails shows in what arrives
		_ = near.Close()
	}()
	carried := make(chan error, 1)
	go func() {
		err := l.carry(out, in, nil)
		_ = out.Close()
		carried <- err
	}()
	var got []byte
	var arrivals []arrival
	buf := make([]byte, 1<<20)
	for {
		n, err := far.Read(buf)
		if n > 0 {
			got = append(got, buf[:n]...)
			arrivals = append(arrivals, arrival{time.Since(begin), len(got)})
		}
		if err != nil {
			break
		}
	}
	if err := <-carried; err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, sent) {
		t.Fatalf("%d octets went in, %d came out or others", len(sent), len(got))
	}
	return arrivals
}

func TestLineDelaysWithoutStopAndWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := line{Delay: 50 * time.Millisecond}
		for _, a := range travel(t, l, 10<<20) {
			if a.after != l.Delay {
				t.Fatalf("octet %d arrived after %v: all are sent at once and take %v", a.octets, a.after, l.Delay)
			}
		}
	})
}

func TestLineCarriesNoMoreThanItsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := line{Delay: 10 * time.Millisecond, Rate: 1e6}
		const octets = 1_000_000 // eight seconds at 1 Mbit/s
		arrivals := travel(t, l, octets)
		for _, a := range arrivals {
			if may := float64(a.after-l.Delay) / float64(time.Second) * l.Rate / 8; float64(a.octets) > may+1 {
				t.Fatalf("%d octets had arrived after %v, where the line carries %.0f", a.octets, a.after, may)
			}
		}
		last := arrivals[len(arrivals)-1]
		if want := l.Delay + 8*time.Second; last.after < want-time.Millisecond || last.after > want+time.Millisecond {
			t.Errorf("the last octet arrived after %v, not %v: the line was idle at times", last.after, want)
		}
	})
}

func TestLineOfNothingAddsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, a := range travel(t, line{}, 1<<20) {
			if a.after != 0 {
				t.Fatalf("octet %d arrived after %v", a.octets, a.after)
			}
		}
	})
}

func TestLineEndsWhenItsReaderIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, near := io.Pipe()
		_, out := io.Pipe()
		_ = out.CloseWithError(io.ErrClosedPipe)
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				if _, err := near.Write(make([]byte, 100)); err != nil {
					return
				}
				time.Sleep(time.Millisecond) // or the time in this bubble would stand still
			}
		}()
		if err := (line{Delay: time.Millisecond}).carry(out, in, nil); err == nil {
			t.Error("octets went nowhere, and no error says so")
		}
		_ = in.Close()
		<-stopped
	})
}
