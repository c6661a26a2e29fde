package ledger

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"popmark/message"
)

// About is what the history tells of a message, from its header.
type About struct {
	From    message.Safe
	Subject message.Safe
	Date    time.Time // zero where it is not known
}

// Fetched is a message's copy in a destination.
type Fetched struct {
	UID    string
	Octets int64 // from LIST: part of the message's identity
	// Destination is canonical, as the destination names itself. What was copied
	// into the bin, "bin:" stands before it, is left out of the history: there it
	// belongs to the deletion.
	Destination string

	Name     string // how the destination knows the copy again
	Path     string // of its file; "" where it has none
	Received int64  // octets, each CRLF counted as two
	SHA256   [32]byte
	Header   [32]byte // what the caller knows the message's header by; zero where it is not known
	At       time.Time

	// Safe is false while the copy is only planned: what was meant to be there
	// may have got there or not, and only the destination can tell.
	Safe bool
	// Replaces is the Name of an earlier attempt at the copy, of which nothing came: it is forgotten.
	Replaces string
	// Spent is true once StepsDeleted was called for the message: what bears its UIDL now is another one.
	Spent bool
	About About
}

// FetchedKey is what makes two fetched messages of an account the same.
type FetchedKey struct {
	UID         string
	Octets      int64
	Destination string
}

// Key is the message's identity.
func (f *Fetched) Key() FetchedKey { return FetchedKey{f.UID, f.Octets, f.Destination} }

// Fetched gives what is known of the copies that destination has of uids: of each message, the last one.
func (l *Ledger) Fetched(ctx context.Context, account, destination string, uids []string) (map[FetchedKey]Fetched, error) {
	found := make(map[FetchedKey]Fetched)
	err := l.read(ctx, "reading what was fetched", func(db *sql.DB) error {
		id, err := accountID(ctx, db, account)
		if id == 0 || err != nil {
			return err
		}
		for chunk := range slices.Chunk(uids, maxVariables) {
			in, args := inUIDs(chunk, id, destination)
			err := scanEach(ctx, db, func(scan func(...any) error) error {
				f, err := scanFetched(scan)
				found[f.Key()] = f
				return err
			}, "SELECT "+fetchedColumns+" FROM fetched WHERE account=? AND destination=? AND uid "+in+" ORDER BY id", args...)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return found, err
}

// NamesCopies tells whether a copy that destination has of an account's messages, of which none was deleted since, is known by a UIDL:
// those of messages without one have names that begin with NUL.
func (l *Ledger) NamesCopies(ctx context.Context, account, destination string) (bool, error) {
	var n int
	err := l.read(ctx, "reading how it is known what was fetched", func(db *sql.DB) error {
		id, err := accountID(ctx, db, account)
		if id == 0 || err != nil {
			return err
		}
		return db.QueryRowContext(ctx,
			"SELECT count(*) FROM (SELECT 1 FROM fetched WHERE account=? AND destination=? AND substr(uid, 1, 1)<>x'00' AND NOT spent LIMIT 1)", id, destination).Scan(&n)
	})
	return n > 0, err
}

const fetchedColumns = "uid, octets, destination, safe, spent, name, path, received, sha256, header, at, sender, subject, date"

func scanFetched(scan func(...any) error, more ...any) (Fetched, error) {
	var f Fetched
	var uid, sum, header []byte
	var at int64
	var date string
	err := scan(append([]any{
		&uid, &f.Octets, &f.Destination, &f.Safe, &f.Spent, &f.Name, &f.Path, &f.Received, &sum, &header, &at,
		&f.About.From, &f.About.Subject, &date,
	}, more...)...)
	f.UID, f.At, f.About.Date = string(uid), time.Unix(0, at), parseDate(date)
	copy(f.SHA256[:], sum)
	copy(f.Header[:], header)
	return f, err
}

// putFetchedSQL changes a row where it is: each copy is put twice, and REPLACE would
// take the row out of every index and put it back the second time.
const putFetchedSQL = "INSERT INTO fetched (account, " + fetchedColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (account, uid, octets, destination, name) DO UPDATE SET
	safe=excluded.safe, spent=excluded.spent, path=excluded.path, received=excluded.received, sha256=excluded.sha256, header=excluded.header,
	at=excluded.at, sender=excluded.sender, subject=excluded.subject, date=excluded.date`

// ForgetCopies forgets the copies of a message at a destination that were made since some time, and turned out
// to be another's text.
func (l *Ledger) ForgetCopies(ctx context.Context, account string, of FetchedKey, since time.Time) error {
	return l.write(ctx, "forgetting what is no copy", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM fetched WHERE account=(SELECT id FROM account WHERE key=?) AND uid=? AND octets=? AND destination=? AND at>=?",
			account, []byte(of.UID), of.Octets, of.Destination, since.UnixNano())
		return err
	})
}

func putFetched(ctx context.Context, tx *sql.Tx, account string, copies []Fetched) error {
	id, err := addAccount(ctx, tx, account)
	if err != nil {
		return err
	}
	put, err := tx.PrepareContext(ctx, putFetchedSQL)
	if err != nil {
		return err
	}
	defer closeStatement(put)
	for i := range copies {
		f := &copies[i]
		if f.Replaces != "" && f.Replaces != f.Name {
			_, err := tx.ExecContext(ctx, "DELETE FROM fetched WHERE account=? AND uid=? AND octets=? AND destination=? AND name=? AND NOT safe",
				id, []byte(f.UID), f.Octets, f.Destination, f.Replaces)
			if err != nil {
				return err
			}
		}
		_, err := put.ExecContext(ctx, id, []byte(f.UID), f.Octets, f.Destination, f.Safe, f.Spent, f.Name, f.Path, f.Received, f.SHA256[:],
			known(f.Header), f.At.UnixNano(), string(f.About.From), string(f.About.Subject), formatDate(f.About.Date))
		if err != nil {
			return err
		}
	}
	return nil
}

// known is a hash as it is kept: one that is not known takes no room.
func known(sum [32]byte) []byte {
	if sum == ([32]byte{}) {
		return []byte{}
	}
	return sum[:]
}

// Dates keep the zone that their author wrote.
func formatDate(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

func parseDate(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t
}
