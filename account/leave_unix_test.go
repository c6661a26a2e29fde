//go:build unix

package account

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestP10_PasswordCommandCanBeLeft(t *testing.T) {
	started := filepath.Join(t.TempDir(), "started")
	if err := syscall.Mkfifo(started, 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := New(mustTarget(t, "pop3://joe@h"), Settings{PasswordCommand: "echo > " + started + "; exec sleep 60"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		// Opening waits until the command has opened its end.
		if f, err := os.Open(started); err == nil {
			_ = f.Close()
		}
		cancel()
	}()
	if _, err := a.Password(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's end", err)
	}
}
