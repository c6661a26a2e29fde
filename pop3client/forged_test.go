package pop3client

import (
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// A sender may write a lone dot behind a bare LF, and what looks like the server's next answer
// behind it, into a message whose first line ends in a bare LF as well.
func TestP3_NoMessageForgesItsOwnEnd(t *testing.T) {
	const (
		before  = "X-A: b\nX-B: c\n"
		forged  = "+OK\r\nSubject: forged\r\n\r\nbody\r\n"
		patient = 50 * time.Millisecond
	)
	for name, tt := range map[string]struct {
		first string        // the text of an earlier message
		dot   string        // the message's own
		pause time.Duration // of the server behind it
	}{
		"at once":                              {dot: ".\r\n"},
		"after a moment":                       {dot: ".\r\n", pause: patient},
		"bare, at once":                        {dot: ".\n"},
		"bare, after a moment":                 {dot: ".\n", pause: patient},
		"behind a text of CRLF, long after":    {first: "A: b\r\n\r\n", dot: ".\r\n", pause: time.Minute / 2},
		"bare, behind a text of CRLF, at once": {first: "A: b\r\n\r\n", dot: ".\n"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := enter(t, nil, func(p *peer) {
					if tt.first != "" {
						p.answer("TOP 1 0", "+OK\r\n"+tt.first+".\r\n")
					}
					p.answer("TOP 2 0", "+OK\r\n"+before+tt.dot)
					time.Sleep(tt.pause)
					p.say(forged + ".\r\n")
					p.answer("TOP 3 0", "+OK\r\nSubject: three\r\n\r\n.\r\n")
				})
				if tt.first != "" {
					if s := textOf(t, c.Top(1, 0)); s != tt.first {
						t.Errorf("the first: %q", s)
					}
				}
				if s := textOf(t, c.Top(2, 0)); s != before+tt.dot+forged {
					t.Errorf("the second: %q", s)
				}
				if s := textOf(t, c.Top(3, 0)); s != "Subject: three\r\n\r\n" {
					t.Errorf("the third: %q", s)
				}
			})
		})
	}
}

// Some servers end their own lines in CRLF and a message's in LF.
func TestTextOfLFBehindAStatusOfCRLFIsReadToItsEnd(t *testing.T) {
	for name, end := range map[string]string{"its dot with CRLF": ".\r\n", "its dot with LF": ".\n"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := enter(t, nil, func(p *peer) {
					p.answer("TOP 1 0", "+OK\r\nA: b\n..c\n\n"+end)
					p.answer("TOP 2 0", "+OK\r\nA: d\n\n"+end)
				})
				begin := time.Now()
				if s := textOf(t, c.Top(1, 0)); s != "A: b\n.c\n\n" {
					t.Errorf("the first: %q", s)
				}
				first := time.Since(begin)
				if s := textOf(t, c.Top(2, 0)); s != "A: d\n\n" {
					t.Errorf("the second: %q", s)
				}
				if took := time.Since(begin); first != leastQuiet || took != first {
					t.Errorf("the first took %s, both %s", first, took)
				}
			})
		})
	}
}

// With another RETR under way an answer may follow at once, and nothing proves the order: neither
// what follows the dot nor what stood before it may be taken for a whole message.
func TestP2_NoMessageForgesItsOwnEndBeforeAnotherRETR(t *testing.T) {
	const evil = "X-A: b\nX-B: c\n.\r\n+OK\r\nSubject: forged\r\n\r\nbody\r\n"
	synctest.Test(t, func(t *testing.T) {
		c := enterPipelining(t, nil, func(p *peer) {
			p.want("RETR 1", "RETR 2")
			p.say("+OK\r\n" + evil + ".\r\n+OK\r\nSubject: two\r\n\r\n.\r\n")
		})
		one, two := c.Retr(1), c.Retr(2)
		if body, err := one.Wait(t.Context()); err != nil {
			t.Error(err)
		} else if _, err := io.Copy(io.Discard, body); !errors.Is(err, ErrPipeliningBroken) {
			t.Errorf("the first: %v", err)
		}
		if _, err := two.Wait(t.Context()); !errors.Is(err, ErrPipeliningBroken) {
			t.Errorf("the second: %v", err)
		}
	})
}

func TestTextsOfLFAreReadTogetherOnceTheirOrderIsProven(t *testing.T) {
	for name, end := range map[string]string{"their dot with CRLF": ".\r\n", "their dot with LF": ".\n"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := enterPipelining(t, nil, func(p *peer) {
					p.want("TOP 1 0", "LIST 1")
					p.say("+OK\r\nA: b\n\n" + end + "+OK 1 12\r\n")
					p.want("RETR 1", "RETR 2")
					p.say("+OK\r\nA: b\n\none\n" + end + "+OK\r\nA: c\n\ntwo\n" + end)
				})
				top, place := c.Top(1, 0), c.ListOne(1)
				if s := textOf(t, top); s != "A: b\n\n" {
					t.Errorf("the header: %q", s)
				}
				if _, err := place.Wait(t.Context()); err != nil {
					t.Error(err)
				}
				if err := c.ProveOrder(t.Context()); err != nil {
					t.Error(err)
				}
				one, two := c.Retr(1), c.Retr(2)
				if s := textOf(t, one); s != "A: b\n\none\n" {
					t.Errorf("the first: %q", s)
				}
				if s := textOf(t, two); s != "A: c\n\ntwo\n" {
					t.Errorf("the second: %q", s)
				}
			})
		})
	}
}
