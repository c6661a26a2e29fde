package pop3client

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

// loop gives the same octets again and again.
type loop struct {
	data []byte
	at   int
}

func (l *loop) Read(p []byte) (int, error) {
	n := copy(p, l.data[l.at:])
	l.at = (l.at + n) % len(l.data)
	return n, nil
}

// BenchmarkUnstuff is the parser alone, on octets in memory.
func BenchmarkUnstuff(b *testing.B) {
	for name, line := range map[string]string{
		"base64": strings.Repeat("VGhlIHF1", 9) + "eCAu\r\n",
		"prose":  "The quick brown fox, e.g. Mr. Fox, jumps. Over the lazy dog. That is all.\r\n",
		"dots":   "..\r\n",
	} {
		b.Run(name, func(b *testing.B) {
			raw := []byte(strings.Repeat(line, (1<<20)/len(line)))
			data := make([]byte, len(raw))
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				copy(data, raw) // gather works in place
				var t text
				for rest := data; len(rest) > 0; {
					_, used := t.gather(rest[:min(len(rest), bufferOctets)])
					if used == 0 {
						break
					}
					rest = rest[used:]
				}
			}
		})
	}
}

// BenchmarkAnswers reads answers off memory through the whole client, an operation being an answer.
func BenchmarkAnswers(b *testing.B) {
	for name, tc := range map[string]struct {
		answer string
		ask    func(c *Client) error
	}{
		"NOOP": {"+OK\r\n", func(c *Client) error { return second(c.Noop().Wait(b.Context())) }},
		"TOP": {"+OK\r\n" + strings.Repeat("X-Header: some octets of a header\r\n", 30) + "\r\n.\r\n", func(c *Client) error {
			p := c.Top(1, 0)
			body, err := p.Wait(b.Context())
			if err == nil {
				_, err = body.WriteTo(io.Discard)
			}
			p.Recycle()
			return err
		}},
		"LIST of 10000": {numbers("56789"), func(c *Client) error {
			return second(c.List().Wait(b.Context()))
		}},
		"UIDL of 10000": {numbers("0123456789abcdef"), func(c *Client) error {
			return second(c.Uidl().Wait(b.Context()))
		}},
	} {
		b.Run(name, func(b *testing.B) {
			greeting := []byte("+OK\r\n+OK\r\n+OK\r\n")
			answers := &loop{data: []byte(tc.answer)}
			gate := &gated{}
			gate.Reader = io.MultiReader(bytes.NewReader(greeting), answers)
			c, err := New(b.Context(), deafConn{Reader: gate}, &Options{Limits: Limits{ListEntries: 1 << 30, ListOctets: 1 << 50}})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			_, _ = c.User("u").Wait(b.Context())
			_, _ = c.Pass("p").Wait(b.Context())
			gate.most = len(tc.answer)
			b.SetBytes(int64(len(tc.answer)))
			b.ReportAllocs()
			for b.Loop() {
				if err := tc.ask(c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// numbers is a listing of ten thousand messages.
func numbers(word string) string {
	var b strings.Builder
	b.WriteString("+OK\r\n")
	for n := range 10000 {
		fmt.Fprintf(&b, "%d %s\r\n", n+1, word)
	}
	return b.String() + ".\r\n"
}

// gated gives no more than one answer at a time: more would be spoken out of turn.
type gated struct {
	io.Reader
	most int
	left int
}

func (g *gated) Read(p []byte) (int, error) {
	if g.most == 0 {
		return g.Reader.Read(p[:min(len(p), 5)])
	}
	if g.left == 0 {
		g.left = g.most
	}
	n, err := g.Reader.Read(p[:min(len(p), g.left)])
	g.left -= n
	return n, err
}
