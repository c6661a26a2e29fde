package delivery

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// tool looks for a program that a test needs. Where POPMARK_REQUIRE_TOOLS is 1 its
// absence is a failure.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("POPMARK_REQUIRE_TOOLS") == "1" {
			t.Fatalf("%s is not installed, and POPMARK_REQUIRE_TOOLS asks for it", name)
		}
		t.Skipf("skipped: %s is not installed", name)
	}
	return path
}

func output(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
	return string(out)
}

// foreign are messages that others must read as they are.
func foreign() []string {
	all := []string{
		"From: a@example.org\r\nSubject: quoting\r\nMessage-ID: <0@x>\r\n\r\nFrom here\r\n>From there\r\n\r\nFrom the middle\r\n",
		"From: a@example.org\r\nSubject: 8 bit \xe4\xb8\xad\r\nMessage-ID: <1@x>\r\n\r\n\xff\xfe\r\n",
		"From: a@example.org\r\nSubject: no end\r\nMessage-ID: <2@x>\r\n\r\nlast",
		"From: a@example.org\r\nSubject: empty\r\nMessage-ID: <3@x>\r\n\r\n",
	}
	for i := range 4 {
		all = append(all, fmt.Sprintf("Message-ID: <%d@x>\r\n", len(all))+sample(i, 1<<(4+4*i)))
	}
	return all
}

// pythonReads prints each message's octets in hexadecimal, unquoted as mboxrd has it,
// since the module itself leaves the quoting in.
const pythonReads = `
import mailbox, re, sys
kind, path = sys.argv[1:]
box = mailbox.Maildir(path, create=False) if kind == "maildir" else mailbox.mbox(path, create=False)
for key in box.keys():
    raw = box.get_bytes(key)
    if kind == "mbox":
        raw = re.sub(rb"(?m)^>(>*From )", rb"\1", raw)
    print(raw.rstrip(b"\n").hex())
`

func TestPythonReadsBackMaildirAndMbox(t *testing.T) {
	python := tool(t, "python3")
	for _, kind := range []string{"maildir", "mbox"} {
		path := filepath.Join(t.TempDir(), "box")
		dest, err := Parse(kind + ":" + path)
		if err != nil {
			t.Fatal(err)
		}
		if err := dest.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := map[string]bool{}
		for _, m := range foreign() {
			mustDeliver(t, dest, m)
			want[fmt.Sprintf("%x", strings.TrimRight(lf(m), "\n"))] = true
		}
		got := strings.Fields(output(t, nil, python, "-c", pythonReads, kind, path))
		if len(got) != len(want) {
			t.Errorf("%s: %d messages, want %d", kind, len(got), len(want))
		}
		for _, g := range got {
			if !want[g] {
				t.Errorf("%s: a message that was not delivered: %.80s", kind, g)
			}
		}
	}
}

// onTerminal runs a program that wants one, until it ends.
func onTerminal(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		t.Fatal(err)
	}
	// Reading ends with an error when the program does.
	screen, _ := io.ReadAll(terminal)
	if err := errors.Join(cmd.Wait(), terminal.Close()); err != nil {
		t.Fatalf("%s: %v: %q", cmd.Path, err, screen)
	}
}

func TestMuttReadsMaildirAndMbox(t *testing.T) {
	mutt := tool(t, "mutt")
	for _, kind := range []string{"maildir", "mbox"} {
		home := t.TempDir()
		path := filepath.Join(home, "box")
		dest, err := Parse(kind + ":" + path)
		if err != nil {
			t.Fatal(err)
		}
		if err := dest.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, m := range foreign() {
			mustDeliver(t, dest, m)
		}
		// Mutt copies every message of the box into an mbox of its own.
		var keys strings.Builder
		for i := range foreign() {
			fmt.Fprintf(&keys, "<jump>%d<enter><copy-message><kill-line>%s<enter>", i+1, filepath.Join(home, "copy"))
		}
		cmd := exec.CommandContext(t.Context(), mutt, "-n", "-F", "/dev/null", "-f", path,
			"-e", "set resolve=no confirmappend=no confirmcreate=no sort=mailbox-order mbox_type=mbox",
			"-e", "push '"+keys.String()+"<exit>'")
		cmd.Env = append(os.Environ(), "HOME="+home, "TERM=xterm")
		onTerminal(t, cmd)
		text := readFile(t, filepath.Join(home, "copy"))
		for i := range foreign() {
			if got := strings.Count(text, fmt.Sprintf("\nMessage-ID: <%d@x>\n", i)); got != 1 {
				t.Errorf("%s: mutt has message %d %d times", kind, i, got)
			}
		}
		if !strings.Contains(text, "8 bit \xe4\xb8\xad\n") {
			t.Errorf("%s: the 8-bit subject has changed", kind)
		}
	}
}

func TestNotmuchReadsMaildir(t *testing.T) {
	notmuch := tool(t, "notmuch")
	home := t.TempDir()
	dest := NewMaildir(OS(), filepath.Join(home, "mail"))
	if err := dest.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, m := range foreign() {
		mustDeliver(t, dest, m)
	}
	config := filepath.Join(home, "config")
	if err := os.WriteFile(config, []byte("[database]\npath="+filepath.Join(home, "mail")+"\n[user]\nname=me\nprimary_email=me@example.org\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"HOME=" + home, "NOTMUCH_CONFIG=" + config}
	output(t, env, notmuch, "new", "--quiet")
	found := output(t, env, notmuch, "search", "--output=messages", "*")
	for i := range foreign() {
		if !strings.Contains(found, fmt.Sprintf("id:%d@x\n", i)) {
			t.Errorf("notmuch lacks message %d: %s", i, found)
		}
	}
}
