package pop3client

import (
	"cmp"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestP2_WhatAServerSaysUnaskedIsNoAnswerToWhatIsAskedNext(t *testing.T) {
	for name, tt := range map[string]struct {
		say  string
		hush bool // it closes the connection
		is   func(error) bool
	}{
		"an answer":       {say: "+OK\r\n", is: func(err error) bool { return errors.As(err, new(*ProtocolError)) }},
		"a goodbye":       {say: "-ERR Autologout\r\n", is: func(err error) bool { return errors.As(err, new(*CutError)) }},
		"half a line":     {say: "+O", is: func(err error) bool { return errors.As(err, new(*ProtocolError)) }},
		"an end":          {hush: true, is: func(err error) bool { return errors.As(err, new(*CutError)) }},
		"an empty line":   {say: "\r\n", is: func(err error) bool { return err == nil }},
		"nothing at all ": {is: func(err error) bool { return err == nil }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := enter(t, nil, func(p *peer) {
					p.answer("NOOP", "+OK\r\n")
					switch {
					case tt.hush:
						_ = p.conn.Close()
					case tt.say != "":
						p.say(tt.say)
					}
					if tt.is(nil) {
						p.answer("RETR 1", "+OK\r\nA: b\r\n\r\n.\r\n")
					}
				})
				if _, err := c.Noop().Wait(t.Context()); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				err := c.Unasked(t.Context())
				if !tt.is(err) {
					t.Errorf("it is %v", err)
				}
				if err != nil {
					if c.State() != StateClosed {
						t.Errorf("the session is in state %v", c.State())
					}
					return
				}
				if s := textOf(t, c.Retr(1)); s != "A: b\r\n\r\n" {
					t.Errorf("the text: %q", s)
				}
			})
		})
	}
}

// One answer too many, and QUIT's +OK is that of a DELE before it.
func TestP4_AQUITWithAnAnswerTooManyProvesNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		dele   bool
		answer string // to DELE, where it is no +OK
		behind string
		late   time.Duration // how long after the +OK that comes
		sure   bool
	}{
		"a refusal behind it":          {dele: true, behind: "-ERR not deleted\r\n"},
		"a refusal a little later":     {dele: true, behind: "-ERR not deleted\r\n", late: 50 * time.Millisecond},
		"nothing, and no end":          {dele: true, late: time.Minute, sure: true},
		"another +OK behind it":        {dele: true, behind: "+OK closing\r\n", sure: true},
		"another, with a refused DELE": {dele: true, answer: "-ERR no\r\n", behind: "+OK closing\r\n"},
		"words, with a refused DELE":   {dele: true, answer: "-ERR no\r\n", behind: "good-bye\r\n", sure: true},
		"words behind it":              {dele: true, behind: "Connection closed by foreign host.\r\n.\r\n", sure: true},
		"a line end behind it":         {dele: true, behind: "\r\n", sure: true},
		"nothing that was to happen":   {behind: "good-bye\r\n", sure: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := enter(t, nil, func(p *peer) {
					if tt.dele {
						p.answer("DELE 1", cmp.Or(tt.answer, "+OK\r\n"))
					}
					if tt.late == 0 {
						p.answer("QUIT", "+OK\r\n"+tt.behind)
						return
					}
					p.answer("QUIT", "+OK\r\n")
					time.Sleep(tt.late)
					p.say(tt.behind)
				})
				if tt.dele {
					if _, err := c.Dele(1).Wait(t.Context()); (err != nil) != (tt.answer != "") {
						t.Errorf("DELE: %v", err)
					}
				}
				if _, err := c.Quit().Wait(t.Context()); (err == nil) != tt.sure {
					t.Errorf("it ended with %v", err)
				}
			})
		})
	}
}
