package delivery

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unicode"
)

// Pipe hands each message to a command on its standard input. The command is
// started only when the whole message is here, so that a line that breaks never
// makes it see half a message. Its exit status alone says whether the message is
// safe: 0 means yes, even where it did not read to the end. Commands run one at a
// time.
type Pipe struct {
	command string
	turn    chan struct{}
	under   sync.WaitGroup
}

// NewPipe is a destination that runs command with /bin/sh -c.
func NewPipe(command string) *Pipe {
	return &Pipe{command: strings.TrimSpace(command), turn: make(chan struct{}, 1)}
}

func (p *Pipe) String() string { return "pipe:" + p.command }

// Prepare sees that there is a shell. Whether the command works shows only with a
// message.
func (p *Pipe) Prepare(ctx context.Context) error {
	if err := stopped(ctx); err != nil {
		return err
	}
	if _, err := os.Stat("/bin/sh"); err != nil {
		return cannotCreate(p.String(), "looking for the shell", err)
	}
	removeLeftovers(OS(), os.TempDir(), waitingName())
	return nil
}

var waitingName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("^" + partName)
})

// Begin starts a message. A long one waits in a file in the system's folder for
// temporary files, which TMPDIR names.
func (p *Pipe) Begin(ctx context.Context, meta Meta) (Delivery, error) {
	if err := stopped(ctx); err != nil {
		return nil, err
	}
	return &pipeDelivery{p: p, meta: meta, spool: newSpool(ctx, OS(), waitingPath())}, nil
}

// waitingPath is a new name for a message in the folder for temporary files.
func waitingPath() string { return filepath.Join(os.TempDir(), "popmark-"+token()+".part") }

// Find cannot look where the command has put a message, and so never finds one.
func (p *Pipe) Find(context.Context, Receipt) bool { return false }

// Close waits for the command that runs.
func (p *Pipe) Close() error {
	p.under.Wait()
	return nil
}

// pipeDone is the name in a receipt of a command that ended with status 0.
const pipeDone = "accepted"

type pipeDelivery struct {
	p     *Pipe
	meta  Meta
	spool *spool
	ended bool
}

func (d *pipeDelivery) Write(b []byte) (int, error) {
	if d.ended {
		return 0, ErrClosed
	}
	n, err := d.spool.Write(b)
	return n, failed(d.p.String(), "keeping the message for the command", err)
}

// Planned has no name, since what a command did cannot be found out afterwards.
func (d *pipeDelivery) Planned() Receipt { return d.spool.receipt("", "") }

func (d *pipeDelivery) Commit(ctx context.Context) (Receipt, error) {
	if d.ended {
		return Receipt{}, ErrClosed
	}
	d.ended = true
	d.spool.bind(ctx)
	defer func() { _ = d.spool.drop(true) }()
	d.p.under.Add(1)
	defer d.p.under.Done()
	select {
	case d.p.turn <- struct{}{}:
		defer func() { <-d.p.turn }()
	case <-ctx.Done():
		return Receipt{}, stopped(ctx)
	}
	if err := stopped(ctx); err != nil {
		return Receipt{}, err
	}
	message, err := d.spool.reader()
	if err != nil {
		return Receipt{}, failed(d.p.String(), "keeping the message for the command", err)
	}
	if err := d.run(ctx, message); err != nil {
		return Receipt{}, err
	}
	return d.spool.receipt(pipeDone, ""), nil
}

// outputWait is how long a command that has ended may leave its standard error, or
// its standard input, in the hands of others.
const outputWait = 500 * time.Millisecond

