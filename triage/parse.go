package triage

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxNesting bounds the parentheses of a query.
const maxNesting = 50

// parser reads a query from left to right:
//
//	alternatives = sequence { "OR" sequence }
//	sequence     = part { part }
//	part         = [ "-" ] ( "(" alternatives ")" | word )
type parser struct {
	text string
	pos  int
	now  time.Time
}

func (p *parser) end() bool { return p.pos >= len(p.text) }

func (p *parser) mistake(pos int, problem string) error {
	return &QueryError{Query: p.text, Pos: pos, Problem: problem}
}

func (p *parser) space() {
	for !p.end() {
		r, n := utf8.DecodeRuneInString(p.text[p.pos:])
		if !unicode.IsSpace(r) {
			return
		}
		p.pos += n
	}
}

// or says whether the next word is OR, and takes it.
func (p *parser) or() bool {
	rest := p.text[p.pos:]
	if !strings.HasPrefix(rest, "OR") {
		return false
	}
	if r, _ := utf8.DecodeRuneInString(rest[2:]); len(rest) > 2 && !unicode.IsSpace(r) && r != '(' {
		return false
	}
	p.pos += 2
	p.space()
	return true
}

func (p *parser) alternatives(depth int) (term, error) {
	if depth > maxNesting {
		return nil, p.mistake(p.pos, "more parentheses inside one another than popmark reads: write it flatter")
	}
	var terms anyOf
	for {
		start := p.pos
		t, err := p.sequence(depth)
		if err != nil {
			return nil, err
		}
		if t == nil {
			return nil, p.mistake(start, "something to look for is missing here, such as a word or from:name")
		}
		terms = append(terms, t)
		if !p.or() {
			break
		}
	}
	if len(terms) == 1 {
		return terms[0], nil
	}
	return terms, nil
}

// sequence gives nil where there is nothing before the end, an OR or a parenthesis.
func (p *parser) sequence(depth int) (term, error) {
	var terms all
	for !p.end() && p.text[p.pos] != ')' {
		mark := p.pos
		if p.or() {
			p.pos = mark
			break
		}
		t, err := p.part(depth)
		if err != nil {
			return nil, err
		}
		terms = append(terms, t)
		p.space()
	}
	switch len(terms) {
	case 0:
		return nil, nil
	case 1:
		return terms[0], nil
	}
	return terms, nil
}

func (p *parser) part(depth int) (term, error) {
	start := p.pos
	negative := strings.HasPrefix(p.text[p.pos:], "-")
	if negative {
		p.pos++
	}
	var t term
	var err error
	if strings.HasPrefix(p.text[p.pos:], "(") {
		t, err = p.group(depth)
	} else {
		t, err = p.word(start)
	}
	if err != nil {
		return nil, err
	}
	if negative {
		return not{t}, nil
	}
	return t, nil
}

func (p *parser) group(depth int) (term, error) {
	open := p.pos
	p.pos++
	p.space()
	t, err := p.alternatives(depth + 1)
	if err != nil {
		return nil, err
	}
	if p.end() {
		return nil, p.mistake(open, `this "(" is not closed: write ")" where it ends`)
	}
	p.pos++
	return t, nil
}

// word reads a bare word, a phrase, or a field with its value.
func (p *parser) word(start int) (term, error) {
	if p.end() || unicode.IsSpace(rune(p.text[p.pos])) || p.text[p.pos] == ')' {
		return nil, p.mistake(start, `"-" wants something to take away right behind it, such as -from:name`)
	}
	at := p.pos
	if p.text[p.pos] == '"' {
		phrase, err := p.quoted()
		if err != nil {
			return nil, err
		}
		return bareWord(phrase), nil
	}
	name := p.fieldName()
	if name == "" {
		return bareWord(p.plain()), nil
	}
	f, ok := fields[strings.ToLower(name)]
	if !ok {
		return nil, p.mistake(at, "popmark knows no "+name+": (it knows "+fieldNames+"): put it in quotes to look for these characters")
	}
	p.pos += len(name) + 1
	valueAt := p.pos
	value, err := p.value(strings.EqualFold(name, "re"))
	if err != nil {
		return nil, err
	}
	if value == "" {
		return nil, p.mistake(valueAt, name+": wants a value right behind it, such as "+f.example)
	}
	t, problem := f.parse(value, p.now)
	if problem != "" {
		return nil, p.mistake(valueAt, problem)
	}
	return t, nil
}

// fieldName gives the letters before a colon that begin a word, or "".
func (p *parser) fieldName() string {
	rest := p.text[p.pos:]
	for i := range len(rest) {
		c := rest[i]
		if c == ':' {
			return rest[:i]
		}
		if c|0x20 < 'a' || c|0x20 > 'z' {
			break
		}
	}
	return ""
}

func (p *parser) value(regex bool) (string, error) {
	switch {
	case p.end():
		return "", nil
	case p.text[p.pos] == '"':
		return p.quoted()
	case regex && p.text[p.pos] == '/':
		return p.slashed()
	}
	return p.plain(), nil
}

// plain reads up to a space or a parenthesis.
func (p *parser) plain() string {
	start := p.pos
	for !p.end() {
		r, n := utf8.DecodeRuneInString(p.text[p.pos:])
		if unicode.IsSpace(r) || r == ')' || r == '(' {
			break
		}
		p.pos += n
	}
	return p.text[start:p.pos]
}

func (p *parser) quoted() (string, error) {
	open := p.pos
	p.pos++
	var b strings.Builder
	for !p.end() {
		c := p.text[p.pos]
		p.pos++
		switch {
		case c == '"':
			if b.Len() == 0 {
				return "", p.mistake(open, "nothing stands between these quotes")
			}
			return b.String(), nil
		case c == '\\' && !p.end() && (p.text[p.pos] == '"' || p.text[p.pos] == '\\'):
			b.WriteByte(p.text[p.pos])
			p.pos++
		default:
			b.WriteByte(c)
		}
	}
	return "", p.mistake(open, `this quote is not closed: write " where it ends`)
}

// slashed reads /…/ and gives what stands between; \/ is a slash.
func (p *parser) slashed() (string, error) {
	open := p.pos
	p.pos++
	var b strings.Builder
	for !p.end() {
		c := p.text[p.pos]
		p.pos++
		switch {
		case c == '/':
			return b.String(), nil
		case c == '\\' && !p.end():
			if p.text[p.pos] != '/' {
				b.WriteByte(c)
			}
			b.WriteByte(p.text[p.pos])
			p.pos++
		default:
			b.WriteByte(c)
		}
	}
	return "", p.mistake(open, "this expression is not closed: write / where it ends")
}

func compile(expression string) (*regexp.Regexp, error) { return regexp.Compile("(?i)" + expression) }
