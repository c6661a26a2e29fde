package pop3server

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// execute carries out a command and writes its answer.
func (s *session) execute(out Output, e *Event) error {
	if e.Verb == "" || s.srv.without[e.Verb] {
		return s.fail(out, "", "unknown command")
	}
	switch e.Verb {
	case "CAPA":
		return s.capa(out)
	case "QUIT":
		return s.quit(out)
	case "LANG":
		return s.lang(out, e.Arg)
	}
	if s.phase == Authorization {
		return s.authorize(out, e)
	}
	return s.transact(out, e)
}

func (s *session) transact(out Output, e *Event) error {
	switch e.Verb {
	case "STAT":
		count := s.messages.Len() - len(s.deleted)
		return s.ok(out, "%d %d", count, s.total())
	case "LIST":
		return s.list(out, e.Arg, func(b []byte, n int) []byte { return strconv.AppendInt(b, s.messages.Octets(n), 10) })
	case "UIDL":
		return s.list(out, e.Arg, func(b []byte, n int) []byte { return append(b, s.messages.UIDL(n)...) })
	case "RETR":
		return s.retr(out, e.Arg)
	case "TOP":
		return s.topLines(out, e.Arg)
	case "DELE":
		return s.dele(out, e.Arg)
	case "RSET":
		s.deleted, s.octets = nil, -1
		return s.ok(out, "maildrop has %d messages (%d octets)", s.messages.Len(), s.total())
	case "NOOP":
		return s.ok(out, "")
	case "USER", "PASS", "APOP", "AUTH", "STLS", "UTF8":
		return s.fail(out, "", "only before login")
	}
	return s.fail(out, "", "unknown command")
}

// ok writes a positive one-line answer.
func (s *session) ok(out io.Writer, format string, args ...any) error {
	text := strings.TrimRight("+OK "+fmt.Sprintf(format, args...), " ")
	_, err := io.WriteString(out, text+"\r\n")
	return err
}

// fail writes a negative answer, with the response code (RFC 2449 section 8)
// if the server has such.
func (s *session) fail(out io.Writer, code, text string) error {
	without := s.srv.without["RESP-CODES"]
	if code == "AUTH" || strings.HasPrefix(code, "SYS/") {
		without = s.srv.without["AUTH-RESP-CODE"]
	}
	if code != "" && !without {
		text = "[" + code + "] " + text
	}
	_, err := io.WriteString(out, "-ERR "+text+"\r\n")
	return err
}

// number finds the message that an argument names.
func (s *session) find(arg string) (n int, complaint string) {
	n, ok := parseNumber(strings.TrimSpace(arg))
	switch {
	case !ok:
		return 0, "a message number is needed"
	case n < 1 || n > s.messages.Len():
		return 0, "no such message"
	case s.deleted[n]:
		return 0, "message is deleted"
	}
	return n, ""
}

// total is the octets of all messages not deleted; asking each is put off to
// the first time.
func (s *session) total() int64 {
	if s.octets < 0 {
		s.octets = 0
		for n := 1; n <= s.messages.Len(); n++ {
			if !s.deleted[n] {
				s.octets += s.messages.Octets(n)
			}
		}
	}
	return s.octets
}

