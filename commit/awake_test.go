package commit

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"popmark/triage"
)

// noopSession counts NOOPs.
type noopSession struct {
	session
	noops int
}

func (s *noopSession) noop(context.Context) error {
	s.noops++
	return nil
}

func TestP9_TheServerIsKeptAwakeWhileACopyTakesLong(t *testing.T) {
	for _, c := range []struct {
		name string
		sent []command
		want int
	}{
		{"nothing is under way", nil, 3},
		{"a message is on its way", make([]command, 1), 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &noopSession{}
			l := &leg{e: &engine{}, s: s, sent: c.sent, under: 1, copier: &copier{out: make(chan *job)}}
			go func() {
				time.Sleep(3*keepAwake + time.Second)
				l.copier.out <- &job{st: &step{Step: new(triage.Step)}}
			}()
			if err := l.collect(t.Context(), true); err != nil || l.under != 0 {
				t.Errorf("%s: %v, %d under way", c.name, err, l.under)
			}
			if s.noops != c.want {
				t.Errorf("%s: %d NOOPs", c.name, s.noops)
			}
		})
	}
}
