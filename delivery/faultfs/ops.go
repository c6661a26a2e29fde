package faultfs

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"popmark/delivery"
)

// tick is a clock that goes on by a second with each change, so that times differ.
func (f *FS) tick() time.Time {
	f.clock = f.clock.Add(time.Second)
	return f.clock
}

// begin counts an operation and asks the hook. The lock is held.
func (f *FS) begin(kind Kind, name, from string) error {
	if f.dead {
		return &fs.PathError{Op: string(kind), Path: name, Err: ErrKilled}
	}
	f.n++
	op := Op{N: f.n, Kind: kind, Path: name, From: from}
	f.trace = append(f.trace, op)
	if f.hook == nil {
		return nil
	}
	if err := f.hook(op); err != nil {
		return &fs.PathError{Op: string(kind), Path: name, Err: err}
	}
	return nil
}

// maxLinks is how many symbolic links one path may lead through.
const maxLinks = 40

// find is the folder that holds the last part of a path, and what is there. Symbolic
// links before the last part are followed.
func (f *FS) find(name string) (dir *inode, base string, n *inode, err error) {
	return f.look(name, false, maxLinks)
}

// follow is find, and follows a link that is the last part as well.
func (f *FS) follow(name string) (dir *inode, base string, n *inode, err error) {
	return f.look(name, true, maxLinks)
}

func (f *FS) look(name string, last bool, links int) (dir *inode, base string, n *inode, err error) {
	name = path.Clean("/" + name)
	if name == "/" {
		return nil, "/", f.root, nil
	}
	dir = f.root
	parts := strings.Split(name[1:], "/")
	for i, part := range parts {
		next := dir.entries[part]
		end := i == len(parts)-1
		switch {
		case next != nil && next.target != "" && (last || !end):
			if links == 0 {
				return nil, "", nil, syscall.ELOOP
			}
			to := next.target
			if !path.IsAbs(to) {
				to = path.Join("/", path.Join(parts[:i]...), to)
			}
			return f.look(path.Join(append([]string{to}, parts[i+1:]...)...), last, links-1)
		case end:
			return dir, part, next, nil
		case next == nil:
			return nil, "", nil, fs.ErrNotExist
		case !next.dir:
			return nil, "", nil, syscall.ENOTDIR
		}
		dir = next
	}
	return nil, "", nil, fs.ErrNotExist // not reached: there is a last part
}

// Readlink is where a symbolic link leads.
func (f *FS) Readlink(name string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.begin(Readlink, name, ""); err != nil {
		return "", err
	}
	_, _, n, err := f.find(name)
	switch {
	case err != nil:
		return "", f.fail(Readlink, name, err)
	case n == nil:
		return "", f.fail(Readlink, name, fs.ErrNotExist)
	case n.target == "":
		return "", f.fail(Readlink, name, syscall.EINVAL)
	}
	return n.target, nil
}

func (f *FS) fail(kind Kind, name string, err error) error {
	return &fs.PathError{Op: string(kind), Path: name, Err: err}
}

// OpenFile opens or makes a file.
func (f *FS) OpenFile(name string, flag int, perm fs.FileMode) (delivery.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir, base, n, err := f.follow(name)
	kind := Open
	if err == nil && n == nil && flag&os.O_CREATE != 0 {
		kind = Create
	}
	if berr := f.begin(kind, name, ""); berr != nil {
		return nil, berr
	}
	switch {
	case err != nil:
		return nil, f.fail(kind, name, err)
	case n == nil && kind != Create:
		return nil, f.fail(kind, name, fs.ErrNotExist)
	case n != nil && flag&os.O_EXCL != 0:
		return nil, f.fail(kind, name, fs.ErrExist)
	case n != nil && n.dir:
		return nil, f.fail(kind, name, syscall.EISDIR)
	case n == nil && dir.mode&0o200 == 0:
		return nil, f.fail(kind, name, fs.ErrPermission)
	case n == nil:
		n = &inode{mode: perm, changed: f.tick()}
		dir.entries[base] = n
		dir.changed = n.changed
	}
	if flag&os.O_TRUNC != 0 {
		n.data = nil
	}
	return &file{fs: f, n: n, name: name, life: f.life}, nil
}