// list answers LIST and UIDL, for one message or for all.
func (s *session) list(out Output, arg string, add func(b []byte, n int) []byte) error {
	if strings.TrimSpace(arg) != "" {
		n, complaint := s.find(arg)
		if complaint != "" {
			return s.fail(out, "", complaint)
		}
		return s.ok(out, "%d %s", n, add(nil, n))
	}
	if err := s.ok(out, "%d messages", s.messages.Len()-len(s.deleted)); err != nil {
		return err
	}
	var line []byte
	for n := 1; n <= s.messages.Len(); n++ {
		if s.deleted[n] {
			continue
		}
		line = strconv.AppendInt(line[:0], int64(n), 10)
		line = append(add(append(line, ' '), n), crlf...)
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	_, err := out.Write(terminator)
	return err
}

// open opens the message that arg names, and has answered -ERR if it gives nil.
func (s *session) open(out Output, arg string) (int, io.ReadCloser, error) {
	n, complaint := s.find(arg)
	if complaint != "" {
		return 0, nil, s.fail(out, "", complaint)
	}
	message, err := s.messages.Open(n)
	if err != nil {
		return 0, nil, s.fail(out, "", "cannot open: "+err.Error())
	}
	return n, message, nil
}

func (s *session) retr(out Output, arg string) error {
	n, message, err := s.open(out, arg)
	if message == nil {
		return err
	}
	if err := s.ok(out, "%d octets", s.messages.Octets(n)); err != nil {
		return closing(message, err)
	}
	w := &dotWriter{w: out}
	if _, err := io.Copy(w, message); err != nil {
		return closing(message, err)
	}
	return closing(message, w.end())
}

func (s *session) topLines(out Output, arg string) error {
	first, second, _ := strings.Cut(strings.TrimSpace(arg), " ")
	lines, ok := parseNumber(strings.TrimSpace(second))
	if !ok {
		return s.fail(out, "", "a message number and a number of lines are needed")
	}
	_, message, err := s.open(out, first)
	if message == nil {
		return err
	}
	if err := s.ok(out, "top of message follows"); err != nil {
		return closing(message, err)
	}
	if s.top == nil {
		s.top = bufio.NewReaderSize(nil, 8<<10)
	}
	s.top.Reset(message)
	w := &dotWriter{w: out}
	if err := copyTop(w, s.top, lines); err != nil {
		return closing(message, err)
	}
	return closing(message, w.end())
}

// closing closes a message that has been read; the first error counts.
func closing(message io.Closer, err error) error {
	if cerr := message.Close(); err == nil {
		return cerr
	}
	return err
}

func (s *session) dele(out Output, arg string) error {
	n, complaint := s.find(arg)
	if complaint != "" {
		return s.fail(out, "", complaint)
	}
	if s.deleted == nil {
		s.deleted = map[int]bool{}
	}
	if s.octets >= 0 {
		s.octets -= s.messages.Octets(n)
	}
	s.deleted[n] = true
	return s.ok(out, "message %d deleted", n)
}

// quit enters the UPDATE state. The maildrop is free before the answer goes
// out, so that who has read it can come back at once.
func (s *session) quit(out Output) error {
	s.quitting = true
	if s.phase == Authorization {
		return s.ok(out, "bye")
	}
	err := s.update()
	s.release()
	if err != nil {
		return s.fail(out, "SYS/TEMP", "some deleted messages not removed: "+err.Error())
	}
	return s.ok(out, "bye")
}

// lang answers LANG (RFC 6856 section 3), which has only the default here.
func (s *session) lang(out Output, arg string) error {
	switch strings.ToLower(strings.TrimSpace(arg)) {
	case "":
		_, err := io.WriteString(out, "+OK languages follow\r\ni-default Default language\r\n.\r\n")
		return err
	case "*", "i-default":
		return s.ok(out, "i-default Default language")
	}
	return s.fail(out, "", "no such language")
}

// capa answers CAPA (RFC 2449) as things stand in this phase.
func (s *session) capa(out Output) error {
	srv := s.srv
	lines := []string{"TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER", "UTF8 USER", "LANG"}
	if s.phase == Authorization {
		lines = append(lines, "USER")
		if mechanisms := s.mechanisms(); len(mechanisms) > 0 && !srv.without["AUTH"] {
			lines = append(lines, "SASL "+strings.Join(mechanisms, " "))
		}
		if srv.tlsConfig != nil && s.tls == nil {
			lines = append(lines, "STLS")
		}
	}
	lines = append(lines, "IMPLEMENTATION popmark-pop3server")
	kept := lines[:0]
	for _, line := range lines {
		if name, _, _ := strings.Cut(line, " "); !srv.without[name] {
			kept = append(kept, line)
		}
	}
	if srv.capabilities != nil {
		kept = srv.capabilities(s.phase, kept)
	}
	_, err := io.WriteString(out, "+OK capabilities follow\r\n"+strings.Join(append(kept, ".", ""), "\r\n"))
	return err
}
