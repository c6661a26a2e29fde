package pop3client

import "strings"

// tlsWords and demandWords together ask for TLS. The second has QQ's own spelling.
var (
	tlsWords    = []string{"tls", "ssl", "stls", "secure connection", "non-secure", "encrypt", "cleartext", "plaintext", "安全连接", "加密"}
	demandWords = []string{
		"must use", "must be", "must issue", "needed to use", "requir", "requier", "disallowed", "not permitted", "not allowed", "not in use",
		"non-secure", "insecure", "unencrypted", "without tls", "without ssl", "without encryption", "请使用", "需要",
	}
)

// reasonWords and laterWords are how servers without response codes say that the mailbox is locked or
// that it is too early. Each is found in the answers of a real server: popa3d and solid-pop3d ("unable to
// lock", "locked"), qpopper ("is busy", "lock busy", "in use", "being read"), UW ("another pop3 session"),
// Courier ("lock"), Cyrus ("unable to lock maildrop"), Dovecot ("number of connections"), Gmail ("try again
// later", "too many"), Exchange ("too many connections"), and those of China in their own words.
//
// reasonWords name what stands in the way, which is no password: behind them "login failed" is its effect.
var reasonWords = []string{
	"server busy", "server is busy", "server too busy", "service busy", "system busy", "system is busy", "is busy", "too busy",
	"mailbox busy", "maildrop busy", "lock busy",
	"in use", "already open", "currently open", "still open", "being accessed", "being used", "being read",
	"already locked", "locked by", "maildrop is locked", "mailbox is locked", "unable to lock", "can't lock", "cannot lock",
	"could not lock", "couldn't lock", "failed to lock", "lock failed", "cannot get lock", "can't get lock",
	"unable to get lock", "unable to obtain lock", "waiting for lock", "lockfile creation",
	"another session", "another pop", "another process", "another program", "another client", "another connection", "other session",
	"already logged in", "already logged on", "session active", "session is active",
	"too many connections", "too many sessions", "too many open", "too many simultaneous", "too many concurrent",
	"connection limit", "number of connections", "connections from your",
	"too frequent", "login frequency", "login delay", "minimum interval", "logins must be at least", "only every",
	"频繁", "頻繁", "频率", "頻率", "系统忙", "系统繁忙", "系統忙", "系統繁忙", "服务器忙", "服务器繁忙", "正在使用", "使用中",
}

var laterWords = []string{
	"try again", "try later", "retry later", "again later", "come back later", "later again", "please retry",
	"temporar",
	"is locked", "lock on mailbox", "maildrop lock", "mailbox lock", "mail lock",
	"too many", "too often", "too soon", "rate limit", "login limit", "wait before", "please wait", "exceeded the login",
	"稍后", "稍候", "稍後", "重试", "重試", "被锁定", "被鎖定",
}

// unableWords mean that a server could not look at a password: what it asks is out of order.
var unableWords = []string{
	"connect to auth", "connect to the auth", "contact auth", "contact the auth", "reach auth", "reach the auth",
	"backend not available", "backend is not available", "backend unavailable", "backend down",
	"server not available", "server is not available", "server unavailable", "server is unavailable", "server is down",
	"service not available", "service is not available", "service unavailable", "service is unavailable",
	"internal error", "internal server error", "database error",
	"系统错误", "系统内部错误", "系统异常", "服务不可用", "系統錯誤",
}

// permanentLocks hold a word of laterWords and mean an account that stays locked.
var permanentLocks = []string{
	"account is locked", "account locked", "account has been locked", "user is locked", "account is temporarily disabled",
	"帐号已被锁定", "帐号被锁定", "帐号已锁定", "账号已被锁定", "账号被锁定", "账号已锁定", "帐户已被锁定", "帐户被锁定", "账户已被锁定", "账户被锁定",
	"用户已被锁定", "用户被锁定", "帳號已被鎖定", "帳號被鎖定",
}

// refusedWords mean a refused login, whose reason may be another than its password.
var refusedWords = []string{
	"authentication fail", "authentication unsuccessful", "authorization fail", "authorisation fail", "auth fail",
	"login fail", "log in fail", "login incorrect", "login refused", "login rejected", "login denied", "access denied", "permission denied",
	"invalid login", "invalid password", "bad password", "bad login", "bad auth", "unable to log",
	"invalid user", "logon fail", "unknown user", "password supplied", "credentials",
	"密码错误", "密码不正确", "密码有误", "密码不对", "授权码错误", "授权码不正确", "用户名或密码", "帐号或密码", "账号或密码",
	"登录失败", "登陆失败", "认证失败", "验证失败", "用户不存在", "密碼錯誤", "登錄失敗", "登入失敗", "認證失敗", "驗證失敗",
}

