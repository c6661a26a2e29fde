package cli

import (
	"strings"
	"testing"

	"popmark/pop3server"
)

// What breaks the line while check reads headers ends it as it ends any other command: only what concerns single
// messages is a warning.
func TestCheckOverALineThatBreaks(t *testing.T) {
	top := pop3server.On("TOP")
	for name, tt := range map[string]struct {
		hook   pop3server.Hook
		status int
		says   string
	}{
		"nothing":           {nil, exitOK, ""},
		"one refused":       {pop3server.Refuse(pop3server.On("TOP 3"), "busy"), exitOK, ""},
		"all refused":       {pop3server.Refuse(top, "busy"), exitOK, "warning: the server refuses TOP (busy)"},
		"one empty":         {pop3server.Answer(pop3server.On("TOP 3"), "+OK\r\n.\r\n"), exitOK, "warning: message 3: the server's answer to TOP is empty"},
		"cut once":          {pop3server.Cut(top.InSession(1), pop3server.Close), exitUnavailable, "reading headers from the mailbox of "},
		"cut":               {pop3server.Cut(top, pop3server.Close), exitUnavailable, "reading headers from the mailbox of "},
		"without an answer": {pop3server.Stall(top), exitUnavailable, "reading headers from the mailbox of "},
		"no POP3":           {pop3server.Answer(top, "hello\r\n"), exitProtocol, "reading headers from the mailbox of "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var hooks []pop3server.Hook
			if tt.hook != nil {
				hooks = append(hooks, tt.hook)
			}
			r := newReuse(t, sixKinds, hooks...)
			status, said := r.run("check", "--timeout", "500ms", "--retries", "0")
			shown := strings.Contains(said, "round trip")
			if status != tt.status || shown != (tt.status == exitOK) || !strings.Contains(said, tt.says) {
				t.Errorf("status %d, want %d: %s", status, tt.status, said)
			}
		})
	}
}
