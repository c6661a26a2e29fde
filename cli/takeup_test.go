package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"popmark/pop3server"
	"popmark/triage"
)

// withoutUIDL serves messages of the given numbers of octets, uid-1 and so on, whose names only the maildrop
// knows. The first RETR is cut. The function that it gives runs popmark on it.
func withoutUIDL(t *testing.T, octets ...int) (*pop3server.Memory, func(args ...string) (status int, said string)) {
	t.Helper()
	drop := pop3server.NewMemory()
	for i, n := range octets {
		drop.Add(pop3server.NewMessage(fmt.Sprintf("uid-%d", i+1),
			letter("a@b.example", fmt.Sprintf("kind%d", i+1), "Mon, 2 Nov 2026 08:00:00 +0100", strings.Repeat("x", n))))
	}
	server := pop3server.New(pop3server.WithUser("joe", "secret", drop), pop3server.Without("UIDL"),
		pop3server.WithHooks(pop3server.Cut(pop3server.On("RETR").InSession(1), pop3server.Close)))
	t.Cleanup(func() { _ = server.Close() })
	addr, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	state := t.TempDir()
	return drop, func(args ...string) (int, string) {
		t.Helper()
		var out, said strings.Builder
		command := append([]string{args[0], "pop3://joe@" + addr.String(), "--state-dir", state}, args[1:]...)
		status := Run(t.Context(), command, Streams{Password: "secret", Err: &said, Out: &out})
		return status, said.String()
	}
}

func TestP3_NumbersThatAnotherCommitHasMovedMeanNoOtherMessages(t *testing.T) {
	drop, run := withoutUIDL(t, 5, 5, 5, 5, 5)
	marks := []string{"commit", "--move", "2", "--delete", "3", "--to", "maildir:" + t.TempDir() + "/mail", "--retries", "0"}
	if status, said := run(marks...); status != exitUnavailable {
		t.Fatalf("the cut line: status %d, %s", status, said)
	}
	if status, said := run("commit", "--delete", "1"); status != exitOK {
		t.Fatalf("another commit: status %d, %s", status, said)
	}
	for range 2 { // what it leaves is remembered as moved too
		status, said := run(marks...)
		if left := drop.UIDLs(); status != exitSome || !slices.Equal(left, []string{"uid-2", "uid-3", "uid-4", "uid-5"}) {
			t.Errorf("status %d, left %q, %s", status, left, said)
		}
	}
	if status, said := run("list"); status != exitOK || !strings.Contains(said, "goes on meaning them") {
		t.Errorf("list: status %d, %s", status, said)
	}
}

func TestListDoesNotSayOfAQueryWithoutUIDLThatItMeansWhatItMeant(t *testing.T) {
	drop, run := withoutUIDL(t, 10, 20, 30)
	marks := []string{"commit", "--move", "subject:kind2", "--to", "maildir:" + t.TempDir() + "/mail", "--retries", "0"}
	if status, said := run(marks...); status != exitUnavailable {
		t.Fatalf("the cut line: status %d, %s", status, said)
	}
	drop.Remove("uid-1")
	if status, said := run("list"); status != exitOK || strings.Contains(said, "did not come to its end") {
		t.Errorf("list: status %d, %s", status, said)
	}
	if status, said := run(marks...); status != exitOK || !slices.Equal(drop.UIDLs(), []string{"uid-3"}) {
		t.Errorf("once more: status %d, left %q, %s", status, drop.UIDLs(), said)
	}
}

func TestARequestTellsWhetherItIsByNumber(t *testing.T) {
	for _, tt := range []struct {
		mark triage.Mark
		text string
		want bool
	}{
		{triage.Delete, "2", true},
		{triage.Move, " 1, 3-5, 9-", true},
		{triage.Fetch, "1-", true},
		{triage.Delete, "subject:2", false},
		{triage.Move, `"2"`, false},
		{triage.Fetch, `a "1-3" b`, false},
		{triage.Delete, `subject:"\"2"`, false},
		{triage.Delete, "-2x", false},
	} {
		selection, err := triage.ParseSelection(tt.text, time.Now())
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		query, err := triage.ParseSelection("from:é", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		markings := []marking{{triage.Delete, query}, {tt.mark, selection}}
		if text := request(markings); numbersIn(text) != tt.want || byNumber(markings) != tt.want {
			t.Errorf("%s: %v, its selections %v, want %v", text, numbersIn(text), byNumber(markings), tt.want)
		}
	}
}
