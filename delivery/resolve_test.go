package delivery_test

import (
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"

	"popmark/delivery"
	"popmark/delivery/faultfs"
)

func TestMboxThroughALinkIsLockedAndNotedBesideTheRealFile(t *testing.T) {
	fsys := newDisk()
	m := open(t, fsys, "mbox:/links/box")
	if err := m.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	o := one(m, 1)
	if o.err != nil {
		t.Fatal(o.err)
	}
	if o.receipt.Path != "/links/box" {
		t.Errorf("the path is %s", o.receipt.Path)
	}
	var made []string
	for _, op := range fsys.Trace() {
		if slices.Contains(faultfs.Changes, op.Kind) && strings.HasPrefix(op.Path, "/links/") {
			t.Errorf("beside the link: %v", op)
		}
		if op.Kind == faultfs.Create || op.Kind == faultfs.Link {
			made = append(made, op.Path)
		}
	}
	for _, want := range []string{"/disk/box", "/disk/box.lock", "/disk/box.popmark"} {
		if !slices.Contains(made, want) {
			t.Errorf("%s was not made, only %q", want, made)
		}
	}
}

func TestALinkIntoAFolderThatIsNotThereIsNotFollowed(t *testing.T) {
	for _, c := range []struct{ name, dest, target, says string }{
		{"mbox", "mbox:/l", "/media/disk/box", "the link /l leads into /media/disk, which is not there"},
		{"mbox in a linked folder", "mbox:/l/sub/box", "/media/disk/Mail", "the link /l leads into /media/disk"},
		{"maildir", "maildir:/l", "media/disk/Mail", "the link /l leads into /media/disk"},
		{"maildir below", "maildir:/l/Mail/", "/media/disk", "the link /l leads into /media, "},
		{"eml", "eml:/l", "media/../media/eml/", "the link /l leads into /media, "},
		{"a link to itself", "mbox:/l", "l", syscall.ELOOP.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := faultfs.New()
			fsys.Symlink(c.target, "/l")
			err := open(t, fsys, c.dest).Prepare(t.Context())
			if !errors.Is(err, delivery.ErrCannotCreate) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want %s", err, c.says)
			}
			if n := fsys.Count(faultfs.Create, faultfs.Mkdir); n > 0 {
				t.Errorf("%d things were made", n)
			}
		})
	}
}

func TestAFolderBelowALinkIsMade(t *testing.T) {
	for _, dest := range []string{"mbox:/l/a/b/box", "maildir:/l/a/b", "eml:/l/a/b"} {
		fsys := faultfs.New()
		fsys.MkdirAll("/disk/x")
		fsys.Symlink("y/../x", "/disk/real")
		fsys.MkdirAll("/disk/y")
		fsys.Symlink("disk/real", "/l")
		d := open(t, fsys, dest)
		if err := d.Prepare(t.Context()); err != nil {
			t.Errorf("%s: %v", dest, err)
			continue
		}
		o := one(d, 1)
		fsys.Restart(faultfs.Everything)
		if o.err != nil || !open(t, fsys, dest).Find(t.Context(), o.receipt) {
			t.Errorf("%s: lost with the power (%v)", dest, o.err)
		}
	}
}
