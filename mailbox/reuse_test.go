package mailbox_test

import (
	"testing"

	"popmark/mailbox"
)

// A UIDL may come back as another message's once its message is gone (RFC 1939 section 7), even with the
// same octets. What is known of the old one must not be shown of the new.
func TestP3_AUIDLThatComesBackBringsNoOldHeader(t *testing.T) {
	subject := func(t *testing.T, b *bench, id mailbox.ID, want string) {
		t.Helper()
		scanAll(t, b, []mailbox.ID{id})
		if e := b.box.Envelope(id); e == nil || string(e.Subject) != want {
			t.Errorf("%s is shown as %+v, want %q", id, e, want)
		}
	}
	del := func(t *testing.T, b *bench, n int) {
		t.Helper()
		s := take(t, b, false)
		if _, err := s.Dele(n).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Quit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		first  []string // UIDLs
		change func(*testing.T, *bench)
		second []string
		id     mailbox.ID
	}{
		"deleted": {[]string{"a", "b"}, func(t *testing.T, b *bench) { del(t, b, 1) }, []string{"b", "a"}, "a"},
		"emptied": {[]string{"a"}, func(t *testing.T, b *bench) {
			b.drop.Remove("a")
			if err := b.box.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
		}, []string{"a"}, "a"},
		"shared": {[]string{"a"}, func(t *testing.T, b *bench) {
			b.drop.Add(letter("a", "other", 50))
			if err := b.box.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
		}, []string{"a"}, "a"},
		// What was number 2 is number 1 now, and so is its UIDL; number 2 is another.
		"numbers": {[]string{"1", "2"}, func(t *testing.T, b *bench) { del(t, b, 1) }, []string{"1", "2"}, "2"},
	} {
		t.Run(name, func(t *testing.T) {
			l := openLedger(t)
			b := newBench(t, mailbox.Config{Ledger: l}, nil)
			for _, uid := range tt.first {
				b.drop.Add(letter(uid, "first", 50))
			}
			b.mustOpen()
			for _, id := range ids(b.box.List()) {
				subject(t, b, id, "first")
			}
			tt.change(t, b)
			b.mustRelease()

			again := newBench(t, mailbox.Config{Ledger: l}, nil)
			for _, uid := range tt.second {
				again.drop.Add(letter(uid, "again", 50))
			}
			again.mustOpen()
			subject(t, again, tt.id, "again")
		})
	}
}

func TestP3_AUIDLThatComesBackWithinARunBringsNoOldHeader(t *testing.T) {
	b := newBench(t, mailbox.Config{}, nil)
	b.drop.Add(letter("a", "first", 50))
	b.mustOpen()
	scanAll(t, b, []mailbox.ID{"a"})
	s := take(t, b, false)
	if _, err := s.Dele(1).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Quit(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.drop.Add(letter("a", "again", 50))
	b.mustOpen()
	if e := b.box.Envelope("a"); e != nil {
		t.Errorf("it is shown as %+v", e)
	}
}
