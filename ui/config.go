package ui

import (
	"context"
	"time"

	"popmark/commit"
	"popmark/keymap"
	"popmark/ledger"
	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

// Mailbox is what the screen asks of a mailbox; *[mailbox.Mailbox] is one. What happens to it comes back
// through a [Feed]. List, Info, Envelope, StartScan and Want answer at once; the others may wait for the server.
type Mailbox interface {
	Open(ctx context.Context) error
	Resume(ctx context.Context) error
	Refresh(ctx context.Context) error
	Release(ctx context.Context) error
	Info() mailbox.Info
	List() *mailbox.List
	Envelope(id mailbox.ID) *message.Envelope
	Disowned(id mailbox.ID) bool
	StartScan()
	Want(ids []mailbox.ID)
	Top(ctx context.Context, id mailbox.ID, lines int) ([]byte, error)
	Whole(ctx context.Context, id mailbox.ID) ([]byte, error)
}

// CommitRun is a commit under way; *[commit.Run] is one. Its events end with the channel.
type CommitRun interface {
	Events() <-chan commit.Event
	Wait() (commit.Summary, error)
}

// Ledger is where marks outlive a run; *[ledger.Ledger] is one.
type Ledger interface {
	Marks(ctx context.Context, account string) (map[string]ledger.Mark, error)
	PutMarks(ctx context.Context, account string, marks map[string]ledger.Mark) error
	Runs(ctx context.Context, account string) ([]ledger.Run, error)
	// Dir is the folder that it is in, "" where it lives as long as the program.
	Dir() string
}

// Config is what the screen needs from its caller. Mailbox, Feed and Commit must be there; the rest may be zero.
type Config struct {
	Mailbox Mailbox
	Feed    *Feed
	// Commit starts carrying out a plan. Cancelling ctx stops it: nothing of its session is then deleted.
	Commit func(ctx context.Context, plan triage.Plan) CommitRun

	Title       string       // the account, "user@host"
	Account     string       // the account's key in the ledger
	Ledger      Ledger       // nil: marks live as long as the screen
	Destination string       // where fetched mail goes, as the review shows it
	Order       triage.Order // when the DELE of a moved message goes out
	Checkpoint  int          // see triage.Plan
	KeepDeleted int64        // deleted messages up to so many octets are kept for a way back
	Decoder     message.Decoder
	Keys        *keymap.Map      // nil: the keys as they come
	Mouse       bool             // on from the start
	Notice      string           // a line to begin with, such as the demo's
	Now         func() time.Time // nil: the system's clock
	Environ     []string         // nil: the process's environment
}

// Result says what a screen did before it ended.
type Result struct {
	// Commits are the summaries of every commit that was started, in order.
	Commits []commit.Summary
	// Destination is where fetched mail went; "" where none was fetched.
	Destination string
	// Marked is how many messages still bear a mark.
	Marked int
	// Err is why the mailbox could not be opened, or why the last commit failed; nil where all was well.
	Err error
	// Signal is the signal that ended the screen; nil where a person did. Leaving a commit under way is SIGINT's
	// key, and counts as that.
	Signal error
}
