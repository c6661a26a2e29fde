package cli

import (
	"bytes"
	"strings"
	"testing"

	"popmark/pop3server"
)

// Behind a login that went well a server may still not be ready, or the line break.
func TestAMailboxThatCannotBeListedAtOnceIsOpenedAnew(t *testing.T) {
	on := pop3server.On
	cut := func(command string) pop3server.Hook {
		return pop3server.Cut(on(command).InSession(1), pop3server.Close)
	}
	for name, tt := range map[string]struct {
		hooks    []pop3server.Hook
		args     string
		status   int
		sessions int
		says     string
	}{
		"the line breaks at STAT":    {[]pop3server.Hook{cut("STAT")}, "list", exitOK, 2, "warning: opening the mailbox of joe@"},
		"at UIDL":                    {[]pop3server.Hook{cut("UIDL")}, "commit --delete 1", exitOK, 2, "taking it up again"},
		"at LIST, none is wanted":    {[]pop3server.Hook{cut("LIST")}, "list --retries 0", exitUnavailable, 1, "the connection was cut"},
		"nor of check":               {[]pop3server.Hook{cut("LIST")}, "check", exitUnavailable, 1, "the connection was cut"},
		"its lock is in the way":     {[]pop3server.Hook{cut("UIDL"), pop3server.Refuse(on("PASS").InSession(2), "[IN-USE] locked")}, "list", exitOK, 3, "[IN-USE] locked: taking it up again"},
		"and stays there":            {[]pop3server.Hook{cut("UIDL"), pop3server.Refuse(on("PASS").From(2), "[IN-USE] locked")}, "list --retries 1", exitUnavailable, 2, "the connection was cut"},
		"then the server is away":    {[]pop3server.Hook{cut("UIDL"), pop3server.Refuse(on("PASS").From(2), "[SYS/TEMP] until Monday")}, "list", exitTryLater, 2, "until Monday"},
		"then the login fails":       {[]pop3server.Hook{cut("UIDL"), pop3server.Refuse(on("PASS").InSession(2), "[AUTH] no")}, "list", exitRefused, 2, "[AUTH] no"},
		"LIST is refused for now":    {[]pop3server.Hook{pop3server.Refuse(on("LIST").InSession(1), "[IN-USE] locked")}, "list", exitTryLater, 1, "let --wait 10m do so"},
		"and that is waited for":     {[]pop3server.Hook{pop3server.Refuse(on("LIST").InSession(1), "[IN-USE] locked")}, "list --wait 20s", exitOK, 2, "[IN-USE] locked: trying again in 1s"},
		"so is UIDL":                 {[]pop3server.Hook{pop3server.Refuse(on("UIDL").InSession(1), "[SYS/TEMP] index busy")}, "commit --move 1 --wait 20s", exitOK, 2, "index busy: trying again"},
		"its words are for a person": {[]pop3server.Hook{pop3server.Refuse(on("UIDL"), "unknown command, try again later"), pop3server.HideCapability("UIDL")}, "list", exitOK, 1, "the server has no UIDL"},
		"of an empty mailbox":        {[]pop3server.Hook{pop3server.Refuse(on("UIDL"), "[SYS/TEMP] no messages"), pop3server.Answer(on("LIST"), "+OK\r\n.\r\n")}, "list", exitOK, 1, ""},
		"nobody has UIDL":            {[]pop3server.Hook{pop3server.Refuse(on("UIDL"), "[SYS/TEMP] disabled"), pop3server.HideCapability("UIDL")}, "list", exitOK, 1, "the server has no UIDL: "},
		"UIDL is refused for good":   {[]pop3server.Hook{pop3server.Refuse(on("UIDL"), "no")}, "list", exitOK, 1, "the server has no UIDL, though its capabilities list it (no)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()                                                                                                         // some wait
			server := pop3server.New(pop3server.WithUser("joe", "secret", maildrop()), pop3server.Without("PIPELINING", "SASL"), // the first would be to blame
				pop3server.WithHooks(tt.hooks...))
			t.Cleanup(func() { _ = server.Close() })
			addr, err := server.Listen("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			args := strings.Fields(tt.args)
			args = append([]string{args[0], "pop3://joe@" + addr.String(), "--state-dir", t.TempDir()}, args[1:]...)
			if args[0] == "commit" {
				args = append(args, "--to", "maildir:"+t.TempDir())
			}
			var out, said bytes.Buffer
			status := Run(t.Context(), args, Streams{Password: "secret", Out: &out, Err: &said})
			if n := server.Sessions(); status != tt.status || n != tt.sessions || !strings.Contains(said.String(), tt.says) {
				t.Errorf("status %d behind %d sessions, want %d and %d: %s", status, n, tt.status, tt.sessions, &said)
			}
		})
	}
}

