package delivery

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// intent is what popmark writes beside an mbox, as its name and ".popmark", before
// it appends to it: a process that is killed in the middle leaves half a message,
// and whoever opens the mbox next must know what to cut off. While the file is
// there, what was appended has not been acknowledged to anybody.
type intent struct {
	Size     int64         `json:"size"` // the mbox's length before
	Messages []intentStart `json:"messages"`
	Total    int64         `json:"total"` // how much is appended
}

// intentStart is where a message begins and how.
type intentStart struct {
	At   int64  `json:"at"` // octets from the start of the mbox
	From string `json:"from"`
}

// intentPaths is where the intent for the mbox at a path may be: beside it or, where
// nobody can make files there, in the folder for notes.
func (m *Mbox) intentPaths(mbox string) []string {
	paths := []string{mbox + ".popmark"}
	if m.notes != "" {
		sum := sha256.Sum256([]byte(mbox))
		paths = append(paths, filepath.Join(m.notes, "mbox-"+hex.EncodeToString(sum[:16])+".popmark"))
	}
	return paths
}

// declare writes the intent for the mbox at a path and brings it to the disk. Where there
// is no place for it there is none, and a killed process may leave half a message.
func (m *Mbox) declare(mbox string, in intent) (done func() error, err error) {
	for i, path := range m.intentPaths(mbox) {
		if i > 0 {
			if err := makeFolder(m.fsys, m.notes); err != nil {
				return nil, err
			}
		}
		f, err := m.fsys.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if sealed(err) {
			continue
		}
		if err == nil {
			err = m.writeIntent(f, path, in)
		}
		return func() error { return m.withdraw(path) }, err
	}
	return func() error { return nil }, nil
}

func (m *Mbox) writeIntent(f File, path string, in intent) error {
	text, err := json.Marshal(in)
	if err == nil {
		_, err = f.Write(append(text, '\n'))
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = m.fsys.SyncDir(filepath.Dir(path))
	}
	if err != nil {
		err = errors.Join(err, m.fsys.Remove(path))
	}
	return err
}

func (m *Mbox) withdraw(path string) error {
	if err := m.fsys.Remove(path); err != nil {
		return err
	}
	return m.fsys.SyncDir(filepath.Dir(path))
}

// recover cuts off what interrupted runs appended, if it is certain that nothing
// else would go with it. The mbox is locked.
func (m *Mbox) recover(f *locked) error {
	for _, path := range m.intentPaths(f.path) {
		if err := m.carryBack(f, path); err != nil {
			return err
		}
	}
	return nil
}

// carryBack is recover for one place of an intent.
func (m *Mbox) carryBack(f *locked, path string) error {
	j, err := m.fsys.OpenFile(path, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if strange(j) {
		return errors.Join(&fs.PathError{Op: "open", Path: path, Err: errStrange}, j.Close())
	}
	text, err := io.ReadAll(io.LimitReader(j, 1<<20))
	if err = errors.Join(err, j.Close()); err != nil {
		return err
	}
	var in intent
	// An intent that was not written to its end was followed by no append.
	if json.Unmarshal(text, &in) == nil {
		found, err := in.look(f)
		if err != nil {
			return err
		}
		switch found {
		case restOurs:
			if err := errors.Join(f.Truncate(in.Size), f.Sync()); err != nil {
				return err
			}
		case restMixed:
			m.warn(fmt.Sprintf("%s: what an interrupted run wrote into %s from octet %d on stays there, since other mail seems to stand behind it: "+
				"look at that place, a message may be there in part and once more as a whole", m, f.path, in.Size))
		case restForeign:
		}
	}
	return m.withdraw(path)
}

// errStrange is what is wrong with an intent that another user has made: obeying it might
// cut off mail.
var errStrange = fmt.Errorf("another user made it: %w", fs.ErrExist)

// strange tells whether a file is neither this user's nor the system's.
func strange(f File) bool {
	fi, err := f.Stat()
	if err != nil {
		return true
	}
	sys, ok := fi.Sys().(*syscall.Stat_t)
	return ok && sys.Uid != 0 && int(sys.Uid) != os.Geteuid()
}

// rest is what follows the end that an mbox had before an append that was not acknowledged.
type rest uint8

const (
	restForeign rest = iota // nothing, or not what was to be appended
	restOurs                // what was to be appended or the beginning of it, and nothing else
	restMixed               // that, and what may be another program's
)

// look tells what is behind the old end. Others append there without regard to a line
// that has no end: a From_ line of theirs may stand anywhere. A text of ours that holds
// such a line itself is taken for theirs, since half a message too much does less harm
// than one too few.
func (in intent) look(f File) (rest, error) {
	fi, err := f.Stat()
	if err != nil {
		return restForeign, err
	}
	size := fi.Size()
	if in.Size < 0 || size <= in.Size || len(in.Messages) == 0 {
		return restForeign, nil
	}
	for i, start := range in.Messages {
		if start.At < in.Size {
			return restForeign, nil
		}
		want := []byte(start.From + "\n")
		have := make([]byte, max(0, min(int64(len(want)), size-start.At)))
		if _, err := f.ReadAt(have, start.At); err != nil && !errors.Is(err, io.EOF) {
			return restForeign, err
		}
		switch {
		case bytes.HasPrefix(want, have):
		case i > 0 || bytes.HasPrefix(have, fromMark) && bytes.Contains(have[1:], fromMark):
			return restMixed, nil
		default:
			return restForeign, nil
		}
	}
	if size > in.Size+in.Total {
		return restMixed, nil
	}
	others, err := otherStarts(io.NewSectionReader(f, in.Size, size-in.Size), func(at int64) bool {
		return slices.ContainsFunc(in.Messages, func(s intentStart) bool { return s.At == in.Size+at })
	})
	if err != nil {
		return restForeign, err
	}
	if others {
		return restMixed, nil
	}
	return restOurs, nil
}
