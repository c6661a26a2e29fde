package triage

import (
	"fmt"
	"slices"

	"popmark/mailbox"
)

// Order says when the DELE of a moved message goes out.
type Order uint8

// The orders.
const (
	AsReceived Order = iota // Foxmail's way: each DELE follows its own RETR
	AtEnd                   // Outlook Express's way: every DELE after the last RETR
)

// String names the order as the command line does.
func (o Order) String() string {
	if o == AtEnd {
		return "at-end"
	}
	return "as-received"
}

// ParseOrder is the inverse of [Order.String].
func ParseOrder(s string) (Order, error) {
	switch s {
	case "as-received":
		return AsReceived, nil
	case "at-end":
		return AtEnd, nil
	}
	return AsReceived, fmt.Errorf("%q is no order: write as-received or at-end", s)
}

// Step is one message of a plan and what is to be done with it; never Skip.
type Step struct {
	Mark    Mark
	Message mailbox.Message
}

// Plan is what a commit carries out: one step a message, in message order.
type Plan struct {
	Steps []Step
	Order Order
	// Checkpoint is after how many deletions a commit quits and comes back; 0 means one QUIT at the end.
	Checkpoint int
}

// NewPlan makes the plan for the messages of a list that have a mark, which mark gives by index.
func NewPlan(list *mailbox.List, mark func(int) Mark, order Order) Plan {
	p := Plan{Order: order}
	many := 0
	for i := range list.Messages {
		if mark(i) != Skip {
			many++
		}
	}
	p.Steps = make([]Step, 0, many) // as it may be a million
	for i := range list.Messages {
		if k := mark(i); k != Skip {
			p.Steps = append(p.Steps, Step{k, list.Messages[i]})
		}
	}
	return p
}

// Count gives the number of steps with a mark, and their octets.
func (p Plan) Count(mark Mark) (messages int, octets int64) {
	for _, s := range p.Steps {
		if s.Mark == mark {
			messages++
			octets += max(s.Message.Octets, 0)
		}
	}
	return messages, octets
}

// Download is the octets that the plan fetches, by LIST's sizes.
func (p Plan) Download() int64 { return p.octets(Mark.Downloads) }

// Freed is the octets that the plan takes off the server, by LIST's sizes.
func (p Plan) Freed() int64 { return p.octets(Mark.Deletes) }

func (p Plan) octets(counts func(Mark) bool) (sum int64) {
	for _, s := range p.Steps {
		if counts(s.Mark) {
			sum += max(s.Message.Octets, 0)
		}
	}
	return sum
}

// Keeps tells whether a copy is kept of a deleted message of these octets, where that is done for
// messages up to most octets; 0 is for none.
func Keeps(most, octets int64) bool { return most > 0 && octets >= 0 && octets <= most }

// WithCopies is the plan as it looks on the line where copies of deleted messages up to most
// octets are kept: these are fetched first. It says of how many a copy is kept, and of how many not.
func (p Plan) WithCopies(most int64) (seen Plan, kept, lost int) {
	seen = p
	seen.Steps = slices.Clone(p.Steps)
	for i := range seen.Steps {
		s := &seen.Steps[i]
		switch {
		case s.Mark != Delete:
		case Keeps(most, s.Message.Octets):
			s.Mark = Move
			kept++
		default:
			lost++
		}
	}
	return seen, kept, lost
}

// Command is one POP3 command of a plan: RETR or DELE of a message.
type Command struct {
	Verb string // "RETR" or "DELE"
	Step int    // index in Steps
}

// Commands lists the commands of steps in the order in which they are sent, where
// nothing is fetched already and nothing fails; QUIT is not among them.
func (o Order) Commands(steps []Step) []Command {
	commands := make([]Command, 0, 2*len(steps))
	for i, s := range steps {
		if s.Mark.Downloads() {
			commands = append(commands, Command{"RETR", i})
		}
		if s.Mark.Deletes() && o == AsReceived {
			commands = append(commands, Command{"DELE", i})
		}
	}
	if o == AtEnd {
		for i, s := range steps {
			if s.Mark.Deletes() {
				commands = append(commands, Command{"DELE", i})
			}
		}
	}
	return commands
}

// Parts cuts the steps into the sessions that the checkpoint asks for: with n
// deletions in each but the last. Without a checkpoint there is one part.
func (p Plan) Parts() [][]Step {
	if p.Checkpoint <= 0 {
		return [][]Step{p.Steps}
	}
	var parts [][]Step
	start, deletions := 0, 0
	for i, s := range p.Steps {
		if s.Mark.Deletes() {
			deletions++
		}
		if deletions == p.Checkpoint {
			parts = append(parts, p.Steps[start:i+1])
			start, deletions = i+1, 0
		}
	}
	if start < len(p.Steps) || len(parts) == 0 {
		parts = append(parts, p.Steps[start:])
	}
	return parts
}

// Dialogue is the plan as the lines that will be sent, each session's QUIT
// included. Where a checkpoint makes several sessions, the later ones have the
// numbers that a server gives once the earlier deletions have come true.
func (p Plan) Dialogue() []string {
	var lines []string
	gone := 0
	for _, part := range p.Parts() {
		deleted := 0
		for _, c := range p.Order.Commands(part) {
			lines = append(lines, fmt.Sprintf("%s %d", c.Verb, part[c.Step].Message.Number-gone))
			if c.Verb == "DELE" {
				deleted++
			}
		}
		gone += deleted
		lines = append(lines, "QUIT")
	}
	return lines
}