// What was fetched is known by UIDLs, which the server does not give for once.
func TestP5_NothingIsFetchedTwiceWhereUIDLFailsForOnce(t *testing.T) {
	for name, refusal := range map[string]string{"with a code": "[SYS/TEMP] index busy", "without": "no"} {
		t.Run(name, func(t *testing.T) {
			drop := maildrop()
			all := len(drop.UIDLs())
			server := pop3server.New(pop3server.WithUser("joe", "secret", drop))
			t.Cleanup(func() { _ = server.Close() })
			addr, err := server.Listen("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			state, mail := t.TempDir(), t.TempDir()
			commit := func(more ...string) (int, string) {
				args := append([]string{"commit", "pop3://joe@" + addr.String(), "--state-dir", state, "--to", "maildir:" + mail}, more...)
				var out, said bytes.Buffer
				status := Run(t.Context(), args, Streams{Password: "secret", Out: &out, Err: &said})
				return status, said.String() + out.String()
			}
			if status, said := commit("--fetch", "1-"); status != exitOK {
				t.Fatalf("status %d: %s", status, said)
			}
			server.SetHooks(pop3server.Refuse(pop3server.On("UIDL"), refusal))
			for _, mark := range []string{"--fetch", "--move"} {
				if status, said := commit(mark, "1-"); status != exitTryLater || !strings.Contains(said, refusal) || len(drop.UIDLs()) != all {
					t.Errorf("%s: status %d, %d are left: %s", mark, status, len(drop.UIDLs()), said)
				}
			}
			if refusal != "no" {
				return
			}
			if status, said := commit("--delete", "1"); status != exitOK || len(drop.UIDLs()) != all-1 {
				t.Errorf("--delete: status %d, %d are left: %s", status, len(drop.UIDLs()), said)
			}
			if status, said := commit("--move", "1", "--again"); status != exitOK || len(drop.UIDLs()) != all-2 {
				t.Errorf("--again: status %d, %d are left: %s", status, len(drop.UIDLs()), said)
			}
		})
	}
}

// What was moved away can't come twice: all that UIDLs told of is gone.
func TestWhatIsNewIsFetchedThoughUIDLFailsForOnce(t *testing.T) {
	drop := maildrop()
	server := pop3server.New(pop3server.WithUser("joe", "secret", drop))
	t.Cleanup(func() { _ = server.Close() })
	addr, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"commit", "pop3://joe@" + addr.String(), "--state-dir", t.TempDir(), "--to", "maildir:" + t.TempDir(), "--move", "1-"}
	for range 2 {
		var said bytes.Buffer
		if status := Run(t.Context(), args, Streams{Password: "secret", Out: &said, Err: &said}); status != exitOK || len(drop.UIDLs()) != 0 {
			t.Errorf("status %d, %d are left: %s", status, len(drop.UIDLs()), &said)
		}
		server.SetHooks(pop3server.Refuse(pop3server.On("UIDL"), "no"))
		drop.Add(pop3server.NewMessage("uid-new", letter("ann@one.example", "new", "Mon, 2 Nov 2026 08:00:00 +0100")))
	}
}
