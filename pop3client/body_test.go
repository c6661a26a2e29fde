package pop3client

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// feed un-stuffs raw, given in pieces that end at the cuts.
func feed(raw string, cuts ...int) (out string, rest string, end bool) {
	var t text
	var b strings.Builder
	var data []byte
	from := 0
	for _, to := range append(cuts, len(raw)) {
		data = append(data, raw[from:to]...)
		from = to
		for {
			piece, used := t.gather(data)
			b.Write(piece)
			data = data[used:]
			if t.over {
				return b.String(), string(data) + raw[from:], true
			}
			if len(piece) == 0 {
				break
			}
		}
	}
	return b.String(), string(data), false
}

func TestUnstuffing(t *testing.T) {
	for _, tc := range []struct{ name, raw, want, rest string }{
		{"empty", ".\r\n", "", ""},
		{"empty with LF", ".\n+OK", "", "+OK"},
		{"one line", "a\r\n.\r\n", "a\r\n", ""},
		{"stuffed", "..\r\n...\r\n..a\r\n.b\r\n.\r\n", ".\r\n..\r\n.a\r\nb\r\n", ""},
		{"LF only", "a\n..b\n.\n+OK", "a\n.b\n", "+OK"},
		{"LF text with a CRLF end", "a\nb\n.\r\n", "a\nb\n", ""},
		{"bare LF and dot in a CRLF text is text", "a\r\nb\n.\r\nc\n.\nd\r\n.\r\n", "a\r\nb\n.\r\nc\n.\nd\r\n", ""},
		{"dot and bare LF in a CRLF text is no end", "a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n", ""},
		{"bare CR", "a\rb\r\n\r.\r\n\r\n.\r\n", "a\rb\r\n\r.\r\n\r\n", ""},
		{"dot in the line", "a.b\r\nc.\r\n.\r\n", "a.b\r\nc.\r\n", ""},
		{"NUL and 8 bits", "\x00\xff\r\n.\r\n", "\x00\xff\r\n", ""},
		{"what follows is not touched", "a\r\n.\r\n.\r\n", "a\r\n", ".\r\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for cut := range len(tc.raw) {
				for second := cut; second < len(tc.raw); second++ {
					out, rest, end := feed(tc.raw, cut, second)
					if !end || out != tc.want || rest != tc.rest {
						t.Fatalf("cut at %d and %d: %q, %q, %v; want %q, %q", cut, second, out, rest, end, tc.want, tc.rest)
					}
				}
			}
		})
	}
}

// TestP2_CutTextIsNeverWhole gives every beginning of an answer and then the connection's end.
func TestP2_CutTextIsNeverWhole(t *testing.T) {
	answer := "+OK\r\nSubject: x\r\n\r\n..a\r\nb\r\n.\r\n"
	for n := range len(answer) {
		for name, read := range map[string]func(*Body) error{
			"Read":    func(b *Body) error { return second(io.ReadAll(struct{ io.Reader }{b})) },
			"WriteTo": func(b *Body) error { return second(io.Copy(io.Discard, b)) },
		} {
			c := enter(t, nil, func(p *peer) { p.answer("RETR 1", answer[:n]) })
			body, err := c.Retr(1).Wait(t.Context())
			if err == nil {
				err = read(body)
			}
			if !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
				t.Fatalf("%s after %d octets: %v", name, n, err)
			}
			_ = asError[*CutError](t, err)
		}
	}
}

func TestBodyReadersAgree(t *testing.T) {
	raw := strings.Repeat("..a line with a dot. And more\r\n\r\n", 9000) + ".\r\n"
	want := strings.ReplaceAll(strings.TrimSuffix(raw, ".\r\n"), "..a", ".a")
	for name, read := range map[string]func(*Body) (string, error){
		"WriteTo": func(b *Body) (string, error) {
			var out strings.Builder
			_, err := b.WriteTo(&out)
			return out.String(), err
		},
		"Read":        func(b *Body) (string, error) { s, err := io.ReadAll(struct{ io.Reader }{b}); return string(s), err },
		"single Read": func(b *Body) (string, error) { s, err := io.ReadAll(iotest.OneByteReader(b)); return string(s), err },
		"both": func(b *Body) (string, error) {
			head := make([]byte, 12345)
			if _, err := io.ReadFull(b, head); err != nil {
				return "", err
			}
			out := bytes.NewBuffer(head)
			_, err := b.WriteTo(out)
			return out.String(), err
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := enter(t, nil, func(p *peer) {
				p.answer("RETR 1", "+OK\r\n"+raw)
				p.answer("NOOP", "+OK\r\n")
			})
			body := got(t, c.Retr(1))
			s, err := read(body)
			if err != nil || s != want {
				t.Fatalf("%d octets, %v; want %d", len(s), err, len(want))
			}
			if body.Octets() != int64(len(want)) {
				t.Errorf("Octets = %d, want %d", body.Octets(), len(want))
			}
			if n, err := body.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
				t.Errorf("reading on: %d, %v", n, err)
			}
			got(t, c.Noop())
		})
	}
}

func TestWriterErrorLeavesTheRest(t *testing.T) {
	c := enter(t, nil, func(p *peer) {
		p.answer("RETR 1", "+OK\r\nA: b\r\n\r\ntext\r\n.\r\n")
		p.answer("NOOP", "+OK\r\n")
	})
	body := got(t, c.Retr(1))
	full := errors.New("no space")
	if _, err := body.WriteTo(failingWriter{full}); !errors.Is(err, full) {
		t.Fatalf("WriteTo: %v", err)
	}
	got(t, c.Noop())
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// unstuffPlainly is the rule of RFC 1939 for a CRLF text, written down the simple way.
func unstuffPlainly(raw string) (out, rest string, end bool) {
	var b strings.Builder
	for {
		line, after, found := strings.Cut(raw, "\r\n")
		if !found {
			return b.String(), raw, false
		}
		if line == "." {
			return b.String(), after, true
		}
		b.WriteString(strings.TrimPrefix(line, ".") + "\r\n")
		raw = after
	}
}

func FuzzBody(f *testing.F) {
	f.Add("a\r\n..b\r\n.\r\nrest", 3, 5)
	f.Add("Subject: x\r\n\r\n.\n.\r\r\n.\r\n", 1, 20)
	f.Add("x\r\n\n.\r\n.\r\n", 4, 6)
	f.Fuzz(func(t *testing.T, raw string, cut, second int) {
		raw = "x\r\n" + raw // so that it is a text of CRLF lines
		cut = max(0, min(cut, len(raw)))
		second = max(cut, min(second, len(raw)))
		want, wantRest, wantEnd := unstuffPlainly(raw)
		out, rest, end := feed(raw, cut, second)
		if end != wantEnd {
			t.Fatalf("%q cut at %d and %d: end %v, want %v", raw, cut, second, end, wantEnd)
		}
		if end && (out != want || rest != wantRest) {
			t.Fatalf("%q cut at %d and %d: %q and %q, want %q and %q", raw, cut, second, out, rest, want, wantRest)
		}
		if !end && !strings.HasPrefix(out, want) {
			t.Fatalf("%q: %q does not begin with %q", raw, out, want)
		}
	})
}
