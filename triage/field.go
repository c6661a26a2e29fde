package triage

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"popmark/message"
)

// field is a name before a colon in a query.
type field struct {
	example string
	// parse gives the test for a value, or what is wrong with it and what to write instead.
	parse func(value string, now time.Time) (term, string)
}

const fieldNames = "from:, to:, subject:, larger:, smaller:, older:, newer:, uid:, is:, list:, has:, re:, spf:, dkim:, dmarc:, spam:"

var fields = map[string]field{
	"from":    {example: "from:name", parse: words(fromText)},
	"to":      {example: "to:name", parse: words(toText)},
	"subject": {example: "subject:word", parse: words(func(e *message.Envelope, hit func(string) bool) bool { return hit(string(e.Subject)) })},
	"list":    {example: "list:golang", parse: words(func(e *message.Envelope, hit func(string) bool) bool { return hit(string(e.ListID)) })},
	"larger":  {example: "larger:5M", parse: octets(func(have, want int64) bool { return have > want })},
	"smaller": {example: "smaller:10k", parse: octets(func(have, want int64) bool { return have < want })},
	"older":   {example: "older:30d", parse: dated(func(have, want time.Time) bool { return have.Before(want) })},
	"newer":   {example: "newer:2026-01-31", parse: dated(func(have, want time.Time) bool { return !have.Before(want) })},
	"uid":     {example: "uid:00000012abcdef", parse: uid},
	"is":      {example: "is:new", parse: is},
	"has":     {example: "has:attachment", parse: has},
	"re":      {example: "re:/invoice [0-9]+/", parse: expression},
	"spf":     {example: "spf:fail", parse: verdict("spf", func(j message.Judgement) message.Verdict { return j.SPF })},
	"dkim":    {example: "dkim:fail", parse: verdict("dkim", func(j message.Judgement) message.Verdict { return j.DKIM })},
	"dmarc":   {example: "dmarc:fail", parse: verdict("dmarc", func(j message.Judgement) message.Verdict { return j.DMARC })},
	"spam":    {example: "spam:>5", parse: spam},
}

// texts goes through the texts of an envelope until one hits.
type texts func(e *message.Envelope, hit func(string) bool) bool

func fromText(e *message.Envelope, hit func(string) bool) bool {
	return hit(string(e.From.Name)) || hit(string(e.From.Address))
}

func toText(e *message.Envelope, hit func(string) bool) bool {
	for _, list := range [][]message.Address{e.To, e.Cc} {
		for _, a := range list {
			if hit(string(a.Name)) || hit(string(a.Address)) {
				return true
			}
		}
	}
	return false
}

func words(in texts) func(string, time.Time) (term, string) {
	return func(value string, _ time.Time) (term, string) {
		needle := newFolded(value)
		return headerTest(func(e *message.Envelope) truth { return truthOf(in(e, needle.in)) }), ""
	}
}

// bareWord looks in From and Subject.
func bareWord(word string) term {
	needle := newFolded(word)
	return headerTest(func(e *message.Envelope) truth {
		return truthOf(needle.in(string(e.Subject)) || fromText(e, needle.in))
	})
}

func octets(compare func(have, want int64) bool) func(string, time.Time) (term, string) {
	return func(value string, _ time.Time) (term, string) {
		want, ok := ParseOctets(value)
		if !ok {
			return nil, "this is no size: write one such as 5M, 10k or 2048 (powers of 1024)"
		}
		return listTest(func(r Row) truth {
			if r.Message.Octets < 0 {
				return unknown
			}
			return truthOf(compare(r.Message.Octets, want))
		}), ""
	}
}

// ParseOctets reads a size such as 2048, 10k, 1.5M or 2G, in powers of 1024.
func ParseOctets(s string) (int64, bool) {
	t := strings.ToLower(s)
	t = strings.TrimSuffix(t, "b")
	t = strings.TrimSuffix(t, "i")
	scale := 1.0
	if n := len(t); n > 0 {
		if i := strings.IndexByte("kmgt", t[n-1]); i >= 0 {
			scale = math.Pow(1024, float64(i+1))
			t = t[:n-1]
		} else if len(t) != len(s) && len(s)-len(t) > 1 {
			return 0, false
		}
	}
	if strings.Trim(t, "0123456789.") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(t, 64)
	if err != nil || f*scale >= math.MaxInt64 {
		return 0, false
	}
	return int64(f * scale), true
}

func dated(compare func(have, want time.Time) bool) func(string, time.Time) (term, string) {
	return func(value string, now time.Time) (term, string) {
		want, ok := parseMoment(value, now)
		if !ok {
			return nil, "this is no time: write a date such as 2026-01-31, or an age such as 12h, 30d, 2w, 6m or 1y"
		}
		return headerTest(func(e *message.Envelope) truth {
			if !e.HasDate {
				return unknown
			}
			return truthOf(compare(e.Date, want))
		}), ""
	}
}

