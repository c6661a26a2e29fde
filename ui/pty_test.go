//go:build unix

package ui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"go.uber.org/goleak"

	"popmark/triage"
)

// terminal is the far end of a pseudo-terminal: what the screen writes, as it comes.
type terminal struct {
	t    *testing.T
	far  *os.File
	read chan []byte
	seen []byte
}

func newTerminal(t *testing.T, far *os.File) *terminal {
	tt := &terminal{t: t, far: far, read: make(chan []byte, 1024)}
	go func() {
		defer close(tt.read)
		for {
			buf := make([]byte, 32<<10)
			n, err := far.Read(buf)
			if n > 0 {
				tt.read <- buf[:n]
			}
			if err != nil {
				return
			}
		}
	}()
	return tt
}

// until waits for text, from here on.
func (tt *terminal) until(text string) {
	tt.t.Helper()
	deadline := time.After(20 * time.Second)
	for !bytes.Contains(tt.seen, []byte(text)) {
		select {
		case more, ok := <-tt.read:
			if !ok {
				tt.t.Fatalf("the terminal closed before %q: %q", text, tt.seen)
			}
			tt.seen = append(tt.seen, more...)
		case <-deadline:
			tt.t.Fatalf("no %q within 20 s; the last was %q", text, tt.seen[max(len(tt.seen)-2000, 0):])
		}
	}
}

// quiet counts the octets that come until none has come for a while: some frames' time.
func (tt *terminal) quiet() (n int) {
	const still = 300 * time.Millisecond
	for {
		select {
		case more, ok := <-tt.read:
			if !ok {
				return n
			}
			n += len(more)
			tt.seen = append(tt.seen, more...)
		case <-time.After(still):
			return n
		}
	}
}

func (tt *terminal) typed(keys string) {
	tt.t.Helper()
	if _, err := io.WriteString(tt.far, keys); err != nil {
		tt.t.Fatal(err)
	}
}

// ptyConfig is a screen on a fake mailbox that tells when anything is committed.
func ptyConfig(n int, committed func()) Config {
	return Config{
		Mailbox: newFakeBox(many(n)), Feed: NewFeed(), Title: "ann@pop.example.org",
		Environ: []string{"TERM=xterm-256color", "LANG=C.UTF-8", "SSH_TTY=/dev/pts/0"},
		Now:     func() time.Time { return testNow },
		Commit: func(_ context.Context, plan triage.Plan) CommitRun {
			committed()
			return goesWell(plan)
		},
	}
}

// TestScrollingALineIsCheap holds the promise that the screen can be used over a slow line: at most 600 octets.
func TestScrollingALineIsCheap(t *testing.T) {
	const budget = 600
	far, near, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal here: %v", err)
	}
	defer func() { _ = far.Close() }()
	if err := pty.Setsize(far, &pty.Winsize{Cols: 120, Rows: 40}); err != nil {
		t.Fatal(err)
	}
	tt := newTerminal(t, far)
	ended := make(chan error, 1)
	go func() {
		_, err := show(t.Context(), ptyConfig(10_000, func() { t.Error("committed") }), near, near)
		ended <- errors.Join(err, near.Close())
	}()
	tt.until("Subject 10000")
	tt.quiet()
	for _, tc := range []struct{ name, first, keys string }{
		{"a row within the page", "", "j"},
		{"scrolling one line", "G", "\x1b[A" + strings.Repeat("k", 35)},
		{"a mark", "", "d"},
	} {
		tt.typed(tc.first)
		tt.quiet()
		worst := 0
		for _, k := range split(tc.keys) {
			tt.typed(k)
			n := tt.quiet()
			worst = max(worst, n)
			if len(tc.keys) > 10 && n == 0 {
				t.Fatal("the key drew nothing")
			}
			if worst > budget || len(split(tc.keys)) > 10 && k != "\x1b[A" {
				break
			}
		}
		t.Logf("%s: %d octets", tc.name, worst)
		if worst > budget {
			t.Errorf("%s sends %d octets, more than %d", tc.name, worst, budget)
		}
	}
	tt.typed("\x03")
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

func split(keys string) []string {
	if rest, ok := strings.CutPrefix(keys, "\x1b[A"); ok {
		return append([]string{"\x1b[A"}, split(rest)...)
	}
	return strings.Split(keys, "")
}

// inHelper is set for the process that TestSignalsEndTheScreenInOrder starts.
const inHelper = "POPMARK_UI_TEST_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(inHelper) != "" {
		os.Exit(helper())
	}
	goleak.VerifyTestMain(m)
}

