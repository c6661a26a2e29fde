package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// querier is what *sql.DB and *sql.Tx have in common.
type querier interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

// accountID is 0 for an account that the ledger does not know.
func accountID(ctx context.Context, q querier, account string) (int64, error) {
	var id int64
	err := q.QueryRowContext(ctx, "SELECT id FROM account WHERE key=?", account).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

// accountWith is accountID where a table has something of the account, else 0: a first
// look at a large mailbox need not ask for each of its messages.
func accountWith(ctx context.Context, q querier, account, table string) (int64, error) {
	var id int64
	err := q.QueryRowContext(ctx, "SELECT id FROM account WHERE key=? AND EXISTS (SELECT 1 FROM "+table+" WHERE account=id)", account).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

// readByUID scans the columns of those rows of an account's in a table that have one of
// these UIDLs; tail is what the query ends with.
func (l *Ledger) readByUID(ctx context.Context, doing, account, table, columns, tail string, uids []string, each func(scan func(...any) error) error) error {
	return l.read(ctx, doing, func(db *sql.DB) error {
		id, err := accountWith(ctx, db, account, table)
		if id == 0 || err != nil {
			return err
		}
		for chunk := range slices.Chunk(uids, maxVariables) {
			in, args := inUIDs(chunk, id)
			query := "SELECT " + columns + " FROM " + table + " WHERE account=? AND uid " + in + tail
			if err := scanEach(ctx, db, each, query, args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// uidsAtOnce is how many UIDLs eachUIDs gives at a time.
const uidsAtOnce = 10_000

// eachUIDs gives the UIDLs of an account's rows in a table, in their order. Many come as one text, since a
// row of a result costs more than what is in it; no UIDL holds a line end. The rows that were given may be
// deleted meanwhile.
func eachUIDs(ctx context.Context, q querier, table string, id int64, each func(uids []string) error) error {
	last := []byte{} // no UIDL is empty
	for {
		var all sql.NullString
		err := q.QueryRowContext(ctx, "SELECT group_concat(uid, char(10)), max(uid) FROM"+
			" (SELECT uid FROM "+table+" WHERE account=? AND uid>? ORDER BY uid LIMIT ?)", id, last, uidsAtOnce).Scan(&all, &last)
		if err != nil || !all.Valid {
			return err
		}
		if err := each(strings.Split(all.String, "\n")); err != nil {
			return err
		}
	}
}

func addAccount(ctx context.Context, tx *sql.Tx, account string) (int64, error) {
	if id, err := accountID(ctx, tx, account); id != 0 || err != nil {
		return id, err
	}
	r, err := tx.ExecContext(ctx, "INSERT INTO account (key) VALUES (?)", account)
	if err != nil {
		return 0, err
	}
	return r.LastInsertId()
}

// Caps gives the capability lines that PutCaps kept; false where there are none.
func (l *Ledger) Caps(ctx context.Context, account string) ([]string, bool, error) {
	var caps sql.NullString
	err := l.read(ctx, "reading what the server can do", func(db *sql.DB) error {
		err := db.QueryRowContext(ctx, "SELECT caps FROM account WHERE key=?", account).Scan(&caps)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil || !caps.Valid {
		return nil, false, err
	}
	if caps.String == "" {
		return nil, true, nil
	}
	return strings.Split(caps.String, "\n"), true, nil
}

// PutCaps keeps the lines of the server's CAPA answer (RFC 2449), each without its line end.
func (l *Ledger) PutCaps(ctx context.Context, account string, caps []string) error {
	return l.writeCache(ctx, "keeping what the server can do", func(tx *sql.Tx) error {
		id, err := addAccount(ctx, tx, account)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE account SET caps=? WHERE id=?", strings.Join(caps, "\n"), id)
		return err
	})
}

// Tail is how a maildrop ended when it was looked at or left.
type Tail struct {
	Known    bool // whether PutTail was ever called for it
	Messages int
	UIDs     []string // the UIDLs of its last messages, the last one first, as far as they name them
}

// Tail gives what PutTail kept; its zero value where there is nothing.
func (l *Ledger) Tail(ctx context.Context, account string) (t Tail, err error) {
	var messages sql.NullInt64
	var last []byte
	err = l.read(ctx, "reading how the maildrop ended", func(db *sql.DB) error {
		err := db.QueryRowContext(ctx, "SELECT messages, last FROM account WHERE key=?", account).Scan(&messages, &last)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if len(last) > 0 {
		t.UIDs = strings.Split(string(last), "\n") // no UIDL holds a line end
	}
	t.Known, t.Messages = messages.Valid, int(messages.Int64)
	return t, err
}

// PutTail keeps how the maildrop ends, whether or not t says that it is known.
func (l *Ledger) PutTail(ctx context.Context, account string, t Tail) error {
	return l.writeCache(ctx, "keeping how the maildrop ends", func(tx *sql.Tx) error {
		id, err := addAccount(ctx, tx, account)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE account SET messages=?, last=? WHERE id=?", t.Messages, []byte(strings.Join(t.UIDs, "\n")), id)
		return err
	})
}

// Quirk tells whether SetQuirk was called with this name.
func (l *Ledger) Quirk(ctx context.Context, account, name string) (bool, error) {
	var n int
	err := l.read(ctx, "reading what is known of the server", func(db *sql.DB) error {
		return db.QueryRowContext(ctx,
			"SELECT count(*) FROM quirk JOIN account ON account.id=quirk.account WHERE key=? AND name=?", account, name).Scan(&n)
	})
	return n > 0, err
}

// SetQuirk remembers something about the account's server, such as that its
// PIPELINING does not work.
func (l *Ledger) SetQuirk(ctx context.Context, account, name string) error {
	return l.writeCache(ctx, "keeping what is known of the server", func(tx *sql.Tx) error {
		id, err := addAccount(ctx, tx, account)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT OR IGNORE INTO quirk (account, name) VALUES (?, ?)", id, name)
		return err
	})
}

// ClearQuirk takes back what SetQuirk remembered.
func (l *Ledger) ClearQuirk(ctx context.Context, account, name string) error {
	return l.writeCache(ctx, "keeping what is known of the server", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM quirk WHERE name=? AND account IN (SELECT id FROM account WHERE key=?)", name, account)
		return err
	})
}

// scanEach calls fn for each row of a query.
func scanEach(ctx context.Context, q querier, fn func(scan func(...any) error) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err has what there is to say
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// maxVariables bounds the question marks in one statement.
const maxVariables = 500

// inUIDs is an IN list for the given UIDLs, and its arguments behind those given.
func inUIDs(uids []string, args ...any) (string, []any) {
	for _, uid := range uids {
		args = append(args, []byte(uid))
	}
	return fmt.Sprintf("IN (%s)", strings.TrimSuffix(strings.Repeat("?,", len(uids)), ",")), args
}
