package delivery

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"
)

// Mbox is one file with many messages, in mboxrd form. While it is written it is
// locked with fcntl and a dot lock. A message is appended only when all of it is
// here, and a failure cuts the file back to its old length.
type Mbox struct {
	fsys  FS
	path  string
	index mboxIndex
	under sync.WaitGroup
	notes string // the folder for intents that cannot be beside the file, "" without

	mu      sync.Mutex
	queue   []*mboxDelivery
	running bool
	real    string               // the path without symbolic links, as it was last seen
	given   map[string]time.Time // the last From_ line's time for a text
	told    func(string)
}

// maxBatch is the most messages that one lock and one fsync serve.
const maxBatch = 128

// NewMbox is the mbox file at an absolute path.
func NewMbox(fsys FS, path string) *Mbox {
	path = filepath.Clean(path)
	return &Mbox{
		fsys: fsys, path: path, real: path, index: mboxIndex{fsys: fsys, path: path}, given: map[string]time.Time{},
	}
}

func (m *Mbox) String() string { return "mbox:" + m.path }

// Prepare makes the file, with mode 0600, and the folders above it where they are
// missing, and cuts off what a killed run left half written.
func (m *Mbox) Prepare(ctx context.Context) error {
	if err := stopped(ctx); err != nil {
		return err
	}
	err := untilDone(ctx, func() error {
		place, err := resolve(m.fsys, m.path)
		if err != nil {
			return err
		}
		if err := makeReal(m.fsys, filepath.Dir(place)); err != nil {
			return err
		}
		f, err := m.open(func() error { return stopped(ctx) })
		if err != nil {
			return err
		}
		base := regexp.QuoteMeta(filepath.Base(f.path))
		removeLeftovers(m.fsys, filepath.Dir(f.path), regexp.MustCompile(`^(\.`+base+`\.`+partName+`|`+base+`\.lock-[0-9a-f]{16}$)`))
		removeLeftovers(m.fsys, os.TempDir(), waitingName())
		err = m.recover(f)
		if err == nil && f.made {
			err = m.fsys.SyncDir(filepath.Dir(f.path))
		}
		return errors.Join(err, f.Close())
	})
	return cannotCreate(m.String(), "preparing the file", err)
}

// Begin starts a message. A long one waits beside the mbox until it is complete, or in
// the folder for temporary files where none can be made there.
func (m *Mbox) Begin(ctx context.Context, meta Meta) (Delivery, error) {
	if err := stopped(ctx); err != nil {
		return nil, err
	}
	d := &mboxDelivery{m: m, sender: meta.From, text: newIdentity(), quoted: &quoteCount{}}
	folder, base := filepath.Split(m.place())
	d.spool = newSpool(ctx, m.fsys, folder+fmt.Sprintf(".%s.popmark-%s.part", base, token()), d.text, d.quoted, &d.last)
	d.spool.otherPath = waitingPath()
	return d, nil
}

// Find looks for the message's text and From_ line, so that the fields with which
// mail readers note what was read do not matter.
func (m *Mbox) Find(ctx context.Context, r Receipt) bool {
	return untilFound(ctx, func() bool { return m.find(r) })
}

func (m *Mbox) find(r Receipt) bool { return r.Name != "" && m.index.has(r.Name) }

// Close waits for each Commit to return.
func (m *Mbox) Close() error {
	m.under.Wait()
	return nil
}

// place is where the file truly is, as far as is known.
func (m *Mbox) place() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.real
}

// from makes a From_ line that no other message with the same text has got in this
// run: each of them must be known again.
func (m *Mbox) from(sender, text string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := time.Now().Truncate(time.Second)
	if last, ok := m.given[text]; ok && !at.After(last) {
		at = last.Add(time.Second)
	}
	m.given[text] = at
	return fromLine(sender, at)
}

type mboxDelivery struct {
	m      *Mbox
	sender string
	text   *identity
	quoted *quoteCount
	last   lastOctet
	spool  *spool
	from   string // "" until it is chosen
	name   string
	ended  bool

	ctx  context.Context // of Commit, for the batch that the message goes with
	done chan error
}

// lastOctet remembers how a text ends.
type lastOctet struct{ b byte }

func (l *lastOctet) Write(p []byte) (int, error) {
	if len(p) > 0 {
		l.b = p[len(p)-1]
	}
	return len(p), nil
}

func (d *mboxDelivery) Write(p []byte) (int, error) {
	if d.ended {
		return 0, ErrClosed
	}
	n, err := d.spool.Write(p)
	return n, failed(d.m.String(), "keeping the message until it is whole", err)
}

func (d *mboxDelivery) Planned() Receipt {
	if d.from == "" {
		// An error shows again at Commit.
		_ = d.spool.end()
		d.from = d.m.from(d.sender, d.text.key(""))
		d.name = d.text.key(d.from)
	}
	return d.spool.receipt(d.name, d.m.path)
}

func (d *mboxDelivery) Commit(ctx context.Context) (Receipt, error) {
	if d.ended {
		return Receipt{}, ErrClosed
	}
	d.ended = true
	d.m.under.Add(1)
	defer d.m.under.Done()
	receipt := make(chan Receipt, 1)
	err := untilDone(ctx, func() error {
		d.spool.bind(context.Background())
		// What concerns this message alone must not fail those that it shares a lock with.
		if err := d.spool.ready(); err != nil {
			_ = d.spool.drop(true)
			return failed(d.m.String(), "keeping the message until it is whole", err)
		}
		receipt <- d.Planned()
		d.ctx, d.done = ctx, make(chan error, 1)
		d.m.enqueue(d)
		return <-d.done
	})
	if err != nil {
		return Receipt{}, failed(d.m.String(), "appending the message", err)
	}
	return <-receipt, nil
}

