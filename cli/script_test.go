package cli

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"popmark/pop3server"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"popmark": func() { os.Exit(Main()) }})
}

// TestScripts runs the whole program against pop3server. The commands that the scripts
// have besides testscript's own:
//
//	server [how...]        a server with three messages; $URL is it, $TLSURL the same with TLS
//	status N popmark ...   run it and want this exit status
//	left [uid...]          what the maildrop has now
//	sent FILE VERB...      write the command lines with these verbs that the server got
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			home := filepath.Join(env.WorkDir, "home")
			env.Setenv("HOME", home)
			env.Setenv("POPMARK_PASSWORD", "secret")
			env.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(env.WorkDir, "no-bus"))
			env.Setenv("XDG_STATE_HOME", "")
			env.Setenv("XDG_DATA_HOME", "")
			env.Setenv("XDG_CONFIG_HOME", "")
			env.Setenv("TZ", "UTC")
			env.Values["server"] = new(served)
			return os.MkdirAll(home, 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"server": serverCmd, "status": statusCmd, "left": leftCmd, "arrives": arrivesCmd, "sent": sentCmd,
		},
	})
}

// served is a script's server.
type served struct {
	*pop3server.Server
	drop *pop3server.Memory
}

func letter(from, subject, date string, body ...string) []byte {
	return pop3server.CRLF(append([]string{
		"From: " + from, "To: Joe <joe@mail.example>", "Subject: " + subject, "Date: " + date,
		"Message-ID: <" + strings.ReplaceAll(subject, " ", "-") + "@mail.example>", "",
	}, body...)...)
}

func maildrop() *pop3server.Memory {
	return pop3server.NewMemory(
		pop3server.NewMessage("uid-one", letter("Ann <ann@one.example>", "first light", "Mon, 2 Nov 2026 08:00:00 +0100", "Good morning.", "A second line.", "A third.")),
		pop3server.NewMessage("uid-two", letter("bob@two.example", "=?utf-8?B?4piVIHRlYQ==?=", "Tue, 3 Nov 2026 09:00:00 EST", strings.Repeat("tea and more tea\n", 1000))),
		pop3server.NewMessage("uid-three", letter("Eve \x1b[2J <eve@three.example>", "last \x1b]0;owned\x07word", "nonsense", ".a dot", "")),
	)
}

