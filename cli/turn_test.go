package cli

import (
	"bytes"
	"os"
	"strings"
	"sync"
	"testing"

	"popmark/ledger"
	"popmark/pop3server"
)

// Not every server keeps two sessions apart.
func TestP5_TwoCommitsAtOnceMakeOneCopyOfEachMessage(t *testing.T) {
	drop := maildrop()
	server := pop3server.New(pop3server.WithUser("joe", "secret", drop))
	defer func() { _ = server.Close() }()
	addr, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	target := "pop3://joe@" + addr.String()
	commit := func(more ...string) (int, string) {
		var out, stderr bytes.Buffer
		args := append([]string{"commit", target, "--move", "1-", "--state-dir", dir + "/state", "--to", "maildir:" + dir + "/mail"}, more...)
		status := Run(t.Context(), args, Streams{Out: &out, Err: &stderr, Password: "secret"})
		return status, stderr.String()
	}

	l, err := ledger.Open(dir + "/state")
	if err != nil {
		t.Fatal(err)
	}
	done, err := l.Turn(t.Context(), target, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if status, said := commit("--timeout", "50ms"); status != exitTryLater || !strings.Contains(said, "warning: another popmark") || !strings.Contains(said, "try again later") {
		t.Errorf("beside another commit: status %d, %s", status, said)
	}
	// Behind the other commit its numbers would mean other messages.
	if status, said := commit("--delete", "1-2"); status != exitTryLater || !strings.Contains(said, "run popmark list then") || strings.Contains(said, "waiting for its end") {
		t.Errorf("by number beside another commit: status %d, %s", status, said)
	}
	if got := server.Commands(); len(got) > 0 {
		t.Errorf("it sent %q", got)
	}
	if status, said := commit("--dry-run"); status != exitOK {
		t.Errorf("a dry run waits: status %d, %s", status, said)
	}
	done()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}

	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if status, said := commit(); status != exitOK {
				t.Errorf("status %d, %s", status, said)
			}
		})
	}
	both.Wait()
	if copies, err := os.ReadDir(dir + "/mail/new"); err != nil || len(copies) != 3 || len(drop.UIDLs()) != 0 {
		t.Errorf("%d copies (%v), the maildrop has %q", len(copies), err, drop.UIDLs())
	}
}
