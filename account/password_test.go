package account

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"
)

func TestPasswordSources(t *testing.T) {
	target := mustTarget(t, "pop3://joe@mail.example")
	keyring.MockInit()
	if err := keyring.Set(keyringService, target.Key(), "ring"); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		s    Settings
		want string
	}{
		"the command is first":            {Settings{PasswordCommand: "echo cmd", Password: "env", AccountPasswordCommand: "echo own", Keyring: true}, "cmd"},
		"then the environment":            {Settings{Password: "env", AccountPasswordCommand: "echo own", Keyring: true}, "env"},
		"then the account's own":          {Settings{AccountPasswordCommand: "echo own", Keyring: true}, "own"},
		"then the keyring":                {Settings{Keyring: true}, "ring"},
		"a first line":                    {Settings{PasswordCommand: "printf 'one\\ntwo\\n'"}, "one"},
		"a line without an end":           {Settings{PasswordCommand: "printf one"}, "one"},
		"a line end of Windows":           {Settings{PasswordCommand: "printf 'one\\r\\n'"}, "one"},
		"spaces belong to the password":   {Settings{PasswordCommand: "echo ' a b '"}, " a b "},
		"standard error is none":          {Settings{PasswordCommand: "echo no >&2; echo yes"}, "yes"},
		"much output after the first one": {Settings{PasswordCommand: "echo first; head -c 1000000 /dev/zero"}, "first"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := New(target, tc.s)
			if err != nil {
				t.Fatal(err)
			}
			got, err := a.Password(t.Context())
			if err != nil || got != tc.want {
				t.Errorf("got %q and %v, want %q", got, err, tc.want)
			}
		})
	}
}

func TestPasswordCommandThatFailsIsTheEnd(t *testing.T) {
	for name, command := range map[string]string{
		"a status":       "echo secret; exit 3",
		"nothing":        "true",
		"an empty line":  "echo; echo two",
		"no such thing":  "/nonexistent/command",
		"a NUL":          "printf 'a\\0b\\n'",
		"a huge line":    "head -c 100000 /dev/zero | tr '\\0' x",
		"its own words":  "echo the vault is locked >&2; exit 1",
		"an escape":      "printf '\\033[2J' >&2; exit 1",
		"killed by TERM": "kill -TERM $$",
	} {
		t.Run(name, func(t *testing.T) {
			a, err := New(mustTarget(t, "pop3://joe@h"), Settings{PasswordCommand: command, Password: "env", AccountPasswordCommand: "echo own"})
			if err != nil {
				t.Fatal(err)
			}
			got, err := a.Password(t.Context())
			wantKind(t, err, Configuration)
			if got != "" {
				t.Errorf("it still gave %q", got)
			}
			if err != nil && (strings.Contains(err.Error(), "\x1b") || strings.Contains(err.Error(), "secret")) {
				t.Errorf("%q shows what it must not", err)
			}
		})
	}
}

func TestNoPasswordNamesAllSources(t *testing.T) {
	keyring.MockInit()
	a, err := New(mustTarget(t, "pop3://joe@mail.example"), Settings{Keyring: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Password(t.Context())
	wantKind(t, err, Configuration)
	if !errors.Is(err, ErrNoPassword) {
		t.Errorf("%v is not ErrNoPassword", err)
	}
	for _, source := range []string{"--password-command", "POPMARK_PASSWORD", "password_command", "keyring", "terminal"} {
		if !strings.Contains(err.Error(), source) {
			t.Errorf("%q does not name %s", err, source)
		}
	}
}

func TestKeyringThatFailsIsNoKeyring(t *testing.T) {
	keyring.MockInitWithError(errors.New("dbus-launch: not found"))
	t.Cleanup(keyring.MockInit)
	a, err := New(mustTarget(t, "pop3://joe@mail.example"), Settings{Keyring: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = a.Password(t.Context()); !errors.Is(err, ErrNoPassword) {
		t.Errorf("got %v, want ErrNoPassword", err)
	}
}

func TestPasswordIsAskedForOnce(t *testing.T) {
	count := filepath.Join(t.TempDir(), "count")
	a, err := New(mustTarget(t, "pop3://joe@h"), Settings{PasswordCommand: "echo x >> " + count + "; echo secret"})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if p, err := a.Password(t.Context()); err != nil || p != "secret" {
			t.Fatalf("got %q and %v", p, err)
		}
	}
	runs, err := os.ReadFile(count)
	if err != nil || string(runs) != "x\n" {
		t.Errorf("the command ran %d times (%v)", strings.Count(string(runs), "x"), err)
	}
}
