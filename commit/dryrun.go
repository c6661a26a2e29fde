package commit

import (
	"context"

	"popmark/triage"
)

// Known tells of each step of a plan whether its copy is there already, so that a commit
// with these options would not fetch it. Nothing is changed, on the server or here.
func Known(ctx context.Context, plan triage.Plan, opts Options) ([]bool, error) {
	runs, err := opts.Ledger.Runs(ctx, opts.Account)
	if err != nil {
		return nil, err
	}
	e := &engine{log: opts.Ledger, plan: plan, opts: opts}
	e.steps = newSteps(plan, &e.opts)
	if _, err := e.findCopies(ctx, e.steps, runs); err != nil {
		return nil, err
	}
	known := make([]bool, len(e.steps))
	for i, st := range e.steps {
		known[i] = st.copied
	}
	return known, nil
}
