package triage

import (
	"errors"
	"strings"
	"testing"
	"time"

	"popmark/mailbox"
	"popmark/message"
)

var now = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)

// letter is a row that most queries below are tried on.
func letter() Row {
	return Row{
		Message: &mailbox.Message{Number: 1, UID: "Ab(1)", Octets: 5 << 20, New: true},
		Envelope: &message.Envelope{
			From:    message.Address{Name: "Анна Petrova", Address: "anna@shop.example"},
			To:      []message.Address{{Name: "Me", Address: "me@home.example"}},
			Cc:      []message.Address{{Address: "boss@home.example"}},
			Subject: "Re: Invoice 2044 for (you) 发票", ListID: "go-nuts.example.org",
			Date: now.AddDate(0, 0, -10), HasDate: true, HasAttachment: true,
			Judgement: message.Judgement{DMARC: message.Fail, SPF: message.Pass, Spam: message.SpamYes, HasScore: true, SpamScore: 7.5, Bulk: true},
		},
	}
}

func TestQuery(t *testing.T) {
	for query, want := range map[string]bool{
		"": true, "   ": true,
		"invoice": true, "INVOICE": true, "petrova": true, "АННА": true, "анна": true, "shop.example": true, "发票": true,
		"home.example": false, // a bare word does not look in To
		"from:anna":    true, "from:invoice": false, "FROM:Анна": true,
		"to:boss": true, "to:me@": true, "to:anna": false,
		"subject:invoice": true, `subject:"invoice 2044"`: true, `subject:"2044 invoice"`: false,
		`"for (you)"`: true, `"say \"hi\""`: false,
		"larger:5M": false, "larger:4.9M": true, "smaller:5M": false, "smaller:6m": true, "larger:5242879": true, "larger:1k": true, "smaller:1G": true,
		"older:9d": true, "older:11d": false, "newer:11d": true, "newer:2026-06-05": true, "newer:2026-06-06": false, "older:2026-06-06": true,
		"older:1w": true, "older:1m": false, "newer:1y": true, "older:200h": true,
		"uid:Ab(1)": false, `uid:"Ab(1)"`: true, `uid:"ab(1)"`: false,
		"is:new": true, "is:bulk": true, "is:list": true, "is:spam": true, "list:go-nuts": true, "has:attachment": true,
		"re:/invoice [0-9]+/": true, "re:/^invoice/": false, "re:invoice": true, `re:/a\/b/`: false,
		"dmarc:fail": true, "dmarc:pass": false, "spf:pass": true, "dkim:fail": false, "-dkim:fail": false,
		"spam:>5": true, "spam:>=7.5": true, "spam:<5": false, "spam:yes": true, "spam:no": false,
		"-invoice": false, "-receipt": true, "-(receipt OR bill)": true, "-(receipt OR invoice)": false,
		"invoice from:anna": true, "invoice from:bob": false, "receipt OR from:anna": true,
		"receipt OR bill OR 2044":                    true,
		"(receipt OR invoice) (from:anna larger:1M)": true,
		"(receipt OR invoice) from:bob":              false,
		"or":                                         true, // "for" has it: only OR in capitals is the word between alternatives
		"ORDER":                                      false,
		"invoice OR(receipt)":                        true,
	} {
		q, err := ParseQuery(query, now)
		if err != nil {
			t.Errorf("%q: %v", query, err)
			continue
		}
		if got := q.Match(letter()); got != want {
			t.Errorf("%q matches: %v, want %v", query, got, want)
		}
	}
}

