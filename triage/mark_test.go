package triage

import (
	"maps"
	"slices"
	"testing"

	"popmark/mailbox"
)

func TestMarkRound(t *testing.T) {
	var seen []string
	for m, i := Skip, 0; i < 5; m, i = m.Next(), i+1 {
		seen = append(seen, m.String()+m.Letter())
	}
	if want := []string{"skip ", "deleteD", "fetchF", "moveM", "skip "}; !slices.Equal(seen, want) {
		t.Errorf("the round of marks is %v, want %v", seen, want)
	}
	for m := Skip; m < markCount; m++ {
		if got, err := ParseMark(m.String()); err != nil || got != m {
			t.Errorf("ParseMark(%q) = %v, %v", m.String(), got, err)
		}
	}
	if _, err := ParseMark("remove"); err == nil {
		t.Error("ParseMark takes a word that is no mark")
	}
}

func TestUndoTakesBackAWholeGroup(t *testing.T) {
	var m Marks
	m.Set(Fetch, "a")
	if n := m.Set(Delete, "a", "b", "c"); n != 3 {
		t.Errorf("marked %d messages, want 3", n)
	}
	if n := m.Set(Delete, "b"); n != 0 {
		t.Errorf("marking the same again changed %d", n)
	}
	touched := m.Undo()
	if !slices.Equal(touched, []mailbox.ID{"a", "b", "c"}) {
		t.Errorf("undo touched %v", touched)
	}
	if got := maps.Collect(m.All()); !maps.Equal(got, map[mailbox.ID]Mark{"a": Fetch}) {
		t.Errorf("after undo: %v", got)
	}
	m.Redo()
	if m.Len() != 3 || m.Get("a") != Delete {
		t.Errorf("after redo: %v", maps.Collect(m.All()))
	}
	if m.Redo() != nil {
		t.Error("redo with nothing to do again")
	}
	m.Undo()
	m.Set(Move, "c")
	if m.Redo() != nil {
		t.Error("redo after a new marking")
	}
	m.Undo()
	m.Undo()
	if m.Len() != 0 || m.Undo() != nil {
		t.Errorf("all undone, and still: %v", maps.Collect(m.All()))
	}
}

func TestP3_UndoNeverMarksWhatIsGone(t *testing.T) {
	var m Marks
	m.Set(Delete, "gone", "there")
	m.Set(Skip, "gone", "there")
	if n := m.Keep(func(id mailbox.ID) bool { return id != "gone" }); n != 0 {
		t.Errorf("dropped %d marks, none were set", n)
	}
	m.Undo()
	if m.Get("gone") != Skip || m.Get("there") != Delete {
		t.Errorf("undo brought back %v", maps.Collect(m.All()))
	}
}

func TestRestoreIsNoStep(t *testing.T) {
	var m Marks
	m.Restore(maps.All(map[mailbox.ID]Mark{"a": Move}))
	if m.Get("a") != Move {
		t.Fatal("the mark did not come back")
	}
	if m.Undo() != nil || m.Get("a") != Move {
		t.Error("undo took a restored mark off")
	}
}
