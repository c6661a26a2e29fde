//go:build unix

package ui

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// multiplexer drives the real program in a tmux of its own.
type multiplexer struct {
	t      *testing.T
	socket string
}

// startTmux runs a command line in a tmux window, or skips the test where tmux is not installed.
func startTmux(t *testing.T, width, height int, command string) *multiplexer {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		if os.Getenv("POPMARK_REQUIRE_TOOLS") == "1" {
			t.Fatalf("tmux is required here and missing: %v", err)
		}
		t.Skip("tmux is not installed")
	}
	m := &multiplexer{t, filepath.Join(t.TempDir(), "tmux")}
	t.Cleanup(func() { _ = exec.Command("tmux", "-S", m.socket, "kill-server").Run() })
	m.tmux("-f", os.DevNull, "new-session", "-d", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height),
		"env LC_ALL=C.UTF-8 TMPDIR="+t.TempDir()+" "+command+"; echo ended with $?; cat")
	return m
}

func (m *multiplexer) tmux(args ...string) string {
	m.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", m.socket}, args...)...).CombinedOutput()
	if err != nil {
		m.t.Fatalf("tmux %v: %v: %s", args, err, out)
	}
	return string(out)
}

// until waits until the window shows a text, and returns what it shows.
func (m *multiplexer) until(text string) string {
	m.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	ticker := time.NewTicker(30 * time.Millisecond)
	defer ticker.Stop()
	for {
		shown := m.tmux("capture-pane", "-p")
		if strings.Contains(shown, text) {
			return shown
		}
		if time.Now().After(deadline) {
			m.t.Fatalf("no %q within 20 s:\n%s", text, shown)
		}
		<-ticker.C
	}
}

func (m *multiplexer) press(keys ...string) { m.tmux(append([]string{"send-keys"}, keys...)...) }

// buildProgram builds popmark once for the tests that need all of it.
func buildProgram(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the program")
	}
	path := filepath.Join(t.TempDir(), "popmark")
	if out, err := exec.Command("go", "build", "-o", path, "popmark").CombinedOutput(); err != nil {
		t.Fatalf("building popmark: %v\n%s", err, out)
	}
	return path
}

// TestMarkAndCommitInTheDemo is a person's whole way through the program, on a real terminal.
func TestMarkAndCommitInTheDemo(t *testing.T) {
	m := startTmux(t, 100, 30, buildProgram(t)+" demo")
	m.until("1/67")
	m.until("Ada Quill")
	m.press("d", "m", "f")
	first := m.until("4/67")
	for _, want := range []string{"  D  67", "  M  66", "  F  65", ">    64", "D 1", "F 1", "M 1", "lock held"} {
		if !strings.Contains(first, want) {
			t.Errorf("%q is missing:\n%s", want, first)
		}
	}
	m.press("c")
	review := m.until("Carry this plan out?")
	at := -1
	for _, command := range []string{"RETR 65", "RETR 66", "DELE 66", "DELE 67", "QUIT"} {
		next := strings.Index(review, command)
		if next <= at {
			t.Errorf("%s is not in its place:\n%s", command, review)
		}
		at = next
	}
	m.press("Enter")
	m.until("the marks stay")
	m.press("c", "y")
	m.until("Committed")
	m.until("65 messages")
	m.press("Escape")
	m.until("d delete")
	m.press("L")
	m.until("  S .")
	m.press("q", "q")
	end := m.until("ended with")
	if !strings.Contains(end, "ended with 0") || !strings.Contains(end, "/Maildir") {
		t.Errorf("the end does not say where the mail is:\n%s", end)
	}
}

// TestALockedMailboxOnARealTerminal opens one demo mailbox twice.
func TestALockedMailboxOnARealTerminal(t *testing.T) {
	program := buildProgram(t)
	server := exec.Command(program, "demo", "--serve", "127.0.0.1:0")
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(os.Interrupt)
		_ = server.Wait()
	})
	line := make([]byte, 200)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	command := fmt.Sprintf("POPMARK_PASSWORD=demo %s --no-state %s", program, strings.TrimSpace(string(line[:n])))
	holder := startTmux(t, 80, 24, command)
	holder.until("lock held")
	second := startTmux(t, 80, 24, command)
	second.until("[IN-USE]")
	second.until("Trying again in")
	holder.press("q")
	holder.until("ended with 0")
	second.press("R")
	second.until("lock held")
	second.press("C-c")
	second.until("ended with 0")
}
