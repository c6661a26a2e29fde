package commit

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// bareName is a Maildir file's name without its flags.
func bareName(name string) string {
	bare, _, _ := strings.Cut(name, ":")
	return bare
}

// openKept opens a copy in the bin, which a reader may have moved from new to cur.
func openKept(path string) (*os.File, error) {
	if path == "" {
		return nil, fs.ErrNotExist
	}
	f, err := os.Open(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	cur := filepath.Join(filepath.Dir(filepath.Dir(path)), "cur")
	files, lerr := os.ReadDir(cur)
	if lerr != nil {
		return nil, err
	}
	for _, file := range files {
		if bareName(file.Name()) == filepath.Base(path) {
			return os.Open(filepath.Join(cur, file.Name()))
		}
	}
	return nil, err
}

// copyLines copies text with LF line ends to where CRLF is expected.
func copyLines(to io.Writer, from io.Reader) error {
	out := bufio.NewWriterSize(to, 64<<10)
	in := bufio.NewReaderSize(from, 64<<10)
	for {
		line, err := in.ReadSlice('\n')
		if n := len(line); n > 0 && line[n-1] == '\n' {
			_, _ = out.Write(line[:n-1]) // Flush gives its error
			_, _ = out.WriteString("\r\n")
		} else {
			_, _ = out.Write(line)
		}
		switch {
		case errors.Is(err, io.EOF):
			return out.Flush()
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}
