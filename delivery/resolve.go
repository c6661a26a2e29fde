package delivery

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
)

// maxLinks is how many symbolic links one path may lead through, as Linux has it.
const maxLinks = 40

// resolve is a path without symbolic links, so that locks, notes and the folder that is
// brought to the disk are where a file truly is, as mutt's are. What is not there
// yet stays in the path as it is.
//
// A link to what is not there is fine, but the folder that it leads into has to be: where
// that is missing, a disk is not mounted, and mail must not be put in its place.
func resolve(fsys FS, path string) (string, error) {
	links := 0
	resolved, rest := "/", path
	for rest != "" {
		var part string
		part, rest, _ = strings.Cut(rest, "/")
		switch part {
		case "", ".":
			continue
		case "..":
			resolved = filepath.Dir(resolved)
			continue
		}
		next := filepath.Join(resolved, part)
		target, err := fsys.Readlink(next)
		if errors.Is(err, syscall.EINVAL) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			resolved = next
			continue
		}
		if err != nil {
			return "", err
		}
		if links++; links > maxLinks {
			return "", &fs.PathError{Op: "readlink", Path: path, Err: syscall.ELOOP}
		}
		if filepath.IsAbs(target) {
			resolved = "/"
		}
		target = strings.TrimRight(target, "/")
		if in := resolved + "/" + target[:strings.LastIndexByte(target, '/')+1]; missing(fsys, in) {
			return "", &danglingError{link: next, folder: filepath.Clean(in)}
		}
		rest = target + "/" + rest
	}
	return resolved, nil
}

func missing(fsys FS, path string) bool {
	_, err := fsys.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// danglingError is a symbolic link into a folder that is not there.
type danglingError struct{ link, folder string }

func (e *danglingError) Error() string {
	return fmt.Sprintf("the link %s leads into %s, which is not there", e.link, e.folder)
}

func (e *danglingError) Unwrap() error { return fs.ErrNotExist }
