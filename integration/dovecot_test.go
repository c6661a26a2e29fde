package integration

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"popmark/integration/servers"
)

func TestEveryMechanismWithTheRightAndAWrongPassword(t *testing.T) {
	t.Parallel()
	s := servers.Start(t, servers.Dovecot)
	for _, auth := range []string{"user", "apop", "plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256", "xoauth2", "oauthbearer"} {
		t.Run(auth, func(t *testing.T) {
			u := newUser(t, s)
			wrong := "wrong"
			if strings.HasSuffix(auth, "oauth2") || auth == "oauthbearer" {
				u.secret = s.Token(t, s.User, time.Now().Add(time.Hour))
				wrong = s.Token(t, s.User, time.Now().Add(-time.Hour))
			}
			args := []string{"check", u.target, "--auth", auth, "--json"}
			if o := u.objects(u.must(args...).stdout); !strings.EqualFold(fmt.Sprint(o[0]["auth"]), auth) {
				t.Errorf("auth %v", o[0]["auth"])
			}
			u.secret = wrong
			if r := u.run(args...); r.status != 77 {
				t.Errorf("with a wrong one: status %d: %s", r.status, r.stderr)
			}
		})
	}
}

func TestCertificatesThatDoNotVerifyAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind   servers.CertKind
		trust  bool
		status int
	}{
		"good":              {servers.GoodCert, true, 0},
		"unknown authority": {servers.GoodCert, false, 69},
		"self-signed":       {servers.SelfSigned, true, 69},
		"expired":           {servers.Expired, true, 69},
		"for another host":  {servers.WrongName, true, 69},
	} {
		t.Run(name, func(t *testing.T) {
			s := servers.Start(t, servers.Dovecot, servers.WithCert(c.kind))
			u := newUser(t, s)
			for _, target := range []string{u.target, "pop3s://" + s.User + "@" + s.TLSAddr} {
				args := []string{"check", target, "--json"}
				if !c.trust {
					u.trust = nil
				}
				if target == u.target {
					args = append(args, "--tls", "starttls")
				}
				r := u.run(args...)
				if r.status != c.status {
					t.Errorf("%s: status %d: %s", target, r.status, r.stderr)
				}
				if c.status == 0 && !strings.HasPrefix(fmt.Sprint(u.objects(r.stdout)[0]["tls"]), "TLS 1.") {
					t.Errorf("%s: %s", target, r.stdout)
				}
			}
		})
	}
}

// large is a message of a few hundred kilobytes, so that many take a while.
func large(n int) string {
	return mail(n%10) + strings.Repeat(fmt.Sprintf("text of the large message %d\r\n", n), 10_000)
}

func deliverLarge(t *testing.T, s *servers.Server, count int) []string {
	t.Helper()
	var all []string
	for i := range count {
		all = append(all, large(i))
	}
	s.Deliver(t, all...)
	slices.Sort(all)
	return all
}

// began waits until some of the messages have been fetched.
func began(t *testing.T, u *user, count int) {
	t.Helper()
	pattern := filepath.Join(u.home, "data", "popmark", "Maildir", "new", "*")
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if list, err := filepath.Glob(pattern); err == nil && len(list) >= count {
			return
		}
	}
	t.Fatal("nothing is fetched")
}

func TestP5_DovecotDiesInTheMiddleOfAMove(t *testing.T) {
	s := servers.Start(t, servers.Dovecot)
	want := deliverLarge(t, s, 150)
	u := newUser(t, s)
	cmd := u.command(t.Context(), "commit", u.target, "--move", "1-", "--retries", "10")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	began(t, u, 5)
	s.Kill()
	s.Restart(t)
	err := cmd.Wait()
	if err != nil {
		t.Errorf("it did not come back by itself: %v", err)
		u.must("commit", u.target, "--move", "1-")
	}
	same(t, "fetched", u.fetched(), want...)
	settled(t, s, nil)
}

func TestP5_PopmarkIsKilledInTheMiddleOfAMove(t *testing.T) {
	s := servers.Start(t, servers.Dovecot)
	want := deliverLarge(t, s, 150)
	u := newUser(t, s)
	for _, after := range []int{1, 20, 60} {
		cmd := u.command(t.Context(), "commit", u.target, "--move", "1-")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		began(t, u, after)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed, it always has an error
	}
	u.must("commit", u.target, "--move", "1-")
	same(t, "fetched", u.fetched(), want...)
	settled(t, s, nil)
}
