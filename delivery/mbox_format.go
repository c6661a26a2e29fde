package delivery

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"strings"
	"time"
	"unicode"
)

// The mbox format is the one that is called mboxrd: a message begins with a line
// "From sender date" (RFC 4155), every line of it that is "From " behind any number
// of ">" gets one ">" more, and an empty line follows it. Unlike the older forms it
// can be read back exactly.

var fromMark = []byte("From ")

// fromLine is a message's first line, without its line end.
func fromLine(sender string, at time.Time) string {
	sane := sender != "" && len(sender) <= 254 && !strings.ContainsFunc(sender, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsGraphic(r) || r == ' '
	})
	if !sane {
		sender = "MAILER-DAEMON"
	}
	return "From " + sender + " " + at.UTC().Format(time.ANSIC)
}

// quoter finds the lines that need a ">" more, in a text that comes in pieces. As
// all of a line's ">" are alike, it adds one behind those that are there.
type quoter struct {
	inLine bool // past the part of a line that matters
	match  int  // how many octets of "From " the line has had, behind its ">"
	added  int64
}

// appendQuoted quotes src and appends it to dst. The octets that may yet turn out to
// be "From " are held back until the next call, or appendHeld.
func (q *quoter) appendQuoted(dst, src []byte) []byte {
	for len(src) > 0 {
		if q.inLine {
			i := bytes.IndexByte(src, '\n')
			if i < 0 {
				return append(dst, src...)
			}
			dst = append(dst, src[:i+1]...)
			src = src[i+1:]
			q.inLine = false
			continue
		}
		c := src[0]
		switch {
		case q.match == 0 && c == '>':
			dst = append(dst, c)
			src = src[1:]
		case c == fromMark[q.match]:
			src = src[1:]
			if q.match++; q.match == len(fromMark) {
				dst = append(append(dst, '>'), fromMark...)
				q.added++
				q.match, q.inLine = 0, true
			}
		default:
			dst = q.appendHeld(dst)
			q.inLine = true
		}
	}
	return dst
}

func (q *quoter) appendHeld(dst []byte) []byte {
	dst = append(dst, fromMark[:q.match]...)
	q.match = 0
	return dst
}

// quoteCount is a quoter of which only the count is wanted.
type quoteCount struct {
	quoter
	scratch []byte
}

func (q *quoteCount) Write(p []byte) (int, error) {
	q.scratch = q.appendQuoted(q.scratch[:0], p)
	return len(p), nil
}

// mutable are the header fields that mail readers add to a message in an mbox, or
// change there.
var mutable = []string{
	"status:", "x-status:", "x-keywords:", "content-length:", "lines:", "x-uid:", "x-imap:", "x-imapbase:",
}

// identity hashes what mail readers leave alone: a message without the fields that
// they change and without the line feeds at its end.
type identity struct {
	h       hash.Hash
	head    []byte // the beginning of a header line, until it is known what it is
	inLine  bool   // head has been judged
	skip    bool   // the line, or the field that it continues, is left out
	body    bool
	held    int // line feeds that may be the last
	octets  int64
	newline [64]byte
}

func newIdentity() *identity {
	id := &identity{h: sha256.New()}
	for i := range id.newline {
		id.newline[i] = '\n'
	}
	return id
}

// longestMutable is the most octets of a line that need to be seen.
const longestMutable = len("content-length:")

func (id *identity) Write(p []byte) (int, error) {
	n := len(p)
	id.octets += int64(n)
	for len(p) > 0 && !id.body {
		p = id.header(p)
	}
	id.add(p)
	return n, nil
}

// header takes the part of p up to the end of a line.
func (id *identity) header(p []byte) []byte {
	end := len(p)
	ended := false
	if i := bytes.IndexByte(p, '\n'); i >= 0 {
		end, ended = i+1, true
	}
	line, rest := p[:end], p[end:]
	if !id.inLine {
		take := min(len(line), longestMutable-len(id.head))
		id.head = append(id.head, line[:take]...)
		line = line[take:]
		if len(id.head) == longestMutable || ended && len(line) == 0 {
			id.judge()
		}
	}
	if !id.skip {
		id.add(line)
	}
	if ended {
		id.inLine = false
	}
	return rest
}

func (id *identity) judge() {
	id.inLine = true
	switch id.head[0] {
	case '\n':
		id.body, id.skip = true, false
	case ' ', '\t':
		// It continues the field before it.
	default:
		id.skip = false
		lower := strings.ToLower(string(id.head))
		for _, name := range mutable {
			id.skip = id.skip || strings.HasPrefix(lower, name)
		}
	}
	if !id.skip {
		id.add(id.head)
	}
	id.head = id.head[:0]
}

func (id *identity) add(p []byte) {
	text := bytes.TrimRight(p, "\n")
	if len(text) > 0 {
		for id.held > 0 {
			n := min(id.held, len(id.newline))
			_, _ = id.h.Write(id.newline[:n])
			id.held -= n
		}
		_, _ = id.h.Write(text)
	}
	id.held += len(p) - len(text)
}

// key is how the message is known in an mbox: by its text and its From_ line. It
// ends the hashing.
func (id *identity) key(from string) string {
	if len(id.head) > 0 {
		id.judge()
	}
	h := sha256.New()
	_, _ = io.WriteString(h, from+"\n")
	_, _ = h.Write(id.h.Sum(nil))
	return hex.EncodeToString(h.Sum(nil)[:16])
}
