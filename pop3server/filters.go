package pop3server

import (
	"bytes"
	"io"
	"slices"
	"time"
)

// atOctet is a filter that calls do once, when this many octets have passed.
func atOctet(octets int64, do func(Output) error) func(Output) io.Writer {
	return func(o Output) io.Writer { return &trap{out: o, left: octets, do: do} }
}

func endAt(octets int64, how End) func(Output) io.Writer {
	return atOctet(octets, func(o Output) error { return o.End(how) })
}

type trap struct {
	out    Output
	left   int64
	do     func(Output) error
	sprung bool
}

func (t *trap) Write(p []byte) (int, error) {
	if t.sprung || int64(len(p)) < t.left {
		n, err := t.out.Write(p)
		t.left -= int64(n)
		return n, err
	}
	n, err := t.out.Write(p[:t.left])
	if err != nil {
		return n, err
	}
	t.sprung = true
	if err := t.do(t.out); err != nil {
		return n, err
	}
	rest, err := t.out.Write(p[n:])
	return n + rest, err
}

type trickle struct {
	out   Output
	size  int
	pause time.Duration
}

func (t *trickle) Write(p []byte) (int, error) {
	sent := 0
	for piece := range slices.Chunk(p, t.size) {
		n, err := t.out.Write(piece)
		sent += n
		if err != nil {
			return sent, err
		}
		if err := t.out.Pause(t.pause); err != nil {
			return sent, err
		}
	}
	return sent, nil
}

type mapper struct {
	out    Output
	change func([]byte) []byte
}

func (m *mapper) Write(p []byte) (int, error) {
	if _, err := m.out.Write(m.change(bytes.Clone(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// liner passes whole lines on, changed.
type liner struct {
	out    Output
	change func(int, string) (string, bool)
	number int
	rest   []byte
}

func (l *liner) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		end := bytes.IndexByte(l.rest, '\n')
		if end < 0 {
			return len(p), nil
		}
		line := string(bytes.TrimSuffix(l.rest[:end], []byte("\r")))
		l.rest = l.rest[end+1:]
		changed, keep := l.change(l.number, line)
		l.number++
		if !keep {
			continue
		}
		if _, err := io.WriteString(l.out, changed+"\r\n"); err != nil {
			return 0, err
		}
	}
}

// Close sends what came without a line end.
func (l *liner) Close() error {
	_, err := l.out.Write(l.rest)
	return err
}

// whole passes an answer on when it is complete, changed.
type whole struct {
	out    Output
	change func(string) string
	kept   bytes.Buffer
}

func (w *whole) Write(p []byte) (int, error) { return w.kept.Write(p) }

func (w *whole) Close() error {
	_, err := io.WriteString(w.out, w.change(w.kept.String()))
	return err
}
