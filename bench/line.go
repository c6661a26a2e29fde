package main

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"time"
)

// A line is what lies between a client and a server, the same in both directions.
// The zero value costs nothing.
type line struct {
	Delay time.Duration // in one direction: half the round trip
	Rate  float64       // bits a second, 0 for as many as come
}

func (l line) roundTrip() time.Duration { return 2 * l.Delay }

// On a line with a rate, octets travel in packets that take their time one after
// the other, and the sender is held up once so many octets wait. Without a rate
// nothing is held up short of what memory bears: what is under way is bounded by
// the delay alone, as on a long and wide line.
const (
	packet     = 1460
	slowQueue  = 256 << 10
	wideQueue  = 256 << 20
	readOctets = 64 << 10
)

// piece is what was read at once and when it comes out at the far end.
type piece struct {
	due  time.Time
	data []byte
}

// carry moves octets from src to dst until src ends, each delivered Delay after the
// line has taken it in. It returns the first error of reading or writing, nil for io.EOF.
// seen, if it is not nil, is shown every piece, at its sending and at its delivery.
func (l line) carry(dst io.Writer, src io.Reader, seen func(data []byte, delivered bool)) error {
	if seen == nil {
		seen = func([]byte, bool) {}
	}
	w := newWay(l)
	done := make(chan error, 1)
	go func() {
		done <- w.deliver(dst, seen)
	}()
	err := w.take(src, seen)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if derr := <-done; derr != nil {
		err = derr
	}
	return err
}

// way is one direction of a line: a queue of pieces under way.
type way struct {
	line
	free time.Time // when the line has sent all it was given

	mu     sync.Mutex
	moved  sync.Cond
	pieces []piece
	octets int
	ended  bool // nothing more is put in
	broken bool // nobody takes out any more
}

func newWay(l line) *way {
	w := &way{line: l}
	w.moved.L = &w.mu
	return w
}

func (w *way) take(src io.Reader, seen func([]byte, bool)) error {
	buf := make([]byte, readOctets)
	for {
		n, err := src.Read(buf)
		if n > 0 {
			data := bytes.Clone(buf[:n])
			seen(data, false)
			if !w.put(data, time.Now()) {
				err = io.ErrClosedPipe
			}
		}
		if err != nil {
			w.mu.Lock()
			w.ended = true
			w.moved.Broadcast()
			w.mu.Unlock()
			return err
		}
	}
}

// put says false where nobody takes out any more.
func (w *way) put(data []byte, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	most := wideQueue
	if w.Rate > 0 {
		most = slowQueue
	}
	for w.octets >= most && !w.broken {
		w.moved.Wait()
	}
	if w.broken {
		return false
	}
	w.octets += len(data)
	if w.Rate == 0 {
		w.pieces = append(w.pieces, piece{now.Add(w.Delay), data})
	}
	for w.Rate > 0 && len(data) > 0 {
		part := data[:min(packet, len(data))]
		data = data[len(part):]
		if w.free.Before(now) {
			w.free = now
		}
		w.free = w.free.Add(time.Duration(float64(8*len(part)) / w.Rate * float64(time.Second)))
		w.pieces = append(w.pieces, piece{w.free.Add(w.Delay), part})
	}
	w.moved.Broadcast()
	return true
}

func (w *way) deliver(dst io.Writer, seen func([]byte, bool)) error {
	for {
		w.mu.Lock()
		for len(w.pieces) == 0 && !w.ended {
			w.moved.Wait()
		}
		if len(w.pieces) == 0 {
			w.mu.Unlock()
			return nil
		}
		p := w.pieces[0]
		w.pieces[0] = piece{}
		w.pieces = w.pieces[1:]
		w.mu.Unlock()

		if wait := time.Until(p.due); wait > 0 {
			time.Sleep(wait)
		}
		seen(p.data, true) // first, since what it leads to may be quicker than this goroutine
		_, err := dst.Write(p.data)
		w.mu.Lock()
		w.octets -= len(p.data)
		w.broken = err != nil
		w.moved.Broadcast()
		w.mu.Unlock()
		if err != nil {
			return err
		}
	}
}
