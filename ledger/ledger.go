package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the database/sql driver "sqlite"
)

const (
	fileName = "ledger.db"
	lockName = "ledger.lock"

	// newborn is how long an empty file may be one that another popmark is about to fill.
	newborn = 10 * time.Second
	// busyTimeout is how long a write waits for another popmark's.
	busyTimeout = 10 * time.Second
	// lockPoll is how often the lock file is tried.
	lockPoll = 5 * time.Millisecond
)

// ErrClosed is returned by every method of a closed Ledger.
var ErrClosed = errors.New("the ledger is closed")

// A Ledger is safe for concurrent use, by several processes too.
type Ledger struct {
	dir string // "" in memory
	// made is closed once the database is there, or unmade says why it is not. start begins to
	// build it; giveUp ends the wait for the lock file, and nothing that has begun.
	start    sync.Once
	made     chan struct{}
	unmade   error
	building context.Context
	giveUp   context.CancelFunc

	mu       sync.Mutex
	closed   bool
	db       *handles
	warnings []string
	told     func(string) // gets the warnings
	now      func() time.Time
}

// handles are the two ways into one database file.
type handles struct {
	sure  *sql.DB // synchronous=FULL
	cache *sql.DB // synchronous=NORMAL; the same as sure in memory
	info  fs.FileInfo
}

// DefaultDir is where the ledger lives unless told otherwise: popmark in the
// XDG state folder.
func DefaultDir() (string, error) {
	if state := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "popmark"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("finding the state folder: %w; name one with --state-dir, or use --no-state", err)
	}
	return filepath.Join(home, ".local", "state", "popmark"), nil
}

// Open opens the ledger in dir, making both where they are missing (0700 and
// 0600). A database that is damaged, or that a newer popmark wrote, is renamed
// and a new one begun; Warnings then says so. An error means that the folder
// cannot be used at all.
func Open(dir string) (*Ledger, error) {
	l, err := Begin(dir)
	if err != nil {
		return nil, err
	}
	if err := l.Ready(context.Background()); err != nil {
		return nil, err
	}
	return l, nil
}

// Begin is Open for who has something else to do first: a database that has to be made is made when
// something is written to it or Ready asks for it. What is read until then is not there. Ready gives
// the error that Open would have given.
func Begin(dir string) (*Ledger, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the ledger: %w", err)
	}
	l := &Ledger{dir: dir, now: time.Now, made: make(chan struct{})}
	l.building, l.giveUp = context.WithCancel(context.Background())
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the state folder: %w; name another with --state-dir, or use --no-state", err)
	}
	if err := tighten(dir); err != nil {
		l.warn(fmt.Sprintf("others may be able to read the ledger in %s: %v", dir, err))
	}
	if l.wasEmptied() {
		l.warn(fmt.Sprintf("the ledger in %s was empty: what it remembered is lost, and a new one is begun", dir))
	}
	empty, err := l.empty()
	switch {
	case err != nil && !errors.Is(err, errNoFile):
		return nil, l.cannotOpen(err)
	case empty:
		return l, nil
	}
	if err := l.Ready(context.Background()); err != nil {
		return nil, err
	}
	return l, nil
}

// empty tells whether there is no database yet. Its error means that none can be made.
func (l *Ledger) empty() (bool, error) {
	_, err := os.Stat(filepath.Join(l.dir, fileName))
	if !errors.Is(err, fs.ErrNotExist) {
		info, err := l.touch()
		return err == nil && info.Size() == 0, err
	}
	// The file is left to be made: until it has something in it, others would take it for a loss.
	trial := filepath.Join(l.dir, "trial")
	f, err := os.OpenFile(trial, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return false, err
	}
	_ = os.Remove(trial) // another popmark may have been faster
	return true, f.Close()
}

// build opens the database, or makes it.
func (l *Ledger) build() {
	defer close(l.made)
	h, err := l.openFile(false)
	if isDamage(err) || errors.Is(err, errNewer) {
		h, err = l.replace(nil, err)
	}
	if err != nil {
		l.unmade = l.cannotOpen(err)
		return
	}
	l.mu.Lock()
	l.db = h
	l.mu.Unlock()
}

func (l *Ledger) cannotOpen(err error) error {
	return fmt.Errorf("opening the ledger in %s: %w; name another folder with --state-dir, or use --no-state", l.dir, err)
}

// Ready waits until the database is there. Its error is ctx's, or means that the folder cannot be used at all.
func (l *Ledger) Ready(ctx context.Context) error {
	l.start.Do(func() { go l.build() })
	select {
	case <-l.made:
		return l.unmade
	default:
	}
	select {
	case <-l.made:
		return l.unmade
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Making tells whether the database is still to be made: there was nothing in it when it was opened.
func (l *Ledger) Making() bool {
	select {
	case <-l.made:
		return false
	default:
		return true
	}
}

// wasEmptied tells whether the database's file is there and has nothing in it, though it is not
// just being made: that, or the lock beside it, is older.
func (l *Ledger) wasEmptied() bool {
	fi, err := os.Stat(filepath.Join(l.dir, fileName))
	if err != nil || !fi.Mode().IsRegular() || fi.Size() > 0 {
		return false
	}
	born := fi.ModTime()
	if lock, err := os.Stat(filepath.Join(l.dir, lockName)); err == nil && lock.ModTime().Before(born) {
		born = lock.ModTime()
	}
	return l.now().Sub(born) > newborn
}

// OpenMemory gives a ledger that is forgotten when it is closed.
func OpenMemory() (*Ledger, error) {
	db, err := sql.Open("sqlite", "file::memory:")
	if err != nil {
		return nil, fmt.Errorf("opening a ledger in memory: %w", err)
	}
	// Each connection to :memory: is a database of its own.
	db.SetMaxOpenConns(1)
	db.SetConnMaxIdleTime(0)
	if _, err := db.ExecContext(context.Background(), "PRAGMA foreign_keys=1"); err != nil {
		_ = db.Close() // err says more
		return nil, fmt.Errorf("opening a ledger in memory: %w", err)
	}
	if err := migrate(context.Background(), db); err != nil {
		_ = db.Close() // the migration's error says more
		return nil, fmt.Errorf("opening a ledger in memory: %w", err)
	}
	l := &Ledger{db: &handles{sure: db, cache: db}, made: make(chan struct{}), giveUp: func() {}, now: time.Now}
	l.start.Do(func() { close(l.made) })
	return l, nil
}

// Dir is the folder of the ledger, "" for one in memory.
func (l *Ledger) Dir() string { return l.dir }

// Warnings says what happened to databases that could not be used.
func (l *Ledger) Warnings() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.warnings)
}

