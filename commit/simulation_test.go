package commit

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"popmark/mailbox"
	"popmark/triage"

	"go.uber.org/goleak"
)

var exhaustive = flag.Int("exhaustive", 0, "simulate every schedule of mailboxes of up to so many messages, 5 at the most (5 takes an hour)")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// others is what happens to the mailbox before the second session, besides the commit.
type others int

const (
	nothing others = iota
	newMail
	firstTaken
	lastTaken
	reusedSkipped // a UIDL of a deleted message names a new one
	reusedMoved   // and that is marked once the commit is done
	replaced      // others delete a message, and its UIDL names a new one
	othersChoices
)

// take says whether others delete messages.
func (o others) take() bool { return o == firstTaken || o == lastTaken || o == replaced }

// reuse says whether a UIDL names two messages, one after the other.
func (o others) reuse() bool { return o >= reusedSkipped }

// setting is everything about a schedule but its faults.
type setting struct {
	marks       []triage.Mark
	order       triage.Order
	checkpoint  int
	uidl        bool
	pipelines   bool
	dropCommits bool
	others      others // what others do between sessions
	retries     int
	emptyTOP    bool
	twoPlaces   bool
	takesUp     bool // a run that was broken off means the messages of its journal, else those that have the marks now
}

func (s setting) String() string {
	var letters strings.Builder
	for _, m := range s.marks {
		letters.WriteString(strings.ReplaceAll(m.Letter(), " ", "-"))
	}
	return fmt.Sprintf("%s %s checkpoint=%d uidl=%v pipelining=%v dropCommits=%v others=%d retries=%d emptyTOP=%v twoPlaces=%v takesUp=%v",
		letters.String(), s.order, s.checkpoint, s.uidl, s.pipelines, s.dropCommits, s.others, s.retries, s.emptyTOP, s.twoPlaces, s.takesUp)
}

func (s setting) world() *world {
	w := newWorld(s.marks)
	w.uidl, w.pipelines, w.dropCommits = s.uidl, s.pipelines, s.dropCommits
	w.emptyTOP, w.firmTOP, w.twoPlaces = s.emptyTOP, s.others.reuse(), s.twoPlaces
	w.between = [...]func(*world){
		nil,
		func(w *world) { w.add("new", triage.Skip) },
		func(w *world) { w.takeAway(0) },
		func(w *world) { w.takeAway(len(w.msgs) - 1) },
		(*world).reuse,
		(*world).reuse,
		(*world).replace,
	}[s.others]
	return w
}

// takeAway is another client's deletion.
func (w *world) takeAway(i int) {
	if i >= 0 && i < len(w.msgs) && !w.msgs[i].gone {
		w.msgs[i].gone, w.msgs[i].other = true, true
	}
}

// maxRuns is how often a schedule's commit is run: once more than there are faults would do, and
// twice more where another message is marked in the end that bears a UIDL of one before.
const maxRuns = 8

// play carries a setting's plan out under faults, again and again until it is done,
// and gives what was broken of the promises.
func (s setting) play(faults ...strike) (w *world, breaches []string) {
	w = s.world()
	w.faults, w.seen = faults, make([]int, len(faults))
	for run := 1; ; run++ {
		w.run = run
		failed, err := s.runOnce(w)
		if err == nil && failed == 0 && !w.dead && !s.markReused(w) {
			break
		}
		if (err != nil || failed > 0) && !w.dead && w.struck == 0 && !s.others.take() && !(failed == 1 && w.reused != nil && w.reused.mark != triage.Skip) {
			// What bears a UIDL that is used again is taken for the message before it once.
			w.breachf("it failed without a fault: %v, %d failed", err, failed)
		}
		w.restart()
		if run == maxRuns {
			if !s.others.take() {
				w.breachf("P5: it is not done after %d runs: %v, %d failed", run, err, failed)
			}
			break
		}
		w.nothingLost()
	}
	// What is promised in the end must outlive a power failure.
	w.dead, w.lose = true, true
	w.restart()
	w.nothingLost()
	s.ended(w)
	return w, w.breaches
}

