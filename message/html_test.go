package message

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestHTML(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     []Safe
	}{
		{"paragraphs", "<p>one</p><p>two<br>three</p>", []Safe{"one", "", "two", "three"}},
		{"spaces", "<p>  one \n\t two&nbsp;&nbsp;three </p>", []Safe{"one two three"}},
		{"words over elements", "on<b>e</b> <i>two</i>", []Safe{"one two"}},
		{"lists", "<ul><li>a<li>b</ul><ol><li>c</li><li>d</li></ol>", []Safe{"• a", "• b", "", "1. c", "2. d"}},
		{"list in a list", "<ul><li>a<ul><li>b</ul></ul>", []Safe{"• a", "  • b"}},
		{"table", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", []Safe{"a  b", "c"}},
		{"quotes", "<p>a</p><blockquote>b<blockquote>c</blockquote></blockquote>d", []Safe{"a", "", "> b", "", ">> c", "", "d"}},
		{"preformatted", "<pre>a\n  b\tc\n</pre>d", []Safe{"a", "  b     c", "", "d"}},
		{"image", "<img src=x alt='A cat'> <img alt=spy width=1 height=1>", []Safe{"[A cat]"}},
		{"no programs or styles", "<style>p{}</style><script>alert('<p>')</script><title>t</title><p>text", []Safe{"text"}},
		{"no head", "<head><title>t</title><style>x</style></head><body>text</body>", []Safe{"text"}},
		{"comments", "a<!-- b --><!--[if mso]>c<![endif]-->d", []Safe{"ad"}},
		{"hidden", "<div style='display: none'>preheader</div><span hidden>x</span><p style=\"DISPLAY:NONE !important\">y</p>text", []Safe{"text"}},
		{"all hidden", "<div style='display:none'>only this", []Safe{"only this"}},
		{"fillers", "<p>text&zwnj;&nbsp;&zwnj;&nbsp;&#847; &shy; &#8203;</p><p>more", []Safe{"text", "", "more"}},
		{"soft hyphens", "Donau&shy;dampf&#8203;schiff", []Safe{"Donaudampfschiff"}},
		{"hidden joiner in a word", "pay&zwj;pal", []Safe{"pay\uFFFDpal"}},
		{"character references to control characters", "a&#27;[31m&#x202e;b&#155;c&#0;d", []Safe{"a␛[31m\uFFFDb›c\uFFFDd"}},
		{"line end by reference", "a&#10;b&#8232;c", []Safe{"a b␤c"}},
		{"never closed", "<p><b><i>one<div>two", []Safe{"one", "two"}},
		{"closed twice", "one</b></div></p></p>two</td>", []Safe{"onetwo"}},
		{"cut in a tag", "one <a href=\"http://x", []Safe{"one"}},
		{"cut in a reference", "one &am", []Safe{"one &am"}},
		{"text alone", "no markup at all", []Safe{"no markup at all"}},
		{"nothing", "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := (bodyText{text: tt.in, html: true}).lines(); !slices.Equal(got, tt.want) {
				t.Errorf("lines(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestHTMLLinksShowWhereTheyGo(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     []Safe
	}{
		{"link", `<a href="https://example.org/x">here</a>.`, []Safe{"here [1].", "", "[1] https://example.org/x"}},
		{"same target, same number", `<a href="https://a.b">x</a> <a href="https://a.b">y</a> <a href="https://c.d">z</a>`, []Safe{"x [1] y [1] z [2]", "", "[1] https://a.b", "[2] https://c.d"}},
		{"its own text", `<a href="https://example.org/x">https://example.org/x</a>`, []Safe{"https://example.org/x"}},
		{"mail address", `<a href="mailto:a@b.c">a@b.c</a>`, []Safe{"a@b.c"}},
		{"text names another site", `<a href="https://evil.test/login">https://www.bank.example/login</a>`, []Safe{"https://www.bank.example/login [1 goes to evil.test!]", "", "[1] https://evil.test/login (its text says www.bank.example)"}},
		{"text names a domain", `<a href="https://evil.test/">bank.com</a>`, []Safe{"bank.com [1 goes to evil.test!]", "", "[1] https://evil.test/ (its text says bank.com)"}},
		{"text names the same organisation", `<a href="https://click.bank.example.com/?x">www.bank.example.com</a>`, []Safe{"www.bank.example.com [1]", "", "[1] https://click.bank.example.com/?x"}},
		{"text names a domain among words", `<a href="https://evil.test/">Please <b>log</b> in at bank.example.com.</a>`, []Safe{"Please log in at bank.example.com. [1 goes to evil.test!]", "", "[1] https://evil.test/ (its text says bank.example.com)"}},
		{"a product is no site", `<a href="https://example.org/v">Node.js and ASP.NET</a>`, []Safe{"Node.js and ASP.NET [1]", "", "[1] https://example.org/v"}},
		{"a file is no site", `<a href="https://example.org/v">version 1.25</a>`, []Safe{"version 1.25 [1]", "", "[1] https://example.org/v"}},
		{"user name that looks like a site", `<a href="https://www.bank.example@evil.test/">log in</a>`, []Safe{"log in [1]", "", "[1] https://www.bank.example@evil.test/ (goes to evil.test)"}},
		{"backslashes", `<a href="https:\\evil.test\x">www.bank.example.com</a>`, []Safe{"www.bank.example.com [1 goes to evil.test!]", "", `[1] https:\\evil.test\x (its text says www.bank.example.com)`}},
		{"deceiving letters", `<a href="https://xn--80ak6aa92e.com/">log in</a>`, []Safe{"log in [1]", "", "[1] https://xn--80ak6aa92e.com/ (аррӏе.com (xn--80ak6aa92e.com))"}},
		{"program", `<a href="javascript:alert(1)">x</a>`, []Safe{"x [1]", "", "[1] javascript: (8 octets)"}},
		{"data", `<a href="DATA:text/html,abc">x</a>`, []Safe{"x [1]", "", "[1] data: (13 octets)"}},
		{"within the message", `<a href="#top">top</a> <a name=x>y</a>`, []Safe{"top y"}},
		{"image", `<a href="https://a.b"><img src=x alt=Buy></a>`, []Safe{"[Buy] [1]", "", "[1] https://a.b"}},
		{"nothing to read", `<a href="https://a.b"><img src=x></a>`, []Safe{"[1]", "", "[1] https://a.b"}},
		{"never closed", `<a href="https://a.b">x <a href="https://c.d">y`, []Safe{"x [1] y [2]", "", "[1] https://a.b", "[2] https://c.d"}},
		{"control characters in the target", "<a href=\"ht\ntps://a.b/\x1b[m&#x202e;\">x</a>", []Safe{"x [1]", "", "[1] https://a.b/␛[m\uFFFD"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := (bodyText{text: tt.in, html: true}).lines(); !slices.Equal(got, tt.want) {
				t.Errorf("lines(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestHTMLWarnsOfLinksBeyondTheNumbers(t *testing.T) {
	var in strings.Builder
	for i := range maxLinks {
		in.WriteString("<a href=https://example.org/" + itoa(i) + ">x</a><br>")
	}
	in.WriteString("<a href=https://evil.test/>bank.com</a> <a href=https://evil.test/>y</a>")
	lines := bodyText{text: in.String(), html: true}.lines()
	if !slices.Contains(lines, "bank.com [goes to evil.test!] y") {
		t.Errorf("no warning in %q", lines[maxLinks])
	}
	if n := len(lines); n != 2*maxLinks+2 {
		t.Errorf("%d lines for %d links and as many targets", n, maxLinks)
	}
}

func TestP8_HTMLTakesBoundedTime(t *testing.T) {
	for name, in := range map[string]string{
		"open":    strings.Repeat("<div>", 200_000),
		"unknown": strings.Repeat("<x><y>", 100_000) + strings.Repeat("</z>", 100_000),
		"closing": strings.Repeat("</div>", 200_000),
		"links":   strings.Repeat("<a href=https://a.b/c>x", 50_000),
		"quotes":  strings.Repeat("<blockquote>a", 50_000),
		"lists":   strings.Repeat("<ul><li>a", 50_000),
		"anchor":  "<a href=x>" + strings.Repeat("word ", 200_000),
		"fillers": strings.Repeat("&zwnj;&nbsp;", 100_000),
		"joiners": strings.Repeat("\u200c", 200_000),
		"attrs":   "<p " + strings.Repeat("a=b ", 200_000) + ">x",
		"lt":      strings.Repeat("<", 500_000),
		"comment": strings.Repeat("<!--", 200_000),
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			lines := bodyText{text: in, html: true}.lines()
			if took := time.Since(began); took > time.Minute {
				t.Errorf("%d lines took %v", len(lines), took)
			}
		})
	}
}

func FuzzHTML(f *testing.F) {
	for _, s := range []string{
		"<p>a<b>b</p>", "<a href=http://a@b>c</a>", "<ul><li>x<ol><li>y", "<pre>\n\ta", "<style>x", "&#27;&#x202e;&zwj;", "<div style='display:none'>x", "<blockquote>a", "<td>a<td>b",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		for _, line := range (bodyText{text: strings.ToValidUTF8(in, ""), html: true}).lines() {
			checkSafe(t, in, line)
		}
	})
}
