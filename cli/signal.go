package cli

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// withSignals gives a context that ends with a signalError when SIGINT, SIGTERM or
// SIGHUP comes. A second one leaves at once: whoever sends it does not want to wait
// for the server. A SIGHUP that the parent ignores, as nohup does, stays ignored.
func withSignals(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	caught := make(chan os.Signal, 2)
	wanted := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		wanted = append(wanted, syscall.SIGHUP)
	}
	signal.Notify(caught, wanted...)
	// Without this a reader that goes away ends the process in the middle of whatever it
	// does; with it, writing gives an error that is dealt with.
	broken := make(chan os.Signal, 1)
	signal.Notify(broken, syscall.SIGPIPE)
	done := make(chan struct{})
	go func() {
		for first := true; ; first = false {
			select {
			case s := <-caught:
				e := &signalError{s}
				if !first {
					os.Exit(e.number())
				}
				cancel(e)
			case <-done:
				return
			}
		}
	}()
	return ctx, sync.OnceFunc(func() {
		signal.Stop(caught)
		signal.Stop(broken)
		close(done)
	})
}
