package commit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"popmark/delivery"
	"popmark/delivery/faultfs"
	"popmark/mailbox"
	"popmark/pop3server"
	"popmark/triage"
)

var oneAtATime = pop3server.Without("PIPELINING")

func TestDialogueIsExactlyThePlan(t *testing.T) {
	for _, c := range []struct {
		marks      string
		order      triage.Order
		checkpoint int
		want       []string
	}{
		{"DF-", triage.AsReceived, 0, []string{"DELE 1, RETR 2, QUIT"}},
		{"MMM", triage.AtEnd, 0, []string{"RETR 1, RETR 2, RETR 3, DELE 1, DELE 2, DELE 3, QUIT"}},
		{"MMM", triage.AsReceived, 0, []string{"RETR 1, DELE 1, RETR 2, DELE 2, RETR 3, DELE 3, QUIT"}},
		{"M-DF", triage.AsReceived, 0, []string{"RETR 1, DELE 1, DELE 3, RETR 4, QUIT"}},
		{"M-DF", triage.AtEnd, 0, []string{"RETR 1, RETR 4, DELE 1, DELE 3, QUIT"}},
		{"DDDD", triage.AsReceived, 2, []string{"DELE 1, DELE 2, QUIT", "DELE 1, DELE 2, QUIT"}},
		{"MFM", triage.AtEnd, 1, []string{"RETR 1, DELE 1, QUIT", "RETR 1, RETR 2, DELE 2, QUIT"}},
	} {
		t.Run(fmt.Sprint(c.marks, " ", c.order, c.checkpoint), func(t *testing.T) {
			r := newRig(t, len(c.marks), oneAtATime)
			out := r.commit(order{marks: marked(c.marks), order: c.order, opts: Options{Checkpoint: c.checkpoint}})
			must(t, out.err)
			if !out.Committed || out.Failed != 0 {
				t.Errorf("summary %+v", out.Summary)
			}
			var got []string
			for session := 1; session <= r.server.Sessions(); session++ {
				got = append(got, r.dialogue(session))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("sent %q, want %q", got, c.want)
			}
		})
	}
}

func TestP2_PipelinedDelesFollowTheirOwnRetr(t *testing.T) {
	const n = 50
	r := newRig(t, n)
	marks := make(map[int]triage.Mark)
	for i := 1; i <= n; i++ {
		marks[i] = triage.Move
	}
	out := r.commit(order{marks: marks})
	must(t, out.err)
	if out.Fetched != n || out.Deleted != n || !out.Committed {
		t.Errorf("summary %+v", out.Summary)
	}
	sent := strings.Split(r.dialogue(1), ", ")
	if len(sent) != 2*n+1 {
		t.Errorf("%d commands: %q", len(sent), sent)
	}
	for i := 1; i <= n; i++ {
		retr, dele := slices.Index(sent, fmt.Sprintf("RETR %d", i)), slices.Index(sent, fmt.Sprintf("DELE %d", i))
		if retr < 0 || dele < retr {
			t.Errorf("RETR %d is at %d, its DELE at %d", i, retr, dele)
		}
	}
	want := make([]int, n)
	for i := range want {
		want[i] = i + 1
	}
	r.expect(want)
}

func TestDelesArePipelined(t *testing.T) {
	const n = 3000
	var early atomic.Int32
	r := newRig(t, n, pop3server.WithHooks(pop3server.Pipelined(pop3server.On("DELE")).Do(func(*pop3server.Event) pop3server.Action {
		early.Add(1)
		return pop3server.Action{}
	})))
	marks := make(map[int]triage.Mark)
	for i := 1; i <= n; i++ {
		marks[i] = triage.Delete
	}
	out := r.commit(order{marks: marks})
	must(t, out.err)
	if out.Deleted != n || len(r.drop.UIDLs()) != 0 {
		t.Errorf("summary %+v, left %d", out.Summary, len(r.drop.UIDLs()))
	}
	if early.Load() < n/2 {
		t.Errorf("only %d of %d DELEs were sent before the answer to the one before", early.Load(), n)
	}
}

