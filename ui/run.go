package ui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"

	"popmark/mailbox"
)

// frameRate bounds how often the screen is drawn: idle it costs half of what the usual 60 do.
const frameRate = 30

// lastWord is how long a commit that is left may take to take itself back.
const lastWord = time.Second

// Run shows the screen until a person leaves it, ctx ends, or SIGHUP, SIGINT or SIGTERM comes. A nil error means
// that the screen ended in order, never that anything was committed: that is Result's to say. The mailbox stays
// the caller's to close.
func Run(ctx context.Context, cfg Config) (Result, error) {
	return show(ctx, cfg, os.Stdin, os.Stdout)
}

// show is Run on a terminal of the caller's choice.
func show(ctx context.Context, cfg Config, in, out *os.File) (Result, error) {
	if cfg.Environ == nil {
		cfg.Environ = os.Environ()
	}
	if err := CheckTerminal(cfg.Environ, in, out); err != nil {
		return Result{}, err
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	m := newModel(inner, cfg)
	m.use(newGlyphs(speaksUTF8(cfg.Environ)))
	program := tea.NewProgram(m, tea.WithFPS(frameRate), tea.WithContext(inner),
		tea.WithInput(in), tea.WithOutput(out), tea.WithEnvironment(cfg.Environ), tea.WithoutSignalHandler())

	var ended error // the signal that ended the screen
	var helpers sync.WaitGroup
	done := make(chan struct{})
	helpers.Go(func() { cfg.Feed.pump(program.Send, done) })
	helpers.Go(func() { ended = watchSignals(program, done) })
	_, err := program.Run()
	close(done)
	helpers.Wait()

	m.finish(cancel)
	m.result.Signal = ended
	if ended == nil && m.interrupted {
		m.result.Signal = &SignalError{os.Interrupt}
	}
	if errors.Is(err, tea.ErrProgramKilled) && (ctx.Err() != nil || ended != nil) {
		err = nil // the caller's or a signal's end, which they know
	}
	if err != nil {
		return m.result, fmt.Errorf("showing the screen: %w: popmark list works without one", err)
	}
	return m.result, nil
}

// watchSignals ends the screen on a signal, in order, so that the terminal is as it was; and suspends it on
// SIGTSTP. It returns the signal that ended the screen, or nil.
func watchSignals(program *tea.Program, done <-chan struct{}) error {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	catchStop(signals)
	for {
		select {
		case s := <-signals:
			if s == stopSignal {
				program.Send(stopMsg{})
				continue
			}
			program.Quit()
			<-done
			return &SignalError{s}
		case <-done:
			return nil
		}
	}
}

// SignalError is the signal that ended a screen.
type SignalError struct{ Signal os.Signal }

// Error names the signal.
func (e *SignalError) Error() string { return "ended by a signal: " + e.Signal.String() }

// errLeft says that a commit gave no answer in the time that leaving may take.
var errLeft = errors.New("leaving a commit under way: it did not end in time: popmark finds out what is true when it is started again")

// finish ends what the screen had under way: a commit is taken back, marks are written down, and whatever waits
// for the server is let go.
func (m *model) finish(cancel context.CancelFunc) {
	if m.run.active() {
		m.run.cancel()
		run, ended := m.run.run, make(chan runMsg, 1)
		go func() {
			for range run.Events() {
			}
			summary, err := run.Wait()
			ended <- runMsg{summary: summary, err: err}
		}()
		select {
		case end := <-ended:
			m.result.Commits = append(m.result.Commits, end.summary)
			m.result.Err = end.err
		case <-time.After(lastWord + lastWord/2):
			m.result.Err = errLeft
		}
	}
	m.flushMarks()
	cancel()
	m.result.Marked = m.marks.here()
	if m.rows.list == nil && m.result.Err == nil && !errors.Is(m.server.err, errStopped) {
		m.result.Err = m.server.err
	}
}

// flushMarks writes the marks down that the ledger may not have yet, those on their way to it included.
func (m *model) flushMarks() {
	left := m.marks.toSave()
	if m.marks.ledger == nil || len(left) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(m.ctx), lastWord)
	defer cancel()
	if err := m.marks.ledger.PutMarks(ctx, m.marks.account, left); err != nil && m.result.Err == nil {
		m.result.Err = fmt.Errorf("keeping the marks: %w", err)
	}
}

var _ Mailbox = (*mailbox.Mailbox)(nil)
