package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"popmark/integration/servers"
)

// program is the popmark that the tests run, built once.
var program string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "popmark")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }() // in the folder for temporary files anyway
	program = filepath.Join(dir, "popmark")
	if out, err := exec.Command("go", "build", "-o", program, "popmark").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building popmark: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// user is a person with a home of their own and a server.
type user struct {
	t      testing.TB
	s      *servers.Server
	home   string
	target string
	secret string
	trust  []string // the options that make the server's certificate good
}

func newUser(t testing.TB, s *servers.Server) *user {
	t.Helper()
	u := &user{t: t, s: s, home: t.TempDir(), target: "pop3://" + s.User + "@" + s.Addr, secret: s.Password}
	if s.CA != "" {
		u.trust = []string{"--tls-ca", s.CA}
	}
	return u
}

type result struct {
	stdout, stderr string
	status         int
}

func (u *user) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, append(args, u.trust...)...)
	cmd.Env = []string{
		"HOME=" + u.home, "PATH=" + os.Getenv("PATH"), "POPMARK_PASSWORD=" + u.secret,
		"XDG_STATE_HOME=" + u.home + "/state", "XDG_DATA_HOME=" + u.home + "/data", "XDG_CONFIG_HOME=" + u.home + "/config",
	}
	return cmd
}

// run runs popmark with a bound on its time.
func (u *user) run(args ...string) result {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(u.t.Context(), time.Minute)
	defer cancel()
	cmd := u.command(ctx, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		u.t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

func (u *user) must(args ...string) result {
	u.t.Helper()
	r := u.run(args...)
	if r.status != 0 {
		u.t.Fatalf("popmark %q: status %d: %s", args, r.status, r.stderr)
	}
	return r
}

// objects are the lines of --json.
func (u *user) objects(text string) []map[string]any {
	u.t.Helper()
	var all []map[string]any
	for line := range strings.Lines(text) {
		var o map[string]any
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			u.t.Fatalf("%v: %q", err, line)
		}
		all = append(all, o)
	}
	return all
}

// said is what the client said in a transcript, without what changes nothing.
func (u *user) said(path string) []string {
	u.t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		u.t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(b)) {
		if command, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "C: "); ok {
			all = append(all, command)
		}
	}
	return all
}

// changes are the commands that fetch, delete or end.
func changes(said []string) []string {
	return slices.DeleteFunc(said, func(c string) bool {
		verb, _, _ := strings.Cut(c, " ")
		return !slices.Contains([]string{"RETR", "DELE", "QUIT", "RSET"}, verb)
	})
}

// fetched are the messages in the user's Maildir, with CRLF line ends.
func (u *user) fetched() []string {
	u.t.Helper()
	var all []string
	for _, sub := range []string{"new", "cur"} {
		list, err := filepath.Glob(filepath.Join(u.home, "data", "popmark", "Maildir", sub, "*"))
		if err != nil {
			u.t.Fatal(err)
		}
		for _, name := range list {
			b, err := os.ReadFile(name)
			if err != nil {
				u.t.Fatal(err)
			}
			all = append(all, strings.ReplaceAll(string(b), "\n", "\r\n"))
		}
	}
	slices.Sort(all)
	return all
}

// same compares messages in any order, but for what servers add to them in an mbox.
func same(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	plain := make([]string, len(got))
	for i, m := range got {
		plain[i] = servers.Plain(m)
	}
	want = slices.Clone(want)
	slices.Sort(plain)
	slices.Sort(want)
	if !slices.Equal(plain, want) {
		t.Errorf("%s: %d messages, want %d: %.2000q", what, len(plain), len(want), plain)
	}
}

func TestListShowsWhatTheServerHas(t *testing.T) {
	each(t, func(t *testing.T, s *servers.Server) {
		s.Deliver(t, mail(1), mail(2), mail(3))
		u := newUser(t, s)
		list := u.objects(u.must("list", u.target, "--json").stdout)
		if len(list) != 3 {
			t.Fatalf("%d messages", len(list))
		}
		for i, m := range list {
			if m["number"] != float64(i+1) || m["subject"] != fmt.Sprintf("message %d", i+1) || m["uid"] == "" ||
				m["from_address"] != fmt.Sprintf("sender%d@example.org", i+1) || m["size"].(float64) < 100 {
				t.Errorf("message %d: %v", i+1, m)
			}
		}
		found := u.objects(u.must("list", u.target, "subject:\"message 2\"", "--json").stdout)
		if len(found) != 1 || found[0]["number"] != 2.0 {
			t.Errorf("query: %v", found)
		}
		peek := u.objects(u.must("peek", u.target, "3", "--json").stdout)
		if len(peek) != 1 || !strings.Contains(fmt.Sprint(peek[0]["text"]), "body of 3") {
			t.Errorf("peek: %v", peek)
		}
		settled(t, s, []string{mail(1), mail(2), mail(3)})
	})
}

