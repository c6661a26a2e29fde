package ui

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"popmark/keymap"
	"popmark/message"
	"popmark/triage"
)

// marksOf spells the marks of a screen's messages in message order, "-" for skip.
func (s *screen) marksOf() string {
	var b strings.Builder
	for _, m := range s.box.list.Messages {
		letter := s.m.marks.Get(m.ID).Letter()
		b.WriteString(strings.ReplaceAll(letter, " ", "-"))
	}
	return b.String()
}

// at is the number of the message under the cursor.
func (s *screen) at() int {
	if m, ok := s.m.rows.at(); ok {
		return m.Number
	}
	return 0
}

func TestMovingKeys(t *testing.T) {
	for _, tt := range []struct {
		keys string
		want int // message number; the newest of 100 is on top, 20 rows are in view
	}{
		{"", 100},
		{"j", 99},
		{"down down", 98},
		{"k", 100},
		{"j j up", 99},
		{"G", 1},
		{"end", 1},
		{"G g", 100},
		{"end home", 100},
		{"ctrl+d", 90},
		{"ctrl+d ctrl+u", 100},
		{"pgdown", 81},
		{"ctrl+f", 81},
		{"pgdown pgup", 100},
		{"G pgdown j", 1},
	} {
		t.Run(tt.keys, func(t *testing.T) {
			s := newScreen(t, 80, 24, many(100)).press(tt.keys)
			if s.at() != tt.want {
				t.Errorf("on message %d, want %d", s.at(), tt.want)
			}
			s.frame()
		})
	}
}

func TestMarkingKeys(t *testing.T) {
	for _, tt := range []struct {
		name, keys string
		want       string // from message 1 to 5; 5 is on top
		at         int
	}{
		{"delete goes on", "d", "----D", 4},
		{"fetch goes on", "f f", "---FF", 3},
		{"move goes on", "m", "----M", 4},
		{"skip takes a mark off and goes on", "d k s", "-----", 4},
		{"a mark replaces another", "d k f", "----F", 4},
		{"space goes round and stays", "space", "----D", 5},
		{"space twice", "space space", "----F", 5},
		{"space thrice", "space space space", "----M", 5},
		{"space four times", "space space space space", "-----", 5},
		{"a range, v", "v j j d", "--DDD", 2},
		{"a range, V", "V j f", "---FF", 3},
		{"a range upwards", "j j v k k m", "--MMM", 2},
		{"a range that was ended keeps its rows", "v j v j j d", "---DD", 3},
		{"a third v lets the range go", "v j v v d", "---D-", 3},
		{"esc ends a range", "v j esc d", "---D-", 3},
		{"all", "* d", "DDDDD", 5},
		{"all, taken back", "* * d", "----D", 4},
		{"undo one", "d f u", "----D", 4},
		{"undo a whole range at once", "v j j j d u", "-----", 1},
		{"redo", "d f u u ctrl+r ctrl+r", "---FD", 4},
		{"undo goes back to its row, and a new mark ends redoing", "d u f ctrl+r", "----F", 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScreen(t, 80, 24, many(5)).press(tt.keys)
			if got := s.marksOf(); got != tt.want {
				t.Errorf("marks %s, want %s", got, tt.want)
			}
			if s.at() != tt.at {
				t.Errorf("on message %d, want %d", s.at(), tt.at)
			}
			s.frame()
			if recounted := s.m.marks.totals; func() bool { s.m.marks.recount(); return recounted != s.m.marks.totals }() {
				t.Errorf("the totals at the foot are %v, the marks' %v", recounted, s.m.marks.totals)
			}
		})
	}
}

func TestP1_MarksOnHiddenRowsStay(t *testing.T) {
	s := newScreen(t, 80, 24, many(5)).press("d d /").typed("subject:3").press("enter")
	if got := len(s.m.rows.shown); got != 1 {
		t.Fatalf("%d rows fit, want 1", got)
	}
	s.press("f esc")
	if got := s.marksOf(); got != "--FDD" {
		t.Errorf("marks %s, want --FDD", got)
	}
	if got := len(s.m.rows.shown); got != 5 {
		t.Errorf("%d rows without the filter, want 5", got)
	}
}

func TestP1_AllMeansAllThatTheFilterShows(t *testing.T) {
	s := newScreen(t, 80, 24, many(5)).press("/").typed("subject:2 OR subject:4").press("enter * d")
	if got := s.marksOf(); got != "-D-D-" {
		t.Errorf("marks %s, want -D-D-", got)
	}
}

func TestAFilterWithAMistakePointsAtItAndIsNotKept(t *testing.T) {
	s := newScreen(t, 80, 24, many(5)).press("/").typed("from:a larger:x").press("enter")
	if s.m.top() != modeFilter {
		t.Fatal("a query with a mistake was kept")
	}
	lines := strings.Split(ansi.Strip(s.frame()), "\n")
	pointer, prompt := lines[len(lines)-2], lines[len(lines)-1]
	before, _, found := strings.Cut(pointer, "▼")
	if at := ansi.StringWidth(before); !found || prompt[at:at+1] != "x" {
		t.Errorf("the pointer misses:\n%s\n%s", pointer, prompt)
	}
	if got := len(s.m.rows.shown); got != 5 {
		t.Errorf("%d rows are shown; a query with a mistake filters nothing", got)
	}
}

