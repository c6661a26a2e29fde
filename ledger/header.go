package ledger

import (
	"context"
	"database/sql"
	"slices"
	"sync"
)

// MaxHeader is the most octets that the cache keeps of one message's header; a longer one is not kept.
const MaxHeader = 64 << 10

// HeaderRow is a message's header section as TOP gave it.
type HeaderRow struct {
	UID    string
	Octets int64 // from LIST; where a UIDL comes back with another size, the row is of no use
	Header []byte
}

// Headers gives the rows that the cache has of uids, by UIDL.
func (l *Ledger) Headers(ctx context.Context, account string, uids []string) (map[string]HeaderRow, error) {
	found := make(map[string]HeaderRow)
	err := l.readByUID(ctx, "reading the header cache", account, "header", "uid, octets, text", "", uids, func(scan func(...any) error) error {
		var row HeaderRow
		var uid []byte
		err := scan(&uid, &row.Octets, &row.Header)
		row.UID = string(uid)
		found[row.UID] = row
		return err
	})
	return found, err
}

// HasHeaders tells whether the cache has any header of the account's.
func (l *Ledger) HasHeaders(ctx context.Context, account string) (bool, error) {
	var id int64
	err := l.read(ctx, "reading the header cache", func(db *sql.DB) (err error) {
		id, err = accountWith(ctx, db, account, "header")
		return err
	})
	return id != 0, err
}

// PutHeaders keeps headers, in place of older ones of the same UIDLs. Those over MaxHeader are left out.
func (l *Ledger) PutHeaders(ctx context.Context, account string, rows []HeaderRow) error {
	return l.writeCache(ctx, "writing the header cache", func(tx *sql.Tx) error {
		id, err := addAccount(ctx, tx, account)
		if err != nil {
			return err
		}
		rows := slices.DeleteFunc(slices.Clone(rows), func(r HeaderRow) bool { return len(r.Header) > MaxHeader })
		return insertAll(ctx, tx, "INSERT OR REPLACE INTO header (account, uid, octets, text)", 4, len(rows), func(args []any, i int) []any {
			text := rows[i].Header
			if text == nil {
				text = []byte{} // nil would be NULL
			}
			return append(args, id, []byte(rows[i].UID), rows[i].Octets, text)
		})
	})
}

// ForgetHeaders forgets the headers of messages.
func (l *Ledger) ForgetHeaders(ctx context.Context, account string, uids []string) error {
	return l.writeCache(ctx, "tidying the header cache", func(tx *sql.Tx) error {
		id, err := accountID(ctx, tx, account)
		if id == 0 || err != nil {
			return err
		}
		return deleteUIDs(ctx, tx, "header", id, uids)
	})
}

// ForgetAllHeaders forgets the headers of all messages of the account.
func (l *Ledger) ForgetAllHeaders(ctx context.Context, account string) error {
	return l.writeCache(ctx, "tidying the header cache", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM header WHERE account IN (SELECT id FROM account WHERE key=?)", account)
		return err
	})
}

func deleteUIDs(ctx context.Context, tx *sql.Tx, table string, id int64, uids []string) error {
	for chunk := range slices.Chunk(uids, maxVariables) {
		in, args := inUIDs(chunk, id)
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE account=? AND uid "+in, args...); err != nil {
			return err
		}
	}
	return nil
}

// Prune forgets the headers, marks and sightings of messages that are no longer
// in the mailbox: all but those in keep. What was fetched and deleted stays.
func (l *Ledger) Prune(ctx context.Context, account string, keep []string) error {
	return l.writeCache(ctx, "tidying the header cache", func(tx *sql.Tx) error {
		id, err := accountID(ctx, tx, account)
		if id == 0 || err != nil {
			return err
		}
		kept := sync.OnceValue(func() map[string]struct{} { // mostly there is nothing to compare with at first
			kept := make(map[string]struct{}, len(keep))
			for _, uid := range keep {
				kept[uid] = struct{}{}
			}
			return kept
		})
		for _, table := range []string{"header", "mark", "seen"} {
			err := eachUIDs(ctx, tx, table, id, func(uids []string) error {
				gone := slices.DeleteFunc(uids, func(uid string) bool { _, ok := kept()[uid]; return ok })
				return deleteUIDs(ctx, tx, table, id, gone)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// manyUIDs is for how many UIDLs it is faster to read a table through than to look each of them up.
const manyUIDs = 1000

// Seen tells which of uids MarkSeen was called with before; it may name others too.
func (l *Ledger) Seen(ctx context.Context, account string, uids []string) (map[string]bool, error) {
	const doing = "reading which messages are new"
	seen := make(map[string]bool)
	if len(uids) >= manyUIDs {
		through := false
		err := l.read(ctx, doing, func(db *sql.DB) (err error) {
			through, err = readThrough(ctx, db, account, "seen", 2*len(uids), seen)
			return err
		})
		if through || err != nil {
			return seen, err
		}
	}
	err := l.readByUID(ctx, doing, account, "seen", "uid", "", uids, func(scan func(...any) error) error {
		var uid []byte
		err := scan(&uid)
		seen[string(uid)] = true
		return err
	})
	return seen, err
}

// readThrough puts all UIDLs that a table has of an account into found; false where there are more than most.
func readThrough(ctx context.Context, q querier, account, table string, most int, found map[string]bool) (bool, error) {
	id, err := accountID(ctx, q, account)
	if id == 0 || err != nil {
		return true, err
	}
	var n int
	err = q.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM "+table+" WHERE account=? LIMIT ?)", id, most+1).Scan(&n)
	if n > most || err != nil {
		return false, err
	}
	return true, eachUIDs(ctx, q, table, id, func(uids []string) error {
		for _, uid := range uids {
			found[uid] = true
		}
		return nil
	})
}

// MarkSeen remembers that these messages have been listed.
func (l *Ledger) MarkSeen(ctx context.Context, account string, uids []string) error {
	return l.writeCache(ctx, "keeping which messages were listed", func(tx *sql.Tx) error {
		id, err := addAccount(ctx, tx, account)
		if err != nil {
			return err
		}
		return insertAll(ctx, tx, "INSERT OR IGNORE INTO seen (account, uid)", 2, len(uids), func(args []any, i int) []any {
			return append(args, id, []byte(uids[i]))
		})
	})
}
