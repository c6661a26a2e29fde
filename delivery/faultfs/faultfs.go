// Package faultfs is a file system for tests, in memory, that fails where it is
// told to and forgets what was not brought to the disk. It is a model of what
// POSIX promises and no more: a file's octets survive a power failure from its
// Sync on, a folder's entries from its SyncDir on, each on its own; a rename is
// atomic.
//
// It has a present, which running programs see, and a disk. Kill ends the program:
// the present survives it. Restart after a power failure goes back to the disk,
// plus as much of the rest as the caller chooses, since a real disk may have
// written any of it already.
//
// A hook sees every operation before it happens and can let it fail, which makes
// every operation a place for a test to try:
//
//	fsys := faultfs.New()
//	fsys.Inject(faultfs.FailNth(faultfs.Sync, 1, syscall.EIO))
//	dest, _ := delivery.ParseFS(fsys, "maildir:/mail")
package faultfs

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"popmark/delivery"
)

// Kind is what an operation does.
type Kind string

// The kinds of operations, each of which a hook sees.
const (
	Create   Kind = "create" // OpenFile that makes a file
	Open     Kind = "open"   // OpenFile of a file that is there
	Read     Kind = "read"
	Write    Kind = "write"
	Truncate Kind = "truncate"
	Sync     Kind = "sync"
	Close    Kind = "close"
	Lock     Kind = "lock"
	Mkdir    Kind = "mkdir"
	Rename   Kind = "rename"
	Link     Kind = "link"
	Remove   Kind = "remove"
	Readlink Kind = "readlink"
	Stat     Kind = "stat"
	ReadDir  Kind = "readdir"
	SyncDir  Kind = "syncdir"
)

// Changes are the kinds that change what others see or what survives.
var Changes = []Kind{Create, Write, Truncate, Sync, Close, Mkdir, Rename, Link, Remove, SyncDir}

// Op is one operation, as a hook sees it.
type Op struct {
	N    int // counts all operations since New, from 1
	Kind Kind
	Path string // for Rename and Link the new path
	From string // for Rename and Link the old path
}

func (o Op) String() string {
	if o.From != "" {
		return fmt.Sprintf("%d %s %s %s", o.N, o.Kind, o.From, o.Path)
	}
	return fmt.Sprintf("%d %s %s", o.N, o.Kind, o.Path)
}

// ErrKilled is what every operation returns between Kill and Restart.
var ErrKilled = errors.New("the process has been killed")

// FS is the file system. It may be used by several goroutines at once.
type FS struct {
	mu    sync.Mutex
	root  *inode
	hook  func(Op) error
	trace []Op
	n     int
	dead  bool
	life  int // counts restarts: files of an earlier life are closed
	clock time.Time
}

var _ delivery.FS = (*FS)(nil)

// New is an empty file system.
func New() *FS {
	return &FS{root: newDir(0o700), clock: time.Unix(1_600_000_000, 0)}
}

// Inject sets the hook that is asked before each operation; nil takes it away. What
// it returns is the operation's error. A write that fails leaves half of its octets
// behind, as a full disk does. The hook may call Kill and must not use the FS else.
func (f *FS) Inject(hook func(Op) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hook = hook
}

// FailNth is a hook that lets the nth operation of a kind, from 1, fail with err,
// and no other.
func FailNth(kind Kind, n int, err error) func(Op) error {
	seen := 0
	return func(op Op) error {
		if op.Kind != kind {
			return nil
		}
		if seen++; seen != n {
			return nil
		}
		return err
	}
}

// FailFrom is a hook that lets every operation of these kinds fail with err from the
// nth on, as a disk that stays full.
func FailFrom(n int, err error, kinds ...Kind) func(Op) error {
	seen := 0
	return func(op Op) error {
		if !slices.Contains(kinds, op.Kind) {
			return nil
		}
		if seen++; seen < n {
			return nil
		}
		return err
	}
}

// KillAt is a hook that kills the process before its nth change, from 1.
func (f *FS) KillAt(n int) func(Op) error {
	seen := 0
	return func(op Op) error {
		if !slices.Contains(Changes, op.Kind) {
			return nil
		}
		if seen++; seen >= n {
			f.dead = true
			return ErrKilled
		}
		return nil
	}
}

// Trace is all operations since New, in order.
func (f *FS) Trace() []Op {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.trace)
}

// Count is how many operations of these kinds there have been; all without a kind.
func (f *FS) Count(kinds ...Kind) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, op := range f.trace {
		if len(kinds) == 0 || slices.Contains(kinds, op.Kind) {
			n++
		}
	}
	return n
}

// Kill ends the process that uses the file system: from now on every operation
// fails with ErrKilled. A hook calls KillAt's way instead, or returns ErrKilled.
func (f *FS) Kill() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = true
}

// Killed tells whether the process has been killed.
func (f *FS) Killed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dead
}

// Loss is how much a Restart forgets of what was not brought to the disk.
type Loss func() (keep bool)

// The losses at both ends.
var (
	// Nothing is lost: the process ended, the machine went on.
	Nothing Loss = func() bool { return true }
	// Everything is lost that was not synced: the power failed and the disk had
	// written nothing ahead.
	Everything Loss = func() bool { return false }
)

// Some loses or keeps each thing by a throw of the dice.
func Some(r *rand.Rand) Loss { return func() bool { return r.IntN(2) == 0 } }

// Restart begins a new life: locks are free, open files are closed, hooks are gone,
// and of what was not on the disk only that is left for which loss says keep.
func (f *FS) Restart(loss Loss) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hook, f.dead = nil, false
	f.life++
	r := restart{loss: loss, keep: map[*inode]bool{}, done: map[*inode]bool{}}
	r.inode(f.root)
}

// Files is every file with its octets, by path.
func (f *FS) Files() map[string][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	files := map[string][]byte{}
	walk(f.root, "/", func(name string, n *inode) {
		if !n.dir {
			files[name] = slices.Clone(n.data)
		}
	})
	return files
}

// ReadFile is one file's octets.
func (f *FS) ReadFile(name string) ([]byte, error) {
	data, ok := f.Files()[path.Clean(name)]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return data, nil
}

// WriteFile puts a file there, with the folders above it, all of it on the disk. The
// hook does not see it.
func (f *FS) WriteFile(name string, data []byte) {
	f.put(name, &inode{mode: 0o600, data: slices.Clone(data), disk: slices.Clone(data)})
}

// Symlink is WriteFile for a symbolic link.
func (f *FS) Symlink(target, name string) {
	f.put(name, &inode{mode: fs.ModeSymlink | 0o777, target: target})
}

// MkdirAll is WriteFile for a folder.
func (f *FS) MkdirAll(name string) { f.put(name, newDir(0o700)) }

// Seal takes the permission to change a folder's entries away, as users have none for
// the system's folder of mailboxes.
func (f *FS) Seal(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n, err := f.folder(name); err == nil {
		n.mode &^= 0o200
	}
}

func (f *FS) put(name string, n *inode) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := f.root
	parts := strings.Split(strings.Trim(path.Clean(name), "/"), "/")
	for _, part := range parts[:len(parts)-1] {
		next, ok := at.entries[part]
		if !ok {
			next = newDir(0o700)
			at.entries[part], at.durable[part] = next, next
		}
		at = next
	}
	n.changed = f.tick()
	last := parts[len(parts)-1]
	at.entries[last], at.durable[last] = n, n
}

func walk(n *inode, at string, visit func(string, *inode)) {
	visit(at, n)
	for _, name := range slices.Sorted(maps.Keys(n.entries)) {
		walk(n.entries[name], path.Join(at, name), visit)
	}
}
