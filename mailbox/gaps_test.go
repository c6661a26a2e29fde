package mailbox_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"popmark/mailbox"
	"popmark/pop3server"
)

// Headers that the ledger has stand between others that it has not. Which TOPs are under way together is a
// matter of time, so many patterns are tried.
func TestEveryHeaderIsGivenWhereTheLedgerHasSome(t *testing.T) {
	t.Parallel()
	const messages = 40
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 0))
		var known []pop3server.Message
		all := letters(messages)
		for _, m := range all {
			if random.IntN(3) > 0 {
				known = append(known, m)
			}
		}
		l := openLedger(t)
		first := newBench(t, mailbox.Config{Ledger: l}, known)
		first.capabilities = []string{"TOP", "UIDL", "PIPELINING"} // so that the next one asks for headers with the list
		first.mustOpen()
		scanAll(t, first, ids(first.box.List()))
		first.mustRelease()

		b := newBench(t, mailbox.Config{Ledger: l, Guess: mailbox.GuessNew}, all)
		b.capabilities = []string{"TOP", "UIDL", "PIPELINING"}
		b.mustOpen()
		var got []string
		for h, err := range b.box.Headers(t.Context(), ids(b.box.List())) {
			if err != nil || h.Envelope == nil {
				t.Fatalf("seed %d: %v, %+v", seed, err, h)
			}
			got = append(got, strings.TrimPrefix(string(h.Envelope.Subject), "letter "))
		}
		var want []string
		for i := range messages {
			want = append(want, fmt.Sprint(i+1))
		}
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: with %d of %d known the headers are those of %q", seed, len(known), messages, got)
		}
	}
}
