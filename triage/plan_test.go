package triage

import (
	"slices"
	"strings"
	"testing"

	"popmark/mailbox"
)

// listOf makes a list of n messages of 1000 octets times their number.
func listOf(n int) *mailbox.List {
	messages := make([]mailbox.Message, n)
	for i := range messages {
		uid := "u" + string(rune('a'+i))
		messages[i] = mailbox.Message{ID: mailbox.ID(uid), UID: uid, Number: i + 1, Octets: int64(1000 * (i + 1)), Certain: true}
	}
	return mailbox.NewList(messages)
}

func planOf(letters string, order Order, checkpoint int) Plan {
	list := listOf(len(letters))
	p := NewPlan(list, func(i int) Mark { return Mark(strings.IndexByte("-DFM", letters[i])) }, order)
	p.Checkpoint = checkpoint
	return p
}

func TestPlanDialogue(t *testing.T) {
	for _, tt := range []struct {
		letters    string
		order      Order
		checkpoint int
		want       string
	}{
		{"DF-", AsReceived, 0, "DELE 1, RETR 2, QUIT"},
		{"MMM", AsReceived, 0, "RETR 1, DELE 1, RETR 2, DELE 2, RETR 3, DELE 3, QUIT"},
		{"MMM", AtEnd, 0, "RETR 1, RETR 2, RETR 3, DELE 1, DELE 2, DELE 3, QUIT"},
		{"DFM", AtEnd, 0, "RETR 2, RETR 3, DELE 1, DELE 3, QUIT"},
		{"---", AsReceived, 0, "QUIT"},
		{"D-DFD", AsReceived, 2, "DELE 1, DELE 3, QUIT, RETR 2, DELE 3, QUIT"},
		{"MMM", AtEnd, 2, "RETR 1, RETR 2, DELE 1, DELE 2, QUIT, RETR 1, DELE 1, QUIT"},
		{"DD", AsReceived, 1, "DELE 1, QUIT, DELE 1, QUIT"},
	} {
		got := strings.Join(planOf(tt.letters, tt.order, tt.checkpoint).Dialogue(), ", ")
		if got != tt.want {
			t.Errorf("%s %v checkpoint %d:\n got %s\nwant %s", tt.letters, tt.order, tt.checkpoint, got, tt.want)
		}
	}
}

func TestP1_PlanLeavesSkippedOut(t *testing.T) {
	p := planOf("-D-F-M-", AsReceived, 0)
	var numbers []int
	for _, s := range p.Steps {
		numbers = append(numbers, s.Message.Number)
	}
	if !slices.Equal(numbers, []int{2, 4, 6}) {
		t.Errorf("the plan has messages %v", numbers)
	}
	if p.Download() != 10_000 || p.Freed() != 8_000 {
		t.Errorf("downloads %d, frees %d octets", p.Download(), p.Freed())
	}
	if n, octets := p.Count(Move); n != 1 || octets != 6000 {
		t.Errorf("moves %d messages of %d octets", n, octets)
	}
}

func TestParseOrder(t *testing.T) {
	for _, o := range []Order{AsReceived, AtEnd} {
		if got, err := ParseOrder(o.String()); err != nil || got != o {
			t.Errorf("ParseOrder(%q) = %v, %v", o, got, err)
		}
	}
	if _, err := ParseOrder("random"); err == nil {
		t.Error("ParseOrder takes a word that is no order")
	}
}

func TestPlanWithCopiesFetchesWhatIsKept(t *testing.T) {
	plan := planOf("D-DFM", AsReceived, 0)
	for most, want := range map[int64]struct {
		dialogue   string
		kept, lost int
	}{
		0:    {"DELE 1, DELE 3, RETR 4, RETR 5, DELE 5, QUIT", 0, 2},
		999:  {"DELE 1, DELE 3, RETR 4, RETR 5, DELE 5, QUIT", 0, 2},
		1000: {"RETR 1, DELE 1, DELE 3, RETR 4, RETR 5, DELE 5, QUIT", 1, 1},
		3000: {"RETR 1, DELE 1, RETR 3, DELE 3, RETR 4, RETR 5, DELE 5, QUIT", 2, 0},
	} {
		seen, kept, lost := plan.WithCopies(most)
		if got := strings.Join(seen.Dialogue(), ", "); got != want.dialogue || kept != want.kept || lost != want.lost {
			t.Errorf("up to %d octets: %s, %d kept, %d lost; want %+v", most, got, kept, lost, want)
		}
	}
	if plan.Steps[0].Mark != Delete {
		t.Error("the plan itself was changed")
	}
	if Keeps(1000, -1) {
		t.Error("a message of which LIST tells no size is kept")
	}
}
