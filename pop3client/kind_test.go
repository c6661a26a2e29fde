package pop3client

import (
	"strings"
	"testing"
)

func TestKinds(t *testing.T) {
	for _, tc := range []struct {
		command, text string
		want          Kind
	}{
		{"PASS", "[AUTH] Authentication failed.", KindRefused},
		{"PASS", "[auth] bad", KindRefused},
		{"PASS", "[IN-USE] Mailbox is locked by another POP3 session.", KindTryLater},
		{"PASS", "[LOGIN-DELAY] wait", KindTryLater},
		{"PASS", "[SYS/TEMP] disk", KindTryLater},
		{"PASS", "[SYS/PERM] no such host", KindPermanent},
		{"PASS", "[AUTH/EXPIRED] Renew it on the web.", KindRefused},
		{"PASS", "[IN-USE/IMAP/1] Opened elsewhere.", KindTryLater},
		{"PASS", "[SYS/TEMP/DISK] Sorry.", KindTryLater},
		{"PASS", "[SYS/PERM/GONE] Sorry.", KindPermanent},
		{"PASS", "[SYS/OTHER] Try again later.", KindTryLater},
		{"PASS", "[X/AUTH] Try again later.", KindTryLater},
		{"AUTH PLAIN", "[AUTH/MECH] Unknown authentication mechanism", KindOther},
		{"PASS", "Login failed.", KindRefused},
		{"PASS", "Authentication failed, please try again later", KindRefused},
		{"PASS", "Temporary authentication failure", KindTryLater},
		{"PASS", "", KindRefused},
		{"PASS", "Mailbox is locked by another session", KindTryLater},
		{"PASS", "Unable to lock maildrop: Mailbox is locked by POP server", KindTryLater},
		{"PASS", "maildrop lock busy!  Is another session active?", KindTryLater},
		{"PASS", "Temporary problem, please try again later", KindTryLater},
		{"PASS", "Too many login attempts", KindTryLater},
		{"PASS", "Your account is locked", KindRefused},
		{"PASS", "\xb5\xc7\xc2\xbc\xcc\xab\xc6\xb5\xb7\xb1", KindTryLater}, // 登录太频繁 in GBK
		{"PASS", "登录失败", KindRefused},
		{"PASS", "密码错误次数过多，请稍后再试", KindRefused},
		{"PASS", "用户名或密码错误，请稍后再试", KindRefused},
		{"AUTH PLAIN", "授权码错误，请稍后再试", KindRefused},
		{"PASS", "帐号已被锁定", KindRefused},
		{"PASS", "账号被锁定，请稍后再试", KindRefused},
		{"PASS", "邮箱已被锁定，请稍后重试", KindTryLater},
		{"PASS", "登录过于频繁，请稍后再试", KindTryLater},
		{"PASS", "POP3 not in use for this mailbox", KindRefused},
		{"PASS", "Maildrop already in use", KindTryLater},
		{"PASS", "maillock error 'Lockfile creation failed' (5) on '/var/mail/you'", KindTryLater},
		{"PASS", "Logins must be at least 5 minutes apart", KindTryLater},
		{"PASS", "login allowed only every 15 minutes", KindTryLater},
		{"AUTH SCRAM-SHA-1", "[AUTH] Unsupported authentication mechanism.", KindOther},
		{"AUTH SCRAM-SHA-256", "[AUTH] authenticating: encryption needed to use mechanism", KindOther},
		{"AUTH SCRAM-SHA-256", "[AUTH] authenticating: no mechanism available", KindOther},
		{"AUTH PLAIN", "SASL authentication invalid", KindRefused},
		{"AUTH PLAIN", "[AUTH] invalid SASL response: wrong secret", KindRefused},
		{"AUTH XOAUTH9", "Unknown authentication mechanism", KindOther},
		{"AUTH XOAUTH9", "Invalid authentication mechanism, try again", KindOther},
		{"AUTH XOAUTH9", "Authentication error: mechanism not supported", KindOther},
		{"APOP", "Invalid command.", KindOther},
		{"TOP 3 0", "no such message", KindOther},
		{"RETR 3", "[SYS/TEMP] later", KindTryLater},
		{"", "too many connections", KindTryLater},
		{"", "go away", KindOther},
	} {
		c := &Client{}
		e := c.serverError(tc.command, []byte(tc.text))
		if got := e.Kind(); got != tc.want {
			t.Errorf("%s: -ERR %s: %s, want %s", tc.command, e.Text, got, tc.want)
		}
	}
	if e := (&Client{}).serverError("PASS", []byte("\xb5\xc7\xc2\xbc\xcc\xab\xc6\xb5\xb7\xb1")); e.Text != "登录太频繁" {
		t.Errorf("the words are %q", e.Text)
	}
}

