package pop3server

import (
	"bytes"
	"io"
	"strings"
	"time"
)

// Delay answers late.
func Delay(m Match, d time.Duration) Hook {
	return m.Do(func(*Event) Action { return Action{Wait: d} })
}

// Refuse does not carry a command out and answers "-ERR text".
func Refuse(m Match, text string) Hook {
	return Answer(m, "-ERR "+text+"\r\n")
}

// Answer does not carry a command out and answers raw, as it is. A DELE that
// is answered "+OK\r\n" so keeps its message.
func Answer(m Match, raw string) Hook {
	return m.Do(func(*Event) Action { return Action{Skip: true, Answer: strings.NewReader(raw)} })
}

// Disguise carries a command out and answers raw in place of the truth.
func Disguise(m Match, raw string) Hook {
	return m.Do(func(*Event) Action { return Action{Answer: strings.NewReader(raw)} })
}

// Cut ends the connection in place of carrying a command out.
func Cut(m Match, how End) Hook {
	return m.Do(func(*Event) Action { return Action{Skip: true, Then: how} })
}

// CutAfter ends the connection when a command's answer is out.
func CutAfter(m Match, how End) Hook {
	return m.Do(func(*Event) Action { return Action{Then: how} })
}

// LoseAnswer carries a command out and ends the connection without an answer.
func LoseAnswer(m Match, how End) Hook {
	return m.Do(func(*Event) Action { return Action{Answer: strings.NewReader(""), Then: how} })
}

// Stall neither carries a command out nor answers it, nor any that follows,
// until the client leaves.
func Stall(m Match) Hook { return Cut(m, Hang) }

// CutIn ends the connection when octets octets of a command's answer are out.
func CutIn(m Match, octets int64, how End) Hook {
	return m.Do(func(*Event) Action { return Action{Filter: endAt(octets, how)} })
}

// StallIn says nothing more when octets octets of a command's answer are out.
func StallIn(m Match, octets int64) Hook { return CutIn(m, octets, Hang) }

// CutAt ends the connection when octets octets of all that a session says are
// out: with 0 before the greeting. Octets count before encryption.
func CutAt(octets int64, how End) Hook {
	return On("").Do(func(*Event) Action { return Action{Filter: endAt(octets, how), Lasting: true} })
}

// StallAt says nothing more after octets octets of a session.
func StallAt(octets int64) Hook { return CutAt(octets, Hang) }

// DelayAt pauses once after octets octets of a session.
func DelayAt(octets int64, d time.Duration) Hook {
	return On("").Do(func(*Event) Action {
		return Action{Filter: atOctet(octets, func(o Output) error { return o.Pause(d) }), Lasting: true}
	})
}

// InsertAt puts raw octets in after octets octets of a session.
func InsertAt(octets int64, raw string) Hook {
	return On("").Do(func(*Event) Action {
		insert := func(o Output) error {
			_, err := io.WriteString(o, raw)
			return err
		}
		return Action{Filter: atOctet(octets, insert), Lasting: true}
	})
}

// Trickle sends a command's answer in pieces of this many octets with a pause
// behind each.
func Trickle(m Match, octets int, pause time.Duration) Hook {
	return m.Do(func(*Event) Action {
		return Action{Filter: func(o Output) io.Writer { return &trickle{o, max(1, octets), pause} }}
	})
}

// Map changes the octets of a command's answer, piece by piece as they are
// sent; change may change its argument, and must not keep it.
func Map(m Match, change func([]byte) []byte) Hook {
	return m.Do(func(*Event) Action {
		return Action{Filter: func(o Output) io.Writer { return &mapper{o, change} }}
	})
}

// LFOnly ends the lines of a command's answer with LF alone.
func LFOnly(m Match) Hook {
	return Map(m, func(p []byte) []byte { return bytes.ReplaceAll(p, []byte("\r"), nil) })
}

