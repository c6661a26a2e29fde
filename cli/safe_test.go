package cli

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"popmark/message"
	"popmark/pop3server"
)

// venom is text that would act on a terminal: escape sequences, C0 and C1 controls, a
// bidirectional override and isolate, a tag character, octets that are no UTF-8, letters that are
// drawn as nothing, marks piled up.
const venom = "\x1b[2J\x1b]0;owned\x07\x1b]52;c;eA==\x07\u009b31m\u202egnp\u2066x\U000e0041\x9b1m\x00\x08\x7f" +
	"\u3164\u115f\u034fZ\u0301\u0302\u0303\u0304\u0305\u0306\u0307"

// TestP7_NothingFromAServerActsOnTheTerminal sends venom in every text that a server can
// send, and looks at every octet that every command writes.
func TestP7_NothingFromAServerActsOnTheTerminal(t *testing.T) {
	bare := strings.NewReplacer("\x00", "").Replace(venom)
	header := pop3server.CRLF(
		"From: "+bare+" <a"+bare+"@x.example>", "To: "+bare, "Subject: "+bare, "Message-ID: <"+bare+">", "List-Id: "+bare,
		"Authentication-Results: "+bare+"; dmarc=fail ("+bare+")", "X-"+bare+": "+bare,
		"Date: "+bare, "Content-Type: multipart/mixed; boundary=b", "",
		"--b", "Content-Type: text/html", "", "<a href='http://"+bare+"'>&#27;[31m&#x9b;&#x202e;"+bare+"</a>",
		"--b", "Content-Type: application/x"+bare+"; name=\""+bare+"\"", "", bare, "--b--")
	drop := pop3server.NewMemory(
		pop3server.NewMessage("uid1"+bare, header), pop3server.NewMessage("uid2"+bare, header),
		pop3server.NewMessage("uid3"+bare, header), pop3server.NewMessage("uid4"+bare, header))
	on := pop3server.On
	server := pop3server.New(
		pop3server.WithUser("joe", "secret", drop), pop3server.WithGreeting("hello "+bare), pop3server.Without("SASL"),
		pop3server.WithCapabilities(func(_ pop3server.Phase, lines []string) []string {
			return append(lines, "IMPLEMENTATION "+bare, "EXPIRE "+bare, "X"+bare)
		}),
		pop3server.WithHooks(
			pop3server.Refuse(on("RETR 2"), "no "+bare), pop3server.Refuse(on("DELE 3"), "no "+bare),
			pop3server.Refuse(on("TOP 4"), "no "+bare),
			pop3server.Lines(on("LIST"), func(_ int, line string) (string, bool) {
				if line == "." {
					return line, true
				}
				return line + " " + bare, true
			})))
	addr, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	refusing := pop3server.New(pop3server.WithHooks(pop3server.Answer(on(""), "-ERR "+bare+"\r\n")))
	refused, err := refusing.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = refusing.Close() }()

	dir := t.TempDir()
	transcript := filepath.Join(dir, "transcript")
	url := "pop3://joe@" + addr.String()
	for _, args := range []string{
		"list " + url, "list --json " + url, "check " + url, "check --json " + url,
		"peek " + url + " 1-4", "peek --json " + url + " 1-4", "peek --raw " + url + " 1-4",
		"commit " + url + " --delete 3 --fetch 1-2 --dry-run",
		"commit " + url + " --fetch 1 --to pipe:VENOM", "commit " + url + " --fetch 1 --json --to pipe:VENOM",
		"commit " + url + " --delete 3 --fetch 1-2 --json", "commit " + url + " --delete 3 --move 1-2", "history",
		"list pop3://joe@" + refused.String(),
	} {
		words := strings.Fields(args)
		for i, word := range words {
			if word == "pipe:VENOM" {
				words[i] = "pipe:printf '%s\\n' '" + bare + "' >&2; exit 1"
			}
		}
		words = append(words, "--state-dir", filepath.Join(dir, "state"))
		if words[0] != "history" {
			words = append(words, "--transcript", transcript)
		}
		if words[0] == "commit" && !strings.Contains(args, "--to") {
			words = append(words, "--to", "maildir:"+filepath.Join(dir, "Maildir"))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		cmd := exec.CommandContext(ctx, "popmark", words...)
		cmd.Env = append(os.Environ(), "POPMARK_PASSWORD=secret", "HOME="+dir)
		out, err := cmd.CombinedOutput()
		if ctx.Err() != nil {
			t.Fatalf("popmark %s does not end: %v: %s", args, err, out)
		}
		if len(out) == 0 {
			t.Errorf("popmark %s wrote nothing", args)
		}
		harmless(t, "popmark "+args, string(out))
		if strings.Contains(args, "VENOM") && !strings.Contains(string(out), "owned") {
			t.Errorf("popmark %s does not say what the command said: %s", args, out)
		}
	}
	written, err := os.ReadFile(transcript)
	if err != nil {
		t.Fatal(err)
	}
	harmless(t, "the transcript", string(written))
}

func harmless(t *testing.T, what, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if safe := message.MakeSafe(line); string(safe) != line {
			t.Errorf("%s did not pass through message.MakeSafe: %q would be %q", what, line, safe)
		}
		for _, r := range line {
			if r == unicode.ReplacementChar {
				continue // how octets that are no text are shown
			}
			if !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r) {
				t.Errorf("%s lets %U through: %q", what, r, line)
				break
			}
		}
		if strings.ToValidUTF8(line, "") != line {
			t.Errorf("%s writes octets that are no UTF-8: %q", what, line)
		}
	}
}
