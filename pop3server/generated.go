package pop3server

import (
	"fmt"
	"io"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
)

// Generated is a maildrop whose messages are made up when asked for. It
// remembers only which are gone.
type Generated struct {
	source Source
	count  int

	mu   sync.Mutex
	gone []int // indices in the source, ascending; replaced, never changed in place
}

// NewGenerated gives a maildrop of count messages, which source makes up from
// their index (1 to count). The index of a message never changes; its number
// in a session counts the messages that are still there.
func NewGenerated(count int, source Source) *Generated {
	return &Generated{source: source, count: max(0, count)}
}

// Len is the number of messages there now.
func (g *Generated) Len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.count - len(g.gone)
}

// Snapshot implements [Maildrop].
func (g *Generated) Snapshot() Messages {
	g.mu.Lock()
	defer g.mu.Unlock()
	return &generatedSnapshot{drop: g, gone: g.gone}
}

type generatedSnapshot struct {
	drop *Generated
	gone []int
}

// index gives the place in the source of the message numbered n.
func (s *generatedSnapshot) index(n int) int {
	if len(s.gone) == 0 {
		return n
	}
	// Before gone[k] there are gone[k]-1-k messages left.
	k := sort.Search(len(s.gone), func(k int) bool { return s.gone[k]-1-k >= n })
	return n + k
}

func (s *generatedSnapshot) Len() int           { return s.drop.count - len(s.gone) }
func (s *generatedSnapshot) Octets(n int) int64 { return s.drop.source.Octets(s.index(n)) }
func (s *generatedSnapshot) UIDL(n int) string  { return s.drop.source.UIDL(s.index(n)) }

func (s *generatedSnapshot) Open(n int) (io.ReadCloser, error) {
	i := s.index(n)
	s.drop.mu.Lock()
	gone := s.drop.gone
	s.drop.mu.Unlock()
	if _, found := slices.BinarySearch(gone, i); found {
		return nil, fmt.Errorf("message %d: %w", n, ErrGone)
	}
	return s.drop.source.Open(i)
}

func (s *generatedSnapshot) Remove(numbers []int) error {
	s.drop.mu.Lock()
	defer s.drop.mu.Unlock()
	gone := make([]int, 0, len(s.drop.gone)+len(numbers))
	gone = append(gone, s.drop.gone...)
	for _, n := range numbers {
		gone = append(gone, s.index(n))
	}
	slices.Sort(gone)
	s.drop.gone = slices.Compact(gone)
	return nil
}

// Uniform is a source of messages that are all Size octets long, give or take
// the shortest header, with a sender, a subject and a date of their own.
type Uniform struct {
	// Size is the length of a message in octets, header included.
	Size int64
}

// uniformLine is one body line; it fills a block so that big messages are
// copied in big pieces.
const (
	uniformLine   = "The quick brown fox jumps over the lazy dog; 0123456789 and so on it goes.\r\n"
	uniformRepeat = 1024
)

// uniformBlock is made when it is needed: whoever only links this package pays nothing for it.
var uniformBlock = sync.OnceValue(func() []byte { return []byte(strings.Repeat(uniformLine, uniformRepeat)) })

func (u Uniform) header(n int) string {
	return fmt.Sprintf("From: Sender %d <sender%d@example.org>\r\nTo: reader@example.net\r\n"+
		"Subject: Message number %d\r\nDate: Mon, 2 Nov 2026 %02d:%02d:%02d +0000\r\nMessage-ID: <%d@example.org>\r\n\r\n",
		n%97, n%97, n, n/3600%24, n/60%60, n%60, n)
}

// Octets implements [Source].
func (u Uniform) Octets(n int) int64 {
	if u.Size >= uniformHeader {
		return u.Size // STAT and LIST ask for every message's
	}
	return max(u.Size, int64(len(u.header(n)))+2)
}

// uniformHeader is more octets than any header of a Uniform has.
const uniformHeader = 1 << 10

// UIDL implements [Source].
func (u Uniform) UIDL(n int) string { return "uniform-" + strconv.Itoa(n) }

// Open implements [Source].
func (u Uniform) Open(n int) (io.ReadCloser, error) {
	header := u.header(n)
	body := u.Octets(n) - int64(len(header)) - 2
	return io.NopCloser(io.MultiReader(strings.NewReader(header), &repeated{left: body}, strings.NewReader("\r\n"))), nil
}

// repeated reads left octets of body text, whole lines but for the last.
type repeated struct {
	left int64
	at   int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(int64(len(p)), r.left)], uniformBlock()[r.at:])
	r.left -= int64(n)
	r.at = (r.at + n) % len(uniformBlock())
	return n, nil
}

// WriteTo spares the copy through a buffer that [io.Copy] would make.
func (r *repeated) WriteTo(w io.Writer) (int64, error) {
	var sent int64
	for r.left > 0 {
		chunk := uniformBlock()[r.at:]
		chunk = chunk[:min(int64(len(chunk)), r.left)]
		n, err := w.Write(chunk)
		sent += int64(n)
		r.left -= int64(n)
		r.at = (r.at + n) % len(uniformBlock())
		if err != nil {
			return sent, err
		}
		if n == 0 {
			return sent, io.ErrShortWrite
		}
	}
	return sent, nil
}
