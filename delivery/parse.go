package delivery

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

const forms = "maildir:PATH, mbox:PATH, eml:DIR or pipe:COMMAND"

// Parse makes a destination of what a person wrote: "maildir:PATH", "mbox:PATH",
// "eml:DIR" or "pipe:COMMAND". A relative path is taken from the working folder, and
// "~/" is the home folder. Nothing is touched on the disk yet. The error says what
// to write instead.
func Parse(dest string) (Destination, error) { return ParseFS(OS(), dest) }

// ParseFS is Parse on a file system of the caller's. A command still runs on the
// operating system.
func ParseFS(fsys FS, dest string) (Destination, error) {
	scheme, rest, ok := strings.Cut(dest, ":")
	if !ok {
		if dest == "" {
			return nil, fmt.Errorf("destination is empty: write %s", forms)
		}
		return nil, fmt.Errorf("destination %q does not say what it is: write maildir:%s, or another of %s", dest, dest, forms)
	}
	if strings.TrimSpace(rest) == "" {
		return nil, fmt.Errorf("destination %q names no place: write %s", dest, forms)
	}
	scheme = strings.ToLower(scheme)
	if scheme == "pipe" {
		if strings.ContainsRune(rest, 0) {
			return nil, fmt.Errorf("destination %q: a command cannot hold a NUL: leave it out", dest)
		}
		return NewPipe(rest), nil
	}
	var open func(FS, string) Destination
	switch scheme {
	case "maildir":
		open = func(f FS, p string) Destination { return NewMaildir(f, p) }
	case "mbox":
		open = func(f FS, p string) Destination { return NewMbox(f, p) }
	case "eml":
		open = func(f FS, p string) Destination { return NewEML(f, p) }
	default:
		return nil, fmt.Errorf("destination %q: no such kind %q: write %s", dest, scheme, forms)
	}
	path, err := absolute(rest)
	if err != nil {
		return nil, fmt.Errorf("destination %q: %w", dest, err)
	}
	return open(fsys, path), nil
}

func absolute(path string) (string, error) {
	if strings.ContainsFunc(path, unicode.IsControl) {
		return "", fmt.Errorf("a path with control characters is refused: write one without")
	}
	if path == "~" || strings.HasPrefix(path, "~/") {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("no home folder is known for ~ (%w): write the whole path", err)
		}
		path = home + path[1:]
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("the working folder is not known (%w): write the whole path", err)
	}
	return abs, nil
}
