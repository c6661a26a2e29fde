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
// them, or before the login a piece of them; so is what a server sends in SCRAM, since a password can
// be guessed from it off line; a message's text is "[N octets]"; control characters and octets outside UTF-8 are \xNN. One Transcript can serve several sessions.
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
	if c.pieces == nil {
		c.pieces = map[piece]struct{}{}
	}
	for i := range len(secret) - len(piece{}) + 1 {
		c.pieces[pieceOf(secret[i:])] = struct{}{}
	}
}

// piece is as much of a secret, its ASCII letters in lower case, as is hidden while a login is under
// way, when servers repeat a line cut off or in capitals.
type piece [6]byte

func pieceOf(s string) piece {
	var p piece
	for i := range p {
		p[i] = lower(s[i])
	}
	return p
}

func lower(b byte) byte {
	if b >= 'A' && b <= 'Z' {
		b |= 0x20
	}
	return b
}

// redact hides the secrets in a text of the server's.
func (c *Client) redact(s string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.redactLocked(s)
}

func (c *Client) redactLocked(s string) string {
	if c.state == StateAuthorization && len(c.secrets) > 0 {
		s = c.hidePieces(s)
	}
	for _, secret := range c.secrets {
		if len(secret) >= wordOnly {
			s = strings.ReplaceAll(s, secret, hidden)
		} else if strings.Contains(s, secret) {
			s = hideWord(s, secret)
		}
	}
	return s
}

// hidePieces hides every run of octets that stands in a secret as well, in either case: whole pieces,
// and as words the secrets that are shorter.
func (c *Client) hidePieces(s string) string {
	var b strings.Builder
	kept, end := 0, 0 // what is in b or hidden by now, and how far the present run goes
	for i := range len(s) {
		n := c.secretAt(s, i)
		if n == 0 {
			continue
		}
		if i > end || end == 0 {
			b.WriteString(s[kept:i])
			b.WriteString(hidden)
		}
		end = max(end, i+n)
		kept = end
	}
	if end == 0 {
		return s
	}
	b.WriteString(s[kept:])
	return b.String()
}

// secretAt is how many of s's octets at i stand in a secret as well, 0 where they are too few.
func (c *Client) secretAt(s string, i int) int {
	if len(s)-i >= len(piece{}) {
		if _, found := c.pieces[pieceOf(s[i:])]; found {
			return len(piece{})
		}
	}
	if i > 0 && isWord(s[i-1]) {
		return 0
	}
	for _, secret := range c.secrets {
		end := i + len(secret)
		if len(secret) < len(piece{}) && len(secret) >= wordOnly && end <= len(s) &&
			strings.EqualFold(s[i:end], secret) && (end == len(s) || !isWord(s[end])) {
			return len(secret)
		}
	}
	return 0
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
