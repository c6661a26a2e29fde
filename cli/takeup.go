package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"popmark/commit"
	"popmark/delivery"
	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

// request is what a commit is asked for, in one canonical form: two commands that have
// the same one are the same, and the second takes up what the first left undone.
func (o *commitOptions) request(markings []marking, dest delivery.Destination, order triage.Order) string {
	var b strings.Builder
	for _, m := range markings {
		fmt.Fprintf(&b, "--%v %q ", m.mark, strings.TrimSpace(m.selection.String()))
	}
	fmt.Fprintf(&b, "--to %q --order %v --checkpoint %d", dest.String(), order, o.to.checkpoint)
	return b.String()
}

// planOrTakeUp makes the plan from the selections, or from the journal where the same
// commit was broken off: its numbers and queries meant the messages of that time, and
// by now they may fit others.
func (a *app) planOrTakeUp(
	ctx context.Context, b *opened, list *mailbox.List, markings []marking, order triage.Order, how *commit.Options, dryRun bool,
) (triage.Plan, error) {
	if !b.box.Info().UIDL {
		return a.plan(ctx, b, list, markings, order)
	}
	before, found, err := commit.FindUnfinished(ctx, b.ledger, how.Account, how.Request)
	if err != nil {
		return triage.Plan{}, err
	}
	if !found {
		return a.plan(ctx, b, list, markings, order)
	}
	how.TakesUp = true
	plan, left := before.Plan(list, order)
	if !dryRun {
		before.Renumber(&plan)
	}
	text := fmt.Sprintf("taking up the commit that was broken off at %s: %s", before.Started.Format(time.DateTime), messages(len(plan.Steps)))
	if byNumber(markings) && !dryRun {
		text += "; numbers mean what they meant then"
	}
	a.warn(message.Safe(text))
	for _, number := range left {
		what := "a message"
		if number > 0 {
			what = fmt.Sprintf("message %d", number)
		}
		a.failed(fmt.Errorf("taking up %s of that time: it can't be told from others for certain and stays as it is: look with popmark list and mark it by its number", what))
	}
	return plan, nil
}

func messages(n int) string {
	if n == 1 {
		return "1 message"
	}
	return fmt.Sprintf("%d messages", n)
}

// byNumber tells whether some selection is by numbers, which other messages have once
// something is deleted.
func byNumber(markings []marking) bool {
	for _, m := range markings {
		if strings.Trim(m.selection.String(), "0123456789,- \t") == "" {
			return true
		}
	}
	return false
}

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
