package pop3client_test

import (
	"testing"

	"popmark/pop3client"
	"popmark/pop3server"
)

// serve starts a server on loopback and returns its address.
func serve(t testing.TB, options ...pop3server.Option) (*pop3server.Server, string) {
	t.Helper()
	s := pop3server.New(options...)
	addr, err := s.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, addr.String()
}

// login dials a server and logs "u" in with "secret".
func login(t testing.TB, addr string, opts *pop3client.Options) *pop3client.Client {
	t.Helper()
	c, err := pop3client.Dial(t.Context(), "tcp", addr, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := c.Login(t.Context(), pop3client.Credentials{User: "u", Password: "secret"}); err != nil {
		t.Fatal(err)
	}
	return c
}
