package pop3client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const listsPipelining = "+OK\r\nPIPELINING\r\n.\r\n"

// wantSilence fails if the client sends something within a second.
func (p *peer) wantSilence() {
	_ = p.conn.SetReadDeadline(time.Now().Add(time.Second))
	line, err := p.r.ReadString('\n')
	_ = p.conn.SetReadDeadline(time.Time{})
	if err == nil {
		p.t.Errorf("the client sent %q, want nothing yet", line)
	}
}

// What was asked before a command that nothing may follow does not open the way past it.
func TestNothingPassesACommandThatIsABarrier(t *testing.T) {
	t.Run("USER", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := meet(t, nil, func(p *peer) {
				p.want("CAPA", "USER u")
				p.say(listsPipelining)
				p.wantSilence()
				p.say("+OK\r\n")
				p.answer("PASS secret", "+OK\r\n")
				p.answer("STAT", "+OK 0 0\r\n")
			})
			c.SetCapabilities([]string{"PIPELINING"})
			capa, user, pass, stat := c.Capa(), c.User("u"), c.Pass("secret"), c.Stat()
			got(t, capa)
			got(t, user)
			got(t, pass)
			got(t, stat)
		})
	})
	t.Run("STLS", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := meet(t, nil, func(p *peer) {
				p.want("CAPA", "STLS")
				p.say(listsPipelining)
				p.wantSilence() // in clear
				p.say("-ERR\r\n")
				p.answer("USER joe", "+OK\r\n")
			})
			c.SetCapabilities([]string{"PIPELINING"})
			c.Capa()
			secured := make(chan error)
			go func() { secured <- c.StartTLS(t.Context()) }()
			synctest.Wait()
			user := c.User("joe")
			if err := <-secured; !errors.As(err, new(*ServerError)) {
				t.Errorf("STLS: %v", err)
			}
			got(t, user)
		})
	})
}

func TestWhatIsAskedWhileTheLineIsWatchedWaits(t *testing.T) {
	t.Run("for what nobody asked", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := enter(t, nil, func(p *peer) { p.answer("NOOP", "+OK\r\n") })
			looked := make(chan error)
			go func() { looked <- c.Unasked(t.Context()) }()
			time.Sleep(aMoment / 2)
			noop := c.Noop()
			if err := <-looked; err != nil {
				t.Errorf("Unasked: %v", err)
			}
			got(t, noop)
		})
	})
	t.Run("for a text's end", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := enterPipelining(t, nil, func(p *peer) {
				p.want("NOOP", "NOOP")
				p.say("+OK\r\n+OK\r\n")
				p.answer("RETR 1", "+OK\r\nA: 1\n\none\n.\n")
				p.answer("RETR 2", "+OK\r\nA: 2\n\ntwo\n.\n")
			})
			first, second := c.Noop(), c.Noop()
			got(t, first)
			got(t, second)
			body := got(t, c.Retr(1))
			one := make(chan string)
			go func() {
				text, err := io.ReadAll(body)
				one <- fmt.Sprintf("%s%v", text, err)
			}()
			time.Sleep(leastQuiet / 2)
			two := c.Retr(2)
			if text := <-one; text != "A: 1\n\none\n<nil>" {
				t.Errorf("the first is %q", text)
			}
			if text := textOf(t, two); text != "A: 2\n\ntwo\n" {
				t.Errorf("the second is %q", text)
			}
		})
	})
}

// The server's window is full just behind a dot that is the message's own.
func TestP2_OnALongLineASilenceSaysNothingForTwoRoundTrips(t *testing.T) {
	const half = 300 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		c := enter(t, nil, func(p *peer) {
			p.want("NOOP")
			time.Sleep(2 * half)
			p.say("+OK\r\n")
			p.want("RETR 1")
			p.say("+OK\r\nA: 1\n\none\n.\n")
			time.Sleep(3 * half)
			p.say("two\n\r\n.\r\n")
		})
		got(t, c.Noop())
		if text := textOf(t, c.Retr(1)); !strings.Contains(text, "two") {
			t.Errorf("the text is %q", text)
		}
	})
}

func TestWhatComesWithTheGreetingIsNoAnswer(t *testing.T) {
	c, err := New(t.Context(), play(t, func(p *peer) {
		p.say("+OK ready\r\n+OK again\r\n")
		p.hush()
	}), nil)
	if err == nil {
		_ = c.Close()
	}
	if e := asError[*ProtocolError](t, err); !strings.Contains(e.Problem, "nobody asked") {
		t.Errorf("it ended with %v", err)
	}
}

// DELE went behind an RSET that was not answered yet.
func TestP4_ARefusalBehindQuitCountsBehindRSETToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := enterPipelining(t, nil, func(p *peer) {
			p.want("RSET", "DELE 1")
			p.say("+OK\r\n+OK\r\n")
			p.answer("QUIT", "+OK\r\n")
			time.Sleep(time.Millisecond)
			p.say("-ERR some deleted messages not removed\r\n")
		})
		c.Rset()
		got(t, c.Dele(1))
		if _, err := c.Quit().Wait(t.Context()); err == nil {
			t.Error("QUIT is told to have deleted")
		}
	})
}

// A user's impatience must not make a deletion true that the server is about to refuse.
func TestP4_ALeftQuitIsHeardOutAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := enter(t, nil, func(p *peer) {
			p.answer("DELE 1", "+OK\r\n")
			p.answer("QUIT", "+OK\r\n")
			time.Sleep(leastQuiet / 2)
			p.say("-ERR some deleted messages not removed\r\n")
		})
		got(t, c.Dele(1))
		ctx, cancel := context.WithTimeout(t.Context(), leastQuiet/4)
		defer cancel()
		if _, err := c.Quit().Wait(ctx); err == nil {
			t.Error("QUIT is told to have deleted")
		}
	})
}