func TestTheFilterPromptEdits(t *testing.T) {
	s := newScreen(t, 80, 24, many(5)).press("/").typed("subject:33").press("backspace")
	if got := s.m.prompt.value(); got != "subject:3" {
		t.Errorf("prompt %q", got)
	}
	if s.press("enter"); s.at() != 3 {
		t.Errorf("on message %d, want 3", s.at())
	}
	s.press("/ ctrl+w").typed("q j d")
	if got := s.m.prompt.value(); got != "q j d" {
		t.Errorf("keys did something at the prompt: %q", got)
	}
	s.press("esc")
	if s.m.rows.query != nil || s.m.top() != modeList || s.marksOf() != "-----" || s.at() != 3 {
		t.Errorf("esc did not take the filter off: query %v, mode %v, marks %s, at %d", s.m.rows.query, s.m.top(), s.marksOf(), s.at())
	}
}

func TestSortingKeepsTheCursorOnItsMessage(t *testing.T) {
	s := newScreen(t, 80, 24, sample()).press("j j")
	was := s.at()
	for range 7 {
		s.press("o")
		if s.at() != was {
			t.Fatalf("sorted by %v the cursor is on %d, want %d", s.m.rows.column, s.at(), was)
		}
		before := s.m.rows.descending
		if s.press("O"); s.m.rows.descending == before || s.at() != was {
			t.Fatalf("turned round by %v the cursor is on %d, want %d", s.m.rows.column, s.at(), was)
		}
		s.frame()
	}
}

func TestSendersMarkAWholeGroup(t *testing.T) {
	s := newScreen(t, 80, 24, sample()).press("b")
	if len(s.m.senders.groups) == 0 || s.m.senders.groups[0].Name != "carol@example.net" {
		t.Fatalf("the largest sender is not on top: %+v", s.m.senders.groups)
	}
	s.press("d d")
	if got := s.marksOf(); got != "-D--------" {
		t.Errorf("marks %s: the messages without a header are no sender's, and must not be marked with one key", got)
	}
	s.press("u b")
	if s.marksOf() != "----------" || s.m.mode != modeList {
		t.Errorf("undo or leaving failed: %s, %v", s.marksOf(), s.m.mode)
	}
	s.press("b tab")
	if s.m.senders.by != triage.ByDomain {
		t.Error("tab does not group by domain")
	}
	s.press("tab enter")
	if s.m.mode != modeList || s.at() != 2 || len(s.m.rows.shown) != 1 {
		t.Errorf("enter does not show the group's messages: %d rows, on %d", len(s.m.rows.shown), s.at())
	}
}

func TestPreviewAsksTopOnceAndFollowsTheCursor(t *testing.T) {
	s := newScreen(t, 80, 24, sample()).press("j j enter")
	s.press("enter enter")
	if got := strings.Count(strings.Join(s.box.calls, " "), "top 40"); got != 1 {
		t.Errorf("TOP was sent %d times for one message: %v", got, s.box.calls)
	}
	s.press("j")
	if s.m.preview.shown != "uid00007" || s.m.preview.find("uid00007") == nil {
		t.Errorf("the preview shows %q", s.m.preview.shown)
	}
	if got := s.m.cfg.Feed.Shown("uid00007"); len(got) == 0 || got[0] != "Dear Ann," {
		t.Errorf("the history would remember %q", got)
	}
	if s.press("esc"); s.m.preview.open {
		t.Error("esc does not close the preview")
	}
}

func TestMoreLinesAsksForMore(t *testing.T) {
	mails := many(1)
	mails[0].body = strings.Repeat("line\r\n", 200)
	s := newScreen(t, 80, 24, mails).press("enter + = +")
	if got := strings.Join(s.box.calls, ","); !strings.HasSuffix(got, "top 40,top 160,top 640") && !strings.HasSuffix(got, "top 40,top 160") {
		t.Errorf("asked for %s", got)
	}
	s.press("+")
	if !strings.Contains(string(s.m.note.text), "whole message") {
		t.Errorf("the end of the message is not said: %q", s.m.note.text)
	}
}

func TestAKeyThatDoesNothingSaysWhy(t *testing.T) {
	for _, tt := range []struct{ name, keys, want string }{
		{"unbound", "Z", "Z does nothing here; ? lists the keys"},
		{"of another context", "h", "h does nothing here (preview: all headers)"},
		{"nothing to undo", "u", "Nothing to undo"},
		{"nothing to redo", "ctrl+r", "Nothing to redo"},
		{"nothing marked", "c", "Nothing is marked"},
		{"nothing to close", "esc", "Nothing to close"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScreen(t, 120, 24, many(3)).press(tt.keys)
			if !strings.Contains(string(s.m.note.text), tt.want) {
				t.Errorf("said %q, want %q", s.m.note.text, tt.want)
			}
			if !strings.Contains(ansi.Strip(s.frame()), tt.want) {
				t.Error("it is not on the screen")
			}
			if s.press("j"); strings.Contains(ansi.Strip(s.frame()), tt.want) {
				t.Error("it stays after the next key")
			}
		})
	}
	s := newScreen(t, 80, 24, nil).press("d")
	if !strings.Contains(string(s.m.note.text), "empty") {
		t.Errorf("marking in an empty mailbox says %q", s.m.note.text)
	}
}

