package servers

import (
	"os"
	"testing"
)

// courierSetup starts the authentication library's daemon, with a user database that
// knows the secret for CRAM-MD5 beside the system's passwords.
const courierSetup = `
id courier >/dev/null 2>&1 || useradd --system --user-group courier
mkdir -p /run/courier/authdaemon
chown courier:courier /run/courier /run/courier/authdaemon
sed -i 's/^authmodulelist=.*/authmodulelist="authuserdb authpam"/' /etc/courier/authdaemonrc
touch /etc/courier/userdb
chmod 700 /etc/courier/userdb
userdb user set "uid=$(id -u user)" "gid=$(id -g user)" home=/home/user
password="$(cat /etc/courier/password)"
printf '%s\n%s\n' "$password" "$password" | userdbpw -hmac-md5 | userdb user set hmac-md5pw
printf '%s\n%s\n' "$password" "$password" | userdbpw -md5 | userdb user set systempw
makeuserdb
chown courier:courier /etc/courier/test.pem
authdaemond start
`

// courierSession is what couriertcpd does for a connection, for a program in front of
// the login's.
const courierSession = `
set -a
prefix=/usr; exec_prefix=/usr; sbindir=/usr/sbin; bindir=/usr/bin; libexecdir=/usr/lib/courier
. /etc/courier/pop3d
. /etc/courier/pop3d-ssl
POP3AUTH="LOGIN PLAIN CRAM-MD5"
POP3AUTH_TLS="$POP3AUTH"
POP3_STARTTLS=YES
TLS_CERTFILE=/etc/courier/test.pem
TLS_CACHEFILE=
TCPLOCALIP=127.0.0.1; TCPLOCALPORT=110; TCPREMOTEIP=127.0.0.1; TCPREMOTEPORT=1024
exec "$@" /usr/lib/courier/courier/courierpop3login /usr/lib/courier/courier/courierpop3d Maildir
`

// startCourier starts Courier's pop3d, which lives by a chain of programs: TLS, the
// login, the authentication library's daemon, and the server itself.
func startCourier(t testing.TB, set settings) *Server {
	t.Helper()
	b := newSandbox(t, Courier)
	uid, gid := b.owner(t)
	certs := issue(t, t.TempDir(), set.cert)
	var pem []byte
	for _, name := range []string{certs.key, certs.cert} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		pem = append(pem, text...)
	}
	for name, text := range map[string][]byte{"test.pem": pem, "password": []byte(password)} {
		if err := os.WriteFile(b.root+"/etc/courier/"+name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b.run(t, courierSetup)
	session := []string{"/bin/sh", "-c", courierSession, "session"}
	return &Server{
		Kind: Courier, User: "user", Password: password, CA: certs.ca,
		Addr:    b.serve(t, session...),
		TLSAddr: b.serve(t, append(session, "/usr/bin/couriertls", "-server", "-tcpd")...),
		drop:    newMaildirDrop(t, b.root+"/home/user/Maildir", uid, gid), stop: b.stop,
	}
}
