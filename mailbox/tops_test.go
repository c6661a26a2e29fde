package mailbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"popmark/mailbox"
	"popmark/pop3server"
)

func TestTopsGivesEachMessageItsOwnText(t *testing.T) {
	stray := func(session int) pop3server.Hook {
		return pop3server.Whole(pop3server.On("TOP 5").InSession(session), func(answer string) string { return answer + "+OK what\r\n" })
	}
	for name, tt := range map[string]struct {
		hooks    []pop3server.Hook
		refused  mailbox.ID
		together bool // more than one TOP was under way
	}{
		"as it should be":    {together: true},
		"one at a time":      {hooks: []pop3server.Hook{pop3server.HideCapability("PIPELINING")}},
		"one is refused":     {hooks: []pop3server.Hook{pop3server.Refuse(pop3server.On("TOP 6"), "no")}, refused: "uid-6", together: true},
		"a line unasked":     {hooks: []pop3server.Hook{stray(1)}, together: true},
		"the line breaks":    {hooks: []pop3server.Hook{pop3server.InSession(1, pop3server.Cut(pop3server.On("TOP 7"), pop3server.Close))}, together: true},
		"those behind it go": {hooks: []pop3server.Hook{pop3server.Refuse(pop3server.Pipelined(pop3server.On("TOP")), "one at a time")}},
		"in disorder":        {hooks: []pop3server.Hook{disorder()}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, mailbox.Config{}, letters(30), pop3server.WithHooks(tt.hooks...))
			b.answerTimeout = 300 * time.Millisecond
			b.mustOpen()
			wanted := ids(b.box.List())
			n := 0
			for raw, err := range b.box.Tops(t.Context(), wanted, 1) {
				id := wanted[n]
				n++
				want := fmt.Sprintf("Subject: letter %s\r\n", strings.TrimPrefix(string(id), "uid-"))
				if id == tt.refused != (err != nil) || err == nil && !strings.Contains(string(raw), want) {
					t.Errorf("%s: %q, %v", id, raw, err)
				}
			}
			if n != len(wanted) {
				t.Errorf("%d were told", n)
			}
			sent := transaction(b.server.Commands())
			if at := slices.Index(sent, "TOP 3 1"); tt.together != (at >= 0 && at+2 < len(sent) && sent[at+1] == "LIST 3") {
				t.Errorf("sent %q", sent)
			}
		})
	}
}

func TestTopsEndsWhereNobodyWantsMore(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(20))
	b.mustOpen()
	for raw, err := range b.box.Tops(t.Context(), ids(b.box.List()), 1) {
		if err != nil || !strings.Contains(string(raw), "letter 1\r\n") {
			t.Errorf("it gave %q, %v", raw, err)
		}
		break
	}
	if raw, err := b.box.Top(t.Context(), "uid-20", 1); err != nil || !strings.Contains(string(raw), "letter 20") {
		t.Errorf("then it gave %q, %v", raw, err)
	}
}
