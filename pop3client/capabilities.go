package pop3client

import (
	"strconv"
	"strings"
	"time"
)

// Capabilities are what CAPA answered (RFC 2449). The zero value means that CAPA was not asked;
// a server that refused CAPA is known to offer nothing.
type Capabilities struct {
	// Lines are the capability lines as sent, in order. Treat them as read-only.
	Lines []string
	// State is the state in which they were given: lists differ before and after the login.
	State State
	// Asked is true once CAPA was answered, +OK or -ERR, or the list was remembered.
	Asked bool
	// Remembered is true for a list given to SetCapabilities and not yet confirmed by the server.
	Remembered bool
}

// Has reports whether a capability is listed. Names match in either case.
func (c Capabilities) Has(name string) bool {
	_, ok := c.Args(name)
	return ok
}

// Args returns the words behind a capability's name, and whether it is listed. Where a server
// repeats a name the words of all its lines are returned.
func (c Capabilities) Args(name string) ([]string, bool) {
	var args []string
	found := false
	for _, line := range c.Lines {
		words := strings.Fields(line)
		if len(words) > 0 && strings.EqualFold(words[0], name) {
			found = true
			args = append(args, words[1:]...)
		}
	}
	return args, found
}

// Pipelining reports whether the server says that it takes several commands at once (RFC 2449,
// section 6.6).
func (c Capabilities) Pipelining() bool { return c.Has("PIPELINING") }

// STLS reports whether the server offers to change to TLS (RFC 2595, section 4).
func (c Capabilities) STLS() bool { return c.Has("STLS") }

// UIDL reports whether UIDL is listed (RFC 2449, section 6.8). Some servers have it and do not list it.
func (c Capabilities) UIDL() bool { return c.Has("UIDL") }

// TOP reports whether TOP is listed (RFC 2449, section 6.1). Some servers have it and do not list it.
func (c Capabilities) TOP() bool { return c.Has("TOP") }

// User reports whether USER, which goes with PASS, is listed (RFC 2449, section 6.2).
func (c Capabilities) User() bool { return c.Has("USER") }

// RespCodes reports whether -ERR texts may begin with a response code (RFC 2449, section 8).
func (c Capabilities) RespCodes() bool { return c.Has("RESP-CODES") || c.Has("AUTH-RESP-CODE") }

// LANG reports whether the language of the server's texts can be chosen (RFC 6856).
func (c Capabilities) LANG() bool { return c.Has("LANG") }

// UTF8 reports whether the session can be changed to UTF-8 (RFC 6856).
func (c Capabilities) UTF8() bool { return c.Has("UTF8") }

// SASL returns the mechanisms of AUTH, in capitals (RFC 5034, section 3).
func (c Capabilities) SASL() []string {
	args, _ := c.Args("SASL")
	for i, a := range args {
		args[i] = strings.ToUpper(a)
	}
	return args
}

// HasSASL reports whether a mechanism of AUTH is listed.
func (c Capabilities) HasSASL(mechanism string) bool {
	args, _ := c.Args("SASL")
	for _, a := range args {
		if strings.EqualFold(a, mechanism) {
			return true
		}
	}
	return false
}

// Implementation returns what the server calls itself, "" where it does not say (RFC 2449, section
// 6.9). It is the server's and not safe to print.
func (c Capabilities) Implementation() string {
	for _, line := range c.Lines {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.EqualFold(name, "IMPLEMENTATION") {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

// LoginDelay returns the pause that the server wants between two logins of a user, and whether it
// says one (RFC 2449, section 6.5). Before the login it may be another one than after it.
func (c Capabilities) LoginDelay() (time.Duration, bool) {
	args, _ := c.Args("LOGIN-DELAY")
	if len(args) == 0 {
		return 0, false
	}
	n, err := strconv.ParseUint(args[0], 10, 31)
	if err != nil {
		return 0, false
	}
	return time.Duration(n) * time.Second, true
}

// NeverExpires is what [Capabilities.Expire] gives for EXPIRE NEVER.
const NeverExpires = -1

// Expire returns after how many days the server may delete messages, NeverExpires, or 0 for "at
// once after retrieval", and whether it says so (RFC 2449, section 6.7).
func (c Capabilities) Expire() (days int, ok bool) {
	args, listed := c.Args("EXPIRE")
	switch {
	case c.Has("EXPIRENEVER"): // GNU Mailutils 3.15 leaves the space out.
		return NeverExpires, true
	case !listed || len(args) == 0:
		return 0, false
	case strings.EqualFold(args[0], "NEVER"):
		return NeverExpires, true
	}
	n, err := strconv.ParseUint(args[0], 10, 31)
	if err != nil {
		return 0, false
	}
	return int(n), true
}
