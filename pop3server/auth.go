package pop3server

import (
	"crypto/hmac"
	"crypto/md5" // APOP and CRAM-MD5 are made of it
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// msgID is APOP's timestamp, wherever in the greeting it stands.
var msgID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`<[^<>\s]+@[^<>\s]+>`) })

// greet sends the greeting, with a timestamp for APOP unless there is no APOP.
func (s *session) greet(out Output) error {
	s.octets = -1
	timestamp := fmt.Sprintf("<%d.%s@pop3.example>", s.number, s.srv.nonce())
	text := "popmark test server ready {timestamp}"
	if s.srv.without["APOP"] {
		text = "popmark test server ready"
	}
	if s.srv.greeting != nil {
		text = *s.srv.greeting
	}
	text = strings.ReplaceAll(text, "{timestamp}", timestamp)
	s.timestamp = msgID().FindString(text)
	return s.ok(out, "%s", text)
}

// authorize carries out what the AUTHORIZATION state has.
func (s *session) authorize(out Output, e *Event) error {
	switch e.Verb {
	case "USER", "PASS", "APOP", "AUTH":
		if s.srv.plainRefused && s.tls == nil {
			return s.fail(out, "", "log in only over TLS")
		}
	}
	switch e.Verb {
	case "USER":
		if strings.TrimSpace(e.Arg) == "" {
			return s.fail(out, "", "a name is needed")
		}
		s.candidate = strings.TrimSpace(e.Arg)
		return s.ok(out, "send PASS")
	case "PASS":
		if s.candidate == "" {
			return s.fail(out, "", "USER goes first")
		}
		name := s.candidate
		s.candidate = ""
		user, ok := s.srv.users[name]
		return s.login(out, name, ok && same(user.Password, e.Arg))
	case "APOP":
		name, digest, _ := strings.Cut(strings.TrimSpace(e.Arg), " ")
		if s.timestamp == "" {
			return s.fail(out, "", "no timestamp was given")
		}
		user, ok := s.srv.users[name]
		sum := md5.Sum([]byte(s.timestamp + user.Password))
		return s.login(out, name, ok && same(hex.EncodeToString(sum[:]), strings.ToLower(digest)))
	case "AUTH":
		return s.auth(out, e.Arg)
	case "STLS":
		if s.srv.tlsConfig == nil || s.tls != nil {
			return s.fail(out, "", "TLS not available")
		}
		s.upgrade = true
		return s.ok(out, "begin TLS")
	case "UTF8":
		return s.ok(out, "UTF8 enabled")
	case "STAT", "LIST", "UIDL", "RETR", "TOP", "DELE", "RSET", "NOOP":
		return s.fail(out, "", "log in first")
	}
	return s.fail(out, "", "unknown command")
}

func same(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

// maxFailures is how many refused logins a connection may have.
const maxFailures = 10

// login answers an attempt to log in, and opens the maildrop if it was right.
func (s *session) login(out Output, name string, right bool) error {
	user, ok := s.srv.users[name]
	if !right || !ok {
		s.failures++
		if err := s.fail(out, "AUTH", "wrong user name or password"); err != nil || s.failures < maxFailures {
			return err
		}
		return out.End(Close)
	}
	if !s.srv.lock(name) {
		return s.fail(out, "IN-USE", "maildrop is locked by another session")
	}
	s.phase, s.user = Transaction, name
	s.messages, s.octets, s.deleted = user.Maildrop.Snapshot(), -1, nil
	return s.ok(out, "logged in, %d messages", s.messages.Len())
}
