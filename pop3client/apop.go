package pop3client

import (
	"bytes"
	"crypto/md5" //nolint:gosec // RFC 1939 has no other
	"encoding/hex"
	"strings"
)

// apopDigest is APOP's proof (RFC 1939, section 7): the timestamp, brackets included, and the secret.
func apopDigest(timestamp, secret string) string {
	sum := md5.Sum([]byte(timestamp + secret)) //nolint:gosec // RFC 1939 has no other
	return hex.EncodeToString(sum[:])
}

// findTimestamp returns the first msg-id in a greeting, with its brackets, or "". What stands in
// brackets has to be a msg-id to the letter: CVE-2007-1558 needs octets in it that none may have.
func findTimestamp(greeting []byte) string {
	for {
		open := bytes.IndexByte(greeting, '<')
		if open < 0 {
			return ""
		}
		greeting = greeting[open:]
		end := bytes.IndexByte(greeting, '>')
		if end < 0 {
			return ""
		}
		if id := string(greeting[:end+1]); isMessageID(id) {
			return id
		}
		greeting = greeting[1:]
	}
}

// isMessageID reports whether s is a msg-id by RFC 822, section 6.1, without comments and folding.
func isMessageID(s string) bool {
	if len(s) < 2 || s[0] != '<' || s[len(s)-1] != '>' {
		return false
	}
	rest, ok := dotted(s[1:len(s)-1], '"', '"')
	if !ok || !strings.HasPrefix(rest, "@") {
		return false
	}
	rest, ok = dotted(rest[1:], '[', ']')
	return ok && rest == ""
}

// dotted reads words with dots between them, each an atom or something between open and end, and
// returns what follows.
func dotted(s string, open, end byte) (rest string, ok bool) {
	for {
		n := 0
		if s != "" && s[0] == open {
			for n = 1; n < len(s) && s[n] != end; n++ {
				if s[n] < 0x20 || s[n] > 0x7e || s[n] == '\\' {
					return s, false
				}
			}
			if n == len(s) {
				return s, false
			}
			n++
		} else {
			for n < len(s) && isAtom(s[n]) {
				n++
			}
		}
		if n == 0 {
			return s, false
		}
		s = s[n:]
		if s == "" || s[0] != '.' {
			return s, true
		}
		s = s[1:]
	}
}

// isAtom reports whether an octet can stand in an RFC 822 atom.
func isAtom(b byte) bool {
	return b > 0x20 && b < 0x7f && !strings.ContainsRune(`()<>@,;:\".[]`, rune(b))
}
