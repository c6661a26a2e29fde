package pop3client

import (
	"encoding/base64"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// farConn makes a pipe look like a connection to another machine.
type farConn struct {
	net.Conn
	addr net.Addr
}

func (c farConn) RemoteAddr() net.Addr { return c.addr }

var remote = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 110}

// meetFar is a client on a line in clear to another machine.
func meetFar(t *testing.T, greeting string, part func(p *peer)) *Client {
	t.Helper()
	conn := play(t, func(p *peer) {
		p.say("+OK " + greeting + "\r\n")
		part(p)
	})
	c, err := New(t.Context(), farConn{conn, remote}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

var alice = Credentials{User: "alice", Password: "tanstaaf"}

func TestP6_NoPasswordInClear(t *testing.T) {
	for _, mechanism := range []string{"", "auto", "user", "plain", "login", "xoauth2", "oauthbearer"} {
		t.Run(mechanism, func(t *testing.T) {
			c := meetFar(t, "ready", func(p *peer) {
				if mechanism == "" || mechanism == "auto" {
					p.answer("CAPA", "+OK\r\nUSER\r\nSASL PLAIN LOGIN\r\n.\r\n")
				}
				p.hush()
			})
			cr := alice
			cr.Mechanism = mechanism
			if _, err := c.Login(t.Context(), cr); !errors.Is(err, ErrPlaintextRefused) {
				t.Errorf("the error is %v", err)
			}
		})
	}
	for _, tc := range []struct {
		conn net.Conn
		want bool
	}{
		{farConn{nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)}}, true},
		{farConn{nil, &net.TCPAddr{IP: net.IPv6loopback}}, true},
		{farConn{nil, &net.TCPAddr{IP: net.ParseIP("::ffff:127.0.0.1")}}, true},
		{farConn{nil, &net.UnixAddr{Name: "/run/pop3", Net: "unix"}}, true},
		{farConn{nil, remote}, false},
		{farConn{nil, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1)}}, false},
		{farConn{nil, farAddr{"proxied", "127.0.0.1:110"}}, false},
		{farConn{nil, farAddr{"tunnel", "localhost:110"}}, false},
		{farConn{nil, nil}, false},
	} {
		if got := MayCarryPassword(tc.conn); got != tc.want {
			t.Errorf("MayCarryPassword to %v = %v", tc.conn.RemoteAddr(), got)
		}
	}
}

func TestAutoTakesTheStrongest(t *testing.T) {
	plain := "AUTH PLAIN " + b64("\x00alice\x00tanstaaf")
	for _, tc := range []struct {
		name, capa string
		part       func(p *peer)
		want       string
	}{
		{"PLAIN before LOGIN and USER", "USER\r\nSASL CRAM-MD5 LOGIN PLAIN", func(p *peer) { p.answer(plain, "+OK\r\n") }, "PLAIN"},
		{"LOGIN where the server has no PLAIN after all", "SASL LOGIN PLAIN", func(p *peer) {
			p.answer(plain, "-ERR Unsupported authentication mechanism\r\n")
			p.answer("AUTH LOGIN", "+ "+b64("Username:")+"\r\n")
			p.answer(b64("alice"), "+ UGFzc3dvcmQ6\r\n")
			p.answer(b64("tanstaaf"), "+OK\r\n")
		}, "LOGIN"},
		{"USER without SASL", "TOP", func(p *peer) {
			p.answer("USER alice", "+OK\r\n")
			p.answer("PASS tanstaaf", "+OK\r\n")
		}, "USER"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := meet(t, nil, func(p *peer) {
				p.answer("CAPA", "+OK\r\n"+tc.capa+"\r\n.\r\n")
				tc.part(p)
			})
			name, err := c.Login(t.Context(), alice)
			if err != nil || name != tc.want || c.State() != StateTransaction {
				t.Errorf("%q, %v, %s; want %q", name, err, c.State(), tc.want)
			}
		})
	}
	t.Run("CAPA refused", func(t *testing.T) {
		c := meet(t, nil, func(p *peer) {
			p.answer("CAPA", "-ERR\r\n")
			p.answer("USER alice", "+OK\r\n")
			p.answer("PASS tanstaaf", "+OK\r\n")
		})
		if name, err := c.Login(t.Context(), alice); err != nil || name != "USER" {
			t.Errorf("%q, %v", name, err)
		}
	})
	t.Run("remembered", func(t *testing.T) {
		c := meet(t, nil, func(p *peer) { p.answer(plain, "+OK\r\n") })
		c.SetCapabilities([]string{"SASL PLAIN"})
		if name, err := c.Login(t.Context(), alice); err != nil || name != "PLAIN" {
			t.Errorf("%q, %v", name, err)
		}
	})
}

