package cli

import (
	"os"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// heapAhead is how much memory, in octets, some ten thousand headers go through.
const heapAhead = 32 << 20

// growHeap makes room for what is read of a large mailbox in pages as large as the kernel has them:
// on a virtual machine the first touch of each of thousands of small ones took a third of the time in which
// ten thousand messages are listed from nearby. What is not used takes no memory. Where GOGC is set, the
// heap is left to who set it.
func growHeap() {
	if os.Getenv("GOGC") != "" {
		return
	}
	percent := debug.SetGCPercent(-1) // the block must not be taken for what lives
	block := make([]byte, heapAhead)
	_ = unix.Madvise(block, unix.MADV_HUGEPAGE) // where there are none, small ones have to do
	debug.SetGCPercent(percent)
	runtime.GC() // which leaves the block's memory to the heap
}