func parseMoment(value string, now time.Time) (time.Time, bool) {
	if t, err := time.ParseInLocation(time.DateOnly, value, now.Location()); err == nil {
		return t, true
	}
	if len(value) < 2 {
		return time.Time{}, false
	}
	n, err := strconv.Atoi(value[:len(value)-1])
	if err != nil || n < 0 || n > 100_000 {
		return time.Time{}, false
	}
	switch value[len(value)-1] | 0x20 {
	case 'h':
		return now.Add(-time.Duration(n) * time.Hour), true
	case 'd':
		return now.AddDate(0, 0, -n), true
	case 'w':
		return now.AddDate(0, 0, -7*n), true
	case 'm':
		return now.AddDate(0, -n, 0), true
	case 'y':
		return now.AddDate(-n, 0, 0), true
	}
	return time.Time{}, false
}

func is(value string, _ time.Time) (term, string) {
	switch strings.ToLower(value) {
	case "new":
		return listTest(func(r Row) truth { return truthOf(r.Message.New) }), ""
	case "bulk":
		return headerTest(func(e *message.Envelope) truth { return truthOf(e.Judgement.Bulk) }), ""
	case "list":
		return headerTest(func(e *message.Envelope) truth { return truthOf(e.Judgement.List || e.ListID != "") }), ""
	case "spam":
		return headerTest(func(e *message.Envelope) truth { return truthOf(e.Judgement.Spam == message.SpamYes) }), ""
	}
	return nil, "popmark knows is:new, is:bulk, is:list and is:spam"
}

func has(value string, _ time.Time) (term, string) {
	if !strings.EqualFold(value, "attachment") {
		return nil, "popmark knows has:attachment"
	}
	return headerTest(func(e *message.Envelope) truth { return truthOf(e.HasAttachment) }), ""
}

func expression(value string, _ time.Time) (term, string) {
	re, err := compile(value)
	if err != nil {
		return nil, fmt.Sprintf("this is no regular expression (%v): write it as Go's regexp has it, between slashes", err)
	}
	return headerTest(func(e *message.Envelope) truth { return truthOf(re.MatchString(string(e.Subject))) }), ""
}

func verdict(method string, of func(message.Judgement) message.Verdict) func(string, time.Time) (term, string) {
	return func(value string, _ time.Time) (term, string) {
		want, ok := verdicts[strings.ToLower(value)]
		if !ok {
			return nil, fmt.Sprintf("this is no result of %s: write pass, fail, softfail, neutral, none, policy, temperror or permerror", method)
		}
		return headerTest(func(e *message.Envelope) truth {
			have := of(e.Judgement)
			if have == message.NoVerdict || have == message.Pass && e.Judgement.AuthDoubtful {
				return unknown
			}
			return truthOf(have == want)
		}), ""
	}
}

var verdicts = map[string]message.Verdict{
	"pass": message.Pass, "fail": message.Fail, "softfail": message.SoftFail, "neutral": message.Neutral,
	"none": message.None, "policy": message.Policy, "temperror": message.TempError, "permerror": message.PermError,
}

// spam reads yes, no, or a score behind a sign of comparison.
func spam(value string, _ time.Time) (term, string) {
	switch strings.ToLower(value) {
	case "yes", "no":
		want := message.SpamNo
		if strings.EqualFold(value, "yes") {
			want = message.SpamYes
		}
		return headerTest(func(e *message.Envelope) truth {
			if e.Judgement.Spam == message.SpamUnknown {
				return unknown
			}
			return truthOf(e.Judgement.Spam == want)
		}), ""
	}
	sign := strings.TrimRight(value, "0123456789.+-")
	score, err := strconv.ParseFloat(value[len(sign):], 32)
	compare, ok := comparisons[sign]
	if err != nil || !ok {
		return nil, "write spam:yes, spam:no, or a score behind >, >=, <, <= or =, such as spam:>5"
	}
	return headerTest(func(e *message.Envelope) truth {
		if !e.Judgement.HasScore {
			return unknown
		}
		return truthOf(compare(e.Judgement.SpamScore, float32(score)))
	}), ""
}

var comparisons = map[string]func(a, b float32) bool{
	">":  func(a, b float32) bool { return a > b },
	">=": func(a, b float32) bool { return a >= b },
	"<":  func(a, b float32) bool { return a < b },
	"<=": func(a, b float32) bool { return a <= b },
	"=":  func(a, b float32) bool { return a == b },
}
