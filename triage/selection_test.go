package triage

import (
	"errors"
	"slices"
	"testing"

	"popmark/mailbox"
)

func selected(t *testing.T, list *mailbox.List, text string) ([]int, error) {
	t.Helper()
	s, err := ParseSelection(text, now)
	if err != nil {
		return nil, err
	}
	at, err := s.In(list, func(i int) Row { return Row{Message: &list.Messages[i]} })
	numbers := []int{}
	for _, i := range at {
		numbers = append(numbers, list.Messages[i].Number)
	}
	return numbers, err
}

func TestSelection(t *testing.T) {
	list := listOf(9)
	for text, want := range map[string][]int{
		"1": {1}, "1,3-5,9-": {1, 3, 4, 5, 9}, "9,1,1": {1, 9}, "3-3": {3}, "1-": {1, 2, 3, 4, 5, 6, 7, 8, 9},
		"5-7,2-6,6": {2, 3, 4, 5, 6, 7}, "8-,1-2,9": {1, 2, 8, 9}, "7,7-7,7-": {7, 8, 9},
		"12-": {}, " 2 , 4 ": {2, 4}, "larger:7000": {8, 9}, "smaller:1": {},
	} {
		if got, err := selected(t, list, text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q selects %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestP1_SelectionMistakesSelectNothing(t *testing.T) {
	list := listOf(9)
	for _, text := range []string{"", "  ", "5-3", "0", "-5", "1,,2", "1-2-3", "1,", ",", "--", "99999999999999999999", "0-3", "fro:x"} {
		got, err := selected(t, list, text)
		if _, ok := errors.AsType[*QueryError](err); !ok || len(got) > 0 {
			t.Errorf("%q selects %v with error %v, want a QueryError", text, got, err)
		}
	}
	for _, text := range []string{"10", "8-10", "10-12", "1,10"} {
		got, err := selected(t, list, text)
		if e, ok := errors.AsType[*MissingError](err); !ok || len(got) > 0 || e.Number < 10 {
			t.Errorf("%q selects %v with error %v, want a MissingError", text, got, err)
		}
	}
}

func TestSelectionBearsGaps(t *testing.T) {
	list := mailbox.NewList([]mailbox.Message{{ID: "a", Number: 2}, {ID: "b", Number: 5}, {ID: "c", Number: 40}})
	for text, want := range map[string][]int{"2-40": {2, 5, 40}, "3-": {5, 40}, "5": {5}} {
		if got, err := selected(t, list, text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q selects %v, %v; want %v", text, got, err, want)
		}
	}
	if _, err := selected(t, list, "3"); err == nil {
		t.Error("a number in a gap is selected")
	}
}

func TestCanonicalIsTheSameForTheSameMarks(t *testing.T) {
	for want, texts := range map[string][][]string{
		`"1-20"`:             {{"1-20"}, {"1-10", "11-20"}, {"11-20", "1-10"}, {"1-19,20"}, {"20,1-19"}, {" 1-20 ", "3"}, {"1-15,5-20"}},
		`"1,3-5,9-"`:         {{"1,3-5,9-"}, {"9-,12", "3,4,5", "1"}},
		`"7"`:                {{"7"}, {"7,7"}, {"7-7"}},
		`"1-" "larger:5M"`:   {{"1-", "larger:5M", " larger:5M"}, {"larger:5M", "1-,8"}},
		`"a b" "from:\"x\""`: {{`from:"x"`, "a b"}},
	} {
		for _, all := range texts {
			selections := make([]*Selection, len(all))
			for i, text := range all {
				var err error
				if selections[i], err = ParseSelection(text, now); err != nil {
					t.Fatalf("%q: %v", text, err)
				}
			}
			if got := Canonical(selections); got != want {
				t.Errorf("Canonical(%q) = %s, want %s", all, got, want)
			}
		}
	}
}
