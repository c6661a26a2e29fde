package account

import (
	"errors"
	"strings"
	"testing"
)

func TestParseTarget(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want Target // without Raw
		name string
		key  string
	}{
		{"pop3://joe@mail.example", Target{Scheme: POP3, User: "joe", Host: "mail.example"}, "joe@mail.example", "pop3://joe@mail.example"},
		{"POP3S://joe@MAIL.example:995/", Target{Scheme: POP3S, User: "joe", Host: "mail.example", Port: 995}, "joe@mail.example", "pop3://joe@mail.example"},
		{"pop3://joe@mail.example:110", Target{Scheme: POP3, User: "joe", Host: "mail.example", Port: 110}, "joe@mail.example", "pop3://joe@mail.example"},
		{"pop3://joe@mail.example:1110", Target{Scheme: POP3, User: "joe", Host: "mail.example", Port: 1110}, "joe@mail.example:1110", "pop3://joe@mail.example:1110"},
		{"pop3s://joe@example.org@mail.example.org", Target{Scheme: POP3S, User: "joe@example.org", Host: "mail.example.org"}, "joe@example.org@mail.example.org", "pop3://joe%40example.org@mail.example.org"},
		{"pop3s://joe%40example.org@example.org", Target{Scheme: POP3S, User: "joe@example.org", Host: "example.org"}, "joe@example.org", "pop3://joe%40example.org@example.org"},
		{"pop://joe;auth=+apop@mail.example:1110", Target{Scheme: POP, User: "joe", Host: "mail.example", Port: 1110, Auth: "apop"}, "joe@mail.example:1110", "pop3://joe@mail.example:1110"},
		{"pop://joe;AUTH=*@mail.example", Target{Scheme: POP, User: "joe", Host: "mail.example", Auth: "auto"}, "joe@mail.example", "pop3://joe@mail.example"},
		{"pop://joe;AUTH=SCRAM-SHA-256@mail.example", Target{Scheme: POP, User: "joe", Host: "mail.example", Auth: "scram-sha-256"}, "joe@mail.example", "pop3://joe@mail.example"},
		{"pop3://a%3Bb%3Ac%2F%25@h", Target{Scheme: POP3, User: "a;b:c/%", Host: "h"}, "a;b:c/%@h", "pop3://a;b%3Ac%2F%25@h"},
		{"pop3://dom/joe@h", Target{Scheme: POP3, User: "dom/joe", Host: "h"}, "dom/joe@h", "pop3://dom%2Fjoe@h"},
		{"pop3://joe@[2001:DB8::1]:1110", Target{Scheme: POP3, User: "joe", Host: "2001:db8::1", Port: 1110}, "joe@[2001:db8::1]:1110", "pop3://joe@[2001:db8::1]:1110"},
		{"pop3://joe@[::1]", Target{Scheme: POP3, User: "joe", Host: "::1"}, "joe@::1", "pop3://joe@[::1]"},
		{"pop3://joe@[fe80::1%25eth0]", Target{Scheme: POP3, User: "joe", Host: "fe80::1%eth0"}, "joe@fe80::1%eth0", "pop3://joe@[fe80::1%25eth0]"},
		{"pop3://王@邮件.example", Target{Scheme: POP3, User: "王", Host: "xn--5nq051n.example"}, "王@xn--5nq051n.example", "pop3://%E7%8E%8B@xn--5nq051n.example"},
		{"pop3+unix://joe@/run/pop%203.sock", Target{Scheme: POP3Unix, User: "joe", Path: "/run/pop 3.sock"}, "joe@/run/pop 3.sock", "pop3+unix://joe@/run/pop%203.sock"},
		{"pop3+unix:joe@/run/pop3", Target{Scheme: POP3Unix, User: "joe", Path: "/run/pop3"}, "joe@/run/pop3", "pop3+unix://joe@/run/pop3"},
	} {
		t.Run(tc.in, func(t *testing.T) {
			got, err := ParseTarget(tc.in)
			if err != nil {
				t.Fatal(err)
			}
			tc.want.Raw = tc.in
			if got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
			if got.Name() != tc.name {
				t.Errorf("Name is %q, want %q", got.Name(), tc.name)
			}
			if got.Key() != tc.key {
				t.Errorf("Key is %q, want %q", got.Key(), tc.key)
			}
		})
	}
}

