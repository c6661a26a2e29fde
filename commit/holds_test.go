package commit

import "testing"

func TestP5_ARunThatWasKilledBeforeItToldOfItsEndIsTakenUpAsDone(t *testing.T) {
	r := newRig(t, 4)
	box := r.connect()
	must(t, box.Open(t.Context()))
	plan := planOf(box.List(), "DFM-")
	opts := Options{Destination: r.dest, Ledger: r.ledger, Account: account, Request: "--these", Holds: true}
	run := Start(t.Context(), box, plan, opts)
	summary, err := run.Wait()
	if err != nil || summary.Deleted != 2 || summary.Fetched != 2 {
		t.Fatalf("%v, %+v", err, summary)
	}
	must(t, box.Close())

	// The process is killed here, and the same is asked for again.
	box = r.connect()
	must(t, box.Open(t.Context()))
	before, found, err := FindUnfinished(t.Context(), r.ledger, account, "--these")
	if err != nil || !found {
		t.Fatalf("found %v, %v", found, err)
	}
	opts.TakesUp = true
	plan, left, _ := before.Plan(box.List(), plan.Order, nil)
	run = Start(t.Context(), box, plan, opts)
	summary, err = run.Wait()
	if err != nil || len(left) != 0 || summary.Deleted != 0 || summary.Fetched != 0 || summary.Kept != 1 || summary.Failed != 0 {
		t.Errorf("%v, %v left, %+v", err, left, summary)
	}
	must(t, run.End(t.Context()))
	must(t, box.Close())
	if _, found, err = FindUnfinished(t.Context(), r.ledger, account, "--these"); found || err != nil {
		t.Errorf("after its end it is found: %v, %v", found, err)
	}
	r.expect([]int{2, 3}, "uid-2", "uid-4")
}
