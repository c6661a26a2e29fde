package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"strings"
	"sync"

	"charm.land/fang/v2"
	"github.com/spf13/cobra"

	"popmark/message"
)

// memoryLimit, in octets, is where garbage is collected more eagerly: a mailbox of a million
// messages, the most there can be, needs less than that, and shall not need much more.
const memoryLimit = 200 << 20

// Main runs popmark with the process's arguments and streams and gives its exit status.
func Main() int {
	password := os.Getenv("POPMARK_PASSWORD")
	// What popmark starts, such as pipe:COMMAND, has no business with it. That it can't
	// be taken out of the environment is no reason to stop.
	_ = os.Unsetenv("POPMARK_PASSWORD")
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	if len(os.Args) > 1 && os.Args[1] == "list" {
		growHeap() // first of all, as what is allocated before it lies in small pages
	}
	return Run(context.Background(), os.Args[1:], Streams{
		Out: os.Stdout, Err: os.Stderr, Password: password, Terminal: true, Signals: true, Exits: true,
	})
}

// Streams are what a run reads and writes besides servers and files.
type Streams struct {
	Out, Err io.Writer
	Password string // POPMARK_PASSWORD's value
	Terminal bool   // a password may be asked at the terminal
	Signals  bool   // SIGHUP, SIGINT and SIGTERM end the run in order
	Exits    bool   // the process ends with the run
}

// Run carries out one command line, without the program's name, and gives the exit status.
func Run(ctx context.Context, args []string, s Streams) int {
	a := &app{streams: s, out: newOutput(s.Out), releaseSignals: func() {}}
	if s.Signals {
		ctx, a.releaseSignals = withSignals(ctx)
		defer a.releaseSignals()
	}
	return a.end(ctx, a.execute(ctx, args))
}

func (a *app) execute(ctx context.Context, args []string) error {
	if len(args) == 1 && args[0] == "man" {
		return a.help(ctx, args)
	}
	root := a.root()
	root.SetArgs(shield(root, args))
	root.SetOut(a.out)
	root.SetErr(a.streams.Err)
	root.SilenceErrors, root.SilenceUsage = true, true
	helpWanted := false
	root.SetHelpFunc(func(*cobra.Command, []string) { helpWanted = true })
	if err := root.ExecuteContext(ctx); err != nil || !helpWanted {
		return a.blame(err)
	}
	return a.help(ctx, args)
}

// help runs the command line once more through fang, which draws help and the man
// page. Only these go through it: it asks the terminal for its colours before it shows
// an error, and one that does not answer makes that slow.
func (a *app) help(ctx context.Context, args []string) error {
	root := a.root()
	root.SetArgs(args)
	root.SetOut(a.streams.Out)
	var out *watchedFile
	if file, ok := a.streams.Out.(*os.File); ok {
		out = &watchedFile{File: file} // a file still, so that fang sees whether it is a terminal
		root.SetOut(out)
	}
	root.SetErr(a.streams.Err)
	told := func(io.Writer, fang.Styles, error) {} // end tells it
	err := fang.Execute(ctx, root, fang.WithVersion(version()), fang.WithErrorHandler(told))
	if out != nil && out.failed != nil {
		a.out.fail(out.failed) // fang may have said nothing of it
		return a.out.Flush()
	}
	if fault, ok := errors.AsType[*fs.PathError](err); ok && fault.Op == "write" { // the manual goes out past root
		a.out.fail(fault)
		return a.out.Flush()
	}
	return err
}

// watchedFile is a file that remembers the first error of writing it.
type watchedFile struct {
	*os.File
	failed error
}

func (f *watchedFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	f.failed = cmp.Or(f.failed, err)
	return n, err
}

// WriteString goes by Write, too.
func (f *watchedFile) WriteString(s string) (int, error) { return f.Write([]byte(s)) }

// app is what the commands of one run share.
type app struct {
	streams Streams
	out     *output

	// releaseSignals leaves signals to whoever asks for them; it may be called twice.
	releaseSignals func()

	// last is what is done only when everything else is, and was told; nil: nothing. It is told whether
	// the run ends as it should: one that does not may be given again, and has to be known then.
	last func(well bool) error

	configured map[string]string // by an option's name: where in the configuration file its value stands

	mu       sync.Mutex
	warned   map[message.Safe]bool
	failures int // messages that failed where the run went on
}

// end prints what there is to say and gives the exit status.
func (a *app) end(ctx context.Context, err error) (status int) {
	if a.last != nil {
		defer func() {
			// Where it fails the next run finds everything done.
			_ = a.last(status == exitOK || status == exitSome)
		}()
	}
	if flushed := a.out.Flush(); err == nil {
		err = flushed
	}
	if errors.Is(err, errReaderGone) {
		err = nil // as with head(1): the reader has what it wanted
	}
	if err == nil {
		if a.failures > 0 {
			return exitSome
		}
		return exitOK
	}
	err = stoppedBy(ctx, err)
	if !errors.As(err, new(*quietError)) {
		a.complain("popmark: " + line(err))
	}
	return statusOf(err)
}

// complain writes one line on standard error.
func (a *app) complain(s string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	// There is nowhere left to say that this could not be said.
	_, _ = fmt.Fprintln(a.streams.Err, s)
}

// warn writes a warning on standard error, each only once.
func (a *app) warn(text message.Safe) {
	a.mu.Lock()
	seen := a.warned[text]
	if a.warned == nil {
		a.warned = make(map[message.Safe]bool)
	}
	a.warned[text] = true
	a.mu.Unlock()
	if !seen {
		a.complain("warning: " + string(text))
	}
}

// failed tells of one message that failed; the run goes on and ends with status 1.
func (a *app) failed(err error) {
	a.mu.Lock()
	a.failures++
	a.mu.Unlock()
	a.complain("popmark: " + line(err))
}

// line is an error as one line that can be shown anywhere: it may hold a server's words.
func line(err error) string {
	return strings.TrimSpace(string(message.MakeSafe(strings.ReplaceAll(err.Error(), "\n", "; "))))
}
