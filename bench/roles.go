package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"popmark/pop3server"
)

// Besides measuring, the program is every part that a measurement needs, each as a
// process of its own so that their memory and their work are told apart:
//
//	bench serve -messages 10000 -size 4096    a server
//	bench line -to ADDR -rtt 100ms            a line before a server
//	bench raw-scan ADDR …                     a raw client, see raw.go
//
// serve and line print their address, and end when standard input does.
var roles = map[string]func(args []string) error{
	"serve":    serveRole,
	"line":     lineRole,
	"raw-scan": rawRole(rawScan),
	"raw-retr": rawRole(rawRetr),
	"raw-dele": rawRole(rawDele),
}

// The one user of every server here.
const (
	login    = "bench"
	password = "sesame"
)

func serveRole(args []string) error {
	f := flag.NewFlagSet("serve", flag.ExitOnError)
	messages := f.Int("messages", 10_000, "how many messages")
	size := f.Int64("size", 4<<10, "a message's octets")
	later := f.Int("later", 0, "how many of them come behind the first session")
	_ = f.Parse(args) // it exits on errors
	all := corpus{size: *size}
	s := pop3server.New(
		pop3server.WithUser(login, password, &growing{
			first: pop3server.NewGenerated(*messages-*later, all), then: pop3server.NewGenerated(*messages, all),
		}),
		// What most servers offer; SCRAM's work for the password would be measured too.
		pop3server.WithMechanisms("PLAIN", "LOGIN"),
		pop3server.WithGreeting("ready"),
		pop3server.WithoutLog(),
	)
	addr, err := s.Listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(addr)
	untilInputEnds(context.Background())
	return s.Close()
}

// growing is a maildrop into which messages come behind the first session.
type growing struct {
	first, then pop3server.Maildrop
	sessions    atomic.Int64
}

func (g *growing) Snapshot() pop3server.Messages {
	if g.sessions.Add(1) == 1 {
		return g.first.Snapshot()
	}
	return g.then.Snapshot()
}

func lineRole(args []string) error {
	f := flag.NewFlagSet("line", flag.ExitOnError)
	to := f.String("to", "", "the server's address")
	rtt := f.Duration("rtt", 0, "the round trip")
	rate := f.Float64("rate", 0, "bits a second in each direction, 0 for no limit")
	_ = f.Parse(args) // it exits on errors
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening for the line: %w", err)
	}
	fmt.Println(l.Addr())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		untilInputEnds(ctx)
		cancel()
	}()
	return serveLine(ctx, l, *to, line{Delay: *rtt / 2, Rate: *rate}, printTraces(os.Stdout))
}

// untilInputEnds waits until whoever started this process is done with it, or is gone.
func untilInputEnds(ctx context.Context) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, os.Stdin) // any end will do
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

func rawRole(client func(*rawOptions) error) func([]string) error {
	return func(args []string) error {
		o := rawOptions{told: os.Stdout}
		f := flag.NewFlagSet("raw", flag.ExitOnError)
		f.StringVar(&o.addr, "to", "", "the server's address")
		f.IntVar(&o.messages, "messages", 10_000, "how many messages there are")
		f.StringVar(&o.dir, "dir", "", "the folder for what is fetched")
		f.IntVar(&o.syncs, "syncs", 1, "how many files wait for the disk at once")
		f.DurationVar(&o.timeout, "timeout", 10*time.Minute, "how long it may take")
		_ = f.Parse(args) // it exits on errors
		return client(&o)
	}
}
