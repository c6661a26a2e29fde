package commit

import "context"

// mostSpared is how many retries are given back in a run for messages whose texts are, or came in another session, as
// they should, or are another's each time. Without a bound a server that is wrong in each would be given a session for every message.
const mostSpared = 16

// keep puts a text into place that has come whole, or holds it where one is in doubt.
func (l *leg) keep(ctx context.Context, j *job) error {
	l.held = append(l.held, j)
	return l.release(ctx)
}

// release puts into place what is held up to the first in doubt.
func (l *leg) release(ctx context.Context) error {
	for len(l.held) > 0 && !l.held[0].st.claimed {
		j := l.held[0]
		l.held = l.held[1:]
		if j.st.closed {
			if err := j.delivery.Abort(); err != nil {
				return localError{err}
			}
			continue
		}
		if l.under == maxUnderWay {
			if err := l.collect(ctx, true); err != nil {
				_ = j.delivery.Abort() // err says why
				return err
			}
		}
		if j.st.garbled && l.e.spared < mostSpared {
			l.e.spared++
			l.e.retries = max(l.e.retries-1, 0)
		}
		l.under++
		l.e.passed = 0
		j.st.print = j.print
		l.copier.in <- j
	}
	return nil
}

// drop throws away what is held when the session ends: it is fetched anew.
func (l *leg) drop() {
	for _, j := range l.held {
		_ = j.delivery.Abort() // why the session ends is the error to tell
		j.st.claimed, j.st.rival = false, nil
		l.e.arrivals.drop(j.serial)
	}
	l.held = nil
}
