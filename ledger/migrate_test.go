package ledger

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"
)

// A journal that the first popmark left behind is read, and its run is no other's to take up.
func TestFirstFormIsBroughtUpWithItsJournal(t *testing.T) {
	dir := t.TempDir()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, fileName))
	check(t, err)
	for _, statement := range []string{
		migrations[0], "PRAGMA user_version=1",
		"INSERT INTO account (id, key) VALUES (1, '" + account + "')",
		"INSERT INTO run (id, account, started, at_end, destination) VALUES (4, 1, 5, 0, 'eml:/x')",
		"INSERT INTO step VALUES (4, 0, 'a', 9, 1, 2, '', '', '', '', '')",
	} {
		_, err := db.ExecContext(t.Context(), statement)
		check(t, err)
	}
	check(t, db.Close())
	l, err := Open(dir)
	check(t, err)
	defer func() { check(t, l.Close()) }()
	runs, err := l.Runs(t.Context(), account)
	check(t, err)
	if len(runs) != 1 || runs[0].ID != 4 || runs[0].Request != "" || !runs[0].Started.Equal(time.Unix(0, 5)) || len(runs[0].Steps) != 1 {
		t.Fatalf("the journal came back as %+v", runs)
	}
	if s := runs[0].Steps[0]; s.UID != "a" || s.Octets != 9 || s.State != StepAsked || s.Number != 0 || s.Certain {
		t.Errorf("its step came back as %+v", s)
	}
}
