//go:build unix

package commit

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"popmark/delivery"
)

func TestP10_LeavingWhileACommandHangsTakesTheSessionBack(t *testing.T) {
	r := newRig(t, 2)
	begun := filepath.Join(t.TempDir(), "begun")
	must(t, syscall.Mkfifo(begun, 0o600))
	dest, err := delivery.Parse("pipe:echo > " + begun + "; sleep 300")
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		_, _ = os.ReadFile(begun) // it ends when the command has written to it
	}()
	out := r.commit(order{marks: marked("M-"), ctx: ctx, opts: Options{Destination: dest}})
	if out.err == nil || out.Fetched != 0 || out.Deleted != 0 {
		t.Errorf("%v, %+v", out.err, out.Summary)
	}
	if got := r.dialogue(1); got != "RETR 1, RSET, QUIT" {
		t.Errorf("sent %s", got)
	}
}
