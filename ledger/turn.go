package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// turnPoll is how often it is looked whether another process is done.
const turnPoll = 200 * time.Millisecond

// ErrTurn is wrapped by [Ledger.Turn] where another process has the turn for longer than
// one would wait.
var ErrTurn = errors.New("another popmark is carrying out a commit on this mailbox")

// Turn waits until no other process that uses the ledger carries out a commit on an account:
// few servers keep two of them apart, and both would fetch the same messages. It waits for
// as long as ctx lasts and patience, where that is not 0; busy is told once that it has
// to wait, and may be nil. The turn lasts until done is called, or the process ends.
// A ledger in memory, which nobody else has, and a file system without locks give it at once.
func (l *Ledger) Turn(ctx context.Context, account string, patience time.Duration, busy func()) (done func(), err error) {
	if l.dir == "" {
		return func() {}, nil
	}
	sum := sha256.Sum256([]byte(account))
	lock := flock.New(filepath.Join(l.dir, "commit-"+hex.EncodeToString(sum[:8])+".lock"), flock.SetPermissions(0o600))
	done = func() { _ = lock.Close() } // the lock goes with the file
	if got, err := lock.TryLock(); got || err != nil {
		return done, nil // without locks everything else still holds
	}
	if busy != nil {
		busy()
	}
	wait, cancel := ctx, context.CancelFunc(func() {})
	if patience > 0 {
		wait, cancel = context.WithTimeout(ctx, patience)
	}
	defer cancel()
	got, _ := lock.TryLockContext(wait, turnPoll)
	switch {
	case got:
		return done, nil
	case ctx.Err() != nil:
		done()
		return nil, ctx.Err()
	case wait.Err() != nil:
		done()
		return nil, fmt.Errorf("waiting for the mailbox: %w, for more than %v: see what it is doing, or try again later", ErrTurn, patience)
	}
	return done, nil // as above
}
