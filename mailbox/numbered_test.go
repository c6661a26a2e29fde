package mailbox_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"popmark/ledger"
	"popmark/mailbox"
	"popmark/pop3server"
)

// As many messages have come as are gone, or none is gone.
func TestWhereOctetsDifferUIDLsAreSeenToBeTheMessagesOwn(t *testing.T) {
	for name, tt := range map[string]struct {
		dele  []int
		abort bool
		then  func(b *bench)
	}{
		"new mail is listed first": {dele: []int{2}, then: func(b *bench) {
			var rest []pop3server.Message
			for _, n := range []int{1, 3, 4, 5} {
				b.drop.Remove(fmt.Sprintf("u%d", n))
				rest = append(rest, letter(fmt.Sprintf("u%d", n), fmt.Sprintf("letter %d", n), 50*n))
			}
			b.drop.Add(letter("u9", "new", 999))
			b.drop.Add(rest...)
		}},
		"deletes lazily": {dele: []int{2}, then: func(b *bench) {
			for _, n := range []int{1, 3, 4, 5} {
				b.drop.Remove(fmt.Sprintf("u%d", n))
			}
			for n := 1; n <= 5; n++ {
				b.drop.Add(letter(fmt.Sprintf("u%d", n), fmt.Sprintf("letter %d", n), 50*n))
			}
		}},
		"broke, nothing carried out, another client deletes the last": {dele: []int{2}, abort: true, then: func(b *bench) {
			b.drop.Remove("u5")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var messages []pop3server.Message
			for n := 1; n <= 5; n++ {
				messages = append(messages, letter(fmt.Sprintf("u%d", n), fmt.Sprintf("letter %d", n), 50*n))
			}
			b := newBench(t, mailbox.Config{}, messages)
			b.mustOpen()
			s := take(t, b, false)
			for _, n := range tt.dele {
				if _, err := s.Dele(n).Wait(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if tt.abort {
				s.Abort(errors.New("broken"))
			} else if err := s.Quit(context.Background()); err != nil {
				t.Fatal(err)
			}
			tt.then(b)
			b.mustOpen()
			for _, m := range b.box.List().Messages {
				if !m.Certain {
					t.Errorf("number %d, UIDL %s has lost its name", m.Number, m.UID)
				}
			}
		})
	}
}

// A server whose numbers have gaps once something is deleted, and which keeps them between sessions.
func TestNumbersThatStayWithTheirMessagesTakeNoNames(t *testing.T) {
	var messages []pop3server.Message
	for n := 1; n <= 5; n++ {
		messages = append(messages, letter(fmt.Sprintf("u%d", n), fmt.Sprintf("letter %d", n), 50*n))
	}
	gap := func(i int, line string) (string, bool) {
		var n int
		var rest string
		if _, err := fmt.Sscanf(line, "%d %s", &n, &rest); err == nil && n >= 2 {
			return fmt.Sprintf("%d %s", n+1, rest), true
		}
		return line, true
	}
	b := newBench(t, mailbox.Config{}, messages, pop3server.WithHooks(
		pop3server.InSession(2, pop3server.Lines(pop3server.On("UIDL"), gap)),
		pop3server.InSession(2, pop3server.Lines(pop3server.On("LIST"), gap))))
	b.mustOpen()
	s := take(t, b, false)
	if _, err := s.Dele(2).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Quit(context.Background()); err != nil {
		t.Fatal(err)
	}
	b.mustOpen()
	for _, m := range b.box.List().Messages {
		if !m.Certain {
			t.Errorf("number %d, UIDL %s has lost its name", m.Number, m.UID)
		}
	}
}

// As many messages are there as were left, and the last of them is not.
func TestP1_WhereTheMaildropIsNotAsItWasLeftUnfinishedRunsAreDoubted(t *testing.T) {
	for name, tt := range map[string]struct {
		then    []string // the UIDLs of a later process
		fails   bool     // the journal takes nothing
		doubted bool
	}{
		"as it was":                {then: []string{"1", "2", "3"}},
		"more have come":           {then: []string{"1", "2", "3", "4"}},
		"one is gone":              {then: []string{"1", "2"}},
		"some have no UIDL":        {then: []string{"1", "2", ""}},
		"the last is another":      {then: []string{"1", "2", "4"}}, // of no number can that be made
		"its number is in it":      {then: []string{"1", "2", "3.60"}, doubted: true},
		"numbers are from 0 on":    {then: []string{"0.50", "1.50", "2"}, doubted: true},
		"all are others":           {then: []string{"7", "8", "9"}, doubted: true},
		"it can't be written down": {then: []string{"7", "8", "9"}, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			l := openLedger(t)
			process := func(uids []string) (*bench, error) {
				b := newBench(t, mailbox.Config{Ledger: l}, nil, pop3server.WithHooks(
					pop3server.Lines(pop3server.On("UIDL"), func(_ int, line string) (string, bool) { return line, !strings.HasSuffix(line, " none") })))
				for i, uid := range uids {
					if uid == "" {
						uid = "none"
					}
					b.drop.Add(letter(uid, fmt.Sprint("letter ", i), 50))
				}
				return b, b.box.Open(t.Context())
			}
			b, err := process([]string{"1", "2", "3"})
			if err != nil {
				t.Fatal(err)
			}
			b.mustRelease()
			if _, err := l.BeginRun(t.Context(), ledger.Run{Account: "test", Request: "one"}); err != nil {
				t.Fatal(err)
			}
			if tt.fails {
				db, err := sql.Open("sqlite", "file:"+filepath.Join(l.Dir(), "ledger.db"))
				if err == nil {
					_, err = db.ExecContext(t.Context(), "CREATE TRIGGER no BEFORE UPDATE ON run BEGIN SELECT RAISE(FAIL, 'no'); END")
				}
				if err := errors.Join(err, db.Close()); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := process(tt.then); (err != nil) != tt.fails {
				t.Errorf("opening: %v", err)
			}
			runs, err := l.Runs(t.Context(), "test")
			if err != nil || runs[0].Doubted != tt.doubted {
				t.Errorf("doubted: %+v, %v", runs, err)
			}
		})
	}
}
