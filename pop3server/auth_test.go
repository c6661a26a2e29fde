package pop3server

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/xdg-go/scram"
)

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func unb64(t *testing.T, line string) string {
	t.Helper()
	text, ok := strings.CutPrefix(line, "+ ")
	if !ok {
		t.Fatalf("not a challenge: %q", line)
	}
	octets, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(octets)
}

func account() Option {
	return WithAccount("ann", User{Password: "sécret 1", Token: "t0ken", Maildrop: three()})
}

func TestAPOP(t *testing.T) {
	apop := func(stamp string) string {
		sum := md5.Sum([]byte(stamp + "sécret 1"))
		return hex.EncodeToString(sum[:])
	}
	_, addr := start(t, account(), WithNonce(func() string { return "nonce" }))
	c := dial(t, addr)
	c.chat("< +OK popmark test server ready <1.nonce@pop3.example>\n> APOP ann " + apop("<2.nonce@pop3.example>") + "\n< -ERR [AUTH] *")
	c.chat("> APOP ann " + apop("<1.nonce@pop3.example>") + "\n< +OK logged in*")

	_, addr = start(t, account(), WithGreeting("<a@b> stands in front"))
	dial(t, addr).chat("< +OK <a@b> stands in front\n> APOP ann " + apop("<a@b>") + "\n< +OK logged in*")

	_, addr = start(t, account(), Without("APOP"))
	dial(t, addr).chat("< +OK popmark test server ready\n> APOP ann " + apop("") + "\n< -ERR unknown command")
	_, addr = start(t, account(), WithGreeting("no timestamp"))
	dial(t, addr).chat("< +OK *\n> APOP ann " + apop("") + "\n< -ERR no timestamp*")
}

func TestAuthMechanismsInClear(t *testing.T) {
	stamp := "<1.nonce@pop3.example>"
	mac := hmac.New(md5.New, []byte("sécret 1"))
	if _, err := mac.Write([]byte(stamp)); err != nil {
		t.Fatal(err)
	}
	cram := b64("ann " + hex.EncodeToString(mac.Sum(nil)))
	xoauth := b64("user=ann\x01auth=Bearer t0ken\x01\x01")
	bearer := b64("n,a=ann,\x01host=localhost\x01port=110\x01auth=Bearer t0ken\x01\x01")
	tests := []struct{ name, script string }{
		{"PLAIN at once", "> AUTH PLAIN " + b64("\x00ann\x00sécret 1") + "\n< +OK logged in*"},
		{"PLAIN in two steps", "> auth plain\n< + \n> " + b64("\x00ann\x00sécret 1") + "\n< +OK logged in*"},
		{"PLAIN for oneself", "> AUTH PLAIN " + b64("ann\x00ann\x00sécret 1") + "\n< +OK logged in*"},
		{"PLAIN for another", "> AUTH PLAIN " + b64("bob\x00ann\x00sécret 1") + "\n< -ERR [AUTH] *"},
		{"PLAIN wrong", "> AUTH PLAIN " + b64("\x00ann\x00wrong") + "\n< -ERR [AUTH] *"},
		{"PLAIN unknown user", "> AUTH PLAIN " + b64("\x00bob\x00") + "\n< -ERR [AUTH] *"},
		{"PLAIN empty response", "> AUTH PLAIN =\n< -ERR malformed answer"},
		{"PLAIN not base64", "> AUTH PLAIN !!\n< -ERR malformed answer"},
		{"PLAIN cancelled", "> AUTH PLAIN\n< + \n> *\n< -ERR authentication cancelled"},
		{"LOGIN", "> AUTH LOGIN\n< + " + b64("Username:") + "\n> " + b64("ann") + "\n< + " + b64("Password:") + "\n> " + b64("sécret 1") + "\n< +OK logged in*"},
		{"LOGIN wrong", "> AUTH LOGIN\n< + *\n> " + b64("ann") + "\n< + *\n> " + b64("x") + "\n< -ERR [AUTH] *"},
		{"CRAM-MD5", "> AUTH CRAM-MD5\n< + " + b64(stamp) + "\n> " + cram + "\n< +OK logged in*"},
		{"CRAM-MD5 wrong", "> AUTH CRAM-MD5\n< + *\n> " + b64("ann 00") + "\n< -ERR [AUTH] *"},
		{"XOAUTH2", "> AUTH XOAUTH2 " + xoauth + "\n< +OK logged in*"},
		{"XOAUTH2 in two steps", "> AUTH XOAUTH2\n< + \n> " + xoauth + "\n< +OK logged in*"},
		{"XOAUTH2 wrong", "> AUTH XOAUTH2 " + b64("user=ann\x01auth=Bearer old\x01\x01") + "\n< + eyJzdGF0dXMi*\n> \n< -ERR [AUTH] *"},
		{"OAUTHBEARER", "> AUTH OAUTHBEARER " + bearer + "\n< +OK logged in*"},
		{"OAUTHBEARER wrong", "> AUTH OAUTHBEARER " + b64("n,a=ann,\x01auth=Bearer old\x01\x01") + "\n< + eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2Vu*\n> AQ==\n< -ERR [AUTH] *"},
		{"long token", "> AUTH XOAUTH2\n< + \n> " + b64("user=ann\x01auth=Bearer "+strings.Repeat("x", 8000)+"\x01\x01") + "\n< + *\n>\n< -ERR [AUTH] *"},
		{"unknown", "> AUTH GSSAPI\n< -ERR unknown authentication mechanism"},
		{"no -PLUS in clear", "> AUTH SCRAM-SHA-256-PLUS\n< -ERR unknown authentication mechanism"},
		{"list", "> AUTH\n< +OK\n< SCRAM-SHA-256\n< SCRAM-SHA-1\n< CRAM-MD5\n< PLAIN\n< LOGIN\n< XOAUTH2\n< OAUTHBEARER\n< ."},
		{"again after a refusal", "> USER ann\n< +OK *\n> PASS x\n< -ERR [AUTH] *\n> USER ann\n< +OK *\n> PASS sécret 1\n< +OK logged in*"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, addr := start(t, account(), WithNonce(func() string { return "nonce" }))
			dial(t, addr).chat("< +OK *\n" + strings.ReplaceAll(tt.script, "< + \n", "< + *\n"))
		})
	}
}

