package mailbox_test

import (
	"testing"

	"popmark/mailbox"
)

func TestAMessageIsFoundWhereverItIsLookedForFirst(t *testing.T) {
	list := mailbox.NewList([]mailbox.Message{{ID: "a", Number: 1}, {ID: "b", Number: 2}, {ID: "c", Number: 4}})
	for at, m := range list.Messages {
		for first := range len(list.Messages) + 2 {
			if i, ok := list.FindNext(m.ID, first); !ok || i != at {
				t.Errorf("%s, looked for at %d first, is at %d, %v", m.ID, first, i, ok)
			}
		}
	}
	if _, ok := list.FindNext("d", 0); ok {
		t.Error("one that is not there is found")
	}
}
