package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// measurement is one thing to measure, with everything that does it.
type measurement struct {
	name string
	do   func(context.Context) error
}

// setting is a server with a mailbox and perhaps a line before it.
type setting struct {
	server string // its name
	addr   string // where clients connect
	direct string // the server without the line
	line   *part  // nil where there is none
	shape  line
	stop   func()
}

const ownServer = "pop3server"

// set starts a server and a line. What clients delete is gone: each run that
// deletes needs a setting of its own.
func (b *bench) set(ctx context.Context, server string, messages int, size int64, shape line) (*setting, error) {
	s := &setting{server: server, shape: shape, stop: func() {}}
	if server == ownServer {
		p, err := startPart(ctx, "serve", "-messages", strconv.Itoa(messages), "-size", strconv.FormatInt(size, 10))
		if err != nil {
			return nil, err
		}
		s.direct, s.stop = p.addr, func() { _ = p.stop() }
	} else {
		dir, done, err := b.folder("dovecot")
		if err != nil {
			return nil, err
		}
		addr, stop, err := startDovecot(ctx, b.dovecot, dir, messages, size)
		if err != nil {
			done()
			return nil, err
		}
		s.direct, s.stop = addr, func() { _ = stop(); done() }
		// Its first look at a mailbox makes an index.
		if _, err := run(ctx, command{args: b.raw("raw-scan", addr, messages), dir: dir, limit: time.Minute}); err != nil {
			s.stop()
			return nil, err
		}
	}
	s.addr = s.direct
	if shape != (line{}) {
		p, err := startPart(ctx, "line", "-to", s.direct, "-rtt", shape.roundTrip().String(), "-rate", strconv.FormatFloat(shape.Rate, 'f', -1, 64))
		if err != nil {
			s.stop()
			return nil, err
		}
		stop := s.stop
		s.addr, s.line, s.stop = p.addr, p, func() { _ = p.stop(); stop() }
	}
	return s, nil
}

func (b *bench) raw(role, addr string, messages int, more ...string) []string {
	return append([]string{b.self, role, "-to", addr, "-messages", strconv.Itoa(messages)}, more...)
}

// ownLimit is for what has to be measured: it ends what hangs.
const ownLimit = 30 * time.Minute

// sample is what one run showed.
type sample struct {
	outcome
	trace trace
}

// once runs a program through a setting.
func (s *setting) once(ctx context.Context, c command) (sample, error) {
	if c.limit == 0 {
		c.limit = ownLimit
	}
	if s.line != nil {
		s.line.forget()
	}
	o, err := run(ctx, c)
	if err != nil || s.line == nil {
		return sample{outcome: o}, err
	}
	t, err := s.line.lastTrace(ctx)
	return sample{o, t}, err
}

// own runs popmark with a ledger in state, a folder that is made where it is missing.
func (b *bench) own(state, addr string, args ...string) command {
	args = slices.Concat([]string{b.popmark, args[0], "pop3://" + login + "@" + addr, "--state-dir", state}, args[1:])
	return command{args: args, dir: b.dir, env: []string{"POPMARK_PASSWORD=" + password}}
}

// state makes a folder with a ledger that knows nothing yet. Making one takes a dozen
// fsyncs, once in a user's life: they are not measured.
func (b *bench) state(ctx context.Context) (dir string, done func(), err error) {
	dir, done, err = b.folder("state")
	if err != nil {
		return "", nil, err
	}
	if _, err = run(ctx, command{args: []string{b.popmark, "history", "--state-dir", dir}, dir: b.dir, limit: time.Minute}); err != nil {
		done()
	}
	return dir, done, err
}

// samples are the runs of one program at one thing.
type samples []sample

func (all samples) median(of func(sample) time.Duration) time.Duration {
	times := make([]time.Duration, len(all))
	for i, s := range all {
		times[i] = of(s)
	}
	slices.Sort(times)
	return times[len(times)/2]
}

func (all samples) least(of func(sample) time.Duration) time.Duration {
	least := of(all[0])
	for _, s := range all {
		least = min(least, of(s))
	}
	return least
}

func (all samples) peak() int64 {
	peak := int64(0)
	for _, s := range all {
		peak = max(peak, s.peak)
	}
	return peak
}

func whole(s sample) time.Duration    { return s.whole }
func lastLine(s sample) time.Duration { return s.lastLine }
func scan(s sample) time.Duration     { return s.trace.scan() }
func listed(s sample) time.Duration   { return s.trace.listed() }
func deleting(s sample) time.Duration { return s.trace.deletions() }

// peer measures another program once and adds its row; one that is not installed is left out, with a word.
func (b *bench) peer(ctx context.Context, p peer, addr string, r row) {
	if !b.peers {
		return
	}
	fmt.Fprintln(progress, "  ", p.name)
	o, err := b.runPeer(ctx, p, addr, b.peerLimit)
	r.program, r.took, r.peak = p.name, o.whole, o.peak
	switch {
	case errors.Is(err, exec.ErrNotFound):
		fmt.Fprintln(progress, "   not installed:", p.name)
		return
	case errors.Is(err, errTooLong):
		r.note, r.octets = "given up", 0
	case err != nil:
		fmt.Fprintln(progress, "  ", err)
		return
	}
	b.report.add(r)
}

// servers are those to measure with.
func (b *bench) servers() []string {
	if b.dovecot == "" {
		return []string{ownServer}
	}
	return []string{ownServer, "Dovecot"}
}