// helper shows the screen on the process's own terminal, and says at the end what came of it.
func helper() int {
	committed := false
	result, err := Run(context.Background(), ptyConfig(50, func() { committed = true }))
	fmt.Printf("ended: signal=%v error=%v committed=%v commits=%d\n", result.Signal, err, committed, len(result.Commits))
	return 0
}

// startHelper starts the helper on a pseudo-terminal of its own: itself, or behind a shell's command line.
func startHelper(t *testing.T, shell ...string) (*exec.Cmd, *terminal) {
	t.Helper()
	args := append(shell, os.Args[0])
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), inHelper+"=1")
	far, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: 80, Rows: 24})
	if err != nil {
		t.Skipf("no pseudo-terminal here: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = far.Close()
	})
	tt := newTerminal(t, far)
	tt.until("Subject 50")
	return cmd, tt
}

func TestSignalsEndTheScreenInOrder(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT} {
		t.Run(s.String(), func(t *testing.T) {
			cmd, tt := startHelper(t)
			tt.typed("dd")
			tt.until("D\x1b")
			if err := cmd.Process.Signal(s); err != nil {
				t.Fatal(err)
			}
			tt.until("committed=false commits=0")
			if text := string(tt.seen); !strings.Contains(text, "signal=ended by a signal: "+s.String()) {
				t.Errorf("the signal is not told: %q", text[max(len(text)-200, 0):])
			} else if left := strings.LastIndex(text, "\x1b[?1049l"); left < 0 || left > strings.LastIndex(text, "ended:") {
				t.Error("the terminal was not put back as it was before the end")
			}
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

// bash is the shell whose job control a test needs.
func bash(t *testing.T) string {
	t.Helper()
	shell, err := exec.LookPath("bash")
	if err != nil {
		if os.Getenv("POPMARK_REQUIRE_TOOLS") == "1" {
			t.Fatalf("bash is required here and missing: %v", err)
		}
		t.Skip("no bash here, whose job control this needs")
	}
	return shell
}

func TestSuspendingPutsTheTerminalInOrderAndComesBack(t *testing.T) {
	_, tt := startHelper(t, bash(t), "-c", `set -m; "$0"; echo "stopped with $?"; fg; echo "ended with $?"`)
	tt.typed("\x1a")
	tt.until("stopped with 147") // 128 and SIGSTOP
	if text := string(tt.seen); strings.LastIndex(text, "\x1b[?1049l") < 0 {
		t.Error("the terminal was not put back as it was")
	}
	tt.until("Subject 50")
	tt.typed("q")
	tt.until("committed=false commits=0")
	tt.until("ended with 0")
}

// Shells set the terminal to their own liking while the program is stopped.
func TestTheTerminalIsTakenBackWheneverTheProgramGoesOn(t *testing.T) {
	_, tt := startHelper(t, bash(t), "-c", `set -m; "$0"; for i in 1 2 3 4 5 6; do echo "stop $i"; stty sane; fg; done; echo "ended with $?"`)
	for i := 1; i <= 6; i++ {
		tt.typed("\x1a") // which goes unread where the terminal waits for whole lines
		tt.until(fmt.Sprintf("stop %d", i))
		tt.seen = nil
		tt.until("Subject 50")
	}
	tt.typed("q")
	tt.until("committed=false commits=0")
	tt.until("ended with 0")
}

func TestSuspendingWithoutAShellIsRefused(t *testing.T) {
	cmd, tt := startHelper(t)
	tt.typed("\x1a")
	tt.until("No shell is there")
	if err := cmd.Process.Signal(syscall.SIGTSTP); err != nil {
		t.Fatal(err)
	}
	tt.typed("q")
	tt.until("committed=false commits=0")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestTheScreenRefusesWhatIsNoTerminal(t *testing.T) {
	far, near, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal here: %v", err)
	}
	defer func() { _, _ = far.Close(), near.Close() }()
	file, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for _, tt := range []struct {
		name    string
		term    string
		in, out *os.File
		want    string
	}{
		{"a terminal", "xterm", near, near, ""},
		{"dumb", "dumb", near, near, "TERM=dumb"},
		{"no TERM", "", near, near, "TERM= can't"},
		{"output to a file", "xterm", near, file, "the output is no terminal"},
		{"input from a file", "xterm", file, near, "the input is no terminal"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := CheckTerminal([]string{"TERM=" + tt.term}, tt.in, tt.out)
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !errors.Is(err, ErrNoTerminal) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "popmark list") {
				t.Errorf("got %v", err)
			}
		})
	}
}
