package commit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"popmark/delivery"
	"popmark/ledger"
	"popmark/mailbox"
	"popmark/pop3server"
	"popmark/triage"
)

// Between two sessions of a run minutes may lie. Who clears a folder meanwhile must not lose what the next one deletes.
func TestP2_CopiesThatAreGoneWhenARunComesBackAreMadeAnew(t *testing.T) {
	for _, c := range []struct {
		kind string
		dest func(path string) delivery.Destination
	}{
		{"maildir", func(path string) delivery.Destination { return delivery.NewMaildir(delivery.OS(), path) }},
		{"mbox", func(path string) delivery.Destination { return delivery.NewMbox(delivery.OS(), path) }},
		{"eml", func(path string) delivery.Destination { return delivery.NewEML(delivery.OS(), path) }},
		{"two places", func(path string) delivery.Destination {
			return delivery.Multi(delivery.NewMaildir(delivery.OS(), path), delivery.NewPipe("cat >/dev/null"))
		}},
	} {
		for name, cut := range map[string]pop3server.Hook{
			"while deleting": pop3server.Cut(pop3server.On("DELE 2").InSession(1), pop3server.Close),
			"while fetching": pop3server.Cut(pop3server.On("RETR 3").InSession(1), pop3server.Close),
		} {
			t.Run(c.kind+" "+name, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "mail")
				r := newRig(t, 4, pop3server.WithHooks(cut, pop3server.On("PASS").InSession(2).Do(func(*pop3server.Event) pop3server.Action {
					clearFiles(t, path)
					return pop3server.Action{}
				})))
				out := r.commit(order{marks: marked("MMMF"), opts: Options{Destination: c.dest(path), Retries: 3}})
				if out.err != nil || out.Failed != 0 || out.Deleted != 3 || out.Fetched+out.Kept != 4 {
					t.Errorf("%v, %+v", out.err, out.Summary)
				}
				if left := r.drop.UIDLs(); !slices.Equal(left, []string{"uid-4"}) {
					t.Errorf("the server has %q", left)
				}
				text := allIn(path)
				for n := 1; n <= 3; n++ {
					if got := strings.Count(text, fmt.Sprintf("Subject: number %d\n", n)); got != 1 {
						t.Errorf("%d copies of message %d", got, n)
					}
				}
			})
		}
	}
}

// clearFiles takes away all files below a path, and leaves the folders.
func clearFiles(t testing.TB, path string) {
	t.Helper()
	must(t, filepath.WalkDir(path, func(at string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.Remove(at)
	}))
}

// allIn is the text of all files below a path, with LF line ends.
func allIn(path string) string {
	var b strings.Builder
	_ = filepath.WalkDir(path, func(at string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(at)
		b.Write(text)
		return err
	})
	return strings.ReplaceAll(b.String(), "\r\n", "\n")
}

// clearing clears a folder when a session begins, and the server uses the UIDL of message 1 again for one of as many octets.
func (r *rig) clearing(session int) pop3server.Hook {
	return pop3server.On("USER").InSession(session).Do(func(*pop3server.Event) pop3server.Action {
		clearFiles(r.t, r.path)
		r.reuse()
		return pop3server.Action{}
	})
}

func (r *rig) reuse() {
	other := "From: b@example.org\r\nSubject: another\r\n\r\n"
	other += strings.Repeat("y", len(letter(1))-len(other)-2) + "\r\n"
	r.drop.Remove("uid-1")
	r.drop.Add(pop3server.NewMessage("uid-1", []byte(other)))
}

// A copy that is gone must not make another message's deletion out of a UIDL that the server used again.
func TestP1_WhatIsFetchedAgainIsStillTheMarkedMessage(t *testing.T) {
	cut := func(command string, session int) pop3server.Hook {
		return pop3server.Cut(pop3server.On(command).InSession(session), pop3server.Close)
	}
	for name, options := range map[string][]pop3server.Option{"with TOP": nil, "without TOP": {pop3server.Without("TOP")}} {
		for when, do := range map[string]func(r *rig) *outcome{
			"in the same run": func(r *rig) *outcome {
				r.server.SetHooks(cut("DELE 2", 1), r.clearing(2))
				return r.commit(order{marks: marked("MM"), opts: Options{Retries: 3}})
			},
			"known before, its DELE sent": func(r *rig) *outcome {
				must(r.t, r.commit(order{marks: marked("F")}).err)
				r.server.SetHooks(cut("DELE 2", 2), r.clearing(3))
				return r.commit(order{marks: marked("MM"), opts: Options{Retries: 3}})
			},
			"in the run that takes it up": func(r *rig) *outcome {
				r.server.SetHooks(cut("RETR 2", 1))
				r.commit(order{marks: marked("MM"), order: triage.AtEnd, opts: Options{Request: "same", Holds: true}})
				clearFiles(r.t, r.path)
				r.reuse()
				return r.again("same")
			},
		} {
			t.Run(when+" "+name, func(t *testing.T) {
				r := newRig(t, 2, options...)
				out := do(r)
				if left := r.drop.UIDLs(); !slices.Equal(left, []string{"uid-1"}) {
					t.Errorf("%v, %+v: the server has %q", out.err, out.Summary, left)
				}
			})
		}
	}
}

// A message without a UIDL of its own has a copy all the same.
func TestP2_TheCopyOfAMessageWithoutUIDLIsLookedFor(t *testing.T) {
	var r *rig
	r = newRig(t, 3, pop3server.Without("UIDL"), pop3server.WithHooks(
		pop3server.Cut(pop3server.On("DELE 2").InSession(1), pop3server.Close),
		pop3server.On("PASS").InSession(2).Do(func(*pop3server.Event) pop3server.Action {
			clearFiles(t, r.path)
			return pop3server.Action{}
		})))
	out := r.commit(order{marks: marked("MM"), opts: Options{Retries: 3}})
	if out.err != nil || out.Deleted != 2 {
		t.Errorf("%v, %+v", out.err, out.Summary)
	}
	r.expect([]int{1, 2}, "uid-3")
}