// TestP5_CutAfterEveryOctet cuts the line after each octet of a whole session, and
// runs the same commit again. The race detector has patience for some of them only.
func TestP5_CutAfterEveryOctet(t *testing.T) {
	marks := marked("DFMM-")
	played := 0
	for _, options := range [][]pop3server.Option{{oneAtATime}, {}} {
		step := int64(thinner)
		if *exhaustive > 0 {
			step = 1
		}
		for octet := int64(0); ; octet += step {
			if t.Failed() {
				break
			}
			retries := int(octet % 2 * 3)
			r := newRig(t, 5, append(slices.Clone(options),
				pop3server.WithHooks(pop3server.InSession(1, pop3server.CutAt(octet, pop3server.Close))))...)
			disk := faultfs.New()
			o := order{marks: marks, opts: Options{Destination: delivery.NewMaildir(disk, "/mail"), Retries: retries}}
			first := r.commit(o)
			played++
			if first.err != nil && mailbox.ClassOf(first.err) != mailbox.Unavailable {
				t.Errorf("cut after octet %d: %v", octet, first.err)
			}
			gone := 5 - len(r.drop.UIDLs())
			if first.Deleted != gone && first.Unknown == 0 {
				t.Errorf("cut after octet %d: the summary says %d deleted, %d are", octet, first.Deleted, gone)
			}
			o.opts.Destination = delivery.NewMaildir(disk, "/mail")
			if again := r.commit(o); again.err != nil || again.Failed > 0 {
				t.Errorf("cut after octet %d, then again: %v, %+v", octet, again.err, again.Summary)
			}
			var copies []int
			for name, text := range disk.Files() {
				if strings.HasPrefix(name, "/mail/new/") {
					copies = append(copies, r.which(string(text)))
				}
			}
			slices.Sort(copies)
			if !slices.Equal(copies, []int{2, 3, 4}) || !slices.Equal(r.drop.UIDLs(), []string{"uid-2", "uid-5"}) {
				t.Errorf("cut after octet %d: in the end %v are fetched, %q left", octet, copies, r.drop.UIDLs())
			}
			if len(r.server.SessionCommands(1)) > 0 && first.err == nil && r.server.Sessions() == 2 {
				break // the cut came after the end of the session
			}
		}
	}
	t.Logf("%d cuts", played)
}

func TestRefusedRetrAndDeleFailAlone(t *testing.T) {
	r := newRig(t, 4, pop3server.WithHooks(
		pop3server.Refuse(pop3server.On("RETR 1"), "[SYS/TEMP] not now"),
		pop3server.Refuse(pop3server.On("DELE 3"), "no")))
	out := r.commit(order{marks: marked("FMDM")})
	must(t, out.err)
	if out.Failed != 2 || out.Fetched != 2 || out.Deleted != 2 || !out.Committed {
		t.Errorf("summary %+v", out.Summary)
	}
	if got := out.Failures[0]; got.Number != 1 || got.Action != triage.Fetch || !strings.Contains(got.Err.Error(), "not now") {
		t.Errorf("the first failure is %+v", got)
	}
	r.expect([]int{2, 4}, "uid-1", "uid-3")
}

func TestFetchedMessagesAreKept(t *testing.T) {
	r := newRig(t, 2)
	must(t, r.commit(order{marks: marked("FM")}).err)
	r.drop.Add(pop3server.NewMessage("uid-2", []byte(letter(2)))) // it came back
	out := r.commit(order{marks: marked("FM")})
	must(t, out.err)
	if out.Kept != 2 || out.Fetched != 0 || out.Deleted != 1 {
		t.Errorf("summary %+v", out.Summary)
	}
	for _, ev := range out.events {
		if ev.Kind == Kept && (ev.Path == "" || ev.Octets != int64(len(letter(ev.Number)))) {
			t.Errorf("kept: %+v", ev)
		}
	}
	if got := r.dialogue(2); got != "DELE 2, QUIT" {
		t.Errorf("the second run sent %q", got)
	}
	r.expect([]int{1, 2}, "uid-1")

	out = r.commit(order{marks: marked("F"), opts: Options{Again: true}})
	must(t, out.err)
	r.expect([]int{1, 1, 2}, "uid-1")
}

func TestMoveFetchesAgainWhatIsNoLongerThere(t *testing.T) {
	r := newRig(t, 2)
	must(t, r.commit(order{marks: marked("FF")}).err)
	must(t, removeAll(r.path+"/new"))
	out := r.commit(order{marks: marked("FM")})
	must(t, out.err)
	if out.Kept != 1 || out.Fetched != 1 {
		t.Errorf("summary %+v: a message that stays counts as fetched, one that goes must be there", out.Summary)
	}
	r.expect([]int{2}, "uid-1")
}

