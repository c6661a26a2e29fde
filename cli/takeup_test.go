package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"popmark/pop3server"
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
