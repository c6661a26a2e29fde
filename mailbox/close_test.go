package mailbox_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"popmark/mailbox"
	"popmark/pop3server"
)

// leaveBound is far less than the time-outs that would end a wait otherwise, and more than a busy
// machine needs.
const leaveBound = 20 * time.Second

// closeIn fails where closing waits for something to time out.
func closeIn(t *testing.T, box *mailbox.Mailbox) {
	t.Helper()
	began := time.Now()
	if err := box.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
	if took := time.Since(began); took > leaveBound {
		t.Errorf("closing took %v", took)
	}
}

func TestP10_CloseEndsWhateverWaits(t *testing.T) {
	big := letter("big", "a whole message for TOP", 64<<20-1000)
	for name, tt := range map[string]struct {
		hook pop3server.Hook
		wait func(context.Context, *mailbox.Mailbox) error
		at   string // the command that shows that the wait has begun
	}{
		"connecting": {
			pop3server.Stall(pop3server.On("")),
			func(ctx context.Context, m *mailbox.Mailbox) error { return m.Open(ctx) }, "",
		},
		"listing": {
			pop3server.Stall(pop3server.On("LIST")),
			func(ctx context.Context, m *mailbox.Mailbox) error { return m.Open(ctx) }, "LIST",
		},
		"the headers": {
			pop3server.Stall(pop3server.On("TOP")),
			func(ctx context.Context, m *mailbox.Mailbox) error {
				for _, err := range m.Headers(ctx, []mailbox.ID{"big"}) {
					if err != nil {
						return err
					}
				}
				return nil
			}, "TOP",
		},
		"a TOP of 64 MB": {
			pop3server.Trickle(pop3server.On("TOP"), 1<<20, 50*time.Millisecond),
			func(ctx context.Context, m *mailbox.Mailbox) error {
				_, err := m.Top(ctx, "big", 1<<30)
				return err
			}, "TOP",
		},
		"a preview": {
			pop3server.Stall(pop3server.On("TOP")),
			func(ctx context.Context, m *mailbox.Mailbox) error {
				_, err := m.Top(ctx, "big", 0)
				return err
			}, "TOP",
		},
		"the session's end": {
			pop3server.Stall(pop3server.On("QUIT")),
			func(ctx context.Context, m *mailbox.Mailbox) error {
				if err := m.Open(ctx); err != nil {
					return err
				}
				return m.Release(ctx)
			}, "QUIT",
		},
	} {
		t.Run(name, func(t *testing.T) {
			began := make(chan struct{}, 10)
			seen := func(e *pop3server.Event) pop3server.Action {
				if e.Verb == tt.at && (e.Kind == pop3server.Command || tt.at == "" && e.Kind == pop3server.Greeting) {
					began <- struct{}{}
				}
				return pop3server.Action{}
			}
			b := newBench(t, mailbox.Config{}, []pop3server.Message{big}, pop3server.WithHooks(seen, tt.hook))
			ended := make(chan error, 1)
			go func() { ended <- tt.wait(t.Context(), b.box) }()
			<-began
			closeIn(t, b.box)
			select {
			case err := <-ended:
				if !errors.Is(err, mailbox.ErrClosed) {
					t.Errorf("the wait ended with %v", err)
				}
			case <-time.After(2 * time.Second):
				t.Error("the wait outlives the mailbox")
			}
			if err := b.box.Open(t.Context()); !errors.Is(err, mailbox.ErrClosed) {
				t.Errorf("opening a closed mailbox: %v", err)
			}
		})
	}
}

func TestP10_CloseEndsALentSession(t *testing.T) {
	b := newBench(t, mailbox.Config{}, letters(2), pop3server.WithHooks(pop3server.Stall(pop3server.On("RETR"))))
	s := take(t, b, false)
	if _, err := s.Dele(1).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := s.Retr(2).Wait(t.Context())
		s.Abort(err)
		ended <- err
	}()
	closeIn(t, b.box)
	if err := <-ended; err == nil {
		t.Error("a session outlives its mailbox")
	}
	if state, _ := b.box.State(); state != mailbox.Closed {
		t.Errorf("state %v", state)
	}
	if left := b.drop.UIDLs(); len(left) != 2 {
		t.Errorf("left: %q", left)
	}
}

func TestP10_CloseWithManyAtWork(t *testing.T) {
	b := newBench(t, mailbox.Config{IdleRelease: time.Millisecond, KeepAlive: time.Millisecond}, letters(500))
	b.mustOpen()
	b.box.StartScan()
	done := make(chan struct{}, 8)
	for i := range 8 {
		go func() {
			defer func() { done <- struct{}{} }()
			for {
				var err error
				switch i % 4 {
				case 0:
					_, err = b.box.Top(t.Context(), "uid-3", 1)
				case 1:
					err = b.box.Refresh(t.Context())
				case 2:
					for _, failed := range b.box.Headers(t.Context(), []mailbox.ID{"uid-1", "uid-9"}) {
						err = failed
					}
				case 3:
					b.box.Want([]mailbox.ID{"uid-7"})
					b.box.Info()
					b.box.Envelope("uid-7")
					err = b.box.Release(t.Context())
				}
				if errors.Is(err, mailbox.ErrClosed) {
					return
				}
			}
		}()
	}
	b.wait("a list of many", func(e mailbox.Event) bool { l, ok := e.(mailbox.ListEvent); return ok && l.List.Generation > 10 })
	closeIn(t, b.box)
	for range 8 {
		select {
		case <-done:
		case <-time.After(leaveBound):
			t.Fatal("somebody still waits for a closed mailbox")
		}
	}
}

func TestP10_AScanInABigTopCanBeLeft(t *testing.T) {
	b := newBench(t, mailbox.Config{}, []pop3server.Message{letter("a", "a", 10), letter("b", "b", 8<<20), letter("c", "c", 10)},
		pop3server.WithHooks(pop3server.Trickle(pop3server.On("TOP 2"), 4, time.Second)))
	b.mustOpen()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	left := make(chan time.Time, 1)
	ended := false
	for _, err := range b.box.Headers(ctx, ids(b.box.List())) {
		if err == nil {
			time.AfterFunc(20*time.Millisecond, func() {
				left <- time.Now()
				cancel()
			})
			continue
		}
		ended = true
		if took := time.Since(<-left); took > leaveBound {
			t.Errorf("leaving took %v", took)
		}
		if mailbox.ClassOf(err) != mailbox.Cancelled {
			t.Errorf("the scan ended with %v", err)
		}
	}
	if !ended {
		t.Error("the scan ended without an error")
	}
}
