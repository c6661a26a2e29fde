package pop3client

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
)

// maxNumber is the largest message number taken for one.
const maxNumber = math.MaxInt32

// maxOctets is the largest size of a message that is believed. A million of them can be added up.
const maxOctets = 1 << 42

// maxUIDOctets is the longest UID that RFC 1939 allows.
const maxUIDOctets = 70

// chunkOctets is how many octets of UIDs share one string, so that a million of them are not a
// million allocations.
const chunkOctets = 32 << 10

// fewEntries is how many entries there is room for at first.
const fewEntries = 64

// listState gathers LIST's or UIDL's lines. It outlives a wait that was left.
type listState struct {
	shown func(line []byte) string // how a line is quoted

	sizes []ListEntry
	uids  []UidlEntry
	odd   []OddLine
	odds  int
	extra int
	lines int
	total int64 // octets of the lines

	chunk  []byte // UIDs not yet made into strings
	starts []int  // where each of them begins in chunk; they are the last of uids
	last   int    // the highest number so far
	jumped bool   // some number was not higher than those before
}

// readListing reads lines up to the lone dot.
func (c *Client) readListing(ctx context.Context, cmd *command) error {
	if cmd.list == nil {
		cmd.list = &listState{shown: c.shown}
	}
	s := cmd.list
	limits := c.opts.Limits
	for {
		line, err := c.readLine(ctx, cmd, "ListLineOctets", limits.ListLineOctets)
		if err != nil {
			return err
		}
		if t := c.opts.Transcript; t != nil {
			t.server(c.redact(string(line)))
		}
		if len(line) == 1 && line[0] == '.' {
			break
		}
		s.lines++
		if s.lines > limits.ListEntries {
			return c.overLimit(cmd, "ListEntries", int64(limits.ListEntries))
		}
		if s.total += int64(len(line) + len("\r\n")); s.total > limits.ListOctets {
			return c.overLimit(cmd, "ListOctets", limits.ListOctets)
		}
		line = unstuffLine(line)
		var garbled bool
		extra := s.extra
		if cmd.shape == shapeList {
			garbled = s.addSize(line)
		} else {
			garbled = s.addUID(line)
		}
		if s.extra > extra {
			c.noteLine(line) // of the others every octet was looked at
		}
		if garbled {
			if err := c.strayLine(cmd, line); err != nil {
				return err
			}
		}
	}
	s.settle(cmd.shape)
	c.finish(cmd, 0, nil)
	return nil
}

// strayLine is a fault only while pipelining is on trial: the line may belong to another answer.
func (c *Client) strayLine(cmd *command, line []byte) error {
	if !c.trial() {
		return nil
	}
	return &ProtocolError{Command: cmd.String(), Problem: "the line belongs to another answer", Line: c.shown(line)}
}

// addSize takes a line of LIST in. It reports whether the line has no number.
func (s *listState) addSize(line []byte) (garbled bool) {
	entry, more, problem := parseListLine(line)
	switch {
	case problem != "":
		s.note(entry.Number, line, problem)
	case more:
		s.extra++
	}
	if entry.Number == 0 {
		return true
	}
	s.order(entry.Number)
	if len(s.sizes) == cap(s.sizes) {
		s.sizes = slices.Grow(s.sizes, len(s.sizes)+fewEntries) // append alone copies a long list four times
	}
	s.sizes = append(s.sizes, entry)
	return false
}

// addUID takes a line of UIDL in. It reports whether the line has no number.
func (s *listState) addUID(line []byte) (garbled bool) {
	number, uid, more, problem := parseUidlLine(line)
	switch {
	case problem != "":
		s.note(number, line, problem)
	case more:
		s.extra++
	}
	if number == 0 {
		return true
	}
	if len(uid) == 0 {
		return false
	}
	s.order(number)
	if len(s.uids) == cap(s.uids) {
		s.uids = slices.Grow(s.uids, len(s.uids)+fewEntries)
	}
	s.starts = append(s.starts, len(s.chunk))
	s.chunk = append(s.chunk, uid...)
	s.uids = append(s.uids, UidlEntry{Number: number})
	if len(s.chunk) >= chunkOctets {
		s.flush()
	}
	return false
}

func (s *listState) order(number int) {
	s.jumped = s.jumped || number <= s.last
	s.last = max(s.last, number)
}

// flush makes strings of the UIDs gathered.
func (s *listState) flush() {
	all := string(s.chunk)
	entries := s.uids[len(s.uids)-len(s.starts):]
	for i, start := range s.starts {
		end := len(all)
		if i+1 < len(s.starts) {
			end = s.starts[i+1]
		}
		entries[i].UID = all[start:end]
	}
	s.chunk, s.starts = s.chunk[:0], s.starts[:0]
}

func (s *listState) note(number int, line []byte, problem string) {
	s.odds++
	if len(s.odd) < MaxOddLines {
		s.odd = append(s.odd, OddLine{Number: number, Line: s.shown(line), Problem: problem})
	}
}

