package delivery

import (
	"path/filepath"
	"regexp"
	"time"
)

// leftoverAge is how old a file has to be to count as left behind by a run that was killed: no
// delivery takes so long, by the Maildir specification.
const leftoverAge = 36 * time.Hour

// partName is what is not complete yet, beside the folders and files that it is for.
const partName = `popmark-[0-9a-f]{16}\.part$`

// removeLeftovers removes files of our own naming that a killed run left in a folder. Where that
// fails nothing is harmed, and a later run tries again.
func removeLeftovers(fsys FS, dir string, own *regexp.Regexp) {
	list, err := fsys.ReadDir(dir)
	if err != nil {
		return
	}
	before := time.Now().Add(-leftoverAge)
	for _, e := range list {
		if !e.Type().IsRegular() || !own.MatchString(e.Name()) {
			continue
		}
		if fi, err := e.Info(); err == nil && fi.ModTime().Before(before) {
			_ = fsys.Remove(filepath.Join(dir, e.Name()))
		}
	}
}
