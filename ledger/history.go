package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"popmark/message"
)

// Kind tells what happened to a message.
type Kind uint8

// The kinds of history entries.
const (
	KindFetched Kind = iota
	KindDeleted
)

func (k Kind) String() string {
	if k == KindDeleted {
		return "deleted"
	}
	return "fetched"
}

// ErrNoEntry is returned by Entry for an ID that the history does not have.
var ErrNoEntry = errors.New("the history has no such entry")

var errStopped = errors.New("stopped by the caller")

// Entry is one line of the history.
type Entry struct {
	ID      string // "f12" or "d7"
	Kind    Kind
	At      time.Time
	Account string
	UID     string
	Octets  int64 // received where it was fetched, else from LIST
	About   About

	Destination string         // where it was fetched to
	Path        string         // of the fetched copy's file
	Lines       []message.Safe // of a deleted message: the first lines that TOP had shown
	Kept        string         // of a deleted message: the path of its copy in the bin
}

const historyQuery = `SELECT * FROM (
SELECT 0 AS kind, f.id AS id, at, key, uid, received, sender, subject, date, destination, path, '', ''
	FROM fetched f JOIN account a ON a.id=f.account WHERE safe AND destination NOT LIKE 'bin:%'
UNION ALL
SELECT 1, d.id, at, key, uid, octets, sender, subject, date, '', '', lines, kept
	FROM deleted d JOIN account a ON a.id=d.account
)`

func scanEntry(scan func(...any) error) (Entry, error) {
	var e Entry
	var id, at int64
	var uid []byte
	var date, lines string
	err := scan(&e.Kind, &id, &at, &e.Account, &uid, &e.Octets, &e.About.From, &e.About.Subject, &date,
		&e.Destination, &e.Path, &lines, &e.Kept)
	e.ID = e.Kind.String()[:1] + strconv.FormatInt(id, 10)
	e.At, e.UID, e.About.Date, e.Lines = time.Unix(0, at), string(uid), parseDate(date), splitLines(lines)
	return e, err
}

// History gives what was fetched and what was deleted, newest first. It stops after an error.
func (l *Ledger) History(ctx context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		stopped := false
		err := l.read(ctx, "reading the history", func(db *sql.DB) error {
			return scanEach(ctx, db, func(scan func(...any) error) error {
				e, err := scanEntry(scan)
				if err == nil && !yield(e, nil) {
					stopped, err = true, errStopped
				}
				return err
			}, historyQuery+" ORDER BY at DESC, id DESC")
		})
		if err != nil && !stopped {
			yield(Entry{}, err)
		}
	}
}

// DeletedSince tells whether one of the account's messages was deleted by a run or by any that was begun
// behind it. It goes by the runs' order, since a clock may be set back.
func (l *Ledger) DeletedSince(ctx context.Context, account string, run int64) (bool, error) {
	deleted := false
	err := l.read(ctx, "reading the history", func(db *sql.DB) error {
		return db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM deleted d JOIN account a ON a.id=d.account
			WHERE run>=? AND key=?)`, run, account).Scan(&deleted)
	})
	return deleted, err
}

// Entry gives the entry that History named id; ErrNoEntry where there is none.
func (l *Ledger) Entry(ctx context.Context, id string) (Entry, error) {
	kind, number, err := parseEntryID(id)
	if err != nil {
		return Entry{}, err
	}
	var e Entry
	found := false
	err = l.read(ctx, "reading the history", func(db *sql.DB) error {
		row := db.QueryRowContext(ctx, historyQuery+" WHERE kind=? AND id=?", kind, number)
		if e, err = scanEntry(row.Scan); errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		found = err == nil
		return err
	})
	if err == nil && !found {
		err = fmt.Errorf("%q: %w; `popmark history` lists them", id, ErrNoEntry)
	}
	return e, err
}

func parseEntryID(id string) (Kind, int64, error) {
	if len(id) > 1 && (id[0] == 'f' || id[0] == 'd') {
		if n, err := strconv.ParseInt(id[1:], 10, 64); err == nil && n > 0 {
			kind := KindFetched
			if id[0] == 'd' {
				kind = KindDeleted
			}
			return kind, n, nil
		}
	}
	return 0, 0, fmt.Errorf("%q is not the name of an entry, such as d7: %w; `popmark history` lists them", id, ErrNoEntry)
}

// SetDeletedKept changes where the bin keeps a deleted message's copy; "" once it is no longer there.
func (l *Ledger) SetDeletedKept(ctx context.Context, oldPath, newPath string) error {
	return l.write(ctx, "writing the history", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE deleted SET kept=? WHERE kept=?", newPath, oldPath)
		return err
	})
}