func (b *bench) measurements() []measurement {
	var all []measurement
	add := func(name string, do func(context.Context) error) {
		all = append(all, measurement{name, do})
	}
	far := line{Delay: 50 * time.Millisecond}
	for _, server := range b.servers() {
		add("headers, "+server, func(ctx context.Context) error { return b.headers(ctx, server, b.messages, line{}) })
		add("headers far away, "+server, func(ctx context.Context) error { return b.headers(ctx, server, b.messages, far) })
	}
	if b.slow > 0 {
		add("headers slowly, "+ownServer, func(ctx context.Context) error {
			return b.headers(ctx, ownServer, b.slow, line{Delay: 25 * time.Millisecond, Rate: 1e6})
		})
	}
	add("round trips", b.roundTrips)
	if b.big > 0 {
		add("large message", func(ctx context.Context) error { return b.large(ctx, b.big) })
	}
	for _, server := range b.servers() {
		if b.quick && server != ownServer {
			continue
		}
		add("small messages, "+server, func(ctx context.Context) error { return b.small(ctx, server) })
		add("move, "+server, func(ctx context.Context) error { return b.move(ctx, server) })
	}
	add("deletions", b.deletions)
	if b.huge > 0 {
		add("memory", b.memory)
	}
	return all
}

// headers reads the headers of a mailbox, in the way of popmark list.
func (b *bench) headers(ctx context.Context, server string, messages int, shape line) error {
	s, err := b.set(ctx, server, messages, b.size, shape)
	if err != nil {
		return err
	}
	defer s.stop()
	var raw, ours, known samples
	repeat := b.repeat
	if shape.Rate > 0 {
		repeat = 1 // the line says how long it takes, not the machine
	}
	for range repeat {
		one, err := s.once(ctx, command{args: b.raw("raw-scan", s.addr, messages), dir: b.dir})
		if err != nil {
			return err
		}
		raw = append(raw, one)
		state, done, err := b.state(ctx)
		if err != nil {
			return err
		}
		for _, into := range []*samples{&ours, &known} {
			if one, err = s.once(ctx, b.own(state, s.addr, "list", "--json")); err == nil && one.lines != messages {
				err = fmt.Errorf("popmark listed %d messages of %d", one.lines, messages)
			}
			if err != nil {
				done()
				return err
			}
			*into = append(*into, one)
		}
		done()
	}
	r := row{measure: fmt.Sprintf("%d headers, %s", messages, shape), server: server}
	reference := raw.median(whole)
	goal := 1.3
	switch {
	case shape.Rate > 0:
		goal = 1.05
	case shape.Delay == 0:
		goal = 1.6
	}
	b.report.add(r.with("raw client", reference, raw.peak(), 0, 0),
		r.with("popmark list, until its last line", ours.median(lastLine), 0, reference, goal),
		r.with("popmark list", ours.median(whole), ours.peak(), reference, 0),
		r.with("popmark list, known", known.median(whole), known.peak(), reference, 0))
	if shape.Rate == 0 && (shape.Delay == 0 || !b.quick) {
		b.peer(ctx, mutt("mutt"), s.addr, r)
		b.peer(ctx, mutt("neomutt"), s.addr, r)
	}
	if s.line != nil {
		r.measure += ": scan"
		reference := raw.median(scan)
		b.report.add(r.with("raw client", reference, 0, 0, 0), r.with("popmark list", ours.median(scan), 0, reference, 1.1))
	}
	return nil
}

func (r row) with(program string, took time.Duration, peak int64, against time.Duration, goal float64) row {
	r.program, r.took, r.peak, r.against, r.goal = program, took, peak, against, goal
	return r
}

func (l line) String() string {
	switch {
	case l.Rate > 0:
		return fmt.Sprintf("%v round trip, %g Mbit/s", l.roundTrip(), l.Rate/1e6)
	case l.Delay > 0:
		return fmt.Sprintf("%v round trip", l.roundTrip())
	}
	return "loopback"
}

// roundTrips counts what it takes from connecting to a list, in round trips. The
// least of several runs counts: a machine that is busy with something else adds to it.
func (b *bench) roundTrips(ctx context.Context) error {
	const messages = 10
	shape := line{Delay: 50 * time.Millisecond}
	for _, server := range b.servers() {
		s, err := b.set(ctx, server, messages, b.size, shape)
		if err != nil {
			return err
		}
		err = b.roundTripsTo(ctx, s)
		s.stop()
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) roundTripsTo(ctx context.Context, s *setting) error {
	var first, known, other samples
	for range max(b.repeat, 3) {
		state, done, err := b.state(ctx)
		if err != nil {
			return err
		}
		for _, into := range []*samples{&first, &known} {
			one, err := s.once(ctx, b.own(state, s.addr, "list"))
			if err != nil {
				done()
				return err
			}
			*into = append(*into, one)
		}
		done()
	}
	if b.peers {
		s.line.forget()
		if _, err := b.runPeer(ctx, mutt("mutt"), s.addr, time.Minute); err == nil {
			t, err := s.line.lastTrace(ctx)
			if err != nil {
				return err
			}
			other = append(other, sample{trace: t})
		}
	}
	r := row{measure: "from connecting to the list", server: s.server, unit: "round trips"}
	for _, p := range []struct {
		name string
		all  samples
		most float64
	}{{"popmark, first time", first, 6}, {"popmark, known server", known, 6}, {"mutt", other, 0}} {
		if len(p.all) > 0 {
			r.program, r.most = p.name, p.most
			r.figure = float64(p.all.least(listed)) / float64(s.shape.roundTrip())
			b.report.add(r)
		}
	}
	return nil
}

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
		b.report.add(row{
			measure: r.measure, server: r.server, program: "popmark commit",
			unit: "MB of memory", figure: float64(ours.peak()) / 1e6, most: 40,
		})
	}
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
	b.report.add(row{
		measure: fmt.Sprintf("fetch one message of %d MiB", b.huge>>20), server: s.server, program: "popmark commit",
		unit: "MB of memory", figure: float64(one.peak) / 1e6, most: 60,
	})
	return nil
}
