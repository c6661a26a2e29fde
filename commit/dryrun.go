package commit

import (
	"context"
	"slices"

	"popmark/triage"
)

// knownAtOnce is how many steps Known looks at together: a step is larger than what is told of it.
const knownAtOnce = 10_000

// Known tells of each step of a plan whether its copy is there already, so that a commit
// with these options would not fetch it. Nothing is changed, on the server or here.
func Known(ctx context.Context, plan triage.Plan, opts Options) ([]bool, error) {
	runs, err := opts.Ledger.Runs(ctx, opts.Account)
	if err != nil {
		return nil, err
	}
	known := make([]bool, 0, len(plan.Steps))
	for steps := range slices.Chunk(plan.Steps, knownAtOnce) {
		part := plan
		part.Steps = steps
		e := &engine{log: opts.Ledger, plan: part, opts: opts}
		e.steps = newSteps(part, &e.opts)
		if _, err := e.findCopies(ctx, e.steps, runs); err != nil {
			return nil, err
		}
		for _, st := range e.steps {
			known = append(known, st.copied)
		}
	}
	return known, nil
}
