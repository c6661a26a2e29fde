package cli

import (
	"bytes"
	"fmt"
	"os"
	"syscall"

	"popmark/message"
)

// transcript is the file of --transcript. It is given away before it is open, since what
// is given it is checked with the other options. Nil is no transcript.
type transcript struct {
	file   *os.File
	failed error // the first error of a Write
}

// open makes the file where it is not there yet.
func (t *transcript) open(path string) error {
	if t == nil {
		return nil
	}
	var err error
	// A pipe that nobody reads is not waited for.
	if t.file, err = os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY|syscall.O_NONBLOCK, 0o600); err != nil {
		return &statusError{exitCantCreate, fmt.Errorf("opening --transcript: %w: name a file that can be written", err)}
	}
	return nil
}

// Write takes whole lines. It is not called before open: nothing is said before something is connected. The client
// writes what it knows as controls as \xNN; letters that are drawn as nothing, and marks piled up, go by this door.
func (t *transcript) Write(p []byte) (int, error) {
	var safe []byte
	for line := range bytes.Lines(p) {
		safe = append(append(safe, message.MakeSafe(string(bytes.TrimSuffix(line, []byte("\n"))))...), '\n')
	}
	if _, err := t.file.Write(safe); err != nil {
		if t.failed == nil {
			t.failed = err
		}
		return 0, err
	}
	return len(p), nil
}

// lost is the first error of writing it, nil where it is whole. It is asked once nothing is said any more.
func (t *transcript) lost() error {
	if t == nil {
		return nil
	}
	return t.failed
}

func (t *transcript) close() error {
	if t == nil {
		return nil
	}
	return t.file.Close()
}
