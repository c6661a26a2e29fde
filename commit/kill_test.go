package commit

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"popmark/pop3server"
)

// program builds popmark once for a test.
func program(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "popmark")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "popmark").CombinedOutput(); err != nil {
		t.Fatalf("building popmark: %v\n%s", err, out)
	}
	return bin
}

// popmark is a run of the whole program on a rig: uid-1 is deleted, uid-2 fetched, uid-3 and uid-4 moved.
func (r *rig) popmark(bin, state string) *exec.Cmd {
	cmd := exec.CommandContext(r.t.Context(), bin, "commit", fmt.Sprintf("pop3://ann@%s", r.addr),
		"--json", "--state-dir", state, "--to", "maildir:"+r.path, "--retries", "0", "--auth", "user",
		"--delete", "uid:uid-1", "--fetch", "uid:uid-2", "--move", "uid:uid-3", "--move", "uid:uid-4")
	cmd.Env = append(os.Environ(), "POPMARK_PASSWORD=secret")
	cmd.Stderr = new(bytes.Buffer)
	return cmd
}

// killed starts the program; what hook returns is asked for at each command, and
// may kill it.
func (r *rig) killed(bin, state string, hook func(kill func()) pop3server.Hook) {
	r.t.Helper()
	cmd := r.popmark(bin, state)
	started, ended := make(chan struct{}), make(chan struct{})
	kill := func() {
		<-started
		_ = cmd.Process.Kill() // it may have ended already
		<-ended
	}
	r.server.SetHooks(hook(kill))
	must(r.t, cmd.Start())
	close(started)
	err := cmd.Wait()
	close(ended)
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		r.t.Fatal(err)
	}
}

// finished runs the same again, undisturbed, and looks at the end.
func (r *rig) finished(bin, state string) {
	r.t.Helper()
	for _, n := range r.copies() {
		if n != 2 && n != 3 && n != 4 {
			r.t.Errorf("message %d is fetched", n)
		}
	}
	r.server.SetHooks()
	cmd := r.popmark(bin, state)
	if out, err := cmd.Output(); err != nil {
		r.t.Errorf("again: %v: %s%s", err, out, cmd.Stderr)
	}
	r.expect([]int{2, 3, 4}, "uid-2", "uid-5")
}

func TestP5_SIGKILLAtEveryCommand(t *testing.T) {
	bin := program(t)
	played := 0
	for _, execute := range []bool{false, true} {
		for k := 1; ; k++ {
			r := newRig(t, 5)
			state := t.TempDir()
			var struck atomic.Bool
			r.killed(bin, state, func(kill func()) pop3server.Hook {
				return pop3server.On("*").Nth(k).Do(func(*pop3server.Event) pop3server.Action {
					struck.Store(true)
					kill()
					return pop3server.Action{Skip: !execute, Then: pop3server.Close}
				})
			})
			r.finished(bin, state)
			if !struck.Load() || t.Failed() {
				break
			}
			played++
		}
	}
	t.Logf("killed at %d commands", played)
}

// TestP5_TheProgramIsCutAfterEveryOctet cuts the whole program's line after each octet of its
// session, and runs it again. It takes some of them, and more where told to be exhaustive, since each is two
// processes: of the commit alone TestP5_CutAfterEveryOctet takes all.
func TestP5_TheProgramIsCutAfterEveryOctet(t *testing.T) {
	bin := program(t)
	step := int64(61)
	if *exhaustive > 0 {
		step = 7
	}
	played := 0
	for octet := int64(0); !t.Failed(); octet += step {
		r := newRig(t, 5, pop3server.WithHooks(pop3server.InSession(1, pop3server.CutAt(octet, pop3server.Close))))
		state := t.TempDir()
		played++
		if r.popmark(bin, state).Run() == nil && r.server.Sessions() == 1 {
			break // the cut came after the end of the session
		}
		if r.finished(bin, state); t.Failed() {
			t.Errorf("cut after octet %d", octet)
		}
	}
	t.Logf("%d cuts", played)
}

func TestP5_SIGKILLWhileTheDiskWorks(t *testing.T) {
	bin := program(t)
	for _, verb := range []string{"RETR", "DELE", "QUIT"} {
		for _, after := range []time.Duration{0, time.Millisecond, 4 * time.Millisecond} {
			for nth := 1; nth <= 3; nth++ {
				r := newRig(t, 5)
				state := t.TempDir()
				done := make(chan struct{})
				r.killed(bin, state, func(kill func()) pop3server.Hook {
					return pop3server.On(verb).Nth(nth).Do(func(*pop3server.Event) pop3server.Action {
						time.AfterFunc(after, func() { kill(); close(done) })
						return pop3server.Action{}
					})
				})
				if slices.ContainsFunc(r.server.Commands(), func(line string) bool { return strings.HasPrefix(line, verb) }) && (verb != "QUIT" || nth == 1) {
					<-done
				}
				r.finished(bin, state)
				if t.Failed() {
					t.Fatalf("killed %v after the %d. %s", after, nth, verb)
				}
			}
		}
	}
}
