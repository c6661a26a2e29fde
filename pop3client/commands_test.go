package pop3client

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

func TestEveryCommandAndItsAnswer(t *testing.T) {
	c := meet(t, nil, func(p *peer) {
		p.answer("CAPA", "+OK\r\nTOP\r\nuidl\r\nSASL PLAIN login\r\n.\r\n")
		p.answer("LANG", "+OK\r\nfr French\r\n.\r\n")
		p.answer("LANG fr", "+OK fr\r\n")
		p.answer("UTF8", "+OK\r\n")
		p.answer("USER u", "+OK\r\n")
		p.answer("PASS secret", "+OK in\r\n")
		p.answer("STAT", "+OK 2 320 extra\r\n")
		p.answer("LIST", "+OK\r\n1 120\r\n2 200\r\n.\r\n")
		p.answer("LIST 2", "+OK 2 200\r\n")
		p.answer("UIDL", "+OK\r\n1 a\r\n2 b\r\n.\r\n")
		p.answer("UIDL 2", "+OK 2 b\r\n")
		p.answer("TOP 1 0", "+OK\r\nSubject: x\r\n\r\n.\r\n")
		p.answer("RETR 2", "+OK\r\nSubject: y\r\n\r\n..dot\r\n.\r\n")
		p.answer("DELE 1", "+OK marked\r\n")
		p.answer("RSET", "+OK none marked\r\n")
		p.answer("NOOP", "+OK\r\n")
		p.answer("QUIT", "+OK bye\r\n")
	})
	if caps := got(t, c.Capa()); !caps.TOP() || !caps.UIDL() || !caps.HasSASL("LOGIN") || caps.Pipelining() {
		t.Errorf("CAPA: %+v", caps)
	}
	if langs := got(t, c.Langs()); !reflect.DeepEqual(langs, []string{"fr French"}) {
		t.Errorf("LANG: %q", langs)
	}
	got(t, c.Lang("fr"))
	got(t, c.Utf8())
	got(t, c.User("u"))
	if text := got(t, c.Pass("secret")); text != "in" {
		t.Errorf("PASS: %q", text)
	}
	if s := got(t, c.Stat()); s != (MaildropStat{2, 320}) {
		t.Errorf("STAT: %+v", s)
	}
	if l := got(t, c.List()); !reflect.DeepEqual(l.Entries, []ListEntry{{1, 120}, {2, 200}}) || l.OddLines != 0 {
		t.Errorf("LIST: %+v", l)
	}
	if e := got(t, c.ListOne(2)); e != (ListEntry{2, 200}) {
		t.Errorf("LIST 2: %+v", e)
	}
	if l := got(t, c.Uidl()); !reflect.DeepEqual(l.Entries, []UidlEntry{{1, "a"}, {2, "b"}}) || l.OddLines != 0 {
		t.Errorf("UIDL: %+v", l)
	}
	if e := got(t, c.UidlOne(2)); e != (UidlEntry{2, "b"}) {
		t.Errorf("UIDL 2: %+v", e)
	}
	if s := textOf(t, c.Top(1, 0)); s != "Subject: x\r\n\r\n" {
		t.Errorf("TOP: %q", s)
	}
	retr := c.Retr(2)
	if s := textOf(t, retr); s != "Subject: y\r\n\r\n.dot\r\n" {
		t.Errorf("RETR: %q", s)
	}
	if n := got(t, retr).Octets(); n != 20 {
		t.Errorf("Octets = %d, want 20", n)
	}
	got(t, c.Dele(1))
	got(t, c.Rset())
	got(t, c.Noop())
	if text := got(t, c.Quit()); text != "bye" {
		t.Errorf("QUIT: %q", text)
	}
	if c.State() != StateClosed || c.InFlight() != 0 {
		t.Errorf("after QUIT: state %s, %d in flight", c.State(), c.InFlight())
	}
	if _, err := c.Noop().Wait(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("NOOP after QUIT: %v", err)
	}
}

