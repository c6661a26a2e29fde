//go:build !linux

package cli

// growHeap does nothing where the kernel can't be asked for large pages.
func growHeap() {}
