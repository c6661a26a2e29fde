package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// fetching is a kind of fetch: so many messages of so many octets.
type fetching struct {
	messages int
	size     int64
	syncs    int // how many files the raw client has on their way to the disk at once
}

// fetch measures raw clients and popmark at it, in turns.
func (b *bench) fetch(ctx context.Context, s *setting, f fetching) (raw, ours samples, err error) {
	for range b.repeat {
		state, forget, err := b.state(ctx)
		if err != nil {
			return nil, nil, err
		}
		defer forget()
		for _, into := range []*samples{&raw, &ours} {
			dir, done, err := b.folder("mail")
			if err != nil {
				return nil, nil, err
			}
			c := command{args: b.raw("raw-retr", s.addr, f.messages, "-dir", dir, "-syncs", strconv.Itoa(f.syncs)), dir: b.dir}
			if into == &ours {
				c = b.own(state, s.addr, "commit", "--fetch", "1-", "--to", "maildir:"+filepath.Join(dir, "mail"))
			}
			one, err := s.once(ctx, c)
			if err == nil {
				err = delivered(dir, into == &ours, f.messages)
			}
			done()
			if err != nil {
				return nil, nil, err
			}
			*into = append(*into, one)
		}
	}
	return raw, ours, nil
}

// delivered makes sure that a fetch fetched.
func delivered(dir string, maildir bool, messages int) error {
	if maildir {
		dir = filepath.Join(dir, "mail")
	}
	files, err := filepath.Glob(filepath.Join(dir, "new", "*"))
	if err == nil && len(files) != messages {
		err = fmt.Errorf("%d messages of %d were fetched", len(files), messages)
	}
	return err
}

// fetchGoal is 0.9 times the raw client's throughput, as a time.
const fetchGoal = 1 / 0.9

func (b *bench) large(ctx context.Context, size int64) error {
	s, err := b.set(ctx, ownServer, 1, size, line{})
	if err != nil {
		return err
	}
	defer s.stop()
	raw, ours, err := b.fetch(ctx, s, fetching{1, size, 1})
	if err != nil {
		return err
	}
	r := row{measure: fmt.Sprintf("fetch one message of %d MiB", size>>20), server: s.server, octets: size}
	b.addFetch(r, raw, ours)
	r.goal = 0
	b.peer(ctx, mpop("on"), s.addr, r)
	return nil
}

func (b *bench) addFetch(r row, raw, ours samples) {
	reference := raw.median(whole)
	b.report.add(r.with("raw client", reference, raw.peak(), 0, 0), r.with("popmark commit", ours.median(whole), ours.peak(), reference, fetchGoal))
	if r.server == ownServer {
		b.addMemory(r.measure, r.server, ours.peak(), 40)
	}
}

// addMemory holds the octets that a commit had at most against a goal in MB, where they are known.
func (b *bench) addMemory(measure, server string, peak int64, most float64) {
	if peak == 0 {
		return
	}
	b.report.add(row{
		measure: measure, server: server, program: "popmark commit",
		unit: "MB of memory", figure: float64(peak) / 1e6, most: most,
	})
}

func (b *bench) small(ctx context.Context, server string) error {
	s, err := b.set(ctx, server, b.messages, b.size, line{})
	if err != nil {
		return err
	}
	defer s.stop()
	r := row{measure: fmt.Sprintf("fetch %d messages of %d octets", b.messages, b.size), server: server, octets: int64(b.messages) * b.size}
	raw, ours, err := b.fetch(ctx, s, fetching{b.messages, b.size, 1})
	if err != nil {
		return err
	}
	b.addFetch(r, raw, ours)
	// The hardest to keep up with.
	dir, done, err := b.folder("mail")
	if err != nil {
		return err
	}
	one, err := s.once(ctx, command{args: b.raw("raw-retr", s.addr, b.messages, "-dir", dir, "-syncs", strconv.Itoa(manySyncs)), dir: b.dir})
	done()
	if err != nil {
		return err
	}
	b.report.add(r.with(fmt.Sprintf("raw client, %d fsyncs at once", manySyncs), one.whole, one.peak, raw.median(whole), 0))
	for _, p := range []peer{mpop("on"), fetchmail, getmail} {
		b.peer(ctx, p, s.addr, r)
	}
	return nil
}

