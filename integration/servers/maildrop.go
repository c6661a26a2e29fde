package servers

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
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

// messages reads again where a file went away in between: the server may be moving it from
// new to cur, giving it flags, or carrying out a deletion whose QUIT it has answered already.
func (d *maildirDrop) messages(t testing.TB) []string {
	t.Helper()
	for range 100 {
		found, err := d.read()
		if err == nil {
			var all []string
			for _, name := range slices.Sorted(maps.Keys(found)) {
				all = append(all, found[name])
			}
			return all
		}
		if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	t.Fatalf("%s does not come to rest", d.dir)
	return nil
}

// read gives the messages by their unique names, which stay when flags are added.
func (d *maildirDrop) read() (map[string]string, error) {
	found := map[string]string{}
	for _, sub := range []string{"new", "cur"} {
		list, err := os.ReadDir(filepath.Join(d.dir, sub))
		if err != nil {
			return nil, err
		}
		for _, e := range list {
			b, err := os.ReadFile(filepath.Join(d.dir, sub, e.Name()))
			if err != nil {
				return nil, err
			}
			unique, _, _ := strings.Cut(e.Name(), ":")
			found[unique] = crlf(string(b))
		}
	}
	return found, nil
}

// mboxDrop is an mbox file as the servers' maildrop.
type mboxDrop struct {
	path     string
	uid, gid int
	idle     func(t testing.TB) // waits until no session is left
}

func (d *mboxDrop) deliver(t testing.TB, messages []string) {
	t.Helper()
	d.idle(t)
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
