package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"

	"github.com/gofrs/flock"
)

// migrations brings a database from version i to i+1. A released one is never edited.
var migrations = []string{
	`
CREATE TABLE account (
	id   INTEGER PRIMARY KEY,
	key  TEXT NOT NULL UNIQUE,
	caps TEXT
);
CREATE TABLE quirk (
	account INTEGER NOT NULL REFERENCES account,
	name    TEXT NOT NULL,
	PRIMARY KEY (account, name)
) WITHOUT ROWID;
CREATE TABLE header (
	account INTEGER NOT NULL REFERENCES account,
	uid     BLOB NOT NULL,
	octets  INTEGER NOT NULL,
	text    BLOB NOT NULL,
	UNIQUE (account, uid)
);
CREATE TABLE seen (
	account INTEGER NOT NULL REFERENCES account,
	uid     BLOB NOT NULL,
	PRIMARY KEY (account, uid)
) WITHOUT ROWID;
CREATE TABLE mark (
	account INTEGER NOT NULL REFERENCES account,
	uid     BLOB NOT NULL,
	mark    INTEGER NOT NULL,
	PRIMARY KEY (account, uid)
) WITHOUT ROWID;
CREATE TABLE fetched (
	id          INTEGER PRIMARY KEY,
	account     INTEGER NOT NULL REFERENCES account,
	uid         BLOB NOT NULL,
	octets      INTEGER NOT NULL,
	destination TEXT NOT NULL,
	safe        INTEGER NOT NULL,
	name        TEXT NOT NULL,
	path        TEXT NOT NULL,
	received    INTEGER NOT NULL,
	sha256      BLOB NOT NULL,
	at          INTEGER NOT NULL,
	sender      TEXT NOT NULL,
	subject     TEXT NOT NULL,
	date        TEXT NOT NULL,
	UNIQUE (account, uid, octets, destination)
);
CREATE INDEX fetched_at ON fetched (at);
CREATE TABLE run (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	account     INTEGER NOT NULL REFERENCES account,
	started     INTEGER NOT NULL,
	at_end      INTEGER NOT NULL,
	destination TEXT NOT NULL
);
CREATE INDEX run_account ON run (account);
CREATE TABLE step (
	run     INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
	seq     INTEGER NOT NULL,
	uid     BLOB NOT NULL,
	octets  INTEGER NOT NULL,
	mark    INTEGER NOT NULL,
	state   INTEGER NOT NULL,
	sender  TEXT NOT NULL,
	subject TEXT NOT NULL,
	date    TEXT NOT NULL,
	lines   TEXT NOT NULL,
	kept    TEXT NOT NULL,
	PRIMARY KEY (run, seq)
) WITHOUT ROWID;
CREATE TABLE deleted (
	id      INTEGER PRIMARY KEY,
	run     INTEGER NOT NULL,
	seq     INTEGER NOT NULL,
	account INTEGER NOT NULL REFERENCES account,
	uid     BLOB NOT NULL,
	octets  INTEGER NOT NULL,
	at      INTEGER NOT NULL,
	sender  TEXT NOT NULL,
	subject TEXT NOT NULL,
	date    TEXT NOT NULL,
	lines   TEXT NOT NULL,
	kept    TEXT NOT NULL,
	UNIQUE (run, seq)
);
CREATE INDEX deleted_at ON deleted (at);
`,
	`
ALTER TABLE run ADD COLUMN request TEXT NOT NULL DEFAULT '';
ALTER TABLE step ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE step ADD COLUMN certain INTEGER NOT NULL DEFAULT 0;
`,
	`
ALTER TABLE fetched ADD COLUMN header BLOB NOT NULL DEFAULT x'';
ALTER TABLE mark ADD COLUMN octets INTEGER NOT NULL DEFAULT -1;
CREATE INDEX deleted_uid ON deleted (account, uid);
`,
	`
CREATE TABLE copied (
	id          INTEGER PRIMARY KEY,
	account     INTEGER NOT NULL REFERENCES account,
	uid         BLOB NOT NULL,
	octets      INTEGER NOT NULL,
	destination TEXT NOT NULL,
	safe        INTEGER NOT NULL,
	name        TEXT NOT NULL,
	path        TEXT NOT NULL,
	received    INTEGER NOT NULL,
	sha256      BLOB NOT NULL,
	at          INTEGER NOT NULL,
	sender      TEXT NOT NULL,
	subject     TEXT NOT NULL,
	date        TEXT NOT NULL,
	header      BLOB NOT NULL,
	spent       INTEGER NOT NULL DEFAULT 0,
	UNIQUE (account, uid, octets, destination, name)
);
INSERT INTO copied
	SELECT id, account, uid, octets, destination, safe, name, path, received, sha256, at, sender, subject, date, header,
		EXISTS (SELECT 1 FROM deleted d WHERE d.account=fetched.account AND d.uid=fetched.uid AND d.octets=fetched.octets AND d.at>=fetched.at)
	FROM fetched;
DROP TABLE fetched;
ALTER TABLE copied RENAME TO fetched;
CREATE INDEX fetched_at ON fetched (at);
DELETE FROM sqlite_sequence WHERE name='run';
INSERT INTO sqlite_sequence (name, seq) VALUES ('run', max(CAST(strftime('%s', 'now') AS INTEGER) * 1000000 + abs(random() % 1000000), coalesce((SELECT max(run) FROM deleted), 0), coalesce((SELECT max(id) FROM run), 0)));
DROP INDEX deleted_uid;
CREATE INDEX step_uid ON step (uid);
`,
	"ALTER TABLE account ADD COLUMN messages INTEGER; ALTER TABLE account ADD COLUMN last BLOB",
	"ALTER TABLE step ADD COLUMN header BLOB NOT NULL DEFAULT x''",
	"ALTER TABLE run ADD COLUMN doubted INTEGER NOT NULL DEFAULT 0",
}

