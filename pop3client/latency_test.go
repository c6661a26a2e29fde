package pop3client_test

import (
	"io"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"popmark/pop3client"
	"popmark/pop3server"
)

// slowLine forwards connections to addr with a one-way delay in each direction, without a limit on
// the octets under way.
func slowLine(t testing.TB, addr string, oneWay time.Duration) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	type piece struct {
		due  time.Time
		data []byte
	}
	forward := func(dst, src net.Conn) {
		pieces := make(chan piece, 1<<16)
		go func() {
			defer close(pieces)
			for {
				buf := make([]byte, 32<<10)
				n, err := src.Read(buf)
				if n > 0 {
					pieces <- piece{time.Now().Add(oneWay), buf[:n]}
				}
				if err != nil {
					return
				}
			}
		}()
		for p := range pieces {
			time.Sleep(time.Until(p.due))
			if _, err := dst.Write(p.data); err != nil {
				break
			}
		}
		_ = dst.Close()
	}
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", addr)
			if err != nil {
				_ = near.Close()
				return
			}
			go forward(near, far)
			go forward(far, near)
		}
	}()
	return l.Addr().String()
}

// TestScanOverADistantLine measures ten thousand headers at a round trip of 100 ms beside a reader
// that writes every TOP at once. POPMARK_SLOW=1 runs it.
func TestScanOverADistantLine(t *testing.T) {
	if os.Getenv("POPMARK_SLOW") == "" {
		t.Skip("set POPMARK_SLOW=1 to measure")
	}
	const messages = 10000
	_, addr := serve(t, pop3server.WithUser("u", "secret", pop3server.NewGenerated(messages, pop3server.Uniform{Size: 1000})))
	addr = slowLine(t, addr, 50*time.Millisecond)
	for range 3 {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, "USER u\r\nPASS secret\r\n")
		time.Sleep(400 * time.Millisecond)
		begin := time.Now()
		all := make([]byte, 0, messages*16)
		for n := range messages {
			all = append(strconv.AppendInt(append(all, "TOP "...), int64(n+1), 10), " 0\r\n"...)
		}
		all = append(all, "QUIT\r\n"...)
		go func() { _, _ = conn.Write(all) }()
		octets, _ := io.Copy(io.Discard, conn)
		raw := time.Since(begin)
		_ = conn.Close()

		c := login(t, addr, nil)
		begin = time.Now()
		queue := make([]*pop3client.Pending[*pop3client.Body], messages)
		for n := range queue {
			queue[n] = c.Top(n+1, 0)
		}
		for _, p := range queue {
			body, err := p.Wait(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, body); err != nil {
				t.Fatal(err)
			}
		}
		took := time.Since(begin)
		t.Logf("raw %v, client %v, ratio %.2f, %d octets, rtt %v, rate %.0f kB/s, window %d",
			raw, took, float64(took)/float64(raw), octets, c.RTT(), c.Rate()/1000, c.Window())
		_ = c.Close()
	}
}
