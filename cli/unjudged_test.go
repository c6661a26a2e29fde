package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"popmark/pop3server"
)

// A query that can't be judged selects nothing and never ends as if it had: with 1 where a message's header can't
// be had, and with 69 and one line where the server has no TOP at all.
func TestAQueryThatCannotBeJudgedIsNoSuccess(t *testing.T) {
	top := pop3server.On("TOP")
	option := func(h pop3server.Hook) []pop3server.Option { return []pop3server.Option{pop3server.WithHooks(h)} }
	none := []pop3server.Option{pop3server.Without("TOP")}
	silent := []pop3server.Option{pop3server.Without("CAPA", "TOP")}
	refused := option(pop3server.Refuse(top, "busy"))
	one := option(pop3server.Refuse(pop3server.On("TOP 3"), "busy"))
	empty := option(pop3server.Answer(pop3server.On("TOP 3"), "+OK\r\n.\r\n"))
	const lacks, refuses, says = "the server has no TOP: ", "the server refuses TOP (busy): ", "it can't be told whether "
	all := []string{"uid-1", "uid-2", "uid-3", "uid-4", "uid-5"}
	for _, tt := range []struct {
		name    string
		options []pop3server.Option
		args    string // with "_" for the TARGET
		status  int
		left    []string
		err     string // on standard error, which has one line where the status is not 0; "" is nothing
		out     string // on standard output
	}{
		{"no TOP", none, "commit _ --delete subject:even", exitUnavailable, all, lacks, ""},
		{"no TOP", none, "commit _ --move -from:boss", exitUnavailable, all, lacks, ""},
		{"no TOP", none, "commit _ --delete subject:even --dry-run", exitUnavailable, all, lacks, ""},
		{"no TOP", none, "list _ subject:even", exitUnavailable, all, lacks, ""},
		{"no TOP", none, "peek _ subject:even", exitUnavailable, all, lacks, ""},
		{"no TOP and no CAPA", silent, "commit _ --delete subject:even", exitUnavailable, all, lacks, ""},
		{"no TOP and no CAPA", silent, "list _ subject:even", exitUnavailable, all, lacks, ""},
		{"every TOP refused", refused, "commit _ --delete subject:even", exitUnavailable, all, refuses, ""},
		{"every TOP refused", refused, "list _ subject:even", exitUnavailable, all, refuses, ""},
		{"every TOP refused", refused, "peek _ subject:even", exitUnavailable, all, refuses, ""},
		// What needs no header is as well without one.
		{"no TOP", none, "list _", exitOK, all, "warning: " + lacks, "(no header)"},
		{"no TOP", none, "list _ larger:1k", exitOK, all, "", ""},
		{"no TOP", none, "list _ larger:1k subject:even", exitOK, all, "", ""},
		{"no TOP", none, "list _ smaller:1M OR subject:even", exitOK, all, "warning: " + lacks, "(no header)"},
		{"no TOP", none, "commit _ --delete 2", exitOK, slices.Concat(all[:1], all[2:]), "", "1 deleted"},
		{"no TOP", none, "commit _ --delete uid:uid-2", exitOK, slices.Concat(all[:1], all[2:]), "", "1 deleted"},

		{"one TOP refused", one, "commit _ --delete subject:even", exitSome, []string{"uid-1", "uid-3", "uid-5"}, `message 3: TOP 3 0 was refused: busy: ` + says + `--delete "subject:even" selects it`, "0 fetched, 2 deleted, 1 failed"},
		{"one TOP refused", one, "commit _ --delete subject:even --json", exitSome, []string{"uid-1", "uid-3", "uid-5"}, says, `{"event":"failed","number":3,"uid":"uid-3","action":"delete","error":"TOP 3 0 was refused`},
		{"one TOP refused", one, "commit _ --delete subject:nothing --json", exitSome, all, says, `{"event":"done","fetched":0,"deleted":0,"failed":1,"committed":true}`},
		{"one TOP refused", one, "commit _ --delete subject:even --delete subject:odd", exitSome, []string{"uid-3"}, says, "4 deleted, 1 failed"},
		{"one TOP refused", one, "commit _ --delete subject:even --dry-run", exitSome, all, says, "DELE 4"},
		{"one TOP refused", one, "commit _ --delete subject:even --delete 3", exitOK, []string{"uid-1", "uid-5"}, "", "3 deleted, 0 failed"},
		{"one TOP refused", one, "commit _ --delete subject:even --dry-run --json", exitSome, all, says, `"failed":1`},
		{"one TOP refused", one, "list _ subject:even", exitSome, all, "listing message 3: TOP 3 0 was refused: busy: " + says, "even"},
		{"one TOP refused", one, "peek _ subject:even", exitSome, all, "peeking at message 3: TOP 3 0 was refused: busy: " + says, "even"},
		{"one TOP refused", one, "list _", exitOK, all, "warning: message 3: TOP 3 0 was refused: busy: it is shown without its header", "(no header)"},
		{"one TOP empty", empty, "commit _ --delete subject:even", exitSome, []string{"uid-1", "uid-3", "uid-5"}, "message 3: the server's answer to TOP is empty: " + says, "2 deleted, 1 failed"},
		{"one TOP empty", empty, "list _ subject:even", exitSome, all, says, "even"},
	} {
		t.Run(tt.name+", "+tt.args, func(t *testing.T) {
			drop := pop3server.NewMemory()
			for n := range all {
				drop.Add(pop3server.NewMessage(all[n], letter("a@b.example", []string{"odd", "even"}[n%2], fmt.Sprintf("Mon, 2 Nov 2026 08:00:%02d +0100", n))))
			}
			server := pop3server.New(append(tt.options, pop3server.WithUser("joe", "secret", drop))...)
			t.Cleanup(func() { _ = server.Close() })
			addr, err := server.Listen("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			args := append(strings.Fields(strings.Replace(tt.args, "_", "pop3://joe@"+addr.String(), 1)), "--no-state")
			var out, told strings.Builder
			status := Run(t.Context(), args, Streams{Password: "secret", Out: &out, Err: &told})
			if left := drop.UIDLs(); status != tt.status || !slices.Equal(left, tt.left) {
				t.Errorf("status %d, left %q, want %d and %q", status, left, tt.status, tt.left)
			}
			switch lines := strings.Count(told.String(), "\n"); {
			case tt.err == "" && lines > 0, tt.status != exitOK && lines != 1, !strings.Contains(told.String(), tt.err):
				t.Errorf("it tells %q, want %q", &told, tt.err)
			}
			if !strings.Contains(out.String(), tt.out) {
				t.Errorf("it prints %s", &out)
			}
		})
	}
}
