package keymap

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestDefaultsHaveNoClash(t *testing.T) {
	for _, err := range clashes(defaults(), nil) {
		t.Error(err)
	}
}

func TestEveryDefaultKeyIsKnownAndNoneIsABareSpace(t *testing.T) {
	for _, b := range defaults() {
		if b.In == 0 || b.Words == "" || b.Hint == "" || !slices.Contains(Groups(), b.Group) {
			t.Errorf("%s: incomplete binding %+v", b.Action, b)
		}
		for _, key := range b.Keys {
			if key == " " || !known(key) {
				t.Errorf("%s: key %q is not known; the space bar's name is \"space\"", b.Action, key)
			}
		}
	}
}

func TestCtrlCLeavesFromEveryContext(t *testing.T) {
	for c := Context(1); c < 1<<contexts; c <<= 1 {
		if got, _ := Default().Lookup(c, "ctrl+c"); got != Leave {
			t.Errorf("ctrl+c in %s is %q", c, got)
		}
	}
}

func TestTheFilterPromptBindsNothingPrintable(t *testing.T) {
	for _, b := range defaults() {
		if b.In&FilterPrompt == 0 {
			continue
		}
		for _, key := range b.Keys {
			if len([]rune(key)) == 1 || key == "space" {
				t.Errorf("%s: %q could not be typed into a query", b.Action, key)
			}
		}
	}
}

func TestOverride(t *testing.T) {
	m, err := Default().Override(strings.NewReader("# mine\n\nmark-delete = x D\nfilter = ctrl+s\nmouse =\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		key  string
		want Action
	}{{"x", MarkDelete}, {"D", MarkDelete}, {"ctrl+s", Filter}, {"d", ""}, {"/", ""}, {"M", ""}, {"f", MarkFetch}} {
		if got, _ := m.Lookup(List, tt.key); got != tt.want {
			t.Errorf("%q means %q, want %q", tt.key, got, tt.want)
		}
	}
	if got, _ := Default().Lookup(List, "d"); got != MarkDelete {
		t.Errorf("Override changed the map it was called on: d means %q", got)
	}
	if strings.Contains(m.Markdown(), "mouse on or off") {
		t.Error("an action without a key is still listed")
	}
}

func TestOverrideSaysWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		want       error
		words      string
	}{
		{"no equals sign", "mark-delete d", ErrSyntax, "line 1"},
		{"no action", "= d", ErrSyntax, "ACTION = KEY"},
		{"unknown action", "\nmark-delte = d", ErrUnknownAction, `line 2: unknown action "mark-delte"; did you mean "mark-delete"?`},
		{"unknown key", "undo = ctrl+shift+pageup", ErrUnknownKey, `"ctrl+shift+pageup"`},
		{"upper case behind a modifier", "undo = ctrl+U", ErrUnknownKey, `"ctrl+U"`},
		{"clash in one context", "undo = d", ErrClash, `"d" would mean both "mark-delete" and "undo"`},
		{"leave is fixed", "leave = x", ErrFixed, "ctrl+c"},
		{"ctrl+c is fixed", "quit = ctrl+c", ErrFixed, "ctrl+c"},
		{"twice", "undo = x\nundo = z", ErrTwice, "line 1 already"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Default().Override(strings.NewReader(tt.file))
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("got %v, want %v with %q", err, tt.want, tt.words)
			}
			var at *OverrideError
			if !errors.As(err, &at) {
				t.Errorf("%T is no OverrideError", err)
			}
		})
	}
}

func TestOverrideReportsEveryMistake(t *testing.T) {
	_, err := Default().Override(strings.NewReader("nonsense = x\nundo = nokey\n"))
	if !errors.Is(err, ErrUnknownAction) || !errors.Is(err, ErrUnknownKey) {
		t.Errorf("got %v", err)
	}
}

func TestKeysMayMeanDifferentThingsInDifferentContexts(t *testing.T) {
	m := Default()
	for _, tt := range []struct {
		in   Context
		key  string
		want Action
	}{
		{List, "ctrl+d", HalfDown},
		{PreviewPane, "ctrl+d", ScrollPageDown},
		{List, "enter", Preview},
		{SendersView, "enter", ShowGroup},
		{List, "q", Quit},
		{ReviewScreen, "q", Decline},
		{Summary, "enter", Close},
		{Committing, "esc", Stop},
		{Committing, "q", ""},
	} {
		if got, _ := m.Lookup(tt.in, tt.key); got != tt.want {
			t.Errorf("%q in %s means %q, want %q", tt.key, tt.in, got, tt.want)
		}
	}
}

func TestMarkdownListsEveryActionOnce(t *testing.T) {
	text := Markdown()
	for _, b := range defaults() {
		if !strings.Contains(text, "`"+Shown(b.Keys[0])+"`") || strings.Count(text, " | "+b.Words+" |\n") != 1 {
			t.Errorf("%s: missing or given twice", b.Action)
		}
	}
	if strings.Count(text, "| --- | --- |") != len(Groups()) {
		t.Errorf("groups are missing:\n%s", text)
	}
}

func FuzzOverride(f *testing.F) {
	f.Add("mark-delete = x\n")
	f.Add("leave = q\n# c\n\nundo=")
	f.Add("undo = d\nredo = ctrl+alt+shift+f5 + =")
	f.Fuzz(func(t *testing.T, file string) {
		m, err := Default().Override(strings.NewReader(file))
		if (m == nil) == (err == nil) {
			t.Fatalf("map %v, error %v", m, err)
		}
		if m != nil {
			if got, _ := m.Lookup(List, "ctrl+c"); got != Leave {
				t.Fatalf("ctrl+c means %q", got)
			}
		}
	})
}
