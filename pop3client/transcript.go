package pop3client

import (
	"encoding/base64"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// hidden stands for a secret.
const hidden = "***"

// Transcript receives a session's dialogue line by line: the client's behind "C: ", the server's
// behind "S: ". Passwords, tokens, digests and SASL responses are ***, also where the server repeats
// them; a message's text is "[N octets]"; control characters and octets outside UTF-8 are \xNN. One Transcript can serve several sessions.
type Transcript struct {
	mu   sync.Mutex
	w    io.Writer
	sink func(line string)
	err  error
}

// NewTranscript makes a transcript that writes its lines to w, each with a line feed, and gives
// them to sink, without one. Either may be nil. sink is called under locks of the client: it must
// not block, nor call the client.
func NewTranscript(w io.Writer, sink func(line string)) *Transcript {
	return &Transcript{w: w, sink: sink}
}

// Err returns the first error of the writer; after it nothing more was written.
func (t *Transcript) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

func (t *Transcript) client(line string) { t.line("C: ", line) }
func (t *Transcript) server(line string) { t.line("S: ", line) }

func (t *Transcript) line(prefix, line string) {
	line = prefix + escapeControls(line)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.w != nil && t.err == nil {
		_, t.err = io.WriteString(t.w, line+"\n")
	}
	if t.sink != nil {
		t.sink(line)
	}
}

// escapeControls writes what cannot be seen (controls, bidirectional and tag characters) and octets outside
// UTF-8 as \xNN, so that a transcript can be looked at on a terminal.
func escapeControls(s string) string {
	const digits = "0123456789abcdef"
	clean := true
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '\uFFFD' && !strings.HasPrefix(s[i:], "\uFFFD"), r < 0x20, r == 0x7f:
			b.WriteString(`\x`)
			b.WriteByte(digits[s[i]>>4])
			b.WriteByte(digits[s[i]&15])
		case !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r):
			for _, octet := range []byte(string(r)) {
				b.WriteString(`\x`)
				b.WriteByte(digits[octet>>4])
				b.WriteByte(digits[octet&15])
			}
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// wordOnly is the length below which a secret is hidden only where it stands as a word: hiding a
// single letter everywhere would tell what it is.
const wordOnly = 4

// keepSecret makes the client hide s, and its base64 form, wherever the server repeats it.
func (c *Client) keepSecret(s string) {
	if s == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hide(s)
	c.hide(base64.StdEncoding.EncodeToString([]byte(s)))
}

// hide takes a secret in. The longest come first, or of one that has another in it the rest would
// be left to see. The mutex is held.
func (c *Client) hide(secret string) {
	at := 0
	for at < len(c.secrets) && len(c.secrets[at]) >= len(secret) {
		if c.secrets[at] == secret {
			return
		}
		at++
	}
	c.secrets = slices.Insert(c.secrets, at, secret)
}

// redact hides the secrets in a text of the server's.
func (c *Client) redact(s string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.redactLocked(s)
}

func (c *Client) redactLocked(s string) string {
	for _, secret := range c.secrets {
		if len(secret) >= wordOnly {
			s = strings.ReplaceAll(s, secret, hidden)
		} else if strings.Contains(s, secret) {
			s = hideWord(s, secret)
		}
	}
	return s
}

// hideWord hides a short secret where no letter or digit stands beside it.
func hideWord(s, secret string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, secret)
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		end := i + len(secret)
		b.WriteString(s[:i])
		if (i > 0 && isWord(s[i-1])) || (end < len(s) && isWord(s[end])) {
			b.WriteString(secret)
		} else {
			b.WriteString(hidden)
		}
		s = s[end:]
	}
}

func isWord(b byte) bool {
	return b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'z' || b == '_' || b >= 0x80
}
