package servers

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

func lf(message string) string   { return strings.ReplaceAll(message, "\r\n", "\n") }
func crlf(message string) string { return strings.ReplaceAll(message, "\n", "\r\n") }

// maildirDrop is a Maildir as the servers' maildrop.
type maildirDrop struct {
	dir      string
	uid, gid int
	serial   atomic.Int64
}

func newMaildirDrop(t testing.TB, dir string, uid, gid int) *maildirDrop {
	t.Helper()
	for _, sub := range []string{"", "tmp", "new", "cur"} {
		path := filepath.Join(dir, sub)
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
		chown(t, path, uid, gid)
	}
	return &maildirDrop{dir: dir, uid: uid, gid: gid}
}

// chown gives a file to a user, where this process may do that.
func chown(t testing.TB, path string, uid, gid int) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	if err := os.Chown(path, uid, gid); err != nil {
		t.Fatal(err)
	}
}

func (d *maildirDrop) deliver(t testing.TB, messages []string) {
	t.Helper()
	for _, m := range messages {
		// Servers number messages in the order of these names.
		name := fmt.Sprintf("%d.M%06dP1.popmark", 1_700_000_000+d.serial.Add(1), d.serial.Load())
		tmp := filepath.Join(d.dir, "tmp", name)
		if err := os.WriteFile(tmp, []byte(lf(m)), 0o600); err != nil {
			t.Fatal(err)
		}
		chown(t, tmp, d.uid, d.gid)
		if err := os.Rename(tmp, filepath.Join(d.dir, "new", name)); err != nil {
			t.Fatal(err)
		}
	}
}

func (d *maildirDrop) messages(t testing.TB) []string {
	t.Helper()
	found := map[string]string{}
	for _, sub := range []string{"new", "cur"} {
		list, err := os.ReadDir(filepath.Join(d.dir, sub))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			b, err := os.ReadFile(filepath.Join(d.dir, sub, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			found[e.Name()] = crlf(string(b))
		}
	}
	var names, all []string
	for name := range found {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		all = append(all, found[name])
	}
	return all
}

// mboxDrop is an mbox file as the servers' maildrop.
type mboxDrop struct {
	path     string
	uid, gid int
}

func (d *mboxDrop) deliver(t testing.TB, messages []string) {
	t.Helper()
	f, err := os.OpenFile(d.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range messages {
		text := strings.ReplaceAll("\n"+lf(m), "\nFrom ", "\n>From ")[1:]
		_, werr := fmt.Fprintf(f, "From sender@example.org Thu Jan  1 00:00:%02d 1970\n%s\n", i%60, text)
		err = errors.Join(err, werr)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	chown(t, d.path, d.uid, d.gid)
}

func (d *mboxDrop) messages(t testing.TB) []string {
	t.Helper()
	b, err := os.ReadFile(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for part := range strings.SplitSeq("\n"+string(b), "\nFrom ") {
		if _, text, ok := strings.Cut(part, "\n"); ok && text != "" {
			all = append(all, Plain(crlf(text)))
		}
	}
	return all
}

// serverFields are the headers that servers add to messages in an mbox.
var serverFields = []string{"X-UIDL:", "X-UID:", "Status:", "X-Status:", "X-IMAPbase:", "Content-Length:", "X-Keywords:"}

// Plain is a message, with CRLF line ends, without what servers add to it in an mbox:
// header fields of their own, and the empty line between two messages.
func Plain(message string) string {
	head, body, _ := strings.Cut(message, "\r\n\r\n")
	lines := slices.DeleteFunc(strings.Split(head, "\r\n"), func(line string) bool {
		return slices.ContainsFunc(serverFields, func(f string) bool { return strings.HasPrefix(line, f) })
	})
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + strings.TrimRight(body, "\r\n") + "\r\n"
}
