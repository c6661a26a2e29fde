package pop3client

import (
	"bytes"
	"context"
	"encoding/base64"
	"strings"
	"time"
)

// maxBlankLines is how many empty lines are passed over before a status line.
const maxBlankLines = 8

// shownOctets is how much of a line goes into errors.
const shownOctets = 200

// readStatus reads a status line. It finishes the command where that is the whole answer.
func (c *Client) readStatus(ctx context.Context, cmd *command) error {
	line, err := c.readLine(ctx, cmd, "AnswerOctets", c.opts.Limits.AnswerOctets)
	for blanks := 0; err == nil && len(line) == 0 && blanks < maxBlankLines; blanks++ {
		line, err = c.readLine(ctx, cmd, "AnswerOctets", c.opts.Limits.AnswerOctets)
	}
	if err != nil {
		return err
	}
	c.statusEnds = endsLF
	if c.in.r >= 2 && c.in.b[c.in.r-2] == '\r' {
		c.statusEnds = endsCRLF
	}
	c.noteLine(line)
	status, rest := splitStatus(line)
	if t := c.opts.Transcript; t != nil {
		if mark := guessable(cmd, status, rest); mark != "" {
			t.server(mark)
		} else {
			t.server(c.redact(string(line)))
		}
	}
	switch {
	case status == statusErr:
		c.finish(cmd, 0, c.serverError(cmd.String(), rest))
		return nil
	case status == statusChallenge && cmd.shape == shapeChallenge:
		cmd.asked = true
		cmd.text = string(rest)
		c.finish(cmd, 0, nil)
		return nil
	case status != statusOK:
		return &ProtocolError{Command: cmd.String(), Problem: "neither +OK nor -ERR", Line: c.shown(line)}
	}
	switch cmd.shape {
	case shapeStatus, shapeChallenge:
		cmd.text = string(rest)
		if cmd.verb == "QUIT" && c.deletes {
			c.hearOut(ctx, cmd)
		}
		return c.finishLine(cmd)
	}
	c.begin(cmd)
	return nil
}

// hearOut reads what a server says behind the +OK to a QUIT that deletes, until it hangs up, says
// something that speaks against it, or is silent for a moment. No context ends that moment: what was deleted is to be known.
func (c *Client) hearOut(ctx context.Context, cmd *command) {
	ctx = context.WithoutCancel(ctx)
	deadline := time.Now().Add(leastQuiet)
	for c.tooMany(c.in.bytes()) == "" && len(c.in.bytes()) <= c.opts.Limits.AnswerOctets {
		if c.fill(ctx, cmd, deadline) != nil {
			return // there is no more to come
		}
	}
}

// BeginsLikeAnswer reports whether a text's first word is +OK or -ERR: no field of a header is.
func BeginsLikeAnswer(text []byte) bool {
	for _, status := range []string{"+OK", "-ERR"} {
		if rest, ok := bytes.CutPrefix(text, []byte(status)); ok && len(rest) > 0 && strings.ContainsRune(" \t\r\n", rune(rest[0])) {
			return true
		}
	}
	return false
}

// tooMany says what speaks against a QUIT's +OK in what comes behind it, or "": with one answer too many
// the +OK may be another command's. A refusal may be this QUIT's then; and where a DELE was refused
// any answer shows that the refusal may have been another's.
func (c *Client) tooMany(text []byte) string {
	for line := range bytes.Lines(text) {
		switch status, _ := splitStatus(line); {
		case status == statusErr:
			return "a refusal follows"
		case status == statusOK && c.refusedDele:
			return "another answer follows, so that it is not certain which DELE was refused"
		}
	}
	return ""
}

// guessable is what stands in a transcript for an answer from which, with the rest of the dialogue,
// the password can be guessed off line: SCRAM's salt and signature. It is "" for all others.
func guessable(cmd *command, status status, rest []byte) string {
	if cmd.shape != shapeChallenge || !strings.HasPrefix(cmd.label, "AUTH SCRAM-") {
		return ""
	}
	told, err := base64.StdEncoding.DecodeString(string(rest))
	switch {
	case status == statusChallenge && len(rest) > 0 && (err != nil || !bytes.HasPrefix(told, []byte("e="))):
		return "+ " + hidden
	case status == statusOK && err == nil && bytes.HasPrefix(told, []byte("v=")):
		return "+OK " + hidden
	}
	return ""
}

type status uint8

const (
	statusNone status = iota
	statusOK
	statusErr
	statusChallenge
)

