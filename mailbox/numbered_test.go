package mailbox_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

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