func TestWrongStateFailsBeforeAnythingIsSent(t *testing.T) {
	for name, queue := range map[string]func(*Client) error{
		"STAT before the login": func(c *Client) error { _, err := c.Stat().Wait(t.Context()); return err },
		"RETR before the login": func(c *Client) error { _, err := c.Retr(1).Wait(t.Context()); return err },
		"DELE before the login": func(c *Client) error { _, err := c.Dele(1).Wait(t.Context()); return err },
		"RSET before the login": func(c *Client) error { _, err := c.Rset().Wait(t.Context()); return err },
		"PASS without USER":     func(c *Client) error { _, err := c.Pass("x").Wait(t.Context()); return err },
		"APOP without a stamp":  func(c *Client) error { _, err := c.Apop("u", "x").Wait(t.Context()); return err },
		"a name with a line end": func(c *Client) error {
			_, err := c.User("u\r\nDELE 1").Wait(t.Context())
			return err
		},
		"a password with a line end": func(c *Client) error { _, err := c.Pass("x\nDELE 1").Wait(t.Context()); return err },
		"a number below 1":           func(c *Client) error { _, err := c.Dele(0).Wait(t.Context()); return err },
		"a negative number":          func(c *Client) error { _, err := c.Top(-1, 0).Wait(t.Context()); return err },
		"a language with a space":    func(c *Client) error { _, err := c.Lang("a b").Wait(t.Context()); return err },
	} {
		t.Run(name, func(t *testing.T) {
			c := meet(t, nil, func(p *peer) { p.hush() })
			err := queue(c)
			_ = asError[*StateError](t, err)
			if c.State() != StateAuthorization {
				t.Errorf("the state is %s", c.State())
			}
		})
	}
	t.Run("logins after the login", func(t *testing.T) {
		c := enter(t, nil, func(p *peer) { p.hush() })
		for _, p := range []*Pending[string]{c.User("u"), c.Pass("x"), c.Utf8()} {
			_, err := p.Wait(t.Context())
			if e := asError[*StateError](t, err); e.State != StateTransaction {
				t.Errorf("%v", e)
			}
		}
		_ = asError[*StateError](t, c.StartTLS(t.Context()))
		_ = asError[*StateError](t, c.Auth(t.Context(), &loginMechanism{}))
	})
}