// manySyncs is how many files popmark, too, has on their way to the disk at once.
const manySyncs = 32

// move fetches and deletes everything, which each run needs a new mailbox for.
func (b *bench) move(ctx context.Context, server string) error {
	r := row{measure: fmt.Sprintf("move %d messages of %d octets", b.messages, b.size), server: server, octets: int64(b.messages) * b.size}
	var theirs, ours samples
	installed := b.peers
	for range b.repeat {
		for _, into := range []*samples{&theirs, &ours} {
			if into == &theirs && !installed {
				continue
			}
			s, err := b.set(ctx, server, b.messages, b.size, line{})
			if err != nil {
				return err
			}
			one, err := b.moveOnce(ctx, s, into == &ours)
			s.stop()
			if errors.Is(err, exec.ErrNotFound) {
				fmt.Fprintln(progress, "   not installed: mpop")
				installed = false
				continue
			}
			if err != nil {
				return err
			}
			*into = append(*into, one)
		}
	}
	reference := time.Duration(0)
	if installed {
		reference = theirs.median(whole)
		b.report.add(r.with("mpop", reference, theirs.peak(), 0, 0))
	}
	b.report.add(r.with("popmark commit", ours.median(whole), ours.peak(), reference, 1.5))
	return nil
}

func (b *bench) moveOnce(ctx context.Context, s *setting, ours bool) (sample, error) {
	if !ours {
		o, err := b.runPeer(ctx, mpop("off"), s.addr, ownLimit)
		return sample{outcome: o}, err
	}
	state, forget, err := b.state(ctx)
	if err != nil {
		return sample{}, err
	}
	defer forget()
	dir, done, err := b.folder("mail")
	if err != nil {
		return sample{}, err
	}
	defer done()
	one, err := s.once(ctx, b.own(state, s.addr, "commit", "--move", "1-", "--to", "maildir:"+filepath.Join(dir, "mail")))
	if err == nil {
		err = delivered(dir, true, b.messages)
	}
	return one, err
}

// deletions deletes everything over a long line.
func (b *bench) deletions(ctx context.Context) error {
	shape := line{Delay: 50 * time.Millisecond}
	r := row{measure: fmt.Sprintf("%d deletions, %s", b.messages, shape), server: ownServer}
	var raw, ours samples
	for range b.repeat {
		for _, into := range []*samples{&raw, &ours} {
			s, err := b.set(ctx, ownServer, b.messages, b.size, shape)
			if err != nil {
				return err
			}
			c := command{args: b.raw("raw-dele", s.addr, b.messages), dir: b.dir}
			state, done, err := b.state(ctx)
			if err == nil {
				if into == &ours {
					c = b.own(state, s.addr, "commit", "--delete", "1-")
				}
				var one sample
				one, err = s.once(ctx, c)
				*into = append(*into, one)
				done()
			}
			s.stop()
			if err != nil {
				return err
			}
		}
	}
	reference := raw.median(whole)
	b.report.add(r.with("raw client", reference, raw.peak(), 0, 0), r.with("popmark commit", ours.median(whole), ours.peak(), reference, 0))
	r.unit = "round trips"
	for _, one := range []struct {
		name string
		all  samples
		most float64
	}{{"raw client, the DELEs alone", raw, 0}, {"popmark commit, the DELEs alone", ours, 5}} {
		r.program, r.most = one.name, one.most
		r.figure = float64(one.all.median(deleting)) / float64(shape.roundTrip())
		b.report.add(r)
	}
	return nil
}

// memory fetches a message that no memory should have to hold.
func (b *bench) memory(ctx context.Context) error {
	s, err := b.set(ctx, ownServer, 1, b.huge, line{})
	if err != nil {
		return err
	}
	defer s.stop()
	dir, done, err := b.folder("mail")
	if err != nil {
		return err
	}
	defer done()
	one, err := s.once(ctx, b.own(filepath.Join(dir, "state"), s.addr, "commit", "--fetch", "1", "--to", "maildir:"+filepath.Join(dir, "mail")))
	if err != nil {
		return err
	}
	if err := delivered(dir, true, 1); err != nil {
		return err
	}
	b.addMemory(fmt.Sprintf("fetch one message of %d MiB", b.huge>>20), s.server, one.peak, 60)
	return nil
}
