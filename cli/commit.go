package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"popmark/commit"
	"popmark/delivery"
	"popmark/ledger"
	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

// commitOptions are the options of commit besides the TARGET's.
type commitOptions struct {
	deletes, fetches, moves []string
	rules                   bool
	to                      destinationOptions
	bin                     binOptions
	again, forget, verify   bool
	dryRun, json            bool
}

func (a *app) commitCommand() *cobra.Command {
	var target targetOptions
	var o commitOptions
	cmd := &cobra.Command{
		Use:   "commit TARGET MARKS...",
		Short: "Carry marks out: DELE, RETR, QUIT",
		Example: "popmark commit pop3s://user@host --delete larger:20M --fetch from:boss\n" +
			"popmark commit pop3s://user@host --move 1- --to maildir:Mail --dry-run",
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return misused(cmd, "the TARGET is missing")
			case len(args) > 1:
				return tooMany(cmd, args[1:])
			}
			return a.commitTo(cmd.Context(), args[0], &target, &o)
		},
	}
	target.register(cmd.Flags())
	f := cmd.Flags()
	f.StringArrayVar(&o.deletes, "delete", nil, "delete what SELECTION selects, without downloading it")
	f.StringArrayVar(&o.fetches, "fetch", nil, "download what SELECTION selects, and leave it on the server")
	f.StringArrayVar(&o.moves, "move", nil, "download what SELECTION selects, and delete it once it is safe")
	f.BoolVar(&o.rules, "rules", false, "the marks that the configuration's rules give")
	o.to.register(f)
	o.bin.register(f)
	f.BoolVar(&o.again, "again", false, "fetch once more what was fetched before")
	f.BoolVar(&o.forget, "forget", false, "carry nothing out: forget that the same commit did not come to its end, so that it means the mailbox as it is then")
	f.BoolVar(&o.verify, "verify", false, "look afterwards whether what was deleted is really gone")
	f.BoolVar(&o.dryRun, "dry-run", false, "print the plan and do nothing")
	f.BoolVar(&o.json, "json", false, "write JSON Lines")
	return cmd
}

// marking is one mark and one selection that it is for.
type marking struct {
	mark      triage.Mark
	selection *triage.Selection
}

// markings reads the selections, so that a mistake in one is found before anything is connected.
func (a *app) markings(o *commitOptions, now time.Time) ([]marking, error) {
	var all []marking
	for _, option := range []struct {
		mark  triage.Mark
		texts []string
	}{{triage.Delete, o.deletes}, {triage.Fetch, o.fetches}, {triage.Move, o.moves}} {
		for _, text := range option.texts {
			selection, err := triage.ParseSelection(text, now)
			if err != nil {
				return nil, fmt.Errorf("--%v: %w", option.mark, err)
			}
			if !selection.ByNumber() && slices.ContainsFunc(strings.Fields(text), func(w string) bool { return w[0] != '-' && isRange(w) }) {
				a.warn(message.MakeSafe(fmt.Sprintf("reading --%v %q: beside other words numbers are words too, which the messages are searched for", option.mark, text)))
			}
			all = append(all, marking{option.mark, selection})
		}
	}
	return all, nil
}

func (a *app) commitTo(ctx context.Context, target string, t *targetOptions, o *commitOptions) error {
	markings, err := a.markings(o, time.Now())
	if err != nil {
		return err
	}
	switch {
	case o.rules:
		return &statusError{exitConfig, errors.New("reading the rules: this version knows none: say what to mark with --delete, --fetch or --move")}
	case len(markings) == 0:
		return &usageError{"reading the command line", "nothing says which messages to mark", "give --delete, --fetch or --move with a SELECTION such as 1,3-5 or larger:5M"}
	}
	if target, err = t.configure(a, target); err != nil {
		return err
	}
	if o.forget {
		if o.dryRun {
			return &usageError{"reading the command line", "--forget forgets, and --dry-run does nothing", "leave one of them out"}
		}
		return a.forget(ctx, target, t, markings, o.json)
	}
	bin, err := o.bin.parse(&t.state)
	if err != nil {
		return err
	}
	dest, order, err := o.to.parse()
	if err != nil {
		return errors.Join(err, closeBin(bin))
	}
	delivery.Tell(dest, func(w string) { a.warn(message.MakeSafe(w)) })
	t.state.noteIn(dest)
	judges := slices.ContainsFunc(markings, func(m marking) bool { return m.selection.NeedsHeaders() })
	b, err := a.prepare(target, t, uses{journal: true, judges: judges})
	if err != nil {
		return errors.Join(err, dest.Close(), closeBin(bin))
	}
	done, err := a.turn(ctx, b, t, markings, o.dryRun)
	if err != nil {
		return errors.Join(err, b.close(), dest.Close(), closeBin(bin))
	}
	err = a.commit(ctx, b, markings, order, commit.Options{
		Destination: dest, Ledger: b.ledger, Account: b.account.Target().Key(), Bin: bin,
		Checkpoint: o.to.checkpoint, Again: o.again, Verify: o.verify, Retries: t.retries,
		Request: request(markings), Holds: true, Numbered: !slices.ContainsFunc(markings, marking.byHeader),
	}, o, !t.state.none)
	err = b.finish(ctx, errors.Join(err, dest.Close(), closeBin(bin)))
	if b.last == nil {
		done()
		return err
	}
	a.last = func(well bool) error {
		defer done()
		var err error
		if well {
			err = b.last()
		}
		if a.streams.Exits {
			return err // the system closes files sooner
		}
		return errors.Join(err, b.ledger.Close())
	}
	return err
}

