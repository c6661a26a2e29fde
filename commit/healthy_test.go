package commit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"popmark/delivery"
	"popmark/mailbox"
	"popmark/pop3server"
)

// newestFirst lists a message before all that are there.
func (r *rig) newestFirst(fresh ...pop3server.Message) {
	var rest []pop3server.Message
	for _, uid := range r.drop.UIDLs() {
		var n int
		if _, err := fmt.Sscanf(uid, "uid-%d", &n); err != nil {
			r.t.Fatal(err)
		}
		r.drop.Remove(uid)
		rest = append(rest, pop3server.NewMessage(uid, []byte(namedLetter(n))))
	}
	r.drop.Add(append(fresh, rest...)...)
}

func newcomer(n int) pop3server.Message {
	return pop3server.NewMessage(fmt.Sprint("uid-", n), []byte(fmt.Sprintf("Subject: new\r\n\r\n%s\r\n", strings.Repeat("x", n))))
}

// What stands at a number later is the message of before, though others were deleted: as many came.
func TestWhatIsLeftIsDoneThoughNewMailIsListedFirst(t *testing.T) {
	inBothWays(t, func(t *testing.T, pipelining bool) {
		r := lateRig(t, 7, namedLetter, pipelining, pop3server.WithHooks(
			pop3server.Refuse(pop3server.On("DELE 5").InSession(1), "no"), pop3server.Refuse(pop3server.On("TOP").InSession(1), "no")))
		r.commit(order{marks: marked("-D--D--"), opts: Options{Request: "same", Holds: true, Retries: 3}})
		r.newestFirst(newcomer(9))
		if out := r.again("same"); out.err != nil || out.Deleted != 1 || slices.Contains(r.drop.UIDLs(), "uid-5") {
			t.Errorf("%v, %+v, left %q", out.err, out.Summary, r.drop.UIDLs())
		}
	})
}

// Another client deletes the newest message, and one comes: as many are there as a run that was broken off left, and its UIDLs mean
// what they meant, though nothing else is known of the messages.
func TestWhatIsLeftIsDoneThoughTheLastMessageIsAnother(t *testing.T) {
	cut := func(command string) pop3server.Hook {
		return pop3server.Cut(pop3server.On(command).InSession(1), pop3server.Close)
	}
	noLook := pop3server.InSession(2, pop3server.Cut(pop3server.On(""), pop3server.Close))
	for name, hooks := range map[string][]pop3server.Hook{
		"while fetching": {cut("RETR 1")},
		"while deleting": {cut("DELE 1"), noLook},
	} {
		t.Run(name, func(t *testing.T) {
			inBothWays(t, func(t *testing.T, pipelining bool) {
				r := lateRig(t, 6, namedLetter, pipelining, pop3server.WithHooks(hooks...),
					pop3server.WithHooks(pop3server.Refuse(pop3server.On("TOP").InSession(1), "no")))
				if out := r.commit(order{marks: marked("MDM---"), opts: Options{Request: "same", Holds: true}}); out.err == nil {
					t.Fatal("the run came to its end")
				}
				r.drop.Remove("uid-6")
				r.drop.Add(newcomer(7))
				if out := r.again("same"); out.err != nil || out.Deleted != 3 || out.Failed > 0 {
					t.Errorf("%v, %+v, left %q", out.err, out.Summary, r.drop.UIDLs())
				}
			})
		})
	}
}

func TestACheckpointIsPassedThoughNewMailIsListedFirst(t *testing.T) {
	inBothWays(t, func(t *testing.T, pipelining bool) {
		r := lateRig(t, 6, namedLetter, pipelining)
		came := false
		log := func(l journal) journal {
			return deletedHook{l, func() {
				if !came {
					came = true
					r.newestFirst(newcomer(9), newcomer(10))
				}
			}}
		}
		out := r.commit(order{marks: marked("DDDD--"), opts: Options{Retries: 3, Checkpoint: 2}, log: log})
		if out.err != nil || out.Failed > 0 || out.Deleted != 4 {
			t.Errorf("%v, %+v, left %q", out.err, out.Summary, r.drop.UIDLs())
		}
	})
}

// deletedHook tells of deletions that are written down.
type deletedHook struct {
	journal
	after func()
}

func (h deletedHook) StepsDeleted(ctx context.Context, run int64, seqs ...int) error {
	err := h.journal.StepsDeleted(ctx, run, seqs...)
	h.after()
	return err
}

