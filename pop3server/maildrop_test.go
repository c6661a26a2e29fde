package pop3server

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestCRLF(t *testing.T) {
	tests := []struct {
		lines []string
		want  string
	}{
		{nil, ""},
		{[]string{"a", "", "b"}, "a\r\n\r\nb\r\n"},
		{[]string{"a\nb\r\n"}, "a\r\nb\r\n"},
	}
	for _, tt := range tests {
		if got := string(CRLF(tt.lines...)); got != tt.want {
			t.Errorf("CRLF(%q) = %q, want %q", tt.lines, got, tt.want)
		}
	}
}

// unstuffed undoes what a dotWriter did, as RFC 1939 has a client do it.
func unstuffed(t *testing.T, answer string) string {
	t.Helper()
	body, ok := strings.CutSuffix(answer, ".\r\n")
	if !ok {
		t.Fatalf("no lone dot at the end of %q", answer)
	}
	var b strings.Builder
	for line := range strings.Lines(body) {
		if line[0] == '.' && (len(line) < 2 || line[1] != '.') {
			t.Fatalf("a dot that is not doubled in %q", answer)
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
	return b.String()
}

func TestDotStuffingComesBackWhole(t *testing.T) {
	texts := []string{"", ".", "..", ".\r\n", "a", "a\r\n", "a\r\n.", "a\r\n.\r\n", "\r\n.\r\n.\r\n", "a.b\r\n..c\r\n", "x\n.y\n", "no end"}
	for _, text := range texts {
		want := text
		if text != "" && !strings.HasSuffix(text, "\n") {
			want += "\r\n"
		}
		for piece := range len(text) + 1 { // cut anywhere
			var b bytes.Buffer
			w := &dotWriter{w: &b}
			for _, p := range []string{text[:piece], text[piece:]} {
				if n, err := io.WriteString(w, p); n != len(p) || err != nil {
					t.Fatalf("write %q: %d, %v", p, n, err)
				}
			}
			if err := w.end(); err != nil {
				t.Fatal(err)
			}
			if got := unstuffed(t, b.String()); got != want {
				t.Errorf("%q cut at %d: %q on the wire, back %q", text, piece, b.String(), got)
			}
		}
	}
}

func TestCopyTop(t *testing.T) {
	long := strings.Repeat("x", 100)
	tests := []struct {
		name, message string
		lines         int
		want          string
	}{
		{"header only", "A: b\r\n\r\none\r\ntwo\r\n", 0, "A: b\r\n\r\n"},
		{"one line", "A: b\r\n\r\none\r\ntwo\r\n", 1, "A: b\r\n\r\none\r\n"},
		{"more than there are", "A: b\r\n\r\none\r\ntwo", 9, "A: b\r\n\r\none\r\ntwo"},
		{"no body", "A: b\r\n", 3, "A: b\r\n"},
		{"LF only", "A: b\n\none\ntwo\n", 1, "A: b\n\none\n"},
		{"long lines", "A: " + long + "\r\n\r\n" + long + "\r\n" + long + "\r\n", 1, "A: " + long + "\r\n\r\n" + long + "\r\n"},
		{"long line that ends where the buffer does", "A: " + long[:13] + "\r\nB: c\r\n\r\nd\r\n", 0, "A: " + long[:13] + "\r\nB: c\r\n\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			if err := copyTop(&b, bufio.NewReaderSize(strings.NewReader(tt.message), 16), tt.lines); err != nil {
				t.Fatal(err)
			}
			if b.String() != tt.want {
				t.Errorf("got %q, want %q", b.String(), tt.want)
			}
		})
	}
	broken := bufio.NewReader(iotest.ErrReader(io.ErrUnexpectedEOF))
	if err := copyTop(io.Discard, broken, 1); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a message that cannot be read: %v", err)
	}
}