// TestEveryKeyDoesSomething presses each key of each context that a state stands for: something changes, or is said.
func TestEveryKeyDoesSomething(t *testing.T) {
	contexts := map[keymap.Context]string{
		keymap.List: "marked", keymap.PreviewPane: "preview-part", keymap.SendersView: "senders", keymap.FilterPrompt: "filter",
		keymap.ReviewScreen: "review", keymap.Summary: "summary", keymap.HelpScreen: "help",
		keymap.DialogueScreen: "dialogue", keymap.AccountsScreen: "accounts", keymap.ConfirmPrompt: "quit", keymap.Opening: "locked",
	}
	// Moving keys may have nowhere to go in so small a mailbox; leaving and suspending show outside the frame.
	silent := map[keymap.Action]bool{keymap.Suspend: true, keymap.Leave: true}
	for _, group := range keymap.Groups() {
		if group == keymap.Moving {
			continue
		}
		for _, b := range keymap.Default().In(group, keymap.Everywhere) {
			for context, name := range contexts {
				if b.In&context == 0 || silent[b.Action] {
					continue
				}
				for _, k := range b.Keys {
					t.Run(fmt.Sprintf("%s/%s/%s", context, b.Action, k), func(t *testing.T) {
						s := stateNamed(t, name, 80, 24)
						if s.m.context() != context {
							t.Fatalf("the state %s is in %s", name, s.m.context())
						}
						before, calls := s.frame(), len(s.box.calls)
						s.press("" + k)
						if s.frame() == before && len(s.box.calls) == calls && !s.quit {
							if strings.HasPrefix(string(b.Action), "scroll-up") || strings.HasPrefix(string(b.Action), "scroll-page-up") {
								return // already at the top
							}
							t.Error("nothing happened and nothing was said")
						}
					})
				}
			}
		}
	}
}

func stateNamed(t testing.TB, name string, w, h int) *screen {
	t.Helper()
	for _, state := range states {
		if state.name == name {
			return state.to(t, w, h)
		}
	}
	t.Fatalf("no state %q", name)
	return nil
}

func TestCtrlCLeavesFromEveryStateAndCommitsNothing(t *testing.T) {
	for _, state := range states {
		t.Run(state.name, func(t *testing.T) {
			s := state.to(t, 80, 24)
			plans := len(s.plans)
			if s.m.run.active() {
				t.Skip("a running commit is stopped first; see TestLeavingStopsACommit")
			}
			if s.press("ctrl+c"); !s.quit {
				t.Error("ctrl+c does not leave")
			}
			if len(s.plans) != plans {
				t.Error("leaving committed")
			}
		})
	}
}

func TestP1_MoreLinesAreARetrOnlyOnASmallMessageWhereThatIsHarmless(t *testing.T) {
	long := fakeMail{octets: 9_000, header: "Subject: long\r\n", body: strings.Repeat("line\r\n", 1000)}
	large := long
	large.octets = smallOctets + 1
	for _, c := range []struct {
		mail   fakeMail
		expire message.Safe
		want   string
	}{
		{long, "NEVER", "retr"},
		{long, "", "top 160"},
		{long, "0", "top 160"},
		{large, "NEVER", "top 160"},
	} {
		s := newScreen(t, 80, 24, []fakeMail{c.mail}, func(s *screen, _ *Config) { s.box.info.Expire = c.expire }).press("enter")
		if last := s.box.calls[len(s.box.calls)-1]; last != "top 40" {
			t.Errorf("%q: opening the preview asked for %q", c.expire, last)
		}
		s.press("+")
		if last := s.box.calls[len(s.box.calls)-1]; last != c.want {
			t.Errorf("%q, %d octets: more is %q, want %q", c.expire, c.mail.octets, last, c.want)
		}
	}
}

func TestQuitAsksWhereThereAreMarks(t *testing.T) {
	if s := newScreen(t, 80, 24, many(3)).press("q"); !s.quit {
		t.Error("q without marks does not leave")
	}
	s := newScreen(t, 80, 24, many(3)).press("d q")
	if s.quit || s.m.top() != modeConfirm {
		t.Fatal("q with marks does not ask")
	}
	if s.press("n"); s.quit || s.m.top() != modeList {
		t.Error("n does not go back")
	}
	if s.press("q esc"); s.quit {
		t.Error("esc leaves")
	}
	if s.press("q y"); !s.quit || len(s.plans) != 0 {
		t.Errorf("y: left %v, committed %v", s.quit, s.plans)
	}
}
