package mailbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"popmark/mailbox"
	"popmark/pop3server"
)

// offering has CAPA answer so before and after the login.
func offering(before, after string) pop3server.Option {
	return pop3server.WithCapabilities(func(p pop3server.Phase, _ []string) []string {
		if p == pop3server.Authorization {
			return strings.Fields(before)
		}
		return strings.Fields(after)
	})
}

func capaAfterLogin(e *pop3server.Event) bool { return e.Verb == "CAPA" && e.User != "" }

// behindOK puts words behind a status line.
func behindOK(command, words string) pop3server.Hook {
	return pop3server.Lines(pop3server.On(command), func(i int, line string) (string, bool) {
		if i == 0 {
			line += " " + words
		}
		return line, true
	})
}

// without leaves a message out of a list.
func without(command, number string) pop3server.Hook {
	return pop3server.Lines(pop3server.On(command), func(_ int, line string) (string, bool) {
		return line, !strings.HasPrefix(line, number+" ")
	})
}

const (
	toldBareLF   = "the server ends lines in LF alone, where CRLF belongs"
	toldNUL      = "the server's answers hold NULs"
	toldEightBit = "the server's answers hold 8-bit octets, where only ASCII belongs"
	toldNoCAPA   = "the server has no CAPA: what it can do is found out by trying"
	toldLIST     = "LIST's lines hold more than a number, a space and a size"
	toldUIDL     = "UIDL's lines hold more than a number, a space and a UID"
	toldGaps     = "the numbers in LIST have gaps, where they should run from 1 on"
	toldTOP      = "the server refuses TOP for some messages: their senders and subjects can't be seen before fetching"
	toldSmall    = "sizes in LIST are too small: a message's header alone is larger"
)

