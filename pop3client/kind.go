package pop3client

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Kind is what a -ERR means for the one who asked; [ServerError.Kind] tells it.
type Kind int

const (
	// KindOther is a refusal that says nothing about the login or about later: no such message, an
	// unknown command.
	KindOther Kind = iota
	// KindRefused is a refused user name, password or token.
	KindRefused
	// KindTryLater is a locked mailbox, a login delay, or a fault the server calls temporary.
	KindTryLater
	// KindPermanent is a fault that trying again will not mend.
	KindPermanent
)

// String names the kind, as in "try later".
func (k Kind) String() string {
	switch k {
	case KindRefused:
		return "login refused"
	case KindTryLater:
		return "try later"
	case KindPermanent:
		return "permanent"
	}
	return "other"
}

// Kind says what the refusal means: by its code (RFC 2449, 3206) where it has one that tells, else
// by its words, else by the command: a refused USER, PASS, APOP or AUTH is a refused login.
func (e *ServerError) Kind() Kind {
	if e.unbound {
		return KindOther
	}
	if e.heard != nil {
		return e.heard.kind
	}
	if e.NeedsTLS() {
		return KindOther
	}
	switch e.general() {
	case "AUTH":
		if e.UnknownMechanism() {
			return KindOther
		}
		return KindRefused
	case "IN-USE", "LOGIN-DELAY", "SYS/TEMP":
		return KindTryLater
	case "SYS/PERM":
		return KindPermanent
	}
	words := strings.ToLower(e.Text)
	switch {
	case !e.login() && saysTryLater(words):
		return KindTryLater
	case e.login() && (saysTryLater(words) || saysUnable(words)) && !blamesLogin(words):
		return KindTryLater
	case e.login() && !containsAny(words, refusedWords) && saysUnknown(words):
		return KindOther
	case e.login(), e.Command == "" && containsAny(words, refusedWords):
		return KindRefused
	}
	return KindOther
}

// general is the code as far as it is known here: codes are hierarchical, the levels behind slashes.
func (e *ServerError) general() string {
	for code := e.Code; code != ""; {
		switch code {
		case "AUTH", "IN-USE", "LOGIN-DELAY", "SYS/TEMP", "SYS/PERM":
			return code
		}
		code = code[:max(strings.LastIndexByte(code, '/'), 0)]
	}
	return e.Code
}

// heard is what a refusal meant before secrets were hidden in its words: a password can be one of
// those that tell.
type heard struct {
	kind     Kind
	unknown  bool
	needsTLS bool
}

// login reports whether what was refused carries a name or a password.
func (e *ServerError) login() bool {
	verb, _, _ := strings.Cut(e.Command, " ")
	switch verb {
	case "USER", "PASS", "APOP", "AUTH":
		return true
	}
	return false
}

// UnknownMechanism reports whether the server said that it does not know the command or the
// mechanism of a login, so that no password was judged.
func (e *ServerError) UnknownMechanism() bool {
	if e.heard != nil {
		return e.heard.unknown
	}
	return (e.Code == "" || e.general() == "AUTH") && e.login() && saysUnknown(strings.ToLower(e.Text))
}

// NeedsTLS reports whether the server said that it takes no login, or not this one, on a line that
// is not encrypted, so that no password was judged.
func (e *ServerError) NeedsTLS() bool {
	if e.heard != nil {
		return e.heard.needsTLS
	}
	words := strings.ToLower(e.Text)
	return (e.Code == "" || e.general() == "AUTH") && e.login() && containsAny(words, tlsWords) &&
		containsAny(words, demandWords) && !strings.Contains(words, "too many")
}

// serverError makes the error for a -ERR from what stands behind it.
func (c *Client) serverError(command string, rest []byte) *ServerError {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.serverErrorLocked(command, rest)
}

func (c *Client) serverErrorLocked(command string, rest []byte) *ServerError {
	e := &ServerError{Command: command, Code: responseCode(rest), Text: decodeWords(rest)}
	if text := c.redactLocked(e.Text); text != e.Text {
		e.heard = &heard{e.Kind(), e.UnknownMechanism(), e.NeedsTLS()}
		e.Text, e.Code = text, responseCode([]byte(text))
	}
	return e
}

// responseCode returns the code at the beginning of an -ERR's text (RFC 2449, section 8), or "".
func responseCode(text []byte) string {
	if len(text) == 0 || text[0] != '[' {
		return ""
	}
	end := bytes.IndexByte(text, ']')
	if end < 2 || bytes.ContainsAny(text[1:end], " \t[") {
		return ""
	}
	return strings.ToUpper(string(text[1:end]))
}

// decodeWords reads a server's words: UTF-8 as they are, else as GB 18030, which is what the
// providers that do not speak ASCII write, else as they are.
func decodeWords(text []byte) string {
	if utf8.Valid(text) {
		return string(text)
	}
	decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(text)
	if err != nil || bytes.ContainsRune(decoded, utf8.RuneError) {
		return string(text)
	}
	return string(decoded)
}
