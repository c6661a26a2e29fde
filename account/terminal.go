package account

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode"

	"golang.org/x/term"
)

var errNoTerminal = errors.New("there is no terminal to ask at")

// fromTerminal asks at the terminal without echo. Where the wait is left by the
// context, the terminal's echo is turned on again first.
func fromTerminal(ctx context.Context, prompt string) (string, error) {
	// Nobody sits there when neither is a terminal, even where one could be opened.
	if !term.IsTerminal(int(os.Stdin.Fd())) && !term.IsTerminal(int(os.Stderr.Fd())) {
		return "", errNoTerminal
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return "", errNoTerminal
	}
	return ask(ctx, tty, prompt)
}

// ask closes tty when the answer has come; where the context ends first, the read
// that still waits keeps it until the program ends.
func ask(ctx context.Context, tty *os.File, prompt string) (string, error) {
	fd := int(tty.Fd())
	state, err := term.GetState(fd)
	if err != nil {
		_ = tty.Close() // nothing was written to it
		return "", errNoTerminal
	}
	if _, err := fmt.Fprint(tty, prompt); err != nil {
		_ = tty.Close()
		return "", errNoTerminal
	}
	type answer struct {
		line []byte
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		line, err := term.ReadPassword(fd)
		answered <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		err := term.Restore(fd, state)
		_, werr := fmt.Fprintln(tty)
		return "", errors.Join(ctx.Err(), err, werr)
	case got := <-answered:
		_, _ = fmt.Fprintln(tty) // the line end that was typed was not echoed; cosmetic
		_ = tty.Close()          // everything on it is done
		if got.err != nil || len(got.line) == 0 {
			return "", &Error{
				Kind: Configuration, Doing: "asking for the password", Err: errors.New("nothing was typed"),
				Next: "type it, or give --password-command",
			}
		}
		return string(got.line), nil
	}
}

// printable leaves out of a prompt or an error what could move the cursor.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '�'
		}
		return r
	}, s)
}
