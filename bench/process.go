package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// errTooLong is why a program was ended that took longer than it is worth waiting for.
var errTooLong = errors.New("took too long")

// command is a program to be run and measured.
type command struct {
	args     []string
	env      []string // besides PATH and HOME
	dir      string   // its HOME and its working directory
	limit    time.Duration
	statuses []int // besides 0, what it ends with when all is well
}

// outcome is what was measured of a program's run.
type outcome struct {
	whole    time.Duration // from its start to its end
	lastLine time.Duration // from its start to the last octets of its output
	lines    int           // of its output
	peak     int64         // octets of memory in use at most
}

// run runs a program to its end. An error holds the last of what it wrote on standard error.
func run(ctx context.Context, c command) (outcome, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.limit, errTooLong)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir = c.dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, "LANG=C.UTF-8", "TERM=xterm"}, c.env...)
	cmd.WaitDelay = time.Second
	var out counter
	cmd.Stdout = &out
	complaint := &tail{}
	cmd.Stderr = complaint
	out.began = time.Now()
	err := cmd.Run()
	o := outcome{whole: time.Since(out.began), lastLine: out.last, lines: out.lines}
	if cmd.ProcessState == nil {
		return o, err // it did not start
	}
	o.peak = peakMemory(cmd.ProcessState)
	name := filepath.Base(c.args[0])
	switch {
	case err == nil:
		return o, nil
	case context.Cause(ctx) != nil:
		return o, fmt.Errorf("%s: %w", name, context.Cause(ctx))
	}
	for _, status := range c.statuses {
		if cmd.ProcessState.ExitCode() == status {
			return o, nil
		}
	}
	return o, fmt.Errorf("%s: %w: %s", name, err, complaint)
}

// counter counts lines and notes when the last came.
type counter struct {
	began time.Time
	last  time.Duration
	lines int
}

func (c *counter) Write(p []byte) (int, error) {
	c.last = time.Since(c.began)
	c.lines += bytes.Count(p, []byte{'\n'})
	return len(p), nil
}

// tail keeps the end of what is written.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	t.b = t.b[max(0, len(t.b)-400):]
	return len(p), nil
}

func (t *tail) String() string { return strings.Join(strings.Fields(string(t.b)), " ") }

// part is one of this program's own roles, running beside a measurement.
type part struct {
	addr string

	cmd    *exec.Cmd
	stdin  io.Closer
	reader sync.WaitGroup

	mu     sync.Mutex
	traces []trace
	heard  chan struct{} // one token: there is a trace more
}

// startPart starts a role that prints its address first.
func startPart(ctx context.Context, args ...string) (*part, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	p := &part{cmd: exec.CommandContext(ctx, self, args...), heard: make(chan struct{}, 1)}
	p.cmd.Stderr = os.Stderr
	p.cmd.WaitDelay = time.Second
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", args[0], err)
	}
	p.stdin = stdin
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", args[0], err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", args[0], err)
	}
	r := bufio.NewReader(stdout)
	addr, err := r.ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", args[0], err), p.stop())
	}
	p.addr = strings.TrimSpace(addr)
	p.reader.Go(func() { p.read(r) })
	return p, nil
}

// read takes the traces in that a line prints.
func (p *part) read(r io.Reader) {
	for dec := json.NewDecoder(r); ; {
		var t trace
		if dec.Decode(&t) != nil {
			return // the role has ended
		}
		p.mu.Lock()
		p.traces = append(p.traces, t)
		p.mu.Unlock()
		select {
		case p.heard <- struct{}{}:
		default:
		}
	}
}

// lastTrace waits for the trace of the connection that has just ended.
func (p *part) lastTrace(ctx context.Context) (trace, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	select {
	case <-p.heard:
	case <-ctx.Done():
		return trace{}, fmt.Errorf("waiting for the line's trace: %w", ctx.Err())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.traces[len(p.traces)-1], nil
}

// forget drops what nobody asked for.
func (p *part) forget() {
	select {
	case <-p.heard:
	default:
	}
}

func (p *part) stop() error {
	_ = p.stdin.Close() // it ends then, or is ended below
	p.reader.Wait()
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("ending a part of the measurement: %w", err)
	}
	return nil
}
