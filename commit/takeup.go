package commit

import (
	"cmp"
	"context"
	"crypto/sha256"
	"math"
	"slices"
	"time"

	"popmark/ledger"
	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

// Unfinished is a run that was broken off, as the journal knows it.
type Unfinished struct {
	Started time.Time
	steps   []ledger.Step
	// moved is true where no UIDL names the messages and some run, since this one began, has deleted a
	// message or may have: the numbers of those behind it are others.
	moved bool
	// doubted is true where UIDLs were seen not to last since the run began.
	doubted bool
}

// FindUnfinished gives the account's newest run that was asked for with the same
// words and has not come to its end, if there is one. The numbers and
// queries in such a request meant messages of a list that is no more: carrying it out
// again means the messages that the journal names, and no others.
func FindUnfinished(ctx context.Context, l *ledger.Ledger, account, request string) (*Unfinished, bool, error) {
	runs, err := l.Runs(ctx, account)
	if err != nil {
		return nil, false, err
	}
	run := newestOf(runs, request)
	if run == nil {
		return nil, false, nil
	}
	u, err := unfinished(ctx, l, runs, run)
	return u, err == nil, err
}

func unfinished(ctx context.Context, l *ledger.Ledger, runs []ledger.Run, run *ledger.Run) (*Unfinished, error) {
	u := &Unfinished{Started: run.Started, steps: run.Steps, doubted: run.Doubted}
	if u.Named() {
		return u, nil
	}
	u.moved = slices.ContainsFunc(runs, func(r ledger.Run) bool {
		return r.ID > run.ID && slices.ContainsFunc(r.Steps, func(s ledger.Step) bool { return s.State == ledger.StepAsked })
	})
	if u.moved {
		return u, nil
	}
	var err error
	u.moved, err = l.DeletedSince(ctx, run.Account, run.ID)
	return u, err
}

// Named tells whether the server gave a UIDL for some message of the run.
func (u *Unfinished) Named() bool {
	return slices.ContainsFunc(u.steps, func(s ledger.Step) bool { return s.UID != "" })
}

// Shifted tells whether the numbers of a list may be those of other messages than the run's: where it or
// a later run has deleted some, or may have, or where one has other octets.
func (u *Unfinished) Shifted(list *mailbox.List) bool {
	return u.moved || slices.ContainsFunc(u.steps, func(s ledger.Step) bool {
		at, there := list.Number(s.Number)
		return s.State == ledger.StepAsked || s.State == ledger.StepDeleted || !there || list.Messages[at].Octets != s.Octets
	})
}

// newestOf finds the newest of the runs with a request; "" is nobody's.
func newestOf(runs []ledger.Run, request string) *ledger.Run {
	for i := len(runs) - 1; i >= 0 && request != ""; i-- {
		if runs[i].Request == request {
			return &runs[i]
		}
	}
	return nil
}

// Left gives how many messages are left in a list of the account's newest run on which it depends
// what the same request means: those that it takes up, or else those that it can't. 0 and 0 where
// there is no such run. byNumber tells of a request whether some of its messages were chosen by their
// numbers: without UIDLs no other is taken up.
func Left(ctx context.Context, l *ledger.Ledger, account string, list *mailbox.List, byNumber func(request string) bool) (started time.Time, left, stuck int, err error) {
	runs, err := l.Runs(ctx, account)
	if err != nil {
		return time.Time{}, 0, 0, err
	}
	for i := len(runs) - 1; i >= 0; i-- {
		if runs[i].Request == "" {
			continue
		}
		u, err := unfinished(ctx, l, runs, &runs[i])
		if err != nil {
			return time.Time{}, 0, 0, err
		}
		if !u.Named() && !(u.Shifted(list) && byNumber(runs[i].Request)) {
			continue // it means the messages of now
		}
		plan, unsure, _ := u.Plan(list, triage.AsReceived, nil)
		switch {
		case len(plan.Steps) > 0:
			return u.Started, len(plan.Steps), 0, nil
		case stuck == 0:
			for j := range unsure {
				if unsure[j].State != ledger.StepFailed {
					started, stuck = u.Started, stuck+1
				}
			}
		}
	}
	return started, 0, stuck, nil
}

// Forget forgets the account's unfinished runs of a request, so that it means the mailbox as it is
// when it is made again. It gives how many there were. Nobody must be carrying one out.
func Forget(ctx context.Context, l *ledger.Ledger, account, request string) (int, error) {
	runs, err := l.Runs(ctx, account)
	if err != nil {
		return 0, err
	}
	forgotten := 0
	for i := range runs {
		if runs[i].Request != request || request == "" {
			continue
		}
		if err := doubtOlder(ctx, l, runs[:i], &runs[i]); err != nil {
			return forgotten, err
		}
		if err := l.EndRun(ctx, runs[i].ID); err != nil {
			return forgotten, err
		}
		forgotten++
	}
	return forgotten, nil
}

// doubtOlder keeps what a run that is forgotten says of older ones: where no UIDL names the messages, and it may
// have deleted some, their numbers may be those of others by now.
func doubtOlder(ctx context.Context, l *ledger.Ledger, older []ledger.Run, forgotten *ledger.Run) error {
	asked := func(s ledger.Step) bool { return s.State == ledger.StepAsked && s.UID == "" }
	if !slices.ContainsFunc(forgotten.Steps, asked) {
		return nil
	}
	for i := range older {
		var open []int
		for _, s := range older[i].Steps {
			if s.UID == "" && s.State != ledger.StepDeleted && s.State != ledger.StepFailed {
				open = append(open, s.Seq)
			}
		}
		if len(open) == 0 {
			continue
		}
		if err := l.SetSteps(ctx, older[i].ID, ledger.StepAsked, open...); err != nil {
			return err
		}
	}
	return nil
}

// Plan is what is left of the run: its messages that the list still has, those apart
// whose deletion a QUIT has confirmed. Certainly of the same name and size, that is:
// what is not is left alone, and is in left, as StepFailed where it was to be fetched and
// no message bears its UIDL any more. grown is what [mailbox.Mailbox.GrownFrom] gave of those that have
// other octets now, it may be nil; was has the octets of then of those that are in the plan all the same.
func (u *Unfinished) Plan(list *mailbox.List, order triage.Order, grown map[mailbox.ID]*message.Envelope) (plan triage.Plan, left []ledger.Step, was map[mailbox.ID]int64) {
	steps := make(map[string]*ledger.Step, len(u.steps))
	unsure := make(map[string]bool)
	for i := range u.steps {
		switch s := &u.steps[i]; {
		case s.State == ledger.StepDeleted || s.State == ledger.StepFailed:
		case s.Certain:
			steps[s.UID] = s
		default:
			unsure[s.UID] = true
		}
	}
	there, listed := make(map[string]bool, len(unsure)), make(map[string]bool)
	for i := range list.Messages {
		uid := list.Messages[i].UID
		if unsure[uid] {
			there[uid] = true
		}
		if steps[uid] != nil {
			listed[uid] = true
		}
	}
	shifted := !u.Named() && u.Shifted(list)
	least, doubted := u.leastDeleted(list), namedAnew(u.steps, u.doubted, list)
	for _, s := range u.steps {
		switch {
		case s.State == ledger.StepDeleted || s.State == ledger.StepFailed || done(&s):
		case s.Certain && doubted && !listed[s.UID]:
			left = append(left, s)
		case s.Certain:
		case there[s.UID] || s.UID == "":
			if shifted {
				s.State = ledger.StepAsked // so that it is known when what is left is all that is written down
			}
			left = append(left, s)
		case s.State == ledger.StepPlanned && triage.Mark(s.Mark).Downloads():
			s.State = ledger.StepFailed
			left = append(left, s)
		}
	}
	plan.Order, was = order, make(map[mailbox.ID]int64)
	for _, m := range list.Messages {
		s := steps[m.UID]
		if s == nil || unsure[m.UID] {
			continue
		}
		other := m.Octets != s.Octets
		if envelope := grown[m.ID]; other && envelope != nil && sameAbout(s.About, about(envelope)) {
			was[m.ID], other = s.Octets, false
		}
		// Behind a message that is gone a UIDL of its own has moved to a smaller number.
		stays := s.Header == noPrint && (doubted || m.Number == s.Number && s.Number > least)
		if !m.Certain || other || stays {
			if done(s) {
				continue
			}
			unsure := *s
			unsure.Certain = m.Certain && !stays // one of two stays one of two when the other is gone
			left = append(left, unsure)
			delete(steps, m.UID) // several may bear it by now
			continue
		}
		plan.Steps = append(plan.Steps, triage.Step{Mark: triage.Mark(s.Mark), Message: m})
	}
	return plan, left, was
}

// done says whether all was done that a step asks for, though it is written down nowhere.
func done(s *ledger.Step) bool {
	return s.State == ledger.StepFetched && !triage.Mark(s.Mark).Deletes()
}

// sameAbout says whether what was known of a message, if anything, is what its header says now.
func sameAbout(then, now ledger.About) bool {
	return then == (ledger.About{}) || then.From == now.From && then.Subject == now.Subject && then.Date.Equal(now.Date)
}

// leastDeleted is the least number of the run's messages that are deleted, or more than any where none is, or where a list
// has another UIDL at the number of one, and the same octets, or UIDLs were seen to last: then it does not make UIDLs of them.
func (u *Unfinished) leastDeleted(list *mailbox.List) int {
	least := math.MaxInt
	for i := range u.steps {
		s := &u.steps[i]
		if s.State != ledger.StepDeleted {
			continue
		}
		if at, there := list.Number(s.Number); there && list.Messages[at].UID != s.UID && (list.Lasts || list.Messages[at].Octets == s.Octets) {
			return math.MaxInt
		}
		least = min(least, s.Number)
	}
	return least
}

// namedAnew tells whether a list may call the messages of a run's steps by other UIDLs, or others by theirs: where that was
// seen since the run began, unless one of their UIDLs has moved to a smaller number, as behind a deletion; and where no UIDL was seen to last, none of
// theirs is there, and messages of the same octets stand at their numbers.
func namedAnew(steps []ledger.Step, doubted bool, list *mailbox.List) bool {
	alike, open := true, 0
	for i := range steps {
		s := &steps[i]
		at, there := list.Find(mailbox.ID(s.UID))
		if there && list.Messages[at].Number < s.Number {
			return false
		}
		if s.State == ledger.StepDeleted || s.State == ledger.StepFailed {
			continue
		}
		open++
		stands, has := list.Number(s.Number)
		alike = alike && !there && has && list.Messages[stands].Octets == s.Octets && list.Messages[stands].UID != ""
	}
	return doubted || !list.Lasts && alike && open > 0
}

// Renumber gives a plan's messages the numbers that they had when the run was asked
// for, by which a person knows them. In a session only their UIDLs count.
func (u *Unfinished) Renumber(plan *triage.Plan) {
	numbers := make(map[string]int, len(u.steps))
	for i := range u.steps {
		numbers[u.steps[i].UID] = u.steps[i].Number
	}
	for i := range plan.Steps {
		m := &plan.Steps[i].Message
		if n := numbers[m.UID]; n > 0 {
			m.Number = n
		}
	}
}

// made is what a run made, or was to make: of which message, and under which mark.
type made struct {
	uid  string
	mark triage.Mark
}

// copiesOf gives what unfinished runs have copied into a destination.
func copiesOf(runs []ledger.Run, destination string) map[made]bool {
	copies := make(map[made]bool)
	for i := range runs {
		if runs[i].Destination != destination {
			continue
		}
		for j := range runs[i].Steps {
			s := &runs[i].Steps[j]
			if s.Certain && (s.State == ledger.StepFetched || s.State == ledger.StepAsked) {
				copies[made{s.UID, triage.Mark(s.Mark)}] = true
			}
		}
	}
	return copies
}

// leftOf gives what the unfinished runs of a request, which are taken up, have left to do, and by what header
// they knew the message: whether they had made a copy and sent a DELE is not always written down. Messages
// that are pointed at one by one bear the marks of all broken runs.
func leftOf(runs []ledger.Run, request string) map[made][sha256.Size]byte {
	left := make(map[made][sha256.Size]byte)
	for i := range runs {
		for j := range runs[i].Steps {
			s := &runs[i].Steps[j]
			m := made{s.UID, triage.Mark(s.Mark)}
			taken := runs[i].Request == request || request == "" && m.mark == triage.Delete
			if taken && s.Certain && s.State != ledger.StepDeleted && s.State != ledger.StepFailed {
				left[m] = cmp.Or(s.Header, left[m])
			}
		}
	}
	return left
}

// aboutsOf gives, by UIDL, what unfinished runs knew of messages.
func aboutsOf(runs []ledger.Run) map[string]ledger.About {
	abouts := make(map[string]ledger.About)
	for i := range runs {
		for j := range runs[i].Steps {
			if s := &runs[i].Steps[j]; s.Certain {
				abouts[s.UID] = s.About
			}
		}
	}
	return abouts
}
