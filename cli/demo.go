package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"popmark/demo"
)

func (a *app) demoCommand() *cobra.Command {
	var serve string
	var messages int
	cmd := &cobra.Command{
		Use:     "demo",
		Short:   "Look around in a sample mailbox, on a POP3 server of its own",
		Example: "popmark demo\npopmark demo --messages 100000\npopmark demo --serve 127.0.0.1:11110",
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) > 0:
				return tooMany(cmd, args)
			case messages < 0:
				return &usageError{"reading --messages", "it is negative", "write a number from 1 up"}
			case cmd.Flags().Changed("serve"):
				return a.serveDemo(cmd.Context(), serve, messages)
			}
			return a.showDemo(cmd.Context(), messages)
		},
	}
	cmd.Flags().StringVar(&serve, "serve", "", "only serve the mailbox on ADDR, such as 127.0.0.1:11110; port 0 picks one")
	cmd.Flags().IntVar(&messages, "messages", 0, "a mailbox of N messages, made up on demand (default: some 60 samples)")
	return cmd
}

// serveDemo prints the URL to give to the other commands and serves until it is interrupted.
func (a *app) serveDemo(ctx context.Context, addr string, messages int) error {
	d, err := demo.Start(addr, messages, time.Now())
	if err != nil {
		return &statusError{exitUnavailable, fmt.Errorf("serving the demo: %w: give --serve an address such as 127.0.0.1:11110", err)}
	}
	if _, err := fmt.Fprintln(a.out, d.URL); err != nil {
		return errors.Join(err, d.Close())
	}
	if err := a.out.Flush(); err != nil {
		return errors.Join(err, d.Close())
	}
	<-ctx.Done()
	if err := d.Close(); err != nil {
		return fmt.Errorf("ending the demo: %w", err)
	}
	return quiet(ctx)
}

// showDemo opens the screen on a demo that lives as long as it. What is fetched goes to
// a temporary Maildir, whose path is told at the end.
func (a *app) showDemo(ctx context.Context, messages int) (err error) {
	d, err := demo.Start("127.0.0.1:0", messages, time.Now())
	if err != nil {
		return &statusError{exitUnavailable, fmt.Errorf("serving the demo: %w: see that this machine has a loopback address", err)}
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	folder, err := os.MkdirTemp("", "popmark-demo-")
	if err != nil {
		return &statusError{exitCantCreate, fmt.Errorf("making a folder for fetched mail: %w: set TMPDIR to one that can be written", err)}
	}
	options := targetOptions{tls: "auto", auth: "auto", timeout: time.Minute, retries: 3, password: d.Password, state: stateOptions{none: true}}
	to := destinationOptions{to: []string{"maildir:" + folder + "/Maildir"}, order: "as-received"}
	err = a.screen(ctx, d.URL, &options, &to, new(binOptions), &screenOptions{idle: idleRelease})
	// An empty folder, where nothing was fetched, is not worth a word.
	if os.Remove(folder) != nil {
		_, werr := fmt.Fprintf(a.out, "What you fetched is in %s/Maildir\n", folder)
		err = errors.Join(err, werr)
	}
	return err
}