// Mkdir makes a folder.
func (f *FS) Mkdir(name string, perm fs.FileMode) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.begin(Mkdir, name, ""); err != nil {
		return err
	}
	dir, base, n, err := f.find(name)
	switch {
	case err != nil:
		return f.fail(Mkdir, name, err)
	case n != nil:
		return f.fail(Mkdir, name, fs.ErrExist)
	case dir.mode&0o200 == 0:
		return f.fail(Mkdir, name, fs.ErrPermission)
	}
	dir.entries[base] = newDir(perm)
	dir.changed = f.tick()
	return nil
}

// Rename moves a file, over another where there is one.
func (f *FS) Rename(oldname, newname string) error { return f.move(Rename, oldname, newname) }

// Link gives a file a second name, never over another.
func (f *FS) Link(oldname, newname string) error { return f.move(Link, oldname, newname) }

func (f *FS) move(kind Kind, oldname, newname string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.begin(kind, newname, oldname); err != nil {
		return err
	}
	from, oldbase, n, err := f.find(oldname)
	if err == nil && n == nil {
		err = fs.ErrNotExist
	}
	if err != nil {
		return f.fail(kind, oldname, err)
	}
	to, newbase, there, err := f.find(newname)
	if err == nil && there != nil && (kind == Link || there.dir) {
		err = fs.ErrExist
	}
	if err == nil && (to.mode&0o200 == 0 || kind == Rename && from.mode&0o200 == 0) {
		err = fs.ErrPermission
	}
	if err != nil {
		return f.fail(kind, newname, err)
	}
	to.entries[newbase] = n
	to.changed = f.tick()
	if kind == Rename && (from != to || oldbase != newbase) {
		delete(from.entries, oldbase)
		from.changed = to.changed
	}
	return nil
}

// Remove takes away a file or an empty folder.
func (f *FS) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.begin(Remove, name, ""); err != nil {
		return err
	}
	dir, base, n, err := f.find(name)
	switch {
	case err != nil:
		return f.fail(Remove, name, err)
	case n == nil:
		return f.fail(Remove, name, fs.ErrNotExist)
	case dir.mode&0o200 == 0:
		return f.fail(Remove, name, fs.ErrPermission)
	case len(n.entries) > 0:
		return f.fail(Remove, name, syscall.ENOTEMPTY)
	}
	delete(dir.entries, base)
	dir.changed = f.tick()
	return nil
}

// Stat tells of a file or folder.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.begin(Stat, name, ""); err != nil {
		return nil, err
	}
	_, base, n, err := f.follow(name)
	if err == nil && n == nil {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, f.fail(Stat, name, err)
	}
	return n.info(base), nil
}

// ReadDir lists a folder by name.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.begin(ReadDir, name, ""); err != nil {
		return nil, err
	}
	n, err := f.folder(name)
	if err != nil {
		return nil, f.fail(ReadDir, name, err)
	}
	var list []fs.DirEntry
	for _, base := range slices.Sorted(maps.Keys(n.entries)) {
		list = append(list, fs.FileInfoToDirEntry(n.entries[base].info(base)))
	}
	return list, nil
}

// SyncDir brings a folder's entries to the disk, and nothing else: neither the
// octets of the files that they name nor the other side of a rename.
func (f *FS) SyncDir(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.begin(SyncDir, name, ""); err != nil {
		return err
	}
	n, err := f.folder(name)
	if err != nil {
		return f.fail(SyncDir, name, err)
	}
	n.durable = maps.Clone(n.entries)
	return nil
}

func (f *FS) folder(name string) (*inode, error) {
	_, _, n, err := f.follow(name)
	switch {
	case err != nil:
		return nil, err
	case n == nil:
		return nil, fs.ErrNotExist
	case !n.dir:
		return nil, syscall.ENOTDIR
	}
	return n, nil
}

func (n *inode) info(name string) info {
	return info{name: name, size: int64(len(n.data)), mode: n.mode, dir: n.dir, changed: n.changed}
}

type info struct {
	name    string
	size    int64
	mode    fs.FileMode
	dir     bool
	changed time.Time
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) ModTime() time.Time { return i.changed }
func (i info) IsDir() bool        { return i.dir }
func (i info) Sys() any           { return nil }
func (i info) Mode() fs.FileMode {
	if i.dir {
		return i.mode | fs.ModeDir
	}
	return i.mode
}
