package delivery

import (
	"errors"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"
)

// maxEMLName is the most octets that a made-up name has, without a number and the
// ending: file systems allow 255.
const maxEMLName = 200

// maxPlainName is maxEMLName for file systems that take less: one that encrypts names
// may have 143 left.
const maxPlainName = 100

// plainBase is a name that every file system takes, in the place of one that emlName made.
func plainBase(base string) string {
	ascii := strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			return '_'
		}
		return r
	}, base)
	return cut(ascii, maxPlainName)
}

// refusedName tells that a file system has no such names: too long, or with characters
// that it can't write.
func refusedName(err error) bool {
	return errors.Is(err, syscall.ENAMETOOLONG) || errors.Is(err, syscall.EILSEQ) || errors.Is(err, syscall.EINVAL)
}

// emlName makes a file's name of the date, the sender and the subject. It holds no
// path, no control character, nothing that a shell or another system's file names
// trip over, and begins with the date or "undated", so that it is never hidden and
// never looks like an option.
func emlName(meta Meta) string {
	date := "undated"
	if !meta.Date.IsZero() {
		date = meta.Date.Format("2006-01-02 1504")
	}
	from, subject := cleanName(meta.From, 80), cleanName(meta.Subject, maxEMLName)
	if from == "" {
		from = "unknown"
	}
	if subject == "" {
		subject = "no subject"
	}
	return cut(date+" "+from+" "+subject, maxEMLName)
}

// cleanName replaces what a file's name must not hold, and each run of white space
// by one space.
func cleanName(s string, octets int) string {
	// Enough for what will be kept, and a bound on the work for what will not.
	s = cut(s, 4*octets)
	var b strings.Builder
	space := true // nothing written yet: leading space is dropped
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			if !space {
				b.WriteByte(' ')
			}
			space = true
			continue
		case r == utf8.RuneError, !unicode.IsPrint(r), strings.ContainsRune(`/\:*?"<>|`, r):
			b.WriteByte('_')
		default:
			b.WriteRune(r)
		}
		space = false
	}
	return cut(b.String(), octets)
}

// cut shortens to a number of octets at a character's border and takes away spaces
// and dots at the end.
func cut(s string, octets int) string {
	if len(s) > octets {
		n := octets
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n]
	}
	return strings.TrimRight(s, " .")
}
