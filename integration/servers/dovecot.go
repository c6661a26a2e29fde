package servers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// tokenKey signs the OAuth2 tokens that the test's Dovecot accepts.
const tokenKey = "a key that only tests know, 32 octets or more"

// dovecotConf is filled with the folder, the addresses and the users.
const dovecotConf = `
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/log
auth_debug = yes
protocols = pop3
listen = 127.0.0.1
mail_location = maildir:~/Maildir
first_valid_uid = 1
first_valid_gid = 1
default_internal_user = {internal}
default_internal_group = {internalgroup}
default_login_user = {login}
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 apop xoauth2 oauthbearer
auth_failure_delay = 0
login_trusted_networks =
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
ssl_min_protocol = TLSv1.2
pop3_lock_session = {lock}
pop3_no_flag_updates = yes
service pop3-login {
  chroot =
  inet_listener pop3 {
    port = {port}
  }
  inet_listener pop3s {
    port = {tlsport}
    ssl = yes
  }
}
service anvil {
  chroot =
  # Without it, who failed once waits longer for the next answer.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {dir}/oauth2.conf
}
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {dir}/passwd
}
userdb {
  driver = passwd-file
  args = username_format=%u {dir}/passwd
}
`

const oauth2Conf = `
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={dir}/keys/
username_attribute = sub
`

// startDovecot starts Dovecot with a configuration of its own, as root with the
// package's users, else with the user's own.
func startDovecot(t testing.TB, set settings) *Server {
	t.Helper()
	program := Tool(t, "dovecot", "install the package dovecot-pop3d")
	if _, err := os.Stat("/usr/lib/dovecot/pop3"); err != nil {
		Missing(t, "Dovecot's POP3 part is not installed", "install the package dovecot-pop3d")
	}
	// A socket's path must be short, shorter than many test's names.
	dir, err := os.MkdirTemp("", "dovecot")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // in the folder for temporary files anyway
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := &Server{
		Kind: Dovecot, Addr: freePort(t), TLSAddr: freePort(t), User: "user", Password: "right password",
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	group, err := user.LookupGroupId(me.Gid)
	if err != nil {
		t.Fatal(err)
	}
	uid, gid := os.Getuid(), os.Getgid()
	internal, internalGroup, login := me.Username, group.Name, me.Username
	if uid == 0 {
		uid, gid = 65534, 65534
		internal, internalGroup, login = "dovecot", "dovecot", "dovenull"
	}
	home := filepath.Join(dir, "home")
	certs := issue(t, dir, set.cert)
	s.CA = certs.ca
	_, port, _ := net.SplitHostPort(s.Addr)
	_, tlsPort, _ := net.SplitHostPort(s.TLSAddr)
	fill := strings.NewReplacer(
		"{dir}", dir, "{internal}", internal, "{internalgroup}", internalGroup, "{login}", login,
		"{cert}", certs.cert, "{key}", certs.key, "{port}", port, "{tlsport}", tlsPort,
		"{lock}", map[bool]string{true: "yes", false: "no"}[set.lock],
	)
	for name, text := range map[string]string{
		"dovecot.conf": fill.Replace(dovecotConf),
		"oauth2.conf":  fill.Replace(oauth2Conf),
		"passwd":       fmt.Sprintf("%s:{PLAIN}%s:%d:%d::%s::\n", s.User, s.Password, uid, gid, home),
		// Where it is asked for: by the token's client, algorithm and key.
		"keys/default/HS256/default": base64.StdEncoding.EncodeToString([]byte(tokenKey)),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	chown(t, home, uid, gid)
	s.drop = newMaildirDrop(t, filepath.Join(home, "Maildir"), uid, gid)
	s.token = newToken
	s.restart = func(t testing.TB) { s.runDovecot(t, program, dir) }
	s.runDovecot(t, program, dir)
	t.Cleanup(func() {
		if text, err := os.ReadFile(filepath.Join(dir, "log")); err == nil && t.Failed() {
			t.Logf("Dovecot's log:\n%s", text)
		}
	})
	return s
}

func (s *Server) runDovecot(t testing.TB, program, dir string) {
	t.Helper()
	cmd := exec.Command(program, "-F", "-c", filepath.Join(dir, "dovecot.conf"))
	out := &output{}
	cmd.Stdout, cmd.Stderr = out, out
	// Its processes end with it, as one group.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		// Killed, it ends with an error, which says nothing.
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Dovecot said: %s", out)
		}
	})
	s.stop = func() {
		// The group may be gone already.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
		_ = os.Remove(filepath.Join(dir, "run", "master.pid"))
	}
}

// newToken makes a JSON Web Token (RFC 7519) for a user.
func newToken(t testing.TB, user string, expires time.Time) string {
	t.Helper()
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	signed := part(map[string]string{"alg": "HS256", "typ": "JWT"}) + "." + part(map[string]any{
		"sub": user, "iat": time.Now().Add(-time.Minute).Unix(), "exp": expires.Unix(),
	})
	mac := hmac.New(sha256.New, []byte(tokenKey))
	_, _ = mac.Write([]byte(signed)) // a hash never fails
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
