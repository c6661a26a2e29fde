package ui

import (
	"fmt"
	"os"
	"testing"
)

func TestLook(t *testing.T) {
	if os.Getenv("LOOK") == "" {
		t.Skip()
	}
	show := func(s *screen, title string) { fmt.Println("=====", title); fmt.Println(s.m.View().Content + "\x1b[m") }
	for _, size := range [][2]int{{80, 24}, {120, 30}, {40, 10}} {
		w, h := size[0], size[1]
		s := newScreen(t, w, h, sample())
		show(s, "list")
		s.press("j j d j m")
		show(s, "marked")
		s.press("enter")
		show(s, "preview")
		s.press("b")
		show(s, "senders")
		s.press("esc esc /").typed("larger:x")
		show(s, "filter")
		s.press("esc c")
		show(s, "review")
		s.press("y")
		show(s, "summary")
		s.press("esc ?")
		show(s, "help")
		s.press("esc a")
		show(s, "acc")
	}
}
