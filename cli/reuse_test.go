package cli

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"popmark/pop3server"
)

// reuse is a maildrop whose UIDLs come to name other messages of the same octets, and a person with a state.
type reuse struct {
	t     *testing.T
	drop  *pop3server.Memory
	addr  string
	state string
}

func newReuse(t *testing.T, kinds []string, hooks ...pop3server.Hook) *reuse {
	t.Helper()
	r := &reuse{t: t, drop: pop3server.NewMemory(), state: "--state-dir=" + t.TempDir()}
	for i, kind := range kinds {
		r.add(fmt.Sprintf("uid-%d", i+1), kind)
	}
	r.serve(pop3server.WithHooks(hooks...))
	return r
}

// serve starts a server on the maildrop.
func (r *reuse) serve(options ...pop3server.Option) {
	r.t.Helper()
	server := pop3server.New(append(options, pop3server.WithUser("joe", "secret", r.drop))...)
	r.t.Cleanup(func() { _ = server.Close() })
	addr, err := server.Listen("127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	r.addr = addr.String()
}

func (r *reuse) add(uid, kind string) {
	r.drop.Add(pop3server.NewMessage(uid, letter("a@b.example", kind, "Mon, 2 Nov 2026 08:00:00 +0100")))
}

func (r *reuse) run(args ...string) (status int, said string) {
	r.t.Helper()
	var out, errs strings.Builder
	command := append([]string{args[0], "pop3://joe@" + r.addr, r.state}, args[1:]...)
	status = Run(r.t.Context(), command, Streams{Password: "secret", Err: &errs, Out: &out})
	said = out.String() + errs.String()
	r.t.Log(args, status, said)
	return status, said
}

// stays fails where a message was deleted.
func (r *reuse) stays(uids ...string) {
	r.t.Helper()
	left := r.drop.UIDLs()
	for _, uid := range uids {
		if !slices.Contains(left, uid) {
			r.t.Errorf("%s was deleted, which nobody marked: left %q", uid, left)
		}
	}
}

// numberedUIDL has a server whose UIDLs are no more than the numbers, with something before them.
func numberedUIDL(prefix string) pop3server.Hook {
	return pop3server.Lines(pop3server.On("UIDL"), func(_ int, line string) (string, bool) {
		if n, _, ok := strings.Cut(line, " "); ok && n != "+OK" {
			return n + " " + prefix + n, true
		}
		return line, true
	})
}

var sixKinds = []string{"kind1", "kind2", "kind3", "kind4", "kind5", "kind6"}

const threeKinds = "subject:kind1 OR subject:kind2 OR subject:kind3"

func TestP1_WhereUIDLsAreNumbersACheckpointDeletesNothingElse(t *testing.T) {
	for name, tt := range map[string]struct {
		kept   bool // the ledger is
		listed bool
		marks  []string
	}{
		"numbers, listed before":     {true, true, []string{"--delete", "1-3"}},
		"numbers, never listed":      {true, false, []string{"--delete", "1-3"}},
		"numbers, nothing kept":      {false, false, []string{"--delete", "1-3"}},
		"a query, listed before":     {true, true, []string{"--delete", threeKinds}},
		"a query, never listed":      {true, false, []string{"--delete", threeKinds}},
		"a query, nothing kept":      {false, false, []string{"--delete", threeKinds}},
		"a query that moves":         {true, false, []string{"--move", threeKinds}},
		"numbers that move":          {true, true, []string{"--move", "1-3"}},
		"with copies of the deleted": {true, true, []string{"--delete", "1-3", "--keep-deleted", "1M"}},
	} {
		for _, prefix := range []string{"", "m"} {
			t.Run(name+prefix, func(t *testing.T) {
				r := newReuse(t, sixKinds, numberedUIDL(prefix))
				if !tt.kept {
					r.state = "--no-state"
				}
				if tt.listed {
					r.run("list")
				}
				r.run(slices.Concat([]string{"commit", "--checkpoint", "1", "--to", "maildir:" + t.TempDir() + "/mail"}, tt.marks)...)
				r.stays("uid-4", "uid-5", "uid-6")
			})
		}
	}
}

func TestP5_WhereUIDLsAreNumbersACommitThatIsTakenUpDeletesNothingElse(t *testing.T) {
	for _, retries := range []string{"0", "3"} {
		for _, prefix := range []string{"", "m"} {
			for _, mark := range []string{"--delete", "--move"} {
				t.Run(retries+prefix+mark, func(t *testing.T) {
					r := newReuse(t, sixKinds, numberedUIDL(prefix), pop3server.Cut(pop3server.On("DELE").InSession(3), pop3server.Close))
					r.run("list")
					mail := "maildir:" + t.TempDir() + "/mail"
					for range 2 {
						r.run("commit", "--checkpoint", "1", mark, threeKinds, "--retries", retries, "--to", mail)
					}
					r.stays("uid-4", "uid-5", "uid-6")
				})
			}
		}
	}
}

func TestP4_WhereUIDLsAreNumbersALostAnswerToQUITDeletesNothingElse(t *testing.T) {
	r := newReuse(t, sixKinds, numberedUIDL(""), pop3server.LoseAnswer(pop3server.On("QUIT").InSession(1), pop3server.Close))
	r.run("commit", "--delete", "1,3,5")
	r.stays("uid-2", "uid-4", "uid-6")
}

// What a list in between has learnt of a UIDL is of the message that bears it now, and no proof that it is the marked one.
func TestP5_WhatIsListedInBetweenIsNoProofForACommitThatIsTakenUp(t *testing.T) {
	for name, change := range map[string]func(*reuse){
		"used again":                                func(r *reuse) { r.drop.Remove("uid-3"); r.add("uid-3", "other"); r.run("list") },
		"used again, not listed":                    func(r *reuse) { r.drop.Remove("uid-3"); r.add("uid-3", "other") },
		"listed without it, then used again":        func(r *reuse) { r.drop.Remove("uid-3"); r.run("list"); r.add("uid-3", "other") },
		"listed without it and with it, used again": func(r *reuse) { r.drop.Remove("uid-3"); r.run("list"); r.add("uid-3", "other"); r.run("list") },
		"listed empty, then used again": func(r *reuse) {
			for _, uid := range r.drop.UIDLs() {
				r.drop.Remove(uid)
			}
			r.run("list")
			r.add("uid-3", "other")
		},
	} {
		for _, mark := range []string{"--delete", "--move"} {
			t.Run(name+" "+mark, func(t *testing.T) {
				r := newReuse(t, sixKinds[:3], pop3server.Cut(pop3server.On("QUIT").InSession(2), pop3server.Close))
				r.run("list")
				marks := []string{"commit", mark, "subject:kind3", "--retries", "0", "--to", "maildir:" + t.TempDir() + "/mail"}
				r.run(marks...)
				change(r)
				r.run(marks...)
				r.stays("uid-3")
			})
		}
	}
}

// What an earlier session has shown under a UIDL is looked at again before its message is deleted for it.
func TestP1_WhatIsDeletedForACachedHeaderIsLookedAtFirst(t *testing.T) {
	for name, tt := range map[string]struct {
		kinds  []string
		hook   pop3server.Hook
		change func(*reuse)
		keep   []string // what nobody marked
		gone   []string // what is deleted when the command is given again
	}{
		"one UIDL used again": {
			[]string{"good", "spam", "good", "good"},
			nil,
			func(r *reuse) { r.drop.Remove("uid-2"); r.add("uid-2", "fine"); r.add("uid-9", "spam") },
			[]string{"uid-1", "uid-2", "uid-3", "uid-4"},
			[]string{"uid-9"},
		},
		"all used again": {
			[]string{"good", "spam", "good", "spam"},
			nil,
			func(r *reuse) {
				for i, kind := range []string{"spam", "good", "spam", "good"} {
					uid := fmt.Sprintf("uid-%d", i+1)
					r.drop.Remove(uid)
					r.add(uid, kind)
				}
			},
			[]string{"uid-2", "uid-4"},
			[]string{"uid-1", "uid-3"},
		},
		"numbers, and another client deleted the first": {
			[]string{"spam", "good", "spam", "good", "good"},
			numberedUIDL("x"),
			func(r *reuse) { r.drop.Remove("uid-1") },
			[]string{"uid-2", "uid-4", "uid-5"},
			[]string{"uid-3"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			hooks := []pop3server.Hook{}
			if tt.hook != nil {
				hooks = append(hooks, tt.hook)
			}
			r := newReuse(t, tt.kinds, hooks...)
			r.run("list")
			tt.change(r)
			status, _ := r.run("commit", "--delete", "subject:spam")
			r.stays(tt.keep...)
			if len(r.drop.UIDLs()) > len(tt.keep) && status != 1 {
				t.Errorf("messages were left with status %d", status)
			}
			r.run("commit", "--delete", "subject:spam", "--forget")
			r.run("commit", "--delete", "subject:spam")
			r.stays(tt.keep...)
			for _, uid := range tt.gone {
				if slices.Contains(r.drop.UIDLs(), uid) {
					t.Errorf("%s is there when the command was given again", uid)
				}
			}
		})
	}
}

func TestACheckpointDoesNotLoseWhatSharesAUIDL(t *testing.T) {
	r := newReuse(t, nil)
	r.state = "--no-state"
	for i := range 4 {
		r.add("dup", fmt.Sprintf("kind%d", i+1))
	}
	status, _ := r.run("commit", "--checkpoint", "1", "--delete", "1-")
	if left := r.drop.UIDLs(); status != 0 || len(left) != 0 {
		t.Errorf("status %d, left %q", status, left)
	}
}

// A later commit that may have deleted something has moved the numbers, whether or not it is forgotten.
func TestP1_NumbersThatAForgottenCommitMayHaveMovedMeanNoOtherMessages(t *testing.T) {
	r := newReuse(t, sixKinds[:5])
	r.serve(pop3server.Without("UIDL"), pop3server.WithHooks(
		pop3server.Cut(pop3server.On("RETR").InSession(1), pop3server.Close),
		pop3server.LoseAnswer(pop3server.On("QUIT").InSession(2), pop3server.Close)))
	marks := []string{"commit", "--move", "2", "--delete", "3", "--to", "maildir:" + t.TempDir() + "/mail", "--retries", "0"}
	r.run(marks...)
	r.run("commit", "--delete", "1", "--retries", "0")
	if left := r.drop.UIDLs(); len(left) != 4 {
		t.Fatalf("the second commit left %q", left)
	}
	r.run("commit", "--delete", "1", "--forget")
	r.run(marks...)
	r.stays("uid-4", "uid-5")
}

// stamps has something on the way write a line into headers that is another in each session, or in each answer.
func stamps(each bool, verbs ...string) pop3server.Hook {
	var answers atomic.Int64
	return func(e *pop3server.Event) pop3server.Action {
		if e.Kind != pop3server.Command || !slices.Contains(verbs, e.Verb) {
			return pop3server.Action{}
		}
		stamp := int64(e.Session)
		if each {
			stamp = answers.Add(1)
		}
		return pop3server.Whole(pop3server.On(e.Verb), func(answer string) string {
			return strings.Replace(answer, "From: ", fmt.Sprintf("X-Scanned: %s %d\r\nFrom: ", e.Verb, stamp), 1)
		})(e)
	}
}

func TestWhatIsWrittenIntoHeadersOnTheWayMakesNoOtherMessageOfThem(t *testing.T) {
	for _, pipelining := range []bool{true, false} {
		for name, tt := range map[string]struct {
			hook  pop3server.Hook
			marks []string
		}{
			"each session, deleted by number": {stamps(false, "TOP"), []string{"--delete", "2"}},
			"each session, deleted by query":  {stamps(false, "TOP"), []string{"--delete", "subject:kind2"}},
			"each session, moved":             {stamps(false, "TOP", "RETR"), []string{"--move", "2"}},
			"each answer, deleted":            {stamps(true, "TOP"), []string{"--delete", "subject:kind2"}},
			"each answer, moved":              {stamps(true, "TOP", "RETR"), []string{"--move", "subject:kind2"}},
			"RETR alone, moved":               {stamps(false, "RETR"), []string{"--move", "2"}},
			"with a copy":                     {stamps(false, "TOP", "RETR"), []string{"--delete", "2", "--keep-deleted", "1M"}},
		} {
			for _, cut := range []bool{false, true} {
				if strings.HasPrefix(name, "each answer") && pipelining {
					continue // a mark has to come as it came before
				}
				t.Run(fmt.Sprintf("%s, pipelining %v, cut %v", name, pipelining, cut), func(t *testing.T) {
					hooks := []pop3server.Hook{tt.hook}
					if !pipelining {
						hooks = append(hooks, pop3server.HideCapability("PIPELINING"))
					}
					if cut {
						hooks = append(hooks, pop3server.Cut(pop3server.On("QUIT").InSession(3), pop3server.Close))
					}
					r := newReuse(t, sixKinds, hooks...)
					r.run("list")
					r.run("list")
					marks := slices.Concat([]string{"commit", "--retries", "0", "--to", "maildir:" + t.TempDir() + "/mail"}, tt.marks)
					status, said := r.run(marks...)
					if cut {
						status, said = r.run(marks...)
					}
					r.stays("uid-1", "uid-3", "uid-4", "uid-5", "uid-6")
					if left := r.drop.UIDLs(); status != 0 || len(left) != 5 || strings.Contains(said, "another") {
						t.Errorf("status %d, left %q", status, left)
					}
				})
			}
		}
	}
}

func TestP1_WhatAnotherMessageHasReplacedFailsUntilItIsForgotten(t *testing.T) {
	r := newReuse(t, sixKinds[:3])
	r.run("list")
	r.drop.Remove("uid-3")
	r.add("uid-3", "other")
	for range 3 {
		if status, said := r.run("commit", "--delete", "3"); status != 1 || !strings.Contains(said, "another message bears its UIDL") {
			t.Errorf("status %d", status)
		}
		r.stays("uid-3")
	}
	r.run("commit", "--delete", "3", "--forget")
	if status, _ := r.run("commit", "--delete", "3"); status != 0 || len(r.drop.UIDLs()) != 2 {
		t.Errorf("once it is forgotten: status %d, left %q", status, r.drop.UIDLs())
	}
}

// Another client deletes the first message, and all are counted anew. Of the many that a query selects, one alone
// has the octets of the message that had its number before: its header comes out of the cache.
func TestP1_OneCachedHeaderAmongManyThatAreReadIsLookedAt(t *testing.T) {
	for _, prefix := range []string{"", "m"} {
		r := newReuse(t, nil, numberedUIDL(prefix))
		for n := 1; n <= 300; n++ {
			subject := "spam " + strings.Repeat("x", n)
			if n == 154 {
				subject = "dear " + strings.Repeat("x", 153)
			}
			r.drop.Add(pop3server.NewMessage(fmt.Sprintf("uid-%d", n), letter("a@b.example", subject, "Mon, 2 Nov 2026 08:00:00 +0100")))
		}
		r.run("list")
		r.drop.Remove("uid-1")
		if status, _ := r.run("commit", "--delete", "subject:spam"); status != exitSome {
			t.Errorf("status %d", status)
		}
		r.stays("uid-154")
	}
}
