package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 {
		if role, ok := roles[os.Args[1]]; ok {
			finish(role(os.Args[2:]))
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	debug.SetGCPercent(20) // see peakMemory
	finish(measure(ctx))
}

func finish(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// progress is where it is told what is being done.
var progress io.Writer = os.Stderr

// bench is a round of measurements.
type bench struct {
	popmark   string // the program
	self      string // this program
	dir       string
	dovecot   string // the program, "" where it is not to be used
	messages  int
	size      int64
	big, huge int64 // octets; 0 leaves the measurement out
	slow      int   // messages for the slowest line
	repeat    int
	quick     bool
	peers     bool
	peerLimit time.Duration
	only      *regexp.Regexp
	serial    int // numbers folders

	report report
}

func measure(ctx context.Context) error {
	b := &bench{}
	flag.BoolVar(&b.quick, "quick", false, "small sizes and one run of each: less than a minute")
	flag.StringVar(&b.popmark, "popmark", "", "measure this popmark; the default is to build it from the source around")
	flag.IntVar(&b.messages, "messages", 10_000, "how many messages a large mailbox has")
	flag.Int64Var(&b.size, "size", 4<<10, "octets of each")
	flag.Int64Var(&b.big, "big", 1<<30, "octets of the one large message; 0: none")
	flag.Int64Var(&b.huge, "huge", 2<<30, "octets of the message that memory is measured with; 0: none")
	flag.IntVar(&b.slow, "slow", 10_000, "how many headers are read over the line of 1 Mbit/s; 0: none")
	flag.IntVar(&b.repeat, "repeat", 3, "how often each is measured; the median counts")
	flag.BoolVar(&b.peers, "peers", true, "measure other programs too, where they are installed")
	flag.DurationVar(&b.peerLimit, "peer-limit", time.Minute, "how long another program may take")
	dovecot := flag.Bool("dovecot", true, "measure with Dovecot too, where it is installed")
	only := flag.String("only", "", "measure only what this regular expression matches")
	dir := flag.String("dir", "", "the folder for what is fetched; its disk is measured (default: the system's for temporary files)")
	write := flag.String("write", "", "write bench.md and bench.svg into this folder")
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("reading the command line: %q is not expected: see -help", flag.Args())
	}
	if b.quick {
		b.shrink()
	}
	var err error
	if b.only, err = regexp.Compile(*only); err != nil {
		return fmt.Errorf("reading -only: %w", err)
	}
	if b.self, err = os.Executable(); err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	if *dovecot {
		b.dovecot = findDovecot()
	}
	if b.dir, err = os.MkdirTemp(*dir, "popmark-bench-"); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(b.dir) }() // a temporary folder
	// Dovecot's processes have other users.
	if err := os.Chmod(b.dir, 0o711); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	if b.popmark == "" {
		if b.popmark, err = build(ctx, b.dir); err != nil {
			return err
		}
	}
	if b.popmark, err = filepath.Abs(b.popmark); err != nil {
		return fmt.Errorf("finding popmark: %w", err)
	}
	b.report.begin(b)
	err = b.all(ctx)
	fmt.Print("\n" + b.report.markdown())
	if err == nil && *write != "" {
		err = b.report.write(*write)
	}
	return err
}

// shrink makes everything small that was not asked for otherwise.
func (b *bench) shrink() {
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, small := range map[string]func(){
		"messages":   func() { b.messages = 1000 },
		"big":        func() { b.big = 64 << 20 },
		"huge":       func() { b.huge = 0 },
		"slow":       func() { b.slow = 200 },
		"repeat":     func() { b.repeat = 1 },
		"peer-limit": func() { b.peerLimit = 2 * time.Second },
	} {
		if !given[name] {
			small()
		}
	}
}

func build(ctx context.Context, dir string) (string, error) {
	program := filepath.Join(dir, "popmark")
	out, err := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", program, "popmark").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building popmark: %w: %s: run this inside popmark's source, or give -popmark", err, out)
	}
	return program, nil
}

// findDovecot looks where it is though no path leads there.
func findDovecot() string {
	for _, name := range []string{"dovecot", "/usr/sbin/dovecot", "/usr/local/sbin/dovecot"} {
		if program, err := exec.LookPath(name); err == nil {
			return program
		}
	}
	return ""
}

// folder makes an empty folder; done removes it where it holds little. Thousands of
// files stay until the end: file systems remember which were removed just now, and
// avoid their places at a cost that the next measurement would bear.
func (b *bench) folder(name string) (dir string, done func(), err error) {
	b.serial++
	dir = filepath.Join(b.dir, fmt.Sprintf("%s-%d", name, b.serial))
	if err := os.Mkdir(dir, 0o711); err != nil {
		return "", nil, fmt.Errorf("making a folder: %w", err)
	}
	return dir, func() {
		// A disk that is just forgetting thousands of files is slow for who comes next.
		for _, deep := range []string{"*/*", "*/*/*"} {
			if files, err := filepath.Glob(filepath.Join(dir, deep)); err != nil || len(files) >= fewFiles {
				return // the whole goes at the end
			}
		}
		_ = os.RemoveAll(dir) // what stays goes at the end
	}, nil
}

const fewFiles = 100

// all measures everything that was asked for. What fails is told and left out, unless it is the end of the whole.
func (b *bench) all(ctx context.Context) error {
	var faults []error
	for _, m := range b.measurements() {
		if !b.only.MatchString(m.name) {
			continue
		}
		fmt.Fprintln(progress, "measuring", m.name)
		err := m.do(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			err = fmt.Errorf("measuring %s: %w", m.name, err)
			fmt.Fprintln(progress, "bench:", err)
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}
