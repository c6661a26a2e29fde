package ui

import (
	"os"

	tea "charm.land/bubbletea/v2"
)

const windows = true

var stopSignal os.Signal

// canStop is false: Windows has no job control.
func canStop() bool { return false }

func stopProcess() tea.Cmd { return nil }

func catchStop(chan os.Signal) {}
