package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"popmark/commit"
	"popmark/ledger"
	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

// request is what a commit is asked for, in one canonical form: two commands that have
// the same one mean the same messages, and the second takes up what the first left
// undone, in whatever way and order and to wherever it is asked to.
func request(markings []marking) string {
	var words []string
	for mark := triage.Delete; mark <= triage.Move; mark++ {
		var selections []*triage.Selection
		for _, m := range markings {
			if m.mark == mark {
				selections = append(selections, m.selection)
			}
		}
		if len(selections) > 0 {
			words = append(words, fmt.Sprintf("--%v %s", mark, triage.Canonical(selections)))
		}
	}
	return strings.Join(words, " ")
}

// numbersIn tells of a request whether some selection in it is by numbers, as byNumber does of the selections.
func numbersIn(request string) bool {
	for request != "" {
		quoted, err := strconv.QuotedPrefix(request)
		if err != nil { // a mark, or what stands between
			request = request[1:]
			continue
		}
		request = request[len(quoted):]
		// Of such characters alone no query is made.
		if text, err := strconv.Unquote(quoted); err == nil && strings.Trim(text, "0123456789,-") == "" {
			return true
		}
	}
	return false
}

const wayOut = "look with popmark list; the same marks mean the numbers of now once they were given with --forget"

// Why a message of a commit that is taken up stays as it is.
var (
	errLeftUncertain = errors.New("it can't be told from others for certain, and stays as it is: " + wayOut)
	errLeftGrown     = errors.New("the server lists it with other octets, so that it may be another, and it stays as it is: " + wayOut)
	errLeftGone      = errors.New("it was to be fetched, and is no longer in the mailbox")
	errLeftRenamed   = errors.New("the server's UIDLs are others than they were, so that it is not known which message it is, or whether it is deleted: " + wayOut)
)

// errNamesNone ends a run before anything is done: without UIDLs nothing says which messages are left.
var errNamesNone = &statusError{exitUnavailable, errors.New("taking up the commit that did not come to its end: the server gives no UIDL this time, by which its messages are known: run the same again later, or give it with --forget and look at the list")}

// planOrTakeUp makes the plan from the selections, or from the journal where the same
// commit was broken off: its numbers and queries meant the messages of that time, and
// by now they may fit others.
func (a *app) planOrTakeUp(
	ctx context.Context, b *opened, list *mailbox.List, markings []marking, order triage.Order, how *commit.Options, dryRun bool, out *commitPrinter,
) (triage.Plan, error) {
	before, found, err := commit.FindUnfinished(ctx, b.ledger, how.Account, how.Request)
	if err != nil {
		return triage.Plan{}, err
	}
	named := b.box.Info().UIDL
	switch {
	case !found, !before.Named() && !(before.Shifted(list) && byNumber(markings)):
		return a.plan(ctx, b, list, markings, order, out)
	case !named && before.Named():
		return triage.Plan{}, errNamesNone
	}
	how.TakesUp = true
	plan, left, _ := before.Plan(list, order, nil)
	if others := otherOctets(left); len(others) > 0 {
		grown, err := b.box.GrownFrom(ctx, others)
		if err != nil {
			return triage.Plan{}, b.fault("looking at messages whose size changed in", err)
		}
		plan, left, how.Was = before.Plan(list, order, grown)
	}
	if !dryRun {
		before.Renumber(&plan)
	}
	what := messages(len(plan.Steps))
	switch {
	case len(plan.Steps) > 0:
	case len(left) == 0:
		what = "nothing is left to carry out"
	default:
		what = "nothing of what is left can be carried out"
	}
	text := fmt.Sprintf("taking up the commit of %s, which did not come to its end: %s", before.Started.Format(time.DateTime), what)
	if byNumber(markings) {
		text += "; numbers mean what they meant then"
	}
	if slices.ContainsFunc(markings, func(m marking) bool { return !m.selection.ByNumber() }) {
		text += "; a query means what it found then: run it once more for what has come since"
	}
	a.warn(message.Safe(text))
	how.Left = left
	for i := range left {
		l := &left[i]
		why := errLeftUncertain
		switch {
		case l.State == ledger.StepFailed:
			why = errLeftGone
		case l.Certain && !listed(list, l.UID):
			why = errLeftRenamed
		case l.Certain:
			why = errLeftGrown
		}
		out.event(commit.Event{Kind: commit.Failed, Number: l.Number, UID: l.UID, Action: triage.Mark(l.Mark), Err: why})
	}
	return plan, nil
}

func listed(list *mailbox.List, uid string) bool {
	_, there := list.Find(mailbox.ID(uid))
	return there
}

// otherOctets gives the octets that steps had whose messages bear the same UIDL still.
func otherOctets(left []ledger.Step) map[mailbox.ID]int64 {
	octets := make(map[mailbox.ID]int64)
	for i := range left {
		if s := &left[i]; s.Certain && s.State != ledger.StepFailed {
			octets[mailbox.ID(s.UID)] = s.Octets
		}
	}
	return octets
}

func messages(n int) string {
	if n == 1 {
		return "1 message"
	}
	return fmt.Sprintf("%d messages", n)
}

// byHeader tells whether what a message's header says is asked.
func (m marking) byHeader() bool { return m.selection.NeedsHeaders() }

// byNumber tells whether some selection is by numbers, which other messages have once
// something is deleted.
func byNumber(markings []marking) bool {
	return slices.ContainsFunc(markings, func(m marking) bool { return m.selection.ByNumber() })
}

// pins tells whether some selection names single messages by their numbers.
func pins(markings []marking) bool {
	return slices.ContainsFunc(markings, func(m marking) bool { return m.selection.Pins() })
}

// binds tells whether the same command goes on meaning the messages of its first time until each is
// done. An open range does where it deletes: what came since was not there to be looked at. Where it
// fetches or moves, nothing is lost by taking that in as well.
func binds(markings []marking) bool {
	return pins(markings) || slices.ContainsFunc(markings, func(m marking) bool {
		return m.mark == triage.Delete && m.selection.ByNumber()
	})
}

// tellUnfinished reminds of a commit that did not come to its end, before somebody takes the
// numbers of the list for what they mean to it.
func (b *opened) tellUnfinished(ctx context.Context, a *app, list *mailbox.List) {
	if b.ledger == nil {
		return
	}
	started, left, stuck, err := commit.Left(ctx, b.ledger, b.account.Target().Key(), list, numbersIn)
	switch {
	case err != nil:
	case left > 0:
		a.warn(message.Safe(fmt.Sprintf(
			"a commit of %s did not come to its end (%s): the same commit takes it up, with the numbers of that time",
			started.Format(time.DateTime), leftOver(left))))
	case stuck > 0:
		a.warn(message.Safe(fmt.Sprintf(
			"a commit of %s did not come to its end (%s, not to be told from others by the list): the same commit goes on meaning them until it is given with --forget",
			started.Format(time.DateTime), leftOver(stuck))))
	}
}

func leftOver(n int) string { return messages(n) + " left" }

// listFirst is what to do where the same numbers would mean other messages.
const listFirst = "run popmark list first: some messages may be deleted, and the numbers those of others"

// advised is the end of a run with other words for what to do next.
func advised(err error, next string) error {
	if stop, ok := errors.AsType[*commit.StopError](err); ok {
		told := *stop
		told.Next = next
		return &told
	}
	return err
}
