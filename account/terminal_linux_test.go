package account

import (
	"bufio"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

func echoes(t *testing.T, fd int) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

func TestTerminalAsksWithoutEcho(t *testing.T) {
	here, there, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = here.Close() }()
	go func() {
		r := bufio.NewReader(here)
		if _, err := r.ReadString(':'); err == nil {
			_, _ = here.WriteString("open sesame\n")
		}
		_, _ = r.ReadString(0) // so that nothing written there waits
	}()
	got, err := ask(t.Context(), there, "Password for joe: ")
	if err != nil || got != "open sesame" {
		t.Errorf("got %q and %v", got, err)
	}
}

func TestP10_LeavingThePromptTurnsEchoOnAgain(t *testing.T) {
	here, there, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = here.Close() }()
	fd := int(there.Fd())
	if !term.IsTerminal(fd) || !echoes(t, fd) {
		t.Fatal("a new terminal does not echo")
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		r := bufio.NewReader(here)
		if _, err := r.ReadString(':'); err != nil {
			return
		}
		for echoesNow(fd) { // until the prompt has turned it off
			if ctx.Err() != nil {
				return
			}
		}
		cancel()
		_, _ = r.ReadString(0)
	}()
	_, err = ask(ctx, there, "Password for joe: ")
	cancel()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's end", err)
	}
	if !echoes(t, fd) {
		t.Error("the terminal does not echo any more")
	}
	if _, err := here.WriteString("\n"); err != nil { // ends the read that still waits
		t.Fatal(err)
	}
}

func echoesNow(fd int) bool {
	state, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err != nil || state.Lflag&unix.ECHO != 0
}

func TestPromptIsPrintable(t *testing.T) {
	if got := printable("joe\x1b[2J\u202e@h"); strings.ContainsAny(got, "\x1b\u202e") {
		t.Errorf("%q", got)
	}
}
