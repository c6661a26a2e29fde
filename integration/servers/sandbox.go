package servers

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// sandboxScript lays the packages over a copy of the root file system that only the
// processes in this mount namespace see, kept in memory, and waits in it.
const sandboxScript = `
set -eu
top=$1; packages=$2
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$top"
mkdir "$top/upper" "$top/work" "$top/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$top/upper,workdir=$top/work" "$top/root"
mount --rbind /dev "$top/root/dev"
mount -t proc proc "$top/root/proc"
for package in "$packages"/*.deb; do
	dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C "$top/root"
done
exec chroot "$top/root" /bin/sh -c '
set -eu
ldconfig
rm -f /var/mail/user
useradd --create-home --home-dir /home/user --shell /bin/sh user
echo "user:$0" | chpasswd -c SHA256
echo ready
exec cat >/dev/null
' "$3"
`

// sandbox is a system of its own with a server's packages and a user in it.
type sandbox struct {
	pid  int    // a process in it
	root string // its root, as it is seen from outside
	out  *output

	cmd   *exec.Cmd
	mu    sync.Mutex
	conns map[*exec.Cmd]net.Conn
	under sync.WaitGroup
	ls    []net.Listener
}

const password = "right password"

func newSandbox(t testing.TB, kind Kind) *sandbox {
	t.Helper()
	if os.Geteuid() != 0 {
		Missing(t, string(kind)+" needs a mount namespace", "run the test as root")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	packages := filepath.Join(cache, "popmark", "servers", string(kind))
	if _, err := os.Stat(filepath.Join(packages, "complete")); err != nil {
		Missing(t, string(kind)+" is not in "+packages, "run .ci/servers")
	}
	unshare := Tool(t, "unshare", "install the package util-linux")
	b := &sandbox{out: &output{}, conns: map[*exec.Cmd]net.Conn{}}
	b.cmd = exec.Command(unshare, "--mount", "--pid", "--fork", "--kill-child",
		"bash", "-c", sandboxScript, "sandbox", t.TempDir(), packages, password)
	b.cmd.Stderr = b.out
	// While the test lives this pipe is open, and with its end the sandbox's first
	// process ends, and every other with that.
	if _, err := b.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := b.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s said: %s", kind, b.out)
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || line != "ready\n" {
		b.stop()
		t.Fatalf("laying out %s: %q, %v: %s", kind, line, err, b.out)
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", b.cmd.Process.Pid))
	if err != nil {
		b.stop()
		t.Fatal(err)
	}
	if b.pid, err = strconv.Atoi(strings.TrimSpace(string(children))); err != nil {
		b.stop()
		t.Fatal(err)
	}
	b.root = fmt.Sprintf("/proc/%d/root", b.pid)
	return b
}

// command is a program to be run in the sandbox.
func (b *sandbox) command(argv ...string) *exec.Cmd {
	pid := strconv.Itoa(b.pid)
	cmd := exec.Command("nsenter", append([]string{"--target", pid, "--mount", "--pid", "--root", "--wd"}, argv...)...)
	cmd.Stderr = b.out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// run runs a shell script in the sandbox.
func (b *sandbox) run(t testing.TB, script string) {
	t.Helper()
	cmd := b.command("/bin/sh", "-euc", script)
	cmd.Stdout = b.out
	if err := cmd.Run(); err != nil {
		t.Fatalf("in the sandbox: %s: %v: %s", script, err, b.out)
	}
}

// owner is the sandbox's user.
func (b *sandbox) owner(t testing.TB) (uid, gid int) {
	t.Helper()
	fi, err := os.Stat(b.root + "/home/user")
	if err != nil {
		t.Fatal(err)
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		t.Fatal("no owner is known")
	}
	return int(st.Uid), int(st.Gid)
}

// serve listens on loopback and gives each connection to a program of its own as
// standard input and output, as inetd does.
func (b *sandbox) serve(t testing.TB, argv ...string) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.ls = append(b.ls, l)
	b.under.Go(func() {
		for {
			conn, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				b.session(conn, argv)
			}
		}
	})
	return l.Addr().String()
}

func (b *sandbox) session(conn net.Conn, argv []string) {
	socket, err := conn.(*net.TCPConn).File()
	if err != nil {
		_ = conn.Close()
		return
	}
	cmd := b.command(argv...)
	cmd.Stdin, cmd.Stdout = socket, socket
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.conns == nil || cmd.Start() != nil {
		_, _ = socket.Close(), conn.Close()
		return
	}
	// From here on the program alone has the connection.
	_, _ = socket.Close(), conn.Close()
	b.conns[cmd] = conn
	b.under.Go(func() {
		_ = cmd.Wait() // how a session ended shows on the connection
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.conns, cmd)
	})
}

// idle waits until no session is left that serve began. One that has answered QUIT may
// still be writing its mbox.
func (b *sandbox) idle(t testing.TB) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		b.mu.Lock()
		left := len(b.conns)
		b.mu.Unlock()
		if left == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d sessions are open, and an mbox is not written to beside them", left)
		}
	}
}

// stop ends everything in the sandbox, which then vanishes.
func (b *sandbox) stop() {
	for _, l := range b.ls {
		_ = l.Close() // it may have been closed before
	}
	b.mu.Lock()
	for cmd := range b.conns {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may have ended
	}
	b.conns = nil
	b.mu.Unlock()
	_ = b.cmd.Process.Kill() // it may have ended
	_ = b.cmd.Wait()         // killed, it always has an error
	b.under.Wait()
}
