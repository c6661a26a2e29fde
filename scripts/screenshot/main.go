// Command screenshot draws the triage screen on the demo's mailbox, at a fixed time, and writes it as SVG: the
// README's picture, and whatever state of the screen one wants to look at.
//
//	go run ./scripts/screenshot -o docs/screenshot.svg
//	go run ./scripts/screenshot -size 40x10 -keys "d d enter" -o small.svg
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"popmark/account"
	"popmark/commit"
	"popmark/delivery"
	"popmark/demo"
	"popmark/ledger"
	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
	"popmark/ui"
)

// moment is when every screenshot is taken.
var moment = time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC)

func main() {
	out := flag.String("o", "docs/screenshot.svg", "the `file` to write")
	size := flag.String("size", "108x34", "columns and rows of the terminal")
	keys := flag.String("keys", "o g d d m f j j m k k enter", "the keys to press first, with spaces between")
	light := flag.Bool("light", false, "on a light background")
	text := flag.Bool("text", false, "write the frame's characters to standard output instead")
	flag.Parse()
	if err := run(*out, *size, *keys, *light, *text); err != nil {
		fmt.Fprintln(os.Stderr, "screenshot:", err)
		os.Exit(1)
	}
}

func run(out, size, keys string, light, text bool) (err error) {
	var width, height int
	if _, err := fmt.Sscanf(size, "%dx%d", &width, &height); err != nil || width < 1 || height < 1 {
		return fmt.Errorf("reading the size %q: write columns x rows, such as 108x34", size)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	frame, err := shoot(ctx, width, height, keys, light)
	if err != nil {
		return err
	}
	if text {
		_, err := fmt.Println(frame)
		return err
	}
	picture := draw(frame, width, height, palette(light))
	if err := os.WriteFile(out, []byte(picture), 0o644); err != nil {
		return fmt.Errorf("writing the picture: %w", err)
	}
	return nil
}

// shoot opens the screen on the demo, presses the keys and gives the frame.
func shoot(ctx context.Context, width, height int, keys string, light bool) (frame string, err error) {
	d, err := demo.Start("127.0.0.1:0", 0, moment)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	target, err := account.ParseTarget(d.URL)
	if err != nil {
		return "", err
	}
	feed, scanned := ui.NewFeed(), make(chan struct{})
	who, err := account.New(target, account.Settings{
		Password: d.Password,
		Dialogue: func(line string) { feed.Line(message.MakeSafe(line)) },
	})
	if err != nil {
		return "", err
	}
	book, err := ledger.OpenMemory()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	box := mailbox.New(mailbox.Config{
		Account: target.Key(), Ledger: book,
		Connect: func(ctx context.Context, hints mailbox.Hints) (mailbox.Connection, error) {
			client, login, err := who.Connect(ctx, account.Hints(hints))
			return mailbox.Connection{Client: client, Mechanism: login.Mechanism, Capabilities: login.Capabilities}, err
		},
		Notify: func(e mailbox.Event) {
			feed.Event(e)
			if _, done := e.(mailbox.ScanDoneEvent); done {
				close(scanned)
			}
		},
	})
	defer func() { err = errors.Join(err, box.Close()) }()
	folder, err := os.MkdirTemp("", "popmark-screenshot-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	dest, err := delivery.Parse("maildir:" + folder + "/Maildir")
	if err != nil {
		return "", err
	}
	if err := box.Open(ctx); err != nil {
		return "", err
	}
	box.StartScan()
	select {
	case <-scanned:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	model := ui.New(ctx, ui.Config{
		Mailbox: box, Feed: feed, Title: "demo@pop.example.org", Account: target.Key(), Ledger: book,
		Destination: "maildir:~/Mail", Now: func() time.Time { return moment },
		Commit: func(ctx context.Context, plan triage.Plan) ui.CommitRun {
			return commit.Start(ctx, box, plan, commit.Options{Destination: dest, Ledger: book, Account: target.Key()})
		},
	})
	s := &stage{model: model}
	s.send(tea.WindowSizeMsg{Width: width, Height: height})
	s.send(background(light))
	s.do(model.Init())
	s.send(feed.Take())
	for name := range strings.FieldsSeq(keys) {
		key, err := keyPress(name)
		if err != nil {
			return "", err
		}
		s.send(key)
	}
	return s.model.View().Content, nil
}