func (d *mboxDelivery) Abort() error {
	if d.ended {
		return nil
	}
	d.ended = true
	return failed(d.m.String(), "removing what was kept", d.spool.drop(true))
}

func (m *Mbox) enqueue(d *mboxDelivery) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queue = append(m.queue, d)
	if !m.running {
		m.running = true
		go m.run()
	}
}

// run appends what is queued, all that came meanwhile at once, until there is none.
func (m *Mbox) run() {
	for {
		m.mu.Lock()
		batch := m.queue[:min(len(m.queue), maxBatch)]
		m.queue = m.queue[len(batch):]
		if len(batch) == 0 {
			m.running = false
			m.mu.Unlock()
			return
		}
		m.mu.Unlock()
		m.carryOut(batch)
	}
}

// carryOut appends a batch and tells each of its messages what came of it.
func (m *Mbox) carryOut(batch []*mboxDelivery) {
	wanted := func() error {
		var err error
		for _, d := range batch {
			if err = stopped(d.ctx); err == nil {
				return nil
			}
		}
		return err
	}
	var live []*mboxDelivery
	f, err := m.open(wanted)
	if err == nil {
		for _, d := range batch {
			if stopped(d.ctx) == nil {
				live = append(live, d)
			}
		}
		err = errors.Join(m.append(f, live), f.Close())
	}
	for _, d := range batch {
		outcome := err
		if outcome == nil && !slices.Contains(live, d) {
			outcome = stopped(d.ctx)
		}
		// The spool is only ours; failing to remove it harms no message.
		_ = d.spool.drop(true)
		d.done <- outcome
	}
}

// append writes messages to the end of the locked file and returns when they are on
// the disk, or else with the file as it was.
func (m *Mbox) append(f *locked, batch []*mboxDelivery) error {
	if err := m.recover(f); err != nil || len(batch) == 0 {
		return err
	}
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	size := fi.Size()
	gap, err := missingLines(f, size)
	if err != nil {
		return err
	}
	in := intent{Size: size, Total: int64(gap)}
	for _, d := range batch {
		in.Messages = append(in.Messages, intentStart{At: size + in.Total, From: d.from})
		in.Total += d.length()
	}
	withdraw, err := m.declare(f.path, in)
	if err != nil {
		return err
	}
	out := &earlySync{File: f}
	if err = writeBatch(out, gap, batch); err == nil {
		err = out.Sync()
	} else {
		_ = out.await() // of what is undone now
	}
	if err == nil && f.made {
		err = m.fsys.SyncDir(filepath.Dir(f.path))
	}
	if err == nil {
		// From here on the messages count, so that this must be on the disk too.
		err = withdraw()
	}
	if err != nil {
		undo := f.Truncate(size)
		if undo == nil {
			undo = f.Sync()
		}
		if undo == nil {
			undo = withdraw()
		}
		// Where that fails as well the intent is still there, and the next run
		// cuts the file back.
		err = errors.Join(err, undo)
	}
	return err
}

// length is how much the message adds to the file.
func (d *mboxDelivery) length() int64 {
	n := int64(len(d.from)) + 1 + d.spool.stored + d.quoted.added + 1
	if d.unended() {
		n++
	}
	return n
}

// unended tells whether the last line lacks its end.
func (d *mboxDelivery) unended() bool { return d.spool.stored > 0 && d.last.b != '\n' }

// missingLines is how many line feeds the file lacks so that a message can follow.
func missingLines(f File, size int64) (int, error) {
	if size == 0 {
		return 0, nil
	}
	end := make([]byte, min(size, 2))
	if _, err := f.ReadAt(end, size-int64(len(end))); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	switch {
	case end[len(end)-1] != '\n':
		return 2, nil
	case len(end) == 2 && end[0] != '\n':
		return 1, nil
	default:
		return 0, nil
	}
}

func writeBatch(f io.Writer, gap int, batch []*mboxDelivery) error {
	out := bufio.NewWriterSize(f, largeBuffer)
	// A bufio.Writer keeps its first error for Flush.
	_, _ = out.WriteString("\n\n"[:gap])
	for _, d := range batch {
		_, _ = out.WriteString(d.from + "\n")
		if err := d.copyQuoted(out); err != nil {
			return err
		}
		if d.unended() {
			_ = out.WriteByte('\n')
		}
		_ = out.WriteByte('\n')
	}
	return out.Flush()
}

func (d *mboxDelivery) copyQuoted(out *bufio.Writer) error {
	in, err := d.spool.reader()
	if err != nil {
		return err
	}
	var q quoter
	piece, quoted := make([]byte, 32<<10), []byte(nil)
	for {
		n, err := in.Read(piece)
		quoted = q.appendQuoted(quoted[:0], piece[:n])
		if _, werr := out.Write(quoted); werr != nil {
			return werr
		}
		if errors.Is(err, io.EOF) {
			_, err = out.Write(q.appendHeld(nil))
			return err
		}
		if err != nil {
			return err
		}
	}
}