// settle ends a listing: numbers that were given twice are sorted out.
func (s *listState) settle(shape shape) {
	if shape == shapeUidl {
		s.flush()
		s.chunk, s.starts = nil, nil
	}
	if !s.jumped {
		return
	}
	if shape == shapeList {
		seen := make(map[int]bool, len(s.sizes))
		kept := s.sizes[:0]
		for _, e := range s.sizes {
			if seen[e.Number] {
				s.note(e.Number, fmt.Appendf(nil, "%d %d", e.Number, e.Octets), "the number is listed twice")
				continue
			}
			seen[e.Number] = true
			kept = append(kept, e)
		}
		s.sizes = kept
		return
	}
	first := make(map[int]string, len(s.uids))
	torn := make(map[int]bool)
	for _, e := range s.uids {
		if uid, seen := first[e.Number]; seen && uid != e.UID {
			torn[e.Number] = true
		} else {
			first[e.Number] = e.UID
		}
	}
	kept := s.uids[:0]
	for _, e := range s.uids {
		if _, fresh := first[e.Number]; !fresh {
			s.note(e.Number, fmt.Appendf(nil, "%d %s", e.Number, e.UID), "the number is listed twice")
			continue
		}
		if torn[e.Number] {
			s.note(e.Number, fmt.Appendf(nil, "%d %s", e.Number, e.UID), "the number is listed with two UIDs")
		} else {
			kept = append(kept, e)
		}
		delete(first, e.Number)
	}
	s.uids = kept
}

// parseListLine reads "number octets", with whatever follows. The number is 0 where there is none;
// the problem is "" for a line as RFC 1939 has it, or with more words or spaces: more says so.
func parseListLine(line []byte) (entry ListEntry, more bool, problem string) {
	number, rest := nextWord(line)
	n, ok := parseNumber(number)
	if !ok || n == 0 || n > maxNumber {
		return ListEntry{}, false, "the line does not begin with a message number"
	}
	entry.Number = int(n)
	size, _ := nextWord(rest)
	if entry.Octets, ok = parseNumber(size); !ok {
		entry.Octets = -1
		return entry, false, "the size is not a number"
	}
	if entry.Octets > maxOctets {
		entry.Octets = -1
		return entry, false, "the size is past belief"
	}
	return entry, len(line) != len(number)+1+len(size), ""
}

// parseUidlLine reads "number uid", with whatever follows. The number is 0 where there is none.
// A UID outside RFC 1939 is returned with a problem.
func parseUidlLine(line []byte) (number int, uid []byte, more bool, problem string) {
	word, rest := nextWord(line)
	n, ok := parseNumber(word)
	if !ok || n == 0 || n > maxNumber {
		return 0, nil, false, "the line does not begin with a message number"
	}
	uid, _ = nextWord(rest)
	switch {
	case len(uid) == 0:
		problem = "the UID is missing"
	case len(uid) > maxUIDOctets:
		problem = "the UID is longer than 70 octets"
	case hasOddOctet(uid):
		problem = "the UID holds octets outside 0x21 to 0x7E"
	}
	return int(n), uid, len(line) != len(word)+1+len(uid), problem
}

// hasOddOctet reports whether a UID holds an octet that RFC 1939 does not allow in one.
func hasOddOctet(uid []byte) bool {
	for _, b := range uid {
		if b < 0x21 || b > 0x7e {
			return true
		}
	}
	return false
}

func parseUidlOne(text string) (UidlEntry, string) {
	n, uid, _, problem := parseUidlLine([]byte(text))
	if n != 0 && len(uid) != 0 {
		problem = ""
	}
	return UidlEntry{Number: n, UID: string(uid)}, problem
}

// nextWord splits off the first word. Only spaces and tabs separate words.
func nextWord(line []byte) (word, rest []byte) {
	i := 0
	for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
		i++
	}
	j := i
	for j < len(line) && line[j] != ' ' && line[j] != '\t' {
		j++
	}
	return line[i:j], line[j:]
}

// parseNumber reads decimal digits and nothing else, up to an int64's range.
func parseNumber(word []byte) (int64, bool) {
	if len(word) == 0 {
		return 0, false
	}
	var n int64
	for _, d := range word {
		if d < '0' || d > '9' {
			return 0, false
		}
		if n > (math.MaxInt64-9)/10 {
			return 0, false
		}
		n = n*10 + int64(d-'0')
	}
	return n, true
}

// CheckUID says what is wrong with a UID by RFC 1939, section 7 ("" if nothing is): it has 1 to 70
// octets from 0x21 to 0x7E.
func CheckUID(uid string) string {
	if strings.ContainsAny(uid, " \t") {
		return "the UID holds a space"
	}
	_, _, _, problem := parseUidlLine([]byte("1 " + uid))
	return problem
}
