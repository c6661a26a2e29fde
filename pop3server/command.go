package pop3server

import (
	"errors"
	"strings"
)

// Limits on what a client may send, in octets with the line end.
const (
	// MaxCommandLine bounds a command; RFC 2449 asks for 255.
	MaxCommandLine = 512
	// MaxAuthLine bounds AUTH and its answers, since tokens are long.
	MaxAuthLine = 64 << 10
)

var errBadCommand = errors.New("not a command")

// parseCommand takes a command line apart: the keyword in upper case, and what
// follows the space behind it, untouched, since a password may hold spaces.
func parseCommand(line string) (verb, arg string, err error) {
	line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
	verb, arg, _ = strings.Cut(line, " ")
	if verb == "" {
		return "", "", errBadCommand
	}
	for i := range len(verb) {
		if c := verb[i]; c <= ' ' || c >= 0x7f {
			return "", "", errBadCommand
		}
	}
	return strings.ToUpper(verb), arg, nil
}

// parseNumber reads a number as RFC 1939 writes it: digits alone.
func parseNumber(s string) (int, bool) {
	if s == "" || len(s) > 10 {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}