// A password that may be wrong is never sent again, since that can lock an account: where a server's words
// speak of it beside a wish to try again, the login is refused. A login that failed for a reason
// which is no password's may be tried again.
func TestP6_WordsThatMayMeanAWrongPasswordWinOverTryAgain(t *testing.T) {
	for _, text := range []string{
		"wrong password, please try again",
		"Incorrect username or password. Please try again.",
		"Invalid password, try again later",
		"bad login, try again",
		"Password incorrect, too many failures will lock the account",
		"Password supplied for \"joe\" is incorrect. Try again.",
		"Login failed: invalid user or password; try again in a moment",
		"Authentication failure, please try later",
		"Authorization failed, try again later",
		"Access denied, mailbox locked",
		"password incorrect. Your account may be locked by another session",
		"The password that you entered is not right (or your mailbox is in use)",
		"Bad username or password, or mailbox busy",
		"Username and password not accepted, try again",
		"Please check your username and password and try again",
		"Password mismatch, temporary block follows",
		"Authentication failed. Too many invalid logons.",
		"Too many failed login attempts",
		"Too many bad auth attempts",
		"Login failed 5 times, too many failures",
		"invalid credentials (too many connections?)",
		"Access token expired, try again",
		"Unable to process request: user unknown, try again",
		"No such user, or temporary failure",
		"Account disabled, try again later",
		"Account temporarily suspended, try again later",
		"Mailbox does not exist, please try again",
		"No such mailbox; try again later",
		"Sorry, POP3 is not allowed for this user, upgrade or try again",
		"Login fail. Account is abnormal, service is not open, password is incorrect, login frequency limited, or system is busy.",
		"Password error or login too frequently",
		"Login refused by the authentication server, try again later",
		"the authentication server rejected the login",
		"Your account has been locked by too many failures",
		"用户名或密码错误,请重试",
		"密码错误，请稍后再试",
		"口令不正确，请重试",
		"帐号不存在，请稍后再试",
		"账号已停用，请稍后再试",
		"邮箱不存在，请稍后重试",
		"登录失败，请稍后再试",
		"登录失败。帐号异常、密码错误、登录频率受限或系统繁忙",
		"请检查授权码后重试",
		"账号已被锁定，登录频繁",
		"錯誤次數過多，請稍後再試",
		"帳號或密碼錯誤，請稍後重試",
		"login error, please retry",
		"Too many login errors",
		"Error logging in, please try again",
		"wrong login, please try again",
		"Incorrect login, try again",
		"The login is wrong, try again",
		"Authentication error, try again",
		"Authentication is invalid, try again",
		"invalid authentication, please try again",
		"Invalid authorization, try again",
		"not authorized, try again later",
		"Unauthorised, try again later",
		"登录错误，请重试",
		"Username and password not accepted, or too many connections",
		"Account disabled: too many connections",
		"Your password is not allowed here, or the mailbox is in use",
		"\xc3\xdc\xc2\xeb\xb4\xed\xce\xf3\xa3\xac\xc7\xeb\xc9\xd4\xba\xf3\xd4\xd9\xca\xd4", // 密码错误，请稍后再试 in GBK
	} {
		for _, command := range []string{"PASS", "APOP", "AUTH PLAIN"} {
			if e := (&Client{}).serverError(command, []byte(text)); e.Kind() != KindRefused {
				t.Errorf("%s: -ERR %s: %s, want %s", command, e.Text, e.Kind(), KindRefused)
			}
		}
	}
	for _, text := range []string{
		"LOGIN failed, server busy",
		"Login failed: too many connections from your IP",
		"Login failed: mailbox is locked",
		"Authentication failed: mailbox already in use",
		"Access denied: mailbox is locked by another connection",
		"Your account is locked by another session",
		"Temporary authentication failure",
		"Mailbox already open",
		"Your mailbox is currently being accessed by another process",
		"maildrop being read already /var/mail/joe",
		"/var/spool/mail/.joe.pop lock busy!  Is another session active? (11)",
		"Mailbox of user badger is locked by another session",
		"Can't get lock.  Mailbox in use",
		"Timeout while waiting for lock",
		"Unable to obtain lock on mail file",
		"User has too many open sessions",
		"Maximum number of connections from user+IP exceeded",
		"Already logged on",
		"maildrop busy",
		"Login too frequently",
		"Please wait 15 minutes",
		"Mailbox temporarily unavailable",
		"Exceeded the login limit for a 15 minute period. Reduce the frequency of requests to the POP3 server.",
		"Server Unavailable. 21",
		"authentication backend not available",
		"Can not connect to authentication server",
		"Internal error occurred. Refer to server log for more information.",
		"User joe is already logged in; multiple logins are not allowed",
		"mailbox already locked, concurrent access for this user not permitted",
		"account in use: another session is active, simultaneous access is disabled",
		"maildrop of user joe already open, check the other client",
		"too many connections from this user, not accepted",
		"Login error: mailbox already in use",
		"Temporary authentication error",
		"Authentication error: internal error",
		"登录错误，系统繁忙",
		"登录失败，系统繁忙，请稍后再试",
		"登录频率过高",
		"邮箱正在使用",
		"系统内部错误",
		"系統忙碌中，請稍後再試",
		"\xcf\xb5\xcd\xb3\xb7\xb1\xc3\xa6\xa3\xac\xc7\xeb\xc9\xd4\xba\xf3", // 系统繁忙，请稍后 in GBK
	} {
		if e := (&Client{}).serverError("PASS", []byte(text)); e.Kind() != KindTryLater {
			t.Errorf("-ERR %s: %s, want %s", e.Text, e.Kind(), KindTryLater)
		}
	}
	// Of a message or a server nothing is refused for good, and no password was sent.
	for command, text := range map[string]string{"TOP 1 0": "internal error", "RETR 1": "unknown account, internal error"} {
		if e := (&Client{}).serverError(command, []byte(text)); e.Kind() != KindOther {
			t.Errorf("%s: -ERR %s: %s", command, text, e.Kind())
		}
	}
}