// Lines changes the lines of a command's answer: change gets each line without
// its end, the status line being number 0, and gives what goes out in its
// place, without the last line's end, or nothing to leave the line out.
func Lines(m Match, change func(i int, line string) (string, bool)) Hook {
	return m.Do(func(*Event) Action {
		return Action{Filter: func(o Output) io.Writer { return &liner{out: o, change: change} }}
	})
}

// Whole changes a command's answer when it is complete; it is kept in memory
// until then.
func Whole(m Match, change func(answer string) string) Hook {
	return m.Do(func(*Event) Action {
		return Action{Filter: func(o Output) io.Writer { return &whole{out: o, change: change} }}
	})
}

// Reverse sends the lines of a multi-line answer in disorder: backwards.
func Reverse(m Match) Hook {
	return Whole(m, func(answer string) string {
		lines := strings.SplitAfter(answer, "\r\n")
		if len(lines) < 4 || lines[len(lines)-2] != ".\r\n" {
			return answer
		}
		body := lines[1 : len(lines)-2]
		for i, j := 0, len(body)-1; i < j; i, j = i+1, j-1 {
			body[i], body[j] = body[j], body[i]
		}
		return strings.Join(lines, "")
	})
}

// HideCapability takes a capability out of CAPA's answers, as somebody on the
// line would who wants no STLS; the server still has it.
func HideCapability(name string) Hook {
	return Lines(On("CAPA"), func(i int, line string) (string, bool) {
		word, _, _ := strings.Cut(line, " ")
		return line, i == 0 || !strings.EqualFold(word, name)
	})
}

// Swallow loses the commands that have come in behind one: what Courier does
// at PASS, and, with On("*"), a server that says PIPELINING without having it.
func Swallow(m Match) Hook {
	return m.Do(func(*Event) Action { return Action{Swallow: true} })
}

// Pipelined narrows m to commands sent before the answer to the one before.
func Pipelined(m Match) Match {
	return func(e *Event) bool { return e.Pipelined && m(e) }
}

// InjectAfterSTLS sends raw in clear behind STLS's +OK, before TLS begins.
func InjectAfterSTLS(raw string) Hook {
	return Disguise(On("STLS"), "+OK begin TLS\r\n"+raw)
}

// EchoPassword refuses PASS with an error that holds the password.
func EchoPassword() Hook {
	return On("PASS").Do(func(e *Event) Action {
		return Action{Skip: true, Answer: strings.NewReader("-ERR [AUTH] password " + e.Arg + " is wrong\r\n")}
	})
}

// NoInitialResponse refuses AUTH on one line, as Microsoft's servers do: the
// mechanism must stand alone.
func NoInitialResponse(mechanism string) Hook {
	return On("AUTH " + mechanism).Do(func(e *Event) Action {
		if !strings.Contains(strings.TrimSpace(e.Arg), " ") {
			return Action{}
		}
		return Action{Skip: true, Answer: strings.NewReader("-ERR Protocol error. Connection is closed. 10\r\n"), Then: Close}
	})
}

// CommitOnDrop carries DELEs out when the connection is lost without QUIT.
func CommitOnDrop() Hook {
	return func(e *Event) Action { return Action{Commit: e.Kind == Drop} }
}

// EndlessLine answers with a line that never ends.
func EndlessLine(m Match) Hook {
	return m.Do(func(*Event) Action {
		return Action{Skip: true, Answer: io.MultiReader(strings.NewReader("+OK "), endless("0123456789abcdef"))}
	})
}

// EndlessList answers +OK and then line, with its end, over and over.
func EndlessList(m Match, line string) Hook {
	return m.Do(func(*Event) Action {
		return Action{Skip: true, Answer: io.MultiReader(strings.NewReader("+OK\r\n"), endless(line+"\r\n"))}
	})
}

// endless reads its text for ever.
func endless(text string) io.Reader {
	block := bytes.Repeat([]byte(text), 1+4096/len(text))
	at := 0
	return readerFunc(func(p []byte) (int, error) {
		n := copy(p, block[at:])
		at = (at + n) % len(block)
		return n, nil
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
