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
	// "Authentication failed, try again later": a password that was looked at is not sent again.
	case e.login() && containsAny(words, refusedWords) && !strings.Contains(words, "temporar"):
		return KindRefused
	case saysTryLater(words):
		return KindTryLater
	case e.login() && saysUnknown(words):
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

// tlsWords and demandWords together ask for TLS. The second has QQ's own spelling.
var (
	tlsWords    = []string{"tls", "ssl", "stls", "secure connection", "non-secure", "encrypt", "cleartext", "plaintext", "安全连接", "加密"}
	demandWords = []string{
		"must use", "must be", "must issue", "needed to use", "requir", "requier", "disallowed", "not permitted", "not allowed", "not in use",
		"non-secure", "insecure", "unencrypted", "without tls", "without ssl", "without encryption", "请使用", "需要",
	}
)

// laterWords are how servers without response codes say that the mailbox is locked or that it is
// too early. Each is found in the answers of a real server: popa3d and solid-pop3d ("unable to
// lock", "locked"), qpopper ("is busy", "lock busy", "in use"), UW ("another pop3 session"), Courier ("lock"),
// Cyrus ("unable to lock maildrop"), Gmail ("try again later", "too many"), Exchange ("too many connections"),
// and those of China in their own words.
var laterWords = []string{
	"try again", "try later", "retry later", "again later", "come back later",
	"temporar",
	"already locked", "is locked", "locked by", "lock busy", "unable to lock", "can't lock", "cannot lock",
	"could not lock", "couldn't lock", "failed to lock", "lock failed", "cannot get lock", "can't get lock",
	"unable to get lock", "lock on mailbox", "maildrop lock", "mailbox lock", "mail lock",
	"in use", "is busy", "mailbox busy", "maildrop busy", "server busy", "system busy", "too busy",
	"another session", "another pop", "other session", "already logged in", "session active",
	"too many", "too frequent", "too often", "too soon", "rate limit", "login delay", "login limit", "wait before",
	"minimum interval", "connection limit", "exceeded the login", "login frequency",
	"lockfile creation", "logins must be at least", "only every",
	"登录太频繁", "登录频繁", "登录过于频繁", "太频繁", "过于频繁", "频率", "稍后", "稍候", "系统忙", "系统繁忙", "正在使用", "被锁定",
}

// permanentLocks hold a word of laterWords and mean an account that stays locked.
var permanentLocks = []string{
	"account is locked", "account locked", "account has been locked", "user is locked", "account is temporarily disabled",
	"帐号已被锁定", "帐号被锁定", "帐号已锁定", "账号已被锁定", "账号被锁定", "账号已锁定", "帐户已被锁定", "帐户被锁定", "账户已被锁定", "账户被锁定",
	"用户已被锁定", "用户被锁定",
}

var refusedWords = []string{
	"authentication fail", "login fail", "invalid login", "invalid password", "bad password", "bad login",
	"invalid user", "logon failure", "unknown user", "password supplied", "credentials",
	"密码错误", "密码不正确", "密码有误", "密码不对", "授权码错误", "授权码不正确", "用户名或密码", "帐号或密码", "账号或密码",
	"登录失败", "登陆失败", "认证失败", "验证失败", "用户不存在", "密碼錯誤",
}

// judgedWords mean that a name or a password was looked at.
var judgedWords = []string{"fail", "secret", "authentication invalid", "password", "credential", "denied", "incorrect", "rejected", "username", "user name", "login"}

func saysTryLater(words string) bool {
	words = strings.ReplaceAll(words, "not in use", "")
	return containsAny(words, laterWords) && !containsAny(words, permanentLocks)
}

// saysUnknown reports whether words say that a command or mechanism is not known, as against a
// login that is not accepted.
func saysUnknown(words string) bool {
	if containsAny(words, judgedWords) {
		return false
	}
	if containsAny(words, []string{
		"unknown command", "invalid command", "unrecognized command", "unrecognised command",
		"bad command", "command unrecognized", "command unrecognised", "command not recognized", "unsupported command",
		"command not implemented", "not implemented", "unimplemented", "command unknown", "syntax error", "no such command", "command not supported",
		"command is not valid", "command not valid", "illegal command",
	}) {
		return true
	}
	return containsAny(words, []string{
		"mechanism", "auth type", "authentication type", "authentication method",
		"auth method", "sasl", "apop",
	}) &&
		containsAny(words, []string{
			"unknown", "unsupported", "not supported", "unrecognized", "unrecognised", "invalid", "no mechanism",
			"not available", "unavailable", "no such", "not offered", "not enabled", "disabled", "not recognized", "not recognised", "not known", "not allowed",
		})
}

// saysUnbound reports whether words say that the kind of channel binding is not known, as SCRAM's
// errors unsupported-channel-binding-type and channel-binding-not-supported do (RFC 5802, section 7).
// That a binding does not match is another thing: somebody is in the middle.
func saysUnbound(words string) bool {
	words = strings.ReplaceAll(strings.ToLower(words), "-", " ")
	return strings.Contains(words, "channel binding") && containsAny(words, []string{"unsupported", "not supported", "unknown"})
}

func containsAny(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
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
