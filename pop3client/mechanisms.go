package pop3client

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // RFC 2195 has no other
	"encoding/hex"
	"errors"
	"strings"

	"github.com/emersion/go-sasl"
)

// errChallenge is a challenge that the mechanism does not have.
var errChallenge = errors.New("a challenge that the mechanism does not have")

// loginMechanism is LOGIN. The server's prompts are not compared: they differ. Nothing goes with
// the command, since servers ask for the name on their own.
type loginMechanism struct {
	answers []string
}

func (m *loginMechanism) Start() (string, []byte, error) { return MechanismLogin, nil, nil }

func (m *loginMechanism) Next([]byte) ([]byte, error) {
	if len(m.answers) == 0 {
		return nil, errChallenge
	}
	answer := m.answers[0]
	m.answers = m.answers[1:]
	return []byte(answer), nil
}

// cramMechanism is CRAM-MD5 (RFC 2195).
type cramMechanism struct {
	user, password string
	done           bool
}

func (m *cramMechanism) Start() (string, []byte, error) { return MechanismCRAMMD5, nil, nil }

func (m *cramMechanism) Next(challenge []byte) ([]byte, error) {
	if m.done {
		return nil, errChallenge
	}
	m.done = true
	if len(challenge) == 0 {
		return nil, &ProtocolError{Command: "AUTH " + MechanismCRAMMD5, Problem: "the challenge is empty"}
	}
	mac := hmac.New(md5.New, []byte(m.password))
	mac.Write(challenge)
	return []byte(m.user + " " + hex.EncodeToString(mac.Sum(nil))), nil
}

// xoauth2Mechanism is XOAUTH2. The token goes in a second step always: Microsoft refuses it on the
// command's line whatever its length.
type xoauth2Mechanism struct {
	user, token string
	sent        bool
	detail      string
}

func (m *xoauth2Mechanism) Start() (string, []byte, error) { return MechanismXOAUTH2, nil, nil }

func (m *xoauth2Mechanism) Next(challenge []byte) ([]byte, error) {
	if m.sent {
		// The reason of a refusal comes as a challenge, and the refusal after an empty response.
		m.detail = string(challenge)
		return nil, nil
	}
	m.sent = true
	return []byte("user=" + m.user + "\x01auth=Bearer " + m.token + "\x01\x01"), nil
}

func (m *xoauth2Mechanism) Detail() string { return m.detail }

// bearerMechanism is OAUTHBEARER (RFC 7628) around the one of go-sasl, which takes a refusal's
// challenge for the exchange's end and does not quote the user's name.
type bearerMechanism struct {
	sasl.Client
	detail string
}

func newBearer(cr Credentials) *bearerMechanism {
	name := strings.NewReplacer("=", "=3D", ",", "=2C").Replace(cr.User)
	return &bearerMechanism{Client: sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{
		Username: name, Token: cr.Password, Host: cr.Host, Port: cr.Port,
	})}
}

func (m *bearerMechanism) Next(challenge []byte) ([]byte, error) {
	m.detail = string(challenge)
	return []byte{1}, nil
}

func (m *bearerMechanism) Detail() string { return m.detail }

// newPlain makes PLAIN, which has one response. Where the server challenges before it Auth sends it.
func newPlain(cr Credentials) sasl.Client {
	return sasl.NewPlainClient(cr.Identity, cr.User, cr.Password)
}

func newExternal(cr Credentials) sasl.Client {
	identity := cr.Identity
	if identity == "" {
		identity = cr.User
	}
	return sasl.NewExternalClient(identity)
}