func TestTooManyRefusedLoginsCloseTheConnection(t *testing.T) {
	_, addr := start(t, account())
	c := dial(t, addr)
	c.chat("< +OK *")
	for range maxFailures {
		c.chat("> USER ann\n< +OK *\n> PASS x\n< -ERR [AUTH] *")
	}
	c.chat("< EOF")
}

// scramLogin runs SCRAM with an independent client, which checks the server's
// signature too.
func scramLogin(t *testing.T, c *client, mechanism string, sum scram.HashGeneratorFcn, password string, binding *scram.ChannelBinding) string {
	t.Helper()
	ann, err := sum.NewClient("ann", password, "")
	if err != nil {
		t.Fatal(err)
	}
	talk := ann.NewConversation()
	if binding != nil {
		talk = ann.NewConversationWithChannelBinding(*binding)
	}
	first, err := talk.Step("")
	if err != nil {
		t.Fatal(err)
	}
	c.send("AUTH " + mechanism + " " + b64(first) + "\r\n")
	for {
		line := c.line()
		if !strings.HasPrefix(line, "+ ") {
			if strings.HasPrefix(line, "+OK") && !talk.Valid() {
				t.Error("logged in without a valid server signature")
			}
			return line
		}
		answer, err := talk.Step(unb64(t, line))
		if err != nil {
			t.Fatalf("the client refuses the server's %q: %v", line, err)
		}
		c.send(b64(answer) + "\r\n")
	}
}

func TestSCRAM(t *testing.T) {
	for mechanism, sum := range map[string]scram.HashGeneratorFcn{"SCRAM-SHA-1": scram.SHA1, "SCRAM-SHA-256": scram.SHA256} {
		t.Run(mechanism, func(t *testing.T) {
			_, addr := start(t, account(), WithIterations(5000))
			c := dial(t, addr)
			c.chat("< +OK *")
			if got := scramLogin(t, c, mechanism, sum, "wrong", nil); !strings.HasPrefix(got, "-ERR [AUTH]") {
				t.Errorf("wrong password: %q", got)
			}
			if got := scramLogin(t, c, mechanism, sum, "sécret 1", nil); !strings.HasPrefix(got, "+OK logged in") {
				t.Errorf("right password: %q", got)
			}
		})
	}
}

func TestSCRAMRefusesMalformedMessages(t *testing.T) {
	_, addr := start(t, account())
	c := dial(t, addr)
	c.chat("< +OK *")
	c.chat("> AUTH SCRAM-SHA-256 =\n< -ERR malformed answer")
	for _, first := range []string{"n", "n,,", "n,,n=ann", "n,,n=ann,r=", "p=tls-unique,,n=ann,r=x", "x,,n=ann,r=x"} {
		c.chat("> AUTH SCRAM-SHA-256 " + b64(first) + "\n< -ERR malformed answer")
	}
}

// secure makes a TLS server and the client's configuration.
func secure(t *testing.T, want Certificate) (*Authority, *tls.Config, *tls.Config) {
	t.Helper()
	authority, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	server, config, err := authority.ServerTLS(want)
	if err != nil {
		t.Fatal(err)
	}
	return authority, server, config
}