// forget forgets the unfinished commits that the same marks take up, and does nothing else: given
// again by mistake it must not mean other messages.
func (a *app) forget(ctx context.Context, target string, t *targetOptions, markings []marking, asJSON bool) error {
	if t.state.none {
		return &usageError{"reading --forget", "with --no-state nothing is remembered", "leave one of them out"}
	}
	b, err := a.prepare(target, t, uses{journal: true})
	if err != nil {
		return err
	}
	forgotten := 0
	// What a commit that is under way leaves behind was not there when this was asked for.
	done, err := b.ledger.Turn(ctx, b.account.Target().Key(), time.Nanosecond, nil)
	if errors.Is(err, ledger.ErrTurn) {
		err = &statusError{exitTryLater, fmt.Errorf("forgetting: %w: wait for its end, and look whether there is anything left to forget", ledger.ErrTurn)}
	}
	if err == nil {
		forgotten, err = commit.Forget(ctx, b.ledger, b.account.Target().Key(), request(markings))
		done()
	}
	if err = errors.Join(err, b.close()); err != nil {
		return err
	}
	if asJSON {
		var o object
		o.begin()
		o.text("event", "forgotten")
		o.int("commits", int64(forgotten))
		_, err = a.out.Write(o.end())
		return errors.Join(err, a.out.Flush())
	}
	text := "forgotten: the same marks mean the mailbox as it is when they are given again\n"
	if forgotten == 0 {
		text = "no commit with these marks is unfinished\n"
	}
	_, err = a.out.Write([]byte(text))
	return errors.Join(err, a.out.Flush())
}

// turnWait is said while another popmark carries out a commit on the same mailbox.
const turnWait = "another popmark is carrying out a commit on this mailbox: waiting for its end"

// turn waits until no other popmark carries out a commit on the mailbox. Where numbers name
// messages it does not: behind that commit they would name others.
func (a *app) turn(ctx context.Context, b *opened, t *targetOptions, markings []marking, dryRun bool) (done func(), err error) {
	if dryRun {
		return func() {}, nil
	}
	patience, busy := max(t.timeout, t.wait), func() { a.warn(turnWait) }
	if pins(markings) {
		patience, busy = time.Nanosecond, nil
	}
	done, err = b.ledger.Turn(ctx, b.account.Target().Key(), patience, busy)
	switch {
	case !errors.Is(err, ledger.ErrTurn):
		return done, err
	case pins(markings):
		err = fmt.Errorf("looking at the mailbox: %w: the numbers may be those of other messages afterwards: run popmark list then, and say anew which you mean", ledger.ErrTurn)
	}
	return nil, &statusError{exitTryLater, err}
}

// commitGC is how much garbage, in percent of what lives, may pile up during a commit. Little
// is allocated there, so that the memory it saves costs next to no time.
const commitGC = 25

func (a *app) commit(ctx context.Context, b *opened, markings []marking, order triage.Order, how commit.Options, o *commitOptions, remembers bool) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(commitGC)
	}
	list, err := b.open(ctx)
	if err != nil {
		return err
	}
	// From here on the last line of --json is "done", whatever happens.
	out := &commitPrinter{app: a, json: o.json}
	plan, err := a.planOrTakeUp(ctx, b, list, markings, order, &how, o.dryRun, out)
	if err == nil && o.to.checkpoint > 0 && !b.box.Info().UIDL {
		err = &statusError{exitUnavailable, errors.New("preparing --checkpoint: the server has no UIDL, so that messages can't be told apart in the session after a QUIT: leave --checkpoint out")}
	}
	if err != nil {
		return errors.Join(err, out.done(commit.Summary{}))
	}
	plan.Checkpoint = o.to.checkpoint
	if o.dryRun {
		known, err := commit.Known(ctx, plan, how)
		if err != nil {
			return errors.Join(err, out.done(commit.Summary{}))
		}
		return out.plan(plan, known, how.Bin, len(how.Left))
	}
	a.emptyBin(ctx, how.Bin, b.ledger)
	if len(plan.Steps) == 0 && !how.TakesUp {
		err := b.box.Release(ctx)
		if err != nil {
			err = b.fault("leaving", err)
		}
		return errors.Join(err, out.done(commit.Summary{Committed: err == nil}))
	}
	run := commit.Start(ctx, b.box, plan, how)
	for e := range run.Events() {
		out.event(e)
	}
	summary, err := run.Wait()
	summary.Failed += len(how.Left)
	if err == nil {
		a.out.advise("everything was done all the same: don't run it again")
		if summary.Failed > 0 && binds(markings) {
			// The same command means these messages still, and no others.
			return errors.Join(out.done(summary), a.out.Flush())
		}
		b.last = func() error {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWait)
			defer cancel()
			return run.End(ctx)
		}
		return errors.Join(out.done(summary), a.out.Flush())
	}
	if !(remembers && b.box.Info().UIDL) && byNumber(markings) && summary.Deleted+summary.Unknown > 0 {
		a.out.advise(listFirst)
		err = advised(err, listFirst)
	}
	return errors.Join(commitError(ctx, err), out.done(summary))
}

