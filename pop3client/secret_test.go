package pop3client

import (
	"net"
	"slices"
	"strings"
	"testing"
)

func TestP6_AGreetingThatRepeatsASecretIsRedacted(t *testing.T) {
	ours, theirs := net.Pipe()
	go func() {
		_, _ = theirs.Write([]byte("-ERR go away s3cretPa55w0rd\r\n"))
		_ = theirs.Close()
	}()
	var written strings.Builder
	c, err := New(t.Context(), ours, &Options{Transcript: NewTranscript(&written, nil), Secrets: []string{"s3cretPa55w0rd"}})
	if err == nil {
		_ = c.Close()
		t.Fatal("a greeting of -ERR is no error")
	}
	if strings.Contains(err.Error()+written.String(), "s3cretPa55w0rd") || !strings.Contains(written.String(), "go away ***") {
		t.Errorf("error %q, transcript %q", err, written.String())
	}
}

func TestP6_ErrorsHoldNoSecret(t *testing.T) {
	const password = "s3cretPa55w0rd"
	opts := &Options{Secrets: []string{password}}
	far := strings.Repeat("x", shownOctets-len(password)/2) + password
	t.Run("a greeting that is none", func(t *testing.T) {
		_, err := New(t.Context(), play(t, func(p *peer) { p.say("hello " + password + "\r\n") }), opts)
		if e := asError[*ProtocolError](t, err); strings.Contains(err.Error(), password) || !strings.Contains(e.Line, hidden) {
			t.Errorf("%v", err)
		}
	})
	t.Run("an answer that is cut within the secret", func(t *testing.T) {
		c := enter(t, opts, func(p *peer) { p.answer("NOOP", far+"\r\n") })
		_, err := c.Noop().Wait(t.Context())
		if e := asError[*ProtocolError](t, err); strings.Contains(e.Line, password[:4]) {
			t.Errorf("%v", err)
		}
	})
	t.Run("a word that is no number", func(t *testing.T) {
		c := enter(t, opts, func(p *peer) { p.answer("STAT", "+OK "+far+"\r\n") })
		_, err := c.Stat().Wait(t.Context())
		if e := asError[*ProtocolError](t, err); strings.Contains(e.Line, password[:4]) {
			t.Errorf("%v", err)
		}
	})
	t.Run("a stray line on trial", func(t *testing.T) {
		c := enterPipelining(t, opts, func(p *peer) {
			p.want("LIST", "UIDL")
			p.say("+OK\r\n" + password + "\r\n.\r\n")
		})
		list := c.List()
		c.Uidl()
		_, err := list.Wait(t.Context())
		if e := asError[*ProtocolError](t, err); e.Line != hidden {
			t.Errorf("%v", err)
		}
	})
	t.Run("odd lines of a listing", func(t *testing.T) {
		c := enter(t, opts, func(p *peer) {
			p.answer("LIST", "+OK\r\n"+far+"\r\n.\r\n")
			p.answer("UIDL", "+OK\r\n"+password+"\r\n.\r\n")
		})
		odd := append(got(t, c.List()).Odd, got(t, c.Uidl()).Odd...)
		if len(odd) != 2 || strings.Contains(odd[0].Line, password[:4]) || odd[1].Line != hidden {
			t.Errorf("%+v", odd)
		}
	})
	t.Run("octets that nobody asked for", func(t *testing.T) {
		c := enter(t, opts, func(p *peer) { p.answer("NOOP", "+OK\r\n"+far+"\r\n") })
		got(t, c.Noop())
		_, err := c.Noop().Wait(t.Context())
		if e := asError[*ProtocolError](t, err); strings.Contains(e.Line, password[:4]) {
			t.Errorf("%v", err)
		}
	})
}

func TestP6_ASecretWithinAnotherIsHiddenWhole(t *testing.T) {
	c := &Client{}
	for _, secret := range []string{"hunter", "hunter2-the-longer", "hunter"} {
		c.keepSecret(secret)
	}
	if s := c.redact("hunter2-the-longer, hunter"); s != "***, ***" {
		t.Errorf("%q", s)
	}
	if len(c.secrets) != 4 {
		t.Errorf("%d secrets are kept, want each once with its base64", len(c.secrets))
	}
}

