package commit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"popmark/ledger"
	"popmark/mailbox"
	"popmark/triage"
)

func TestP3_TakingUpARunTouchesOnlyWhatItsJournalNamesForCertain(t *testing.T) {
	l, err := ledger.OpenMemory()
	must(t, err)
	defer func() { must(t, l.Close()) }()
	step := func(seq int, uid string, certain bool, state ledger.StepState) ledger.Step {
		return ledger.Step{Seq: seq, Number: 10 + seq, UID: uid, Certain: certain, Octets: 5, Mark: byte(triage.Delete), State: state}
	}
	_, err = l.BeginRun(t.Context(), ledger.Run{
		Account: account, Started: time.Unix(9, 0), Request: "--delete 10-16",
		Steps: []ledger.Step{
			step(0, "planned", true, ledger.StepPlanned), step(1, "asked", true, ledger.StepAsked),
			step(2, "deleted", true, ledger.StepDeleted), step(3, "shared then", false, ledger.StepPlanned),
			step(4, "shared now", true, ledger.StepPlanned), step(5, "resized", true, ledger.StepPlanned),
			step(6, "gone", true, ledger.StepAsked),
		},
	})
	must(t, err)
	for _, request := range []string{"", "--delete 10-15"} {
		if _, found, err := FindUnfinished(t.Context(), l, account, request); found || err != nil {
			t.Errorf("%q is taken for the same request, %v", request, err)
		}
	}
	before, found, err := FindUnfinished(t.Context(), l, account, "--delete 10-16")
	if err != nil || !found || !before.Started.Equal(time.Unix(9, 0)) {
		t.Fatalf("it is not found: %+v, %v", before, err)
	}
	var messages []mailbox.Message
	for i, uid := range []string{"new", "planned", "deleted", "asked", "shared then", "shared now", "resized"} {
		messages = append(messages, mailbox.Message{
			ID: mailbox.ID(uid), Number: i + 1, UID: uid, Octets: 5, Certain: uid != "shared now",
		})
	}
	messages[6].Octets = 6
	plan, left := before.Plan(mailbox.NewList(messages), triage.AtEnd)
	before.Renumber(&plan)
	var got []string
	for _, s := range plan.Steps {
		got = append(got, fmt.Sprint(s.Mark, " ", s.Message.UID, " ", s.Message.Number))
	}
	if want := "delete planned 10, delete asked 11"; strings.Join(got, ", ") != want || !slices.Equal(left, []int{13, 14, 15}) || plan.Order != triage.AtEnd {
		t.Errorf("the plan is %q, %v are left alone", got, left)
	}
}

func TestStopIsToldInPlainWords(t *testing.T) {
	err := &StopError{Err: fmt.Errorf("waiting for the answer to DELE 3: %w", context.Canceled), Copied: 1}
	if got, want := err.Error(), "carrying out the marks: stopped: nothing is deleted that was not said to be; 1 message fetched and kept; run the same again to go on"; got != want {
		t.Errorf("it says %q", got)
	}
	err.Next = "look first"
	if !strings.HasSuffix(err.Error(), "; look first") {
		t.Errorf("it says %q", err)
	}
}