func TestInClearOnlyProofs(t *testing.T) {
	c := meetFar(t, "POP3 <1896.697170952@dbc.mtview.ca.us> ready", func(p *peer) {
		p.answer("CAPA", "+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n")
		p.answer("APOP mrose c4c9334bac560ecc979e58001b3e22fb", "+OK\r\n") // RFC 1939's own example
	})
	if name, err := c.Login(t.Context(), Credentials{User: "mrose", Password: "tanstaaf"}); err != nil || name != "APOP" {
		t.Errorf("%q, %v", name, err)
	}
}

// TestCRAMMD5 is RFC 2195's own example.
func TestCRAMMD5(t *testing.T) {
	c := meetFar(t, "ready", func(p *peer) {
		p.answer("CAPA", "+OK\r\nSASL PLAIN CRAM-MD5\r\n.\r\n")
		p.answer("AUTH CRAM-MD5", "+ PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+\r\n")
		p.answer("dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw", "+OK\r\n")
	})
	name, err := c.Login(t.Context(), Credentials{User: "tim", Password: "tanstaaftanstaaf"})
	if err != nil || name != "CRAM-MD5" {
		t.Errorf("%q, %v", name, err)
	}
}

func TestOneTryOnly(t *testing.T) {
	for _, text := range []string{
		"[AUTH] Authentication failed.", "Login failed.", "authentication failed for SASL mechanism PLAIN: invalid credentials",
		"", "Logon failure: unknown user name or bad password.",
	} {
		c := meet(t, nil, func(p *peer) {
			p.answer("CAPA", "+OK\r\nUSER\r\nSASL PLAIN LOGIN CRAM-MD5\r\n.\r\n")
			p.answer("AUTH PLAIN "+b64("\x00alice\x00tanstaaf"), "-ERR "+text+"\r\n")
			p.hush()
		})
		_, err := c.Login(t.Context(), alice)
		if e := asError[*ServerError](t, err); e.Kind() != KindRefused || e.Text != text {
			t.Errorf("%q: %+v, %s", text, e, e.Kind())
		}
	}
}

