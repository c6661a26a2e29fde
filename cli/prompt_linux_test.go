package cli

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"popmark/pop3server"
)

// atTerminal starts popmark at a terminal of its own and waits for its prompt.
func atTerminal(t *testing.T, args ...string) (cmd *exec.Cmd, terminal *os.File, out *bufio.Reader) {
	t.Helper()
	cmd = exec.Command("popmark", args...)
	cmd.Env = append(cmd.Environ(), "POPMARK_PASSWORD=", "HOME="+t.TempDir(), "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent")
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	if err := terminal.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	out = bufio.NewReader(terminal)
	if prompt, err := out.ReadString(':'); err != nil || !strings.HasPrefix(prompt, "Password for joe@") {
		t.Fatalf("it asked %q (%v)", prompt, err)
	}
	// The port's colon comes first, then the prompt's own.
	if _, err := out.ReadString(' '); err != nil {
		t.Fatal(err)
	}
	for echoing(t, terminal) { // the prompt is written before the echo is turned off
		time.Sleep(time.Millisecond)
	}
	return cmd, terminal, out
}

func echoing(t *testing.T, terminal *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

func TestPasswordIsAskedAtTheTerminalWithoutEcho(t *testing.T) {
	server := pop3server.New(pop3server.WithUser("joe", "open sesame", maildrop()))
	defer func() { _ = server.Close() }()
	addr, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cmd, terminal, out := atTerminal(t, "list", "pop3://joe@"+addr.String(), "larger:10k")
	if _, err := terminal.WriteString("open sesame\n"); err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(out)
	if err != nil && !errors.Is(err, unix.EIO) { // what the end of a terminal gives
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if strings.Contains(string(said), "sesame") || !strings.Contains(string(said), "bob@two.example") {
		t.Errorf("it said %q", said)
	}
}

func TestP10_CtrlCAtThePromptTurnsEchoOnAgain(t *testing.T) {
	cmd, terminal, out := atTerminal(t, "list", "pop3://joe@127.0.0.1:1")
	if _, err := terminal.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	said, _ := out.ReadString(')') // "stopped by a signal (interrupt)"
	err := cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 130 {
		t.Errorf("it ended with %v and said %q", err, said)
	}
	if !echoing(t, terminal) {
		t.Error("the terminal does not echo any more")
	}
}
