package commit

import (
	"bytes"
	"crypto/sha256"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"popmark/mailbox"
	"popmark/message"
)

const (
	// mostLines is how many lines of a text's header are compared.
	mostLines = 4096
	// mostOfTOP is how many of what TOP gives are: RETR may put some before them.
	mostOfTOP = mostLines / 2
)

// heading is what a header says, that of a text or as TOP gives it.
type heading struct {
	print   [sha256.Size]byte // see mailbox.Imprint; zero where nothing tells
	sum     [sha256.Size]byte // see mailbox.HashHeader; zero where it is not known
	lines   []uint64          // the hashes of its lines, sorted; nil where they are not known
	subject []uint64          // the hashes of those that are its subject
	id      string
	from    string
	about   string // the subject
	date    time.Time
	dated   bool
}

var lineSeed = maphash.MakeSeed()

// headingOf looks at so many of a header's lines. The envelope is the header's.
func headingOf(env *message.Envelope, head []byte, most int) heading {
	h := heading{
		print: mailbox.Imprint(env, head),
		id:    strings.Clone(string(env.MessageID)), from: strings.Clone(string(env.From.Address)), about: strings.Clone(string(env.Subject)),
		date: env.Date, dated: env.HasDate,
	}
	h.sum, _ = mailbox.HashHeader(head)
	subject := false
	for line := range mailbox.LastingLines(head) {
		if line[0] != ' ' && line[0] != '\t' {
			name, _, _ := bytes.Cut(line, []byte(":"))
			subject = bytes.EqualFold(bytes.TrimSpace(name), []byte("subject"))
		}
		hash := maphash.Bytes(lineSeed, line)
		h.lines = append(h.lines, hash)
		if subject {
			h.subject = append(h.subject, hash)
		}
		if len(h.lines) == most {
			break
		}
	}
	slices.Sort(h.lines)
	return h
}

func (h *heading) hasLine(hash uint64) bool {
	_, found := slices.BinarySearch(h.lines, hash)
	return found
}

// lacks is how many of another's lines it has not.
func (h *heading) lacks(other *heading) (n int) {
	for _, line := range other.lines {
		if !h.hasLine(line) {
			n++
		}
	}
	return n
}

// lacksSubject tells whether it has all of another's lines but its subject, which scanners rewrite.
func (h *heading) lacksSubject(other *heading) bool {
	return !slices.ContainsFunc(other.lines, func(line uint64) bool { return !h.hasLine(line) && !slices.Contains(other.subject, line) })
}

// sharesAlone is how many lines it has of those that one has and the other has not.
func (h *heading) sharesAlone(one, other *heading) (n int) {
	for _, line := range one.lines {
		if !other.hasLine(line) && h.hasLine(line) {
			n++
		}
	}
	return n
}

// resembles tells whether a text's header may be what RETR makes of the one that TOP gives: it has the same
// Message-ID or, without, the same date or subject, which a scanner may have marked.
func (h *heading) resembles(top *heading) bool {
	if h.id != top.id || h.from != top.from || h.dated != top.dated || !h.date.Equal(top.date) {
		return false
	}
	if top.id != "" {
		return true
	}
	return (top.dated || top.about != "") && (h.about == top.about || isMarked(h.about, top.about))
}

// isMarked tells whether a subject is another one with words before it, or with what scanners write behind it.
func isMarked(marked, subject string) bool {
	if subject == "" {
		return false
	}
	if strings.HasSuffix(marked, " "+subject) {
		return true
	}
	behind, begins := strings.CutPrefix(strings.ToLower(marked), strings.ToLower(subject))
	begins = begins && behind != "" && strings.ContainsRune(" [({<*", rune(behind[0]))
	behind = strings.TrimSpace(behind)
	has := func(word string) bool { return strings.Contains(behind, word) }
	enclosed := len(behind) > 2 && slices.Contains([]string{"[]", "()", "{}", "<>", "**"}, behind[:1]+behind[len(behind)-1:])
	return begins && (slices.ContainsFunc(marksOfScanners, has) || enclosed && slices.ContainsFunc(enclosedMarks, has))
}

// What scanners write behind a subject, some of it in brackets only: without them it may be part of another subject.
var (
	marksOfScanners = []string{"spam", "junk", "virus", "phish"}
	enclosedMarks   = []string{"suspect", "external", "bulk", "uce", "disarmed", "unsolicited"}
)

// fits tells whether a text's header may be that of the message of which TOP gives another.
func (h *heading) fits(top *heading) bool { return h.lacks(top) == 0 || h.resembles(top) }

// party is one of two messages that a text may be of.
type party struct {
	top    *heading // as TOP gives it; nil where that is not known
	octets int64    // LIST's
}

// owner says whose of two messages a text is.
type owner uint8

const (
	ofEither  owner = iota // nothing tells
	ofItsOwn               // of the one for which it came
	ofAnother              // of the other one
)

// owner tells whose a text is that has so many octets: by the lines that only one of the two messages has, else by
// what it lacks of one of them alone, else by LIST's octets.
func (h *heading) owner(octets int64, own, other party) owner {
	if a, b := own.top, other.top; a != nil && b != nil && a.sum != b.sum {
		tells := func(own, other bool) owner {
			switch {
			case own == other:
				return ofEither
			case own:
				return ofItsOwn
			}
			return ofAnother
		}
		its, others := h.sharesAlone(a, b), h.sharesAlone(b, a)
		for _, o := range [...]owner{
			tells(its > others, others > its),
			tells(h.lacks(a) == 0, h.lacks(b) == 0),
			tells(h.resembles(a), h.resembles(b)),
			tells(h.sum == a.sum, h.sum == b.sum),
		} {
			if o != ofEither {
				return o
			}
		}
	}
	switch {
	case own.octets == other.octets:
		return ofEither
	case octets == own.octets:
		return ofItsOwn
	case octets == other.octets:
		return ofAnother
	}
	return ofEither
}