// Tell has told called with each warning that there is and, as damage may show itself only
// while the ledger is used, with each to come. It is called from the goroutine that uses
// or makes the ledger, and must not use it itself.
func (l *Ledger) Tell(told func(string)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = told
	for _, w := range l.warnings {
		told(w)
	}
}

func (l *Ledger) warn(text string) {
	l.warnings = append(l.warnings, text)
	if l.told != nil {
		l.told(text)
	}
}

// Close lets the database go. Calls after it return ErrClosed.
func (l *Ledger) Close() error {
	l.giveUp()
	l.start.Do(func() {
		l.unmade = ErrClosed
		close(l.made)
	})
	<-l.made
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.db == nil {
		l.closed = true
		return nil
	}
	l.closed = true
	if err := l.db.close(); err != nil {
		return fmt.Errorf("closing the ledger: %w", err)
	}
	return nil
}

// Checkpoint brings what was written into the database file, which Close does otherwise.
func (l *Ledger) Checkpoint(ctx context.Context) error {
	return l.run(ctx, "bringing the ledger up to date", func(h *handles) error {
		_, err := h.sure.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
		return err
	})
}

func (h *handles) close() error {
	err := h.sure.Close()
	if h.cache != h.sure {
		err = errors.Join(err, h.cache.Close())
	}
	return err
}

// openFile opens the database file, creating and migrating it as needed. locked
// tells that the caller holds the lock file.
func (l *Ledger) openFile(locked bool) (*handles, error) {
	path := filepath.Join(l.dir, fileName)
	info, err := l.touch()
	if err != nil {
		return nil, err
	}
	cache, err := sql.Open("sqlite", dsn(path, "NORMAL"))
	if err != nil {
		return nil, err
	}
	current, err := isCurrent(context.Background(), cache)
	if err != nil {
		_ = cache.Close() // what went wrong is in err
		return nil, err
	}
	sure, err := sql.Open("sqlite", dsn(path, "FULL")) // connects on first use
	if err == nil && !current {
		err = l.bringUp(sure, locked)
	}
	if err != nil {
		_ = cache.Close() // what went wrong is in err
		if sure != nil {
			_ = sure.Close()
		}
		return nil, err
	}
	return &handles{sure: sure, cache: cache, info: info}, nil
}

// touch makes the database's file where it is missing.
func (l *Ledger) touch() (fs.FileInfo, error) {
	path := filepath.Join(l.dir, fileName)
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, errNoFile
	}
	// SQLite gives the -wal and -shm files the mode of this one.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	return info, errors.Join(err, f.Close())
}

func dsn(path, synchronous string) string {
	u := url.URL{Scheme: "file", Path: path}
	u.RawQuery = url.Values{
		"_pragma": {
			fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
			"synchronous(" + synchronous + ")",
			"foreign_keys(1)",
			"cache_size(-512)", // KiB, of each of two connections: the system has the pages as well
		},
		// Writers queue at BEGIN: a reader that turns writer would fail at once.
		"_txlock": {"immediate"},
	}.Encode()
	return u.String()
}

// write runs fn in a transaction that is on disk when write returns.
func (l *Ledger) write(ctx context.Context, doing string, fn func(*sql.Tx) error) error {
	return l.run(ctx, doing, func(h *handles) error { return inTx(ctx, h.sure, fn) })
}

// writeCache runs fn in a transaction that a power failure may lose.
func (l *Ledger) writeCache(ctx context.Context, doing string, fn func(*sql.Tx) error) error {
	return l.run(ctx, doing, func(h *handles) error { return inTx(ctx, h.cache, fn) })
}

// read runs fn on the database; not at all where it is still to be made, as there is nothing in it.
func (l *Ledger) read(ctx context.Context, doing string, fn func(*sql.DB) error) error {
	if l.Making() && ctx.Err() == nil {
		return nil
	}
	return l.run(ctx, doing, func(h *handles) error { return fn(h.cache) })
}

// run calls fn, once more where the database turned out to be damaged and a new one could be begun.
func (l *Ledger) run(ctx context.Context, doing string, fn func(*handles) error) error {
	h, err := l.handles(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	err = fn(h)
	if isDamage(err) && l.dir != "" && ctx.Err() == nil {
		if h, err = l.replace(h, err); err == nil {
			err = fn(h)
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

func (l *Ledger) handles(ctx context.Context) (*handles, error) {
	unready := l.Ready(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return nil, ErrClosed
	case unready != nil:
		return nil, unready
	}
	return l.db, nil
}

func inTx(ctx context.Context, db *sql.DB, fn func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		_ = tx.Rollback() // fn's error says more
		return err
	}
	return tx.Commit()
}

// closeStatement lets a prepared statement go; its errors were given when it was executed.
func closeStatement(s *sql.Stmt) { _ = s.Close() }
