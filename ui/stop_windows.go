package ui

import "os"

const windows = true

// stopSignal is never heard on Windows, which has no such signal.
type stopSignal struct{ c chan os.Signal }

func newStopSignal() *stopSignal { return &stopSignal{} }

func (*stopSignal) catch()   {}
func (*stopSignal) release() {}
func (*stopSignal) close()   {}
