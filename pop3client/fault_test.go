package pop3client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestTimeoutOfASilentServer(t *testing.T) {
	for name, part := range map[string]func(p *peer){
		"nothing":           func(p *peer) { p.want("NOOP"); p.hush() },
		"half an answer":    func(p *peer) { p.answer("NOOP", "+O"); p.hush() },
		"trickling":         func(p *peer) { p.want("NOOP"); trickle(p, "+OK this takes for ever") },
		"commands not read": func(p *peer) { time.Sleep(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := enter(t, nil, part)
				begin := time.Now()
				_, err := c.Noop().Wait(t.Context())
				e := asError[*TimeoutError](t, err)
				if took := time.Since(begin); took != DefaultAnswerTimeout || e.After != took || e.Command != "NOOP" {
					t.Errorf("after %s: %v", took, err)
				}
				var network net.Error
				if !errors.As(err, &network) || !network.Timeout() {
					t.Error("it is no net.Error with Timeout")
				}
				if _, err := c.Quit().Wait(t.Context()); !errors.As(err, &e) {
					t.Errorf("QUIT afterwards: %v", err)
				}
			})
		})
	}
}

// trickle says an octet every twenty seconds.
func trickle(p *peer, text string) {
	for i := range len(text) {
		if _, err := io.WriteString(p.conn, text[i:i+1]); err != nil {
			return
		}
		time.Sleep(20 * time.Second)
	}
}

func TestLongAnswerMayTakeItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := enter(t, nil, func(p *peer) {
			p.answer("RETR 1", "+OK\r\n")
			trickle(p, "A: b\r\n\r\n.\r\n")
			p.hush()
		})
		if s := textOf(t, c.Retr(1)); s != "A: b\r\n\r\n" {
			t.Errorf("%q", s)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		c := enter(t, nil, func(p *peer) {
			p.answer("LIST", "+OK\r\n")
			trickle(p, "1 120\r\n2 240\r\n")
			p.hush()
		})
		begin := time.Now()
		_, err := c.List().Wait(t.Context())
		_ = asError[*TimeoutError](t, err)
		if took := time.Since(begin); took != 14*20*time.Second-20*time.Second+DefaultAnswerTimeout {
			t.Errorf("it took %s", took)
		}
	})
}

func TestReadersPaceIsNotTheServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := enter(t, nil, func(p *peer) {
			p.answer("RETR 1", "+OK\r\nA: b\r\n")
			p.say("\r\n.\r\n")
		})
		body := got(t, c.Retr(1))
		if _, err := io.ReadFull(body, make([]byte, 4)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if rest, err := io.ReadAll(body); err != nil || string(rest) != "\r\n\r\n" {
			t.Errorf("%q, %v", rest, err)
		}
	})
}

func TestP10_EveryWaitCanBeLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := enterPipelining(t, nil, func(p *peer) {
			p.want("RETR 1", "LIST", "RSET", "QUIT")
			p.say("+OK\r\nA: ")
			time.Sleep(10 * time.Second)
			p.say("b\r\n\r\n.\r\n+OK\r\n1 1")
			time.Sleep(10 * time.Second)
			p.say("20\r\n.\r\n+OK\r\n+OK bye\r\n")
		})
		// RETR and DELE are kept to two under way while pipelining is on trial.
		c.mu.Lock()
		c.trust.proven = true
		c.mu.Unlock()
		retr, list, rset, quit := c.Retr(1), c.List(), c.Rset(), c.Quit()

		body := got(t, retr)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := retr.Wait(ctx); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		text, err := io.ReadAll(body)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Second || string(text) != "A: " {
			t.Fatalf("after %s: %q, %v", time.Since(begin), text, err)
		}
		if _, err := list.Wait(done(t)); !errors.Is(err, context.Canceled) {
			t.Fatalf("LIST: %v", err)
		}
		// The answers are still there, in their order, and the text where it was left.
		again := got(t, retr)
		if rest, err := io.ReadAll(again); err != nil || string(rest) != "b\r\n\r\n" {
			t.Fatalf("the rest: %q, %v", rest, err)
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := list.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("LIST: %v", err)
		}
		got(t, rset)
		if l := got(t, list); len(l.Entries) != 1 || l.Entries[0].Octets != 120 {
			t.Errorf("LIST: %+v", l)
		}
		got(t, quit)
	})
}

func TestWaitBehindAnotherReaderCanBeLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := enterPipelining(t, nil, func(p *peer) {
			p.want("STAT", "NOOP")
			time.Sleep(5 * time.Second)
			p.say("+OK 0 0\r\n+OK\r\n")
		})
		stat, noop := c.Stat(), c.Noop()
		first := make(chan error)
		go func() { first <- second(stat.Wait(context.Background())) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := noop.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("NOOP: %v", err)
		}
		if err := <-first; err != nil {
			t.Errorf("STAT: %v", err)
		}
		got(t, noop)
	})
}

func TestCutConnection(t *testing.T) {
	c := enterPipelining(t, nil, func(p *peer) { p.answer("NOOP", "+OK\r\n"); p.answer("STAT", "+OK 1") })
	got(t, c.Noop())
	stat := c.Stat()
	_, err := stat.Wait(t.Context())
	if e := asError[*CutError](t, err); e.Command != "STAT" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
	_, err = c.Dele(1).Wait(t.Context())
	if !errors.Is(err, io.ErrUnexpectedEOF) || c.State() != StateClosed {
		t.Errorf("afterwards: %v, %s", err, c.State())
	}
}

func TestCloseEndsWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := enter(t, nil, func(p *peer) { p.want("NOOP"); p.hush() })
		noop := c.Noop()
		left := make(chan error)
		go func() { left <- second(noop.Wait(context.Background())) }()
		synctest.Wait()
		if err := errors.Join(c.Close(), c.Close()); err != nil {
			t.Error(err)
		}
		if err := <-left; !errors.Is(err, ErrClosed) {
			t.Errorf("the wait ended with %v", err)
		}
	})
}

func TestP8_Limits(t *testing.T) {
	limits := Limits{AnswerOctets: 64, CapabilityLines: 3, ListEntries: 4, ListLineOctets: 32, ListOctets: 80, TopOctets: 100}
	long := strings.Repeat("x", 200)
	for name, tc := range map[string]struct {
		answer string
		ask    func(c *Client) error
	}{
		"AnswerOctets":    {"+OK " + long + "\r\n", func(c *Client) error { return second(c.Noop().Wait(t.Context())) }},
		"CapabilityLines": {"+OK\r\nA\r\nB\r\nC\r\nD\r\n.\r\n", func(c *Client) error { return second(c.Capa().Wait(t.Context())) }},
		"ListEntries":     {"+OK\r\n" + strings.Repeat("1 1\r\n", 5) + ".\r\n", func(c *Client) error { return second(c.List().Wait(t.Context())) }},
		"ListLineOctets":  {"+OK\r\n1 " + long + "\r\n.\r\n", func(c *Client) error { return second(c.Uidl().Wait(t.Context())) }},
		"ListOctets":      {"+OK\r\n" + strings.Repeat("1 "+long[:25]+"\r\n", 3) + ".\r\n", func(c *Client) error { return second(c.Uidl().Wait(t.Context())) }},
		"TopOctets": {"+OK\r\n" + strings.Repeat("A: b\r\n", 30) + ".\r\n", func(c *Client) error {
			body, err := c.Top(1, 0).Wait(t.Context())
			if err == nil {
				_, err = io.ReadAll(body)
			}
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := enter(t, &Options{Limits: limits}, func(p *peer) {
				_, _ = p.r.ReadString('\n')
				_, _ = io.WriteString(p.conn, tc.answer) // the client may leave in the middle
				p.hush()
			})
			err := tc.ask(c)
			if e := asError[*LimitError](t, err); e.Limit != name {
				t.Errorf("the limit is %s", e.Limit)
			}
			if c.State() != StateClosed {
				t.Error("the connection is still open")
			}
		})
	}
	t.Run("room for a million of the longest UIDs", func(t *testing.T) {
		line := "1000000 " + strings.Repeat("x", maxUIDOctets) + "\r\n"
		if l := (Limits{}).withDefaults(); int64(l.ListEntries*len(line)) > l.ListOctets {
			t.Errorf("%d entries do not go into %d octets", l.ListEntries, l.ListOctets)
		}
	})
	t.Run("endless line", func(t *testing.T) {
		c := enter(t, nil, func(p *peer) {
			p.want("NOOP")
			for {
				if _, err := io.WriteString(p.conn, long); err != nil {
					return
				}
			}
		})
		_, err := c.Noop().Wait(t.Context())
		_ = asError[*LimitError](t, err)
		if n := cap(c.in.b); n > bufferOctets {
			t.Errorf("the buffer grew to %d", n)
		}
	})
}

