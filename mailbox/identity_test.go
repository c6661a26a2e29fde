package mailbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"popmark/mailbox"
	"popmark/pop3server"
)

// scanAll asks for headers.
func scanAll(t *testing.T, b *bench, ids []mailbox.ID) {
	t.Helper()
	for _, err := range b.box.Headers(t.Context(), ids) {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (b *bench) mustRelease() {
	b.t.Helper()
	if err := b.box.Release(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) warned(words string) bool {
	return slices.ContainsFunc(texts(b.box.Info().Warnings), func(w string) bool { return strings.Contains(w, words) })
}

func TestP3_ATwinWhoseHeaderWasNeverSeenIsNotTakenForTheOther(t *testing.T) {
	b := newBench(t, mailbox.Config{}, []pop3server.Message{letter("1", "twin", 50), letter("2", "twin", 50)}, pop3server.Without("UIDL"))
	b.mustOpen()
	first := ids(b.box.List())
	scanAll(t, b, first[:1])
	b.mustRelease()
	b.drop.Remove("1")
	s := take(t, b, false)
	defer s.Give()
	if m, err := s.Bind(first[0]); !errors.Is(err, mailbox.ErrUncertain) {
		t.Errorf("bound to number %d, %v: only its twin is left", m.Number, err)
	}
}

func TestP3_ATwinWhoseHeaderIsRefusedIsNotPassedOver(t *testing.T) {
	b := newBench(t, mailbox.Config{}, []pop3server.Message{letter("1", "twin", 50)}, pop3server.Without("UIDL"),
		pop3server.WithHooks(pop3server.InSession(2, pop3server.Refuse(pop3server.On("TOP 2"), "not now"))))
	b.mustOpen()
	first := ids(b.box.List())
	scanAll(t, b, first)
	b.mustRelease()
	b.drop.Add(letter("2", "twin", 50))
	s := take(t, b, false)
	defer s.Give()
	if m, err := s.Bind(first[0]); !errors.Is(err, mailbox.ErrUncertain) {
		t.Errorf("bound to number %d, %v: number 2 may be the same", m.Number, err)
	}
}

func TestP3_AnEmptyHeaderTellsNothing(t *testing.T) {
	bare := func(uid string) pop3server.Message {
		return pop3server.NewMessage(uid, pop3server.CRLF("", "body of "+uid))
	}
	b := newBench(t, mailbox.Config{}, []pop3server.Message{bare("1")}, pop3server.Without("UIDL"))
	b.mustOpen()
	first := ids(b.box.List())
	scanAll(t, b, first)
	b.mustRelease()
	b.drop.Remove("1")
	b.drop.Add(bare("2"))
	s := take(t, b, false)
	defer s.Give()
	if m, err := s.Bind(first[0]); !errors.Is(err, mailbox.ErrUncertain) {
		t.Errorf("bound to number %d, %v by its size alone", m.Number, err)
	}
}

func TestP3_VolatileFieldsDoNotHideAMessage(t *testing.T) {
	with := func(uid, status string) pop3server.Message {
		return pop3server.NewMessage(uid, pop3server.CRLF("From: a@b.example", "Status: "+status, "Subject: steady", "X-UID: 7"+status, "", "text"))
	}
	b := newBench(t, mailbox.Config{}, []pop3server.Message{with("1", "NO")}, pop3server.Without("UIDL"))
	b.mustOpen()
	first := ids(b.box.List())
	scanAll(t, b, first)
	b.mustRelease()
	b.drop.Remove("1")
	b.drop.Add(with("1", "RO"))
	s := take(t, b, false)
	defer s.Give()
	if _, err := s.Bind(first[0]); err != nil {
		t.Errorf("a message whose Status changed: %v", err)
	}
}

func TestP3_AUIDLThatChangesBearersNamesNobody(t *testing.T) {
	for name, scanned := range map[string]bool{"its header was seen": true, "its header was never seen": false} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, mailbox.Config{}, letters(2))
			b.mustOpen()
			if scanned {
				scanAll(t, b, ids(b.box.List()))
			}
			b.mustRelease()
			b.drop.Remove("uid-1")
			b.drop.Add(letter("uid-1", "quite another", 9))
			b.mustOpen()
			other := b.box.List().Messages[1]
			if other.ID == "uid-1" || other.Certain || b.box.Envelope(other.ID) != nil {
				t.Errorf("another message took over the name: %+v", other)
			}
			if !b.warned("1 message has another size") {
				t.Errorf("warnings: %q", b.box.Info().Warnings)
			}
			// What was doubtful once stays so, though the next session sees no change.
			b.mustRelease()
			s := take(t, b, false)
			if m, err := s.Bind("uid-1"); !errors.Is(err, mailbox.ErrUncertain) {
				t.Errorf("uid-1 is bound to number %d, %v", m.Number, err)
			}
			s.Give()
			scanAll(t, b, ids(b.box.List()))
			second := b.box.List().Messages[1].ID
			s = take(t, b, true)
			defer s.Give()
			if m, err := s.Bind(second); err != nil || m.Number != 2 {
				t.Errorf("the new bearer is number %d, %v", m.Number, err)
			}
		})
	}
}