func TestSameMessageInAnotherSizeOrPlaceIsAnother(t *testing.T) {
	r := newRig(t, 1)
	must(t, r.commit(order{marks: marked("F")}).err)
	r.drop.Remove("uid-1")
	r.drop.Add(pop3server.NewMessage("uid-1", []byte(letter(7))))
	must(t, r.commit(order{marks: marked("F")}).err)
	r.expect([]int{1, 7}, "uid-1")
	other := delivery.NewMaildir(delivery.OS(), t.TempDir()+"/other")
	if out := r.commit(order{marks: marked("F"), opts: Options{Destination: other}}); out.Fetched != 1 {
		t.Errorf("into another place: %+v", out.Summary)
	}
}

func TestVerifyFindsWhatAServerKeeps(t *testing.T) {
	r := newRig(t, 2, pop3server.WithHooks(pop3server.Answer(pop3server.On("DELE 1"), "+OK deleted\r\n")))
	out := r.commit(order{marks: marked("DD"), opts: Options{Verify: true}})
	must(t, out.err)
	if out.Deleted != 1 || out.Failed != 1 || !errors.Is(out.Failures[0].Err, errStillThere) {
		t.Errorf("summary %+v", out.Summary)
	}
}

func TestVerifyIsSureOfADeletionWithoutUIDLWhereNothingOfItsSizeIsLeft(t *testing.T) {
	for name, tt := range map[string]struct {
		twin             string // of message 1, in octets
		deleted, unknown int
	}{
		"nothing of its size": {letter(12), 1, 0},
		"another of its size": {strings.Replace(letter(1), "number", "nUmber", 1), 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 2, pop3server.Without("UIDL"))
			r.drop.Add(pop3server.NewMessage("uid-3", []byte(tt.twin)))
			out := r.commit(order{marks: marked("D"), opts: Options{Verify: true}})
			must(t, out.err)
			if out.Deleted != tt.deleted || out.Unknown != tt.unknown || out.Unclear != tt.unknown {
				t.Errorf("summary %+v", out.Summary)
			}
			r.expect(nil, "uid-2", "uid-3")
		})
	}
}

func TestWrongSizesAreWarningsOnly(t *testing.T) {
	r := newRig(t, 0)
	for n := 1; n <= 5; n++ {
		m := pop3server.NewMessage(fmt.Sprintf("uid-%d", n), []byte(letter(n)))
		m.Octets += 3
		r.drop.Add(m)
	}
	out := r.commit(order{marks: marked("MMMMM")})
	must(t, out.err)
	if out.Fetched != 5 || out.Deleted != 5 || out.count(Warning) != tellWrongSizes+1 {
		t.Errorf("%d warnings, summary %+v", out.count(Warning), out.Summary)
	}
}

func TestP3_GoneMessagesAreReported(t *testing.T) {
	r := newRig(t, 4)
	out := r.commit(order{marks: marked("DFM-"), plan: func(*triage.Plan) {
		// Another client deletes the first three between the list and the commit.
		for n := 1; n <= 3; n++ {
			r.drop.Remove(fmt.Sprintf("uid-%d", n))
		}
	}, opts: Options{}})
	if out.err != nil || out.Failed == 0 {
		t.Errorf("%v, summary %+v", out.err, out.Summary)
	}
	r.expect(nil, "uid-4")
}

func TestCheckpointNeedsUIDL(t *testing.T) {
	r := newRig(t, 2, pop3server.Without("UIDL"))
	out := r.commit(order{marks: marked("DD"), opts: Options{Checkpoint: 1}})
	if !errors.Is(out.err, ErrNoUIDL) {
		t.Errorf("got %v", out.err)
	}
	if len(r.drop.UIDLs()) != 2 || strings.Contains(r.dialogue(1), "DELE") {
		t.Error("something was deleted")
	}
}

func TestP3_WithoutUIDLDeletesInItsOwnSession(t *testing.T) {
	r := newRig(t, 3, pop3server.Without("UIDL"))
	out := r.commit(order{marks: marked("DM-")})
	must(t, out.err)
	if out.Deleted != 2 || out.Fetched != 1 {
		t.Errorf("summary %+v", out.Summary)
	}
	r.expect([]int{2}, "uid-3")
}

