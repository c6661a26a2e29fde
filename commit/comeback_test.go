package commit

import (
	"context"
	"strings"
	"testing"

	"popmark/mailbox"
	"popmark/pop3server"
)

// One login is tried, and a refusal ends the run: a server may lock out who tries again.
func TestARefusedLoginIsNotTriedAgain(t *testing.T) {
	for _, c := range []struct {
		name string
		ends []pop3server.Hook // the first session
		opts Options
	}{
		{"after a checkpoint", nil, Options{Checkpoint: 1}},
		{"after a refused QUIT", []pop3server.Hook{pop3server.Disguise(pop3server.On("QUIT"), "-ERR no\r\n")}, Options{}},
		{"after a lost line", []pop3server.Hook{pop3server.Cut(pop3server.On("DELE 2"), pop3server.Close)}, Options{}},
		{"to verify", nil, Options{Verify: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			refuse := pop3server.Refuse(pop3server.On("PASS").From(2), "[AUTH] no")
			r := newRig(t, 2, pop3server.WithHooks(append(c.ends, refuse)...))
			c.opts.Retries = 3
			out := r.commit(order{marks: marked("DD"), opts: c.opts})
			if mailbox.ClassOf(out.err) != mailbox.Refused {
				t.Errorf("it ended with %v", out.err)
			}
			if n := r.server.Sessions(); n != 2 {
				t.Errorf("%d sessions", n)
			}
		})
	}
}

func TestWhoLeavesBetweenTwoSessionsIsNotToldThatTheLineBroke(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := newRig(t, 2, pop3server.WithHooks(pop3server.On("PASS").InSession(2).Do(func(*pop3server.Event) pop3server.Action {
		cancel()
		return pop3server.Action{Then: pop3server.Hang}
	})))
	out := r.commit(order{marks: marked("DD"), ctx: ctx, opts: Options{Checkpoint: 1, Retries: 3}})
	if out.err == nil || !strings.Contains(out.err.Error(), "stopped") || out.count(Reconnecting) != 0 {
		t.Errorf("%d reconnections: %v", out.count(Reconnecting), out.err)
	}
	r.expect(nil, "uid-2")
}
