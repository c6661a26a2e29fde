package commit

import (
	"testing"
	"time"

	"popmark/mailbox"
	"popmark/triage"
)

func TestProgressIsToldInTimeOnASlowLineAndNotTooOftenOnAFastOne(t *testing.T) {
	for _, c := range []struct {
		name   string
		octets int // that come at a time
		pause  time.Duration
		want   int // events in ten seconds
	}{
		{"slow", 100, 10 * time.Millisecond, 40},
		{"fast", 1 << 20, time.Millisecond, 200},
	} {
		now := time.Unix(1000, 0)
		e := &engine{events: newQueue(), now: func() time.Time { return now }}
		st := &step{Step: &triage.Step{Mark: triage.Fetch, Message: mailbox.Message{Number: 1}}}
		told := 0 // the queue keeps only the latest for who reads slowly
		for range int(10 * time.Second / c.pause) {
			before := e.toldAt
			now = now.Add(c.pause)
			if e.progress(st, 0, c.octets); e.toldAt != before {
				told++
			}
		}
		if told < c.want*9/10 || told > c.want*11/10 {
			t.Errorf("%s: told %d times, want about %d", c.name, told, c.want)
		}
	}
}
