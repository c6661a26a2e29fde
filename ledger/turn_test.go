package ledger

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestTurnIsOnesAlone(t *testing.T) {
	dir := t.TempDir()
	var two [2]*Ledger
	for i := range two {
		var err error
		two[i], err = Open(dir)
		check(t, err)
		defer func() { check(t, two[i].Close()) }()
	}
	done, err := two[0].Turn(t.Context(), "a", 0, nil)
	check(t, err)
	other, err := two[1].Turn(t.Context(), "b", 0, func() { t.Error("another mailbox has to be waited for") })
	check(t, err)
	other()

	told := 0
	if _, err := two[1].Turn(t.Context(), "a", time.Millisecond, func() { told++ }); !errors.Is(err, ErrTurn) || told != 1 {
		t.Errorf("it was told %d times, and then %v", told, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := two[1].Turn(ctx, "a", 0, cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("a wait that is left ends with %v", err)
	}
	got := make(chan error)
	go func() {
		_, err := two[1].Turn(t.Context(), "a", 0, done)
		got <- err
	}()
	check(t, <-got)

	memory, err := OpenMemory()
	check(t, err)
	defer func() { check(t, memory.Close()) }()
	for range 2 {
		_, err := memory.Turn(t.Context(), "a", 0, func() { t.Error("what is in memory has to be waited for") })
		check(t, err)
	}
}
