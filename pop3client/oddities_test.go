package pop3client_test

import (
	"io"
	"strings"
	"testing"

	"popmark/pop3client"
	"popmark/pop3server"
)

func TestOdditiesAreOfWhatWasReadSoFar(t *testing.T) {
	crlf := func(verb string, change func(string) string) pop3server.Hook {
		return pop3server.Whole(pop3server.On(verb), change)
	}
	behindOK := func(words string) func(string) string {
		return func(answer string) string { return strings.Replace(answer, "\r\n", " "+words+"\r\n", 1) }
	}
	for name, tt := range map[string]struct {
		hooks []pop3server.Hook
		utf8  bool
		want  pop3client.Oddities
	}{
		"a server as it should be":           {},
		"a text of 8-bit octets and NULs":    {hooks: []pop3server.Hook{pop3server.Disguise(pop3server.On("TOP"), "+OK\r\nX: \xff\x00\r\n\r\n.\r\n")}},
		"LF alone":                           {hooks: []pop3server.Hook{pop3server.LFOnly(pop3server.On("STAT"))}, want: pop3client.Oddities{BareLF: true}},
		"LF alone in a list":                 {hooks: []pop3server.Hook{crlf("LIST", func(a string) string { return strings.Replace(a, "\r\n2", "\n2", 1) })}, want: pop3client.Oddities{BareLF: true}},
		"LF alone in a text":                 {hooks: []pop3server.Hook{pop3server.LFOnly(pop3server.On("TOP"))}, want: pop3client.Oddities{BareLF: true}},
		"LF alone in a text, the dot's CRLF": {hooks: []pop3server.Hook{pop3server.Disguise(pop3server.On("TOP"), "+OK\r\nX: y\n\n.\r\n")}, want: pop3client.Oddities{BareLF: true}},
		"NUL in the greeting":                {hooks: []pop3server.Hook{crlf("", behindOK("\x00"))}, want: pop3client.Oddities{NUL: true}},
		"8-bit in an answer":                 {hooks: []pop3server.Hook{crlf("STAT", behindOK("\xb2\xbb"))}, want: pop3client.Oddities{EightBit: true}},
		"8-bit in a refusal":                 {hooks: []pop3server.Hook{pop3server.Refuse(pop3server.On("STAT"), "\xb2\xbb")}, want: pop3client.Oddities{EightBit: true}},
		"8-bit in CAPA":                      {hooks: []pop3server.Hook{pop3server.Disguise(pop3server.On("CAPA"), "+OK\r\nIMPLEMENTATION \xe9\r\n.\r\n")}, want: pop3client.Oddities{EightBit: true}},
		"both behind a size":                 {hooks: []pop3server.Hook{pop3server.Lines(pop3server.On("LIST"), withTail("\xff\x00"))}, want: pop3client.Oddities{NUL: true, EightBit: true}},
		"both behind a UID":                  {hooks: []pop3server.Hook{pop3server.Lines(pop3server.On("UIDL"), withTail("\xff\x00"))}, want: pop3client.Oddities{NUL: true, EightBit: true}},
		"UTF-8 not asked for":                {hooks: []pop3server.Hook{crlf("STAT", behindOK("h\u00e9"))}, want: pop3client.Oddities{EightBit: true}},
		"UTF-8 asked for":                    {hooks: []pop3server.Hook{crlf("STAT", behindOK("h\u00e9"))}, utf8: true},
		"another charset than UTF-8":         {hooks: []pop3server.Hook{crlf("STAT", behindOK("\xe9"))}, utf8: true, want: pop3client.Oddities{EightBit: true}},
	} {
		t.Run(name, func(t *testing.T) {
			c := dialOdd(t, tt.hooks...)
			if tt.utf8 {
				valid(t)(c.Utf8().Wait(t.Context()))
			}
			valid(t)(c.Login(t.Context(), pop3client.Credentials{User: "u", Password: "secret", Mechanism: pop3client.MechanismUser}))
			// What each says is another test's; a refusal is an answer too.
			_, _ = c.Capa().Wait(t.Context())
			_, _ = c.Stat().Wait(t.Context())
			_, _ = c.Uidl().Wait(t.Context())
			_, _ = c.List().Wait(t.Context())
			body, err := c.Top(1, 0).Wait(t.Context())
			valid(t)(nil, err)
			valid(t)(io.Copy(io.Discard, body))
			if got := c.Oddities(); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// withTail puts words behind the lines of a list.
func withTail(words string) func(int, string) (string, bool) {
	return func(i int, line string) (string, bool) {
		if i == 0 || line == "." {
			return line, true
		}
		return line + " " + words, true
	}
}

func TestLinesWithMoreThanRFC1939HasAreCounted(t *testing.T) {
	for name, tt := range map[string]struct {
		list, uidl   string
		sizes, named int
	}{
		"as they should be": {"1 10\r\n2 20\r\n", "1 a\r\n2 b\r\n", 0, 0},
		"a space before":    {" 1 10\r\n2 20\r\n", " 1 a\r\n2 b\r\n", 1, 1},
		"two between":       {"1  10\r\n2  20\r\n", "1  a\r\n2  b\r\n", 2, 2},
		"one behind":        {"1 10 \r\n2 20\r\n", "1 a \r\n2 b\r\n", 1, 1},
		"a word behind":     {"1 10 octets\r\n2 20\r\n", "1 a b\r\n2 b\r\n", 1, 1},
		"odd ones are told": {"1 x y\r\n2 20\r\n", "1\r\n2 b\r\n", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := dialOdd(t, pop3server.Disguise(pop3server.On("LIST"), "+OK\r\n"+tt.list+".\r\n"), pop3server.Disguise(pop3server.On("UIDL"), "+OK\r\n"+tt.uidl+".\r\n"))
			valid(t)(c.Login(t.Context(), pop3client.Credentials{User: "u", Password: "secret", Mechanism: pop3client.MechanismUser}))
			sizes, err := c.List().Wait(t.Context())
			valid(t)(nil, err)
			uids, err := c.Uidl().Wait(t.Context())
			valid(t)(nil, err)
			if sizes.Extra != tt.sizes || uids.Extra != tt.named {
				t.Errorf("LIST has %d such lines, UIDL %d, want %d and %d", sizes.Extra, uids.Extra, tt.sizes, tt.named)
			}
		})
	}
}

// valid ends the test at an error.
func valid(t *testing.T) func(any, error) {
	return func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

func dialOdd(t *testing.T, hooks ...pop3server.Hook) *pop3client.Client {
	t.Helper()
	drop := pop3server.NewMemory(
		pop3server.NewMessage("a", pop3server.CRLF("Subject: one", "", "text")),
		pop3server.NewMessage("b", pop3server.CRLF("Subject: two", "", "text")))
	_, addr := serve(t, pop3server.WithUser("u", "secret", drop), pop3server.WithHooks(hooks...))
	c, err := pop3client.Dial(t.Context(), "tcp", addr, nil)
	valid(t)(nil, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}
