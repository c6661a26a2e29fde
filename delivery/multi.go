package delivery

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// Multi delivers each message to several destinations. It is safe only when it is
// safe in all of them. With one destination it is that one; with none it refuses
// every message.
func Multi(dests ...Destination) Destination {
	if len(dests) == 1 {
		return dests[0]
	}
	return multi(dests)
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
	all := &multiDelivery{parts: make([]Delivery, len(m)), names: make([]string, len(m))}
	prior := meta.Prior
	meta.Prior = nil
	for i, d := range m {
		if prior != nil {
			if part, ok := m.part(*prior, i); ok {
				there, err := d.Secure(ctx, part)
				if err != nil {
					return nil, errors.Join(err, all.Abort())
				}
				if there {
					all.names[i] = part.Name
					continue
				}
			}
		}
		part, err := d.Begin(ctx, meta)
		if err != nil {
			return nil, errors.Join(err, all.Abort())
		}
		all.parts[i] = part
	}
	if all.none() {
		// It is everywhere and asked for all the same: it is delivered again.
		return m.Begin(ctx, meta)
	}
	return all, nil
}

// multiDelivery has a nil part where the message is known to be already, whose name
// is then set.
type multiDelivery struct {
	parts []Delivery
	names []string
}

func (d *multiDelivery) none() bool {
	for _, p := range d.parts {
		if p != nil {
			return false
		}
	}
	return true
}

func (d *multiDelivery) Write(p []byte) (int, error) {
	for _, part := range d.parts {
		if part == nil {
			continue
		}
		if n, err := part.Write(p); err != nil {
			return n, err
		}
	}
	return len(p), nil
}

func (d *multiDelivery) Planned() Receipt {
	var all Receipt
	for i, part := range d.parts {
		if part != nil {
			r := part.Planned()
			d.merge(&all, r)
			d.names[i] = r.Name
		}
	}
	all.Name = strings.Join(d.names, separator)
	return all
}

func (d *multiDelivery) merge(all *Receipt, r Receipt) {
	path := all.Path
	if path == "" {
		path = r.Path
	}
	*all = r
	all.Path = path
}

// Commit commits one part after the other. On an error the receipt names the parts
// that are done, for Meta.Prior of the next attempt.
func (d *multiDelivery) Commit(ctx context.Context) (Receipt, error) {
	var all Receipt
	var failure error
	for i, part := range d.parts {
		switch {
		case part == nil:
		case failure != nil:
			d.names[i] = ""
			_ = part.Abort() // the first error is the one to tell
		default:
			r, err := part.Commit(ctx)
			if err != nil {
				failure, d.names[i] = err, ""
				continue
			}
			d.merge(&all, r)
			d.names[i] = r.Name
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
