package delivery

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"
)

func pipeTo(t *testing.T, command, message string) (Receipt, error) {
	t.Helper()
	t.Setenv("POPMARK_PASSWORD", "secret")
	p := NewPipe(command)
	if err := p.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, r, err := deliver(t.Context(), p, Meta{
		Account: "me@host", UID: "u\x001", From: "ann@example.org", Subject: "a\nb", Date: time.Unix(0, 0).UTC(), Size: 5,
	}, message, 1<<16)
	if cerr := p.Close(); cerr != nil {
		t.Error(cerr)
	}
	return r, err
}

func TestPipeGivesTheMessageAndItsEnvelope(t *testing.T) {
	for _, message := range []string{sample(1, 100), sample(2, 3*largeBuffer)} {
		dir := t.TempDir()
		t.Setenv("TMPDIR", t.TempDir())
		r, err := pipeTo(t, "cat > "+dir+"/text; env | grep ^POPMARK_ | sort > "+dir+"/env", message)
		if err != nil {
			t.Fatal(err)
		}
		if got := readFile(t, filepath.Join(dir, "text")); got != lf(message) {
			t.Errorf("%d octets, want %d", len(got), len(lf(message)))
		}
		env := readFile(t, filepath.Join(dir, "env"))
		for _, want := range []string{
			"POPMARK_ACCOUNT=me@host\n", "POPMARK_UID=u?1\n", "POPMARK_FROM=ann@example.org\n",
			"POPMARK_SUBJECT=a?b\n", "POPMARK_DATE=1970-01-01T00:00:00Z\n", "POPMARK_SIZE=",
		} {
			if !strings.Contains(env, want) {
				t.Errorf("environment %q lacks %q", env, want)
			}
		}
		if strings.Contains(env, "secret") {
			t.Error("P6: the command was given the password")
		}
		if r.Path != "" || r.Octets != int64(len(message)) {
			t.Errorf("receipt %+v", r)
		}
		p := NewPipe("x")
		if p.Find(t.Context(), r) {
			t.Error("a copy is found where nobody can look")
		}
		for receipt, want := range map[Receipt]bool{r: true, {}: false} {
			if accepted, err := p.Secure(t.Context(), receipt); accepted != want || err != nil {
				t.Errorf("Secure of %+v gives %v, %v", receipt, accepted, err)
			}
		}
		if left := names(t, os.Getenv("TMPDIR")); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
	}
}

func TestPipeStatusDecides(t *testing.T) {
	long := sample(1, 1<<20)
	for _, c := range []struct {
		command string
		class   error
		says    string
	}{
		{"true", nil, ""},
		{"head -c 10 >/dev/null", nil, ""}, // it closes its input early and says yes
		{"exit 75", ErrTemporary, "try again later"},
		{"exit 69", ErrTemporary, ""},
		{"exit 73", ErrCannotCreate, "cannot create"},
		{"exit 74", ErrIO, "input/output"},
		{"exit 67", ErrRejected, "exit status 67"},
		{"echo 'no such user' >&2; echo more >&2; exit 1", ErrRejected, "no such user / more"},
		{"/nonexistent/command", ErrCannotCreate, "127"},
		{"printf 'a\\033[31mb' >&2; exit 1", ErrRejected, "a?[31mb"},
		{"kill -9 $$", ErrTemporary, "killed"},
	} {
		_, err := pipeTo(t, c.command, long)
		if c.class == nil {
			if err != nil {
				t.Errorf("%s: %v", c.command, err)
			}
			continue
		}
		if !errors.Is(err, c.class) || !strings.Contains(err.Error(), c.says) || strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%s: %v", c.command, err)
		}
	}
}

func TestPipeErrorTextIsBounded(t *testing.T) {
	_, err := pipeTo(t, "yes complaint | head -c 1000000 >&2; exit 1", "a\r\n")
	if err == nil || len(err.Error()) > 1000+maxTail || !strings.Contains(err.Error(), "complaint / complaint") {
		t.Errorf("%d octets", len(err.Error()))
	}
}

func TestP10_PipeCommandEndsWithTheContext(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "started")
	p := NewPipe("echo > " + mark + "; sleep 1000 & sleep 1000")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for {
			if _, err := os.Stat(mark); err == nil {
				cancel()
				return
			}
			select {
			case <-t.Context().Done():
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	_, _, err := deliver(ctx, p, Meta{}, "a\r\n", 9)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestPipeNeverHandsOverHalfAMessage is what fetchmail does when the line breaks.
func TestPipeNeverHandsOverHalfAMessage(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "ran")
	t.Setenv("TMPDIR", t.TempDir())
	d, err := NewPipe("cat > "+mark).Begin(t.Context(), Meta{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Write([]byte(sample(1, 2*largeBuffer))); err != nil {
		t.Fatal(err)
	}
	if err := d.Abort(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("the command ran")
	}
	if left := names(t, os.Getenv("TMPDIR")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// TestP5_PipeCommandThatSaidYesHasTheMessage ends the context when the command has ended with
// status 0 and something that it left behind still holds its standard error.
func TestP5_PipeCommandThatSaidYesHasTheMessage(t *testing.T) {
	hold := filepath.Join(t.TempDir(), "hold")
	if err := syscall.Mkfifo(hold, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p := NewPipe("parent=$$; (while [ -e /proc/$parent/fd/0 ]; do :; done; exec sh -c 'echo $$ >" + hold + "; exec sleep 1000') >/dev/null & exit 0")
	left := make(chan int, 1)
	go func() {
		said, _ := os.ReadFile(hold) // until it has a process to write its number there
		pid, _ := strconv.Atoi(strings.TrimSpace(string(said)))
		cancel()
		left <- pid
	}()
	defer func() {
		if pid := <-left; pid > 0 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}()
	_, r, err := deliver(ctx, p, Meta{}, "a\r\n", 9)
	if err != nil || r.Name != pipeDone {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestPipeEndsACommandWhoseMessageCannotBeReadToItsEnd keeps it from taking the half for the whole.
func TestPipeEndsACommandWhoseMessageCannotBeReadToItsEnd(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "whole")
	p := NewPipe("cat >/dev/null; echo >" + mark)
	d := &pipeDelivery{p: p, spool: newSpool(t.Context(), OS(), "")}
	text := io.MultiReader(strings.NewReader(sample(1, 1<<10)), iotest.ErrReader(syscall.EIO))
	err := d.run(t.Context(), text)
	if !errors.Is(err, ErrIO) || !errors.Is(err, syscall.EIO) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("the command took half a message for the whole")
	}
}
