package account

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/zalando/go-keyring"
)

const (
	// keyringService is the name under which passwords are kept in the system's keyring;
	// the account's key is the user there.
	keyringService = "popmark"
	// keyringTimeout leaves a person time to unlock the keyring, and ends the wait for
	// one that is stuck.
	keyringTimeout = 20 * time.Second
	maxPassword    = 64 << 10 // octets of a password command's first line
	maxStderr      = 4 << 10  // octets of its standard error that are kept
)

// Password gives the password, from the first of these that has one: the command of
// --password-command, POPMARK_PASSWORD, the account's own command, the system's
// keyring, the terminal. A command that fails or prints nothing ends the search with
// an error of kind [Configuration]; so does a search that finds nothing, which wraps
// [ErrNoPassword]. It is asked for once and then kept in memory; what a command gave, until
// the server refuses it. Safe for concurrent use.
func (a *Account) Password(ctx context.Context) (string, error) {
	if err := a.lockPassword(ctx); err != nil {
		return "", err
	}
	defer a.unlockPassword()
	if a.password != "" {
		return a.password, nil
	}
	p, err := a.findPassword(ctx)
	if err != nil {
		return "", err
	}
	if strings.ContainsAny(p, "\r\n\x00") {
		return "", configError("looking at the password of "+printable(a.target.Name()), "give it without", "it holds a line end or a NUL, which can't be sent")
	}
	a.password = p
	return p, nil
}

func (a *Account) lockPassword(ctx context.Context) error {
	select {
	case a.passwordLock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *Account) unlockPassword() { <-a.passwordLock }

// known is the password as far as it is in memory, "" where it would have to be looked for.
func (a *Account) known(ctx context.Context) string {
	if a.lockPassword(ctx) != nil {
		return ""
	}
	defer a.unlockPassword()
	return a.password
}

// forget forgets a password that the server refused and that a command can give anew, and says
// whether it did. What a person typed is not asked for again.
func (a *Account) forget(ctx context.Context, refused string) bool {
	s := &a.settings
	if s.PasswordCommand == "" && (s.Password != "" || s.AccountPasswordCommand == "") || a.lockPassword(ctx) != nil {
		return false
	}
	defer a.unlockPassword()
	if a.password == refused {
		a.password = ""
	}
	return true
}

func (a *Account) findPassword(ctx context.Context) (string, error) {
	s := &a.settings
	switch {
	case s.PasswordCommand != "":
		return passwordOf(ctx, "--password-command", s.PasswordCommand)
	case s.Password != "":
		return s.Password, nil
	case s.AccountPasswordCommand != "":
		return passwordOf(ctx, "the account's password_command", s.AccountPasswordCommand)
	}
	if s.Keyring {
		if p, err := fromKeyring(ctx, a.target.Key()); err != nil || p != "" {
			return p, err
		}
	}
	if s.Terminal {
		p, err := fromTerminal(ctx, "Password for "+printable(a.target.Name())+": ")
		if !errors.Is(err, errNoTerminal) {
			return p, err
		}
	}
	return "", &Error{
		Kind:  Configuration,
		Doing: "looking for the password of " + printable(a.target.Name()),
		Err:   ErrNoPassword,
		Next:  "give it with --password-command, in the environment's POPMARK_PASSWORD, with the account's own password_command, in the system's keyring, or at a terminal",
	}
}

// passwordOf runs a command with /bin/sh and gives the first line that it prints.
func passwordOf(ctx context.Context, source, command string) (string, error) {
	fail := func(err error) (string, error) {
		return "", &Error{
			Kind: Configuration, Doing: "getting the password from " + source, Err: err,
			Next: "run the command by itself, it has to print the password as its first line",
		}
	}
	var out, stderr head
	out.limit, stderr.limit = maxPassword, maxStderr
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command)
	cmd.Stdout, cmd.Stderr = &out, &stderr
	// Something that the command left behind with its output open must not hold us.
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		if said := strings.TrimSpace(stderr.firstLine()); said != "" {
			err = fmt.Errorf("%w, and it said %q", err, said)
		}
		return fail(err)
	}
	line := strings.TrimSuffix(out.firstLine(), "\r")
	switch {
	case line == "":
		return fail(errors.New("its first line is empty"))
	case out.full() && !bytes.Contains(out.b, []byte{'\n'}):
		return fail(fmt.Errorf("its first line is longer than %d octets", maxPassword))
	}
	return line, nil
}

// head keeps the first octets written to it and forgets the rest.
type head struct {
	b     []byte
	limit int
}

func (h *head) Write(p []byte) (int, error) {
	h.b = append(h.b, p[:min(len(p), h.limit-len(h.b))]...)
	return len(p), nil
}

func (h *head) full() bool { return len(h.b) >= h.limit }

func (h *head) firstLine() string {
	line, _, _ := bytes.Cut(h.b, []byte{'\n'})
	return string(line)
}

// fromKeyring gives "" when the keyring has no password or when there is no keyring
// here: its errors for the latter are those of whatever it stands on, so only
// ErrNotFound and time tell anything.
func fromKeyring(ctx context.Context, key string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, keyringTimeout)
	defer cancel()
	answer := make(chan string, 1)
	// The library knows no context; where a keyring never answers, this goroutine stays
	// until the program ends, which its owner does next.
	go func() {
		p, err := keyring.Get(keyringService, key)
		if err != nil {
			p = ""
		}
		answer <- p
	}()
	select {
	case p := <-answer:
		return p, nil
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return "", nil
		}
		return "", ctx.Err()
	}
}
