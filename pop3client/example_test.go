package pop3client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"popmark/pop3client"
	"popmark/pop3server"
)

// exampleServer is a mailbox of three messages on loopback.
func exampleServer() (addr string, end func()) {
	messages := pop3server.NewMemory()
	for n, subject := range []string{"Lunch on Friday?", "Your invoice", "Re: Lunch on Friday?"} {
		messages.Add(pop3server.NewMessage(fmt.Sprintf("uid-%d", n+1), pop3server.CRLF("Subject: "+subject, "", "Text.")))
	}
	s := pop3server.New(pop3server.WithUser("ada", "secret", messages))
	l, err := s.Listen("127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	return l.String(), func() { _ = s.Close() }
}

// Dialling, logging in, listing, and saying goodbye.
func Example() {
	addr, end := exampleServer()
	defer end()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	// DialTLS in real life, or Dial and StartTLS. Here the server is on loopback.
	c, err := pop3client.Dial(ctx, "tcp", addr, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Login(ctx, pop3client.Credentials{User: "ada", Password: "secret"}); err != nil {
		var refused *pop3client.ServerError
		if errors.As(err, &refused) && refused.Kind() == pop3client.KindTryLater {
			log.Fatal("the mailbox is locked: try again later")
		}
		log.Fatal(err)
	}

	// Both commands are on their way before the first answer is waited for.
	listing, uidl := c.List(), c.Uidl()
	sizes, err := listing.Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	names, err := uidl.Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for i, e := range sizes.Entries {
		fmt.Println(e.Number, e.Octets, names.Entries[i].UID)
	}
	if _, err := c.Quit().Wait(ctx); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 1 36 uid-1
	// 2 32 uid-2
	// 3 40 uid-3
}

// A pipelined scan of the headers: every TOP is queued, and the texts are read as they come.
func ExampleClient_Top() {
	addr, end := exampleServer()
	defer end()
	ctx := context.Background()
	c, err := pop3client.Dial(ctx, "tcp", addr, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Login(ctx, pop3client.Credentials{User: "ada", Password: "secret"}); err != nil {
		log.Fatal(err)
	}
	stat, err := c.Stat().Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	headers := make([]*pop3client.Pending[*pop3client.Body], stat.Messages)
	for i := range headers {
		headers[i] = c.Top(i+1, 0)
	}
	var text strings.Builder
	for i, h := range headers {
		body, err := h.Wait(ctx)
		if err != nil {
			// -ERR for one message says nothing about the others.
			fmt.Println(i+1, err)
			continue
		}
		text.Reset()
		if _, err := io.Copy(&text, body); err != nil {
			log.Fatal(err) // the line broke: what was read is not the whole header
		}
		fmt.Printf("%d %s\n", i+1, strings.TrimSpace(text.String()))
	}
	// Output:
	// 1 Subject: Lunch on Friday?
	// 2 Subject: Your invoice
	// 3 Subject: Re: Lunch on Friday?
}

// Fetching a message and deleting it. DELE goes out when the text is safe, and what it does is true
// when QUIT is answered.
func ExampleClient_Retr() {
	addr, end := exampleServer()
	defer end()
	ctx := context.Background()
	show := false
	transcript := pop3client.NewTranscript(nil, func(line string) {
		if show && strings.HasPrefix(line, "C: ") {
			fmt.Println(line)
		}
	})
	c, err := pop3client.Dial(ctx, "tcp", addr, &pop3client.Options{Transcript: transcript})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Login(ctx, pop3client.Credentials{User: "ada", Password: "secret"}); err != nil {
		log.Fatal(err)
	}
	show = true
	body, err := c.Retr(2).Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	file, err := os.CreateTemp("", "message")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.Remove(file.Name()) }()
	if _, err := io.Copy(file, body); err != nil {
		log.Fatal(err)
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		log.Fatal(err)
	}
	if _, err := c.Dele(2).Wait(ctx); err != nil {
		log.Fatal(err)
	}
	if _, err := c.Quit().Wait(ctx); err != nil {
		log.Fatal("whether the message was deleted is not known: ", err)
	}
	// Output:
	// C: RETR 2
	// C: DELE 2
	// C: QUIT
}
