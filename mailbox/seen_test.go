package mailbox_test

import (
	"testing"

	"popmark/ledger"
	"popmark/mailbox"
	"popmark/pop3server"
)

// fresh opens a mailbox on some messages and says which of them are new.
func fresh(t *testing.T, l *ledger.Ledger, shows bool, use func(*mailbox.Mailbox), messages ...pop3server.Message) (numbers []int) {
	t.Helper()
	b := newBench(t, mailbox.Config{Ledger: l, Shows: shows}, messages)
	b.mustOpen()
	for _, m := range b.box.List().Messages {
		if m.New {
			numbers = append(numbers, m.Number)
		}
	}
	use(b.box)
	if err := b.box.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	return numbers
}

func TestAMessageIsNewUntilItWasShown(t *testing.T) {
	l := openLedger(t)
	nothing := func(*mailbox.Mailbox) {}
	for _, step := range []struct {
		what  string
		shows bool
		use   func(*mailbox.Mailbox)
		want  int
	}{
		{"looking without showing", false, nothing, 3},
		{"showing one", false, func(b *mailbox.Mailbox) { b.MarkSeen([]mailbox.ID{"uid-2", "nobody"}) }, 3},
		{"showing all", true, nothing, 2},
		{"looking again", false, nothing, 0},
	} {
		if got := fresh(t, l, step.shows, step.use, letters(3)...); len(got) != step.want {
			t.Errorf("before %s %v are new, want %d", step.what, got, step.want)
		}
	}
}

func TestP1_AnEmptyOrEndlessHeaderIsNotKnown(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(4), pop3server.WithHooks(
		pop3server.Disguise(pop3server.On("TOP 2"), "+OK\r\n.\r\n"),
		pop3server.Answer(pop3server.On("TOP 3"), "+OK\r\n"+string(make([]byte, 5<<20))+"\r\nFrom: x@y.example\r\n\r\n.\r\n")))
	b.mustOpen()
	for h, err := range b.box.Headers(t.Context(), ids(b.box.List())) {
		if err != nil {
			t.Fatal(err)
		}
		if known := h.ID == "uid-1" || h.ID == "uid-4"; known != (h.Envelope != nil) || known == (h.Err != nil) {
			t.Errorf("%s: envelope %v, error %v", h.ID, h.Envelope, h.Err)
		}
	}
}

func TestP1_ASizeThatCannotBeReadIsNotZero(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(2), pop3server.WithHooks(
		pop3server.Answer(pop3server.On("LIST"), "+OK\r\n1 -2147483000\r\n2 200\r\n.\r\n")))
	b.mustOpen()
	if list := b.box.List(); list.Messages[0].Octets != -1 || list.Octets != 200 {
		t.Errorf("octets %d, in all %d", list.Messages[0].Octets, list.Octets)
	}
}