// isCurrent tells whether the database has the schema of this program.
func isCurrent(ctx context.Context, db *sql.DB) (bool, error) {
	version, err := schemaVersion(ctx, db)
	if err == nil && version > len(migrations) {
		err = fmt.Errorf("%w (its form is %d, this popmark's %d)", errNewer, version, len(migrations))
	}
	return version == len(migrations), err
}

// bringUp gives the database the schema of this program. The lock file is taken
// unless the caller holds it.
func (l *Ledger) bringUp(db *sql.DB, locked bool) error {
	ctx := context.Background()
	if !locked {
		// Turning WAL on does not wait for another process that does the same.
		lock, err := l.lockFile(l.building)
		if err != nil {
			return err
		}
		defer func() { _ = lock.Close() }() // closing the file unlocks it whatever is returned
	}
	if _, err := db.ExecContext(ctx, "PRAGMA journal_mode=WAL"); err != nil {
		return err
	}
	return migrate(ctx, db)
}

// lockFile waits for the lock that only creation, migration and setting aside take, until ctx ends
// but not for ever: whoever holds it may hang.
func (l *Ledger) lockFile(ctx context.Context) (*flock.Flock, error) {
	limited, cancel := context.WithTimeout(ctx, busyTimeout)
	defer cancel()
	lock := flock.New(filepath.Join(l.dir, lockName), flock.SetPermissions(0o600))
	if locked, err := lock.TryLock(); locked || err != nil {
		return lock, err
	}
	_, err := lock.TryLockContext(limited, lockPoll)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("another popmark has held %s for %v", lockName, busyTimeout)
	}
	return lock, err
}

func schemaVersion(ctx context.Context, q interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
},
) (int, error) {
	var version int
	err := q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
	return version, err
}

// migrate applies what is missing, each migration with its version in one transaction.
func migrate(ctx context.Context, db *sql.DB) error {
	return inTx(ctx, db, func(tx *sql.Tx) error {
		version, err := schemaVersion(ctx, tx)
		if err != nil {
			return err
		}
		if version > len(migrations) {
			return errNewer
		}
		for i, statements := range migrations[version:] {
			if _, err := tx.ExecContext(ctx, statements); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version=%d", version+i+1)); err != nil {
				return err
			}
		}
		return nil
	})
}