func (c *client) startTLS(config *tls.Config) (*client, *tls.Conn) {
	c.t.Helper()
	c.chat("> STLS\n< +OK *")
	conn := tls.Client(c.conn, config)
	if err := conn.HandshakeContext(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	return newClient(c.t, conn), conn
}

func TestSTLS(t *testing.T) {
	_, server, config := secure(t, Certificate{})
	_, addr := start(t, account(), WithTLS(server), WithPlainRefused())
	c := dial(t, addr)
	c.chat("< +OK *\n> USER ann\n< -ERR log in only over TLS")
	c, conn := c.startTLS(config)
	c.chat("> STLS\n< -ERR TLS not available\n> USER ann\n< +OK *\n> PASS sécret 1\n< +OK *\n> QUIT\n< +OK bye\n< EOF")
	if err := conn.Close(); err != nil {
		t.Logf("close: %v", err)
	}
}

func TestWhatComesBehindSTLSInClearIsForgotten(t *testing.T) {
	_, server, config := secure(t, Certificate{})
	s := New(account(), WithTLS(server))
	near, far := net.Pipe()
	go s.ServeConn(far)
	c := newClient(t, near)
	c.chat("< +OK *")
	c.send("STLS\r\nUSER mallory\r\n") // one write, which a pipe keeps whole
	c.chat("< +OK *")
	conn := tls.Client(near, config)
	if err := conn.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	newClient(t, conn).chat("> PASS x\n< -ERR USER goes first")
	if got := fmt.Sprint(s.Commands()); got != "[STLS PASS x]" {
		t.Errorf("commands %s", got)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestSCRAMWithChannelBinding(t *testing.T) {
	_, server, config := secure(t, Certificate{})
	_, addr := start(t, account(), WithTLS(server))
	c := dial(t, addr)
	c.chat("< +OK *")
	c, conn := c.startTLS(config)
	state := conn.ConnectionState()
	exported, err := state.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, 32)
	if err != nil {
		t.Fatal(err)
	}
	wrong := &scram.ChannelBinding{Type: "tls-exporter", Data: make([]byte, 32)}
	if got := scramLogin(t, c, "SCRAM-SHA-256-PLUS", scram.SHA256, "sécret 1", wrong); !strings.HasPrefix(got, "-ERR [AUTH]") {
		t.Errorf("wrong binding: %q", got)
	}
	endPoint := sha256.Sum256(state.PeerCertificates[0].Raw)
	for name, data := range map[string][]byte{"tls-exporter": exported, "tls-server-end-point": endPoint[:]} {
		c := dial(t, addr)
		c.chat("< +OK *")
		c, conn := c.startTLS(config)
		if name == "tls-exporter" {
			state := conn.ConnectionState()
			if data, err = state.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, 32); err != nil {
				t.Fatal(err)
			}
		}
		binding := &scram.ChannelBinding{Type: scram.ChannelBindingType(name), Data: data}
		if got := scramLogin(t, c, "SCRAM-SHA-256-PLUS", scram.SHA256, "sécret 1", binding); !strings.HasPrefix(got, "+OK logged in") {
			t.Errorf("%s: %q", name, got)
		}
		c.chat("> QUIT\n< +OK bye")
	}
}

func TestExternalTakesTheCertificatesName(t *testing.T) {
	authority, server, config := secure(t, Certificate{})
	server.ClientAuth, server.ClientCAs = tls.VerifyClientCertIfGiven, authority.Pool()
	s, _ := start(t, account(), WithTLS(server))
	addr, err := s.ListenTLS("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := authority.Issue(Certificate{Name: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	for _, with := range []bool{true, false} {
		config := config.Clone()
		want := "< -ERR unknown authentication mechanism"
		if with {
			config.Certificates, want = []tls.Certificate{certificate}, "< +OK logged in*"
		}
		conn, err := tls.Dial("tcp", addr.String(), config)
		if err != nil {
			t.Fatal(err)
		}
		newClient(t, conn).chat("< +OK *\n> AUTH EXTERNAL =\n" + want + "\n> QUIT\n< +OK bye\n< EOF")
		if err := conn.Close(); err != nil {
			t.Logf("close: %v", err)
		}
	}
}

func TestCertificatesAreGoodAndBadAsAsked(t *testing.T) {
	tests := []struct {
		name string
		want Certificate
		bad  any // what errors.As must find, nil for a good one
	}{
		{"good", Certificate{}, nil},
		{"expired", Expired(), x509.CertificateInvalidError{}},
		{"wrong name", WrongName(), x509.HostnameError{}},
		{"self-signed", Certificate{SelfSigned: true}, x509.UnknownAuthorityError{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			authority, err := NewAuthority()
			if err != nil {
				t.Fatal(err)
			}
			certificate, err := authority.Issue(tt.want)
			if err != nil {
				t.Fatal(err)
			}
			leaf, err := x509.ParseCertificate(certificate.Certificate[0])
			if err != nil {
				t.Fatal(err)
			}
			_, err = leaf.Verify(x509.VerifyOptions{Roots: authority.Pool(), DNSName: "localhost"})
			if got, want := fmt.Sprintf("%T", err), fmt.Sprintf("%T", tt.bad); got != want {
				t.Errorf("verifying: %v (%s), want %s", err, got, want)
			}
		})
	}
}
