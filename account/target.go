package account

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Scheme is the kind of URL that a TARGET is.
type Scheme string

// The schemes of a TARGET.
const (
	POP3     Scheme = "pop3"      // port 110; encrypted by STLS where the server offers it
	POP3S    Scheme = "pop3s"     // port 995, TLS from the first octet
	POP      Scheme = "pop"       // RFC 2384; otherwise as pop3
	POP3Unix Scheme = "pop3+unix" // a unix socket's path instead of a host
)

// The ports of RFC 1939 and RFC 8314.
const (
	portPlain = 110
	portTLS   = 995
)

// Target is a mailbox to log in to, as a URL names it. The zero value is not valid;
// [ParseTarget] makes one.
type Target struct {
	Raw    string // as it was typed
	Scheme Scheme // one of the four above
	User   string // percent-decoded
	Host   string // lower case, A-labels, no brackets; "" for a unix socket
	Port   int    // 0: not given, so it follows from how TLS is used
	Path   string // the unix socket's; else ""
	Auth   string // the mechanism that ";auth=" names, as --auth has it; "" when none is
}

const (
	targetForm = "write pop3s://user@host, pop3://user@host:port or pop://user;auth=+apop@host"
	unixForm   = "write pop3+unix://user@/path/of/the/socket"
)

// ParseTarget reads a TARGET that is a URL: pop3, pop3s, RFC 2384's pop, or pop3+unix.
// Every error is an [*Error] of kind [Usage].
func ParseTarget(s string) (Target, error) {
	const doing = "reading the TARGET"
	fail := func(format string, args ...any) (Target, error) {
		return Target{}, usageError(doing, targetForm, format, args...)
	}
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || !IsURL(s) {
		return Target{}, usageError(doing, targetForm, "%s is neither an account's name nor a URL", redact(s))
	}
	t := Target{Raw: s, Scheme: Scheme(strings.ToLower(scheme))}
	switch t.Scheme {
	case POP3, POP3S, POP, POP3Unix:
	default:
		return fail("%s is no way to a POP3 server that popmark knows", quote(scheme+":"))
	}
	rest = strings.TrimPrefix(rest, "//")
	authority, path := rest, ""
	// A user name may hold a slash, so the path begins behind the last @.
	at := strings.LastIndexByte(rest, '@') + 1
	if slash := strings.IndexByte(rest[at:], '/'); slash >= 0 {
		authority, path = rest[:at+slash], rest[at+slash:]
	}
	userinfo, hostport, ok := cutLast(authority, "@")
	switch {
	case !ok && t.Scheme == POP3Unix:
		return Target{}, usageError(doing, unixForm, "%s names no user", redact(s))
	case !ok:
		return fail("%s names no user", redact(s))
	}
	if err := t.setUser(userinfo); err != nil {
		return Target{}, err
	}
	if t.Scheme == POP3Unix {
		if hostport != "" || !strings.HasPrefix(path, "/") {
			return Target{}, usageError(doing, unixForm, "%s has no socket's path that starts with /", redact(s))
		}
		p, err := url.PathUnescape(path)
		if err != nil || hasControl(p) {
			return Target{}, usageError(doing, unixForm, "the socket's path %s can't be read", quote(path))
		}
		t.Path = p
		return t, nil
	}
	if path != "" && path != "/" {
		return fail("%s has a path after the host, %s, and a mailbox has none", redact(s), quote(path))
	}
	if err := t.setHostPort(hostport); err != nil {
		return Target{}, err
	}
	return t, nil
}

// IsURL says whether s is written as a URL, rather than as an account's name.
func IsURL(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	return ok && scheme != "" && (strings.HasPrefix(rest, "//") || Scheme(strings.ToLower(scheme)) == POP3Unix)
}

func (t *Target) setUser(userinfo string) error {
	const doing = "reading the TARGET"
	if lower := strings.ToLower(userinfo); strings.Contains(lower, ";auth=") {
		i := strings.LastIndex(lower, ";auth=")
		mech, err := authOfURL(userinfo[i+len(";auth="):])
		if err != nil {
			return err
		}
		t.Auth, userinfo = mech, userinfo[:i]
	}
	if strings.Contains(userinfo, ":") {
		return usageError(doing,
			"take it out; it can come from --password-command, the environment's POPMARK_PASSWORD, an account's password_command, the system's keyring, or be typed at the terminal",
			"the URL holds a password (or a user name with a colon, to be written %%3A), and command lines can be read by others")
	}
	user, err := url.PathUnescape(userinfo)
	switch {
	case err != nil:
		return usageError(doing, "write %25 for a percent sign", "the user name's percent-encoding is broken")
	case user == "":
		return usageError(doing, targetForm, "the user name is empty")
	case !utf8.ValidString(user):
		return usageError(doing, "write it in UTF-8", "the user name is not UTF-8")
	case hasControl(user):
		return usageError(doing, "write the name without them", "the user name holds control characters")
	}
	t.User = user
	return nil
}

// authOfURL gives the --auth word for RFC 2384's auth type: "*", "+APOP" or a SASL name.
func authOfURL(enc string) (string, error) {
	const doing = "reading the TARGET's ;auth="
	v, err := url.PathUnescape(enc)
	if err != nil {
		return "", usageError(doing, "write %25 for a percent sign", "its percent-encoding is broken")
	}
	switch name := strings.ToLower(v); {
	case name == "*":
		return AuthAuto, nil
	case name == "+apop":
		return AuthAPOP, nil
	case name == AuthAuto || name == AuthUser || name == AuthAPOP || !ValidAuth(name):
		return "", usageError(doing, "write *, +apop, or a SASL mechanism such as plain or scram-sha-256", "%s is not known", quote(v))
	default:
		return name, nil
	}
}

