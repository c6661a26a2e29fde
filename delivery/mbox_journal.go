package delivery

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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

func (m *Mbox) intentPath() string { return m.path + ".popmark" }

// declare writes the intent and brings it to the disk. In a folder that lets nobody
// make files there is none, and a killed process may leave half a message there.
func (m *Mbox) declare(in intent) (done func() error, err error) {
	f, err := m.fsys.OpenFile(m.intentPath(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrPermission) {
		return func() error { return nil }, nil
	}
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(in)
	if err == nil {
		_, err = f.Write(append(text, '\n'))
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = m.fsys.SyncDir(filepath.Dir(m.path))
	}
	if err != nil {
		return nil, errors.Join(err, m.fsys.Remove(m.intentPath()))
	}
	return m.withdraw, nil
}

func (m *Mbox) withdraw() error {
	if err := m.fsys.Remove(m.intentPath()); err != nil {
		return err
	}
	return m.fsys.SyncDir(filepath.Dir(m.path))
}

// recover cuts off what an interrupted run appended, if it is certain that nothing
// else would go with it. The mbox is locked.
func (m *Mbox) recover(f File) error {
	j, err := m.fsys.OpenFile(m.intentPath(), os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(j, 1<<20))
	if err = errors.Join(err, j.Close()); err != nil {
		return err
	}
	var in intent
	// An intent that was not written to its end was followed by no append.
	if json.Unmarshal(text, &in) == nil {
		ours, err := in.holds(f)
		if err != nil {
			return err
		}
		if ours {
			if err := errors.Join(f.Truncate(in.Size), f.Sync()); err != nil {
				return err
			}
		}
	}
	return m.withdraw()
}

// holds tells whether all that follows the old end is what was to be appended, or
// the beginning of it: each message starts where it should, and no other does.
func (in intent) holds(f File) (bool, error) {
	fi, err := f.Stat()
	if err != nil {
		return false, err
	}
	size := fi.Size()
	if in.Size < 0 || size <= in.Size || size > in.Size+in.Total {
		return false, nil
	}
	for _, start := range in.Messages {
		want := []byte(start.From + "\n")
		have := make([]byte, max(0, min(int64(len(want)), size-start.At)))
		if start.At < in.Size {
			return false, nil
		}
		if _, err := f.ReadAt(have, start.At); err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
		if !bytes.HasPrefix(want, have) {
			return false, nil
		}
	}
	var starts []int64
	err = lineStarts(io.NewSectionReader(f, in.Size, size-in.Size), func(at int64) {
		starts = append(starts, in.Size+at)
	})
	for _, at := range starts {
		known := slices.ContainsFunc(in.Messages, func(s intentStart) bool { return s.At == at })
		if !known {
			return false, err
		}
	}
	return err == nil, err
}
