package delivery

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// picky is a file system that does not take every name.
type picky struct {
	FS
	refuse func(name string) error
	looks  bool // it refuses to look for such a name, too
	links  bool // it knows second names
}

func (p picky) check(op, path string) error {
	if err := p.refuse(filepath.Base(path)); err != nil {
		return &fs.PathError{Op: op, Path: path, Err: err}
	}
	return nil
}

func (p picky) OpenFile(path string, flag int, perm fs.FileMode) (File, error) {
	if err := p.check("open", path); err != nil && flag&os.O_CREATE != 0 {
		return nil, err
	}
	return p.FS.OpenFile(path, flag, perm)
}

func (p picky) Link(from, to string) error {
	if !p.links {
		return &os.LinkError{Op: "link", Old: from, New: to, Err: syscall.EPERM}
	}
	if err := p.check("link", to); err != nil {
		return err
	}
	return p.FS.Link(from, to)
}

func (p picky) Stat(path string) (fs.FileInfo, error) {
	if err := p.check("stat", path); err != nil && p.looks {
		return nil, err
	}
	return p.FS.Stat(path)
}

func TestEMLTakesASimplerNameWhereTheFileSystemRefusesOne(t *testing.T) {
	longer := func(octets int) func(string) error {
		return func(name string) error {
			if len(name) > octets {
				return syscall.ENAMETOOLONG
			}
			return nil
		}
	}
	foreign := func(cause error) func(string) error {
		return func(name string) error {
			if strings.ContainsFunc(name, func(r rune) bool { return r > 0x7e }) {
				return cause
			}
			return nil
		}
	}
	const simple = "2026-01-02 0304 j_rgen@example.org Gr__e und mehr Gr__e"
	for _, c := range []struct {
		name   string
		refuse func(string) error
		looks  bool
		links  bool
		want   string // how the name begins, "" where there is none
	}{
		{"every name is taken", longer(255), true, true, "2026-01-02 0304 jürgen@example.org Grüße"},
		{"long names, as eCryptfs", longer(143), true, true, simple},
		{"long names, when they are made", longer(143), false, true, simple},
		{"not ASCII", foreign(syscall.EILSEQ), true, true, simple},
		{"not ASCII, when they are made", foreign(syscall.EILSEQ), false, true, simple},
		{"not ASCII, without links", foreign(syscall.EINVAL), false, false, simple},
		{"all but the shortest", longer(40), true, true, ""},
		{"all but the shortest, when they are made", longer(40), false, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			e := NewEML(picky{OS(), c.refuse, c.looks, c.links}, dir)
			if err := e.Prepare(t.Context()); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				_, r, err := deliver(t.Context(), e, Meta{
					From: "jürgen@example.org", Subject: strings.Repeat("Grüße und mehr ", 20),
					Date: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC),
				}, sample(1, 100), 1000)
				if c.want == "" {
					if !errors.Is(err, ErrCannotCreate) || !strings.Contains(err.Error(), "--to") {
						t.Errorf("refused: %v", err)
					}
					continue
				}
				if err != nil || !e.Find(t.Context(), r) {
					t.Errorf("delivered: %v", err)
				}
				if name := filepath.Base(r.Path); !strings.HasPrefix(name, c.want) {
					t.Errorf("the name is %q, want %q…", name, c.want)
				}
			}
			want := 3
			if c.want == "" {
				want = 0
			}
			if got := names(t, dir); len(got) != want {
				t.Errorf("the folder holds %q", got)
			}
		})
	}
}

func TestEMLTakesAShorterNameThatBeginsAsTheLongOne(t *testing.T) {
	long := func(name string) error {
		if len(name) > 143 {
			return syscall.ENAMETOOLONG
		}
		return nil
	}
	e := NewEML(picky{OS(), long, false, true}, t.TempDir())
	if err := e.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, r, err := deliver(t.Context(), e, Meta{Subject: strings.Repeat("word ", 50)}, sample(1, 100), 1000)
	if err != nil || !e.Find(t.Context(), r) || !strings.HasPrefix(filepath.Base(r.Path), "undated unknown word word") {
		t.Errorf("%q, %v", r.Path, err)
	}
}