// ways are the words of the server command.
var ways = map[string]func(d *pop3server.Memory) []pop3server.Option{
	"one-by-one":   option(pop3server.Without("PIPELINING")),
	"without-uidl": option(pop3server.Without("UIDL")),
	"without-top":  option(pop3server.Without("TOP")),
	"without-capa": option(pop3server.Without("CAPA", "SASL", "STLS", "PIPELINING")),
	"plain-only":   option(pop3server.Without("APOP"), pop3server.WithMechanisms("PLAIN")),
	"tls-broken":   option(pop3server.WithHooks(pop3server.Refuse(pop3server.On("STLS"), "not today"))),
	"locked":       option(pop3server.WithHooks(pop3server.Refuse(loginCommand, "[IN-USE] locked \x1b[31mby another session"))),
	"locked-once":  option(pop3server.WithHooks(pop3server.Refuse(loginCommand.Nth(1), "[IN-USE] locked by another session"))),
	"down":         option(pop3server.WithHooks(pop3server.Answer(pop3server.On(""), "-ERR no service\r\n"))),
	"no-pop3":      option(pop3server.WithHooks(pop3server.Answer(pop3server.On(""), "220 mail.example ESMTP\r\n"))),
	"cut-at-quit":  option(pop3server.WithHooks(pop3server.Cut(pop3server.On("QUIT"), pop3server.Close))),
	"cut-at-retr":  option(pop3server.WithHooks(pop3server.CutIn(pop3server.On("RETR 2"), 200, pop3server.Close))),
	"cut-once":     option(pop3server.WithHooks(pop3server.CutIn(pop3server.On("RETR 2").Nth(1), 200, pop3server.Close))),
	"cut-second":   option(pop3server.WithHooks(pop3server.InSession(2, pop3server.Cut(pop3server.On("DELE"), pop3server.Close)))),
	"no-quit":      option(pop3server.WithHooks(pop3server.Refuse(pop3server.On("QUIT"), "not \x1b[31mnow"))),
	"odd-quit":     option(pop3server.WithHooks(pop3server.Answer(pop3server.On("QUIT"), "what?\r\n"))),
	"cut-look":     option(pop3server.WithHooks(pop3server.InSession(2, pop3server.Cut(pop3server.On("QUIT"), pop3server.Close)))),
	"quit-unheard": option(pop3server.WithHooks(
		pop3server.InSession(1, pop3server.LoseAnswer(pop3server.On("QUIT"), pop3server.Close)),
		pop3server.InSession(2, pop3server.Answer(pop3server.On(""), "-ERR no service\r\n")),
	)),
	"uidl-later":   option(pop3server.WithHooks(pop3server.InSession(1, pop3server.Refuse(pop3server.On("UIDL"), "no")), pop3server.InSession(1, pop3server.HideCapability("UIDL")), pop3server.InSession(1, pop3server.Cut(pop3server.On("RETR"), pop3server.Close)))),
	"stall-second": option(pop3server.WithHooks(pop3server.InSession(2, pop3server.Stall(pop3server.On("DELE"))))),
	"uidl-refused": option(pop3server.WithHooks(
		pop3server.InSession(2, pop3server.Cut(pop3server.On("DELE"), pop3server.Close)),
		pop3server.InSession(4, pop3server.Refuse(pop3server.On("UIDL"), "the index is broken")),
	)),
	"no-uidl":       option(pop3server.Without("UIDL")),
	"cut-top":       option(pop3server.WithHooks(pop3server.CutIn(pop3server.On("TOP 2"), 100, pop3server.Close))),
	"cut-top-once":  option(pop3server.WithHooks(pop3server.CutIn(pop3server.On("TOP 2").Nth(1), 100, pop3server.Close))),
	"cut-top-first": option(pop3server.WithHooks(pop3server.CutIn(pop3server.On("TOP 2").InSession(1), 100, pop3server.Close))),
	"cut-at-list":   option(pop3server.WithHooks(pop3server.Cut(pop3server.On("LIST"), pop3server.Close))),
	"no-dele-2":     option(pop3server.WithHooks(pop3server.Refuse(pop3server.On("DELE 2").InSession(1), "message 2 is in use"))),
	"no-retr-2":     option(pop3server.WithHooks(pop3server.Refuse(pop3server.On("RETR 2"), "message 2 is \x1b[31mdamaged"))),
	"no-top-2":      option(pop3server.WithHooks(pop3server.Refuse(pop3server.On("TOP 2"), "message 2 is damaged"))),
	"no-top-now":    option(pop3server.Without("CAPA"), pop3server.WithHooks(pop3server.Refuse(pop3server.On("TOP"), "[SYS/TEMP] busy"))),
	"sys-perm":      option(pop3server.WithHooks(pop3server.Refuse(loginCommand, "[SYS/PERM] no mailbox for you"))),
	"stalled":       option(pop3server.WithHooks(pop3server.Stall(pop3server.On("RETR 2")))),
	"capa-grows": option(pop3server.WithCapabilities(func(p pop3server.Phase, lines []string) []string {
		return slices.DeleteFunc(lines, func(line string) bool { return p == pop3server.Authorization && line == "UIDL" })
	})),
	"lf-only":     option(pop3server.WithHooks(pop3server.LFOnly(pop3server.On("*")))),
	"in-disorder": option(pop3server.WithHooks(pop3server.Reverse(pop3server.On("LIST")))),
	"odd-uidl": func(d *pop3server.Memory) []pop3server.Option {
		d.Add(pop3server.NewMessage("uid\x1b\u202e\"four", letter("x@y.example", "odd", "Wed, 4 Nov 2026 00:00:00 +0000")))
		return nil
	},
	"twins": func(d *pop3server.Memory) []pop3server.Option {
		d.Add(pop3server.NewMessage("twin", letter("x@y.example", "one", "Wed, 4 Nov 2026 00:00:00 +0000")))
		d.Add(pop3server.NewMessage("twin", letter("x@y.example", "another", "Wed, 4 Nov 2026 00:00:00 +0000")))
		return nil
	},
	"same-twins": func(d *pop3server.Memory) []pop3server.Option {
		for _, uid := range []string{"twin", "twin", "six", "seven", "eight"} {
			d.Add(pop3server.NewMessage(uid, letter("x@y.example", uid, "Wed, 4 Nov 2026 00:00:00 +0000")))
		}
		return []pop3server.Option{pop3server.WithHooks(pop3server.CutIn(pop3server.On("RETR 3").Nth(1), 20, pop3server.Close))}
	},
	"suspect": func(d *pop3server.Memory) []pop3server.Option {
		d.Add(pop3server.NewMessage("suspect", pop3server.CRLF("X-Spam-Status: Yes, score=12.3", "Received: from x by mx.example",
			"Authentication-Results: mx.example; spf=none; dmarc=fail", "Subject: your account", "From: Bank <x@y.example>", "List-Id: <l.example>", "")))
		return nil
	},
	"empty": func(d *pop3server.Memory) []pop3server.Option {
		for _, uid := range d.UIDLs() {
			d.Remove(uid)
		}
		return nil
	},
}

