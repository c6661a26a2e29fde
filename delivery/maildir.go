package delivery

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// concurrentSyncs is how many files of one Maildir wait for the disk at once. A
// journalling file system serves them together, so that a few dozen cost little
// more than one.
const concurrentSyncs = 32

// Maildir is a folder with tmp, new and cur as D. J. Bernstein's specification has
// it: a message is written under tmp, brought to the disk, and renamed into new.
// No locks are needed, and any number of programs may read and write it.
type Maildir struct {
	fsys    FS
	root    string
	host    string
	serial  atomic.Uint64
	slots   chan struct{}
	entries groupSync // the fsync of new
	under   sync.WaitGroup
	seen    curIndex
}

// NewMaildir is the Maildir at an absolute path.
func NewMaildir(fsys FS, path string) *Maildir {
	host, _ := os.Hostname() // without it there is a name all the same
	m := &Maildir{
		fsys: fsys, root: filepath.Clean(path), host: maildirHost(host),
		slots: make(chan struct{}, concurrentSyncs),
	}
	m.entries.sync = func() error { return fsys.SyncDir(m.sub("new")) }
	m.seen = curIndex{fsys: fsys, dir: m.sub("cur")}
	return m
}

// maxHost is the most octets of a host's name in a message's: file systems that encrypt names
// may take 143, and flags are still to come.
const maxHost = 64

// maildirHost is a host's name as it may stand in a message's. The specification names the
// replacements for / and :, and those for all other octets that are not safe in a file's
// name, or mean something in this one, are made in the same way.
func maildirHost(host string) string {
	if host == "" {
		return "localhost"
	}
	var b strings.Builder
	for _, c := range []byte(host) {
		octet := string(rune(c))
		if c < '-' || c == '/' || c > '9' && c < 'A' || c > 'Z' && c < 'a' && c != '_' || c > 'z' {
			octet = fmt.Sprintf(`\%03o`, c)
		}
		if b.Len()+len(octet) > maxHost {
			break
		}
		b.WriteString(octet)
	}
	return b.String()
}

func (m *Maildir) String() string { return "maildir:" + m.root }

func (m *Maildir) sub(names ...string) string {
	return filepath.Join(append([]string{m.root}, names...)...)
}

// Prepare makes the folder and its three parts where they are missing and removes
// what popmark itself left under tmp more than 36 hours ago.
func (m *Maildir) Prepare(ctx context.Context) error {
	if err := stopped(ctx); err != nil {
		return err
	}
	err := untilDone(ctx, func() error {
		for _, sub := range []string{"tmp", "new", "cur"} {
			if err := makeFolder(m.fsys, m.sub(sub)); err != nil {
				return err
			}
		}
		removeLeftovers(m.fsys, m.sub("tmp"), ownName())
		// A folder that can be read only shows itself here, not at the first message.
		return tryWrite(m.fsys, m.sub("tmp", m.uniqueName()))
	})
	return cannotCreate(m.String(), "preparing the Maildir", err)
}

var ownName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9]+\.M[0-9]{6}P[0-9]+Q[0-9]+R[0-9a-f]{16}\.`)
})

// uniqueName is a name that no delivery ever had: the time, the process, the
// delivery in this process, 64 random bits, the host.
func (m *Maildir) uniqueName() string {
	now := time.Now()
	return fmt.Sprintf("%d.M%06dP%dQ%dR%s.%s", now.Unix(), now.Nanosecond()/1000, os.Getpid(),
		m.serial.Add(1), token(), m.host)
}

// token is 64 random bits in hexadecimal.
func token() string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return hex.EncodeToString(random[:])
}

// Begin starts a message. No file is made before there is more of it than a buffer
// holds.
func (m *Maildir) Begin(ctx context.Context, _ Meta) (Delivery, error) {
	if err := stopped(ctx); err != nil {
		return nil, err
	}
	name := m.uniqueName()
	d := &maildirDelivery{m: m, name: name, spool: newSpool(ctx, m.fsys, m.sub("tmp", name))}
	d.spool.stays = true
	return d, nil
}

// Find looks under new and cur, whatever flags the message has got since.
func (m *Maildir) Find(ctx context.Context, r Receipt) bool {
	return untilFound(ctx, func() bool { return m.find(r) })
}

func (m *Maildir) find(r Receipt) bool {
	if !plainName(r.Name) {
		return false
	}
	// A reader moves messages from new to cur, so that looking in this order
	// cannot miss one on its way.
	if isWhole(m.fsys, m.sub("new", r.Name), r) {
		return true
	}
	return m.seen.has(r)
}

// Close waits for each Commit to return.
func (m *Maildir) Close() error {
	m.under.Wait()
	return nil
}

type maildirDelivery struct {
	m     *Maildir
	name  string
	spool *spool
	ended bool
}

func (d *maildirDelivery) Write(p []byte) (int, error) {
	if d.ended {
		return 0, ErrClosed
	}
	n, err := d.spool.Write(p)
	return n, failed(d.m.String(), "writing the message", err)
}

func (d *maildirDelivery) Planned() Receipt {
	return d.spool.receipt(d.name, d.m.sub("new", d.name))
}

func (d *maildirDelivery) Commit(ctx context.Context) (Receipt, error) {
	if d.ended {
		return Receipt{}, ErrClosed
	}
	d.ended = true
	select {
	case d.m.slots <- struct{}{}:
	case <-ctx.Done():
		_ = untilDone(ctx, func() error { return d.spool.drop(true) })
		return Receipt{}, stopped(ctx)
	}
	receipt := make(chan Receipt, 1)
	d.m.under.Add(1)
	defer d.m.under.Done()
	err := untilDone(ctx, func() error {
		d.spool.bind(context.Background())
		receipt <- d.Planned()
		err := d.bring(ctx)
		if err != nil {
			return err
		}
		return d.settle()
	})
	if err != nil {
		return Receipt{}, failed(d.m.String(), "storing the message", err)
	}
	return <-receipt, nil
}

// bring gets the message onto the disk under tmp and renames it into new.
func (d *maildirDelivery) bring(ctx context.Context) error {
	defer func() { <-d.m.slots }()
	tmp := d.spool.path
	err := stopped(ctx)
	if err == nil {
		err = d.spool.sync()
	}
	if err == nil {
		// A caller who no longer waits is not given a message behind its back.
		err = stopped(ctx)
	}
	if err == nil {
		err = d.m.fsys.Rename(tmp, d.m.sub("new", d.name))
	}
	if derr := d.spool.drop(true); derr != nil && err == nil {
		err = derr
	}
	if err != nil {
		// Not there any more where the spool removed it.
		_ = d.m.fsys.Remove(tmp)
	}
	return err
}

// settle waits until the folder's new entry is on the disk. Where that fails, the
// message is taken back: it will be fetched again.
func (d *maildirDelivery) settle() error {
	err := d.m.entries.wait(context.Background())
	if err != nil {
		if rerr := d.m.fsys.Remove(d.m.sub("new", d.name)); rerr != nil {
			err = errors.Join(err, rerr)
		}
	}
	return err
}

func (d *maildirDelivery) Abort() error {
	if d.ended {
		return nil
	}
	d.ended = true
	return failed(d.m.String(), "removing what was written", d.spool.drop(true))
}
