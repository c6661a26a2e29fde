package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"popmark/pop3server"
)

// TestUIDOfJSONSelectsTheMessage takes every UIDL that list prints, as a JSON reader gives
// it, and deletes by it: that message goes and no other.
func TestUIDOfJSONSelectsTheMessage(t *testing.T) {
	uidls := []string{
		"plain", `quo"te\\back`, "esc\x1b[2J", "bidi\u202e", "del\x7f", "c1\u0085", "tag\U000e0041", "\u00e9", "\xe9", "\xe8",
		"\ufffd", "\uefe9", "(a)OR", "-x",
	}
	drop := pop3server.NewMemory()
	for _, uid := range uidls {
		drop.Add(pop3server.NewMessage(uid, letter("a@b.example", "one", "Mon, 2 Nov 2026 08:00:00 +0100")))
	}
	s := pop3server.New(pop3server.WithUser("joe", "secret", drop))
	defer func() { _ = s.Close() }()
	addr, err := s.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "pop3://joe@" + addr.String()
	t.Setenv("HOME", t.TempDir())
	run := func(args ...string) string {
		t.Helper()
		var out, complaints bytes.Buffer
		status := Run(t.Context(), args, Streams{Out: &out, Err: &complaints, Password: "secret"})
		if status != 0 {
			t.Fatalf("popmark %q: status %d: %s", args, status, complaints.String())
		}
		return out.String()
	}
	printed := make(map[string]bool)
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	lines := json.NewDecoder(strings.NewReader(run("list", url, "--json", "--no-state")))
	for i := 0; ; i++ {
		var row struct{ UID string }
		if err := lines.Decode(&row); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if printed[row.UID] {
			t.Errorf("two messages are printed as %q", row.UID)
		}
		printed[row.UID] = true
		run("commit", url, "--delete", `uid:"`+escape.Replace(row.UID)+`"`, "--no-state")
		if left := drop.UIDLs(); len(left) != len(uidls)-i-1 || len(left) > 0 && left[0] != uidls[i+1] {
			t.Fatalf("deleting %q by %q left %q", uidls[i], row.UID, left)
		}
	}
	if len(printed) != len(uidls) {
		t.Errorf("%d messages were listed, want %d", len(printed), len(uidls))
	}
}
