package delivery

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// Multi delivers each message to several destinations. It is safe only when it is
// safe in all of them. One that is given twice, be it through a symbolic link, counts
// once. Their order, in the name and in a receipt, is that of their names. With one
// destination it is that one; with none it refuses every message.
func Multi(dests ...Destination) Destination {
	var different multi
	seen := make(map[string]bool, len(dests))
	for _, d := range dests {
		if p := placeOf(d); !seen[p] {
			seen[p] = true
			different = append(different, d)
		}
	}
	if len(different) == 1 {
		return different[0]
	}
	// In whatever order they are written they are the same places, which have the same messages.
	slices.SortStableFunc(different, func(a, b Destination) int { return strings.Compare(a.String(), b.String()) })
	return different
}

// linkPatience is how long a disk may take to say where a symbolic link leads.
const linkPatience = time.Second

// placeOf is the same for two destinations that are the same place. A link that cannot be
// followed now is a place of its own.
func placeOf(d Destination) string {
	place := make(chan string, 1)
	ctx, cancel := context.WithTimeout(context.Background(), linkPatience)
	defer cancel()
	err := untilDone(ctx, func() error {
		var kind, path string
		var err error
		switch d := d.(type) {
		case *Maildir:
			kind = "maildir:"
			path, err = resolve(d.fsys, d.root)
		case *EML:
			kind = "eml:"
			path, err = resolve(d.fsys, d.dir)
		case *Mbox:
			kind = "mbox:"
			path, err = resolve(d.fsys, d.path)
		default:
			path = d.String()
		}
		place <- kind + path
		return err
	})
	if err != nil {
		return d.String()
	}
	return <-place
}

// Findable tells whether a receipt names every copy, so that after a crash its
// destination can say whether they are there. Of a command that has not ended none is named.
func (r Receipt) Findable() bool {
	return !slices.Contains(strings.Split(r.Name, separator), "")
}

type multi []Destination

// separator stands between the names in a receipt; no destination's names hold it.
const separator = "\n"

func (m multi) String() string {
	names := make([]string, len(m))
	for i, d := range m {
		names[i] = d.String()
	}
	return strings.Join(names, ", ")
}

func (m multi) Prepare(ctx context.Context) error {
	for _, d := range m {
		if err := d.Prepare(ctx); err != nil {
			return err
		}
	}
	return nil
}

// part is what a receipt says of the i-th destination.
func (m multi) part(r Receipt, i int) (Receipt, bool) {
	names := strings.Split(r.Name, separator)
	if len(names) != len(m) || names[i] == "" {
		return Receipt{}, false
	}
	r.Name = names[i]
	return r, true
}

// Find is true where every destination that can look still has the message, and there
// is one. Of a command it is enough that it once accepted it.
func (m multi) Find(ctx context.Context, r Receipt) bool {
	found := false
	for i, d := range m {
		part, ok := m.part(r, i)
		if !ok {
			return false
		}
		if _, blind := d.(*Pipe); blind {
			continue
		}
		if !d.Find(ctx, part) {
			return false
		}
		found = true
	}
	return found
}

func (m multi) Close() error {
	var errs []error
	for _, d := range m {
		errs = append(errs, d.Close())
	}
	return errors.Join(errs...)
}

func (m multi) Begin(ctx context.Context, meta Meta) (Delivery, error) {
	if len(m) == 0 {
		return nil, &Error{
			Dest: "no destination", Doing: "delivering", Class: ErrCannotCreate,
			Err: errors.New("nowhere to put a message"), Next: "give one with --to",
		}
	}
	all := &multiDelivery{parts: make([]Delivery, len(m)), names: make([]string, len(m)), there: make([]string, len(m))}
	all.prior, meta.Prior = meta.Prior, nil
	missing := false
	for i, d := range m {
		var err error
		if all.there[i], err = m.secure(ctx, all.prior, i); err != nil {
			return nil, errors.Join(err, all.Abort())
		}
		missing = missing || all.there[i] == ""
		if all.parts[i], err = d.Begin(ctx, meta); err != nil {
			return nil, errors.Join(err, all.Abort())
		}
	}
	if !missing {
		// It is everywhere and asked for all the same: it is delivered again.
		clear(all.there)
	}
	return all, nil
}

// secure is the name under which the i-th destination has a message, "" without.
func (m multi) secure(ctx context.Context, prior *Receipt, i int) (string, error) {
	if prior == nil {
		return "", nil
	}
	part, ok := m.part(*prior, i)
	if !ok {
		return "", nil
	}
	there, err := m[i].Secure(ctx, part)
	if !there {
		return "", err
	}
	return part.Name, err
}

// multiDelivery writes to all parts, those that seem to have the message already too:
// only its end shows whether it is the same.
type multiDelivery struct {
	parts []Delivery // nil where an earlier attempt's copy does
	names []string
	prior *Receipt
	there []string // names of the earlier attempt's copies, "" where there is none
	whole *Receipt // without names and path, once the message is
}

func (d *multiDelivery) Write(p []byte) (int, error) {
	if d.whole != nil {
		return 0, ErrClosed
	}
	for _, part := range d.parts {
		if n, err := part.Write(p); err != nil {
			return n, err
		}
	}
	return len(p), nil
}

// decide drops the parts that have the message already, octet for octet.
func (d *multiDelivery) decide() {
	if d.whole != nil {
		return
	}
	first := d.parts[0].Planned()
	d.whole = &Receipt{Octets: first.Octets, SHA256: first.SHA256}
	if d.prior == nil || d.prior.SHA256 != first.SHA256 {
		return
	}
	for i, name := range d.there {
		if name != "" {
			_ = d.parts[i].Abort() // what it leaves behind is no message
			d.parts[i], d.names[i] = nil, name
		}
	}
}

func (d *multiDelivery) Planned() Receipt {
	d.decide()
	all := *d.whole
	for i, part := range d.parts {
		r := Receipt{Path: d.priorPath()}
		if part != nil {
			r = part.Planned()
			d.names[i] = r.Name
		}
		all.Path = cmp.Or(all.Path, r.Path)
	}
	all.Name = strings.Join(d.names, separator)
	return all
}

// priorPath is the path that a copy of an earlier attempt may have, that of its first part
// that has one.
func (d *multiDelivery) priorPath() string {
	if d.prior == nil {
		return ""
	}
	return d.prior.Path
}

// Commit commits one part after the other. On an error the receipt names the parts
// that are done or may be, for Meta.Prior of the next attempt.
func (d *multiDelivery) Commit(ctx context.Context) (Receipt, error) {
	d.decide()
	all := *d.whole
	var failure error
	for i, part := range d.parts {
		switch {
		case part == nil:
			all.Path = cmp.Or(all.Path, d.priorPath())
		case failure != nil:
			d.names[i] = ""
			_ = part.Abort() // the first error is the one to tell
		default:
			// An error may come too late to take the message back: what was planned is in
			// the receipt then, for Secure to look.
			r := part.Planned()
			if done, err := part.Commit(ctx); err != nil {
				failure = err
			} else {
				r = done
			}
			d.names[i] = r.Name
			all.Path = cmp.Or(all.Path, r.Path)
		}
	}
	all.Name = strings.Join(d.names, separator)
	return all, failure
}

func (d *multiDelivery) Abort() error {
	var errs []error
	for _, part := range d.parts {
		if part != nil {
			errs = append(errs, part.Abort())
		}
	}
	return errors.Join(errs...)
}
