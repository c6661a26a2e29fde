package message

import (
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// anchor is an <a> element that is being read.
type anchor struct {
	href string
	text []byte // what stands in it so far
	open bool
}

// link is a numbered link of an HTML body, not safe yet.
type link struct {
	target string // where it really goes
	claims string // the host that its text names, where that is another organisation's
}

// closeAnchor writes the number of the link that ends here. A link whose text is its target needs none.
func (w *htmlWalk) closeAnchor() {
	a := w.anchor
	w.anchor = anchor{}
	target := strings.TrimSpace(strings.Map(func(r rune) rune { // browsers leave these out too
		if r == '\t' || r == '\n' || r == '\r' {
			return -1
		}
		return r
	}, a.href))
	if !a.open || target == "" || strings.HasPrefix(target, "#") {
		return
	}
	text := strings.TrimSpace(string(a.text))
	if text == target || strings.EqualFold("mailto:"+text, target) || strings.EqualFold("tel:"+text, target) {
		return
	}
	if w.base != nil {
		if ref, err := w.base.Parse(target); err == nil {
			target = ref.String()
		}
	}
	l := link{target: target}
	host := linkHost(target)
	if named := hostInText(text); named != "" && host != "" && organisation(Safe("@"+named)) != organisation(Safe("@"+host)) {
		l.claims = named
	}
	var notes []string
	if n := w.number(l); n > 0 {
		notes = append(notes, itoa(n))
	}
	if l.claims != "" {
		notes = append(notes, "goes to "+host+"!")
	}
	if len(notes) == 0 {
		return
	}
	due := w.space
	w.space = true
	w.write([]byte("[" + strings.Join(notes, " ") + "]"))
	w.space = due
}

// number returns a link's number, the same for the same target, or 0 where there are too many.
func (w *htmlWalk) number(l link) int {
	// Newsletters repeat a target nearby; looking far back would cost the square of their number.
	for i := len(w.links) - 1; i >= max(0, len(w.links)-16); i-- {
		if w.links[i] == l {
			return i + 1
		}
	}
	if len(w.links) == maxLinks {
		return 0
	}
	w.links = append(w.links, l)
	return len(w.links)
}

// line returns the link as it stands below the text. Only web and mail targets are spelled out: others hold
// programs or data.
func (l link) line() string {
	target := l.target
	scheme, rest, ok := strings.Cut(target, ":")
	switch scheme = strings.ToLower(scheme); {
	case !ok, scheme == "http", scheme == "https", scheme == "mailto", scheme == "tel", scheme == "ftp", scheme == "sms":
	default:
		target = scheme + ": (" + itoa(len(rest)) + " octets)"
	}
	if len(target) > maxLinkURL {
		target = strings.ToValidUTF8(target[:maxLinkURL], "") + "…"
	}
	if u, err := url.Parse(l.target); err == nil && u.User != nil && u.Host != "" {
		target += " (goes to " + hostName(u.Hostname()) + ")"
	} else if h := linkHost(l.target); h != "" && strings.Contains(h, "(") {
		target += " (" + h + ")"
	}
	if l.claims != "" {
		target += " (its text says " + l.claims + ")"
	}
	return target
}

// linkHost returns the host that a web or mail link goes to, or "". It reads a target as browsers do, which want no
// slashes behind "http:", take backslashes for them and decode a host.
func linkHost(target string) string {
	target = strings.ReplaceAll(target, `\`, "/")
	scheme, rest, ok := cutFirst(target, ':')
	switch {
	case ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "ftp")):
	case ok && strings.EqualFold(scheme, "mailto"):
		address, _, _ := cutFirst(rest, '?')
		_, domain, _ := strings.Cut(percentDecode(address), "@")
		domain, _, _ = cutFirst(domain, ',')
		return hostName(domain)
	case strings.HasPrefix(target, "//"):
		rest = target
	default:
		return ""
	}
	rest = strings.TrimLeft(rest, "/")
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	_, host := cutLast(rest, '@')
	if !strings.HasPrefix(host, "[") { // an IPv6 address has colons of its own
		host, _, _ = cutFirst(host, ':')
	}
	return hostName(percentDecode(host))
}

// hostName returns a host as [Address.Shown] would show it.
func hostName(host string) string {
	return strings.TrimPrefix(string(Address{Address: MakeSafe("@" + strings.ToLower(host))}.Shown()), "@")
}

// maxNameWords is how many words of a link's text are looked at for a host.
const maxNameWords = 50

// hostInText returns the first host that a link's text names: a URL's, or a word that is a domain name under a
// public suffix and in small letters, unlike "Node.js" and "ASP.NET". A word that is all of the text may have capitals
// before its last label, or anywhere behind "www.".
func hostInText(text string) string {
	words := strings.Fields(strings.Map(narrow, text))
	for _, word := range words[:min(len(words), maxNameWords)] {
		if host := hostInWord(strings.Trim(word, ".,;:!?()[]<>\"'"), len(words) == 1); host != "" {
			return host
		}
	}
	return ""
}

// narrow brings full-width letters and the full stops of East Asia to those of ASCII, as a browser's address line does.
func narrow(r rune) rune {
	switch {
	case r == '。', r == '｡':
		return '.'
	case r == '﹫':
		return '@'
	case r > 0xff00 && r < 0xff5f:
		return r - 0xfee0
	}
	return r
}

func hostInWord(word string, alone bool) string {
	if strings.IndexByte(word, '.') < 0 {
		return ""
	}
	_, rest, isURL := strings.Cut(word, "://")
	if isURL {
		word = rest
	}
	if end := strings.IndexAny(word, "/?#:"); end >= 0 {
		word = word[:end]
	}
	if i := strings.LastIndexByte(word, '@'); i >= 0 {
		word = word[i+1:]
	}
	host := strings.ToLower(word)
	if host != word && alone {
		_, last := cutLast(word, '.')
		isURL = isURL || strings.HasPrefix(host, "www.")
		alone = isURL || last == strings.ToLower(last)
	}
	if !isURL && host != word && !alone || len(host) > 253 || strings.Trim(host, ".-") != host || strings.ContainsAny(host, "…_[]()!\"'*$%&=+,") {
		return ""
	}
	// A suffix with a dot is one of the list's private ones; one that is not in the list is a bare label.
	if suffix, official := publicsuffix.PublicSuffix(host); !isURL && !official && !strings.Contains(suffix, ".") || suffix == host {
		return ""
	}
	return host
}
