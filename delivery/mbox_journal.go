package delivery

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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

func intentPath(mbox string) string { return mbox + ".popmark" }

// declare writes the intent for the mbox at a path and brings it to the disk. In a folder that lets nobody
// make files there is none, and a killed process may leave half a message there.
func (m *Mbox) declare(mbox string, in intent) (done func() error, err error) {
	path := intentPath(mbox)
	f, err := m.fsys.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
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
		err = m.fsys.SyncDir(filepath.Dir(path))
	}
	if err != nil {
		return nil, errors.Join(err, m.fsys.Remove(path))
	}
	return func() error { return m.withdraw(path) }, nil
}

func (m *Mbox) withdraw(path string) error {
	if err := m.fsys.Remove(path); err != nil {
		return err
	}
	return m.fsys.SyncDir(filepath.Dir(path))
}

// recover cuts off what an interrupted run appended, if it is certain that nothing
// else would go with it. The mbox is locked.
func (m *Mbox) recover(f *locked) error {
	path := intentPath(f.path)
	j, err := m.fsys.OpenFile(path, os.O_RDONLY, 0)
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
