package mailbox_test

import (
	"fmt"
	"testing"

	"popmark/mailbox"
	"popmark/pop3server"
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

// Where QUIT's answer is lost, or says that some were not removed, what was to be deleted may be gone, and its UIDL another's.
func TestP4_AQUITOfWhichNobodyKnowsForgetsHeadersToo(t *testing.T) {
	for name, hook := range map[string]pop3server.Hook{
		"lost":       pop3server.LoseAnswer(pop3server.On("QUIT").InSession(1), pop3server.Close),
		"refused":    pop3server.Disguise(pop3server.On("QUIT").InSession(1), "-ERR some deleted messages not removed\r\n"),
		"never sent": pop3server.Cut(pop3server.On("NOOP").InSession(1), pop3server.Close),
	} {
		t.Run(name, func(t *testing.T) {
			l := openLedger(t)
			b := newBench(t, mailbox.Config{Ledger: l}, nil, pop3server.WithHooks(hook))
			for _, uid := range []string{"1", "2", "3"} {
				b.drop.Add(letter(uid, "kind "+uid, 50))
			}
			b.mustOpen()
			scanAll(t, b, ids(b.box.List()))
			s := take(t, b, false)
			if _, err := s.Dele(1).Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			if name == "never sent" {
				_, err := s.Noop().Wait(t.Context())
				s.Abort(err)
			} else if err := s.Quit(t.Context()); err == nil {
				t.Fatal("its QUIT was answered")
			}
			b.mustRelease()
			again := newBench(t, mailbox.Config{Ledger: l}, nil)
			again.drop.Add(letter("1", "kind 2", 50)) // the numbers of now
			again.drop.Add(letter("2", "kind 3", 50))
			again.mustOpen()
			scanAll(t, again, ids(again.box.List()))
			for id, want := range map[mailbox.ID]string{"1": "kind 2", "2": "kind 3"} {
				if e := again.box.Envelope(id); e == nil || string(e.Subject) != want {
					t.Errorf("%s is %q and shown as %+v", id, want, e)
				}
			}
		})
	}
}

func TestP3_BehindADeletionTheOthersWithoutAUIDLAreTold(t *testing.T) {
	for name, tt := range map[string]struct {
		uids    []string
		options []pop3server.Option
		refused bool
	}{
		"no UIDL":              {[]string{"a", "b", "c"}, []pop3server.Option{pop3server.Without("UIDL")}, false},
		"one for all":          {[]string{"dup", "dup", "dup"}, nil, false},
		"its DELE was refused": {[]string{"a", "b", "c"}, []pop3server.Option{pop3server.Without("UIDL"), pop3server.WithHooks(pop3server.Refuse(pop3server.On("DELE"), "no"))}, true},
	} {
		t.Run(name, func(t *testing.T) {
			var messages []pop3server.Message
			for i, uid := range tt.uids {
				messages = append(messages, letter(uid, fmt.Sprintf("letter %d", i+1), 50))
			}
			b := newBench(t, mailbox.Config{}, messages, tt.options...)
			b.mustOpen()
			all := ids(b.box.List())
			scanAll(t, b, all)
			s := take(t, b, false)
			if _, err := s.Dele(1).Wait(t.Context()); (err != nil) != tt.refused {
				t.Fatal(err)
			}
			if err := s.Quit(t.Context()); err != nil {
				t.Fatal(err)
			}
			s = take(t, b, true)
			defer s.Give()
			first := 1
			if tt.refused {
				first = 0
			}
			for i, id := range all[first:] {
				if m, err := s.Bind(id); err != nil || m.Number != i+1 {
					t.Errorf("message %d is number %d, %v; warnings %q", first+i+1, m.Number, err, b.box.Info().Warnings)
				}
			}
		})
	}
}
