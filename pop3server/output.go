package pop3server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// endError carries a filter's wish to end the connection up to the session.
type endError struct{ how End }

func (e *endError) Error() string { return fmt.Sprintf("connection ended on purpose (%d)", e.how) }

var errServerClosed = errors.New("server closed")

// output is a link in the chain from an answer to the connection.
type output struct {
	s *session
	w io.Writer
}

func (o *output) Write(p []byte) (int, error) { return o.w.Write(p) }
func (o *output) Flush() error                { return o.s.bw.Flush() }

func (o *output) Pause(d time.Duration) error {
	if err := o.Flush(); err != nil {
		return err
	}
	return sleep(o.s.srv.ctx, d)
}

func (o *output) End(how End) error {
	if err := o.Flush(); err != nil {
		return err
	}
	return &endError{how}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return errServerClosed
	}
}

// timedWriter bounds every write to the connection by the idle time, so that a
// client that reads nothing does not hold a maildrop for ever.
type timedWriter struct{ s *session }

func (t timedWriter) Write(p []byte) (int, error) {
	if err := t.s.conn.SetWriteDeadline(time.Now().Add(t.s.srv.idle)); err != nil {
		return 0, err
	}
	return t.s.conn.Write(p)
}

var (
	crlf       = []byte("\r\n")
	terminator = []byte(".\r\n")
	lfDot      = []byte("\n.")
)

// dotWriter writes a message as a multi-line answer (RFC 1939 section 3): a dot
// that begins a line is doubled; end adds a line end if the last is missing, and
// the lone dot.
type dotWriter struct {
	w      io.Writer
	inLine bool // octets since the last line end
}

func (d *dotWriter) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	done := 0
	if !d.inLine && p[0] == '.' {
		if _, err := d.w.Write(p[:1]); err != nil {
			return 0, err
		}
	}
	for {
		i := bytes.Index(p[done:], lfDot)
		if i < 0 {
			break
		}
		// Up to and with the dot; the next piece begins with it again.
		n, err := d.w.Write(p[done : done+i+2])
		if err != nil {
			return done + n, err
		}
		done += i + 1
	}
	n, err := d.w.Write(p[done:])
	d.inLine = p[len(p)-1] != '\n'
	return done + n, err
}

func (d *dotWriter) end() error {
	if d.inLine {
		if _, err := d.w.Write(crlf); err != nil {
			return err
		}
	}
	_, err := d.w.Write(terminator)
	return err
}

// copyTop copies a message's header, the blank line, and lines lines of its
// body (RFC 1939 section 7).
func copyTop(w io.Writer, r *bufio.Reader, lines int) error {
	inHeader, atStart := true, true
	for inHeader || lines > 0 {
		chunk, err := r.ReadSlice('\n')
		if len(chunk) > 0 {
			if _, werr := w.Write(chunk); werr != nil {
				return werr
			}
		}
		whole := err == nil
		switch {
		case inHeader && atStart && whole && (len(chunk) == 1 || len(chunk) == 2 && chunk[0] == '\r'):
			inHeader = false
		case !inHeader && whole:
			lines--
		}
		atStart = whole
		if err == io.EOF {
			return nil
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
	return nil
}
