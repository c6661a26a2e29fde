package account

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"popmark/pop3client"
)

// slow is a dialer to a server that thinks for so long about a password.
type slow struct {
	t     *testing.T
	after time.Duration
}

func (d slow) DialContext(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	var over sync.WaitGroup
	over.Go(func() {
		defer func() { _ = far.Close() }()
		_, _ = io.WriteString(far, "+OK\r\n")
		for lines := bufio.NewScanner(far); lines.Scan(); {
			answer := "+OK\r\n"
			switch lines.Text() {
			case "CAPA":
				answer = "-ERR\r\n"
			case "PASS secret":
				time.Sleep(d.after) // the bubble's clock
			}
			if _, err := io.WriteString(far, answer); err != nil {
				return
			}
		}
	})
	d.t.Cleanup(func() {
		_ = near.Close()
		over.Wait()
	})
	return near, nil
}

func TestTimeoutHoldsForTheAnswerToAPassword(t *testing.T) {
	for _, tc := range []struct {
		timeout, after time.Duration
		ok             bool
	}{
		{0, 50 * time.Second, true},
		{0, 70 * time.Second, false},
		{5 * time.Minute, 4 * time.Minute, true},
		{5 * time.Minute, 6 * time.Minute, false},
		{10 * time.Second, 11 * time.Second, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			a, err := New(mustTarget(t, "pop3://joe@mail.example"), Settings{Password: "secret", Timeout: tc.timeout, Auth: AuthUser})
			if err != nil {
				t.Fatal(err)
			}
			a.options.Dialer = slow{t, tc.after}
			var c *pop3client.Client
			c, _, err = a.Connect(t.Context(), Hints{})
			if (err == nil) != tc.ok {
				t.Errorf("--timeout %s and an answer after %s: %v", tc.timeout, tc.after, err)
			}
			if err == nil {
				_ = c.Close()
			}
		})
	}
}

// talker is a dialer to a server whose answer to CAPA has a line each second and no end.
type talker struct{ t *testing.T }

func (d talker) DialContext(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	var over sync.WaitGroup
	over.Go(func() {
		defer func() { _ = far.Close() }()
		_, _ = io.WriteString(far, "+OK\r\n")
		if lines := bufio.NewScanner(far); !lines.Scan() {
			return
		}
		for answer := "+OK\r\n"; ; answer = "X-MORE\r\n" {
			if _, err := io.WriteString(far, answer); err != nil {
				return
			}
			time.Sleep(time.Second) // the bubble's clock
		}
	})
	d.t.Cleanup(func() {
		_ = near.Close()
		over.Wait()
	})
	return near, nil
}

func TestP10_WhatAServerOffersTakesNoLongerThanALogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, err := New(mustTarget(t, "pop3://joe@mail.example"), Settings{Password: "secret", Timeout: 10 * time.Second, Auth: AuthUser})
		if err != nil {
			t.Fatal(err)
		}
		a.options.Dialer = talker{t}
		begin := time.Now()
		_, _, err = a.Connect(t.Context(), Hints{})
		if took := time.Since(begin); took > pop3client.DefaultLoginTimeout+time.Second {
			t.Errorf("it took %s", took)
		}
		if _, ok := errors.AsType[*pop3client.TimeoutError](err); !ok {
			t.Errorf("%v", err)
		}
	})
}
