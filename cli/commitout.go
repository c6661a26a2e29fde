package cli

import (
	"fmt"

	"popmark/commit"
	"popmark/mailbox"
	"popmark/message"
	"popmark/triage"
)

// commitPrinter tells what a commit does, as JSON Lines or for people.
type commitPrinter struct {
	app  *app
	json bool
	open int // messages of which it can't be told whether they are marked, which were told of as failed
	o    object
}

// event prints one event. That it can't be printed does not stop a commit: the error
// stays in the output and is told at the end.
func (p *commitPrinter) event(e commit.Event) {
	a := p.app
	switch e.Kind {
	case commit.Warning:
		a.warn(e.Text)
	case commit.Reconnecting:
		what := "the line broke"
		switch mailbox.ClassOf(e.Err) {
		case mailbox.TryLater:
			what = "the mailbox is not to be had yet"
		case mailbox.Protocol:
			what = "the session was left"
		}
		a.warn(message.MakeSafe(fmt.Sprintf("%s: %v: taking it up again, try %d", what, e.Err, e.Attempt)))
	case commit.Failed:
		if p.json {
			p.begin(e)
			p.o.text("action", message.Safe(e.Action.String()))
			p.o.text("error", message.MakeSafe(line(e.Err)))
			p.write(p.o.end())
		}
		a.failed(fmt.Errorf("%s message %d: %w", participle(e.Action), e.Number, e.Err))
	case commit.Fetched, commit.Kept:
		if p.json {
			p.begin(e)
			p.o.int("octets", e.Octets)
			p.o.exact("path", e.Path)
			p.write(p.o.end())
			return
		}
		verb := "fetched"
		if e.Kind == commit.Kept {
			verb = "already fetched"
		}
		where := ""
		if e.Path != "" {
			where = " → " + string(message.MakeSafe(e.Path))
		}
		p.write(fmt.Appendf(nil, "message %d: %s, %s%s\n", e.Number, verb, size(e.Octets), where))
	case commit.Deleted:
		if p.json {
			p.begin(e)
			p.write(p.o.end())
			return
		}
		p.write(fmt.Appendf(nil, "message %d: to be deleted\n", e.Number))
	case commit.Committed:
		if p.json {
			p.o.begin()
			p.o.text("event", "committed")
			p.o.int("deleted", int64(e.Deleted))
			p.write(p.o.end())
			return
		}
		p.write(fmt.Appendf(nil, "committed: %d deleted\n", e.Deleted))
	}
}

func (p *commitPrinter) begin(e commit.Event) {
	p.o.begin()
	p.o.text("event", message.Safe(e.Kind.String()))
	p.o.int("number", int64(e.Number))
	p.o.uid(e.UID)
}

func participle(m triage.Mark) string {
	switch m {
	case triage.Delete:
		return "deleting"
	case triage.Move:
		return "moving"
	default:
		return "fetching"
	}
}

// done prints the last line.
func (p *commitPrinter) done(s commit.Summary) error {
	s.Failed += p.open
	if p.json {
		p.o.begin()
		p.o.text("event", "done")
		p.o.int("fetched", int64(s.Fetched))
		p.o.int("deleted", int64(s.Deleted))
		p.o.int("failed", int64(s.Failed))
		p.o.bool("committed", s.Committed)
		p.write(p.o.end())
	} else {
		text := fmt.Sprintf("%d fetched, %d deleted, %d failed", s.Fetched, s.Deleted, s.Failed)
		if s.Kept > 0 {
			text += fmt.Sprintf(", %d already fetched", s.Kept)
		}
		if s.Unknown > 0 {
			text += fmt.Sprintf(", %d of which it is not known whether they are deleted", s.Unknown)
		}
		p.write([]byte(text + "\n"))
	}
	return nil
}

// plan prints what a commit would send, in order, its octets, and what could not be had back.
// What is known is not fetched. failed is how many messages were told of as such.
func (p *commitPrinter) plan(plan triage.Plan, known []bool, bin *commit.Bin, failed int) error {
	var most int64
	if bin != nil {
		most = bin.MaxOctets
	}
	plan, kept, lost := plan.WithCopies(most)
	plan = withoutKnown(plan, known)
	commands := plan.Dialogue()
	if len(plan.Steps) == 0 {
		commands = []string{"QUIT"}
	}
	if p.json {
		list := make([]message.Safe, len(commands))
		for i, c := range commands {
			list[i] = message.Safe(c)
		}
		p.o.begin()
		p.o.text("event", "plan")
		p.o.list("commands", list)
		p.o.int("download", plan.Download())
		p.o.int("free", plan.Freed())
		p.o.int("kept", int64(kept))
		p.o.int("no_way_back", int64(lost))
		p.write(p.o.end())
		return p.done(commit.Summary{Failed: failed})
	}
	for _, c := range commands {
		p.write([]byte(c + "\n"))
	}
	p.write(fmt.Appendf(nil, "downloads %d octets, frees %d octets on the server\n", plan.Download(), plan.Freed()))
	if kept > 0 {
		p.write(fmt.Appendf(nil, "keeps a copy of %s\n", deletedMessages(kept)))
	}
	if lost > 0 {
		p.write(fmt.Appendf(nil, "no way back for %s\n", deletedMessages(lost)))
	}
	return nil
}

// withoutKnown leaves out of a plan the RETRs of the messages whose copies are there.
func withoutKnown(plan triage.Plan, known []bool) triage.Plan {
	var steps []triage.Step
	for i, step := range plan.Steps {
		switch {
		case !known[i]:
		case !step.Mark.Deletes():
			continue
		default:
			step.Mark = triage.Delete
		}
		steps = append(steps, step)
	}
	plan.Steps = steps
	return plan
}

func deletedMessages(n int) string {
	if n == 1 {
		return "1 deleted message"
	}
	return fmt.Sprintf("%d deleted messages", n)
}

// write leaves an error to the end of the run, where it is told.
func (p *commitPrinter) write(b []byte) { _, _ = p.app.out.Write(b) }
