package ledger

import (
	"context"
	"database/sql"
)

// Marks gives the marks that PutMarks kept, by UIDL. The numbers are the caller's own.
func (l *Ledger) Marks(ctx context.Context, account string) (map[string]byte, error) {
	marks := make(map[string]byte)
	err := l.read(ctx, "reading the marks", func(db *sql.DB) error {
		id, err := accountID(ctx, db, account)
		if id == 0 || err != nil {
			return err
		}
		return scanEach(ctx, db, func(scan func(...any) error) error {
			var uid []byte
			var mark byte
			err := scan(&uid, &mark)
			marks[string(uid)] = mark
			return err
		}, "SELECT uid, mark FROM mark WHERE account=?", id)
	})
	return marks, err
}

// PutMarks keeps marks, in place of older ones of the same UIDLs; mark 0 forgets one.
// They are a person's work: they are on disk when it returns.
func (l *Ledger) PutMarks(ctx context.Context, account string, marks map[string]byte) error {
	return l.write(ctx, "keeping the marks", func(tx *sql.Tx) error {
		id, err := addAccount(ctx, tx, account)
		if err != nil {
			return err
		}
		for uid, mark := range marks {
			if mark == 0 {
				_, err = tx.ExecContext(ctx, "DELETE FROM mark WHERE account=? AND uid=?", id, []byte(uid))
			} else {
				_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO mark (account, uid, mark) VALUES (?, ?, ?)", id, []byte(uid), mark)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
