package delivery

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseGivesTheCanonicalForm(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("HOME", "/home/me")
	for in, want := range map[string]string{
		"maildir:/a/b":       "maildir:/a/b",
		"maildir:/a//b/../c": "maildir:/a/c",
		"Maildir:Mail":       "maildir:" + filepath.Join(dir, "Mail"),
		"mbox:~/box":         "mbox:/home/me/box",
		"eml:~":              "eml:/home/me",
		"eml:/with space:x":  "eml:/with space:x",
		"pipe: procmail -f ": "pipe:procmail -f",
	} {
		d, err := Parse(in)
		if err != nil {
			t.Errorf("%q: %v", in, err)
			continue
		}
		if d.String() != want {
			t.Errorf("%q: %q, want %q", in, d, want)
		}
		again, err := Parse(d.String())
		if err != nil || again.String() != want {
			t.Errorf("%q: its canonical form is read as %v, %v", in, again, err)
		}
	}
}

func TestParseSaysWhatToWriteInstead(t *testing.T) {
	for in, want := range map[string]string{
		"":               "maildir:PATH, mbox:PATH, eml:DIR or pipe:COMMAND",
		"/home/me/Mail":  "maildir:/home/me/Mail",
		"imap:x":         "maildir:PATH",
		"maildir:":       "names no place",
		"pipe:  ":        "names no place",
		"mbox:a\x1b[31m": "control characters",
		"pipe:a\x00b":    "NUL",
	} {
		_, err := Parse(in)
		if err == nil || !strings.Contains(err.Error(), want) || strings.ContainsAny(err.Error(), "\n\x1b\x00") {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestMultiIsSafeOnlyWhenAllAre(t *testing.T) {
	dir := t.TempDir()
	good := NewMaildir(OS(), filepath.Join(dir, "Mail"))
	fail := filepath.Join(dir, "fail")
	dest := Multi(good, NewPipe("test ! -e "+fail))
	if err := dest.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(fail, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	text := sample(1, 100)
	_, partial, err := deliver(t.Context(), dest, Meta{}, text, 9)
	if !errors.Is(err, ErrRejected) {
		t.Fatalf("error %v", err)
	}
	if dest.Find(t.Context(), partial) {
		t.Error("found though one destination refused it")
	}
	if err := os.Remove(fail); err != nil {
		t.Fatal(err)
	}
	_, whole, err := deliver(t.Context(), dest, Meta{Prior: &partial}, text, 9)
	if err != nil {
		t.Fatal(err)
	}
	if !dest.Find(t.Context(), whole) {
		t.Error("not found once all have it")
	}
	if got := names(t, filepath.Join(dir, "Mail", "new")); len(got) != 1 {
		t.Errorf("the Maildir has it %d times", len(got))
	}
	if whole.Octets != int64(len(text)) {
		t.Errorf("octets %d", whole.Octets)
	}
	if Multi(NewPipe("true"), NewPipe("cat")).Find(t.Context(), Receipt{Name: pipeDone + separator + pipeDone}) {
		t.Error("found where nobody can look")
	}
	// Asked for again although all have it, it is delivered again.
	if _, _, err := deliver(t.Context(), dest, Meta{Prior: &whole}, text, 9); err != nil {
		t.Fatal(err)
	}
	if got := names(t, filepath.Join(dir, "Mail", "new")); len(got) != 2 {
		t.Errorf("the Maildir has it %d times", len(got))
	}
	if err := dest.Close(); err != nil {
		t.Error(err)
	}
}

func TestMultiOfNoneRefuses(t *testing.T) {
	if _, err := Multi().Begin(t.Context(), Meta{}); !errors.Is(err, ErrCannotCreate) {
		t.Errorf("%v", err)
	}
}

func TestOnlyWhatIsNamedEverywhereCanBeFound(t *testing.T) {
	maildir := t.TempDir()
	for _, c := range []struct {
		to   Destination
		want bool
	}{
		{NewMaildir(OS(), maildir), true},
		{NewPipe("cat"), false},
		{Multi(NewMaildir(OS(), maildir), NewPipe("cat")), false},
		{Multi(NewMaildir(OS(), maildir), NewMaildir(OS(), t.TempDir())), true},
	} {
		if err := c.to.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		d, err := c.to.Begin(t.Context(), Meta{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Write([]byte("Subject: x\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		if got := d.Planned().Findable(); got != c.want {
			t.Errorf("%v: %v", c.to, got)
		}
		if err := d.Abort(); err != nil {
			t.Error(err)
		}
	}
}
