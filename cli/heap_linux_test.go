package cli

import (
	"runtime/debug"
	"testing"
)

func TestGrowHeapLeavesTheCollectorAsItWas(t *testing.T) {
	before := debug.SetGCPercent(137)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	growHeap()
	if after := debug.SetGCPercent(137); after != 137 {
		t.Errorf("the collector begins at %d %% of garbage, want 137 %%", after)
	}
}