func TestRefusedUserKeepsPassBack(t *testing.T) {
	c := meet(t, nil, func(p *peer) {
		p.answer("USER u", "-ERR no such user\r\n")
		p.answer("QUIT", "+OK\r\n")
	})
	c.SetCapabilities([]string{"PIPELINING"})
	user, pass, stat := c.User("u"), c.Pass("secret"), c.Stat()
	quit := c.Quit()
	got(t, quit)
	_, err := user.Wait(t.Context())
	_ = asError[*ServerError](t, err)
	for _, err := range []error{second(pass.Wait(t.Context())), second(stat.Wait(t.Context()))} {
		_ = asError[*StateError](t, err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestTolerantAnswers(t *testing.T) {
	c := enter(t, nil, func(p *peer) {
		p.answer("NOOP", "+ok\r\n")
		p.answer("NOOP", "\r\n+OK after an empty line\r\n")
		p.answer("NOOP", "+OK\n")
		p.answer("DELE 1", "-err no\n")
		p.answer("STAT", "+OK   7    99   \r\n")
		p.answer("UIDL", "+OK\n1   a b c\n 3\tb\x00c  \n2 caf\xe9\nnonsense\n5\n4 "+strings.Repeat("x", 80)+"\n.\n")
		p.answer("LIST", "+OK\r\n1  120  octets\r\n1 7\r\n2 huge\r\n3 99999999999999999999\r\n\r\n.\r\n")
		p.answer("RETR 1", "+OK\nA: b\n\n..\n.x\nlast\n.\n")
	})
	got(t, c.Noop())
	got(t, c.Noop())
	got(t, c.Noop())
	if _, err := c.Dele(1).Wait(t.Context()); asError[*ServerError](t, err).Text != "no" {
		t.Errorf("DELE: %v", err)
	}
	if s := got(t, c.Stat()); s != (MaildropStat{7, 99}) {
		t.Errorf("STAT: %+v", s)
	}
	uidl := got(t, c.Uidl())
	want := []UidlEntry{{1, "a"}, {3, "b\x00c"}, {2, "caf\xe9"}, {4, strings.Repeat("x", 80)}}
	if !reflect.DeepEqual(uidl.Entries, want) || uidl.OddLines != 5 || len(uidl.Odd) != 5 {
		t.Errorf("UIDL: %+v", uidl)
	}
	list := got(t, c.List())
	if !reflect.DeepEqual(list.Entries, []ListEntry{{1, 120}, {2, -1}, {3, -1}}) || list.OddLines != 4 {
		t.Errorf("LIST: %+v", list)
	}
	if s := textOf(t, c.Retr(1)); s != "A: b\n\n.\nx\nlast\n" {
		t.Errorf("RETR: %q", s)
	}
}

func TestTornNumbersAreLeftOut(t *testing.T) {
	c := enter(t, nil, func(p *peer) {
		p.answer("UIDL", "+OK\r\n1 a\r\n2 b\r\n2 c\r\n1 a\r\n3 b\r\n.\r\n")
	})
	l := got(t, c.Uidl())
	if want := []UidlEntry{{1, "a"}, {3, "b"}}; !reflect.DeepEqual(l.Entries, want) {
		t.Errorf("entries %+v, want %+v", l.Entries, want)
	}
	if l.OddLines != 3 {
		t.Errorf("%d odd lines, want 3: %+v", l.OddLines, l.Odd)
	}
}

func TestAnswerAboutAnotherMessageIsAFault(t *testing.T) {
	c := enter(t, nil, func(p *peer) {
		p.answer("UIDL 2", "+OK 3 c\r\n")
		p.answer("STAT", "+OK many\r\n")
		p.answer("NOOP", "+OK\r\n")
	})
	_, err := c.UidlOne(2).Wait(t.Context())
	_ = asError[*ProtocolError](t, err)
	_, err = c.Stat().Wait(t.Context())
	_ = asError[*ProtocolError](t, err)
	got(t, c.Noop())
}

func TestErrOnOneMessageLeavesTheRest(t *testing.T) {
	c := enterPipelining(t, nil, func(p *peer) {
		p.want("TOP 1 0", "TOP 2 0", "TOP 3 0")
		p.say("+OK\r\nA: 1\r\n\r\n.\r\n-ERR gone\r\n+OK\r\nA: 3\r\n\r\n.\r\n")
	})
	one, two, three := c.Top(1, 0), c.Top(2, 0), c.Top(3, 0)
	if s := textOf(t, one); s != "A: 1\r\n\r\n" {
		t.Errorf("TOP 1: %q", s)
	}
	_, err := two.Wait(t.Context())
	if e := asError[*ServerError](t, err); e.Command != "TOP 2 0" || e.Text != "gone" || e.Kind() != KindOther {
		t.Errorf("TOP 2: %+v", e)
	}
	if s := textOf(t, three); s != "A: 3\r\n\r\n" {
		t.Errorf("TOP 3: %q", s)
	}
	if !c.PipeliningTrusted() {
		t.Error("pipelining is not trusted after a flight that went well")
	}
}

func TestUnreadBodyIsDiscarded(t *testing.T) {
	c := enterPipelining(t, nil, func(p *peer) {
		p.want("TOP 1 0", "TOP 2 0", "NOOP")
		p.say("+OK\r\nA: 1\r\n\r\n.\r\n+OK\r\nA: 2\r\nB: c\r\n\r\n.\r\n+OK\r\n")
	})
	never, partly, noop := c.Top(1, 0), c.Top(2, 0), c.Noop()
	body := got(t, partly)
	if _, err := io.ReadFull(body, make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	got(t, noop)
	if _, err := never.Wait(t.Context()); !errors.Is(err, ErrBodyDiscarded) {
		t.Errorf("the handle of an unread body: %v", err)
	}
	if _, err := body.Read(make([]byte, 8)); !errors.Is(err, ErrBodyDiscarded) {
		t.Errorf("reading a discarded body: %v", err)
	}
	if err := body.Close(); err != nil {
		t.Errorf("closing it: %v", err)
	}
}

func TestClosedBodyIsPassedOver(t *testing.T) {
	c := enter(t, nil, func(p *peer) {
		p.answer("RETR 1", "+OK\r\nA: b\r\n\r\n")
		p.say(strings.Repeat(strings.Repeat("x", 70)+"\r\n", 5000))
		p.say(".\r\n")
		p.answer("NOOP", "+OK\r\n")
	})
	body := got(t, c.Retr(1))
	if err := body.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := body.Read(make([]byte, 1)); !errors.Is(err, ErrBodyDiscarded) {
		t.Errorf("reading a closed body: %v", err)
	}
	got(t, c.Noop())
}

func TestWithoutPipeliningOneCommandAtATime(t *testing.T) {
	c := enter(t, nil, func(p *peer) {
		for _, line := range []string{"STAT", "LIST", "UIDL"} {
			p.want(line)
			if p.r.Buffered() != 0 {
				t.Error("a second command came before the first was answered")
			}
			p.say(map[string]string{"STAT": "+OK 0 0\r\n", "LIST": "+OK\r\n.\r\n", "UIDL": "+OK\r\n.\r\n"}[line])
		}
	})
	stat, list, uidl := c.Stat(), c.List(), c.Uidl()
	if w := c.Window(); w != 1 {
		t.Errorf("the window is %d", w)
	}
	got(t, uidl)
	got(t, list)
	got(t, stat)
}

func TestServerThatSpeaksUnasked(t *testing.T) {
	t.Run("something", func(t *testing.T) {
		c := enter(t, nil, func(p *peer) { p.answer("NOOP", "+OK\r\n+OK again\r\n") })
		got(t, c.Noop())
		_, err := c.Dele(1).Wait(t.Context())
		_ = asError[*ProtocolError](t, err)
	})
	t.Run("goodbye", func(t *testing.T) {
		c := enter(t, nil, func(p *peer) { p.answer("NOOP", "+OK\r\n-ERR [SYS/TEMP] shutting down\r\n") })
		got(t, c.Noop())
		_, err := c.Dele(1).Wait(t.Context())
		if e := asError[*CutError](t, err).Last; e == nil || e.Kind() != KindTryLater || e.Command != "" {
			t.Errorf("%+v", e)
		}
		if refused := new(ServerError); errors.As(err, &refused) {
			t.Errorf("%v counts as a refusal of DELE", err)
		}
	})
}