// lastWait bounds the wait for the ledger at the very end.
const lastWait = 5 * time.Second

// errOtherNumbers ends a run before anything is done.
var errOtherNumbers = &statusError{exitTryLater, errors.New("reading headers: the line was taken up again, and the numbers may be those of other messages now: run popmark list, and say anew which you mean")}

// errNumbersBesideOpen ends a run before anything is done: what a query leaves open is no step of the journal, so that
// the command would not go on meaning its messages, and be given again since some failed.
var errNumbersBesideOpen = &statusError{exitSome, errors.New("marking messages: nothing was done, as the numbers would be those of other messages when the command is given again: give the numbers in a command of their own")}

// plan marks what is selected, in a list that stands when all is chosen, and tells of what is left open.
func (a *app) plan(ctx context.Context, b *opened, list *mailbox.List, markings []marking, order triage.Order, out *commitPrinter) (plan triage.Plan, err error) {
	var open []commit.Event
	err = inStanding(list, b.box.List, func(newest *mailbox.List) (err error) {
		if newest != list && !sameNumbered(markings, list, newest) {
			return errOtherNumbers
		}
		plan, open, err = a.planIn(ctx, b, newest, markings, order)
		return err
	})
	if err != nil {
		return triage.Plan{}, err
	}
	for _, e := range open {
		out.open++
		out.event(e)
	}
	if len(open) > 0 && binds(markings) {
		return triage.Plan{}, errNumbersBesideOpen
	}
	return plan, nil
}

// sameNumbered tells whether the selections by number select the same messages in two lists.
func sameNumbered(markings []marking, one, other *mailbox.List) bool {
	return !slices.ContainsFunc(markings, func(m marking) bool {
		if !m.selection.ByNumber() {
			return false
		}
		a, err := m.selection.In(one, nil)
		if err != nil {
			return true
		}
		b, err := m.selection.In(other, nil)
		return err != nil || !slices.EqualFunc(a, b, func(i, j int) bool { return one.Messages[i].ID == other.Messages[j].ID })
	})
}

// planIn marks what is selected, and gives as failed what it can't be told of whether it is. A message
// that two different marks claim is an error.
func (a *app) planIn(
	ctx context.Context, b *opened, list *mailbox.List, markings []marking, order triage.Order,
) (plan triage.Plan, open []commit.Event, err error) {
	claims := make([]*marking, len(list.Messages))
	var unsure []commit.Event
	at := make(map[int]int) // by number, where in the list
	selections := make([]*triage.Selection, len(markings))
	for i := range markings {
		selections[i] = markings[i].selection
	}
	choices, of, err := a.choose(ctx, b, list, selections)
	if err != nil {
		return triage.Plan{}, nil, fmt.Errorf("--%v: %w", markings[of].mark, err)
	}
	for i := range markings {
		m := &markings[i]
		for _, at := range choices[i].selected {
			if before := claims[at]; before != nil && before.mark != m.mark {
				return triage.Plan{}, nil, &usageError{
					"marking message " + fmt.Sprint(list.Messages[at].Number),
					fmt.Sprintf("--%v %q and --%v %q both claim it", before.mark, before.selection, m.mark, m.selection),
					"let one of them leave it out",
				}
			}
			claims[at] = m
		}
		for _, u := range choices[i].open {
			number := list.Messages[u.at].Number
			at[number] = u.at
			unsure = append(unsure, commit.Event{
				Kind: commit.Failed, Number: number, UID: list.Messages[u.at].UID, Action: m.mark,
				Err: u.why(fmt.Sprintf("--%v %q", m.mark, m.selection)),
			})
		}
	}
	slices.SortStableFunc(unsure, func(a, b commit.Event) int { return a.Number - b.Number })
	for _, e := range unsure {
		claim := claims[at[e.Number]]
		if claim != nil && claim.mark == e.Action {
			continue // another selection has decided it
		}
		claims[at[e.Number]] = nil // it may be that both claim it
		if n := len(open); n == 0 || open[n-1].Number != e.Number {
			open = append(open, e)
		}
	}
	return triage.NewPlan(list, func(i int) triage.Mark {
		if claims[i] == nil {
			return triage.Skip
		}
		return claims[i].mark
	}, order), open, nil
}

// commitError names the signal in the error of a run that one ended.
func commitError(ctx context.Context, err error) error {
	if stop, ok := errors.AsType[*commit.StopError](err); ok && ctx.Err() != nil {
		named := *stop
		named.Err = stoppedBy(ctx, stop.Err)
		return &named
	}
	return err
}