func TestP10_CloseWakesWhoWaitsForTheReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := enter(t, nil, func(p *peer) {
			p.want("RETR 1")
			p.say("+OK\r\nline\r\n.\r\n")
			p.hush()
		})
		body := got(t, c.Retr(1))
		read, write := io.Pipe()
		go func() { _, _ = body.WriteTo(write) }() // nobody reads
		synctest.Wait()
		noop, ended := c.Noop(), make(chan error)
		go func() {
			_, err := noop.Wait(t.Context())
			ended <- err
		}()
		synctest.Wait()
		_ = c.Close()
		if err := <-ended; !errors.Is(err, ErrClosed) {
			t.Errorf("the wait ended with %v", err)
		}
		_ = read.Close()
	})
}

func TestALeftLoginIsNotALaterWaitsContext(t *testing.T) {
	for name, tt := range map[string]struct {
		limit, patience time.Duration
	}{
		"by its context": {0, time.Second},
		"by its limit":   {time.Second, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := meet(t, &Options{LoginTimeout: tt.limit}, func(p *peer) {
					p.want("AUTH PLAIN " + b64("\x00alice\x00tanstaaf"))
					p.hush()
				})
				ctx, cancel := context.WithTimeout(t.Context(), tt.patience)
				defer cancel()
				cr := alice
				cr.Mechanism = MechanismPlain
				_, err := c.Login(ctx, cr)
				if tt.limit > 0 {
					_ = asError[*TimeoutError](t, err)
					_ = asError[*TimeoutError](t, c.Err())
				} else if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("the login ended with %v", err)
				}
				if _, err := c.Noop().Wait(t.Context()); err == nil || errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("a later wait ended with %v", err)
				}
			})
		})
	}
}

func TestAServersCodeTellsNoSecret(t *testing.T) {
	c := meet(t, nil, func(p *peer) {
		p.answer("USER u", "+OK\r\n")
		p.answer("PASS 4711-0815", "-ERR [4711-0815] is wrong\r\n")
	})
	_, err := c.Login(t.Context(), Credentials{User: "u", Password: "4711-0815", Mechanism: MechanismUser})
	if e := asError[*ServerError](t, err); strings.Contains(fmt.Sprintf("%+v", *e), "4711") {
		t.Errorf("it is %+v", *e)
	}
}

func TestLOGINTakesItsPromptsInClear(t *testing.T) {
	c := meet(t, nil, func(p *peer) {
		p.answer("AUTH LOGIN", "+ Username:\r\n")
		p.answer(b64("alice"), "+ Password:\r\n")
		p.answer(b64("tanstaaf"), "+OK\r\n")
	})
	cr := alice
	cr.Mechanism = MechanismLogin
	if _, err := c.Login(t.Context(), cr); err != nil {
		t.Error(err)
	}
}

// USER was answered, and then another login tried: PASS would stand alone.
func TestARefusedAuthForgetsTheUser(t *testing.T) {
	c := meet(t, nil, func(p *peer) {
		p.answer("USER alice", "+OK\r\n")
		p.answer("AUTH PLAIN "+b64("\x00alice\x00tanstaaf"), "-ERR unknown command\r\n")
		p.answer("USER alice", "+OK\r\n")
		p.answer("PASS tanstaaf", "+OK\r\n")
	})
	got(t, c.User("alice"))
	for _, name := range []string{MechanismPlain, MechanismUser} {
		cr := alice
		cr.Mechanism = name
		if _, err := c.Login(t.Context(), cr); (err == nil) != (name == MechanismUser) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestALimitMayBeAsHighAsAnInt(t *testing.T) {
	c := meet(t, &Options{Limits: Limits{AnswerOctets: math.MaxInt}}, func(p *peer) { p.answer("USER u", "+OK\r\n") })
	got(t, c.User("u"))
}

// What was pipelined before the login says nothing of the program behind it.
func TestPipeliningIsOnTrialAgainBehindTheLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := meet(t, nil, func(p *peer) {
			p.want("UTF8", "USER alice")
			p.say("+OK\r\n+OK\r\n")
			p.answer("PASS tanstaaf", "+OK\r\n")
			p.want("STAT", "UIDL") // and loses the second
			p.say("+OK 0 0\r\n")
			p.hush()
		})
		c.SetCapabilities([]string{"UTF8", "USER", "PIPELINING"})
		cr := alice
		cr.UTF8, cr.Mechanism = true, MechanismUser
		if _, err := c.Login(t.Context(), cr); err != nil {
			t.Fatal(err)
		}
		c.Stat()
		if _, err := c.Uidl().Wait(t.Context()); !errors.Is(err, ErrPipeliningBroken) {
			t.Errorf("it ended with %v", err)
		}
	})
}

// Another goroutine reads on to the session's end.
func TestAnAnswerThatCameIsGivenThoughTheSessionIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := enterPipelining(t, nil, func(p *peer) {
			p.want("DELE 1", "QUIT")
			time.Sleep(time.Second)
			p.say("+OK gone\r\n+OK bye\r\n")
		})
		dele, quit := c.Dele(1), c.Quit()
		ended := make(chan error)
		go func() {
			_, err := quit.Wait(t.Context())
			ended <- err
		}()
		synctest.Wait()
		got(t, dele)
		if err := <-ended; err != nil {
			t.Errorf("QUIT: %v", err)
		}
	})
}
