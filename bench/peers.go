package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/creack/pty"
)

// A peer is another program that does a part of popmark's work.
type peer struct {
	name string
	// command makes ready to run program in dir, an empty folder, against a server.
	command func(program, dir, host, port string) (command, error)
	// screen is true for programs that want a terminal.
	screen bool
}

func mpop(keep string) peer {
	return peer{name: "mpop", command: func(program, dir, host, port string) (command, error) {
		maildir := filepath.Join(dir, "Maildir")
		for _, sub := range []string{"cur", "new", "tmp"} {
			if err := os.MkdirAll(filepath.Join(maildir, sub), 0o700); err != nil {
				return command{}, err
			}
		}
		return configured(dir, "account bench\nhost {host}\nport {port}\nuser {user}\npassword {password}\nauth user\ntls off\n"+
			"pipelining on\nkeep "+keep+"\nuidls_file {dir}/uidls\ndelivery maildir "+maildir+"\n", host, port,
			program, "--file={dir}/config", "--quiet", "bench")
	}}
}

var fetchmail = peer{name: "fetchmail", command: func(program, dir, host, port string) (command, error) {
	return configured(dir, "poll {host} service {port} protocol POP3 uidl auth password\n"+
		" username {user} password {password} sslproto '' keep fetchall mda \"cat >/dev/null\"\n", host, port,
		program, "-f", "{dir}/config", "--idfile", "{dir}/ids", "--pidfile", "{dir}/pid", "--silent", "--nosyslog")
}}

var getmail = peer{name: "getmail", command: func(program, dir, host, port string) (command, error) {
	for _, sub := range []string{"cur", "new", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, "Maildir", sub), 0o700); err != nil {
			return command{}, err
		}
	}
	return configured(dir, "[retriever]\ntype = SimplePOP3Retriever\nserver = {host}\nport = {port}\nusername = {user}\npassword = {password}\n"+
		"[destination]\ntype = Maildir\npath = {dir}/Maildir/\n[options]\nread_all = true\ndelete = false\nverbose = 0\n", host, port,
		program, "--getmaildir={dir}", "--rcfile={dir}/config")
}}

func mutt(name string) peer {
	return peer{name: name, screen: true, command: func(program, dir, host, port string) (command, error) {
		return configured(dir, "set folder={dir}\nset ssl_starttls=no\nset ssl_force_tls=no\nset pop_authenticators=user\n"+
			"set pop_pass={password}\nset pop_delete=no\nset quit=yes\nset record=\n", host, port,
			program, "-n", "-F", "{dir}/config", "-f", "pop://{user}@{host}:{port}/", "-e", "push <quit>")
	}}
}

// configured writes a configuration and makes a command that reads it, the words in
// braces filled in.
func configured(dir, config, host, port string, args ...string) (command, error) {
	fill := strings.NewReplacer("{dir}", dir, "{host}", host, "{port}", port, "{user}", login, "{password}", password)
	for i := range args {
		args[i] = fill.Replace(args[i])
	}
	c := command{args: args, dir: dir}
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte(fill.Replace(config)), 0o600); err != nil {
		return c, fmt.Errorf("configuring %s: %w", filepath.Base(args[0]), err)
	}
	return c, nil
}

// runPeer runs a peer in a new folder. The error is exec.ErrNotFound where it is not installed.
func (b *bench) runPeer(ctx context.Context, p peer, addr string, limit time.Duration) (outcome, error) {
	program, err := exec.LookPath(p.name)
	if err != nil {
		return outcome{}, err
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return outcome{}, err
	}
	dir, done, err := b.folder(p.name)
	if err != nil {
		return outcome{}, err
	}
	defer done()
	c, err := p.command(program, dir, host, port)
	if err != nil {
		return outcome{}, err
	}
	c.limit = limit
	if p.screen {
		return runOnScreen(ctx, c)
	}
	return run(ctx, c)
}

// runOnScreen is run with a terminal.
func runOnScreen(ctx context.Context, c command) (outcome, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.limit, errTooLong)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, "LANG=C.UTF-8", "TERM=xterm"}
	shown := &tail{}
	began := time.Now()
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: 120})
	if err != nil {
		return outcome{}, fmt.Errorf("starting %s: %w", c.args[0], err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		buf := make([]byte, 16<<10)
		for {
			n, err := f.Read(buf)
			_, _ = shown.Write(buf[:n])
			if err != nil {
				return
			}
		}
	}()
	err = cmd.Wait()
	o := outcome{whole: time.Since(began), peak: peakMemory(cmd.ProcessState)}
	_ = f.Close() // the reader ends then, if it has not
	<-read
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return o, fmt.Errorf("%s: %w: %q", filepath.Base(c.args[0]), err, shown)
	}
	return o, nil
}
