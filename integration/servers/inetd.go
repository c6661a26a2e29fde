package servers

import "testing"

// startPopa3d starts Openwall's popa3d: no CAPA, no TLS, bare answers, an mbox.
func startPopa3d(t testing.TB, _ settings) *Server {
	t.Helper()
	b := newSandbox(t, Popa3d)
	b.run(t, "id popa3d >/dev/null 2>&1 || useradd --system popa3d")
	return b.mboxServer(t, Popa3d, "/usr/sbin/popa3d")
}

// startSolid starts solid-pop3d: no CAPA, no TLS, an APOP timestamp that nobody has a
// secret for, an mbox.
func startSolid(t testing.TB, _ settings) *Server {
	t.Helper()
	b := newSandbox(t, Solid)
	b.run(t, "id spop3d >/dev/null 2>&1 || useradd --system --gid mail spop3d")
	return b.mboxServer(t, Solid, "/usr/sbin/solid-pop3d")
}

// startMailutils starts GNU Mailutils' pop3d, which writes its UIDLs into the mbox.
func startMailutils(t testing.TB, _ settings) *Server {
	t.Helper()
	b := newSandbox(t, Mailutils)
	return b.mboxServer(t, Mailutils, "/usr/sbin/pop3d", "--inetd")
}

// mboxServer is an inetd-style server on the sandbox's /var/mail/user.
func (b *sandbox) mboxServer(t testing.TB, kind Kind, argv ...string) *Server {
	t.Helper()
	uid, gid := b.owner(t)
	b.run(t, "install -o user -g mail -m 600 /dev/null /var/mail/user")
	return &Server{
		Kind: kind, Addr: b.serve(t, argv...), User: "user", Password: password,
		drop: &mboxDrop{path: b.root + "/var/mail/user", uid: uid, gid: gid, idle: b.idle}, stop: b.stop,
	}
}