// bearsGuesses says whether TOPs may go out with LIST: where CAPA names PIPELINING.
func bearsGuesses(s *servers.Server) bool {
	return s.Kind == servers.Dovecot || s.Kind == servers.Courier || s.Kind == servers.Mailutils
}

// withTheList says whether these TOPs, and LIST of a message, were said right behind LIST.
func withTheList(said []string, counted int, tops ...int) bool {
	var flight []string
	for _, n := range tops {
		flight = append(flight, fmt.Sprintf("TOP %d 0", n))
	}
	flight = append(flight, fmt.Sprintf("LIST %d", counted))
	at := slices.Index(said, "LIST") + 1
	return at > 0 && slices.Equal(said[at:min(at+len(flight), len(said))], flight)
}

// logins counts the tries to log in.
func logins(said []string) (n int) {
	for _, c := range said {
		if verb, _, _ := strings.Cut(c, " "); verb == "PASS" || verb == "AUTH" || verb == "APOP" {
			n++
		}
	}
	return n
}

func TestTheFirstHeadersComeWithTheList(t *testing.T) {
	each(t, func(t *testing.T, s *servers.Server) {
		u := newUser(t, s)
		known := 0
		for i, now := range []int{0, 3, 5, 5, 11} {
			transcript := filepath.Join(u.home, fmt.Sprintf("transcript-%d", i))
			for n := known; n < now; n++ {
				s.Deliver(t, mail(n+1))
			}
			r := u.must("list", u.target, "--json", "--transcript", transcript)
			if r.stderr != "" {
				t.Errorf("of %d messages %d are new: %s", now, now-known, r.stderr)
			}
			list := u.objects(r.stdout)
			if len(list) != now {
				t.Fatalf("%d messages, want %d", len(list), now)
			}
			for i, m := range list {
				if m["subject"] != fmt.Sprintf("message %d", i+1) {
					t.Errorf("message %d: %v", i+1, m)
				}
			}
			said := u.said(transcript)
			if n := logins(said); n != 1 {
				t.Errorf("%d logins: %q", n, said)
			}
			var asked bool
			switch {
			case i == 0:
				asked = slices.ContainsFunc(said, func(c string) bool { return strings.HasPrefix(c, "TOP ") }) != bearsGuesses(s)
			case known == 0:
				asked = withTheList(said, 1, 1, 2, 1)
			default:
				asked = withTheList(said, known+1, known, known+1, known+2, known+3, known+4, known-1)
			}
			if asked != bearsGuesses(s) {
				t.Errorf("with %d messages known it said %q", known, said)
			}
			known = now
		}
	})
}

func TestTheScreensFirstHeadersComeWithTheListOfAFirstVisit(t *testing.T) {
	each(t, func(t *testing.T, s *servers.Server) {
		s.Deliver(t, mail(1), mail(2), mail(3))
		u := newUser(t, s)
		transcript := filepath.Join(u.home, "transcript")
		cmd := u.command(t.Context(), u.target, "--transcript", transcript)
		cmd.Env = append(cmd.Env, "TERM=xterm-256color")
		terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 120})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = terminal.Close() }()
		if err := terminal.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		shown := make(map[string]bool)
		var screen []byte
		for piece := make([]byte, 4096); len(shown) < 3; {
			n, err := terminal.Read(piece)
			if err != nil {
				t.Fatalf("%v; the screen: %q", err, screen)
			}
			screen = append(screen, piece[:n]...)
			for i := 1; i <= 3; i++ {
				if subject := fmt.Sprintf("message %d", i); bytes.Contains(screen, []byte(subject)) {
					shown[subject] = true
				}
			}
		}
		if _, err := terminal.Write([]byte("q")); err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, terminal) // until it ends: reading then gives an error
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		said := u.said(transcript)
		if withTheList(said, 1, 1, 2, 3, 4, 5, 1) != bearsGuesses(s) || logins(said) != 1 {
			t.Errorf("it said %q", said)
		}
		settled(t, s, []string{mail(1), mail(2), mail(3)})
	})
}