// TOP ends the session of a server that refuses one DELE: what else is marked is deleted all the same.
func TestLookingAtWhatWasRefusedCostsNoDeletion(t *testing.T) {
	for _, retries := range []int{0, 1, 3} {
		inBothWays(t, func(t *testing.T, pipelining bool) {
			r := lateRig(t, 6, asLong, pipelining, pop3server.WithHooks(
				pop3server.Refuse(pop3server.On("DELE 5"), "no"), pop3server.Cut(pop3server.On("TOP 5"), pop3server.Close)))
			out := r.commit(order{marks: marked("DDD-D-"), opts: Options{Request: "same", Holds: true, Retries: retries}})
			if out.err != nil || out.Deleted != 3 {
				t.Errorf("retries %d: %v %+v, left %v", retries, out.err, out.Summary, r.drop.UIDLs())
			}
		})
	}
}

// What a destination rejects was given by the server.
func TestTextsThatAreRejectedCostNoTOP(t *testing.T) {
	inBothWays(t, func(t *testing.T, pipelining bool) {
		r := lateRig(t, 40, namedLetter, pipelining)
		r.commit(order{marks: marked(strings.Repeat("M", 40)), opts: Options{Request: "same", Retries: 3, Destination: rejecter{r.dest}}})
		if r.tops() > 20 {
			t.Errorf("%d TOPs", r.tops())
		}
	})
}

type rejecter struct{ delivery.Destination }

func (d rejecter) Begin(ctx context.Context, meta delivery.Meta) (delivery.Delivery, error) {
	one, err := d.Destination.Begin(ctx, meta)
	return rejecting{one}, err
}

type rejecting struct{ delivery.Delivery }

func (d rejecting) Commit(ctx context.Context) (delivery.Receipt, error) {
	return delivery.Receipt{}, fmt.Errorf("no: %w", delivery.ErrRejected)
}

// A DELE was sent of messages whose headers nobody knows.
func TestP4_WhatIsLeftAloneIsNotSaidToBeDeleted(t *testing.T) {
	inBothWays(t, func(t *testing.T, pipelining bool) {
		r := lateRig(t, 6, asLong, pipelining, pop3server.WithHooks(
			pop3server.Cut(pop3server.On("DELE").InSession(2), pop3server.Close),
			pop3server.InSession(3, pop3server.Cut(pop3server.On(""), pop3server.Close)),
			pop3server.Refuse(pop3server.On("TOP 3"), "no"), pop3server.Refuse(pop3server.On("TOP 2"), "no"), pop3server.Refuse(pop3server.On("TOP 4"), "no")))
		box := r.connect()
		must(t, box.Open(t.Context()))
		for _, err := range box.Headers(t.Context(), []mailbox.ID{"uid-1", "uid-6"}) {
			must(t, err)
		}
		must(t, box.Close())
		if out := r.commit(order{marks: marked("--D-DD"), opts: Options{Request: "same"}}); out.err == nil {
			t.Fatal("the line did not break")
		}
		// Message 6 is another now, so that 3 and 5 may be, which are known by nothing.
		r.drop.Remove("uid-1")
		r.drop.Remove("uid-6")
		r.drop.Add(pop3server.NewMessage("uid-6", []byte(asLong(9))))
		out := r.again("same")
		if out.Failed < 2 || out.Deleted > 0 {
			t.Errorf("%v, %+v", out.err, out.Summary)
		}
		for _, uid := range r.deletions() {
			if uid != "uid-6" && slices.Contains(r.drop.UIDLs(), uid) {
				t.Errorf("P4: the history says that %s is deleted, and it is there", uid)
			}
		}
	})
}

// RETR gives a subject that a scanner has marked, in a mail without Message-ID: its copy's header is another than TOP's.
func TestP4_AScannersWordsProveNoDeletion(t *testing.T) {
	text := func(n int) string {
		return fmt.Sprintf("From: p%d@example.org\r\nDate: Mon, 2 Nov 2026 08:00:0%d +0100\r\nSubject: offer %d\r\n\r\ntext %d\r\n", n, n, n, n)
	}
	inBothWays(t, func(t *testing.T, pipelining bool) {
		r := lateRig(t, 6, text, pipelining, pop3server.WithHooks(
			pop3server.Lines(pop3server.On("RETR 1"), func(_ int, line string) (string, bool) {
				return strings.Replace(line, "Subject: offer", "Subject: [SPAM] offer", 1), true
			}),
			pop3server.Refuse(pop3server.On("TOP 3"), "no"),
			pop3server.LoseAnswer(pop3server.On("DELE 1").InSession(1), pop3server.Close),
			pop3server.InSession(2, pop3server.Cut(pop3server.On(""), pop3server.Close))))
		if out := r.commit(order{marks: marked("M-D-D-"), opts: Options{Request: "same"}}); out.err == nil {
			t.Fatal("the line did not break")
		}
		r.again("same")
		left := r.drop.UIDLs()
		for _, uid := range r.deletions() {
			if slices.Contains(left, uid) {
				t.Errorf("P4: the history says that %s is deleted, and it is there", uid)
			}
		}
		if slices.Contains(left, "uid-3") || slices.Contains(left, "uid-5") {
			t.Errorf("left: %v", left)
		}
	})
}
