package pop3server

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// allMechanisms are the SASL mechanisms there are, in the order offered. The
// -PLUS forms and EXTERNAL are offered only over TLS, the latter only to a
// client that showed a certificate.
var allMechanisms = []string{
	"SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5",
	"PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER", "EXTERNAL",
}

var (
	errCancelled = errors.New("authentication cancelled")
	errMalformed = errors.New("malformed answer")
	errRefused   = errors.New("refused")
)

// mechanisms are those that this connection can use now.
func (s *session) mechanisms() []string {
	return slices.DeleteFunc(slices.Clone(s.srv.mechanisms), func(m string) bool {
		switch {
		case strings.HasSuffix(m, "-PLUS"):
			return s.tls == nil
		case m == "EXTERNAL":
			return s.tls == nil || len(s.tls.ConnectionState().PeerCertificates) == 0
		}
		return false
	})
}

// exchange is one AUTH dialogue (RFC 5034).
type exchange struct {
	s       *session
	out     Output
	initial *string // not yet used
}

// auth answers AUTH: alone it lists the mechanisms, as RFC 1734's servers did.
func (s *session) auth(out Output, arg string) error {
	name, initial, has := strings.Cut(strings.TrimSpace(arg), " ")
	name = strings.ToUpper(name)
	if name == "" {
		_, err := out.Write([]byte("+OK\r\n" + strings.Join(append(s.mechanisms(), ".", ""), "\r\n")))
		return err
	}
	if !slices.Contains(s.mechanisms(), name) {
		return s.fail(out, "", "unknown authentication mechanism")
	}
	x := &exchange{s: s, out: out}
	if has {
		x.initial = &initial
	}
	user, err := x.run(name)
	switch {
	case errors.Is(err, errRefused):
		return s.login(out, user, false)
	case errors.Is(err, errCancelled), errors.Is(err, errMalformed):
		return s.fail(out, "", err.Error())
	case err != nil:
		return err
	}
	return s.login(out, user, true)
}

// run speaks a mechanism and gives who has shown who they are.
func (x *exchange) run(mechanism string) (string, error) {
	switch mechanism {
	case "PLAIN":
		return x.plain()
	case "LOGIN":
		return x.login()
	case "CRAM-MD5":
		return x.cramMD5()
	case "XOAUTH2", "OAUTHBEARER":
		return x.bearer(mechanism)
	case "EXTERNAL":
		return x.external()
	}
	return x.scram(mechanism)
}

// challenge sends a challenge and gives the answer, both without base64.
func (x *exchange) challenge(text string) (string, error) {
	if _, err := fmt.Fprintf(x.out, "+ %s\r\n", base64.StdEncoding.EncodeToString([]byte(text))); err != nil {
		return "", err
	}
	if err := x.out.Flush(); err != nil {
		return "", err
	}
	line, err := x.s.readLine()
	if err != nil {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	x.s.srv.record(x.s.number, line)
	if line == "*" {
		return "", errCancelled
	}
	return decode(line)
}

// first gives the client's first message: its initial response, or the answer
// to an empty challenge. "=" is an empty initial response.
func (x *exchange) first() (string, error) {
	if x.initial == nil {
		return x.challenge("")
	}
	if *x.initial == "=" {
		return "", nil
	}
	return decode(*x.initial)
}

func decode(line string) (string, error) {
	text, err := base64.StdEncoding.DecodeString(line)
	if err != nil {
		return "", errMalformed
	}
	return string(text), nil
}

func (x *exchange) password(user, password string) (string, error) {
	if u, ok := x.s.srv.users[user]; !ok || !same(u.Password, password) {
		return user, errRefused
	}
	return user, nil
}

// plain is RFC 4616: authorization identity, NUL, user, NUL, password.
func (x *exchange) plain() (string, error) {
	text, err := x.first()
	if err != nil {
		return "", err
	}
	parts := strings.Split(text, "\x00")
	if len(parts) != 3 {
		return "", errMalformed
	}
	if parts[0] != "" && parts[0] != parts[1] {
		return parts[1], errRefused
	}
	return x.password(parts[1], parts[2])
}

// login is the mechanism that nobody wrote down; it has no initial response in
// POP3, but one is taken as the name.
func (x *exchange) login() (string, error) {
	var user string
	var err error
	if x.initial != nil {
		user, err = x.first()
	} else {
		user, err = x.challenge("Username:")
	}
	if err != nil {
		return "", err
	}
	password, err := x.challenge("Password:")
	if err != nil {
		return user, err
	}
	return x.password(user, password)
}

// cramMD5 is RFC 2195.
func (x *exchange) cramMD5() (string, error) {
	if x.initial != nil {
		return "", errMalformed
	}
	stamp := fmt.Sprintf("<%d.%s@pop3.example>", x.s.number, x.s.srv.nonce())
	answer, err := x.challenge(stamp)
	if err != nil {
		return "", err
	}
	name, digest, ok := cutLast(answer, " ")
	if !ok {
		return "", errMalformed
	}
	user, known := x.s.srv.users[name]
	mac := hmac.New(md5.New, []byte(user.Password))
	_, _ = mac.Write([]byte(stamp)) // a hash never fails
	if !known || !same(hex.EncodeToString(mac.Sum(nil)), digest) {
		return name, errRefused
	}
	return name, nil
}

func cutLast(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// bearer is XOAUTH2 and OAUTHBEARER (RFC 7628). A refusal is a challenge in
// JSON, which the client answers before it hears -ERR.
func (x *exchange) bearer(mechanism string) (string, error) {
	text, err := x.first()
	if err != nil {
		return "", err
	}
	var name, token string
	if header, ok := strings.CutPrefix(text, "n,"); ok && mechanism == "OAUTHBEARER" {
		header, text, _ = strings.Cut(header, "\x01")
		name = strings.TrimSuffix(strings.TrimPrefix(header, "a="), ",")
	}
	for field := range strings.SplitSeq(text, "\x01") {
		if value, ok := strings.CutPrefix(field, "user="); ok && mechanism == "XOAUTH2" {
			name = value
		}
		if value, ok := strings.CutPrefix(field, "auth=Bearer "); ok {
			token = value
		}
	}
	if !strings.HasSuffix(text, "\x01\x01") && text != "" || token == "" {
		return name, errMalformed
	}
	if u, ok := x.s.srv.users[name]; ok && u.Token != "" && same(u.Token, token) {
		return name, nil
	}
	status := `{"status":"400","schemes":"Bearer","scope":"https://mail.example/"}`
	if mechanism == "OAUTHBEARER" {
		status = `{"status":"invalid_token","scope":"https://mail.example/"}`
	}
	if _, err := x.challenge(status); err != nil {
		return name, err
	}
	return name, errRefused
}

// external takes the name in the client's certificate (RFC 4422 appendix A).
func (x *exchange) external() (string, error) {
	asked, err := x.first()
	if err != nil {
		return "", err
	}
	name := x.s.tls.ConnectionState().PeerCertificates[0].Subject.CommonName
	if asked != "" && asked != name {
		return asked, errRefused
	}
	return name, nil
}
