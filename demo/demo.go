// Package demo is the sample mailbox that `popmark demo` shows: some sixty
// messages of the kinds that popmark is for, or as many as one likes, made up
// on demand, on a POP3 server of its own.
//
// Nobody in it is real; all addresses are under the example domains of RFC
// 2606. What is the same for the same time are the messages, down to the octet,
// so that screenshots and tests can rely on them. Serving is pop3server's
// business, showing is not this package's either.
package demo

import (
	"fmt"
	"net"
	"strconv"
	"time"

	"popmark/pop3server"
)

// User and Password log in to a demo; APOP takes them too.
const (
	User     = "demo"
	Password = "demo"
)

// A Demo is a running server with a sample mailbox.
type Demo struct {
	// URL is the target to give to popmark; it holds no password.
	URL string
	// Addr is the host and port listened on.
	Addr string
	// User and Password log in.
	User, Password string

	server *pop3server.Server
}

// Start serves a sample mailbox on addr, such as "127.0.0.1:0", until Close.
// With messages above 0 it has that many, made up on demand; otherwise it is
// the hand-written one. The mailbox lives as long as the demo: what one session
// deletes, the next does not see. Options, such as hooks, go to the server.
func Start(addr string, messages int, now time.Time, options ...pop3server.Option) (*Demo, error) {
	options = append([]pop3server.Option{
		pop3server.WithUser(User, Password, Maildrop(messages, now)),
		pop3server.WithGreeting("popmark demo ready {timestamp}"),
		pop3server.WithoutLog(),
	}, options...)
	server := pop3server.New(options...)
	bound, err := server.Listen(addr)
	if err != nil {
		return nil, fmt.Errorf("start the demo: %w", err)
	}
	return &Demo{
		URL:      fmt.Sprintf("pop3://%s@%s", User, reachable(bound)),
		Addr:     bound.String(),
		User:     User,
		Password: Password,
		server:   server,
	}, nil
}

// reachable is where to connect to for an address listened on: loopback, if it
// is every address there is.
func reachable(bound net.Addr) string {
	tcp, ok := bound.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return bound.String()
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
}

// Close ends all sessions and stops listening.
func (d *Demo) Close() error { return d.server.Close() }

// Maildrop gives the sample mailbox as it would be at now: the newest message
// has the highest number. With n above 0 it has n messages, made up on demand.
func Maildrop(n int, now time.Time) pop3server.Maildrop {
	if n > 0 {
		return pop3server.NewGenerated(n, bulk{count: n, now: now})
	}
	return pop3server.NewMemory(sample(now)...)
}
