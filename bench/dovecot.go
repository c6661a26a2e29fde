package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// dovecotConfig is for Dovecot 2.3: one user, a Maildir, no TLS. {other} marks lines for
// a Dovecot that is not started by root.
const dovecotConfig = `protocols = pop3
listen = 127.0.0.1
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{dir}/mail
first_valid_uid = 1
first_valid_gid = 1
passdb {
  driver = static
  args = password={password}
}
userdb {
  driver = static
  args = uid={uid} gid={gid} home={dir}/mail
}
service pop3-login {
  inet_listener pop3 {
    port = {port}
  }
  inet_listener pop3s {
    port = 0
  }
  {other}chroot =
}
{other}service anvil {
{other}  chroot =
{other}}
{other}default_internal_user = {user}
{other}default_login_user = {user}
`

// startDovecot serves a folder's messages with a Dovecot of its own. stop ends it.
func startDovecot(ctx context.Context, program, dir string, messages int, size int64) (addr string, stop func() error, err error) {
	who, err := user.Current()
	if err != nil {
		return "", nil, fmt.Errorf("configuring Dovecot: %w", err)
	}
	uid, gid, other := who.Uid, who.Gid, ""
	if uid == "0" { // it serves nobody's mail as root
		uid, gid, other = "65534", "65534", "#"
	}
	if err := fillMaildir(filepath.Join(dir, "mail"), messages, size, uid, gid); err != nil {
		return "", nil, fmt.Errorf("filling Dovecot's Maildir: %w", err)
	}
	port, err := freePort()
	if err != nil {
		return "", nil, fmt.Errorf("configuring Dovecot: %w", err)
	}
	config := strings.NewReplacer("{dir}", dir, "{password}", password, "{port}", port, "{user}", who.Username,
		"{uid}", uid, "{gid}", gid, "{other}", other).Replace(dovecotConfig)
	file := filepath.Join(dir, "dovecot.conf")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		return "", nil, fmt.Errorf("configuring Dovecot: %w", err)
	}
	complaint := &tail{}
	cmd := exec.CommandContext(ctx, program, "-F", "-c", file)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	cmd.Stderr = complaint
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("starting Dovecot: %w", err)
	}
	stop = func() error {
		return errors.Join(cmd.Process.Signal(os.Interrupt), cmd.Wait())
	}
	addr = net.JoinHostPort("127.0.0.1", port)
	if err := untilGreeted(ctx, addr); err != nil {
		_ = stop() // why it did not start is more
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		_, _ = complaint.Write(log)
		return "", nil, fmt.Errorf("starting Dovecot: %w: %s", err, complaint)
	}
	return addr, stop, nil
}

func untilGreeted(ctx context.Context, addr string) error {
	var dialer net.Dialer
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := dialer.DialContext(ctx, "tcp", addr)
		if err == nil {
			_ = conn.SetDeadline(deadline) // without it the read waits longer
			_, err = conn.Read(make([]byte, 1))
			_ = conn.Close() // it was only a knock
		}
		if err == nil || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
	}
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}

// fillMaildir writes the same messages that pop3server makes up. The names tell
// Dovecot the sizes, as a delivery agent of its own would.
func fillMaildir(dir string, messages int, size int64, uid, gid string) error {
	for _, sub := range []string{"cur", "new", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return err
		}
	}
	c := corpus{size: size}
	for n := 1; n <= messages; n++ {
		r, err := c.Open(n)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		stored := strings.ReplaceAll(string(text), "\r\n", "\n")
		name := fmt.Sprintf("%d.M%dP1.bench,S=%d,W=%d:2,", 1_750_000_000+n, n, len(stored), len(text))
		if err := os.WriteFile(filepath.Join(dir, "cur", name), []byte(stored), 0o600); err != nil {
			return err
		}
	}
	return giveAway(dir, uid, gid)
}

// giveAway makes a folder and all in it somebody else's, where that is not so already.
func giveAway(dir, uid, gid string) error {
	if uid == strconv.Itoa(os.Getuid()) {
		return nil
	}
	u, err := strconv.Atoi(uid)
	if err != nil {
		return err
	}
	g, err := strconv.Atoi(gid)
	if err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, u, g))
	})
}
