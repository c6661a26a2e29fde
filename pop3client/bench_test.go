package pop3client_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	"popmark/pop3client"
	"popmark/pop3server"
)

const gibi = 1 << 30

// BenchmarkRetr reads one large message; BenchmarkRawRead reads the same octets off a socket.
func BenchmarkRetr(b *testing.B) {
	const size = gibi / 4
	_, addr := serve(b, pop3server.WithUser("u", "secret", pop3server.NewGenerated(1, pop3server.Uniform{Size: size})))
	c := login(b, addr, nil)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		body, err := c.Retr(1).Wait(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, body); err != nil || n < size/2 {
			b.Fatal(n, err)
		}
	}
}

// canned is a server that answers every line with the same octets, so that it costs next to nothing.
func canned(b *testing.B, answer []byte) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				r := bufio.NewReader(conn)
				_, _ = io.WriteString(conn, "+OK\r\n")
				for {
					line, err := r.ReadString('\n')
					if err != nil {
						return
					}
					out := []byte("+OK\r\n")
					if strings.HasPrefix(line, "RETR") || strings.HasPrefix(line, "TOP") {
						out = answer
					}
					if _, err := conn.Write(out); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// message is a text of so many octets in lines of 76, as an answer.
func message(octets int) []byte {
	line := strings.Repeat("VGhlIHF1aWNrIGJyb3duIGZv", 3) + "eCAu\r\n"
	return []byte("+OK\r\nSubject: x\r\n\r\n" + strings.Repeat(line, octets/len(line)) + ".\r\n")
}

func BenchmarkWire(b *testing.B) {
	answer := message(gibi / 16)
	addr := canned(b, answer)
	b.Run("raw", func(b *testing.B) {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		if _, err := io.ReadFull(conn, make([]byte, 5)); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(answer)))
		buf := make([]byte, 128<<10)
		for b.Loop() {
			_, _ = io.WriteString(conn, "RETR 1\r\n")
			for left := len(answer); left > 0; {
				n, err := conn.Read(buf)
				if err != nil {
					b.Fatal(err)
				}
				left -= n
			}
		}
	})
	b.Run("client", func(b *testing.B) {
		c, err := pop3client.Dial(b.Context(), "tcp", addr, nil)
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		_, _ = c.User("u").Wait(b.Context())
		_, _ = c.Pass("p").Wait(b.Context())
		b.SetBytes(int64(len(answer)))
		b.ReportAllocs()
		for b.Loop() {
			body, err := c.Retr(1).Wait(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, body); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkScan is ten thousand headers on loopback, an operation being a header.
func BenchmarkScan(b *testing.B) {
	header := []byte("+OK\r\n" + strings.Repeat("X-Header: some octets of a header line that is so long\r\n", 20) + "\r\n.\r\n")
	addr := canned(b, header)
	c, err := pop3client.Dial(b.Context(), "tcp", addr, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_, _ = c.User("u").Wait(b.Context())
	_, _ = c.Pass("p").Wait(b.Context())
	c.SetCapabilities([]string{"PIPELINING"})
	b.SetBytes(int64(len(header)))
	b.ReportAllocs()
	var buf bytes.Buffer
	queue := make([]*pop3client.Pending[*pop3client.Body], 0, 10000)
	for b.Loop() {
		queue = queue[:0]
		for n := range 10000 {
			queue = append(queue, c.Top(n+1, 0))
		}
		for _, p := range queue {
			body, err := p.Wait(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			buf.Reset()
			if _, err := body.WriteTo(&buf); err != nil {
				b.Fatal(err)
			}
			p.Recycle()
		}
	}
}