func TestNoMechanism(t *testing.T) {
	c := meet(t, nil, func(p *peer) { p.answer("CAPA", "+OK\r\nSASL GSSAPI XOAUTH2\r\n.\r\n"); p.hush() })
	if _, err := c.Login(t.Context(), alice); !errors.Is(err, ErrNoMechanism) || !strings.Contains(err.Error(), "GSSAPI, XOAUTH2") {
		t.Errorf("%v", err)
	}
	c = meet(t, nil, func(p *peer) { p.hush() })
	for _, name := range []string{"apop", "scram-sha-256-plus", "kerberos_v4"} {
		cr := alice
		cr.Mechanism = name
		if _, err := c.Login(t.Context(), cr); !errors.Is(err, ErrNoMechanism) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c = meet(t, nil, func(p *peer) { p.answer("CAPA", "+OK\r\nSASL LOGIN PLAIN CRAM-MD5\r\n.\r\n"); p.hush() })
	got(t, c.Capa())
	for _, name := range []string{"scram-sha-256", "external", "XOAUTH2"} {
		cr := alice
		cr.Mechanism = name
		if _, err := c.Login(t.Context(), cr); !errors.Is(err, ErrNoMechanism) || !strings.Contains(err.Error(), "LOGIN, PLAIN, CRAM-MD5") {
			t.Errorf("%s: %v", name, err)
		}
	}
	c = meet(t, nil, func(p *peer) { p.answer("AUTH CRAM-MD5", "-ERR unknown command\r\n") })
	cr := alice
	cr.Mechanism = "cram-md5"
	if _, err := c.Login(t.Context(), cr); !errors.Is(err, ErrNoMechanism) || !strings.Contains(err.Error(), "unknown command") {
		t.Errorf("%v", err)
	}
}

func TestTokensGoInTwoSteps(t *testing.T) {
	token := strings.Repeat("t", 4200)
	t.Run("XOAUTH2", func(t *testing.T) {
		c := meet(t, nil, func(p *peer) {
			p.answer("AUTH XOAUTH2", "+ \r\n")
			p.answer(b64("user=alice\x01auth=Bearer "+token+"\x01\x01"), "+ "+b64(`{"status":"401"}`)+"\r\n")
			p.answer("", "-ERR [AUTH] no\r\n")
			p.hush()
		})
		_, err := c.Login(t.Context(), Credentials{User: "alice", Password: token, Mechanism: "xoauth2"})
		if e := asError[*ServerError](t, err); e.Detail != `{"status":"401"}` || e.Kind() != KindRefused {
			t.Errorf("%+v", e)
		}
	})
	t.Run("OAUTHBEARER", func(t *testing.T) {
		c := meet(t, nil, func(p *peer) {
			p.answer("AUTH OAUTHBEARER", "+\r\n")
			p.answer(b64("n,a=al=3Dice=2C,\x01host=h\x01port=995\x01auth=Bearer "+token+"\x01\x01"), "+ "+b64(`{"status":"invalid_token"}`)+"\r\n")
			p.answer("AQ==", "-ERR [AUTH] no\r\n")
			p.hush()
		})
		_, err := c.Login(t.Context(), Credentials{User: "al=ice,", Password: token, Mechanism: "oauthbearer", Host: "h", Port: 995})
		if e := asError[*ServerError](t, err); e.Detail != `{"status":"invalid_token"}` {
			t.Errorf("%+v", e)
		}
	})
	t.Run("OAUTHBEARER, short", func(t *testing.T) {
		c := meet(t, nil, func(p *peer) {
			p.answer("AUTH OAUTHBEARER "+b64("n,a=u,\x01auth=Bearer tt\x01\x01"), "+OK\r\n")
		})
		if _, err := c.Login(t.Context(), Credentials{User: "u", Password: "tt", Mechanism: "oauthbearer"}); err != nil {
			t.Error(err)
		}
	})
	t.Run("EXTERNAL", func(t *testing.T) {
		c := meet(t, nil, func(p *peer) { p.answer("AUTH EXTERNAL =", "+OK\r\n") })
		if _, err := c.Login(t.Context(), Credentials{Mechanism: "external"}); err != nil {
			t.Error(err)
		}
	})
}

func TestCommandLinesStayWithin255Octets(t *testing.T) {
	// AUTH PLAIN, a space and CRLF leave 242 octets of base64: 240, or 180 of response.
	for length, oneLine := range map[int]bool{180: true, 181: false} {
		password := strings.Repeat("p", length-len("\x00alice\x00"))
		response := b64("\x00alice\x00" + password)
		c := meet(t, nil, func(p *peer) {
			if oneLine {
				p.answer("AUTH PLAIN "+response, "+OK\r\n")
				return
			}
			p.answer("AUTH PLAIN", "+ \r\n")
			p.answer(response, "+OK\r\n")
		})
		if _, err := c.Login(t.Context(), Credentials{User: "alice", Password: password, Mechanism: "plain"}); err != nil {
			t.Errorf("%d octets: %v", length, err)
		}
	}
}

func TestChallengesAreBounded(t *testing.T) {
	c := meet(t, nil, func(p *peer) {
		p.want("AUTH XOAUTH2")
		for {
			if _, err := p.conn.Write([]byte("+ \r\n")); err != nil {
				return
			}
			if _, err := p.r.ReadString('\n'); err != nil {
				return
			}
		}
	})
	_, err := c.Login(t.Context(), Credentials{User: "u", Password: "t", Mechanism: "xoauth2"})
	_ = asError[*ProtocolError](t, err)
}

func TestQueuedCommandsWaitForTheLogin(t *testing.T) {
	c := meet(t, nil, func(p *peer) {
		p.answer("AUTH LOGIN", "+ \r\n")
		p.answer(b64("alice"), "+ \r\n")
		p.answer(b64("tanstaaf"), "+OK\r\n")
		p.want("STAT", "LIST")
		p.say("+OK 0 0\r\n+OK\r\n.\r\n")
	})
	c.SetCapabilities([]string{"PIPELINING", "SASL LOGIN"})
	if _, err := c.Login(t.Context(), alice); err != nil {
		t.Fatal(err)
	}
	stat, list := c.Stat(), c.List()
	got(t, list)
	got(t, stat)
}

func TestCredentialsThatWouldSayMoreThanTheyShouldAreNotSent(t *testing.T) {
	for name, cr := range map[string]Credentials{
		"an identity that ends the user's name": {User: "alice", Password: "tanstaaf", Identity: "bob\x00root\x00pw", Mechanism: "plain"},
		"an identity of another line":           {User: "alice", Password: "tanstaaf", Identity: "bob\r\nDELE 1", Mechanism: "external"},
		"a token with a field behind it":        {User: "alice", Password: "t\x01auth=Bearer other", Mechanism: "XOauth2"},
		"a token with fields behind it":         {User: "alice", Password: "t\x01host=other", Mechanism: "oauthbearer"},
		"a host with a field behind it":         {User: "alice", Password: "t", Host: "h\x01auth=Bearer other", Mechanism: "oauthbearer"},
	} {
		t.Run(name, func(t *testing.T) {
			c := meet(t, nil, func(p *peer) { p.hush() })
			_, err := c.Login(t.Context(), cr)
			if _ = asError[*StateError](t, err); strings.Contains(err.Error(), "Bearer") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAChallengeThatTheMechanismDoesNotHaveBreaksTheProtocol(t *testing.T) {
	for _, tc := range []struct {
		mechanism, problem string
		part               func(p *peer)
	}{
		{"plain", "does not have", func(p *peer) { p.answer("AUTH PLAIN "+b64("\x00alice\x00tanstaaf"), "+ \r\n") }},
		{"external", "does not have", func(p *peer) { p.answer("AUTH EXTERNAL "+b64("alice"), "+ \r\n") }},
		{"cram-md5", "empty", func(p *peer) { p.answer("AUTH CRAM-MD5", "+ \r\n") }},
		{"login", "does not have", func(p *peer) {
			p.answer("AUTH LOGIN", "+ \r\n")
			p.answer(b64("alice"), "+ \r\n")
			p.answer(b64("tanstaaf"), "+ \r\n")
		}},
	} {
		c := meet(t, nil, func(p *peer) {
			tc.part(p)
			p.answer("*", "-ERR cancelled\r\n")
			p.hush()
		})
		cr := alice
		cr.Mechanism = tc.mechanism
		_, err := c.Login(t.Context(), cr)
		if e := asError[*ProtocolError](t, err); !strings.Contains(e.Problem, tc.problem) || !strings.EqualFold(e.Command, "AUTH "+tc.mechanism) {
			t.Errorf("%s: %v", tc.mechanism, err)
		}
	}
}

// Pipelining is on trial where UTF8 goes with the login. Whoever suspects it logs in once more: for a
// login that is cut, or takes long, that would be the password's second time.
func TestP6_ALoginBehindUTF8IsNoTrialOfPipelining(t *testing.T) {
	for name, part := range map[string]func(p *peer){
		"cut":  func(p *peer) { p.hush() },
		"late": func(*peer) { time.Sleep(25 * time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := meet(t, nil, func(p *peer) {
					p.want("UTF8", "AUTH PLAIN "+b64("\x00u\x00secret"))
					p.say("+OK\r\n")
					part(p)
					if name == "late" {
						p.say("+OK\r\n")
					}
				})
				c.SetCapabilities([]string{"UTF8", "SASL PLAIN", "PIPELINING"})
				_, err := c.Login(t.Context(), Credentials{User: "u", Password: "secret", UTF8: true})
				if late := name == "late"; late && err != nil || !late && (err == nil || errors.Is(err, ErrPipeliningBroken)) {
					t.Errorf("it ended with %v", err)
				}
			})
		})
	}
}