func (d *pipeDelivery) run(ctx context.Context, message io.Reader) error {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", d.p.command)
	said := &tail{}
	source := &source{r: message, failed: func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }}
	cmd.Stdin, cmd.Stderr = source, said
	cmd.Env = d.environment()
	// What the command starts belongs to the same process group and ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = outputWait
	err := cmd.Run()
	switch {
	case err == nil:
		return nil
	case source.err() != nil:
		return failed(d.p.String(), "reading what was kept for the command", source.err())
	case cmd.ProcessState != nil && cmd.ProcessState.Success():
		// It said yes: whether it left something running behind, or the context ended
		// just then, it has the message.
		return nil
	case ctx.Err() != nil:
		return stopped(ctx)
	default:
		return d.p.verdict(err, said.String())
	}
}

// source reads the message for the command. Where reading fails, the command ends before
// it can take what it got for the whole.
type source struct {
	r      io.Reader
	failed func()
	broken atomic.Pointer[error] // it may be read still when the command has ended
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.broken.Store(&err)
		s.failed()
	}
	return n, err
}

func (s *source) err() error {
	if broken := s.broken.Load(); broken != nil {
		return *broken
	}
	return nil
}

// verdict turns the end of a command into an error, by sysexits.h.
func (p *Pipe) verdict(err error, said string) error {
	e := &Error{Dest: p.String(), Doing: "running the command", Class: ErrCannotCreate, Err: err}
	e.Next = "see whether /bin/sh works"
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return e
	}
	status, words := exit.ExitCode(), exit.String()
	switch status {
	case 126, 127:
		e.Next = "correct the command in --to"
	case 73:
		words += " (cannot create)"
		e.Next = "see to what the command writes, or choose another place with --to"
	case 74:
		e.Class, words = ErrIO, words+" (input/output error)"
		e.Next = "look after the disk that the command writes to, then run the same command again"
	case 69, 71, 75:
		e.Class, words = ErrTemporary, words+" (try again later)"
		e.Next = "run the same command again later"
	case -1:
		e.Class = ErrTemporary
		e.Next = "run the same command again"
	default:
		e.Class = ErrRejected
		e.Next = "the message stays on the server: see why the command refuses it"
	}
	if said != "" {
		words += ": " + said
	}
	e.Err = &commandError{words, exit}
	return e
}

// commandError is how a command ended, with what it said.
type commandError struct {
	words string
	exit  *exec.ExitError
}

func (e *commandError) Error() string { return e.words }
func (e *commandError) Unwrap() error { return e.exit }

// environment is popmark's own without its password, and the envelope.
func (d *pipeDelivery) environment() []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "POPMARK_") })
	date := ""
	if !d.meta.Date.IsZero() {
		date = d.meta.Date.Format(time.RFC3339)
	}
	for name, value := range map[string]string{
		"ACCOUNT": d.meta.Account, "UID": d.meta.UID, "MESSAGE_ID": d.meta.MessageID,
		"FROM": d.meta.From, "SUBJECT": d.meta.Subject, "DATE": date,
		// The octets that the command is given, which LIST's are not.
		"SIZE": strconv.FormatInt(d.spool.stored, 10),
	} {
		env = append(env, "POPMARK_"+name+"="+printable(value, 4096))
	}
	return env
}

// printable replaces what is no printable character, and cuts.
func printable(s string, octets int) string {
	s = strings.ToValidUTF8(cut(s, octets), "?")
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}

// tail keeps the end of what a command says.
type tail struct{ b []byte }

const maxTail = 512

func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	if len(p) > maxTail {
		p = p[len(p)-maxTail:]
	}
	t.b = append(t.b, p...)
	if over := len(t.b) - maxTail; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return n, nil
}

// String is all of it in one line.
func (t *tail) String() string {
	var lines []string
	for line := range bytes.Lines(t.b) {
		if s := strings.TrimSpace(printable(strings.TrimRight(string(line), "\r\n"), maxTail)); s != "" {
			lines = append(lines, s)
		}
	}
	return strings.Join(lines, " / ")
}

func (d *pipeDelivery) Abort() error {
	if d.ended {
		return nil
	}
	d.ended = true
	return failed(d.p.String(), "removing what was kept", d.spool.drop(true))
}