func TestP6_ASecretInTheServersWordsChangesNotWhatTheyMean(t *testing.T) {
	for _, tc := range []struct {
		secret, command, text string
		want                  Kind
		unknown               bool
	}{
		{"locked", "PASS", "Mailbox is locked by another session", KindTryLater, false},
		{"unknown", "AUTH PLAIN", "unknown command", KindOther, true},
		{"failed", "PASS", "Authentication failed, try again", KindRefused, false},
	} {
		c := &Client{}
		c.keepSecret(tc.secret)
		e := c.serverError(tc.command, []byte(tc.text))
		if strings.Contains(e.Text, tc.secret) {
			t.Errorf("%q is not hidden in %q", tc.secret, e.Text)
		}
		if got := e.Kind(); got != tc.want || e.UnknownMechanism() != tc.unknown {
			t.Errorf("%s, where %q is a secret: %s and unknown %v, want %s and %v", tc.text, tc.secret, got, e.UnknownMechanism(), tc.want, tc.unknown)
		}
	}
}

func TestRefusalsThatAskForTLS(t *testing.T) {
	for _, tc := range []struct {
		command, text string
		want          bool
	}{
		{"AUTH PLAIN", "command not permitted when TLS not in use", true},
		{"PASS", "[AUTH] Plaintext authentication disallowed on non-secure (SSL/TLS) connections.", true},
		{"PASS", "Login fail. A secure connection is requiered(such as ssl).", true}, //nolint:misspell // as QQ writes it
		{"USER", "must use TLS/SSL", true},
		{"AUTH PLAIN", "encryption required for requested authentication mechanism", true},
		{"PASS", "请使用SSL加密登录", true},
		{"PASS", "[SYS/TEMP] TLS is required, try later", false},
		{"PASS", "Too many SSL connections, not allowed", false},
		{"PASS", "Authentication failed.", false},
		{"PASS", "An application password is required", false},
		{"RETR 1", "must use TLS/SSL", false},
	} {
		e := (&Client{}).serverError(tc.command, []byte(tc.text))
		if got := e.NeedsTLS(); got != tc.want || got && e.Kind() != KindOther {
			t.Errorf("%s: -ERR %s: %v and %s, want %v", tc.command, tc.text, got, e.Kind(), tc.want)
		}
		c := &Client{}
		c.keepSecret(tc.text)
		if got := c.serverError(tc.command, []byte(tc.text)).NeedsTLS(); got != tc.want {
			t.Errorf("with its words hidden, %s: -ERR %s: %v", tc.command, tc.text, got)
		}
	}
}

func TestWordsForACommandThatIsNotKnown(t *testing.T) {
	for words, want := range map[string]bool{
		"Unknown command.":                   true,
		"unknown":                            true,
		"Command not implemented":            true,
		"TOP is not supported":               true,
		"syntax error":                       true,
		"busy":                               false,
		"no such message":                    false,
		"[SYS/TEMP] the mailbox is rebuilt":  false,
		"message 2 is damaged, ask the host": false,
	} {
		if got := (&Client{}).serverError("TOP 1 0", []byte(words)).UnknownCommand(); got != want {
			t.Errorf("%s: %v", words, got)
		}
	}
}

func TestWordsForABindingThatIsNotKnown(t *testing.T) {
	for words, want := range map[string]bool{
		"unsupported-channel-binding-type":        true,
		"channel-binding-not-supported":           true,
		"[AUTH] Unsupported channel binding type": true,
		"channel-bindings-dont-match":             false,
		"server-does-support-channel-binding":     false,
		"invalid-proof":                           false,
	} {
		if got := saysUnbound(words); got != want {
			t.Errorf("%s: %v", words, got)
		}
	}
}