// TestForgeablePassIsNotMatched: a pass that the sender may have written is no pass, and no failure either.
func TestForgeablePassIsNotMatched(t *testing.T) {
	row := letter()
	row.Envelope.Judgement.AuthDoubtful = true
	for query, want := range map[string]bool{
		"dmarc:fail": true, "dmarc:pass": false, "-dmarc:fail": false,
		"spf:pass": false, "-spf:pass": false, "spf:fail": false, "-spf:fail": false,
	} {
		q, err := ParseQuery(query, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := q.Match(row); got != want {
			t.Errorf("%q matches: %v, want %v", query, got, want)
		}
	}
}

func TestQueryErrorsShowWhere(t *testing.T) {
	for query, want := range map[string]struct {
		pos  int
		word string
	}{
		"fro:anna":           {0, "fro:"},
		"invoice lager:5M":   {8, "lager:"},
		"from:":              {5, "from:name"},
		"larger:huge":        {7, "size"},
		"larger:5MM":         {7, "size"},
		"older:soon":         {6, "time"},
		`subject:"open`:      {8, "closed"},
		"(a OR b":            {0, "closed"},
		"a)":                 {1, ")"},
		"OR a":               {0, "missing"},
		"a OR":               {4, "missing"},
		"()":                 {1, "missing"},
		"-":                  {0, "-"},
		"a - b":              {2, "-"},
		"re:/[/":             {3, "regular expression"},
		"re:/open":           {3, "closed"},
		"is:old":             {3, "is:new"},
		"dmarc:maybe":        {6, "pass"},
		"spam:>x":            {5, "spam:"},
		`""`:                 {0, "quotes"},
		"http://example.com": {0, "quotes"},
		strings.Repeat("(", 100) + "a" + strings.Repeat(")", 100): {51, "flatter"},
	} {
		_, err := ParseQuery(query, now)
		e, ok := errors.AsType[*QueryError](err)
		if !ok {
			t.Errorf("%q: error %v, want a QueryError", query, err)
			continue
		}
		if e.Pos != want.pos || !strings.Contains(e.Problem, want.word) {
			t.Errorf("%q: at %d: %s; want at %d something of %q", query, e.Pos, e.Problem, want.pos, want.word)
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: the error has more than one line: %v", query, err)
		}
	}
}

func TestP1_WhatIsNotKnownIsNotMatched(t *testing.T) {
	row := Row{Message: &mailbox.Message{Octets: 10}}
	undated := Row{Message: &mailbox.Message{Octets: 10}, Envelope: &message.Envelope{}}
	for _, query := range []string{"from:anna", "-from:anna", "anna OR bob", "-(anna OR bob)", "older:1d", "-older:1d", "larger:1M -anna"} {
		q, err := ParseQuery(query, now)
		if err != nil {
			t.Fatal(err)
		}
		if q.Match(row) {
			t.Errorf("%q matches a message whose header is not known", query)
		}
	}
	for _, query := range []string{"older:1d", "-older:1d", "newer:1d", "-dmarc:pass", "-spam:>5"} {
		q, _ := ParseQuery(query, now)
		if q.Match(undated) {
			t.Errorf("%q matches a message that does not say", query)
		}
	}
	unsized := Row{Message: &mailbox.Message{Octets: -1}, Envelope: letter().Envelope}
	for _, query := range []string{"smaller:1k", "-larger:1k", "larger:0"} {
		q, _ := ParseQuery(query, now)
		if q.Match(unsized) {
			t.Errorf("%q matches a message whose size is not known", query)
		}
	}
	for _, query := range []string{"smaller:1k", "smaller:1k OR anna", "-larger:1k"} {
		q, _ := ParseQuery(query, now)
		if !q.Match(row) {
			t.Errorf("%q does not match by the size alone", query)
		}
	}
}

func TestQueryIsUnsureOnlyWhereTheHeaderDecides(t *testing.T) {
	row := Row{Message: &mailbox.Message{Number: 1, UID: "uid-1", Octets: 500}}
	for query, want := range map[string]bool{
		"subject:tea":                  true,
		"-subject:tea":                 true,
		"older:30d":                    true,
		"larger:1k":                    false,
		"larger:1k subject:tea":        false,
		"smaller:1k OR subject:tea":    false,
		"larger:1k OR subject:tea":     true,
		"smaller:1k -subject:tea":      true,
		"-(larger:1k OR subject:tea)":  true,
		"-(smaller:1k OR subject:tea)": false,
		"uid:uid-2 subject:tea":        false,
	} {
		q, err := ParseQuery(query, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		known := row
		known.Envelope = new(message.Envelope) // without a date
		if got := q.Unsure(row); got != want || q.Unsure(known) {
			t.Errorf("%q is unsure: %v, and %v with a header", query, got, q.Unsure(known))
		}
	}
}

func TestQueryNeedsHeaders(t *testing.T) {
	for query, want := range map[string]bool{
		"": false, "larger:5M": false, "smaller:1k -uid:x is:new": false,
		"anna": true, "larger:5M (uid:x OR -is:bulk)": true, "older:3d": true,
	} {
		q, err := ParseQuery(query, now)
		if err != nil || q.NeedsHeaders() != want {
			t.Errorf("%q needs headers: %v (%v), want %v", query, q.NeedsHeaders(), err, want)
		}
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, s := range []string{"", `from:"a b" -(x OR re:/y\/z/) larger:5M`, "((", "-", "spam:>=5", "older:2026-01-31", "\xff:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, err := ParseQuery(s, now)
		if err != nil {
			if e, ok := errors.AsType[*QueryError](err); !ok || e.Pos < 0 || e.Pos > len(s) {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		q.Match(letter())
	})
}
