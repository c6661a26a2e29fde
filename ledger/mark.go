package ledger

import (
	"context"
	"database/sql"
)

// Mark is a mark on a message.
type Mark struct {
	Kind byte // the caller's own number, 0 for none
	// Octets is the message's size from LIST, for its UIDL may name another message
	// some day; -1 where it is not known.
	Octets int64
}

// Marks gives the marks that PutMarks kept, by UIDL.
func (l *Ledger) Marks(ctx context.Context, account string) (map[string]Mark, error) {
	marks := make(map[string]Mark)
	err := l.read(ctx, "reading the marks", func(db *sql.DB) error {
		id, err := accountID(ctx, db, account)
		if id == 0 || err != nil {
			return err
		}
		return scanEach(ctx, db, func(scan func(...any) error) error {
			var uid []byte
			var mark Mark
			err := scan(&uid, &mark.Kind, &mark.Octets)
			marks[string(uid)] = mark
			return err
		}, "SELECT uid, mark, octets FROM mark WHERE account=?", id)
	})
	return marks, err
}

// PutMarks keeps marks, in place of older ones of the same UIDLs; the kind 0 forgets one.
// They are a person's work: they are on disk when it returns.
func (l *Ledger) PutMarks(ctx context.Context, account string, marks map[string]Mark) error {
	return l.write(ctx, "writing the marks", func(tx *sql.Tx) error {
		id, err := addAccount(ctx, tx, account)
		if err != nil {
			return err
		}
		for uid, mark := range marks {
			if mark.Kind == 0 {
				_, err = tx.ExecContext(ctx, "DELETE FROM mark WHERE account=? AND uid=?", id, []byte(uid))
			} else {
				_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO mark (account, uid, mark, octets) VALUES (?, ?, ?, ?)",
					id, []byte(uid), mark.Kind, mark.Octets)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
