package delivery

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// plainName tells whether a recorded name is a single file's name, so that a
// damaged record leads nowhere else.
func plainName(name string) bool {
	return name != "" && !strings.HasPrefix(name, ".") && !strings.ContainsAny(name, "/\x00")
}

// holds tells whether a message is in its file. A disk that was full, or a crash, may
// have left a name with nothing behind it.
func holds(fsys FS, path string, r Receipt) bool {
	fi, err := fsys.Stat(path)
	return err == nil && fi.Mode().IsRegular() && (fi.Size() > 0 || r.Octets == 0)
}

// isWhole tells whether a Maildir's file still has the message that r speaks of. A message
// of whose line ends some were bare LFs can't be had back octet by octet from a file in which all
// are; its length has to do.
func isWhole(fsys FS, path string, r Receipt) bool {
	if !holds(fsys, path, r) {
		return false
	}
	f, err := fsys.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // only read
	sum, octets, lines := sha256.New(), int64(0), int64(0)
	buf := make([]byte, 32<<10)
	for {
		n, err := f.Read(buf)
		octets += int64(n)
		for line := range bytes.Lines(buf[:n]) {
			text, ended := bytes.CutSuffix(line, []byte{'\n'})
			_, _ = sum.Write(text) // a hash takes everything
			if ended {
				_, _ = sum.Write([]byte("\r\n"))
				lines++
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return false
		}
	}
	if octets+lines == r.Octets && r.SHA256 != [sha256.Size]byte{} {
		return r.SHA256 == [sha256.Size]byte(sum.Sum(nil))
	}
	return octets <= r.Octets && r.Octets <= octets+lines
}

// curIndex finds messages in cur, whose names have grown flags that are not known.
// It reads the folder once for many questions.
type curIndex struct {
	fsys FS
	dir  string

	mu      sync.Mutex
	names   map[string]string // without flags → with
	changed time.Time         // the folder's own time when it was read
	read    time.Time         // when it was read
}

// has tells whether a message is there now.
func (c *curIndex) has(r Receipt) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	// A message whose flags change while the folder is read may be missed; the
	// folder's time then says to read again.
	for tries := range 3 {
		if full, ok := c.names[r.Name]; ok && isWhole(c.fsys, filepath.Join(c.dir, full), r) {
			return true
		}
		fi, err := c.fsys.Stat(c.dir)
		if err != nil {
			return false
		}
		if c.fresh(fi) || tries > 0 && fi.ModTime().Equal(c.changed) {
			return false
		}
		if c.load(fi.ModTime()) != nil {
			return false
		}
	}
	return false
}

// fresh tells whether nothing can have changed since the folder was read. Its time
// may be as coarse as two seconds.
func (c *curIndex) fresh(fi fs.FileInfo) bool {
	return c.names != nil && fi.ModTime().Equal(c.changed) && c.read.Sub(c.changed) > 2*time.Second
}

func (c *curIndex) load(changed time.Time) error {
	read := time.Now()
	list, err := c.fsys.ReadDir(c.dir)
	if err != nil {
		return err
	}
	names := make(map[string]string, len(list))
	for _, e := range list {
		base, _, _ := strings.Cut(e.Name(), ":")
		names[base] = e.Name()
	}
	c.names, c.changed, c.read = names, changed, read
	return nil
}
