package ledger

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	check(t, err)
	return info.Mode().Perm()
}

func TestP6_AFolderAndFilesThatOthersCouldReadAreTightened(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	check(t, os.Mkdir(dir, 0o755))
	check(t, os.Chmod(dir, 0o755))
	l, err := Open(dir)
	check(t, err)
	check(t, l.Close())
	if got := mode(t, dir); got != 0o700 {
		t.Errorf("the folder has mode %o", got)
	}
	check(t, os.Chmod(filepath.Join(dir, fileName), 0o666))
	l, err = Open(dir)
	check(t, err)
	check(t, l.Close())
	if got := mode(t, filepath.Join(dir, fileName)); got != 0o600 {
		t.Errorf("the database has mode %o", got)
	}
}

func TestAFolderOfOtherThingsKeepsItsMode(t *testing.T) {
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "letter.txt"), nil, 0o644))
	check(t, os.Chmod(dir, 0o755))
	l, err := Open(dir)
	check(t, err)
	check(t, l.Close())
	if got := mode(t, dir); got != 0o755 {
		t.Errorf("the folder has mode %o", got)
	}
	if got := mode(t, filepath.Join(dir, "letter.txt")); got != 0o644 {
		t.Errorf("a file of somebody's has mode %o", got)
	}
}

func TestDamageThatShowsLaterIsToldToo(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(dir)
	check(t, err)
	for i := range 200 {
		check(t, l.PutHeaders(t.Context(), account, []HeaderRow{{UID: strings.Repeat("u", i+1), Octets: 1, Header: []byte(strings.Repeat("x", 500))}}))
	}
	check(t, l.Close())
	path := filepath.Join(dir, fileName)
	text, err := os.ReadFile(path)
	check(t, err)
	for i := 4096; i < len(text); i++ { // the first page, which opening reads, stays
		text[i] ^= 0xff
	}
	check(t, os.WriteFile(path, text, 0o600))
	l, err = Open(dir)
	check(t, err)
	defer func() { check(t, l.Close()) }()
	var told []string
	l.Tell(func(w string) { told = append(told, w) })
	check(t, l.MarkSeen(t.Context(), account, []string{"new"}))
	if len(told) != 1 || !strings.Contains(told[0], "damaged") {
		t.Errorf("told %q", told)
	}
}

func TestAFolderInThePlaceOfTheDatabaseIsSetAside(t *testing.T) {
	dir := t.TempDir()
	check(t, os.Mkdir(filepath.Join(dir, fileName), 0o700))
	l, err := Open(dir)
	check(t, err)
	defer func() { check(t, l.Close()) }()
	if w := l.Warnings(); len(w) != 1 || !strings.Contains(w[0], "it is no file") {
		t.Errorf("warnings %q", w)
	}
}

func TestALedgerThatLostAllIsTold(t *testing.T) {
	for old, name := range map[string]string{fileName: "emptied long ago", lockName: "emptied just now", "": "just being made"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), fileName)
			check(t, os.WriteFile(path, nil, 0o600))
			if old != "" {
				then := time.Now().Add(-time.Hour)
				aged := filepath.Join(filepath.Dir(path), old)
				check(t, os.WriteFile(aged, nil, 0o600))
				check(t, os.Chtimes(aged, then, then))
			}
			l, err := Open(filepath.Dir(path))
			check(t, err)
			defer func() { check(t, l.Close()) }()
			var told []string
			l.Tell(func(w string) { told = append(told, w) })
			if said := len(told) == 1 && strings.Contains(told[0], "was empty"); said != (old != "") {
				t.Errorf("told %q", told)
			}
		})
	}
}
