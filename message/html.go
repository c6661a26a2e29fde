package message

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Bounds on what is made of an HTML body.
const (
	maxOpen    = 200  // open elements that are kept track of
	maxQuotes  = 8    // blockquotes within blockquotes that are shown as such
	maxLinks   = 500  // links that get a number
	maxLinkURL = 1000 // octets shown of a link's target
)

// htmlText turns HTML into lines as a person would read them in a browser, followed by the links' targets. The
// lines are not safe yet: character references can stand for any control character.
//
// Elements that a browser would not show are left out, unless nothing else is there.
func htmlText(src string) (text string, links []link) {
	src = strings.TrimSuffix(src, "<") // a tag that was cut
	w := htmlWalk{tokens: html.NewTokenizer(strings.NewReader(src)), dropHidden: true}
	w.run()
	if strings.TrimSpace(w.out.String()) == "" {
		w = htmlWalk{tokens: html.NewTokenizer(strings.NewReader(src))}
		w.run()
	}
	return strings.TrimRight(w.out.String(), " \n"), w.links
}

// htmlWalk is one pass over a document's tokens. It needs no tree: what is never closed, or closed twice, costs
// nothing.
type htmlWalk struct {
	tokens     *html.Tokenizer
	out        strings.Builder
	dropHidden bool

	open     []openElement
	counts   map[element]int // of open, by name
	skipping int             // open elements whose content is not shown
	pre      int
	quotes   int
	lists    []int // the next item's number, 0 for bullets

	column  int  // runes in the current line
	space   bool // a space is due before the next word
	blank   int  // line ends at the end of out
	started bool

	links  []link
	anchor anchor
	base   *url.URL // what targets are relative to; nil where nothing says
}

type openElement struct {
	tag  atom.Atom
	name string // where tag is 0
	skip bool
}