func TestP3_AUIDLThatComesBackOnAnotherMessageNamesNobody(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(2))
	b.mustOpen()
	b.mustRelease()
	b.drop.Remove("uid-2")
	b.mustOpen()
	b.mustRelease()
	b.drop.Add(letter("uid-2", "quite another", 999))
	s := take(t, b, false)
	defer s.Give()
	if m, err := s.Bind("uid-2"); !errors.Is(err, mailbox.ErrUncertain) {
		t.Errorf("uid-2 is bound to number %d, %v", m.Number, err)
	}
}

func TestP3_AUIDLThatWasSharedNamesNobodyAfterwards(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(1))
	b.mustOpen()
	b.mustRelease()
	b.drop.Add(letter("uid-1", "letter 9", 100))
	b.mustOpen()
	b.mustRelease()
	b.drop.Remove("uid-1")
	b.drop.Add(letter("uid-1", "letter 9", 100))
	s := take(t, b, false)
	defer s.Give()
	if m, err := s.Bind("uid-1"); !errors.Is(err, mailbox.ErrUncertain) {
		t.Errorf("uid-1 is bound to number %d, %v", m.Number, err)
	}
}

func TestASizeThatChangesDoesNotHideAKnownMessage(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(3), pop3server.WithHooks(
		pop3server.InSession(2, pop3server.Lines(pop3server.On("LIST"), func(_ int, line string) (string, bool) {
			if n, _, ok := strings.Cut(line, " "); ok && n == "2" {
				return "2 999", true
			}
			return line, true
		}))))
	b.mustOpen()
	scanAll(t, b, ids(b.box.List()))
	s := take(t, b, true)
	defer s.Give()
	if m, err := s.Bind("uid-2"); err != nil || m.Number != 2 || m.Octets != 999 || !m.Certain {
		t.Errorf("a message whose size is told differently: %+v, %v", m, err)
	}
}

func TestNewStaysNewForTheRun(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(2))
	b.mustOpen()
	b.mustRelease()
	b.drop.Add(letter("uid-3", "three", 3))
	b.mustOpen()
	for _, m := range b.box.List().Messages {
		if !m.New {
			t.Errorf("message %d is not new any more in the same run", m.Number)
		}
	}
}

func TestP1_NoHeaderOutlivesItsMessageUnderTheSameUIDL(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(2))
	b.mustOpen()
	scanAll(t, b, ids(b.box.List()))
	b.mustRelease()
	b.drop.Remove("uid-1")
	b.mustOpen()
	b.mustRelease()
	b.drop.Add(letter("uid-1", "letter X", 100))
	b.mustOpen()
	if envelope := b.box.Envelope("uid-1"); envelope != nil {
		t.Errorf("before its header is asked for it is known as %q", envelope.Subject)
	}
	scanAll(t, b, ids(b.box.List()))
	if envelope := b.box.Envelope("uid-1"); envelope == nil || envelope.Subject != "letter X" {
		t.Errorf("its header is taken to be %+v", envelope)
	}
}

