package pop3client

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// record is a transcript whose lines can be looked at once the session is over.
func record() (*Transcript, *[]string) {
	var lines []string
	return NewTranscript(nil, func(line string) { lines = append(lines, line) }), &lines
}

func TestP6_TranscriptHoldsNoSecret(t *testing.T) {
	const password = "hunter two"
	for name, tc := range map[string]struct {
		mechanism string
		part      func(p *peer)
		want      []string
	}{
		"USER": {"user", func(p *peer) {
			p.answer("USER alice", "+OK alice\r\n")
			p.answer("PASS hunter two", "-ERR [AUTH] the password \"hunter two\" ("+b64(password)+") is wrong\r\n")
		}, []string{
			"C: USER alice", "S: +OK alice", "C: PASS ***", `S: -ERR [AUTH] the password "***" (***) is wrong`,
		}},
		"PLAIN": {"plain", func(p *peer) {
			response := b64("\x00alice\x00" + password)
			p.answer("AUTH PLAIN "+response, "-ERR bad command: AUTH PLAIN "+response+"\r\n")
		}, []string{
			"C: AUTH PLAIN ***", "S: -ERR bad command: AUTH PLAIN ***",
		}},
		"LOGIN": {"login", func(p *peer) {
			p.answer("AUTH LOGIN", "+ "+b64("Username:")+"\r\n")
			p.answer(b64("alice"), "+ "+b64("Password:")+"\r\n")
			p.answer(b64(password), "-ERR "+b64(password)+" for alice\r\n")
		}, []string{
			"C: AUTH LOGIN", "S: + VXNlcm5hbWU6", "C: ***", "S: + UGFzc3dvcmQ6", "C: ***", "S: -ERR *** for alice",
		}},
		"APOP": {"apop", func(p *peer) {
			digest := apopDigest("<1.2@host>", password)
			p.answer("APOP alice "+digest, "-ERR "+digest+"\r\n")
		}, []string{
			"C: APOP alice ***", "S: -ERR ***",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			transcript, lines := record()
			c, err := New(t.Context(), play(t, func(p *peer) {
				p.say("+OK <1.2@host>\r\n")
				tc.part(p)
			}), &Options{Transcript: transcript})
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Login(t.Context(), Credentials{User: "alice", Password: password, Mechanism: tc.mechanism})
			_ = c.Close()
			if err == nil || strings.Contains(err.Error(), password) || strings.Contains(err.Error(), b64(password)) {
				t.Errorf("the error is %v", err)
			}
			if want := append([]string{"S: +OK <1.2@host>"}, tc.want...); !reflect.DeepEqual(*lines, want) {
				t.Errorf("the transcript is\n%s\nwant\n%s", strings.Join(*lines, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func TestP7_TranscriptIsSafeToLookAt(t *testing.T) {
	transcript, lines := record()
	c := enter(t, &Options{Transcript: transcript}, func(p *peer) {
		p.answer("NOOP", "+OK \x1b[2J\x07\x7f\xff\xc2\x9b \xe2\x80\xae 登录\tend\r\n")
		p.answer("TOP 1 0", "+OK\r\nSubject: \x1b[2J\r\n\r\n.\r\n")
		p.answer("RETR 1", "+OK\r\n..\r\n.\r\n")
		p.answer("UIDL", "+OK\r\n1 \x1b\r\n.\r\n")
		p.answer("NOOP", "+OK\r\n")
	})
	got(t, c.Noop())
	textOf(t, c.Top(1, 0))
	got(t, c.Retr(1))
	got(t, c.Uidl())
	got(t, c.Noop())
	_ = c.Close()
	want := []string{
		`C: NOOP`, `S: +OK \x1b[2J\x07\x7f\xff\xc2\x9b \xe2\x80\xae 登录\x09end`,
		`C: TOP 1 0`, `S: +OK`, `S: [17 octets]`, `S: .`,
		`C: RETR 1`, `S: +OK`, `S: [3 octets]`, `S: .`, `C: UIDL`, `S: +OK`, `S: 1 \x1b`, `S: .`,
		`C: NOOP`, `S: +OK`,
	}
	if got := (*lines)[len(*lines)-len(want):]; !reflect.DeepEqual(got, want) {
		t.Errorf("the transcript is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestShortSecretsAreHiddenAsWordsOnly(t *testing.T) {
	c := &Client{}
	c.keepSecret("ok")
	if s := c.redact("ok, token ok5 (ok) book"); s != "***, token ok5 (***) book" {
		t.Errorf("%q", s)
	}
}

func TestTranscriptWriter(t *testing.T) {
	var out strings.Builder
	full := errors.New("disk full")
	good, bad := NewTranscript(&out, nil), NewTranscript(failingWriter{full}, nil)
	for _, tr := range []*Transcript{good, bad} {
		tr.client("NOOP")
		tr.server("+OK")
	}
	if out.String() != "C: NOOP\nS: +OK\n" || good.Err() != nil {
		t.Errorf("%q, %v", out.String(), good.Err())
	}
	if !errors.Is(bad.Err(), full) {
		t.Errorf("Err = %v", bad.Err())
	}
}

func TestCredentialsPrintWithoutSecrets(t *testing.T) {
	cr := Credentials{User: "u", Password: "secret"}
	for _, s := range []string{sprint("%v", cr), sprint("%+v", cr), sprint("%#v", cr), sprint("%v", []Credentials{cr}), cr.LogValue().String()} {
		if strings.Contains(s, "secret") || !strings.Contains(s, "u") {
			t.Errorf("%q", s)
		}
	}
}