func TestTheCopyOfAMessageThatHasGrownIsFoundWhenARunComesBack(t *testing.T) {
	r := newRig(t, 1, pop3server.WithHooks(pop3server.Cut(pop3server.On("RETR 1").InSession(1), pop3server.Close)))
	if out := r.commit(order{marks: marked("M"), opts: Options{Request: "same", Holds: true}}); out.err == nil {
		t.Fatal("the run came to its end")
	}
	grown := strings.Replace(letter(1), "\r\n\r\n", "\r\n"+asMailutils("uid-1")+"\r\n", 1)
	r.drop.Remove("uid-1")
	r.drop.Add(pop3server.NewMessage("uid-1", []byte(grown)))
	must(t, r.commit(order{marks: marked("F"), opts: Options{Request: "other"}}).err)
	box := r.connect()
	must(t, box.Open(t.Context()))
	list := box.List()
	before, _, err := FindUnfinished(t.Context(), r.ledger, account, "same")
	must(t, err)
	of, err := box.GrownFrom(t.Context(), map[mailbox.ID]int64{"uid-1": int64(len(letter(1)))})
	must(t, err)
	plan, _, was := before.Plan(list, triage.AsReceived, of)
	must(t, box.Close())
	r.server.SetHooks(pop3server.Cut(pop3server.On("DELE 1").InSession(r.server.Sessions()+1), pop3server.Close))
	out := r.commit(order{plan: func(p *triage.Plan) { *p = plan }, opts: Options{Request: "same", TakesUp: true, Holds: true, Was: was, Retries: 3}})
	if n := strings.Count(allIn(r.path), "Subject:"); out.err != nil || out.Deleted != 1 || out.Kept != 1 || n != 1 {
		t.Errorf("%v, %+v: %d copies", out.err, out.Summary, n)
	}
}

// What is awaited already is counted once.
func TestWhatIsFetchedAgainIsCountedOnce(t *testing.T) {
	var r *rig
	r = newRig(t, 1, pop3server.WithHooks(
		pop3server.Lines(pop3server.On("TOP"), func(i int, line string) (string, bool) {
			if i == 1 {
				line = "X-Scan: done\r\n" + line // RETR has it not
			}
			return line, true
		}),
		pop3server.Cut(pop3server.On("DELE 1").InSession(1), pop3server.Close),
		pop3server.On("PASS").InSession(2).Do(func(*pop3server.Event) pop3server.Action {
			clearFiles(t, r.path)
			return pop3server.Action{}
		})))
	out := r.commit(order{marks: marked("M"), opts: Options{Retries: 3}})
	if last := out.events[len(out.events)-1]; out.err != nil || out.Deleted != 1 || last.RunOctets != last.RunTotal {
		t.Errorf("%v, %+v: %d of %d octets", out.err, out.Summary, last.RunOctets, last.RunTotal)
	}
}

func TestACommandsWordIsTakenWhenARunComesBack(t *testing.T) {
	got := filepath.Join(t.TempDir(), "got")
	r := newRig(t, 3, pop3server.WithHooks(pop3server.Cut(pop3server.On("DELE 2").InSession(1), pop3server.Close)))
	out := r.commit(order{marks: marked("MMM"), opts: Options{Destination: delivery.NewPipe("grep ^Subject: >>" + got), Retries: 3}})
	text, err := os.ReadFile(got)
	must(t, err)
	if given := strings.Count(string(text), "Subject:"); out.err != nil || out.Deleted != 3 || given != 3 {
		t.Errorf("%v, %+v: the command was given %d messages", out.err, out.Summary, given)
	}
}

func TestP2_AMessageWhoseCopyIsGoneFromTheBinIsCopiedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bin")
	r := newRig(t, 3, pop3server.WithHooks(
		pop3server.Cut(pop3server.On("DELE 2").InSession(1), pop3server.Close),
		pop3server.On("PASS").InSession(2).Do(func(*pop3server.Event) pop3server.Action {
			clearFiles(t, path)
			return pop3server.Action{}
		}),
	))
	bin := NewBin(path, 1<<20, 24*time.Hour)
	out := r.commit(order{marks: marked("DDD"), opts: Options{Bin: bin, Retries: 3}})
	if out.err != nil || out.Deleted != 3 || out.Fetched != 0 || strings.Count(allIn(path), "Subject:") != 3 {
		t.Errorf("%v, %+v: in the bin is %q", out.err, out.Summary, allIn(path))
	}
}

// there is a destination that has whatever it is asked for.
type there struct{ delivery.Destination }

func (there) Find(context.Context, delivery.Receipt) bool { return true }

// noRecords is a journal that knows of no copy.
type noRecords struct{ journal }

func (noRecords) Fetched(context.Context, string, string, []string) (map[ledger.FetchedKey]ledger.Fetched, error) {
	return nil, nil
}

func TestP9_TheServerIsKeptAwakeWhileCopiesAreLookedFor(t *testing.T) {
	now := time.Now()
	e := &engine{log: noRecords{}, now: func() time.Time { now = now.Add(lookAwake / 2); return now }}
	var todo []*step
	for range 6 {
		todo = append(todo, &step{Step: &triage.Step{Mark: triage.Move}, dest: there{}, key: "k", copied: true, receipt: new(delivery.Receipt)})
	}
	s := &noopSession{}
	if err := e.lookForCopies(t.Context(), s, todo); err != nil || s.noops != 3 {
		t.Errorf("%d NOOPs, %v", s.noops, err)
	}
}