func TestP1_CommitDoesWhatIsMarkedAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, s *servers.Server) {
		s.Deliver(t, mail(1), mail(2), mail(3))
		u := newUser(t, s)
		transcript := filepath.Join(u.home, "transcript")
		r := u.must("commit", u.target, "--delete", "1", "--fetch", "2", "--json", "--transcript", transcript)
		if got := changes(u.said(transcript)); !slices.Equal(got, []string{"DELE 1", "RETR 2", "QUIT"}) {
			t.Errorf("said %q", got)
		}
		events := u.objects(r.stdout)
		if last := events[len(events)-1]; last["event"] != "done" || last["fetched"] != 1.0 || last["deleted"] != 1.0 || last["committed"] != true {
			t.Errorf("last event %v", last)
		}
		same(t, "fetched", u.fetched(), mail(2))
		settled(t, s, []string{mail(2), mail(3)})
		b, err := os.ReadFile(transcript)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(s.Password)) {
			t.Error("P6: the password is in the transcript")
		}
	})
}

func TestP5_MovingAgainIsSafe(t *testing.T) {
	each(t, func(t *testing.T, s *servers.Server) {
		s.Deliver(t, mail(1), mail(2), mail(3))
		u := newUser(t, s)
		transcript := filepath.Join(u.home, "transcript")
		want := []string{"RETR 1", "RETR 2", "RETR 3", "DELE 1", "DELE 2", "DELE 3", "QUIT"}
		if s.Kind != servers.Mailutils {
			// The first one is there already: only its DELE is left. Mailutils gives
			// messages header fields of its own and so another size.
			u.must("commit", u.target, "--fetch", "1")
			want = want[1:]
		}
		u.must("commit", u.target, "--move", "1-3", "--order", "at-end", "--transcript", transcript)
		if got := changes(u.said(transcript)); !slices.Equal(got, want) {
			t.Errorf("said %q, want %q", got, want)
		}
		same(t, "fetched", u.fetched(), mail(1), mail(2), mail(3))
		settled(t, s, nil)
		u.must("commit", u.target, "--move", "1-")
		same(t, "fetched in the end", u.fetched(), mail(1), mail(2), mail(3))
	})
}

func TestWrongPasswordEndsAfterOneTry(t *testing.T) {
	each(t, func(t *testing.T, s *servers.Server) {
		u := newUser(t, s)
		u.secret = "wrong password"
		transcript := filepath.Join(u.home, "transcript")
		r := u.run("list", u.target, "--transcript", transcript)
		if r.status != 77 || strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("status %d: %s", r.status, r.stderr)
		}
		tries := slices.DeleteFunc(u.said(transcript), func(c string) bool {
			return !strings.HasPrefix(c, "PASS ") && !strings.HasPrefix(c, "AUTH ") && !strings.HasPrefix(c, "APOP ")
		})
		if len(tries) != 1 {
			t.Errorf("tries %q", tries)
		}
	})
}

func TestLockedMailboxIsToTryAgainLater(t *testing.T) {
	t.Parallel()
	for _, kind := range []servers.Kind{servers.Dovecot, servers.Mailutils} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel() // Dovecot says no after ten seconds
			s := servers.Start(t, kind, servers.WithLock())
			c := dial(t, s.Addr, nil)
			c.login(s)
			c.ok("STAT")
			u := newUser(t, s)
			r := u.run("list", u.target)
			if r.status != 75 || !strings.Contains(r.stderr, "ailbox") {
				t.Errorf("status %d: %s", r.status, r.stderr)
			}
			c.ok("QUIT")
			u.must("list", u.target, "--wait", "30s")
		})
	}
}

func TestCheckTellsWhatTheServersAre(t *testing.T) {
	each(t, func(t *testing.T, s *servers.Server) {
		s.Deliver(t, mail(1), mail(2), mail(3))
		u := newUser(t, s)
		all := u.objects(u.must("check", u.target, "--json").stdout)
		if len(all) != 1 {
			t.Fatalf("%d objects", len(all))
		}
		o := all[0]
		modern := s.Kind != servers.Popa3d && s.Kind != servers.Solid
		if o["uidl"] != true || o["top"] != true || o["messages"] != 3.0 || o["pipelining"] != modern {
			t.Errorf("%v", o)
		}
		if encrypted := s.CA != ""; o["stls"] != encrypted {
			t.Errorf("stls: %v", o)
		}
		// What is normal for a server is nothing to warn of, but for what a person has to know.
		var odd []string
		for _, w := range o["warnings"].([]any) {
			if text := w.(string); !strings.HasPrefix(text, "LOGIN-DELAY ") && !strings.HasPrefix(text, "Dovecot marks a fetched message as read") {
				odd = append(odd, text)
			}
		}
		if noCAPA := len(odd) == 1 && strings.Contains(odd[0], "no CAPA"); modern && len(odd) > 0 || !modern && !noCAPA {
			t.Errorf("warnings %q", odd)
		}
	})
}
