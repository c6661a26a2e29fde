package ui

import (
	"errors"
	"os"
	"strings"

	"github.com/charmbracelet/x/term"
)

// ErrNoTerminal says that the screen can't be shown here.
var ErrNoTerminal = errors.New("the screen needs a terminal")

// TerminalError says why the screen can't be shown, and what works without one.
type TerminalError struct{ Why string }

// Error says why, and names the command that needs no screen.
func (e *TerminalError) Error() string {
	return "showing the screen: " + e.Why + ": popmark list TARGET works without one"
}

// Is reports [ErrNoTerminal].
func (e *TerminalError) Is(target error) bool { return target == ErrNoTerminal }

// CheckTerminal says whether the screen can be shown: output must be a terminal that can be drawn on, input one
// whose keys can be read. The error is a [*TerminalError].
func CheckTerminal(environ []string, in, out *os.File) error {
	switch name := getenv(environ, "TERM"); {
	case !term.IsTerminal(out.Fd()):
		return &TerminalError{"the output is no terminal"}
	case !term.IsTerminal(in.Fd()):
		return &TerminalError{"the input is no terminal"}
	case name == "dumb", name == "" && !windows:
		return &TerminalError{"TERM=" + name + " can't be drawn on"}
	}
	return nil
}

// Supported says whether the screen can be shown on this process's terminal, as [CheckTerminal] does. Ask before
// anything is asked of a person, such as a password.
func Supported() error { return CheckTerminal(os.Environ(), os.Stdin, os.Stdout) }

// getenv gives the last value of a variable in an environment.
func getenv(environ []string, name string) string {
	for i := len(environ) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(environ[i], name+"="); ok {
			return value
		}
	}
	return ""
}

// speaksUTF8 tells whether the locale's characters are Unicode's. Where nothing is set they are taken to be.
func speaksUTF8(environ []string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := strings.ToLower(getenv(environ, name)); value != "" {
			return strings.Contains(value, "utf-8") || strings.Contains(value, "utf8")
		}
	}
	return true
}
