package commit

import (
	"strings"
	"testing"

	"popmark/mailbox"
	"popmark/pop3server"
)

// locked is a session that finds the mailbox locked.
func locked(session int) pop3server.Hook {
	return pop3server.InSession(session, pop3server.Refuse(pop3server.On("PASS"), "[IN-USE] locked by another session"))
}

func TestP4_WhatTheNextListShowsIsSaidWhateverQuitAnswers(t *testing.T) {
	quit := pop3server.On("QUIT")
	// The server carries QUIT out, so that the mailbox is free again, and keeps what DELE named.
	refuse := pop3server.Disguise(quit, "-ERR some deleted messages not removed\r\n")
	keep := pop3server.Answer(pop3server.On("DELE"), "+OK\r\n")
	lose := pop3server.LoseAnswer(quit, pop3server.Close)
	cut := pop3server.Cut(quit, pop3server.Close)
	for _, c := range []struct {
		name      string
		marks     string
		hooks     []pop3server.Hook
		deleted   int
		failed    int
		stopped   bool
		committed bool
	}{
		{"refused, and so is the look's", "DFM-", []pop3server.Hook{keep, refuse}, 0, 2, false, false},
		{"refused, and the look's is lost", "DFM-", []pop3server.Hook{keep, pop3server.InSession(1, refuse), pop3server.InSession(2, lose)}, 0, 2, false, false},
		{"refused, the look's is answered", "DFM-", []pop3server.Hook{keep, pop3server.InSession(1, refuse)}, 0, 2, false, true},
		{"refused but carried out, and so is the look's", "DFM-", []pop3server.Hook{refuse}, 2, 0, false, false},
		{"carried out, its answer lost, and so are all others", "DFM-", []pop3server.Hook{lose}, 2, 0, false, false},
		{"lost on the way, and so are all others", "DFM-", []pop3server.Hook{cut}, 0, 0, true, false},
		{"refused, and the look finds the lock held at first", "DFM-", []pop3server.Hook{keep, pop3server.InSession(1, refuse), locked(2), locked(3)}, 0, 2, false, true},
		{"lost, and the look finds the lock held at first", "DFM-", []pop3server.Hook{pop3server.InSession(1, lose), locked(2), locked(3)}, 2, 0, false, true},
		{"refused with nothing to delete", "FF--", []pop3server.Hook{refuse}, 0, 0, false, false},
		{"lost with nothing to delete", "FF--", []pop3server.Hook{lose}, 0, 0, false, false},
	} {
		for _, retries := range []int{0, 3} {
			t.Run(c.name, func(t *testing.T) {
				r := newRig(t, 4, pop3server.WithHooks(c.hooks...))
				out := r.commit(order{marks: marked(c.marks), opts: Options{Retries: retries}})
				if c.stopped != (out.err != nil) || c.stopped && mailbox.ClassOf(out.err) != mailbox.Unavailable {
					t.Errorf("with %d retries it ended with %v", retries, out.err)
				}
				if out.Deleted != c.deleted || out.Failed != c.failed || out.Unknown != 0 || out.Committed != c.committed {
					t.Errorf("with %d retries: summary %+v", retries, out.Summary)
				}
				for _, failure := range out.Failures {
					if failure.Number == 2 || !strings.Contains(failure.Err.Error(), "some deleted messages not removed") {
						t.Errorf("failed: %+v", failure)
					}
				}
				if got := 4 - len(r.drop.UIDLs()); got != c.deleted {
					t.Errorf("%d are deleted, want %d", got, c.deleted)
				}
				if (out.count(Committed) > 0) != c.committed {
					t.Errorf("told of %d answers of +OK to QUIT", out.count(Committed))
				}
			})
		}
	}
}