func (t *Target) setHostPort(hostport string) error {
	const doing = "reading the TARGET"
	host, port := hostport, ""
	switch {
	case strings.HasPrefix(hostport, "["):
		end := strings.IndexByte(hostport, ']')
		if end < 0 {
			return usageError(doing, "write the address as [2001:db8::1]", "the bracket of %s is not closed", quote(hostport))
		}
		host, port = hostport[1:end], hostport[end+1:]
		if port != "" && port[0] != ':' {
			return usageError(doing, targetForm, "%s follows the address", quote(port))
		}
		unescaped, err := url.PathUnescape(host)
		if err != nil {
			return usageError(doing, "write the address as [fe80::1%25eth0]", "the address %s can't be read", quote(host))
		}
		addr, err := netip.ParseAddr(unescaped)
		if err != nil || !addr.Is6() {
			return usageError(doing, "write the address as [2001:db8::1]", "%s is no IPv6 address", quote(host))
		}
		t.Host = addr.String()
	case strings.Count(hostport, ":") > 1:
		return usageError(doing, "put an IPv6 address into brackets, as in pop3s://user@[2001:db8::1]:995", "%s has more than one colon", quote(hostport))
	default:
		if i := strings.IndexByte(hostport, ':'); i >= 0 {
			host, port = hostport[:i], hostport[i:]
		}
		h, err := canonicalHost(host)
		if err != nil {
			return err
		}
		t.Host = h
	}
	if port == "" {
		return nil
	}
	n, err := strconv.ParseUint(port[1:], 10, 16)
	if err != nil || n == 0 {
		return usageError(doing, "write a number from 1 to 65535", "%s is no port", quote(port[1:]))
	}
	t.Port = int(n)
	return nil
}

func canonicalHost(host string) (string, error) {
	const doing = "reading the TARGET"
	host, err := url.PathUnescape(host)
	if err != nil || strings.Trim(host, ".") == "" || !utf8.ValidString(host) || hasControl(host) || strings.ContainsAny(host, " ?#\\\"<>^`{|}") {
		return "", usageError(doing, targetForm, "%s is no host", quote(host))
	}
	for i := range len(host) {
		if host[i] >= utf8.RuneSelf {
			ascii, err := idna.Lookup.ToASCII(host)
			if err != nil {
				return "", usageError(doing, targetForm, "%s is no host's name: %v", quote(host), err)
			}
			return ascii, nil
		}
	}
	return strings.ToLower(host), nil
}

// Name is the target as people read it: user@host, or user@path for a unix socket.
// It is not made safe for a terminal; a user name may hold any printable character.
func (t Target) Name() string {
	where := t.Host
	if t.Scheme == POP3Unix {
		where = t.Path
	}
	if t.Port != 0 && t.Port != portPlain && t.Port != portTLS {
		where = net.JoinHostPort(where, strconv.Itoa(t.Port))
	}
	if strings.HasSuffix(t.User, "@"+where) {
		return t.User
	}
	return t.User + "@" + where
}

// Key names the mailbox in the ledger. It is the same for a mailbox however TLS is
// used on the way there: the two well-known ports lead to one maildrop, so neither is
// in the key, and any other port is.
func (t Target) Key() string {
	u := url.URL{Scheme: "pop3", User: url.User(t.User)}
	switch {
	case t.Scheme == POP3Unix:
		u.Scheme, u.Path = string(POP3Unix), t.Path
	case t.Port == 0 || t.Port == portPlain || t.Port == portTLS:
		u.Host = bracket(strings.TrimRight(t.Host, "."))
	default:
		u.Host = net.JoinHostPort(strings.TrimRight(t.Host, "."), strconv.Itoa(t.Port))
	}
	return u.String()
}

// address gives the network and the address to dial, with the port that follows from
// whether TLS begins with the first octet.
func (t Target) address(implicit bool) (network, addr string) {
	if t.Scheme == POP3Unix {
		return "unix", t.Path
	}
	port := t.Port
	switch {
	case port != 0:
	case implicit:
		port = portTLS
	default:
		port = portPlain
	}
	return "tcp", net.JoinHostPort(t.Host, strconv.Itoa(port))
}

func bracket(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, unicode.IsControl)
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// quote shows what was typed, with everything unprintable escaped.
func quote(s string) string { return fmt.Sprintf("%q", s) }

// redact is quote for what may hold a password between its first colon and its last @, or, where
// the @ was forgotten, its end.
func redact(s string) string {
	front, host, ok := cutLast(s, "@")
	if ok {
		host = "@" + host
	}
	scheme, userinfo, ok := strings.Cut(front, "://")
	if !ok {
		scheme, userinfo = "", front
	} else {
		scheme += "://"
	}
	user, password, ok := strings.Cut(userinfo, ":")
	if !ok || host == "" && isHostPort(userinfo, password) {
		return quote(s)
	}
	return quote(scheme + user + ":***" + host)
}

// isHostPort tells a host and its port from a user and a password. A password of digits alone
// looks like a port.
func isHostPort(s, behindColon string) bool {
	if strings.HasPrefix(s, "[") {
		return true
	}
	_, err := strconv.ParseUint(strings.TrimSuffix(behindColon, "/"), 10, 16)
	return err == nil
}