// Where UIDLs stay with the numbers, those behind a message that was deleted name others afterwards, of which some have
// the octets of those before.
func TestP3_UIDLsThatStayWithTheNumbersNameNobodyBehindADeletion(t *testing.T) {
	for name, tt := range map[string]struct {
		uidl    string
		numbers bool // the server's UIDLs are made of the numbers
		hooks   []pop3server.Hook
		end     func(context.Context, *mailbox.Session) error
		certain []bool // of those that are there then
	}{
		"numbers":            {uidl: "%d", numbers: true, certain: []bool{true, false, false, false}},
		"filled up":          {uidl: "%08d", numbers: true, certain: []bool{true, false, false, false}},
		"with a word":        {uidl: "msg%d", numbers: true, certain: []bool{true, false, false, false}},
		"their own":          {uidl: "msg%d", certain: []bool{true, true, true, true}},
		"DELE refused":       {uidl: "msg%d", numbers: true, hooks: []pop3server.Hook{pop3server.Refuse(pop3server.On("DELE"), "no")}, certain: []bool{true, true, true, true, true}},
		"QUIT unanswered":    {uidl: "%08d", numbers: true, hooks: []pop3server.Hook{pop3server.LoseAnswer(pop3server.On("QUIT").InSession(1), pop3server.Close)}, certain: []bool{true, false, false, false}},
		"nothing was asked":  {uidl: "%08d", numbers: true, end: func(ctx context.Context, s *mailbox.Session) error { return s.Rset(ctx) }, certain: []bool{true, true, true, true, true}},
		"broken before QUIT": {uidl: "%08d", numbers: true, end: func(_ context.Context, s *mailbox.Session) error { s.Abort(errors.New("broken")); return nil }, certain: []bool{true, true, true, true, true}},
	} {
		t.Run(name, func(t *testing.T) {
			var messages []pop3server.Message
			for n := 1; n <= 5; n++ {
				messages = append(messages, letter(fmt.Sprintf(tt.uidl, n), fmt.Sprintf("letter %d", n), 50))
			}
			b := newBench(t, mailbox.Config{}, messages, pop3server.WithHooks(tt.hooks...))
			b.mustOpen()
			marked := ids(b.box.List())
			s := take(t, b, false)
			_, err := s.Dele(2).Wait(t.Context())
			if refused := err != nil; refused != (name == "DELE refused") {
				t.Fatal(err)
			}
			if tt.end != nil {
				if err := tt.end(t.Context(), s); err != nil {
					t.Fatal(err)
				}
			}
			_ = s.Quit(t.Context())
			if tt.numbers && len(tt.certain) == 4 {
				b.drop.Remove(fmt.Sprintf(tt.uidl, 2))
				for n := 3; n <= 5; n++ {
					b.drop.Remove(fmt.Sprintf(tt.uidl, n))
					b.drop.Add(letter(fmt.Sprintf(tt.uidl, n-1), fmt.Sprintf("letter %d", n), 50))
				}
			}
			b.mustOpen()
			var certain []bool
			for _, m := range b.box.List().Messages {
				certain = append(certain, m.Certain)
			}
			if !slices.Equal(certain, tt.certain) {
				t.Errorf("their UIDLs are their own: %v, want %v", certain, tt.certain)
			}
			warned := b.warned("UIDLs stay with the numbers")
			if disowned := b.box.Disowned(marked[2]); disowned == tt.certain[2] || warned == tt.certain[2] {
				t.Errorf("disowned %v, warned %v", disowned, warned)
			}
		})
	}
}