// markReused marks the message that bears a UIDL of another once that one's commit is
// done, and says whether there is anything to do for it.
func (s setting) markReused(w *world) bool {
	if s.others != reusedMoved || w.reused == nil || w.reused.gone {
		return false
	}
	w.reused.mark = triage.Move
	return true
}

// runOnce is one run of the commit, as its user types it: the same marks on what is there now.
func (s setting) runOnce(w *world) (failed int, err error) {
	w.sessions = min(w.sessions, 1) // a new process knows its own first list
	if s.takesUp && w.run > 1 {
		w.happen()
		w.sessions = 0
	}
	list := w.list()
	messages := w.messages(list)
	plan := triage.Plan{Order: s.order, Checkpoint: s.checkpoint}
	if !s.uidl {
		plan.Checkpoint = 0
	}
	for i, m := range list {
		if m.mark != triage.Skip {
			plan.Steps = append(plan.Steps, triage.Step{Mark: m.mark, Message: messages[i]})
		}
	}
	opts := Options{Account: account, Retries: s.retries}
	if s.takesUp {
		opts.Request = "the same"
		if runs, _ := w.log.Runs(context.Background(), account); len(runs) > 0 {
			before := &Unfinished{steps: newestOf(runs, opts.Request).Steps}
			taken, _, _ := before.Plan(mailbox.NewList(messages), s.order, nil)
			plan.Steps, opts.TakesUp = taken.Steps, true
		}
	}
	dest := w.destination()
	opts.Destination = dest
	e := &engine{
		box: w, log: w.log, plan: plan, now: time.Now, opts: opts,
		pause: func(context.Context, time.Duration) error { return nil },
	}
	if !s.uidl {
		w.sessions = 0
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w.cancel = cancel
	before, _ := w.deleted()
	run := start(ctx, e)
	var promised []mailbox.ID
	for ev := range run.Events() {
		switch ev.Kind {
		case Deleted:
			promised = append(promised, ev.ID)
		case Failed:
			failed++
			promised = slices.DeleteFunc(promised, func(id mailbox.ID) bool { return id == ev.ID })
		case Committed:
			w.checkCommitted(ev.Deleted, &promised)
		}
	}
	sum, err := run.Wait()
	if err == nil && sum.Failed != failed {
		w.breachf("the summary says %d failed, the events %d", sum.Failed, failed)
	}
	if !w.dead {
		w.restart() // closes the line, where it is open still
		// What others deleted after QUIT was sent and lost looks as if that QUIT had done it.
		ours, others := w.deleted()
		ours -= before
		if (sum.Deleted < ours || sum.Deleted > ours+others) && sum.Unknown == 0 {
			w.breachf("P4: %d are deleted, the summary says %d (%v)", ours, sum.Deleted, err)
		}
	}
	_ = dest.Close() // there is nothing to wait for any more
	return failed, err
}

// deleted counts what the commit deleted, and what others did.
func (w *world) deleted() (ours, others int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.msgs {
		switch {
		case m.other:
			others++
		case m.gone:
			ours++
		}
	}
	return ours, others
}

// checkCommitted holds a Committed against the server (P4).
func (w *world) checkCommitted(n int, promised *[]mailbox.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	gone := 0
	rest := (*promised)[:0]
	for _, id := range *promised {
		i := slices.IndexFunc(w.msgs, func(m *mail) bool { return m.uid == strings.TrimPrefix(string(id), "\x00") })
		if w.msgs[i].gone {
			gone++
		} else {
			rest = append(rest, id)
		}
	}
	*promised = rest
	if n > gone {
		w.breachf("P4: committed says %d deleted, %d of those said to be are gone", n, gone)
	}
}

// nothingLost says that each message that was not to be thrown away is on the server or on the disk.
func (w *world) nothingLost() {
	copies := w.copies()
	for _, m := range w.msgs {
		for _, place := range w.places() {
			if m.gone && !m.other && m.mark != triage.Delete && copies[place][m] == 0 {
				w.breachf("P2: %s (%s) is lost in %s", m.uid, m.mark, place)
			}
		}
	}
}

// ended holds the end against what an unbroken run would have done (P5).
func (s setting) ended(w *world) {
	copies := w.copies()
	for _, m := range w.msgs {
		if m.other {
			continue
		}
		for _, place := range w.places() {
			if n := copies[place][m]; !s.good(m, n) {
				w.breachf("P5: in the end %s (%s) has %d copies in %s, gone from the server: %v", m.uid, m.mark, n, place, m.gone)
			}
		}
	}
}

// good tells whether n copies of a message in a place are as they should be in the end.
func (s setting) good(m *mail, n int) bool {
	most := 1
	if !s.uidl {
		most = maxRuns // nobody can tell that it was fetched before
	}
	switch m.mark {
	case triage.Skip:
		return !m.gone && n == 0
	case triage.Delete:
		return m.gone && n == 0
	case triage.Fetch:
		return !m.gone && n >= 1 && n <= most
	default:
		return m.gone && n >= 1 && n <= most
	}
}

// combinations are all ways to mark n messages.
func combinations(n int) [][]triage.Mark {
	all := [][]triage.Mark{nil}
	for range n {
		var longer [][]triage.Mark
		for _, c := range all {
			for m := triage.Skip; m <= triage.Move; m++ {
				longer = append(longer, append(slices.Clone(c), m))
			}
		}
		all = longer
	}
	return all
}

// settings are the settings of mailboxes of n messages.
func settings(n int) []setting {
	var all []setting
	for _, marks := range combinations(n) {
		for i := range int(othersChoices) << 5 {
			bit := func(k int) bool { return i>>k&1 == 1 }
			s := setting{
				marks: marks, uidl: bit(0), pipelines: bit(1), dropCommits: bit(2), others: others(i >> 5), retries: 3,
			}
			if bit(3) {
				s.order = triage.AtEnd
			}
			if bit(4) {
				s.retries, s.checkpoint = 0, 1
			}
			if s.others.reuse() && !s.uidl {
				continue // there is none
			}
			// Some combinations of the rest have these.
			s.takesUp = s.uidl && (i>>3+i)%2 == 0
			s.twoPlaces = (i>>5+i)%3 == 0
			s.emptyTOP = (i>>4+i)%3 == 0 && !s.others.reuse() // nothing else tells the two apart
			all = append(all, s)
		}
	}
	return all
}

// everyFault plays a setting once for each operation and each blow that can fall on it.
func (s setting) everyFault(played *atomic.Int64, breach func(strike, []string)) {
	for b := kill; b < blows; b++ {
		for at := 1; ; at++ {
			f := strike{b, at}
			w, breaches := s.play(f)
			played.Add(1)
			if len(breaches) > 0 {
				breach(f, breaches)
			}
			if w.struck == 0 {
				break
			}
		}
	}
}

func TestP1toP5_EveryCrashPointOfSmallMailboxes(t *testing.T) {
	most := 5
	var played atomic.Int64
	var failures atomic.Int32
	var work sync.WaitGroup
	todo := make(chan setting)
	for range runtime.GOMAXPROCS(0) {
		work.Go(func() {
			for s := range todo {
				s.everyFault(&played, func(f strike, breaches []string) {
					if failures.Add(1) <= 10 {
						t.Errorf("%v; %v at operation %d:\n\t%s", s, f.blow, f.at, strings.Join(breaches, "\n\t"))
					}
				})
			}
		})
	}
	chosen, total := 0, 0
	for n := 1; n <= most; n++ {
		// A prime stride goes through all combinations of the other choices.
		stride := [...]int{0, 1, 11, 101, 1009, 9001}[n]
		for i, s := range settings(n) {
			total++
			if (n <= *exhaustive || i%(stride*thinner) == 0) && failures.Load() < 10 {
				chosen++
				todo <- s
			}
		}
	}
	close(todo)
	work.Wait()
	t.Logf("%d schedules ran: every operation of %d of %d settings, with each of %d faults", played.Load(), chosen, total, blows-1)
}
