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
