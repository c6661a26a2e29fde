package main

import (
	"bytes"
	"io"
	"net/mail"
	"testing"
)

func TestCorpusMessagesHaveTheSizeThatTheyClaim(t *testing.T) {
	for _, size := range []int64{0, 1500, 4096, 1 << 20} {
		c := corpus{size: size}
		for _, n := range []int{1, 97, 99999} {
			r, err := c.Open(n)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			if int64(len(text)) != c.Octets(n) {
				t.Errorf("size %d, message %d: %d octets, not %d", size, n, len(text), c.Octets(n))
			}
			if !bytes.HasSuffix(text, []byte("\r\n")) || bytes.Contains(text, []byte("\n.")) {
				t.Errorf("size %d, message %d: the raw clients need a last line end and no stuffed dots", size, n)
			}
			m, err := mail.ReadMessage(bytes.NewReader(text))
			if err != nil {
				t.Fatalf("size %d, message %d: %v", size, n, err)
			}
			if _, err := m.Header.Date(); err != nil {
				t.Errorf("size %d, message %d: %v", size, n, err)
			}
		}
	}
}
