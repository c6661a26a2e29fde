package keymap

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What an override can be refused for.
var (
	ErrSyntax        = errors.New("not of the form ACTION = KEY KEY")
	ErrUnknownAction = errors.New("unknown action")
	ErrUnknownKey    = errors.New("unknown key")
	ErrClash         = errors.New("key bound twice")
	ErrFixed         = errors.New("ctrl+c always leaves")
	ErrTwice         = errors.New("action given twice")
)

// OverrideError is a mistake in an override file.
type OverrideError struct {
	Line int    // counted from 1; 0 where it is of the file as a whole
	What string // what is wrong and what to write instead
	Err  error  // one of this package's errors, or one of reading
}

// Error names the line and what is wrong with it.
func (e *OverrideError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("reading keys: %s", e.What)
	}
	return fmt.Sprintf("reading keys: line %d: %s", e.Line, e.What)
}

// Unwrap returns the kind of mistake.
func (e *OverrideError) Unwrap() error { return e.Err }

// Override returns a map in which the actions that r names have the keys that r gives them, and only those. A
// line is an action, "=" and keys with spaces between; no keys unbind the action, "#" in front of a line makes
// it a comment. Every mistake in r is reported, joined, each as an [*OverrideError].
func (m *Map) Override(r io.Reader) (*Map, error) {
	bindings := slices.Clone(m.bindings)
	given := make(map[Action]int)
	var mistakes []error
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		action, keys, err := parseLine(line, bindings)
		if first := given[action]; err == nil && first != 0 {
			err = &OverrideError{What: fmt.Sprintf("%q was given in line %d already", action, first), Err: ErrTwice}
		}
		if err != nil {
			err.Line = n
			mistakes = append(mistakes, err)
			continue
		}
		given[action] = n
		for i := range bindings {
			if bindings[i].Action == action {
				bindings[i].Keys = keys
			}
		}
	}
	if err := lines.Err(); err != nil {
		mistakes = append(mistakes, &OverrideError{What: err.Error(), Err: err})
	}
	mistakes = append(mistakes, clashes(bindings, given)...)
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	return index(bindings), nil
}

func parseLine(line string, bindings []Binding) (Action, []string, *OverrideError) {
	name, rest, ok := strings.Cut(line, "=")
	action := Action(strings.TrimSpace(name))
	if !ok || action == "" {
		return "", nil, &OverrideError{What: fmt.Sprintf("%q: write ACTION = KEY KEY, as in mark-delete = d x", line), Err: ErrSyntax}
	}
	if action == Leave {
		return "", nil, &OverrideError{What: `"leave" is always ctrl+c and can't be changed`, Err: ErrFixed}
	}
	if !slices.ContainsFunc(bindings, func(b Binding) bool { return b.Action == action }) {
		return "", nil, &OverrideError{What: fmt.Sprintf("unknown action %q%s", action, nearest(action, bindings)), Err: ErrUnknownAction}
	}
	keys := strings.Fields(rest)
	for _, key := range keys {
		if key == "ctrl+c" {
			return "", nil, &OverrideError{What: "ctrl+c always leaves and can't be given to another action", Err: ErrFixed}
		}
		if !known(key) {
			return "", nil, &OverrideError{What: fmt.Sprintf("unknown key %q: write a character, a name such as space, enter, pgdown or f5, or one behind ctrl+, alt+ or shift+", key), Err: ErrUnknownKey}
		}
	}
	return action, keys, nil
}

// nearest suggests an action that begins like the one given.
func nearest(action Action, bindings []Binding) string {
	best, score := Action(""), 2
	for _, b := range bindings {
		common := 0
		for common < min(len(action), len(b.Action)) && action[common] == b.Action[common] {
			common++
		}
		if common > score {
			best, score = b.Action, common
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// clashes finds keys that mean two things in one context. given has the lines that can be blamed.
func clashes(bindings []Binding, given map[Action]int) []error {
	var found []error
	for i, a := range bindings {
		for _, b := range bindings[i+1:] {
			shared := a.In & b.In
			if shared == 0 || a.Action == b.Action {
				continue
			}
			for _, key := range a.Keys {
				if slices.Contains(b.Keys, key) {
					found = append(found, &OverrideError{
						Line: max(given[a.Action], given[b.Action]),
						What: fmt.Sprintf("%q would mean both %q and %q (in: %s)", key, a.Action, b.Action, shared),
						Err:  ErrClash,
					})
				}
			}
		}
	}
	return found
}

var namedKeys = []string{
	"up", "down", "left", "right", "home", "end", "pgup", "pgdown", "insert", "delete",
	"enter", "esc", "tab", "backspace", "space",
}

// known tells whether key is a name that terminals can send: a printable character, a named key, or one of
// these behind modifiers in the order ctrl, alt, shift.
func known(key string) bool {
	modified := false
	for _, mod := range []string{"ctrl+", "alt+", "shift+"} {
		if rest, ok := strings.CutPrefix(key, mod); ok && rest != "" {
			key, modified = rest, true
		}
	}
	if slices.Contains(namedKeys, key) {
		return true
	}
	if n, ok := strings.CutPrefix(key, "f"); ok && slices.Contains(functionKeys, n) {
		return true
	}
	r, size := utf8.DecodeRuneInString(key)
	if size != len(key) || r == utf8.RuneError || unicode.IsSpace(r) || !unicode.IsPrint(r) {
		return false
	}
	return !modified || !unicode.IsUpper(r)
}

var functionKeys = strings.Fields("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20")
