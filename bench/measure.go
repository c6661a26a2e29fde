package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
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
// deletes needs a setting of its own. More are options for our own server.
func (b *bench) set(ctx context.Context, server string, messages int, size int64, shape line, more ...string) (*setting, error) {
	s := &setting{server: server, shape: shape, stop: func() {}}
	if server == ownServer {
		p, err := startPart(ctx, slices.Concat([]string{"serve", "-messages", strconv.Itoa(messages), "-size", strconv.FormatInt(size, 10)}, more)...)
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
func left(s sample) time.Duration     { return s.trace.Quit }
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
	return b.newMail(ctx, messages, shape)
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
		of   func(sample) time.Duration
	}{
		{"popmark, first time", first, 6, listed},
		{"popmark, known server", known, 6, left}, // its TOPs go out with the list, and nothing is new
		{"mutt", other, 0, listed},
	} {
		if len(p.all) > 0 {
			r.program, r.most = p.name, p.most
			r.figure = float64(p.all.least(p.of)) / float64(s.shape.roundTrip())
			b.report.add(r)
		}
	}
	return nil
}

// newMail counts what it takes from connecting until all headers are there, and nothing is left to do but
// QUIT, in round trips: of a maildrop never seen, and of a known one with a message that is new.
func (b *bench) newMail(ctx context.Context, messages int, shape line) error {
	var first, known samples
	for range max(b.repeat, 3) {
		s, err := b.set(ctx, ownServer, messages, b.size, shape, "-later", "1")
		if err != nil {
			return err
		}
		state, done, err := b.state(ctx)
		for _, into := range []*samples{&first, &known} {
			if err == nil {
				var one sample
				one, err = s.once(ctx, b.own(state, s.addr, "list"))
				*into = append(*into, one)
			}
		}
		if done != nil {
			done()
		}
		s.stop()
		if err != nil {
			return err
		}
	}
	r := row{measure: "from connecting to the last header", server: ownServer, unit: "round trips"}
	r.program, r.figure = "popmark, first time", float64(first.least(left))/float64(shape.roundTrip())
	b.report.add(r)
	r.program, r.figure = "popmark, known server, a new message", float64(known.least(left))/float64(shape.roundTrip())
	b.report.add(r)
	return nil
}
