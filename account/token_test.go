package account

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"popmark/pop3server"
)

// An access token is good for an hour, and a mailbox is come back to for longer than that.
func TestATokenThatHasExpiredIsAskedForAgain(t *testing.T) {
	for _, tc := range []struct {
		name, auth string
		known      string // from an earlier login, "" for none
		prints     string // what the command prints
		ok         bool
		logins     int
		runs       int
	}{
		{"the first is good", "xoauth2", "", "good", true, 1, 1},
		{"a known one is used again", "xoauth2", "good", "other", true, 1, 0},
		{"a known one has expired", "xoauth2", "old", "good", true, 2, 1},
		{"a known one has expired, oauthbearer", "oauthbearer", "old", "good", true, 2, 1},
		{"a new one is refused", "xoauth2", "", "bad", false, 1, 1},
		{"a known one and a new one are refused", "xoauth2", "old", "bad", false, 2, 1},
		{"there is no other", "xoauth2", "old", "old", false, 1, 1},
		{"a password is tried once", "plain", "old", "good", false, 1, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, addr := serve(t, pop3server.WithAccount("joe", pop3server.User{Password: "good", Token: "good", Maildrop: pop3server.NewMemory()}),
				pop3server.WithSharedMaildrops())
			ran := filepath.Join(t.TempDir(), "ran")
			a, err := New(mustTarget(t, "pop3://joe@"+addr), Settings{
				Auth: tc.auth, AccountPasswordCommand: fmt.Sprintf("echo x >> '%s'; echo %s", ran, tc.prints),
			})
			if err != nil {
				t.Fatal(err)
			}
			a.password = tc.known
			c, _, err := a.Connect(t.Context(), Hints{})
			if (err == nil) != tc.ok {
				t.Fatalf("%v", err)
			}
			if err == nil {
				_ = c.Close()
			} else if tryLater(err) || !isRefusal(err) {
				t.Errorf("%v", err)
			}
			logins := 0
			for _, line := range s.Commands() {
				if strings.HasPrefix(line, "AUTH") {
					logins++
				}
			}
			runs, _ := os.ReadFile(ran)
			if n := strings.Count(string(runs), "x"); n != tc.runs || logins != tc.logins {
				t.Errorf("%d logins and %d runs of the command, want %d and %d", logins, n, tc.logins, tc.runs)
			}
		})
	}
}

func TestARefusedPasswordOfACommandIsNotKept(t *testing.T) {
	for name, s := range map[string]Settings{
		"--password-command": {PasswordCommand: "echo wrong"},
		"password_command":   {AccountPasswordCommand: "echo wrong"},
		"POPMARK_PASSWORD":   {Password: "wrong"},
	} {
		_, addr := serve(t)
		a, err := New(mustTarget(t, "pop3://joe@"+addr), s)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = a.Connect(t.Context(), Hints{})
		if !isRefusal(err) {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
		if kept := a.password != ""; kept != (name == "POPMARK_PASSWORD") {
			t.Errorf("%s: the password is kept: %v", name, kept)
		}
	}
}
