package faultfs

import (
	"io/fs"
	"maps"
	"slices"
	"time"
)

// inode is a file or a folder, as it is now and as it is on the disk.
type inode struct {
	dir     bool
	mode    fs.FileMode
	changed time.Time
	target  string // where a symbolic link leads
	locked  *file  // who holds the exclusive lock

	data []byte // a file's octets now
	disk []byte // at its last Sync

	entries map[string]*inode // a folder's entries now
	durable map[string]*inode // at its last SyncDir
}

func newDir(mode fs.FileMode) *inode {
	return &inode{dir: true, mode: mode, entries: map[string]*inode{}, durable: map[string]*inode{}}
}

// restart makes the present out of what the disk has.
type restart struct {
	loss Loss
	keep map[*inode]bool // whether the unsynced entries that name it are kept
	done map[*inode]bool
}

// keeps throws the dice once for each file, so that a rename, which is two entries
// naming the same file, is kept or lost as one.
func (r *restart) keeps(n *inode) bool {
	k, ok := r.keep[n]
	if !ok {
		k = r.loss()
		r.keep[n] = k
	}
	return k
}

func (r *restart) inode(n *inode) {
	if r.done[n] {
		return
	}
	r.done[n] = true
	n.locked = nil
	if !n.dir {
		n.data = r.octets(n)
		n.disk = slices.Clone(n.data)
		return
	}
	after := maps.Clone(n.durable)
	names := maps.Clone(n.durable)
	maps.Copy(names, n.entries)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		now, before := n.entries[name], n.durable[name]
		if now == before {
			continue
		}
		subject := now
		if subject == nil {
			subject = before
		}
		if !r.keeps(subject) {
			continue
		}
		if now == nil {
			delete(after, name)
		} else {
			after[name] = now
		}
	}
	n.entries, n.durable = after, maps.Clone(after)
	for _, name := range slices.Sorted(maps.Keys(after)) {
		r.inode(after[name])
	}
}

// octets is what is left of a file: all of it, what the last Sync wrote, or, where
// the file had grown, a part of what came after.
func (r *restart) octets(n *inode) []byte {
	if slices.Equal(n.data, n.disk) || r.loss() {
		return n.data
	}
	if len(n.data) > len(n.disk) && slices.Equal(n.data[:len(n.disk)], n.disk) && r.loss() {
		return n.data[:len(n.disk)+(len(n.data)-len(n.disk))/2]
	}
	return n.disk
}
