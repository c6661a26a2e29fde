package ledger

import (
	"fmt"
	"slices"
	"testing"
)

func TestManyRowsAreAllKeptWhateverTheirNumber(t *testing.T) {
	for _, n := range []int{0, 1, maxVariables / 4, maxVariables/4 + 1, maxVariables/2 + 1, 2*maxVariables + 3} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			l := open(t, t.TempDir())
			uids := make([]string, n)
			rows := make([]HeaderRow, n)
			for i := range n {
				uids[i] = fmt.Sprint("u", i)
				rows[i] = HeaderRow{UID: uids[i], Octets: int64(i), Header: fmt.Append(nil, "header ", i)}
			}
			// Each comes twice, the last header with another text.
			check(t, l.MarkSeen(t.Context(), "a", slices.Concat(uids, uids)))
			check(t, l.PutHeaders(t.Context(), "a", rows))
			if n > 0 {
				rows[n-1].Header = []byte("newer")
			}
			long := HeaderRow{UID: "long", Header: make([]byte, MaxHeader+1)}
			check(t, l.PutHeaders(t.Context(), "a", append([]HeaderRow{long}, rows...)))

			seen, err := l.Seen(t.Context(), "a", uids)
			check(t, err)
			found, err := l.Headers(t.Context(), "a", append([]string{"long"}, uids...))
			check(t, err)
			if len(seen) != n || len(found) != n {
				t.Errorf("%d are seen, %d headers are there, want %d", len(seen), len(found), n)
			}
			for _, row := range rows {
				if got := found[row.UID]; string(got.Header) != string(row.Header) || got.Octets != row.Octets {
					t.Errorf("%s has %q, %d octets", row.UID, got.Header, got.Octets)
				}
			}
		})
	}
}

func TestAMessageWithoutAHeaderKeepsNoOtherOut(t *testing.T) {
	l := open(t, t.TempDir())
	check(t, l.PutHeaders(t.Context(), "a", []HeaderRow{{UID: "empty"}, {UID: "other", Octets: 9, Header: []byte("From: a\n")}}))
	found, err := l.Headers(t.Context(), "a", []string{"empty", "other"})
	check(t, err)
	if len(found) != 2 || len(found["empty"].Header) != 0 || string(found["other"].Header) != "From: a\n" {
		t.Errorf("the ledger gives %v", found)
	}
}
