package main

import (
	"fmt"
	"image/color"
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
)

// stage drives a model without a terminal: each command is run when it comes, timers are left out.
type stage struct{ model tea.Model }

func (s *stage) send(msg tea.Msg) {
	model, cmd := s.model.Update(msg)
	s.model = model
	s.do(cmd)
}

func (s *stage) do(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil, tea.QuitMsg:
	case tea.BatchMsg:
		for _, c := range msg {
			s.do(c)
		}
	default:
		s.send(msg)
	}
}

func background(light bool) tea.Msg {
	if light {
		return tea.BackgroundColorMsg{Color: color.White}
	}
	return tea.BackgroundColorMsg{Color: color.Black}
}

var named = map[string]rune{
	"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "space": tea.KeySpace, "up": tea.KeyUp,
	"down": tea.KeyDown, "home": tea.KeyHome, "end": tea.KeyEnd, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown,
}

// keyPress reads a key's name as the keymap has it.
func keyPress(name string) (tea.KeyPressMsg, error) {
	if code, ok := named[name]; ok {
		return tea.KeyPressMsg{Code: code}, nil
	}
	var mod tea.KeyMod
	if rest, ok := strings.CutPrefix(name, "ctrl+"); ok {
		name, mod = rest, tea.ModCtrl
	}
	r, n := utf8.DecodeRuneInString(name)
	if n != len(name) {
		return tea.KeyPressMsg{}, fmt.Errorf("reading the keys: %q is none; write a character, enter, esc, tab, space, an arrow's name or ctrl+x", name)
	}
	if mod != 0 {
		return tea.KeyPressMsg{Code: r, Mod: mod}, nil
	}
	return tea.KeyPressMsg{Code: r, Text: name}, nil
}