// A long text is read in larger pieces; what is as long together is not.
func TestTheBufferGrowsForALongTextAlone(t *testing.T) {
	line := strings.Repeat("x", 62) + "\r\n"
	for name, c := range map[string]struct {
		texts, octets int
		want          int
	}{"one text": {1, 2 << 20, longBuffer}, "many": {64, 4 << 10, bufferOctets}} {
		t.Run(name, func(t *testing.T) {
			text := "+OK\r\n" + strings.Repeat(line, c.octets/len(line)) + ".\r\n"
			client := enterPipelining(t, nil, func(p *peer) {
				for n := range c.texts {
					p.want(fmt.Sprintf("TOP %d 0", n+1))
				}
				p.say(strings.Repeat(text, c.texts))
			})
			var asked []*Pending[*Body]
			for n := range c.texts {
				asked = append(asked, client.Top(n+1, 0))
			}
			for _, a := range asked {
				n, err := io.Copy(io.Discard, got(t, a))
				if err != nil || n != int64(c.octets) {
					t.Fatalf("%d octets came, %v", n, err)
				}
				a.Recycle()
			}
			if n := len(client.in.b); n != c.want {
				t.Errorf("the buffer has %d octets, want %d", n, c.want)
			}
		})
	}
}

func TestGreetings(t *testing.T) {
	for raw, want := range map[string]string{
		"+OK\r\n":                                  "",
		"+ok  Hello there. \r\n":                   "Hello there.",
		"+OK POP3 <1.2@host> ready\n":              "POP3 <1.2@host> ready",
		"\r\n+OK x\r\n":                            "x",
		"+OK " + strings.Repeat("x", 512) + "\r\n": strings.Repeat("x", 512),
	} {
		c, err := New(t.Context(), play(t, func(p *peer) { p.say(raw); p.hush() }), nil)
		if err != nil {
			t.Errorf("%q: %v", raw, err)
			continue
		}
		if c.Greeting() != want {
			t.Errorf("%q: the greeting is %q", raw, c.Greeting())
		}
		_ = c.Close()
	}
	refused := func(raw string) error {
		t.Helper()
		_, err := New(t.Context(), play(t, func(p *peer) { _, _ = io.WriteString(p.conn, raw) }), nil)
		if err == nil {
			t.Fatalf("%q was taken", raw)
		}
		return err
	}
	if e := asError[*ServerError](t, refused("-ERR [IN-USE] busy\r\n")); e.Code != "IN-USE" || e.Kind() != KindTryLater {
		t.Errorf("%+v", e)
	}
	_ = asError[*ProtocolError](t, refused("220 mail.example ESMTP\r\n"))
	_ = asError[*ProtocolError](t, refused("* OK IMAP4rev1\r\n"))
	_ = asError[*CutError](t, refused("+OK no line end"))
	_ = asError[*CutError](t, refused(""))
	if e := asError[*LimitError](t, refused("+OK "+strings.Repeat("x", 10000)+"\r\n")); e.Limit != "GreetingOctets" {
		t.Errorf("%+v", e)
	}
}