func TestParseTargetRefuses(t *testing.T) {
	for _, tc := range []struct{ in, says string }{
		{"work", "nor a URL"},
		{"imap://joe@h", "no way to a POP3 server"},
		{"pop3:joe@h", "nor a URL"},
		{"pop3://h", "names no user"},
		{"pop3://@h", "user name is empty"},
		{"pop3://joe@", "no host"},
		{"pop3://joe@.", "no host"},
		{"pop3://joe@h:0", "no port"},
		{"pop3://joe@h:65536", "no port"},
		{"pop3://joe@h:+1", "no port"},
		{"pop3://joe@h:", "no port"},
		{"pop3://joe@h:11a", "no port"},
		{"pop3://joe@h/inbox", "path after the host"},
		{"pop3://joe@h?x=1", "no host"},
		{"pop3://joe@h h", "no host"},
		{"pop3://joe@::1", "more than one colon"},
		{"pop3://joe@[::1", "not closed"},
		{"pop3://joe@[::1]x", "follows the address"},
		{"pop3://joe@[127.0.0.1]", "no IPv6 address"},
		{"pop3://a%0d%0aDELE%201@h", "control characters"},
		{"pop3://a%1b@h", "control characters"},
		{"pop3://a%7f@h", "control characters"},
		{"pop3://a\u0085@h", "control characters"},
		{"pop3://a%c2%85@h", "control characters"},
		{"pop3://a%ff@h", "not UTF-8"},
		{"pop3://a%zz@h", "percent-encoding"},
		{"pop://joe;auth=+kerberos@h", "not known"},
		{"pop://joe;auth=user@h", "not known"},
		{"pop3+unix://joe@host/run/pop3", "socket's path"},
		{"pop3+unix://joe@run", "socket's path"},
	} {
		t.Run(tc.in, func(t *testing.T) {
			got, err := ParseTarget(tc.in)
			var e *Error
			if !errors.As(err, &e) || e.Kind != Usage {
				t.Fatalf("got %+v and %v, want a usage error", got, err)
			}
			if !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%q does not say %q", err, tc.says)
			}
			if strings.ContainsAny(err.Error(), "\r\n\x1b\x7f\u0085") {
				t.Errorf("%q holds a control character", err.Error())
			}
		})
	}
}

func TestP6_PasswordInURLIsRefusedAndNotRepeated(t *testing.T) {
	for _, in := range []string{
		"pop3://joe:hunter2@h", "pop3s://joe:hunter2@example.org@h", "pop://joe:hunter2;auth=*@h", "pop3+unix://joe:hunter2@/run/x",
		"pop3://joe:hunter2@h/path", "pop3://joe:hunter2@[::1", "pop3:joe:hunter2@h", "joe:hunter2@h", "joe:hunter2@mail.example:110",
		"pop3s://joe:hunter2", "pop3s://joe:hunter2/", "joe:hunter2", "pop3:joe:hunter2", "pop3+unix:joe:hunter2",
	} {
		_, err := ParseTarget(in)
		if err == nil {
			t.Errorf("%s was taken", in)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q repeats the password", err)
		}
	}
	for _, in := range []string{"mail.example:110", "pop3s://mail.example:995/", "pop3s://[2001:db8::1]:995"} {
		if _, err := ParseTarget(in); err == nil || !strings.Contains(err.Error(), in) {
			t.Errorf("%q does not repeat %s, which holds no password", err, in)
		}
	}
	_, err := ParseTarget("pop3://joe:hunter2@h")
	for _, source := range []string{"--password-command", "POPMARK_PASSWORD", "password_command", "keyring", "terminal"} {
		if !strings.Contains(err.Error(), source) {
			t.Errorf("%q does not name %s", err, source)
		}
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{"pop3://joe@h:1", "pop://a;auth=+apop@[::1]:110", "pop3+unix:x@/y", "pop3s://a%40b@c/", "x", "pop://0@.", "pop3://0@a..", "pop3://a:b@c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		target, err := ParseTarget(s)
		if err != nil {
			return
		}
		if hasControl(target.User) || target.User == "" {
			t.Errorf("%q gave the user %q", s, target.User)
		}
		again, err := ParseTarget(target.Key())
		if err != nil {
			t.Fatalf("the key of %q, %q, is no TARGET: %v", s, target.Key(), err)
		}
		if again.Key() != target.Key() || again.User != target.User {
			t.Errorf("the key of %q changes from %q to %q", s, target.Key(), again.Key())
		}
	})
}