func TestWhatIsOddAboutAServerIsToldOnce(t *testing.T) {
	size := func(octets string) func(int, string) (string, bool) {
		return func(i int, line string) (string, bool) {
			number, _, ok := strings.Cut(line, " ")
			if i == 0 || !ok {
				return line, true
			}
			return number + " " + octets, true
		}
	}
	for name, tt := range map[string]struct {
		options  []pop3server.Option
		messages []pop3server.Message // five letters unless given
		listed   int                  // as many as there are unless given
		want     []string
	}{
		"a server as it should be":      {},
		"one without pipelining":        {options: []pop3server.Option{pop3server.Without("PIPELINING")}},
		"names in lower case":           {options: []pop3server.Option{pop3server.WithCapabilities(pop3server.LowerCase)}},
		"LF alone":                      {options: hooks(pop3server.LFOnly(pop3server.On("*"))), want: []string{toldBareLF}},
		"LF alone in texts":             {options: hooks(pop3server.LFOnly(pop3server.On("TOP"))), want: []string{toldBareLF}},
		"NUL in the greeting":           {options: hooks(behindOK("", "a\x00b")), want: []string{toldNUL}},
		"8-bit in an answer":            {options: hooks(behindOK("STAT", "\xb2\xbb")), want: []string{toldEightBit}},
		"8-bit and NUL in LIST":         {options: hooks(pop3server.Lines(pop3server.On("LIST"), func(_ int, line string) (string, bool) { return line + tail(line, "2 ", " \xff\x00"), true })), want: []string{toldNUL, toldEightBit, toldLIST}},
		"no CAPA":                       {options: []pop3server.Option{pop3server.Without("CAPA")}, want: []string{toldNoCAPA}},
		"CAPA refused after the login":  {options: hooks(pop3server.Refuse(capaAfterLogin, "what")), want: []string{"the server answers CAPA before the login and refuses it after"}},
		"capabilities that come":        {options: []pop3server.Option{offering("USER", "TOP UIDL PIPELINING UTF8 IMPLEMENTATION")}, want: []string{"CAPA lists TOP, UIDL, PIPELINING, UTF8 only after the login"}},
		"capabilities that go":          {options: []pop3server.Option{offering("TOP UIDL PIPELINING UTF8 USER", "UIDL")}, want: []string{"CAPA lists TOP, PIPELINING only before the login"}},
		"Dovecot's capabilities":        {options: []pop3server.Option{offering("CAPA TOP UIDL RESP-CODES PIPELINING AUTH-RESP-CODE STLS USER", "CAPA TOP UIDL RESP-CODES PIPELINING AUTH-RESP-CODE")}},
		"Mailutils' capabilities":       {options: []pop3server.Option{offering("TOP UIDL RESP-CODES PIPELINING AUTH-RESP-CODE EXPIRENEVER USER STLS", "TOP UIDL RESP-CODES PIPELINING AUTH-RESP-CODE EXPIRENEVER IMPLEMENTATION")}},
		"LIST in disorder":              {options: hooks(pop3server.Reverse(pop3server.On("LIST"))), want: []string{"LIST gives the numbers in disorder"}},
		"UIDL in disorder":              {options: hooks(pop3server.Reverse(pop3server.On("UIDL"))), want: []string{"UIDL gives the numbers in disorder"}},
		"gaps":                          {options: hooks(without("LIST", "2"), without("UIDL", "2"), pop3server.Disguise(pop3server.On("STAT"), "+OK 4 100000\r\n")), listed: 4, want: []string{toldGaps, "STAT counts 100000 octets, the sizes in LIST make "}},
		"words and spaces in LIST":      {options: hooks(pop3server.Lines(pop3server.On("LIST"), more)), want: []string{toldLIST}},
		"words and spaces in UIDL":      {options: hooks(pop3server.Lines(pop3server.On("UIDL"), more)), want: []string{toldUIDL}},
		"sizes that STAT does not know": {options: hooks(pop3server.Lines(pop3server.On("LIST"), size("999"))), want: []string{"STAT counts "}},
		"sizes that grow behind STAT":   {options: hooks(pop3server.Disguise(pop3server.On("STAT"), "+OK 5 1000\r\n"))},
		"sizes smaller than a header":   {options: hooks(pop3server.Lines(pop3server.On("LIST"), size("1")), pop3server.Disguise(pop3server.On("STAT"), "+OK 2 2\r\n")), messages: wordy(2), want: []string{toldSmall}},
		"sizes with line ends of one":   {options: hooks(pop3server.Lines(pop3server.On("LIST"), size("1700")), pop3server.Disguise(pop3server.On("STAT"), "+OK 2 3400\r\n")), messages: wordy(2)},
		"TOP of one refused":            {options: hooks(pop3server.Refuse(pop3server.On("TOP 4"), "no")), want: []string{toldTOP}},
		"TOP of the first refused":      {options: hooks(pop3server.Refuse(pop3server.On("TOP 1"), "no")), want: []string{toldTOP}},
		"a refusal where TOP is not told": {options: append(hooks(pop3server.Refuse(pop3server.On("TOP 1"), "no")), pop3server.WithCapabilities(func(_ pop3server.Phase, lines []string) []string {
			return slices.DeleteFunc(lines, func(l string) bool { return l == "TOP" })
		})), want: []string{toldTOP}},
	} {
		for _, screen := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, screen %v", name, screen), func(t *testing.T) {
				messages := tt.messages
				if messages == nil {
					messages = letters(5)
				}
				b := newBench(t, mailbox.Config{}, messages, tt.options...)
				b.asks = true
				b.mustOpen()
				listed := tt.listed
				if listed == 0 {
					listed = len(messages)
				}
				if n := len(b.box.List().Messages); n != listed {
					t.Errorf("%d messages are listed, want %d", n, listed)
				}
				if screen {
					b.box.StartScan()
					b.wait("the scan's end", func(e mailbox.Event) bool { _, ok := e.(mailbox.ScanDoneEvent); return ok })
				} else {
					scanAll(t, b, ids(b.box.List()))
				}
				b.wantWarnings(tt.want)
				if err := b.box.Refresh(t.Context()); err != nil {
					t.Fatal(err)
				}
				b.wantWarnings(tt.want)
			})
		}
	}
}

// tail is words where a line begins so, else nothing.
func tail(line, beginning, words string) string {
	if strings.HasPrefix(line, beginning) {
		return words
	}
	return ""
}

// wordy are messages of nothing but long headers: 1,880 octets and 100 lines.
func wordy(n int) []pop3server.Message {
	messages := make([]pop3server.Message, n)
	for i := range messages {
		messages[i] = pop3server.NewMessage(fmt.Sprintf("uid-%d", i+1), []byte(fmt.Sprintf("Subject: number %d\r\n", i+1)+strings.Repeat("X-Word: many of us\r\n", 100)+"\r\n"))
	}
	return messages
}

// wantWarnings wants warnings that begin so, in this order, all of them minor.
func (b *bench) wantWarnings(want []string) {
	b.t.Helper()
	got := texts(b.box.Info().Warnings)
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		b.t.Errorf("warnings %q, want %q", got, want)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	told := 0
	for _, e := range b.events {
		if w, ok := e.(mailbox.WarningEvent); ok {
			if told++; !w.Minor {
				b.t.Errorf("%q is no minor one", w.Text)
			}
		}
	}
	if told != len(want) {
		b.t.Errorf("%d were told", told)
	}
}