// A password's characters are no secret's place in an error, be it one of them alone.
func TestP6_SASLprepTellsNoCharacterOfAPassword(t *testing.T) {
	for _, mechanism := range []string{"scram-sha-256", "auto"} {
		c := meet(t, nil, func(p *peer) {
			if mechanism == "auto" {
				p.answer("CAPA", "+OK\r\nSASL SCRAM-SHA-256\r\n.\r\n")
			}
			p.hush()
		})
		_, err := c.Login(t.Context(), Credentials{User: "u", Password: "pass\u206eword", Mechanism: mechanism})
		if err == nil || strings.Contains(err.Error(), "206e") || !strings.Contains(err.Error(), "SASLprep") {
			t.Errorf("%s: %v", mechanism, err)
		}
	}
}

// Servers repeat a line that was too long cut off, and some in capitals.
func TestP6_APieceOfASecretIsHidden(t *testing.T) {
	const password = "Tr0ub4dor&3-and-more"
	for _, tc := range []struct{ answer, shown string }{
		{"-ERR bad line PASS " + password[:9], "-ERR bad line PASS ***"},
		{"-ERR PASS " + strings.ToUpper(password), "-ERR PASS ***"},
		{"-ERR " + b64(password)[:10] + " is " + password[3:12] + ".", "-ERR *** is ***."},
		{"-ERR [AUTH] and-mo or AND-MOrE", "-ERR [AUTH] *** or ***"},
		{"PASS " + password[:6], "PASS ***"},
		{"-ERR no " + password[:5] + ": authentication failed", "-ERR no Tr0ub: authentication failed"},
	} {
		transcript, lines := record()
		c := meet(t, &Options{Transcript: transcript}, func(p *peer) {
			p.answer("USER u", "+OK\r\n")
			p.answer("PASS "+password, tc.answer+"\r\n")
		})
		_, err := c.Login(t.Context(), Credentials{User: "u", Password: password, Mechanism: "user"})
		_ = c.Close()
		if err == nil || (*lines)[len(*lines)-1] != "S: "+tc.shown || !strings.Contains(err.Error(), strings.TrimPrefix(tc.shown, "-ERR ")) {
			t.Errorf("%s: %v, and the transcript\n%s", tc.answer, err, strings.Join(*lines, "\n"))
		}
	}
	c := &Client{}
	c.keepSecret("hunt5")
	if s := c.redact("HUNT5 hunting hunt55 (Hunt5)"); s != "*** hunting ***5 (***)" {
		t.Errorf("%q", s)
	}
}

func TestP6_NothingToGuessAPasswordFromIsKept(t *testing.T) {
	for _, tc := range []struct{ answers, want []string }{
		{
			[]string{"+ " + b64("r=abc,s=c2FsdA==,i=4096"), "-ERR cancelled"},
			[]string{"C: AUTH SCRAM-SHA-256 ***", "S: + ***", "C: *", "S: -ERR cancelled"},
		},
		{
			[]string{"+ " + b64("e=other-error"), "-ERR no"},
			[]string{"C: AUTH SCRAM-SHA-256 ***", "S: + " + b64("e=other-error"), "C: ***", "S: -ERR no"},
		},
		{
			[]string{"+OK " + b64("v=c2lnbmF0dXJl")},
			[]string{"C: AUTH SCRAM-SHA-256 ***", "S: +OK ***"},
		},
	} {
		transcript, lines := record()
		c := meet(t, &Options{Transcript: transcript}, func(p *peer) {
			for _, answer := range tc.answers {
				if _, err := p.r.ReadString('\n'); err != nil {
					t.Error(err)
				}
				p.say(answer + "\r\n")
			}
		})
		if _, err := c.Login(t.Context(), Credentials{User: "u", Password: "secret", Mechanism: "scram-sha-256"}); err == nil {
			t.Error("the login was taken")
		}
		_ = c.Close()
		if !slices.Equal((*lines)[1:], tc.want) {
			t.Errorf("the transcript is\n%s", strings.Join(*lines, "\n"))
		}
	}
}
