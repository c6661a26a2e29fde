package ui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

func TestTheFilterPromptEditsAsReadlineDoes(t *testing.T) {
	for _, tt := range []struct{ keys, want string }{
		{"left left backspace", "from:ab subjectcd"},
		{"ctrl+a delete", "rom:ab subject:cd"},
		{"home right right ctrl+k", "fr"},
		{"alt+b ctrl+u", "subject:cd"},
		{"alt+b alt+b alt+d", " subject:cd"},
		{"ctrl+w x", "from:ab x"},
		{"ctrl+v", "from:ab subject:cd"},
		{"ctrl+a ctrl+e ctrl+h", "from:ab subject:c"},
	} {
		t.Run(tt.keys, func(t *testing.T) {
			s := newScreen(t, 80, 24, many(5)).press("/").typed("from:ab subject:cd").press(tt.keys)
			if got := s.m.prompt.value(); got != tt.want {
				t.Errorf("prompt %q, want %q", got, tt.want)
			}
		})
	}
}

func TestP7_WhatIsTypedIsMadeSafe(t *testing.T) {
	s := newScreen(t, 40, 10, many(5)).press("/")
	s.send(tea.KeyPressMsg{Code: 'x', Text: "a\u202e\u009b31mb"})
	s.send(paste(strings.Repeat("long\t\u202e\x1b[2J ", 1000)))
	s.frame()
	if n := len([]rune(s.m.prompt.value())); n > maxPrompt {
		t.Errorf("a paste put %d characters into the prompt", n)
	}
}
