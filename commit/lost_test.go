package commit

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"popmark/delivery"
	"popmark/pop3server"
)

// Between two sessions of a run minutes may lie. Who clears a folder meanwhile must not lose what the next one deletes.
func TestP2_CopiesThatAreGoneWhenARunComesBackAreMadeAnew(t *testing.T) {
	for _, c := range []struct {
		kind string
		dest func(path string) delivery.Destination
		text func(path string) string
	}{
		{"maildir", func(path string) delivery.Destination { return delivery.NewMaildir(delivery.OS(), path) }, allIn},
		{"mbox", func(path string) delivery.Destination { return delivery.NewMbox(delivery.OS(), path) }, allIn},
		{"eml", func(path string) delivery.Destination { return delivery.NewEML(delivery.OS(), path) }, allIn},
		{"two places", func(path string) delivery.Destination {
			return delivery.Multi(delivery.NewMaildir(delivery.OS(), path), delivery.NewPipe("cat >/dev/null"))
		}, allIn},
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
				text := c.text(path)
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
func clearFiles(t *testing.T, path string) {
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

// A copy that is gone must not make another message's deletion out of a UIDL that the server used again.
func TestP1_WhatIsFetchedAgainIsStillTheMarkedMessage(t *testing.T) {
	for name, options := range map[string][]pop3server.Option{"": nil, "without TOP": {pop3server.Without("TOP")}} {
		t.Run(name, func(t *testing.T) {
			var r *rig
			path := filepath.Join(t.TempDir(), "mail")
			other := "From: b@example.org\r\nSubject: another\r\n\r\n"
			other += strings.Repeat("y", len(letter(1))-len(other)-2) + "\r\n"
			cut := pop3server.Cut(pop3server.On("DELE 2").InSession(1), pop3server.Close)
			back := pop3server.On("PASS").InSession(2).Do(func(*pop3server.Event) pop3server.Action {
				clearFiles(t, path)
				r.drop.Remove("uid-1")
				r.drop.Add(pop3server.NewMessage("uid-1", []byte(other)))
				return pop3server.Action{}
			})
			r = newRig(t, 2, append(options, pop3server.WithHooks(cut, back))...)
			out := r.commit(order{marks: marked("MM"), opts: Options{Destination: delivery.NewMaildir(delivery.OS(), path), Retries: 3}})
			if left := r.drop.UIDLs(); !slices.Equal(left, []string{"uid-1"}) {
				t.Errorf("%v, %+v: the server has %q", out.err, out.Summary, left)
			}
		})
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
