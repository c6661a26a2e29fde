package keymap

import (
	"slices"
	"strings"
)

// Map says which action a key means in which context. It is immutable: many goroutines may use one.
type Map struct {
	bindings []Binding
	lookup   map[place]Action
}

type place struct {
	context Context
	key     string
}

// Default returns the map as it comes.
func Default() *Map {
	return index(defaults())
}

// index builds the lookup table. Where two bindings clash the first wins; [Map.Override] refuses clashes, and
// a test keeps them out of the defaults.
func index(bindings []Binding) *Map {
	m := &Map{bindings: bindings, lookup: make(map[place]Action)}
	for _, b := range bindings {
		for c := Context(1); c < 1<<contexts; c <<= 1 {
			if b.In&c == 0 {
				continue
			}
			for _, key := range b.Keys {
				if _, taken := m.lookup[place{c, key}]; !taken {
					m.lookup[place{c, key}] = b.Action
				}
			}
		}
	}
	return m
}

// Lookup returns the action of a key in one context.
func (m *Map) Lookup(in Context, key string) (Action, bool) {
	action, ok := m.lookup[place{in, key}]
	return action, ok
}

// Anywhere returns where else the key means something: the first context of its first binding, and its words.
// It is what a screen says of a key that does nothing where it was pressed.
func (m *Map) Anywhere(key string) (in Context, words string) {
	for _, b := range m.bindings {
		if slices.Contains(b.Keys, key) {
			return b.In & -b.In, b.Words
		}
	}
	return 0, ""
}

// Keys returns an action's keys in a context, the first being the one to show.
func (m *Map) Keys(in Context, a Action) []string {
	for _, b := range m.bindings {
		if b.Action == a && b.In&in != 0 {
			return b.Keys
		}
	}
	return nil
}

// Key returns the first key of an action in a context as a person reads it, or "" where it has none.
func (m *Map) Key(in Context, a Action) string {
	keys := m.Keys(in, a)
	if len(keys) == 0 {
		return ""
	}
	return Shown(keys[0])
}

// Hint returns an action's short words in a context.
func (m *Map) Hint(in Context, a Action) string {
	for _, b := range m.bindings {
		if b.Action == a && b.In&in != 0 {
			return b.Hint
		}
	}
	return ""
}

// In returns the bindings of a group that hold in any of the contexts, in the table's order. Bindings without a
// key are left out.
func (m *Map) In(g Group, in Context) []Binding {
	var found []Binding
	for _, b := range m.bindings {
		if b.Group == g && b.In&in != 0 && len(b.Keys) > 0 {
			found = append(found, b)
		}
	}
	return found
}

var shownKeys = map[string]string{
	"down": "↓", "up": "↑", "left": "←", "right": "→", "shift+down": "shift+↓", "shift+up": "shift+↑",
	"pgdown": "pgdn",
}

// Shown returns a key's name as a person reads it: arrows as arrows.
func Shown(key string) string {
	if s, ok := shownKeys[key]; ok {
		return s
	}
	return key
}

// ShownKeys joins the names of a binding's keys.
func (b Binding) ShownKeys() string {
	names := make([]string, len(b.Keys))
	for i, key := range b.Keys {
		names[i] = Shown(key)
	}
	return strings.Join(names, " ")
}