func TestUniformIsAsLongAsItSays(t *testing.T) {
	for _, size := range []int64{0, 100, 1000, 100_000, 1 << 20} {
		u := Uniform{Size: size}
		r, err := u.Open(7)
		if err != nil {
			t.Fatal(err)
		}
		direct, err := io.ReadAll(iotest.OneByteReader(io.LimitReader(r, 2000)))
		if err != nil {
			t.Fatal(err)
		}
		again, err := u.Open(7)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := io.Copy(&b, again); err != nil {
			t.Fatal(err)
		}
		if int64(b.Len()) != u.Octets(7) || size > 1000 && u.Octets(7) != size {
			t.Errorf("size %d: %d octets, says %d", size, b.Len(), u.Octets(7))
		}
		if !bytes.HasPrefix(b.Bytes(), direct) || !bytes.HasSuffix(b.Bytes(), []byte("\r\n")) {
			t.Errorf("size %d: read and copied differ", size)
		}
	}
}

// TestGeneratedNumbersAgreeWithMemory deletes at random from both kinds of
// maildrop.
func TestGeneratedNumbersAgreeWithMemory(t *testing.T) {
	const count = 60
	rng := rand.New(rand.NewPCG(1, 2))
	generated, memory := NewGenerated(count, Uniform{Size: 400}), NewMemory()
	for n := 1; n <= count; n++ {
		memory.Add(NewMessage(Uniform{}.UIDL(n), nil))
	}
	for generated.Len() > 0 {
		g, m := generated.Snapshot(), memory.Snapshot()
		if g.Len() != m.Len() {
			t.Fatalf("%d messages, want %d", g.Len(), m.Len())
		}
		var gone []int
		for n := 1; n <= g.Len(); n++ {
			if g.UIDL(n) != m.UIDL(n) {
				t.Fatalf("number %d of %d is %s, want %s", n, g.Len(), g.UIDL(n), m.UIDL(n))
			}
			if rng.IntN(4) == 0 {
				gone = append(gone, n)
			}
		}
		if err := errors.Join(g.Remove(gone), m.Remove(gone)); err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= g.Len(); n++ {
			_, err := g.Open(n)
			if want := slices.Contains(gone, n); errors.Is(err, ErrGone) != want {
				t.Fatalf("opening number %d after its deletion: %v, gone %v", n, err, want)
			}
		}
	}
}

func TestMillionMessagesAndGigabytesCostNoMemory(t *testing.T) {
	const count = 1_000_000
	_, addr := start(t, WithUser("ann", "secret", NewGenerated(count, Uniform{Size: 2 << 30})))
	c := dial(t, addr)
	if err := c.conn.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil { // 20 MB of list
		t.Fatal(err)
	}
	c.in = bufio.NewReaderSize(c.conn, 1<<20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c.chat(login + "> UIDL\n< +OK 1000000 messages")
	for n := 1; ; n++ {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			t.Fatal(err)
		}
		if string(line) == ".\r\n" {
			if n != count+1 {
				t.Errorf("%d lines", n-1)
			}
			break
		}
	}
	c.chat(fmt.Sprintf("> RETR %d\n< +OK %d octets", count, 2<<30))
	if _, err := io.CopyN(io.Discard, c.in, 64<<20); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 24<<20 {
		t.Errorf("heap grew by %d octets", grown)
	}
}

func BenchmarkRETR(b *testing.B) {
	const size = 64 << 20
	text := bytes.Repeat([]byte(uniformLine), size/len(uniformLine))
	for _, tt := range []struct {
		name string
		drop Maildrop
	}{
		{"memory", NewMemory(NewMessage("x", text))},
		{"generated", NewGenerated(1, Uniform{Size: size})},
	} {
		b.Run(tt.name, func(b *testing.B) {
			messages := tt.drop.Snapshot()
			b.SetBytes(messages.Octets(1))
			for b.Loop() {
				r, err := messages.Open(1)
				if err != nil {
					b.Fatal(err)
				}
				w := &dotWriter{w: bufio.NewWriterSize(struct{ io.Writer }{io.Discard}, 64<<10)}
				if _, err := io.Copy(w, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkTOPBurst(b *testing.B) {
	const count = 10_000
	var burst strings.Builder
	burst.WriteString("USER ann\r\nPASS secret\r\n")
	for n := 1; n <= count; n++ {
		fmt.Fprintf(&burst, "TOP %d 0\r\n", n)
	}
	burst.WriteString("QUIT\r\n")
	s := New(WithUser("ann", "secret", NewGenerated(count, Uniform{Size: 4096})), WithoutLog())
	b.ReportMetric(count, "messages/op")
	for b.Loop() {
		s.ServeConn(&scripted{in: strings.NewReader(burst.String())})
	}
}
