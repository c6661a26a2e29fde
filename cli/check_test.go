package cli

import (
	"fmt"
	"testing"

	"popmark/mailbox"
)

func TestCheckTriesAFewSmallMessages(t *testing.T) {
	for name, tt := range map[string]struct {
		messages, large int // of which so many, the first ones, are large
		want            int
		first, last     mailbox.ID
	}{
		"none":            {},
		"one":             {messages: 1, want: 1, first: "1", last: "1"},
		"as many as most": {messages: triedHeaders, want: triedHeaders, first: "1", last: "16"},
		"one more":        {messages: triedHeaders + 1, want: triedHeaders, first: "1", last: "17"},
		"very many":       {messages: 100_000, want: triedHeaders, first: "1", last: "100000"},
		"some large":      {messages: 100, large: 50, want: triedHeaders, first: "51", last: "100"},
		"all large":       {messages: 100, large: 100},
	} {
		t.Run(name, func(t *testing.T) {
			messages := make([]mailbox.Message, tt.messages)
			for i := range messages {
				messages[i] = mailbox.Message{Number: i + 1, ID: mailbox.ID(fmt.Sprint(i + 1)), Octets: triedOctets}
				if i < tt.large {
					messages[i].Octets++
				}
			}
			got := someMessages(mailbox.NewList(messages))
			if len(got) != tt.want {
				t.Fatalf("got %d, want %d", len(got), tt.want)
			}
			seen := make(map[mailbox.ID]bool)
			for _, id := range got {
				seen[id] = true
			}
			if len(seen) != len(got) || tt.want > 0 && (got[0] != tt.first || got[len(got)-1] != tt.last) {
				t.Errorf("got %q", got)
			}
		})
	}
}
