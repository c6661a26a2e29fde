package cli

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"
)

const (
	outputBuffer = 64 << 10               // octets
	outputDelay  = 100 * time.Millisecond // how long a line may wait in it
)

// errReaderGone means that whoever read standard output does not any more.
var errReaderGone = errors.New("nobody reads standard output any more")

// output is standard output with a buffer that empties itself: written at the speed of
// the scan, and never more than a moment behind it. Safe for concurrent use. The first
// error stays.
type output struct {
	mu    sync.Mutex
	w     *bufio.Writer
	timer *time.Timer // runs while something waits in the buffer
	err   error
	next  string // what to do where it can't be written; "" is to run again
}

func newOutput(w io.Writer) *output {
	return &output{w: bufio.NewWriterSize(w, outputBuffer)}
}

// Write takes whole lines.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, o.err
	}
	if _, err := o.w.Write(p); err != nil {
		o.fail(err)
		return 0, o.err
	}
	switch {
	case o.w.Buffered() == 0:
	case o.timer == nil:
		o.timer = time.AfterFunc(outputDelay, o.late)
	case o.w.Buffered() == len(p): // it was empty, so the timer has run out
		o.timer.Reset(outputDelay)
	}
	return len(p), nil
}

// late writes what has waited long enough; what goes wrong is told by the next call.
func (o *output) late() { _ = o.Flush() }

// Flush writes what waits, and gives the first error there was.
func (o *output) Flush() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.timer != nil {
		o.timer.Stop()
	}
	if o.err == nil {
		if err := o.w.Flush(); err != nil {
			o.fail(err)
		}
	}
	return o.err
}

func (o *output) fail(err error) {
	if errors.Is(err, syscall.EPIPE) {
		o.err = errReaderGone
		return
	}
	o.err = &statusError{exitIO, &outputError{err, &o.next}}
}

// advise says what to do next where output can't be written, now or later.
func (o *output) advise(next string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.next = next
}

// outputError is that standard output can't be written.
type outputError struct {
	err  error
	next *string // what to do then may be known later only
}

func (e *outputError) Error() string {
	return fmt.Sprintf("writing to standard output: %v: %s", e.err, cmp.Or(*e.next, "make room there, then run the same command again"))
}

func (e *outputError) Unwrap() error { return e.err }
