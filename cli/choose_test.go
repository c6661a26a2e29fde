package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"popmark/mailbox"
	"popmark/pop3server"
)

// A list that becomes another while headers are read, as the line breaks at the first of them: of six messages,
// kind1 and so on, and of what comes meanwhile.
func TestWhatIsChosenIsChosenInTheListThatIsCarriedOut(t *testing.T) {
	all := []string{"uid-1", "uid-2", "uid-3", "uid-4", "uid-5", "uid-6"}
	without := func(uids []string, one string) []string {
		return slices.DeleteFunc(slices.Clone(uids), func(uid string) bool { return uid == one })
	}
	on := pop3server.On
	garbled := pop3server.Lines(on("LIST").InSession(1), func(i int, line string) (string, bool) {
		if n, _, ok := strings.Cut(line, " "); ok && n != "+OK" {
			return n + " uid-" + n, true // as where UIDL is answered twice
		}
		return line, true
	})
	short := pop3server.Lines(on("LIST").InSession(2), func(_ int, line string) (string, bool) {
		return line, !strings.HasPrefix(line, "5 ")
	})
	for name, tt := range map[string]struct {
		args      []string
		came      string // while the headers are read
		went      string
		hooks     []pop3server.Hook
		status    int
		left      []string
		says      string
		saysNever string
	}{
		"the first list was garbled": {
			args: []string{"commit", "--delete", "subject:kind5"}, hooks: []pop3server.Hook{garbled},
			left: without(all, "uid-5"), saysNever: "no longer in the mailbox",
		},
		"a list in between was short": {
			args:  []string{"commit", "--delete", "subject:kind5"},
			hooks: []pop3server.Hook{short, pop3server.Cut(on("TOP 3").InSession(2), pop3server.Close)},
			left:  without(all, "uid-5"), saysNever: "no longer in the mailbox",
		},
		"new mail": {
			args: []string{"commit", "--delete", "subject:kind7 OR subject:kind2"}, came: "7", left: without(all, "uid-2"),
		},
		"new mail, and a number that means the same": {
			args: []string{"commit", "--delete", "subject:kind7", "--delete", "2"}, came: "7", left: without(all, "uid-2"),
		},
		"new mail, and a number that means another": {
			args: []string{"commit", "--delete", "subject:kind7", "--delete", "5"}, came: "7", went: "uid-1",
			status: exitTryLater, left: append(without(all, "uid-1"), "uid-7"), says: "run popmark list",
		},
		"one that really went": {
			args: []string{"commit", "--delete", "subject:kind5"}, went: "uid-4",
			left: without(without(all, "uid-4"), "uid-5"), says: "warning: message 4: the message is no longer in the mailbox",
		},
		"peek": {
			args: []string{"peek", "subject:kind5"}, hooks: []pop3server.Hook{garbled},
			left: all, says: "Subject: kind5", saysNever: "no longer in the mailbox",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each waits before it takes the line up again
			drop := pop3server.NewMemory()
			add := func(n string) {
				drop.Add(pop3server.NewMessage("uid-"+n, letter("a@b.example", "kind"+n, "Mon, 2 Nov 2026 08:00:00 +0100")))
			}
			for n := range all {
				add(fmt.Sprint(n + 1))
			}
			hooks := append(tt.hooks, on("TOP").InSession(1).Do(func(*pop3server.Event) pop3server.Action {
				if tt.came != "" {
					add(tt.came)
				}
				drop.Remove(tt.went)
				return pop3server.Action{Skip: true, Answer: strings.NewReader(""), Then: pop3server.Close}
			}))
			server := pop3server.New(pop3server.WithUser("joe", "secret", drop), pop3server.WithHooks(hooks...))
			t.Cleanup(func() { _ = server.Close() })
			addr, err := server.Listen("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var said strings.Builder
			command := append([]string{tt.args[0], "pop3://joe@" + addr.String(), "--no-state"}, tt.args[1:]...)
			status := Run(t.Context(), command, Streams{Password: "secret", Out: &said, Err: &said})
			if left := drop.UIDLs(); status != tt.status || !slices.Equal(left, tt.left) {
				t.Errorf("status %d, left %q, want %q: %s%q", status, left, tt.left, &said, server.Commands())
			}
			if text := said.String(); !strings.Contains(text, tt.says) || tt.saysNever != "" && strings.Contains(text, tt.saysNever) {
				t.Errorf("it says %s", text)
			}
		})
	}
}

func TestChoosingEndsWhereTheListNeverStands(t *testing.T) {
	var lists []*mailbox.List
	newest := func() *mailbox.List { return mailbox.NewList(nil) }
	changes := fmt.Errorf("--delete: %w", errListChanged)
	choose := func(l *mailbox.List) error {
		lists = append(lists, l)
		return changes
	}
	first := newest()
	err := inStanding(first, newest, choose)
	if !errors.Is(err, errListChanged) || statusOf(err) != exitTryLater || len(lists) != mostChoices || lists[0] != first || lists[1] == first {
		t.Errorf("behind %d choices: %v", len(lists), err)
	}
	if err := inStanding(first, newest, func(l *mailbox.List) error {
		if l == first {
			return changes
		}
		return nil
	}); err != nil {
		t.Errorf("a list that stands at last: %v", err)
	}
}

