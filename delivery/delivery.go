package delivery

import (
	"context"
	"io"
	"time"
)

// Destination is a place where messages are kept. All methods may be called by
// several goroutines at once.
type Destination interface {
	// String is the destination in its canonical form, such as
	// "maildir:/home/me/Mail". It is the same for two destinations that are the
	// same place, and Parse accepts it.
	String() string

	// Prepare makes the destination where it is not there yet, with mode 0700,
	// takes away what an interrupted earlier run left half done, and sees whether
	// it can be written. Its error wraps ErrCannotCreate.
	Prepare(ctx context.Context) error

	// Begin starts to deliver one message. When ctx ends, so does within a second what the
	// Delivery waits for on a disk that does not answer, Commit apart, which has its own.
	Begin(ctx context.Context, meta Meta) (Delivery, error)

	// Find tells whether the message that r speaks of is still there. It is
	// careful: where it cannot tell, or the file has lost its text, or ctx has ended, the
	// answer is no.
	Find(ctx context.Context, r Receipt) bool

	// Secure is Find for a message that a run may have put into place and been killed
	// before it was on the disk: what is found is brought there first. Of a command,
	// which Find knows nothing of, its word is taken. The error means
	// that it is there and that the disk failed; fetching it again would make two.
	Secure(ctx context.Context, r Receipt) (bool, error)

	// Close waits for each Commit to return and gives up all resources.
	Close() error
}

// Delivery takes one message. Exactly one of Commit and Abort ends it; calling
// Abort after either does nothing. It must not be used by several goroutines at
// once.
type Delivery interface {
	// Write takes the message's next octets as they were received, CRLF line ends
	// included. It does not keep or change p.
	io.Writer

	// Planned is the receipt that Commit would return now. A caller who records it
	// before calling Commit can ask Find, after a crash in between, whether the
	// message arrived. Call it when the whole message has been written.
	Planned() Receipt

	// Commit makes the message appear in the destination and returns when it is
	// safe there: the file and its folder are on the disk, or the command ended
	// with status 0. On an error nothing of the message is left, except where the
	// error came too late to take it back, which Find can tell from Planned. When
	// ctx ends, so does Commit within a second, even if the disk does not answer.
	Commit(ctx context.Context) (Receipt, error)

	// Abort drops what has been written.
	Abort() error
}

// Meta is what is known of a message before it is fetched. The texts should have
// been made safe to print by the caller; file names and environment variables are
// made safe here once more.
type Meta struct {
	Account   string    // whose mailbox it comes from
	UID       string    // the server's UIDL, "" without
	MessageID string    // the Message-ID header
	From      string    // the sender's address
	Subject   string    // the decoded subject
	Date      time.Time // the Date header; zero where there is none
	Size      int64     // octets as LIST says; a hint that may be wrong

	// Prior, where not nil, is the receipt of an earlier attempt at the same
	// message that a Multi destination carried out in part: the parts that are
	// still found are not delivered again where the message's octets are the same.
	Prior *Receipt
}

// Receipt tells of a delivered message.
type Receipt struct {
	// Name is how the destination knows this message again; it means something
	// only to Find of the same destination. It is never empty once committed.
	Name string
	// Path is the absolute path of the message's file, the mbox file's for an
	// mbox, "" for a command.
	Path string
	// Octets is the message's length as received, each CRLF counted as two.
	Octets int64
	// SHA256 is the hash of the octets as received.
	SHA256 [32]byte
}
