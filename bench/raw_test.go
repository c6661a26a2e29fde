package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"testing"
)

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
