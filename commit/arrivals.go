package commit

// recentTexts is of how many texts it is known how they began. As many may be asked for ahead.
const recentTexts = retrAhead

// arrival is a text that came.
type arrival struct {
	heading
	st     *step
	octets int64    // of the whole text, once it was read
	serial int      // among those of the run
	kept   bool     // it is, or will be, a copy of its message
	top    *heading // its message's, where TOP has told; else nil
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

// renew brings what was known of an arrival up to date.
func (a *arrivals) renew(old *arrival) {
	if r := &a.ring[old.serial%recentTexts]; r.serial == old.serial {
		*old = *r
	}
}

// dropOf takes in that no text that came for a step is a copy of its message.
func (a *arrivals) dropOf(st *step) {
	for i := range a.ring {
		a.ring[i].kept = a.ring[i].kept && a.ring[i].st != st
	}
}

// tell takes in what TOP has told of a step's message.
func (a *arrivals) tell(st *step, top *heading) {
	for i := range a.ring {
		if a.ring[i].st == st {
			a.ring[i].top = top
		}
	}
}

// before gives the newest text that began as one does, but for lines that are written anew each time, and came
// for another message. One that is a copy is preferred, then one that began just so, then one whose message may be
// asked for still, then the one that is most like it. It is nil where there is none.
func (a *arrivals) before(came *arrival) *arrival {
	var found *arrival
	rank := func(r *arrival) (n int) {
		if r.kept {
			n += 4
		}
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
		if r.print != came.print || r.st == came.st {
			continue
		}
		if found == nil || rank(r) > rank(found) || rank(r) == rank(found) && r.lacks(&came.heading) < found.lacks(&came.heading) {
			found = r
		}
	}
	return found
}

// remember takes in what earlier runs fetched of the messages that are still there.
func (e *engine) remember() {
	for _, st := range e.steps {
		if st.copied && st.print != noPrint {
			e.arrivals.add(arrival{st: st, heading: heading{print: st.print}, octets: st.received, kept: true})
		}
	}
}
