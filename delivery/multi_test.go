package delivery

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMultiKeepsAnEarlierCopyOnlyOfTheSameOctets(t *testing.T) {
	const text = "Subject: x\r\n\r\nthe text\r\n"
	for _, c := range []struct {
		name, again string
		damage      func(*Receipt)
		copies      int
	}{
		{"the same message", text, func(*Receipt) {}, 1},
		{"the same header, another text", "Subject: x\r\n\r\nthe test\r\n", func(*Receipt) {}, 2},
		{"longer", text + "more\r\n", func(*Receipt) {}, 2},
		{"no hash is known", text, func(r *Receipt) { r.SHA256 = [32]byte{} }, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			first, fail := filepath.Join(dir, "Mail"), filepath.Join(dir, "fail")
			dest := Multi(NewMaildir(OS(), first), NewPipe("cat > "+dir+"/piped; test ! -e "+fail), NewMbox(OS(), filepath.Join(dir, "box")))
			if err := dest.Prepare(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(fail, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			_, partial, err := deliver(t.Context(), dest, Meta{}, text, 9)
			if !errors.Is(err, ErrRejected) {
				t.Fatalf("error %v", err)
			}
			if err := os.Remove(fail); err != nil {
				t.Fatal(err)
			}
			c.damage(&partial)
			planned, whole, err := deliver(t.Context(), dest, Meta{Prior: &partial}, c.again, 9)
			if err != nil || !dest.Find(t.Context(), whole) {
				t.Fatalf("not found once all have it: %v", err)
			}
			if planned.SHA256 != whole.SHA256 || planned.Octets != int64(len(c.again)) || !strings.HasPrefix(whole.Path, first+"/new/") {
				t.Errorf("planned %+v, got %+v", planned, whole)
			}
			if got := readFile(t, whole.Path); got != lf(c.again) {
				t.Errorf("the receipt leads to %q", got)
			}
			if got := readFile(t, dir+"/piped"); got != lf(c.again) {
				t.Errorf("the command got %q", got)
			}
			if got := names(t, filepath.Join(first, "new")); len(got) != c.copies {
				t.Errorf("the Maildir has %d messages, want %d", len(got), c.copies)
			}
			if err := dest.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestMultiDeliversOnceToWhatIsTheSamePlace(t *testing.T) {
	dir := t.TempDir()
	for link, target := range map[string]string{"link": "real", "self": "self", "up": "sub/../real"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, sub := range []string{"real", "sub"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		to   []string
		want string
	}{
		{"one", []string{"maildir:D/real"}, "maildir:D/real"},
		{"twice", []string{"maildir:D/real", "maildir:D/real/"}, "maildir:D/real"},
		{"through a link", []string{"maildir:D/real", "maildir:D/link", "maildir:D/up/"}, "maildir:D/real"},
		{"below a link", []string{"mbox:D/link/new/box", "mbox:D/real/new/box"}, "mbox:D/link/new/box"},
		{"in different forms", []string{"maildir:D/real", "eml:D/link"}, "eml:D/link, maildir:D/real"},
		{"a command", []string{"pipe:cat", "pipe: cat", "pipe:tac"}, "pipe:cat, pipe:tac"},
		{"a link that leads nowhere", []string{"eml:D/self", "eml:D/self", "eml:D/real"}, "eml:D/real, eml:D/self"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dests := make([]Destination, len(c.to))
			for i, s := range c.to {
				var err error
				if dests[i], err = Parse(strings.ReplaceAll(s, "D", dir)); err != nil {
					t.Fatal(err)
				}
			}
			if got := strings.ReplaceAll(Multi(dests...).String(), dir, "D"); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}