// Not all headers of a large mailbox stay in memory, and a query looks at all.
func TestQueriesFindInALargeMailbox(t *testing.T) {
	for _, state := range []string{"kept", "not kept"} {
		t.Run(state, func(t *testing.T) {
			const n = 10_500
			r := newReuse(t, nil)
			for i := range n {
				r.add(fmt.Sprintf("uid-%d", i+1), fmt.Sprintf("kind%d.", i+1))
			}
			if state == "not kept" {
				r.state = "--no-state"
			}
			if status, said := r.run("commit", "--delete", "subject:kind10400.", "--delete", "subject:kind7.", "--fetch", "subject:kind10401.", "--to", "maildir:"+t.TempDir()+"/mail"); status != 0 {
				t.Errorf("status %d: %s", status, said)
			}
			if left := r.drop.UIDLs(); len(left) != n-2 || slices.Contains(left, "uid-10400") || slices.Contains(left, "uid-7") {
				t.Errorf("%d messages are left", len(left))
			}
			if status, said := r.run("commit", "--delete", "subject:kind10402.", "--fetch", "kind10402."); status != 64 || !strings.Contains(said, "both claim it") {
				t.Errorf("two marks for one message: status %d, %s", status, said)
			}
		})
	}
}

// A list that the first session garbled is no reason to leave messages out of what is printed.
func TestListLooksAtTheListThatStands(t *testing.T) {
	for name, change := range map[string]func(i int, line string) (string, bool){
		"garbled": func(_ int, line string) (string, bool) {
			if n, _, ok := strings.Cut(line, " "); ok && n != "+OK" {
				return n + " uid-" + n, true
			}
			return line, true
		},
		"short": func(_ int, line string) (string, bool) { return line, !strings.HasPrefix(line, "5 ") },
	} {
		for _, query := range []string{"subject:kind5", "is:new", ""} {
			t.Run(name+" "+query, func(t *testing.T) {
				r := newReuse(t, sixKinds, pop3server.Lines(pop3server.On("LIST").InSession(1), change),
					pop3server.Cut(pop3server.On("TOP").InSession(1), pop3server.Close))
				r.state = "--no-state"
				args := []string{"list"}
				if query != "" {
					args = append(args, query)
				}
				status, said := r.run(args...)
				if status != 0 || strings.Count(said, "kind5") != 1 || strings.Contains(said, "(no header)") {
					t.Errorf("status %d: %s", status, said)
				}
				if query != "subject:kind5" && strings.Count(said, " kind") != 6 {
					t.Errorf("not each is listed once: %s", said)
				}
			})
		}
	}
}

// What one mark claims, and another may, is done for neither: as with a header that tells that both do.
func TestAMessageThatAnotherMarkMayClaimIsLeftAlone(t *testing.T) {
	for _, marks := range [][]string{
		{"--delete", "3", "--fetch", "subject:kind3"},
		{"--fetch", "subject:kind3", "--delete", "3"},
		{"--delete", "3", "--delete", "subject:nothing", "--fetch", "subject:kind3"},
		{"--move", "1-3", "--delete", "subject:kind3"},
		{"--delete", "1,3", "--fetch", "subject:kind3"},
		{"--delete", "1", "--fetch", "subject:kind3"},
		{"--delete", "1-", "--fetch", "subject:kind3"},
	} {
		t.Run(strings.Join(marks, " "), func(t *testing.T) {
			r := newReuse(t, sixKinds, pop3server.Refuse(pop3server.On("TOP 3"), "busy"))
			command := slices.Concat([]string{"commit", "--to", "maildir:" + t.TempDir() + "/mail"}, marks)
			for range 2 { // given again, its numbers are those of then
				status, said := r.run(command...)
				if len(r.drop.UIDLs()) != 6 || status != 1 || strings.Count(said, "it can't be told whether") != 1 {
					t.Errorf("status %d: %s", status, said)
				}
			}
		})
	}
	r := newReuse(t, sixKinds, pop3server.Refuse(pop3server.On("TOP 3"), "busy"))
	if status, _ := r.run("commit", "--delete", "smaller:1M", "--fetch", "subject:kind3 OR subject:nothing", "--to", "maildir:"+t.TempDir()+"/mail"); status != 1 || !slices.Equal(r.drop.UIDLs(), []string{"uid-3"}) {
		t.Errorf("queries alone: status %d, left %q", status, r.drop.UIDLs())
	}
	r = newReuse(t, sixKinds, pop3server.Refuse(pop3server.On("TOP 3"), "busy"))
	if status, _ := r.run("commit", "--delete", "3", "--delete", "subject:kind3"); status != 0 || slices.Contains(r.drop.UIDLs(), "uid-3") {
		t.Errorf("one mark for both: status %d, left %q", status, r.drop.UIDLs())
	}
}
