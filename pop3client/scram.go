package pop3client

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"strconv"
	"strings"

	"github.com/xdg-go/scram"
)

// scramMechanism is SCRAM-SHA-1 or SCRAM-SHA-256 (RFC 5802, 7677), with the channel bound to it in
// the -PLUS forms. The password is prepared with SASLprep, and the server's signature is checked.
type scramMechanism struct {
	name         string
	conversation *scram.ClientConversation
	iterations   int    // the most that the server may ask for
	begun        bool   // the server's first message was taken
	nonce        string // the client's
	detail       string // the error that the server told
}

// binding is how SCRAM's channel binding stands (RFC 5802, section 6).
type binding uint8

const (
	bindNothing   binding = iota // "n": the client does not bind, or cannot tell what the server can
	bindOffered                  // "y": the client could, and saw no -PLUS in the server's list
	bindToChannel                // "p": the -PLUS form
	bindOtherwise                // "p" with the other kind of binding
)

func newSCRAM(name string, cr Credentials, bind binding, state tls.ConnectionState, limits Limits) (*scramMechanism, error) {
	hash := scram.SHA256
	if strings.HasPrefix(name, MechanismSCRAMSHA1) {
		hash = scram.SHA1
	}
	client, err := hash.NewClient(cr.User, cr.Password, cr.Identity)
	if err != nil {
		return nil, fmt.Errorf("%s cannot carry this user name or password: %w", name, err)
	}
	m := &scramMechanism{name: name, iterations: limits.SCRAMIterations}
	switch bind {
	case bindToChannel, bindOtherwise:
		channel, err := channelBinding(state, bind == bindOtherwise)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		m.conversation = client.NewConversationWithChannelBinding(channel)
	case bindOffered:
		m.conversation = client.NewConversationAdvertisingChannelBinding()
	default:
		m.conversation = client.NewConversation()
	}
	return m, nil
}

// channelBinding is tls-exporter (RFC 9266) with TLS 1.3, and tls-server-end-point (RFC 5929)
// before it, where an exporter is only sound with an extension that older servers lack; Go refuses it
// without. other is the one that is not the first choice.
func channelBinding(state tls.ConnectionState, other bool) (scram.ChannelBinding, error) {
	if (state.Version >= tls.VersionTLS13) != other {
		return scram.NewTLSExporterBinding(&state)
	}
	return scram.NewTLSServerEndpointBinding(&state)
}

func (m *scramMechanism) Start() (string, []byte, error) {
	first, err := m.conversation.Step("")
	_, m.nonce, _ = strings.Cut(first, ",r=")
	return m.name, []byte(first), err
}

func (m *scramMechanism) Next(challenge []byte) ([]byte, error) {
	if m.conversation.Done() || m.detail != "" {
		return nil, errChallenge
	}
	if told, ok := strings.CutPrefix(string(challenge), "e="); ok {
		m.detail = cmp.Or(told, "no reason")
		return nil, nil // the refusal itself comes next
	}
	if !m.begun {
		if err := m.bounded(string(challenge)); err != nil {
			return nil, err
		}
		m.begun = true
	}
	response, err := m.conversation.Step(string(challenge))
	if err != nil {
		return nil, &ProtocolError{Command: "AUTH " + m.name, Problem: scramProblem(err.Error())}
	}
	return []byte(response), nil
}

// scramProblem is what may be told of the library's error: most quote the server, which may have been
// told the password.
func scramProblem(text string) string {
	for _, known := range []string{"server nonce did not extend client nonce", "server requested too few iterations", "server validation failed"} {
		if strings.HasPrefix(text, known) {
			return text
		}
	}
	return "the server's message cannot be read"
}

// bounded looks at the iterations in the server's first message before any is done, and at its
// nonce, which would be the client's alone where somebody plays an old answer again.
func (m *scramMechanism) bounded(first string) error {
	problem := "the server's first message has no iteration count"
	for field := range strings.SplitSeq(first, ",") {
		if field == "r="+m.nonce {
			problem = "the server's nonce adds nothing to the client's"
			break
		}
		value, found := strings.CutPrefix(field, "i=")
		if !found {
			continue
		}
		n, err := strconv.Atoi(value)
		switch {
		case err != nil || n < 1:
			problem = "the server's iteration count is not a number"
		case n > m.iterations:
			return &LimitError{Limit: "SCRAMIterations", Max: int64(m.iterations), Command: "AUTH " + m.name}
		default:
			return nil
		}
		break
	}
	return &ProtocolError{Command: "AUTH " + m.name, Problem: problem}
}

// Verified reports whether the server proved that it knows the password.
func (m *scramMechanism) Verified() bool { return m.conversation.Valid() }

// Detail is the error that the server told before it refused (RFC 5802, section 7).
func (m *scramMechanism) Detail() string { return m.detail }