func TestPipeliningOnTrial(t *testing.T) {
	flight := func(t *testing.T, c *Client) error {
		t.Helper()
		stat, uidl, list := c.Stat(), c.Uidl(), c.List()
		return errors.Join(second(stat.Wait(t.Context())), second(uidl.Wait(t.Context())), second(list.Wait(t.Context())))
	}
	for name, tc := range map[string]struct {
		part  func(p *peer)
		fault PipeliningFault
	}{
		"swallowed": {func(p *peer) { p.want("STAT", "UIDL", "LIST"); p.say("+OK 1 1\r\n"); p.hush() }, PipeliningStall},
		"lost LIST": {func(p *peer) {
			p.want("STAT", "UIDL", "LIST")
			p.say("+OK 1 1\r\n+OK\r\n1 a\r\n.\r\n")
			p.hush()
		}, PipeliningStall},
		"garbled": {func(p *peer) { p.want("STAT", "UIDL", "LIST"); p.say("+OK 1 1\r\nUIDL?\r\n"); p.hush() }, PipeliningGarble},
		"another's": {func(p *peer) {
			p.want("STAT", "UIDL", "LIST")
			_, _ = io.WriteString(p.conn, "+OK 1 1\r\n+OK\r\nTOP\r\n.\r\n")
			p.hush()
		}, PipeliningGarble},
		"lost STAT": {func(p *peer) { p.want("STAT", "UIDL", "LIST"); p.say("+OK 1 message\r\n"); p.hush() }, PipeliningGarble},
		"cut":       {func(p *peer) { p.want("STAT", "UIDL", "LIST"); p.say("+OK 1 1\r\n") }, PipeliningCut},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := enterPipelining(t, nil, tc.part)
				begin := time.Now()
				err := flight(t, c)
				if !errors.Is(err, ErrPipeliningBroken) {
					t.Fatalf("the error is %v", err)
				}
				if e := asError[*PipeliningError](t, err); e.Fault != tc.fault {
					t.Errorf("the fault is %q, want %q", e.Fault, tc.fault)
				}
				patience := probePatience
				if name == "lost LIST" { // which may be on its way: UIDL came, though it stood behind another
					patience = DefaultAnswerTimeout
				}
				if took := time.Since(begin); took > patience {
					t.Errorf("it took %s", took)
				}
				if c.PipeliningTrusted() {
					t.Error("pipelining is trusted")
				}
			})
		})
	}
	for _, slow := range []string{"STAT", "UIDL", "LIST"} {
		t.Run("slow "+slow, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := enterPipelining(t, nil, func(p *peer) {
					commands := []string{"CAPA", "STAT", "UIDL", "LIST"}
					if slow == "STAT" {
						commands = commands[1:] // first in its flight
					}
					p.want(commands...)
					for _, command := range commands {
						if command == slow {
							time.Sleep(DefaultAnswerTimeout - time.Second) // the bubble's clock
						}
						p.say(map[string]string{
							"CAPA": "+OK\r\nPIPELINING\r\n.\r\n", "STAT": "+OK 1 1\r\n",
							"UIDL": "+OK\r\n1 a\r\n.\r\n", "LIST": "+OK\r\n1 1\r\n.\r\n",
						}[command])
					}
				})
				if slow != "STAT" {
					c.Capa()
				}
				if err := flight(t, c); err != nil || !c.PipeliningTrusted() {
					t.Errorf("%v, trusted %v", err, c.PipeliningTrusted())
				}
			})
		})
	}
	t.Run("two at most with RETR", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := enterPipelining(t, nil, func(p *peer) {
				p.want("RETR 1", "RETR 2")
				synctest.Wait()
				if p.r.Buffered() > 0 {
					t.Error("a third command came on trial")
				}
				p.say("+OK\r\n1\r\n.\r\n")
				p.want("RETR 3")
				p.say("+OK\r\n2\r\n.\r\n+OK\r\n3\r\n.\r\n")
				p.want("RETR 4", "RETR 5", "RETR 6")
				p.say("+OK\r\n4\r\n.\r\n+OK\r\n5\r\n.\r\n+OK\r\n6\r\n.\r\n")
			})
			one, two, three := c.Retr(1), c.Retr(2), c.Retr(3)
			if s := textOf(t, one) + textOf(t, two) + textOf(t, three); s != "1\r\n2\r\n3\r\n" {
				t.Errorf("%q", s)
			}
			four, five, six := c.Retr(4), c.Retr(5), c.Retr(6)
			if s := textOf(t, four) + textOf(t, five) + textOf(t, six); s != "4\r\n5\r\n6\r\n" {
				t.Errorf("%q", s)
			}
		})
	})
	t.Run("never", func(t *testing.T) {
		c := enterPipelining(t, &Options{Pipelining: PipeliningNever}, func(p *peer) {
			p.answer("STAT", "+OK 0 0\r\n")
			p.answer("UIDL", "+OK\r\n.\r\n")
			p.answer("LIST", "+OK\r\n.\r\n")
		})
		if err := flight(t, c); err != nil || c.Window() != 1 {
			t.Errorf("%v, window %d", err, c.Window())
		}
	})
}
