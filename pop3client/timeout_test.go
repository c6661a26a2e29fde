package pop3client

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// dialFunc is a dialer made of a function.
type dialFunc func(ctx context.Context) (net.Conn, error)

func (f dialFunc) DialContext(ctx context.Context, _, _ string) (net.Conn, error) { return f(ctx) }

// A limit of the client's own must not look like the caller's having left: that one is not taken up again.
func TestOwnLimitsAreTimeoutsAndNotTheCallersContext(t *testing.T) {
	stuck := dialFunc(func(ctx context.Context) (net.Conn, error) {
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: ctx.Err()}
	})
	silent := func(t *testing.T) ContextDialer {
		return dialFunc(func(context.Context) (net.Conn, error) {
			return play(t, func(p *peer) { _, _ = io.Copy(io.Discard, p.conn) }), nil
		})
	}
	connect := func(d ContextDialer) *Options { return &Options{Dialer: d, ConnectTimeout: 5 * time.Second} }
	for name, tc := range map[string]struct {
		run  func(t *testing.T, ctx context.Context) error
		want string
	}{
		"connecting": {func(_ *testing.T, ctx context.Context) error {
			_, err := Dial(ctx, "tcp", "mail.example:110", connect(stuck))
			return err
		}, "connecting took longer than 5s"},
		"connecting for TLS": {func(_ *testing.T, ctx context.Context) error {
			_, err := DialTLS(ctx, "tcp", "mail.example:995", connect(stuck))
			return err
		}, "connecting took longer than 5s"},
		"the handshake": {func(t *testing.T, ctx context.Context) error {
			_, err := DialTLS(ctx, "tcp", "mail.example:995", connect(silent(t)))
			return err
		}, "the TLS handshake took longer than 5s"},
		"the handshake after STLS": {func(t *testing.T, ctx context.Context) error {
			opts := connect(nil)
			opts.TLSConfig = &tls.Config{ServerName: "mail.example"}
			c := meet(t, opts, func(p *peer) {
				p.answer("STLS", "+OK\r\n")
				_, _ = io.Copy(io.Discard, p.conn)
			})
			return c.StartTLS(ctx)
		}, "the TLS handshake took longer than 5s"},
		"a login whose every answer is in time": {func(t *testing.T, ctx context.Context) error {
			c := meet(t, &Options{LoginTimeout: 5 * time.Second}, func(p *peer) {
				p.want("USER alice")
				time.Sleep(3 * time.Second) // the bubble's clock
				p.say("+OK\r\n")
				_, _ = io.Copy(io.Discard, p.conn)
			})
			cr := alice
			cr.Mechanism = MechanismUser
			_, err := c.Login(ctx, cr)
			return err
		}, "the login took longer than 5s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				err := tc.run(t, t.Context())
				if e := asError[*TimeoutError](t, err); !e.Timeout() || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("%v, want %q", err, tc.want)
				}
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("%v is not os.ErrDeadlineExceeded", err)
				}
			})
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				var timeout *TimeoutError
				if err := tc.run(t, ctx); errors.As(err, &timeout) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("left by the caller: %v", err)
				}
			})
		})
	}
}

func TestConnectingAndTheHandshakeShareTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dialer := dialFunc(func(ctx context.Context) (net.Conn, error) {
			select {
			case <-time.After(29 * time.Second):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			near, far := net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, far) }()
			return near, nil
		})
		began := time.Now()
		_, err := DialTLS(t.Context(), "tcp", "host.example:995", &Options{Dialer: dialer})
		if e := asError[*TimeoutError](t, err); e.Step != "the TLS handshake" || time.Since(began) != DefaultConnectTimeout {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}
