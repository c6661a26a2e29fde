package delivery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// EML is a folder with one file a message, named after its date, sender and
// subject. No file is ever overwritten: a name that is taken gets a number.
type EML struct {
	fsys    FS
	dir     string
	entries groupSync
	slots   chan struct{}
	under   sync.WaitGroup

	mu    sync.Mutex
	plain bool            // the file system has refused a name
	taken map[string]bool // names given out in this run
	last  map[string]int  // the number that a name without one got last
}

// NewEML is the folder at an absolute path.
func NewEML(fsys FS, path string) *EML {
	e := &EML{
		fsys: fsys, dir: filepath.Clean(path), slots: make(chan struct{}, concurrentSyncs),
		taken: map[string]bool{}, last: map[string]int{},
	}
	e.entries.sync = func() error { return fsys.SyncDir(e.dir) }
	return e
}

func (e *EML) String() string { return "eml:" + e.dir }

// Prepare makes the folder where it is missing.
func (e *EML) Prepare(ctx context.Context) error {
	if err := stopped(ctx); err != nil {
		return err
	}
	err := untilDone(ctx, func() error {
		if err := makeFolder(e.fsys, e.dir); err != nil {
			return err
		}
		removeLeftovers(e.fsys, e.dir, unfinishedName())
		return tryWrite(e.fsys, e.unfinished())
	})
	return cannotCreate(e.String(), "preparing the folder", err)
}

var unfinishedName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\.` + partName)
})

// unfinished is a new name for a file that is being written. It is hidden and does
// not end in .eml, so that nobody takes it for a message.
func (e *EML) unfinished() string {
	return filepath.Join(e.dir, ".popmark-"+token()+".part")
}

// Begin starts a message. Its name is chosen when the message is complete.
func (e *EML) Begin(ctx context.Context, meta Meta) (Delivery, error) {
	if err := stopped(ctx); err != nil {
		return nil, err
	}
	d := &emlDelivery{e: e, base: emlName(meta), text: sha256.New()}
	d.spool = newSpool(ctx, e.fsys, e.unfinished(), d.text)
	d.spool.stays = true
	return d, nil
}

// claim is the first name after base that is free in the folder and in this run.
func (e *EML) claim(base string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.plain {
		base = plainBase(base)
	}
	for n := e.last[base] + 1; ; n++ {
		name := base + ".eml"
		if n > 1 {
			name = fmt.Sprintf("%s (%d).eml", base, n)
		}
		if e.taken[name] {
			continue
		}
		_, err := e.fsys.Stat(filepath.Join(e.dir, name))
		if err == nil {
			continue
		}
		if refusedName(err) && !e.plain {
			e.plain = true
			base = plainBase(base)
			n = e.last[base]
			continue
		}
		e.taken[name], e.last[base] = true, n
		return name
	}
}

// namePlainly has all names from now on be such as every file system takes.
func (e *EML) namePlainly() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.plain = true
}

// Find compares the file's octets with what was written, since another message may
// have got that name.
func (e *EML) Find(ctx context.Context, r Receipt) bool {
	return untilFound(ctx, func() bool { return e.find(r) })
}

func (e *EML) find(r Receipt) bool {
	sum, name, ok := strings.Cut(r.Name, "/")
	if !ok || !plainName(name) || !holds(e.fsys, filepath.Join(e.dir, name), r) {
		return false
	}
	f, err := e.fsys.OpenFile(filepath.Join(e.dir, name), os.O_RDONLY, 0)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // only read
	h := sha256.New()
	_, err = io.Copy(h, f)
	return err == nil && hex.EncodeToString(h.Sum(nil)) == sum
}

// Close waits for each Commit to return.
func (e *EML) Close() error {
	e.under.Wait()
	return nil
}

type emlDelivery struct {
	e     *EML
	base  string
	name  string // "" until it is chosen
	text  hash.Hash
	spool *spool
	ended bool
}

func (d *emlDelivery) Write(p []byte) (int, error) {
	if d.ended {
		return 0, ErrClosed
	}
	n, err := d.spool.Write(p)
	return n, failed(d.e.String(), "writing the message", err)
}

func (d *emlDelivery) Planned() Receipt {
	// An error shows again at Commit.
	_ = d.spool.end()
	if d.name == "" {
		name := make(chan string, 1)
		if untilDone(d.spool.ctx, func() error { name <- d.e.claim(d.base); return nil }) != nil {
			return d.spool.receipt("", "")
		}
		d.name = <-name
	}
	return d.receipt()
}

func (d *emlDelivery) receipt() Receipt {
	return d.spool.receipt(hex.EncodeToString(d.text.Sum(nil))+"/"+d.name, filepath.Join(d.e.dir, d.name))
}

func (d *emlDelivery) Commit(ctx context.Context) (Receipt, error) {
	if d.ended {
		return Receipt{}, ErrClosed
	}
	d.ended = true
	select {
	case d.e.slots <- struct{}{}:
	case <-ctx.Done():
		_ = untilDone(ctx, func() error { return d.spool.drop(true) })
		return Receipt{}, stopped(ctx)
	}
	result := make(chan Receipt, 1)
	d.e.under.Add(1)
	defer d.e.under.Done()
	err := untilDone(ctx, func() error {
		d.spool.bind(context.Background())
		if err := d.bring(ctx); err != nil {
			return err
		}
		result <- d.receipt()
		err := d.e.entries.wait(context.Background())
		if err != nil {
			err = errors.Join(err, d.e.fsys.Remove(filepath.Join(d.e.dir, d.name)))
		}
		return err
	})
	if err != nil {
		return Receipt{}, failed(d.e.String(), "storing the message", err)
	}
	return <-result, nil
}

// bring gets the message onto the disk and gives it its name.
func (d *emlDelivery) bring(ctx context.Context) error {
	defer func() { <-d.e.slots }()
	err := stopped(ctx)
	if err == nil {
		d.Planned()
		err = d.spool.sync()
	}
	if err == nil {
		err = stopped(ctx)
	}
	if err == nil {
		err = d.publish()
	}
	_ = d.spool.drop(true)
	// The name it was written under goes whatever happened; a second name or
	// nothing is left.
	if rerr := d.e.fsys.Remove(d.spool.path); rerr != nil && err == nil && !errors.Is(rerr, fs.ErrNotExist) {
		err = rerr
	}
	return err
}

// publish links the file to its final name, or to the next that is free.
func (d *emlDelivery) publish() error {
	for plain := false; ; {
		final := filepath.Join(d.e.dir, d.name)
		err := d.e.fsys.Link(d.spool.path, final)
		if noLinks(err) {
			err = renameNew(d.e.fsys, d.spool.path, final)
		}
		switch {
		case errors.Is(err, fs.ErrExist):
		case refusedName(err) && !plain:
			plain = true
			d.e.namePlainly()
		default:
			return err
		}
		d.name = d.e.claim(d.base)
	}
}

func (d *emlDelivery) Abort() error {
	if d.ended {
		return nil
	}
	d.ended = true
	return failed(d.e.String(), "removing what was written", d.spool.drop(true))
}
