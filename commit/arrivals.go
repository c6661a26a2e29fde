package commit

import (
	"crypto/sha256"

	"popmark/mailbox"
)

// recentTexts is of how many texts it is known how they began. As many may be asked for ahead.
const recentTexts = retrAhead

// arrival is a text that came.
type arrival struct {
	st     *step
	print  [sha256.Size]byte // of its header, see mailbox.Imprint; zero where nothing tells
	sum    [sha256.Size]byte // of its header, see mailbox.HashHeader
	octets int64             // of the whole text, once it was read
	serial int               // among those of the run
	kept   bool              // it is, or will be, a copy of its message
}

// arrivals are the last recentTexts texts of a run, in whichever session.
type arrivals struct {
	ring  []arrival
	count int
}

func (a *arrivals) add(now arrival) *arrival {
	at := a.count % recentTexts
	now.serial = a.count
	a.count++
	if at == len(a.ring) {
		a.ring = append(a.ring, now)
	} else {
		a.ring[at] = now
	}
	return &a.ring[at]
}

// drop takes in that a text was thrown away.
func (a *arrivals) drop(serial int) {
	if r := &a.ring[serial%recentTexts]; r.serial == serial {
		r.kept = false
	}
}

// before gives the newest text that began as one does, but for lines that are written anew each time, and came
// for another message. One that began just so is preferred, and one whose message may be asked for still. It is nil
// where there is none.
func (a *arrivals) before(came *arrival) *arrival {
	var found *arrival
	rank := func(r *arrival) (n int) {
		if r.sum == came.sum {
			n += 2
		}
		if !r.st.sent {
			n++
		}
		return n
	}
	for i := 2; i <= min(a.count, recentTexts); i++ { // the newest is came
		r := &a.ring[(a.count-i)%recentTexts]
		if r.print == came.print && r.st != came.st && (found == nil || rank(r) > rank(found)) {
			found = r
		}
	}
	return found
}

// arrive takes in that a text with this header came for a step. What it gives is good until the next one comes.
func (e *engine) arrive(st *step, head []byte) *arrival {
	sum, _ := mailbox.HashHeader(head)
	return e.arrivals.add(arrival{st: st, print: e.imprint(head), sum: sum})
}

// remember takes in what earlier runs fetched of the messages that are still there.
func (e *engine) remember() {
	for _, st := range e.steps {
		if st.copied && st.print != noPrint {
			e.arrivals.add(arrival{st: st, print: st.print, octets: st.received, kept: true})
		}
	}
}