// splitStatus tells +OK, -ERR and a challenge apart, in either case, and returns what follows.
func splitStatus(line []byte) (status, []byte) {
	line = bytes.TrimLeft(line, " \t")
	switch {
	case len(line) >= 3 && line[0] == '+' && line[1]|0x20 == 'o' && line[2]|0x20 == 'k':
		return statusOK, bytes.TrimSpace(line[3:])
	case len(line) >= 4 && line[0] == '-' && line[1]|0x20 == 'e' && line[2]|0x20 == 'r' && line[3]|0x20 == 'r':
		return statusErr, bytes.TrimSpace(line[4:])
	case len(line) == 1 && line[0] == '+', len(line) > 1 && line[0] == '+' && line[1] == ' ':
		return statusChallenge, bytes.TrimSpace(line[1:])
	}
	return statusNone, line
}

// finishLine finishes a command whose answer is one line. Words that do not mean what they should
// are a fault of this answer alone, unless pipelining is on trial: then answers may have got mixed up.
func (c *Client) finishLine(cmd *command) error {
	problem := misread(cmd)
	if problem == "" {
		c.finish(cmd, 0, nil)
		return nil
	}
	err := &ProtocolError{Command: cmd.String(), Problem: problem, Line: c.shown([]byte(cmd.text))}
	if c.trial() {
		return err
	}
	c.finish(cmd, 0, err)
	return nil
}

// misread says what is wrong with the words of a one-line answer, or "".
func misread(cmd *command) (problem string) {
	number := cmd.n
	switch cmd.verb {
	case "STAT":
		_, problem = parseStat(cmd.text)
	case "LIST":
		var e ListEntry
		e, _, problem = parseListLine([]byte(cmd.text))
		number = e.Number
	case "UIDL":
		var e UidlEntry
		e, problem = parseUidlOne(cmd.text)
		number = e.Number
	}
	if problem == "" && number != cmd.n {
		problem = "it is about another message"
	}
	return problem
}

func parseStat(text string) (MaildropStat, string) {
	words := strings.Fields(text)
	if len(words) < 2 {
		return MaildropStat{}, "two numbers are missing"
	}
	n, ok1 := parseNumber([]byte(words[0]))
	octets, ok2 := parseNumber([]byte(words[1]))
	if !ok1 || !ok2 || n > maxNumber {
		return MaildropStat{}, "these are not two numbers"
	}
	return MaildropStat{Messages: int(n), Octets: octets}, ""
}

// outOfTurn ends a session in which the server spoke when nothing was asked: from here on its
// answers could be taken for other commands'. The mutex is held.
func (c *Client) outOfTurn(cmd *command) {
	line, _, _ := bytes.Cut(bytes.TrimLeft(c.in.bytes(), "\r\n"), []byte("\n"))
	line = bytes.TrimRight(line, "\r")
	if status, rest := splitStatus(line); status == statusErr {
		// The last words before an idle session is closed come like this. They refuse no command.
		c.endLocked(&CutError{Command: cmd.String(), Last: c.serverErrorLocked("", rest)})
		return
	}
	c.endLocked(&ProtocolError{
		Command: cmd.String(), Problem: "octets follow that nobody asked for", Line: c.shownLocked(line),
	})
}

// readLines reads the lines of CAPA and its like.
func (c *Client) readLines(ctx context.Context, cmd *command) error {
	for {
		line, err := c.readLine(ctx, cmd, "AnswerOctets", c.opts.Limits.AnswerOctets)
		if err != nil {
			return err
		}
		if t := c.opts.Transcript; t != nil {
			t.server(c.redact(string(line)))
		}
		if len(line) == 1 && line[0] == '.' {
			c.finish(cmd, 0, nil)
			return nil
		}
		if len(cmd.lines) >= c.opts.Limits.CapabilityLines {
			return c.overLimit(cmd, "CapabilityLines", int64(c.opts.Limits.CapabilityLines))
		}
		if cmd.verb != "LANG" { // its languages have names in UTF-8
			c.noteLine(line)
		}
		cmd.lines = append(cmd.lines, string(unstuffLine(line)))
	}
}

// unstuffLine takes away the dot that was put before a line's own.
func unstuffLine(line []byte) []byte {
	if len(line) > 1 && line[0] == '.' {
		return line[1:]
	}
	return line
}

// shown is a server's line as it goes into errors and warnings.
func (c *Client) shown(line []byte) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shownLocked(line)
}

// shownLocked hides secrets before it shortens, which could leave the beginning of one.
func (c *Client) shownLocked(line []byte) string {
	s := c.redactLocked(string(line))
	if len(s) > shownOctets {
		return s[:shownOctets] + "…"
	}
	return s
}