func TestP10_LeavingTakesBackAndDeletesNothing(t *testing.T) {
	for _, c := range []struct {
		name     string
		hook     pop3server.Hook
		orderly  bool
		pipeline pop3server.Option
	}{
		// The answer comes late: RSET and QUIT go through.
		{"slow server", pop3server.Delay(pop3server.On("RETR 3"), 200*time.Millisecond), true, oneAtATime},
		{"silent server", pop3server.Stall(pop3server.On("RETR 3")), false, oneAtATime},
		{"silent inside a message", pop3server.StallIn(pop3server.On("RETR 3"), 20), false, oneAtATime},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			var left atomic.Int64
			r := newRig(t, 4, c.pipeline, pop3server.WithHooks(pop3server.On("RETR 3").Do(func(*pop3server.Event) pop3server.Action {
				left.Store(time.Now().UnixNano())
				cancel()
				return pop3server.Action{}
			}), c.hook))
			out := r.commit(order{marks: marked("MMMM"), ctx: ctx, opts: Options{Retries: 3}})
			took := time.Since(time.Unix(0, left.Load()))
			if !errors.Is(out.err, context.Canceled) || took > 20*time.Second {
				t.Errorf("after %v: %v", took, out.err)
			}
			if out.Deleted != 0 || out.Committed {
				t.Errorf("summary %+v", out.Summary)
			}
			r.expect([]int{1, 2}, "uid-1", "uid-2", "uid-3", "uid-4")
			if sent := r.dialogue(1); c.orderly != strings.HasSuffix(sent, "RSET, QUIT") {
				t.Errorf("sent %q", sent)
			}
			// What was fetched is known.
			r.server.SetHooks()
			again := r.commit(order{marks: marked("MMMM")})
			must(t, again.err)
			if again.Kept != 2 || again.Fetched != 2 || again.Deleted != 4 {
				t.Errorf("again: %+v", again.Summary)
			}
		})
	}
}

func TestP2_FullDiskStopsTheRunAndDeletesNothing(t *testing.T) {
	for _, kind := range []faultfs.Kind{faultfs.Create, faultfs.Write, faultfs.Sync, faultfs.Close, faultfs.Rename, faultfs.SyncDir} {
		t.Run(string(kind), func(t *testing.T) {
			r := newRig(t, 3, oneAtATime) // each message has its own fsyncs
			disk := faultfs.New()
			dest := delivery.NewMaildir(disk, "/mail")
			must(t, dest.Prepare(t.Context()))
			before := disk.Count(kind)
			must(t, dest.Prepare(t.Context()))
			perPrepare := disk.Count(kind) - before
			disk.Inject(faultfs.FailFrom(perPrepare+2, syscall.ENOSPC, kind))
			out := r.commit(order{marks: marked("MMM"), opts: Options{Destination: dest, Retries: 3}})
			if delivery.ExitStatus(out.err) != 74 || r.server.Sessions() != 1 {
				t.Errorf("%d sessions, status %d: %v", r.server.Sessions(), delivery.ExitStatus(out.err), out.err)
			}
			if sent := r.dialogue(1); !strings.HasSuffix(sent, "RSET, QUIT") {
				t.Errorf("sent %q", sent)
			}
			if out.Deleted != 0 || len(r.drop.UIDLs()) != 3 {
				t.Errorf("summary %+v, left %q", out.Summary, r.drop.UIDLs())
			}
			disk.Inject(nil)
			again := r.commit(order{marks: marked("MMM"), opts: Options{Destination: dest}})
			must(t, again.err)
			if again.Deleted != 3 || again.Kept+again.Fetched != 3 {
				t.Errorf("again: %+v", again.Summary)
			}
		})
	}
}

// A server that ends a session may say so in the place of an answer. It refuses nothing by that.
func TestAGoodbyeInThePlaceOfAnAnswerRefusesNothing(t *testing.T) {
	for _, command := range []string{"DELE 2", "RETR 2", "DELE 4"} {
		for _, every := range []bool{false, true} {
			for _, options := range [][]pop3server.Option{{}, {oneAtATime}} {
				goodbye := pop3server.On(command)
				if !every {
					goodbye = goodbye.InSession(1)
				}
				r := newRig(t, 4, append(options, pop3server.WithHooks(goodbye.Do(func(*pop3server.Event) pop3server.Action {
					return pop3server.Action{Skip: true, Answer: strings.NewReader("-ERR Disconnected for inactivity.\r\n"), Then: pop3server.Close}
				})))...)
				out := r.commit(order{marks: marked("MMMM"), opts: Options{Retries: 3}})
				failed := 0
				if every {
					failed = 1
				}
				must(t, out.err)
				if out.Failed != failed || out.Deleted != 4-failed || len(r.drop.UIDLs()) != failed {
					t.Errorf("%s, every time %v: %+v, the server has %q", command, every, out.Summary, r.drop.UIDLs())
				}
			}
		}
	}
}