func (w *htmlWalk) run() {
	for {
		switch w.tokens.Next() {
		case html.ErrorToken:
			w.closeAnchor()
			return
		case html.TextToken:
			if w.skipping == 0 {
				w.text(w.tokens.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			w.start()
		case html.EndTagToken:
			name, _ := w.tokens.TagName()
			w.end(atom.Lookup(name), name)
		}
	}
}

// attributes are those of a start tag that matter here.
type attributes struct {
	href, alt, style, width, height string
	hidden                          bool
}

func (w *htmlWalk) attributes(more bool) (a attributes) {
	for n := 0; more && n < 64; n++ {
		var key, value []byte
		key, value, more = w.tokens.TagAttr()
		switch string(key) {
		case "href":
			a.href = string(value)
		case "alt":
			a.alt = string(value)
		case "style":
			a.style = string(value)
		case "width":
			a.width = string(value)
		case "height":
			a.height = string(value)
		case "hidden":
			a.hidden = true
		}
	}
	return a
}

func (w *htmlWalk) start() {
	name, more := w.tokens.TagName()
	tag := atom.Lookup(name)
	a := w.attributes(more)
	if tag == atom.Base && w.base == nil && a.href != "" {
		if base, err := url.Parse(strings.TrimSpace(a.href)); err == nil && base.Host != "" {
			w.base = base
		}
	}
	skip := isUnshown(tag) || w.dropHidden && (a.hidden || hidesContent(a.style))
	if !isVoid(tag) && len(w.open) < maxOpen {
		e := openElement{tag: tag, skip: skip}
		if tag == 0 {
			e.name = string(name)
		}
		w.open = append(w.open, e)
		w.count(e, 1)
		if skip {
			w.skipping++
		}
	} else if skip {
		return
	}
	if w.skipping > 0 {
		return
	}
	w.breakFor(tag)
	switch tag {
	case atom.Br:
		w.newline()
	case atom.Hr:
		w.write([]byte("----------"))
		w.newline()
	case atom.A:
		w.closeAnchor()
		if a.href != "" {
			w.anchor = anchor{href: a.href, open: true}
		}
	case atom.Img:
		if alt := strings.TrimSpace(a.alt); alt != "" && a.width != "1" && a.height != "1" {
			w.text([]byte("[" + alt + "]"))
		}
	case atom.Pre, atom.Textarea:
		w.pre++
	case atom.Blockquote:
		w.quotes++
	case atom.Ul:
		w.lists = append(w.lists, 0)
	case atom.Ol:
		w.lists = append(w.lists, 1)
	case atom.Li:
		w.item()
	case atom.Td, atom.Th:
		if w.column > 0 {
			w.space = true
			w.write([]byte(" "))
		}
	}
}

func (w *htmlWalk) end(tag atom.Atom, name []byte) {
	if !w.popElement(tag, name) || w.skipping > 0 {
		return
	}
	switch tag {
	case atom.A:
		w.closeAnchor()
	case atom.Pre, atom.Textarea:
		w.pre = max(w.pre-1, 0)
	case atom.Ul, atom.Ol:
		w.lists = w.lists[:max(len(w.lists)-1, 0)]
	}
	w.breakFor(tag)
	if tag == atom.Blockquote {
		w.quotes = max(w.quotes-1, 0)
	}
}

// popElement closes the innermost open element of that name and those within it. It returns false where none is open.
func (w *htmlWalk) popElement(tag atom.Atom, name []byte) bool {
	if w.counts[elementName(tag, name)] == 0 {
		return len(w.open) == maxOpen // too many to know
	}
	for i := len(w.open) - 1; i >= 0; i-- {
		if e := w.open[i]; e.tag != tag || tag == 0 && e.name != string(name) {
			continue
		}
		for _, e := range w.open[i:] {
			if e.skip {
				w.skipping--
			}
			w.count(e, -1)
		}
		w.open = w.open[:i]
		return true
	}
	return false
}

// element is what an end tag is told by.
type element struct {
	tag  atom.Atom
	name string // where tag is 0
}

func elementName(tag atom.Atom, name []byte) element {
	if tag != 0 {
		return element{tag: tag}
	}
	return element{name: string(name)}
}

// count keeps how many elements of a name are open, so that end tags without a start cost no search.
func (w *htmlWalk) count(e openElement, n int) {
	if w.counts == nil {
		w.counts = make(map[element]int)
	}
	w.counts[element{e.tag, e.name}] += n
}

// item begins a list's line with its number or a bullet.
func (w *htmlWalk) item() {
	mark := "• "
	if n := len(w.lists); n > 0 && w.lists[n-1] > 0 {
		mark = strconv.Itoa(w.lists[n-1]) + ". "
		w.lists[n-1]++
	}
	indent := max(min(len(w.lists), 8)-1, 0)
	w.write([]byte(strings.Repeat("  ", indent) + mark))
}

// breakFor ends the line or the paragraph, as an element's start and end do.
func (w *htmlWalk) breakFor(tag atom.Atom) {
	switch tag {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Blockquote, atom.Pre, atom.Hr, atom.Dl, atom.Figure:
		w.lineEnds(2)
	case atom.Ul, atom.Ol:
		w.lineEnds(2 - min(len(w.lists), 1))
	case atom.Div, atom.Li, atom.Tr, atom.Table, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Main, atom.Nav, atom.Aside,
		atom.Address, atom.Dt, atom.Dd, atom.Form, atom.Fieldset, atom.Caption, atom.Center, atom.Body, atom.Option, atom.Figcaption, atom.Details, atom.Summary:
		w.lineEnds(1)
	}
}

// newline ends the line whether or not something is on it, but makes no more than one empty line.
func (w *htmlWalk) newline() {
	if w.started && w.blank < 2 {
		w.out.WriteByte('\n')
		w.blank++
	}
	w.column, w.space = 0, false
}

// lineEnds sees to it that n line ends stand before what comes.
func (w *htmlWalk) lineEnds(n int) {
	for w.started && w.blank < n {
		w.out.WriteByte('\n')
		w.blank++
	}
	w.column, w.space = 0, false
}

// text writes character data, its spaces drawn together. Fillers without a width that newsletters put between
// spaces, and hints where a word may be divided, are spaces and nothing.
func (w *htmlWalk) text(b []byte) {
	if w.pre > 0 {
		for i, line := range bytes.Split(b, []byte("\n")) {
			if i > 0 {
				w.newline()
			}
			if line = bytes.TrimSuffix(line, []byte("\r")); len(line) > 0 {
				w.write(line)
			}
		}
		return
	}
	for len(b) > 0 {
		n, filler := gapLength(b)
		if n > 0 {
			w.space = w.space || !filler
			b = b[n:]
			continue
		}
		end := wordLength(b)
		w.write(b[:end])
		b = b[end:]
	}
}

// write puts a piece of text on the line.
func (w *htmlWalk) write(b []byte) {
	if w.column == 0 {
		if w.quotes > 0 {
			w.out.WriteString(strings.Repeat(">", min(w.quotes, maxQuotes)) + " ")
		}
	} else if w.space {
		w.out.WriteByte(' ')
	}
	if w.anchor.open && (w.space || w.column == 0) {
		w.anchor.text = append(w.anchor.text, ' ')
	}
	w.space = false
	w.out.Write(b)
	w.column += len(b)
	w.blank, w.started = 0, true
	if w.anchor.open && len(w.anchor.text) < maxLinkURL {
		w.anchor.text = append(w.anchor.text, b...)
	}
}

// isUnshown tells whether an element's content is never text to read.
func isUnshown(tag atom.Atom) bool {
	switch tag {
	case atom.Script, atom.Style, atom.Head, atom.Title, atom.Template, atom.Object, atom.Svg, atom.Math, atom.Iframe, atom.Noembed, atom.Noframes,
		atom.Select, atom.Audio, atom.Video, atom.Canvas, atom.Map:
		return true
	}
	return false
}

// isVoid tells whether an element has no content and no end tag, or ends without one so often that its end can't be waited for.
func isVoid(tag atom.Atom) bool {
	switch tag {
	case atom.Area, atom.Base, atom.Br, atom.Col, atom.Embed, atom.Hr, atom.Img, atom.Input, atom.Link, atom.Meta, atom.Param,
		atom.Source, atom.Track, atom.Wbr:
		return true
	}
	return false
}

// hidesContent tells whether a style attribute keeps an element from being seen.
func hidesContent(style string) bool {
	if style == "" {
		return false
	}
	s := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, style)
	for decl := range strings.SplitSeq(s, ";") {
		switch strings.TrimSuffix(decl, "!important") {
		case "display:none", "visibility:hidden", "mso-hide:all", "font-size:0", "font-size:0px", "opacity:0", "max-height:0", "max-height:0px":
			return true
		}
	}
	return false
}

// metaCharset finds the charset that an HTML document names for itself in its first octets. One that these octets
// can't be in says nothing.
func metaCharset(b []byte) string {
	b = bytes.ToLower(b[:min(len(b), 2048)])
	i := bytes.Index(b, []byte("charset="))
	if i < 0 {
		return ""
	}
	name := bytes.TrimLeft(b[i+len("charset="):], "\"' ")
	if end := bytes.IndexAny(name, "\"' />;"); end >= 0 {
		name = name[:end]
	}
	if bytes.HasPrefix(name, []byte("utf-16")) || bytes.HasPrefix(name, []byte("utf-32")) {
		return ""
	}
	return string(name[:min(len(name), 40)])
}
