package triage

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"popmark/mailbox"
)

// Selection names messages by number or by query.
type Selection struct {
	text   string
	ranges []numberRange
	query  *Query // nil for numbers
}

// numberRange is first to last, both included; last is 0 for an open range.
type numberRange struct{ first, last int }

// MissingError says that a selection names a message that the mailbox does not have.
type MissingError struct {
	Selection string
	Number    int
	Messages  int
}

// Error says what there is instead.
func (e *MissingError) Error() string {
	return fmt.Sprintf("reading %q: there is no message %d: look at the numbers with \"popmark list\" (the mailbox has %d messages)",
		e.Selection, e.Number, e.Messages)
}

// ParseSelection reads message numbers and ranges (1,3-5,9-), or a query. What is
// made of digits, commas and hyphens alone is numbers. An empty selection is an
// error: it is more likely a slip than a wish for every message. The error is a
// [*QueryError].
func ParseSelection(text string, now time.Time) (*Selection, error) {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" {
		return nil, &QueryError{Query: text, Pos: 0, Problem: `nothing is selected: write numbers such as 1,3-5, or a query; "1-" is every message`}
	}
	if strings.Trim(trimmed, "0123456789,- \t") != "" {
		q, err := ParseQuery(text, now)
		if err != nil {
			return nil, err
		}
		return &Selection{text: text, query: q}, nil
	}
	s := &Selection{text: text}
	pos := 0
	for part := range strings.SplitSeq(text, ",") {
		r, problem := parseRange(strings.TrimSpace(part))
		if problem != "" {
			return nil, &QueryError{Query: text, Pos: pos, Problem: problem}
		}
		s.ranges = append(s.ranges, r)
		pos += len(part) + 1
	}
	return s, nil
}

func parseRange(s string) (numberRange, string) {
	first, last, isRange := strings.Cut(s, "-")
	a, err := strconv.Atoi(first)
	if err != nil || a < 1 || first[0] == '+' {
		return numberRange{}, "a message number from 1 up is missing here: write one such as 7, or a range such as 3-5 or 9-"
	}
	if !isRange {
		return numberRange{a, a}, ""
	}
	if last == "" {
		return numberRange{a, 0}, ""
	}
	b, err := strconv.Atoi(last)
	if err != nil || b < 1 {
		return numberRange{}, "a range ends with a message number: write it such as 3-5 or 9-"
	}
	if b < a {
		return numberRange{}, fmt.Sprintf("this range runs backwards: write %d-%d", b, a)
	}
	return numberRange{a, b}, ""
}

// String gives the selection as it was written.
func (s *Selection) String() string { return s.text }

// Canonical gives the selections of one mark in one text, which is the same for all that select
// the same by the same means: numbers as the fewest ranges, each query once.
func Canonical(selections []*Selection) string {
	var ranges []numberRange
	var queries []string
	for _, s := range selections {
		if s.query != nil {
			queries = append(queries, strings.TrimSpace(s.text))
		}
		ranges = append(ranges, s.ranges...)
	}
	slices.SortFunc(ranges, func(a, b numberRange) int { return a.first - b.first })
	var parts []string
	for i := 0; i < len(ranges); {
		first, last := ranges[i].first, ranges[i].end()
		for i++; i < len(ranges) && ranges[i].first-1 <= last; i++ {
			last = max(last, ranges[i].end())
		}
		switch last {
		case first:
			parts = append(parts, strconv.Itoa(first))
		case math.MaxInt:
			parts = append(parts, fmt.Sprintf("%d-", first))
		default:
			parts = append(parts, fmt.Sprintf("%d-%d", first, last))
		}
	}
	slices.Sort(queries)
	words := slices.Compact(queries)
	if len(parts) > 0 {
		words = append([]string{strings.Join(parts, ",")}, words...)
	}
	for i, w := range words {
		words[i] = strconv.Quote(w)
	}
	return strings.Join(words, " ")
}

// end is the last number of a range, open or not.
func (r numberRange) end() int {
	if r.last == 0 {
		return math.MaxInt
	}
	return r.last
}

// ByNumber says whether the selection is by numbers.
func (s *Selection) ByNumber() bool { return s.query == nil }

// Pins says whether the selection names single messages by their numbers, which other messages
// have once something is deleted.
func (s *Selection) Pins() bool {
	return slices.ContainsFunc(s.ranges, func(r numberRange) bool { return r.last != 0 })
}

// NeedsHeaders says whether LIST and UIDL are not enough to find the messages.
func (s *Selection) NeedsHeaders() bool { return s.query != nil && s.query.NeedsHeaders() }

// Unsure is [Query.Unsure]; numbers leave nothing open.
func (s *Selection) Unsure(row Row) bool { return s.query != nil && s.query.Unsure(row) }

// Matches says whether a query selects a message; numbers match none, as they are those of a list.
func (s *Selection) Matches(row Row) bool { return s.query != nil && s.query.Match(row) }

// In gives the indexes in the list of the selected messages, each once, in message
// order. The row function gives what is known of a message; it is asked for
// queries only. A number that the list does not have is a [*MissingError]; gaps
// inside a range are none.
func (s *Selection) In(list *mailbox.List, row func(index int) Row) ([]int, error) {
	if s.query != nil {
		var found []int
		for i := range list.Messages {
			if s.query.Match(row(i)) {
				found = append(found, i)
			}
		}
		return found, nil
	}
	for _, r := range s.ranges {
		for _, end := range []int{r.first, r.last} {
			if _, ok := list.Number(end); !ok && r.last != 0 {
				return nil, &MissingError{Selection: s.text, Number: end, Messages: len(list.Messages)}
			}
		}
	}
	ranges := slices.SortedFunc(slices.Values(s.ranges), func(a, b numberRange) int { return a.first - b.first })
	var found []int
	reach := 0
	for i := range list.Messages {
		number := list.Messages[i].Number
		for len(ranges) > 0 && ranges[0].first <= number {
			if reach = max(reach, ranges[0].last); ranges[0].last == 0 {
				reach = math.MaxInt
			}
			ranges = ranges[1:]
		}
		if number <= reach {
			found = append(found, i)
		}
	}
	return found, nil
}
