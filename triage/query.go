package triage

import (
	"fmt"
	"slices"
	"time"

	"popmark/message"
)

// Query finds messages by what is known of them. It is immutable and safe for
// concurrent use.
type Query struct {
	text string
	root term
}

// String gives the query as it was written.
func (q *Query) String() string { return q.text }

// Match says whether a row certainly fits. A row whose header is not known, or
// has no such field as a date, fits neither a question about it nor that
// question's opposite: nothing is deleted for what nobody knows.
func (q *Query) Match(row Row) bool { return q.root.match(row) == yes }

// Unsure says whether what is known of a row without its header does not tell whether it fits.
func (q *Query) Unsure(row Row) bool { return row.Envelope == nil && q.root.match(row) == unknown }

// NeedsHeaders says whether the query asks for anything that LIST and UIDL do not tell.
func (q *Query) NeedsHeaders() bool { return q.root.needsHeaders() }

// QueryError is a mistake in a query or a selection, and where it is.
type QueryError struct {
	Query string
	// Pos is the octet at which the mistake begins, from 0.
	Pos     int
	Problem string
}

// Error shows the mistake's place by what was well before it.
func (e *QueryError) Error() string {
	if e.Pos >= len(e.Query) {
		return fmt.Sprintf("reading %q: at its end: %s", e.Query, e.Problem)
	}
	return fmt.Sprintf("reading %q: at character %d, %q: %s",
		e.Query, 1+len([]rune(e.Query[:e.Pos])), e.Query[e.Pos:], e.Problem)
}

// ParseQuery reads a query as cli.md has it. An empty one fits every message. The
// error is a [*QueryError]. Days and dates are counted from now, in its time zone.
func ParseQuery(text string, now time.Time) (*Query, error) {
	p := &parser{text: text, now: now}
	p.space()
	q := &Query{text: text}
	if p.end() {
		q.root = everything{}
		return q, nil
	}
	root, err := p.alternatives(0)
	if err != nil {
		return nil, err
	}
	if !p.end() {
		return nil, p.mistake(p.pos, `this ")" closes nothing: take it away, or put it in quotes`)
	}
	q.root = root
	return q, nil
}

// truth is what is known of a statement about a message.
type truth uint8

const (
	no truth = iota
	unknown
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// term is a part of a query.
type term interface {
	match(Row) truth
	needsHeaders() bool
}

type (
	everything struct{}
	not        struct{ of term }
	all        []term
	anyOf      []term
	// listTest asks what LIST, UIDL and the ledger tell.
	listTest func(Row) truth
	// headerTest asks a message's header.
	headerTest func(*message.Envelope) truth
)

func (everything) match(Row) truth    { return yes }
func (everything) needsHeaders() bool { return false }

func (t not) match(r Row) truth  { return yes - t.of.match(r) }
func (t not) needsHeaders() bool { return t.of.needsHeaders() }

func (t all) match(r Row) truth {
	least := yes
	for _, term := range t {
		least = min(least, term.match(r))
		if least == no {
			break
		}
	}
	return least
}

func (t all) needsHeaders() bool { return slices.ContainsFunc(t, term.needsHeaders) }

func (t anyOf) match(r Row) truth {
	most := no
	for _, term := range t {
		most = max(most, term.match(r))
		if most == yes {
			break
		}
	}
	return most
}

func (t anyOf) needsHeaders() bool { return slices.ContainsFunc(t, term.needsHeaders) }

func (t listTest) match(r Row) truth  { return t(r) }
func (t listTest) needsHeaders() bool { return false }

func (t headerTest) match(r Row) truth {
	if r.Envelope == nil {
		return unknown
	}
	return t(r.Envelope)
}

func (t headerTest) needsHeaders() bool { return true }