func option(all ...pop3server.Option) func(*pop3server.Memory) []pop3server.Option {
	return func(*pop3server.Memory) []pop3server.Option { return all }
}

// loginCommand matches what a login ends with, whatever the mechanism.
var loginCommand pop3server.Match = func(e *pop3server.Event) bool {
	return e.Kind == pop3server.Command && slices.Contains([]string{"PASS", "APOP", "AUTH"}, e.Verb)
}

func serverCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("unsupported: ! server")
	}
	drop := maildrop()
	options := []pop3server.Option{pop3server.WithUser("joe", "secret", drop)}
	certificate := pop3server.Certificate{Hosts: []string{"127.0.0.1"}}
	withTLS := false
	for _, word := range args {
		switch word {
		case "tls":
			withTLS = true
		case "tls-expired":
			withTLS, certificate = true, pop3server.Expired()
		case "tls-wrong-name":
			withTLS, certificate = true, pop3server.WrongName()
		default:
			way, ok := ways[word]
			if !ok {
				ts.Fatalf("server: no such way: %s", word)
			}
			options = append(options, way(drop)...)
		}
	}
	if withTLS {
		authority, err := pop3server.NewAuthority()
		ts.Check(err)
		config, _, err := authority.ServerTLS(certificate)
		ts.Check(err)
		options = append(options, pop3server.WithTLS(config))
		ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), authority.PEM(), 0o600))
	}
	s := ts.Value("server").(*served)
	s.Server, s.drop = pop3server.New(options...), drop
	server := s.Server
	ts.Defer(func() { _ = server.Close() })
	addr, err := server.Listen("127.0.0.1:0")
	ts.Check(err)
	ts.Setenv("URL", "pop3://joe@"+addr.String())
	ts.Setenv("ADDR", addr.String())
	if withTLS {
		addr, err := server.ListenTLS("127.0.0.1:0")
		ts.Check(err)
		ts.Setenv("TLSURL", "pop3s://joe@"+addr.String())
	}
}

func statusCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func leftCmd(ts *testscript.TestScript, neg bool, args []string) {
	if got := ts.Value("server").(*served).drop.UIDLs(); slices.Equal(got, args) == neg {
		ts.Fatalf("the maildrop has %q", got)
	}
}

// arrivesCmd puts a message with a UIDL into the maildrop.
func arrivesCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: arrives UIDL")
	}
	ts.Value("server").(*served).drop.Add(pop3server.NewMessage(args[0], letter("Eve <eve@three.example>", args[0], "Wed, 4 Nov 2026 08:00:00 +0100")))
}

func sentCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: sent FILE VERB...")
	}
	var out strings.Builder
	for _, line := range ts.Value("server").(*served).Commands() {
		if verb, _, _ := strings.Cut(line, " "); slices.Contains(args[1:], strings.ToUpper(verb)) {
			fmt.Fprintln(&out, line)
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(out.String()), 0o600))
}
