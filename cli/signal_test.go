package cli

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"popmark/pop3server"
)

// TestP10_SignalEndsACommit stops a commit in the middle of a message: it is taken back,
// at once, and says so.
func TestP10_SignalEndsACommit(t *testing.T) {
	for _, tc := range []struct {
		signal  syscall.Signal
		status  int
		hangs   bool // the server never says another word
		command string
	}{
		{syscall.SIGINT, 130, false, "commit"},
		{syscall.SIGTERM, 143, false, "commit"},
		{syscall.SIGHUP, 129, false, "commit"},
		{syscall.SIGINT, 130, true, "commit"},
		{syscall.SIGTERM, 143, true, "list"},
	} {
		name := tc.command + " " + tc.signal.String()
		if tc.hangs {
			name += ", server silent"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reached := make(chan struct{}, 1)
			on := pop3server.On("RETR 2")
			if tc.command == "list" {
				on = pop3server.On("TOP 2")
			}
			hook := on.Do(func(*pop3server.Event) pop3server.Action {
				reached <- struct{}{}
				if tc.hangs {
					return pop3server.Action{Skip: true, Then: pop3server.Hang}
				}
				return pop3server.Action{Wait: 300 * time.Millisecond}
			})
			drop := maildrop()
			server := pop3server.New(pop3server.WithUser("joe", "secret", drop),
				pop3server.Without("PIPELINING"), pop3server.WithHooks(hook))
			defer func() { _ = server.Close() }()
			addr, err := server.Listen("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			args := []string{tc.command, "pop3://joe@" + addr.String(), "--json", "--state-dir", dir + "/state"}
			if tc.command == "commit" {
				args = append(args, "--move", "1-", "--to", "maildir:"+dir+"/mail")
			}
			cmd := exec.Command("popmark", args...)
			var out, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &stderr
			cmd.Env = append(cmd.Environ(), "POPMARK_PASSWORD=secret")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			<-reached
			sent := time.Now()
			if err := cmd.Process.Signal(tc.signal); err != nil {
				t.Fatal(err)
			}
			err = cmd.Wait()
			// Far less than --timeout, which would end it otherwise.
			if took := time.Since(sent); took > 20*time.Second {
				t.Errorf("it took %v to leave", took)
			}
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != tc.status {
				t.Errorf("it ended with %v, want status %d; it said %s", err, tc.status, &stderr)
			}
			if got := drop.UIDLs(); len(got) != 3 {
				t.Errorf("the maildrop has %q", got)
			}
			if strings.Count(stderr.String(), "\n") != 1 || !strings.Contains(stderr.String(), "stopped by a signal") {
				t.Errorf("it said %q", &stderr)
			}
			if tc.command != "commit" {
				return
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if last := lines[len(lines)-1]; !strings.HasPrefix(last, `{"event":"done"`) || !strings.HasSuffix(last, `"committed":false}`) {
				t.Errorf("the last line is %s", last)
			}
			if commands := server.Commands(); !tc.hangs && !slices.Equal(commands[len(commands)-2:], []string{"RSET", "QUIT"}) {
				t.Errorf("the server got %q", commands)
			}
		})
	}
}

// writerFunc is told what is printed.
type writerFunc func(string)

func (w writerFunc) Write(p []byte) (int, error) {
	w(string(p))
	return len(p), nil
}

// TestP5_WhatIsDoneIsDoneWhateverComesThen stops a commit when it has said that it is done. That changes
// nothing, so that the same command means the messages of now when it is given again.
func TestP5_WhatIsDoneIsDoneWhateverComesThen(t *testing.T) {
	drop := maildrop()
	server := pop3server.New(pop3server.WithUser("joe", "secret", drop))
	defer func() { _ = server.Close() }()
	addr, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"commit", "pop3://joe@" + addr.String(), "--delete", "1", "--json", "--state-dir", t.TempDir()}
	for left := 2; left >= 0; left-- {
		ctx, stop := context.WithCancel(t.Context())
		var said strings.Builder
		status := Run(ctx, args, Streams{Password: "secret", Err: &said, Out: writerFunc(func(printed string) {
			if strings.Contains(printed, `"event":"done"`) {
				stop()
			}
		})})
		if ended := ctx.Err() != nil; status != exitOK || said.Len() > 0 || !ended {
			t.Errorf("status %d, stopped at its end: %v, it said %q", status, ended, &said)
		}
		stop()
		if got := drop.UIDLs(); len(got) != left {
			t.Errorf("the maildrop has %q, want %d messages", got, left)
		}
	}
}

// TestDemoServesUntilInterrupted has a demo as a server for the other commands.
func TestDemoServesUntilInterrupted(t *testing.T) {
	demo := exec.Command("popmark", "demo", "--serve", "127.0.0.1:0", "--messages", "100000")
	pipe, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 200)
	n, err := pipe.Read(b)
	url := strings.TrimSuffix(string(b[:n]), "\n")
	if err != nil || !strings.HasPrefix(url, "pop3://") || strings.ContainsAny(url, " \n") {
		t.Errorf("it printed %q (%v), want one URL", b[:n], err)
	}
	list := exec.Command("popmark", "list", url, "larger:1000G", "--no-state")
	list.Env = append(list.Environ(), "POPMARK_PASSWORD=demo")
	if out, err := list.CombinedOutput(); err != nil || len(out) != 0 {
		t.Errorf("listing gave %q and %v", out, err)
	}
	if err := demo.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if n, _ := pipe.Read(b); n != 0 { // nothing more comes, then its end
		t.Errorf("it also printed %q", b[:n])
	}
	var exit *exec.ExitError
	if err := demo.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 130 {
		t.Errorf("it ended with %v, want status 130", err)
	}
}

// TestReaderGone: as in a pipeline that ends in head(1), nothing is said and nothing fails.
func TestReaderGone(t *testing.T) {
	server := pop3server.New(pop3server.WithUser("joe", "secret", pop3server.NewGenerated(5000, pop3server.Uniform{Size: 1000})))
	defer func() { _ = server.Close() }()
	addr, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", `popmark list "$0" --json --no-state | head -n 1`, "pop3://joe@"+addr.String())
	cmd.Env = append(cmd.Environ(), "POPMARK_PASSWORD=secret")
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil || strings.Count(out.String(), "\n") != 1 || stderr.Len() != 0 {
		t.Errorf("got %q, %q, %v", &out, &stderr, err)
	}
	full := exec.Command("/bin/sh", "-c", `popmark list "$0" --json --no-state > /dev/full`, "pop3://joe@"+addr.String())
	full.Env = cmd.Env
	said, err := full.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 74 || !strings.HasPrefix(string(said), "popmark: writing to standard output: ") {
		t.Errorf("on a full disk it said %q, %v", said, err)
	}
}
