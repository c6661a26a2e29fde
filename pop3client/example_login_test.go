package pop3client_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log"
	"strings"

	"popmark/pop3client"
	"popmark/pop3server"
)

// exampleTLSServer is a server that begins in clear and offers STLS, and its certificate's SHA-256.
func exampleTLSServer() (addr, pin string, end func()) {
	authority, err := pop3server.NewAuthority()
	if err != nil {
		log.Fatal(err)
	}
	config, _, err := authority.ServerTLS(pop3server.Certificate{SelfSigned: true})
	if err != nil {
		log.Fatal(err)
	}
	sum := sha256.Sum256(config.Certificates[0].Certificate[0])
	s := pop3server.New(pop3server.WithTLS(config), pop3server.WithUser("ada", "secret", pop3server.NewMemory()))
	l, err := s.Listen("127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	return l.String(), hex.EncodeToString(sum[:]), func() { _ = s.Close() }
}

// STLS on a server whose certificate no authority has signed: it is known by its fingerprint. DialTLS
// takes the same Options where TLS begins with the first octet.
func ExampleClient_StartTLS() {
	addr, pin, end := exampleTLSServer()
	defer end()
	ctx := context.Background()
	config := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // no authority is asked: VerifyConnection is stricter
		VerifyConnection: func(state tls.ConnectionState) error {
			sum := sha256.Sum256(state.PeerCertificates[0].Raw)
			if hex.EncodeToString(sum[:]) != pin {
				return errors.New("the certificate is another one")
			}
			return nil
		},
	}
	c, err := pop3client.Dial(ctx, "tcp", addr, &pop3client.Options{TLSConfig: config})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	// A refusal leaves the session in clear, so an error must end it here.
	if err := c.StartTLS(ctx); err != nil {
		log.Fatal(err)
	}
	_, encrypted := c.TLS()
	fmt.Println("encrypted:", encrypted)
	mechanism, err := c.Login(ctx, pop3client.Credentials{User: "ada", Password: "secret"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("logged in with", mechanism)
	// Output:
	// encrypted: true
	// logged in with SCRAM-SHA-256-PLUS
}

// The mechanism is the best that both sides have, and the password is tried once. The transcript shows
// what went over the line, without secrets.
func ExampleClient_Login() {
	addr, end := exampleServer()
	defer end()
	ctx := context.Background()
	transcript := pop3client.NewTranscript(nil, func(line string) {
		if strings.HasPrefix(line, "C: ") {
			fmt.Println(line)
		}
	})
	c, err := pop3client.Dial(ctx, "tcp", addr, &pop3client.Options{Transcript: transcript})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	mechanism, err := c.Login(ctx, pop3client.Credentials{User: "ada", Password: "secret"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("logged in with", mechanism)
	// Output:
	// C: CAPA
	// C: AUTH SCRAM-SHA-256 ***
	// C: ***
	// C: ***
	// logged in with SCRAM-SHA-256
}

// What went wrong, and whether another try may fare better.
func Example_errors() {
	advice := func(err error) string {
		var (
			refused *pop3client.ServerError
			timeout *pop3client.TimeoutError
			cut     *pop3client.CutError
		)
		switch {
		case errors.As(err, &refused):
			switch refused.Kind() {
			case pop3client.KindRefused:
				return "look at the user name and the password; trying again may lock the account"
			case pop3client.KindTryLater:
				return "try again later"
			case pop3client.KindPermanent:
				return "ask who runs the server"
			}
			return "the server did not do this one thing"
		case errors.Is(err, pop3client.ErrPipeliningBroken):
			return "connect again with PipeliningNever"
		case errors.As(err, &timeout), errors.As(err, &cut):
			return "the line broke: connect again"
		case errors.Is(err, pop3client.ErrPlaintextRefused):
			return "use DialTLS or StartTLS"
		}
		return "the server does not speak POP3 as it should"
	}
	messages := pop3server.NewMemory()
	server := pop3server.New(
		pop3server.WithUser("ada", "secret", messages),
		pop3server.WithHooks(
			pop3server.Refuse(pop3server.On("AUTH").Nth(2), "[IN-USE] another session has the mailbox"),
			pop3server.Cut(pop3server.On("STAT"), pop3server.Close),
		),
	)
	defer func() { _ = server.Close() }()
	l, err := server.Listen("127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	for _, password := range []string{"sesame", "secret", "secret"} {
		c, err := pop3client.Dial(ctx, "tcp", l.String(), nil)
		if err != nil {
			log.Fatal(err)
		}
		if _, err = c.Login(ctx, pop3client.Credentials{User: "ada", Password: password}); err == nil {
			_, err = c.Retr(1).Wait(ctx)
			fmt.Println("RETR:", advice(err))
			_, err = c.Stat().Wait(ctx)
			fmt.Println("STAT:", advice(err))
		} else {
			fmt.Println("login:", advice(err))
		}
		_ = c.Close()
	}
	// Output:
	// login: look at the user name and the password; trying again may lock the account
	// login: try again later
	// RETR: the server did not do this one thing
	// STAT: the line broke: connect again
}

// A message is read as it comes, and nothing of it is kept. Reading ends without an error only where
// the server said that it is the end.
func ExampleBody() {
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
	body, err := c.Retr(3).Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	hash := sha256.New()
	if _, err := body.WriteTo(hash); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d octets, SHA-256 %x…\n", body.Octets(), hash.Sum(nil)[:4])
	// Output:
	// 40 octets, SHA-256 c34ea7dd…
}