// mistakeWords mean a refused login where a wish to try again stands beside them. Alone they tell nothing
// more: "invalid authentication mechanism" is no refused login.
var mistakeWords = []string{
	"login error", "logon error", "auth error", "authentication error", "authorization error", "authorisation error", "error logging",
	"wrong login", "wrong logon", "wrong auth", "incorrect login", "incorrect logon", "incorrect auth", "invalid logon", "invalid auth",
	"login wrong", "login is wrong", "login is incorrect", "login invalid", "login is invalid",
	"authentication invalid", "authentication is invalid", "authentication is incorrect", "not authori", "unauthori",
	"登录错误", "登陆错误", "认证错误", "验证错误", "登錄錯誤", "登入錯誤", "認證錯誤", "驗證錯誤",
}

// A name or a password is wrong where a word for it stands with a word for what is wrong, in whatever
// order: "wrong password", "the password you gave is incorrect".
var (
	passwordWords = []string{
		"password", "passwd", "passphrase", "passcode", "pass word", "credential", "secret", "token",
		"密码", "密碼", "口令", "授权码", "授權碼",
	}
	nameWords = []string{
		"user", "account", "login name", "logon name", "login id",
		"用户名", "用戶名", "使用者", "帐号", "账号", "帳號", "帐户", "账户", "帳戶",
	}
	faultWords = []string{
		"wrong", "incorrect", "invalid", "bad ", "unknown", "mismatch", "not match", "n't match", "no match", "not correct", "not right",
		"not valid", "not found", "not exist", "n't exist", "no such", "no account", "not recogni", "unrecogni",
		"not authori", "not enabled", "not activ", "account disabled", "account is disabled", "user disabled", "user is disabled", "suspended", "deactivated", "inactive", "expired", "blocked",
		"password error", "password is error", "passwd error", "error password", "password fail", "password rejected", "password refused",
		"password denied", "check your", "verify your", "check the", "username or", "user name or", "username and", "user name and", "username/",
		"错误", "不正确", "有误", "不对", "不存在", "无效", "不匹配", "不符", "停用", "禁用", "冻结", "过期", "異常", "异常", "abnormal",
		"錯誤", "不正確", "有誤", "不對", "無效", "检查", "核对", "檢查",
	}
	// accessWords are no fault of a name where words of reasonWords say of what: "User joe is already logged in;
	// multiple logins are not allowed".
	accessWords = []string{"not accept", "not allowed", "not permitted", "disabled"}
	// A mailbox that is not there is a wrong name.
	missingMailbox = []string{
		"mailbox does not exist", "mailbox doesn't exist", "mailbox not exist", "mailbox not found", "mailbox unknown", "no mailbox", "no such mailbox",
		"unknown mailbox", "invalid mailbox", "mailbox disabled", "mailbox is disabled", "mailbox suspended", "mailbox is suspended",
		"邮箱不存在", "郵箱不存在", "信箱不存在",
	}
	// failuresBefore speak of passwords that were refused before: one more may lock the account.
	failuresBefore = []string{
		"failures", "failed attempt", "failed login", "failed log", "failed auth", "unsuccessful", "invalid log", "bad log", "bad auth",
		"invalid attempt", "incorrect attempt", "wrong attempt", "错误次数", "失败次数", "錯誤次數", "失敗次數",
	}
)

// judgedWords mean that a name or a password was looked at.
var judgedWords = []string{"fail", "secret", "authentication invalid", "password", "credential", "denied", "incorrect", "rejected", "username", "user name", "login"}

func saysTryLater(words string) bool {
	words = strings.ReplaceAll(words, "not in use", "")
	return (containsAny(words, reasonWords) || containsAny(words, laterWords)) && !saysLocked(words)
}

// saysLocked reports whether words mean an account that stays locked, as against a mailbox that somebody has open.
func saysLocked(words string) bool {
	return containsAny(strings.ReplaceAll(words, "is locked by another", ""), permanentLocks)
}

// saysUnable reports whether words say that no password could be looked at.
func saysUnable(words string) bool { return containsAny(words, unableWords) && !saysLocked(words) }

// blamesLogin reports whether words of a refusal that also asks to try later may mean a wrong name or
// password: sent again, such a password would lock its account. In doubt they do.
func blamesLogin(words string) bool {
	words = strings.ReplaceAll(words, "check the other", "")
	reason := containsAny(strings.ReplaceAll(words, "not in use", ""), reasonWords)
	password := containsAny(words, passwordWords)
	named := password || containsAny(words, nameWords)
	switch {
	case named && containsAny(words, faultWords),
		named && (password || !reason) && containsAny(words, accessWords),
		containsAny(words, missingMailbox), containsAny(words, failuresBefore):
		return true
	case reason, strings.Contains(words, "temporar"):
		return false
	}
	return containsAny(words, refusedWords) || containsAny(words, mistakeWords) && !saysUnable(words)
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

// unknownWords are how servers say that they do not know a command, whichever it is.
var unknownWords = []string{
	"unknown", "unrecogni", "not recogni", "not implemented", "unimplemented", "not supported", "unsupported", "invalid command",
	"bad command", "illegal command", "no such command", "not a command", "command not valid", "command is not valid", "not a valid command", "syntax error",
}

// UnknownCommand reports whether the server's words say that it does not know what was asked of it, as against
// that it does not do it now or with this message.
func (e *ServerError) UnknownCommand() bool {
	return containsAny(strings.ToLower(e.Text), unknownWords)
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
